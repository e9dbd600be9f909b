"""The key-melody encoding of attention_rnn: what sounds, where it is going, the meter and the likely keys."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from melody_rnn.config import EncodingConfig
from melody_rnn.encodings.encoding import Encoding, binary_counter
from melody_rnn.encodings.history import History, empty_history
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT, NOTE_OFF, NOTES_PER_OCTAVE
from melody_rnn.sparse_inputs import Features

_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_RECENT_NOTES = 3
_NO_PITCH = -1
# Row p marks the major keys that pitch class p belongs to.
_KEYS_OF_PITCH_CLASS = np.array(
    [[float((pitch - key) % 12 in _MAJOR_SCALE) for key in range(12)] for pitch in range(12)], np.float32
)


class KeyState(NamedTuple):
    """What the encoding carries.

    Attributes:
        history: The last events.
        position: [] int32, number of events so far.
        sounding: [batch] int32, the pitch that sounds, or -1.
        is_attack: [batch] bool, whether the last note on came after the last 'no event'.
        direction: [batch] float32, 1 ascending, -1 descending, 0 before that is known.
        recent: [batch, 3] int32, the last distinct pitches, the newest last; -1 where there are fewer.
        key_counts: [batch, 12] float32, how many notes so far belong to each major key.
    """

    history: History
    position: tf.Tensor
    sounding: tf.Tensor
    is_attack: tf.Tensor
    direction: tf.Tensor
    recent: tf.Tensor
    key_counts: tf.Tensor


class KeyEncoding(Encoding):
    """Musical features of the melody so far, with R = max_note - min_note, L lookbacks and B counter bits.

    Inputs, none of them hot:
        [0, R): the pitch that sounds; R: something sounds; R + 1: nothing does.
        R + 2: the last event is the attack of what sounds.
        R + 3: 1 ascending, -1 descending, 0 not known yet.
        [L]: whether the last event repeats each lookback.
        [B]: bits of the next event's position, 1 or -1, lowest first.
        [1]: the next event starts a bar (of 16 steps, whatever the meter).
        [12]: the major keys that most notes so far fit; all of them before the first note.
        [12]: the same for the last three distinct pitches.

    Labels: [0, R) note on; R no event; R + 1 note off; then one for each lookback, the furthest that holds takes
    precedence.

    Source: note_seq's `KeyMelodyEncoderDecoder`, with its two quirks: MIDI pitch 0 counts as silence, and a note off
    leaves the attack flag as it was.
    """

    def __init__(self, config: EncodingConfig) -> None:
        """Makes the encoding."""
        self.config = config
        self._range = config.max_note - config.min_note
        num_lookbacks = len(config.lookback_distances)
        self.hot_size = 0
        self.input_size = self._range + 2 + 2 + num_lookbacks + config.binary_counter_bits + 1 + 2 * NOTES_PER_OCTAVE
        self.num_classes = self._range + 2 + num_lookbacks
        self.no_event_label = self._range
        self._events = tf.constant([*range(config.min_note, config.max_note), NO_EVENT, NOTE_OFF], tf.int32)
        self._keys_of_pitch_class = tf.constant(_KEYS_OF_PITCH_CLASS)

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> KeyState:
        """See `Encoding.initial_state`."""
        return KeyState(
            history=empty_history(self.config, batch_size, steps_per_bar),
            position=tf.constant(0),
            sounding=tf.fill([batch_size], _NO_PITCH),
            is_attack=tf.fill([batch_size], False),
            direction=tf.zeros([batch_size]),
            recent=tf.fill([batch_size, _RECENT_NOTES], _NO_PITCH),
            key_counts=tf.zeros([batch_size, NOTES_PER_OCTAVE]),
        )

    def step(self, event: tf.Tensor, state: KeyState, cues: tf.Tensor) -> tuple[Features, KeyState]:
        """See `Encoding.step`."""
        is_note, newest = event >= 0, state.recent[:, -1]
        is_move = is_note & (newest >= 0) & (event != newest)
        moved = tf.where(is_move, tf.where(event > newest, 1.0, -1.0), state.direction)
        keys = tf.gather(self._keys_of_pitch_class, tf.maximum(event, 0) % NOTES_PER_OCTAVE)
        new_state = KeyState(
            history=state.history.append(event),
            position=state.position + 1,
            sounding=tf.where(event == NO_EVENT, state.sounding, event),
            is_attack=is_note | (state.is_attack & (event == NOTE_OFF)),
            direction=moved,
            recent=tf.where(is_note[:, tf.newaxis], _push(state.recent, event), state.recent),
            key_counts=state.key_counts + keys * tf.cast(is_note, tf.float32)[:, tf.newaxis],
        )
        return self._features(new_state, state.history.is_repeating(event)), new_state

    def _features(self, state: KeyState, is_repeating: tf.Tensor) -> Features:
        sounding, bits = state.sounding, self.config.binary_counter_bits
        is_sounding = tf.cast(sounding > 0, tf.float32)
        pitch = tf.one_hot(tf.where(sounding > 0, sounding - self.config.min_note, -1), self._range)
        flags = [is_sounding, 1.0 - is_sounding, tf.cast(state.is_attack, tf.float32), state.direction]
        starts_bar = tf.cast(state.position % DEFAULT_STEPS_PER_BAR == 0, tf.float32)[tf.newaxis]
        meter = tf.concat([binary_counter(state.position, bits), starts_bar], axis=0)
        recent_keys = tf.gather(self._keys_of_pitch_class, tf.maximum(state.recent, 0) % NOTES_PER_OCTAVE)
        recent_counts = tf.reduce_sum(recent_keys * tf.cast(state.recent >= 0, tf.float32)[:, :, tf.newaxis], axis=1)
        parts = [
            pitch,
            tf.stack(flags, axis=1),
            is_repeating,
            tf.broadcast_to(meter, [tf.shape(sounding)[0], bits + 1]),
            _is_largest(state.key_counts),
            _is_largest(recent_counts),
        ]
        return Features(tf.zeros([tf.shape(sounding)[0], 0], tf.int32), tf.concat(parts, axis=1))

    def label_events(self, state: KeyState) -> tf.Tensor:
        """See `Encoding.label_events`."""
        lookbacks = state.history.lookback_events()
        events = tf.broadcast_to(self._events, [tf.shape(lookbacks)[0], self._events.shape[0]])
        return tf.concat([events, lookbacks], axis=1)

    def label(self, event: tf.Tensor, state: KeyState) -> tf.Tensor:
        """See `Encoding.label`."""
        special = tf.where(event == NOTE_OFF, self._range + 1, self._range)
        plain_label = tf.where(event >= 0, event - self.config.min_note, special)
        return state.history.label(event, plain_label, first_label=self._range + 2)


def _push(recent: tf.Tensor, event: tf.Tensor) -> tf.Tensor:
    """Returns the last distinct pitches after note on `event`: one that is there already moves to the newest place."""
    oldest, middle, newest = recent[:, 0], recent[:, 1], recent[:, 2]
    keeps_middle = (event == newest) | (event == middle)
    keeps_oldest = event == newest
    return tf.stack(
        [
            tf.where(keeps_middle, oldest, middle),
            tf.where(keeps_oldest, middle, newest),
            event,
        ],
        axis=1,
    )


def _is_largest(counts: tf.Tensor) -> tf.Tensor:
    return tf.cast(counts == tf.reduce_max(counts, axis=1, keepdims=True), tf.float32)
