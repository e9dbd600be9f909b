"""The lookback encoding of lookback_rnn: repeats of one and two bars ago, and the metric position."""

from typing import NamedTuple

import tensorflow as tf

from melody_rnn.arrays import event_index
from melody_rnn.config import EncodingConfig
from melody_rnn.encodings.encoding import Encoding, binary_counter, index_events
from melody_rnn.encodings.history import History, bar_lengths, empty_history
from melody_rnn.events import DEFAULT_STEPS_PER_BAR
from melody_rnn.sparse_inputs import Features


class LookbackState(NamedTuple):
    """What the encoding carries.

    Attributes:
        history: The last events.
        position: [] int32, number of events so far.
        steps_per_bar: [batch] int32.
    """

    history: History
    position: tf.Tensor
    steps_per_bar: tf.Tensor


class LookbackEncoding(Encoding):
    """Events plus lookback labels, with C = 2 + max_note - min_note classes of events and L lookbacks.

    Inputs, hot ones first:
        [0, C): the last event.
        [C, C + C * L): for each lookback, the event that would follow if the melody repeats.
        then with lookbacks in steps: `binary_counter_bits` bits of the next event's position, 1 or -1, lowest first;
        with lookbacks in bars: [max_bar_steps] the next event's position in its bar and [max_bar_steps] the steps from
        there to the bar's end, less one, both hot.
        [L]: whether the last event repeats each lookback.

    Labels: [0, C) events, then one for each lookback; the furthest that holds takes precedence.

    Source: note_seq's `LookbackEventSequenceEncoderDecoder`, whose distances are 16 and 32 steps in any meter;
    lookbacks in bars are ours.
    """

    def __init__(self, config: EncodingConfig) -> None:
        """Makes the encoding."""
        self.config = config
        self._events = index_events(config)
        self._knows_bars = config.lookback_unit == "bar"
        num_events, num_lookbacks = self._events.shape[0], len(config.lookback_distances)
        self.num_classes = num_events + num_lookbacks
        self.hot_size = num_events * (1 + num_lookbacks) + (2 * config.max_bar_steps if self._knows_bars else 0)
        self.input_size = self.hot_size + num_lookbacks + (0 if self._knows_bars else config.binary_counter_bits)
        self.no_event_label = 0

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> LookbackState:
        """See `Encoding.initial_state`."""
        return LookbackState(
            empty_history(self.config, batch_size, steps_per_bar),
            tf.constant(0),
            bar_lengths(self.config, batch_size, steps_per_bar),
        )

    def step(self, event: tf.Tensor, state: LookbackState, cues: tf.Tensor) -> tuple[Features, LookbackState]:
        """See `Encoding.step`."""
        is_repeating = state.history.is_repeating(event)
        history, position = state.history.append(event), state.position + 1
        num_events, min_note = self._events.shape[0], self.config.min_note
        events = tf.concat([event[:, tf.newaxis], history.lookback_events()], axis=1)
        hot = event_index(events, min_note) + num_events * tf.range(events.shape[1])
        if self._knows_bars:
            in_bar = position % state.steps_per_bar
            meter = tf.stack([in_bar, self.config.max_bar_steps + state.steps_per_bar - 1 - in_bar], axis=1)
            features = Features(tf.concat([hot, num_events * events.shape[1] + meter], axis=1), is_repeating)
        else:
            bits = self.config.binary_counter_bits
            counter = tf.broadcast_to(binary_counter(position, bits), [tf.shape(event)[0], bits])
            features = Features(hot, tf.concat([counter, is_repeating], axis=1))
        return features, LookbackState(history, position, state.steps_per_bar)

    def label_events(self, state: LookbackState) -> tf.Tensor:
        """See `Encoding.label_events`."""
        lookbacks = state.history.lookback_events()
        events = tf.broadcast_to(self._events, [tf.shape(lookbacks)[0], self._events.shape[0]])
        return tf.concat([events, lookbacks], axis=1)

    def label(self, event: tf.Tensor, state: LookbackState) -> tf.Tensor:
        """See `Encoding.label`."""
        plain_label = event_index(event, self.config.min_note)
        return state.history.label(event, plain_label, first_label=self._events.shape[0])
