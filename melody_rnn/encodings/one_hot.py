"""The one-hot encoding of basic_rnn and mono_rnn: the input is the last event, the labels are events."""

from typing import NamedTuple

import tensorflow as tf

from melody_rnn.arrays import event_index
from melody_rnn.config import EncodingConfig
from melody_rnn.encodings.encoding import Encoding, index_events
from melody_rnn.events import DEFAULT_STEPS_PER_BAR
from melody_rnn.sparse_inputs import Features


class OneHotState(NamedTuple):
    """Nothing but the batch's size: the encoding has no memory.

    Attributes:
        zeros: [batch, 1] int32.
    """

    zeros: tf.Tensor


class OneHotEncoding(Encoding):
    """Inputs and labels are the same classes.

    0 is no event, 1 note off, 2 and up note on from `min_note`. Source: note_seq's `MelodyOneHotEncoding`.
    """

    def __init__(self, config: EncodingConfig) -> None:
        """Makes the encoding; of `config` only the pitch range counts."""
        self.config = config
        self._events = index_events(config)
        self.num_classes = self.input_size = self.hot_size = self._events.shape[0]
        self.no_event_label = 0

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> OneHotState:
        """See `Encoding.initial_state`."""
        return OneHotState(tf.zeros([batch_size, 1], tf.int32))

    def step(self, event: tf.Tensor, state: OneHotState, cues: tf.Tensor) -> tuple[Features, OneHotState]:
        """See `Encoding.step`: all inputs are the one-hot event."""
        hot = event_index(event, self.config.min_note)[:, tf.newaxis]
        return Features(hot, tf.zeros([tf.shape(event)[0], 0])), state

    def label_events(self, state: OneHotState) -> tf.Tensor:
        """See `Encoding.label_events`."""
        return self._events + state.zeros

    def label(self, event: tf.Tensor, state: OneHotState) -> tf.Tensor:
        """See `Encoding.label`."""
        return event_index(event, self.config.min_note)
