"""The one compiled loop that samples melodies: logits, mask, repetition, temperature, truncation, draw, event, next.

Melodies are sampled in tiles of a fixed number of rows, the last one padded. So one compilation serves any number of
melodies, several tiles run on several cores, and melody k of a run is the same to the last bit however many are
asked for: matrix products of 2 to 32 rows sum in the same order, a single row or more rows than that do not.

XLA compiles the loop on every device: without it the loop spends its time on starting some hundred small operations
a step, and was slower at every batch size from 1 to 256. `is_compiled=False` is there to compare the two.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.errors import GenerationError
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.rules import Fixed, LoopState, Rules, Sampled, state_after
from melody_rnn.network.network import MelodyNetwork, RNNState
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.sampler import Controls, fill_with_noise, gumbel

CPU_TILES = (2, 8, 32)
GPU_TILE = 512
STEPS_PER_COMPILATION = 128
"""Loops are compiled for multiples of this many steps, so that asking for a few more compiles nothing."""


Arrays = tuple[tf.TensorArray, ...]


class SamplingLoop:
    """Samples continuations from an encoding and a network."""

    def __init__(self, encoding: Encoding, network: MelodyNetwork, is_compiled: bool = True) -> None:
        """Makes the loop.

        Args:
            encoding: How events become inputs, and labels events.
            network: What gives logits.
            is_compiled: Whether XLA compiles it.
        """
        self._encoding = encoding
        self._network = network
        self._run = tf.function(self._sample, jit_compile=is_compiled, autograph=False)
        self._forward = compiled_states_after(encoding, network)

    def __call__(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None = None,
        guide: Guide | None = None,
    ) -> NDArray[np.int32]:
        """Samples one continuation for each row of `start.events`.

        Args:
            start: The primers.
            new_steps: Number of events to sample, at least 1.
            controls: The sampler's settings, one value a melody.
            seed: Of the run.
            on_done: Called with the number of melodies each time that some are done, from any thread.
            guide: The constraints, for `new_steps` steps.

        Returns:
            [num_melodies, new_steps] int32 events, without the primers.

        Raises:
            GenerationError: If the network gives logits that are not finite.
        """
        (events,) = self._sample_tiles(False, start, new_steps, controls, seed, on_done, guide)
        return events

    def traced(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None = None,
        guide: Guide | None = None,
    ) -> Sampled:
        """Does what calling the loop does, and says how each event was chosen."""
        return Sampled(*self._sample_tiles(True, start, new_steps, controls, seed, on_done, guide))

    def _sample_tiles(
        self,
        is_traced: bool,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None,
        guide: Guide | None,
    ) -> list[NDArray[Any]]:
        """Returns the fields of `Sampled`, only the events unless traced."""
        num_melodies = len(start.events)
        tile = _tile_size(num_melodies)
        # A compiled function locks the variables that it reads, so tiles on several threads take their values.
        weights = [tf.convert_to_tensor(variable) for variable in self._network.trainable_variables]
        limits = tf.constant(new_steps), tf.constant(start.ends_note)
        num_given = start.events.shape[1]

        def one_tile(first: int) -> list[NDArray[Any]]:
            rows = np.minimum(np.arange(first, first + tile), num_melodies - 1)
            primers, bars, cues = start.events[rows], start.steps_per_bar[rows], start.cues[rows]
            states: tuple[Any, Any] = (None, None)
            if num_given > 1:
                states = self._forward(primers[:, :-1], bars, cues[:, :num_given])
            noise = self._noise(start.numbers[rows], new_steps, seed)
            max_steps = noise.shape[1]
            state = state_after(primers, bars, controls, max_steps if start.fixed else None, states)
            parts = (controls, guide, start.fixed)
            given = [part and part.of_rows(rows, max_steps) for part in parts]
            new_cues = np.pad(cues[:, num_given:], [(0, 0), (0, max_steps - new_steps), (0, 0)])
            written, is_finite = self._run(weights, state, *given, noise, bars, new_cues, *limits, is_traced)
            if not is_finite.numpy():
                raise GenerationError("the model gave logits that are not finite; its weights are damaged")
            if on_done:
                on_done(min(tile, num_melodies - first))
            return [part.numpy()[:new_steps, : num_melodies - first].swapaxes(0, 1) for part in written]

        starts = range(0, num_melodies, tile)
        if len(starts) == 1:
            return one_tile(0)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return [np.concatenate(parts) for parts in zip(*pool.map(one_tile, starts), strict=True)]

    def _noise(self, numbers: NDArray[np.int64], new_steps: int, seed: int) -> NDArray[np.float32]:
        """Returns the noise of some melodies of a run, [batch, max_steps, num_classes] float32."""
        max_steps = -(-new_steps // STEPS_PER_COMPILATION) * STEPS_PER_COMPILATION
        noise = np.empty((len(numbers), max_steps, self._encoding.num_classes), np.float32)
        for number, melody_noise in zip(numbers.tolist(), noise, strict=True):
            fill_with_noise(melody_noise, seed, number)
        return noise

    def _sample(
        self,
        weights: Sequence[tf.Tensor],
        state: LoopState,
        controls: Controls,
        guide: Guide | None,
        fixed: Fixed | None,
        noise: tf.Tensor,
        steps_per_bar: tf.Tensor,
        cues: tf.Tensor,
        new_steps: tf.Tensor,
        ends_note: tf.Tensor,
        is_traced: bool,
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """Returns what each step gave, the first `new_steps` of [max_steps, batch, ...] set, and if all was finite.

        A step gives its event; if it is traced, the label that was drawn too, and the logits that it was drawn from.
        Without states in `state` its event is the melodies' first.
        """
        encoding, network = self._encoding, self._network
        rules = Rules(controls, guide, fixed, ends_note, encoding.config.min_note)
        values = list(zip(network.trainable_variables, weights, strict=True))

        def body(step: tf.Tensor, state: LoopState, inputs: Any, written: Arrays, check: tf.Tensor) -> tuple[Any, ...]:
            with keras.StatelessScope(state_mapping=values):
                logits, rnn_state = network.step(inputs, state.rnn_state)
            # Zero as long as every logit was finite; reduced once, after the loop.
            check += 0.0 * logits
            meanings = encoding.label_events(state.encoding_state)
            choice = rules.choose(step, state, logits, meanings, perturbations[:, step])
            state = rules.advance(step, state, choice.event)
            next_cues = cues[:, tf.minimum(step + 1, max_steps - 1)]
            inputs, encoding_state = encoding.step(choice.event, state.encoding_state, next_cues)
            state = state._replace(encoding_state=encoding_state, rnn_state=rnn_state, steering=choice.steering)
            given = zip(written, choice[: len(written)], strict=True)
            return step + 1, state, inputs, tuple(array.write(step, part) for array, part in given), check

        batch_size, max_steps, num_classes = noise.shape
        perturbations = gumbel(noise)
        if state.rnn_state is None:
            encoding_state = encoding.initial_state(batch_size, steps_per_bar)
            state = state._replace(encoding_state=encoding_state, rnn_state=network.initial_state(batch_size))
        # Inputs go from one round to the next: made in the round that takes them, XLA would work them out anew for each
        # number that the first layer makes of them.
        inputs, encoding_state = encoding.step(state.event, state.encoding_state, cues[:, 0])
        state = state._replace(encoding_state=encoding_state)
        if guide:
            state = state._replace(place=guide.state)
        outputs = ((tf.int32, [batch_size]), (tf.int32, [batch_size]), (tf.float32, [batch_size, num_classes]))
        arrays = tuple(tf.TensorArray(dtype, max_steps, element_shape=shape) for dtype, shape in outputs)
        first = (tf.constant(0), state, inputs, arrays if is_traced else arrays[:1], tf.zeros_like(noise[:, 0]))
        *_, written, check = tf.while_loop(lambda step, *_: step < new_steps, body, first)
        return tuple(array.stack() for array in written), tf.reduce_all(check == 0)


def compiled_states_after(encoding: Encoding, network: MelodyNetwork) -> Callable[..., tuple[Any, RNNState]]:
    """Returns a function of events [batch, steps], bars [batch] and cues that gives both states after the events."""

    def states_after(events: tf.Tensor, steps_per_bar: tf.Tensor, cues: tf.Tensor) -> tuple[Any, RNNState]:
        encoded = encoding.encode(events, steps_per_bar, cues)
        _, rnn_state = network.forward(encoded.inputs, network.initial_state(tf.shape(events)[0]))
        return encoded.state, rnn_state

    shapes = ([None, None], [None], [None, None, encoding.num_cues])
    signature = [tf.TensorSpec(shape, tf.int32) for shape in shapes]
    compiled: Callable[..., tuple[Any, RNNState]] = tf.function(
        states_after, input_signature=signature, autograph=False
    )
    return compiled


def _tile_size(num_melodies: int) -> int:
    if tf.config.get_visible_devices("GPU"):
        return GPU_TILE
    return next((tile for tile in CPU_TILES if num_melodies <= 2 * tile), CPU_TILES[-1])
