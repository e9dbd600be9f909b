"""The one compiled loop that samples melodies: logits, mask, temperature, truncation, draw, event, next logits.

Melodies are sampled in tiles of a fixed number of rows, the last one padded. So one compilation serves any number of
melodies, several tiles run on several cores, and melody k of a run is the same to the last bit however many are
asked for: matrix products of 2 to 32 rows sum in the same order, a single row or more rows than that do not.

XLA compiles the loop on every device: without it the loop spends its time on starting some hundred small operations
a step, and was slower at every batch size from 1 to 256. `is_compiled=False` is there to compare the two.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.errors import GenerationError
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT
from melody_rnn.network.network import MelodyNetwork, RNNState
from melody_rnn.sampling.sampler import Controls, draw, gumbel_noise, transform

SMALL_TILE = 8
LARGE_TILE = 32
GPU_TILE = 512
STEPS_PER_COMPILATION = 128
"""Loops are compiled for multiples of this many steps, so that asking for a few more compiles nothing."""


class LoopState(NamedTuple):
    """Where a batch of melodies stands between two steps.

    Attributes:
        logits: [batch, num_classes] float32 of the next event's label.
        encoding_state: The encoding's state.
        rnn_state: The network's state.
    """

    logits: tf.Tensor
    encoding_state: Any
    rnn_state: RNNState


@dataclass(frozen=True)
class Start:
    """What the melodies of a run start from.

    Attributes:
        events: [num_melodies, primer_steps] int32, at least one step.
        ends_note: Whether the first new event must be a note on or a note off.
        steps_per_bar: Steps in a bar of every melody.
    """

    events: NDArray[np.int32]
    ends_note: bool = False
    steps_per_bar: int = DEFAULT_STEPS_PER_BAR


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
        self._noise = tf.function(gumbel_noise, autograph=False)
        primers = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.int32)]
        self.prime = tf.function(self._prime, input_signature=primers, autograph=False)

    def __call__(
        self, start: Start, new_steps: int, controls: Controls, seed: int, first_index: int = 0
    ) -> NDArray[np.int32]:
        """Samples one continuation for each row of `start.events`.

        Args:
            start: The primers.
            new_steps: Number of events to sample, at least 1.
            controls: The sampler's settings, one value a melody.
            seed: Of the run.
            first_index: Index in the run of the first melody.

        Returns:
            [num_melodies, new_steps] int32 events, without the primers.

        Raises:
            GenerationError: If the network gives logits that are not finite.
        """
        num_melodies = len(start.events)
        tile = _tile_size(num_melodies)
        starts = range(0, num_melodies, tile)

        def one_tile(first: int) -> NDArray[np.int32]:
            rows = np.minimum(np.arange(first, first + tile), num_melodies - 1)
            tile_controls = Controls(*(None if c is None else tf.gather(c, rows) for c in controls))
            indices = tf.constant(first_index + first + np.arange(tile), tf.int64)
            events = self._sample_tile(start, rows, new_steps, tile_controls, seed, indices)
            return events[: num_melodies - first]

        if len(starts) == 1:
            return one_tile(0)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return np.concatenate(list(pool.map(one_tile, starts)))

    def _sample_tile(
        self,
        start: Start,
        rows: NDArray[np.int64],
        new_steps: int,
        controls: Controls,
        seed: int,
        indices: tf.Tensor,
    ) -> NDArray[np.int32]:
        max_steps = -(-new_steps // STEPS_PER_COMPILATION) * STEPS_PER_COMPILATION
        noise = self._noise(tf.constant(seed, tf.int64), indices, max_steps, self._encoding.num_classes)
        state = self.prime(tf.constant(start.events[rows]), tf.constant(start.steps_per_bar))
        events, is_finite = self._run(
            state, controls, noise, tf.constant(new_steps), tf.constant(start.ends_note)
        )
        if not is_finite.numpy().all():
            raise GenerationError("the model gave logits that are not finite; its weights are damaged")
        sampled: NDArray[np.int32] = events.numpy()[:new_steps].T
        return sampled

    def _prime(self, events: tf.Tensor, steps_per_bar: tf.Tensor) -> LoopState:
        """Returns where melodies stand after `events` [batch, steps] int32, in one forward pass."""
        inputs, _, encoding_state = self._encoding.encode(events, steps_per_bar)
        logits, rnn_state = self._network.forward(inputs, self._network.initial_state(tf.shape(events)[0]))
        return LoopState(logits[:, -1], encoding_state, rnn_state)

    def _sample(
        self, state: LoopState, controls: Controls, noise: tf.Tensor, new_steps: tf.Tensor, ends_note: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns events [max_steps, batch] int32, the first `new_steps` of them set, and whether all was finite."""
        encoding, network = self._encoding, self._network

        def body(step: tf.Tensor, state: LoopState, events: tf.TensorArray, is_finite: tf.Tensor) -> tuple[Any, ...]:
            meanings = encoding.label_events(state.encoding_state)
            is_forbidden = (meanings == NO_EVENT) & ends_note & (step == 0)
            logits = tf.where(is_forbidden, -float("inf"), state.logits)
            label = draw(transform(logits, controls), noise[step])
            event = tf.gather(meanings, label, axis=1, batch_dims=1)
            inputs, encoding_state = encoding.step(event, state.encoding_state)
            logits, rnn_state = network.step(inputs, state.rnn_state)
            is_finite &= tf.reduce_all(tf.math.is_finite(state.logits))
            return step + 1, LoopState(logits, encoding_state, rnn_state), events.write(step, event), is_finite

        events = tf.TensorArray(tf.int32, noise.shape[0], element_shape=noise.shape[1:2])
        first = (tf.constant(0), state, events, tf.constant(True))
        _, _, events, is_finite = tf.while_loop(lambda step, *_: step < new_steps, body, first)
        return events.stack(), is_finite


def _tile_size(num_melodies: int) -> int:
    if tf.config.get_visible_devices("GPU"):
        return GPU_TILE
    return SMALL_TILE if num_melodies <= 2 * SMALL_TILE else LARGE_TILE


def repeat_primer(events: Sequence[int], num_melodies: int) -> NDArray[np.int32]:
    """Returns one primer for each of `num_melodies` melodies, [num_melodies, steps] int32."""
    return np.tile(np.asarray(events, np.int32), (num_melodies, 1))
