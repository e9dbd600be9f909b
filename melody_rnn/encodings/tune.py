"""The encoding of tunes_rnn: the outline's cues, what sounds, repeats by bars, and the longest match with the past."""

from typing import Final, NamedTuple

import tensorflow as tf

from melody_rnn.arrays import event_index
from melody_rnn.config import EncodingConfig
from melody_rnn.encodings.encoding import Encoding, index_events
from melody_rnn.encodings.history import ABSENT, History, empty_history
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT
from melody_rnn.sparse_inputs import Features
from melody_rnn.tunes.cues import NUM_CUES, NUM_DISTANCES, cue_sizes

_NO_PITCH: Final = -1
_MAX_AGE: Final = 15
_NUM_NOTES: Final = 3
# Lower ends of the classes into which lengths of a repeat, in steps, fall.
_LENGTH_CLASSES: Final = (1, 2, 4, 8, 16, 32)
_NUM_LENGTHS: Final = len(_LENGTH_CLASSES) + 1


class TuneState(NamedTuple):
    """What the encoding carries.

    Attributes:
        history: The last events.
        source: [batch] int32, the event that follows if the bar's plan is kept to the letter, or `ABSENT`.
        upcoming: [batch] int32, the event that the next bar begins with if its plan is kept to the letter, or `ABSENT`.
        sounding: [batch] int32, the pitch that sounds, or -1.
        notes: [batch, 3] int32, the pitches of the last notes, the newest last; -1 where there are fewer.
        age: [batch] int32, steps since something began or ended to sound.
        repeated: [batch, num_lookbacks] int32, for how many steps up to now the melody has repeated each lookback.
        matched: [batch, reach] int32, for each event of the history how many steps that end there are the same as the
            last ones.
    """

    history: History
    source: tf.Tensor
    upcoming: tf.Tensor
    sounding: tf.Tensor
    notes: tf.Tensor
    age: tf.Tensor
    repeated: tf.Tensor
    matched: tf.Tensor


