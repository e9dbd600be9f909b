"""What every encoding offers: one step at a time with a running state, and the fold of that step over a melody."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT, NUM_SPECIAL_EVENTS, index_event
from melody_rnn.music.meters import meter_of_bar
from melody_rnn.sparse_inputs import Features
from melody_rnn.tunes.cues import cues_of_all
from melody_rnn.tunes.outline import Outline

State = Any
"""A NamedTuple of tensors, each encoding's own; what a batch of melodies has in common comes without a batch axis."""


class Encoded(NamedTuple):
    """Whole melodies, encoded.

    Attributes:
        inputs: [batch, steps, input_size] float32, the network's inputs after each event.
        labels: [batch, steps] int32, the label of each event given those before it.
        label_events: [batch, steps, num_classes] int32, the event that each label stood for at each step, given the
            events before it.
        state: The state after the last event.
    """

    inputs: tf.Tensor
    labels: tf.Tensor
    label_events: tf.Tensor
    state: State


class Encoding(ABC):
    """Events to network inputs and labels, and labels back to events.

    Training folds `step` and `label` over whole melodies (`encode`), sampling calls them once a step, so the two
    cannot drift apart. A label is a class of the network's output; what event it stands for can depend on the melody
    so far ('repeat the event of one bar ago').

    Attributes:
        config: What the encoding was made from.
        input_size: Width of the network's inputs.
        hot_size: How many of them, the first ones, `Features.hot` indexes.
        num_classes: Number of labels.
        no_event_label: The label of 'no event' where no lookback label takes precedence.
        num_cues: How many cues of a step's outline it reads (`melody_rnn.tunes.cues`); 0 where it knows neither form
            nor chords.
        sums_labels: Whether training makes an event as likely as all labels that stand for it together, as sampling
            does. Magenta's encodings train one label an event, and so do ours of the same names.
    """

    config: EncodingConfig
    input_size: int
    hot_size: int
    num_classes: int
    no_event_label: int
    num_cues: int = 0
    sums_labels: bool = False

    def cues(self, outlines: Sequence[Outline], num_steps: int) -> NDArray[np.int32]:
        """Returns what outlines say of the first `num_steps` steps, [num_outlines, num_steps, num_cues] int32."""
        return cues_of_all(outlines, num_steps, self.config)

    @abstractmethod
    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> State:
        """Returns the state before the first event.

        Args:
            batch_size: Number of melodies.
            steps_per_bar: Steps in a bar, one number or one a melody [batch]; only encodings that know bars use it.
        """

    @abstractmethod
    def step(self, event: tf.Tensor, state: State, cues: tf.Tensor) -> tuple[Features, State]:
        """Takes in one event.

        Args:
            event: [batch] int32.
            state: The state before the event.
            cues: [batch, num_cues] int32, those of the step after the event.

        Returns:
            The network's inputs after the event, and the state after it.
        """

    @abstractmethod
    def label_events(self, state: State) -> tf.Tensor:
        """Returns the event that each label stands for as the next one, [batch, num_classes] int32."""

    @abstractmethod
    def label(self, event: tf.Tensor, state: State) -> tf.Tensor:
        """Returns the label of `event` [batch] int32 as the next event, [batch] int32."""

    def encode(self, events: tf.Tensor, steps_per_bar: int | tf.Tensor, cues: tf.Tensor) -> Encoded:
        """Encodes whole melodies.

        Args:
            events: [batch, steps] int32.
            steps_per_bar: As in `initial_state`.
            cues: [batch, steps + 1, num_cues] int32, of every step and of the one after the last.
        """
        batch_size, steps = tf.shape(events)[0], tf.shape(events)[1]
        cues = tf.transpose(cues, [1, 0, 2])
        source = tf.TensorArray(tf.int32, steps, element_shape=[None]).unstack(tf.transpose(events))
        state = self.initial_state(batch_size, steps_per_bar)
        outputs = tuple(tf.TensorArray(dtype, steps, element_shape=shape) for dtype, shape in self._step_outputs())

        def body(t: tf.Tensor, state: State, outputs: tuple[tf.TensorArray, ...]) -> tuple[Any, ...]:
            event = source.read(t)
            label, label_events = self.label(event, state), self.label_events(state)
            features, state = self.step(event, state, cues[t + 1])
            values = (*features, label, label_events)
            return t + 1, state, tuple(array.write(t, value) for array, value in zip(outputs, values, strict=True))

        _, state, outputs = tf.while_loop(
            lambda t, *_: t < steps, body, (0, state, outputs), parallel_iterations=1, maximum_iterations=steps
        )
        hot, dense, labels, label_events = (_batch_first(array.stack()) for array in outputs)
        return Encoded(Features(hot, dense).vectors(self.hot_size), labels, label_events, state)

    def encode_stream(self, events: tf.Tensor, steps_per_bar: int | Sequence[int] = DEFAULT_STEPS_PER_BAR) -> Encoded:
        """Encodes whole melodies of which nothing but the bars is known beforehand.

        Args:
            events: [batch, steps] int32, whose shape is known.
            steps_per_bar: One number, or one a melody.
        """
        batch_size, steps = events.shape
        bars = [int(number) for number in np.broadcast_to(steps_per_bar, [batch_size])]
        cues = self.cues([Outline(meter_of_bar(number)) for number in bars], steps + 1)
        return self.encode(events, tf.constant(bars), tf.constant(cues))

    def _step_outputs(self) -> list[tuple[tf.DType, list[int | None]]]:
        """Returns type and shape of what a step gives: hot and dense features, the label and the labels' events."""
        state = self.initial_state(1)
        features, _ = self.step(tf.fill([1], NO_EVENT), state, tf.zeros([1, self.num_cues], tf.int32))
        hot, dense = ([None, part.shape[1]] for part in features)
        return [(tf.int32, hot), (tf.float32, dense), (tf.int32, [None]), (tf.int32, [None, self.num_classes])]


def _batch_first(stacked: tf.Tensor) -> tf.Tensor:
    return tf.transpose(stacked, [1, 0, *range(2, len(stacked.shape))])


def index_events(config: EncodingConfig) -> tf.Tensor:
    """Returns the event of every index that `event_index` gives, [2 + max_note - min_note] int32."""
    num_events = NUM_SPECIAL_EVENTS + config.max_note - config.min_note
    return tf.constant([index_event(index, config.min_note) for index in range(num_events)], tf.int32)


def binary_counter(value: tf.Tensor, num_bits: int) -> tf.Tensor:
    """Returns the lowest bits of `value` [] int32, lowest first, as 1 and -1, [num_bits] float32."""
    bits = value // 2 ** tf.range(num_bits) % 2
    return tf.cast(2 * bits - 1, tf.float32)
