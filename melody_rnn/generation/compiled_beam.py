"""Beam search by TensorFlow: both searches as compiled loops."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.arrays.tensors import batch_axes
from melody_rnn.encodings import Encoding
from melody_rnn.generation.beam import BeamSearch, Choose
from melody_rnn.generation.loop import STEPS_PER_COMPILATION, Arrays, compiled_states_after
from melody_rnn.generation.rules import LoopState, Rules
from melody_rnn.network.network import MelodyNetwork


class CompiledBeamSearch(BeamSearch):
    """Searches for continuations with an encoding and a network."""

    steps_per_compilation = STEPS_PER_COMPILATION

    def __init__(self, encoding: Encoding, network: MelodyNetwork) -> None:
        """Makes the search."""
        super().__init__(encoding.config, encoding.num_classes)
        self._encoding = encoding
        self._network = network
        self._batch_axes = batch_axes(lambda size: (encoding.initial_state(size), network.initial_state(size)))
        self._best = tf.function(super()._search_best, autograph=False)
        self._stochastic = tf.function(super()._search_stochastic, autograph=False)
        self._forward = compiled_states_after(encoding, network)

    def _search_best(self, *given: Any) -> tuple[tf.Tensor, ...]:
        result: tuple[tf.Tensor, ...] = self._best(*given)
        return result

    def _search_stochastic(self, *given: Any) -> tuple[tf.Tensor, ...]:
        result: tuple[tf.Tensor, ...] = self._stochastic(*given)
        return result

    def compiled(self, search: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """See `BeamSearch`."""
        function: Callable[..., tuple[Any, ...]] = tf.function(search, jit_compile=True, autograph=False)
        return function

    def _states(
        self, primers: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]
    ) -> tuple[Any, Any]:
        if primers.shape[1] > 1:
            return self._forward(primers[:, :-1], steps_per_bar, cues)
        batch_size = len(primers)
        return self._encoding.initial_state(batch_size, steps_per_bar), self._network.initial_state(batch_size)

    def run(
        self,
        choose: Choose,
        rules: Rules,
        state: LoopState,
        cues: tf.Tensor,
        scores: tf.Tensor,
        new_steps: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        """See `BeamSearch`."""
        encoding, network, num_rows = self._encoding, self._network, state.event.shape[0]

        def body(
            step: tf.Tensor, state: LoopState, inputs: Any, scores: tf.Tensor, written: Arrays, check: tf.Tensor
        ) -> tuple[Any, ...]:
            logits, rnn_state = network.step(inputs, state.rnn_state)
            check += 0.0 * logits
            parent, event, scores = choose(step, state, logits, encoding.label_events(state.encoding_state), scores)
            encoding_state, rnn_state = _gather((state.encoding_state, rnn_state), self._batch_axes, parent)
            next_cues = cues[:, tf.minimum(step + 1, cues.shape[1] - 1)]
            inputs, encoding_state = encoding.step(event, encoding_state, next_cues)
            state = rules.advance(step, state.of_rows(parent), event)
            state = state._replace(encoding_state=encoding_state, rnn_state=rnn_state)
            written = tuple(array.write(step, row) for array, row in zip(written, (event, parent), strict=True))
            return step + 1, state, inputs, scores, written, check

        # As in the sampling loop, inputs go from one round to the next.
        inputs, encoding_state = encoding.step(state.event, state.encoding_state, cues[:, 0])
        state = state._replace(encoding_state=encoding_state)
        arrays = tuple(tf.TensorArray(tf.int32, cues.shape[1], element_shape=[num_rows]) for _ in range(2))
        first = (tf.constant(0), state, inputs, scores, arrays, tf.zeros([num_rows, encoding.num_classes]))
        _, _, _, scores, written, check = tf.while_loop(lambda step, *_: step < new_steps, body, first)
        return (*(array.stack() for array in written), scores, tf.reduce_all(check == 0))


def _gather(state: Any, batch_axes: Any, rows: tf.Tensor) -> Any:
    """Returns a state with `rows` [batch] int32 of its batch."""
    return tf.nest.map_structure(
        lambda tensor, axis: tensor if axis < 0 else tf.gather(tensor, rows, axis=axis), state, batch_axes
    )