class TuneEncoding(Encoding):
    """What a folk tune's next event hangs on, with C = 2 + max_note - min_note classes of events and L lookbacks.

    Inputs, all hot:
        [C]: the last event.
        [C - 1]: the pitch that sounds, or that nothing does.
        [2 * (C - 1)]: the pitches of the two notes before the last one, or that there is none.
        [16]: steps since that began.
        [cue_sizes]: each of the next event's cues, as `melody_rnn.tunes.cues` has them: meter, place in the bar,
            section, key, plan of the bar.
        [C + 1]: the event that follows if the bar's plan is kept to the letter, or that there is none.
        [C + 1]: the event that the next bar begins with if its plan is kept to the letter, or that nobody knows.
        [L * (C + 1)]: for each lookback, the event that would follow if the melody repeats, or that there is none.
        [L * 7]: for how many steps the melody has repeated each lookback: 0, 1, 2, 4, 8, 16, 32 or more.
        [C + 1]: the event that followed the longest match, the latest where several are as long, or that there is none.
        [7]: that match's length in the same classes.

    The longest match is the place in the history before which most steps are the same as the last ones.

    Labels: [0, C) events, then the event of each lookback, of the longest match and of the bar's plan. An event is as
    likely as all its labels together, so the network can say 'what came then' without knowing what that is.

    Source: the copying labels are a pointer network's mixture (See et al. 2017, arXiv:1704.04368) in one softmax; the
    longest match is the match model of PAQ (Mahoney 2005, TR CS-2005-16).
    """

    num_cues = NUM_CUES
    sums_labels = True

    def __init__(self, config: EncodingConfig) -> None:
        """Makes the encoding."""
        self.config = config
        self._events = index_events(config)
        self._num_events: int = self._events.shape[0]
        self._num_lookbacks = len(config.lookback_distances)
        self._widths = [
            self._num_events,
            *[self._num_events - 1] * _NUM_NOTES,
            _MAX_AGE + 1,
            *cue_sizes(config),
            *[self._num_events + 1] * (2 + self._num_lookbacks),
            *[_NUM_LENGTHS] * self._num_lookbacks,
            self._num_events + 1,
            _NUM_LENGTHS,
        ]
        self.hot_size = self.input_size = sum(self._widths)
        self.num_classes = self._num_events + self._num_lookbacks + 2
        self.no_event_label = 0

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> TuneState:
        """See `Encoding.initial_state`."""
        history = empty_history(self.config, batch_size, steps_per_bar)
        return TuneState(
            history=history,
            source=tf.fill([batch_size], ABSENT),
            upcoming=tf.fill([batch_size], ABSENT),
            sounding=tf.fill([batch_size], _NO_PITCH),
            notes=tf.fill([batch_size, _NUM_NOTES], _NO_PITCH),
            age=tf.fill([batch_size], 0),
            repeated=tf.fill([batch_size, self._num_lookbacks], 0),
            matched=tf.zeros_like(history.events),
        )

    def step(self, event: tf.Tensor, state: TuneState, cues: tf.Tensor) -> tuple[Features, TuneState]:
        """See `Encoding.step`."""
        goes_on, column = event == NO_EVENT, event[:, tf.newaxis]
        repeated = tf.where(state.history.lookbacks() == column, state.repeated + 1, 0)
        before = tf.pad(state.matched[:, :-1], [[0, 0], [1, 0]])
        matched = tf.where(state.history.events == column, before + 1, 0)
        history = state.history.append(event)
        new_state = TuneState(
            history=history,
            source=history.ago(cues[:, -1]),
            upcoming=history.ago(cues[:, -2]),
            sounding=tf.where(goes_on, state.sounding, tf.maximum(event, _NO_PITCH)),
            notes=tf.where(column >= 0, tf.concat([state.notes[:, 1:], column], axis=1), state.notes),
            age=tf.where(goes_on, tf.minimum(state.age + 1, _MAX_AGE), 0),
            repeated=repeated,
            matched=tf.pad(matched[:, 1:], [[0, 0], [0, 1]]),
        )
        return self._features(event, cues, new_state), new_state

    def _features(self, event: tf.Tensor, cues: tf.Tensor, state: TuneState) -> Features:
        config, num_pitches = self.config, self._num_events - 2
        match_event, match_length = _longest_match(state)
        columns = [
            event_index(event, config.min_note),
            *(
                tf.where(pitch == _NO_PITCH, num_pitches, pitch - config.min_note)
                for pitch in (state.sounding, *tf.unstack(state.notes[:, :-1], axis=1))
            ),
            state.age,
            *tf.unstack(cues[:, :-NUM_DISTANCES], axis=1),
            self._past_index(state.source),
            self._past_index(state.upcoming),
            *tf.unstack(self._past_index(state.history.lookbacks()), axis=1),
            *tf.unstack(_length_class(state.repeated), axis=1),
            self._past_index(match_event),
            _length_class(match_length),
        ]
        offsets = [sum(self._widths[:i]) for i in range(len(self._widths))]
        return Features(tf.stack(columns, axis=1) + offsets, tf.zeros([tf.shape(event)[0], 0]))

    def _past_index(self, event: tf.Tensor) -> tf.Tensor:
        """Returns `event_index` of past events, or the number of events for `ABSENT`."""
        return tf.where(event == ABSENT, self._num_events, event_index(event, self.config.min_note))

    def label_events(self, state: TuneState) -> tf.Tensor:
        """See `Encoding.label_events`."""
        lookbacks = state.history.lookback_events()
        match_event, _ = _longest_match(state)
        events = tf.broadcast_to(self._events, [tf.shape(lookbacks)[0], self._num_events])
        copied = tf.maximum(tf.stack([match_event, state.source], axis=1), NO_EVENT)
        return tf.concat([events, lookbacks, copied], axis=1)

    def label(self, event: tf.Tensor, state: TuneState) -> tf.Tensor:
        """See `Encoding.label`: the event's own."""
        return event_index(event, self.config.min_note)


def _longest_match(state: TuneState) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the event [batch] int32 that followed the longest match, or `ABSENT`, and the match's length [batch]."""
    reach = state.matched.shape[1]
    # One maximum finds length and place: XLA runs it several times faster than an argmax.
    best = tf.reduce_max(state.matched * reach + tf.range(reach), axis=1)
    length, place = best // reach, best % reach
    following = tf.gather(state.history.events, tf.minimum(place + 1, reach - 1), axis=1, batch_dims=1)
    return tf.where(length > 0, following, ABSENT), length


def _length_class(length: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(length[..., tf.newaxis] >= tf.constant(_LENGTH_CLASSES), tf.int32), axis=-1)
