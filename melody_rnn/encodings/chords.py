"""Encodings of melodies over chords: a melody's encoding, and the chord of the event to be predicted beside it."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.encodings.encoding import Encoding, State
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.sparse_inputs import Features
from melody_rnn.tunes.chord_cues import NO_CHORD, NUM_CHORD_CUES, QUALITIES, ChordCue

_NO_PITCH: Final = -1
_NUM_ROOTS: Final = NO_CHORD + 1
_NUM_BASSES: Final = NOTES_PER_OCTAVE + 1
_NUM_QUALITIES: Final = len(QUALITIES) + 1
# Of four triads; any other chord counts as one of these.
_TRIADS: Final = ("major", "minor", "augmented", "diminished")
_MINOR_THIRD: Final = 3


class ChordEncoding(Encoding):
    """A melody's encoding with chords; labels are the melody's.

    Inputs are those of the chord, then those of the melody; hot ones before the others.

    Source: note_seq's `ConditionalEventSequenceEncoderDecoder`.
    """

    num_chord_hot: int
    """How many hot inputs the chord has."""

    def __init__(self, config: EncodingConfig, melody: Encoding) -> None:
        """Makes the encoding.

        Args:
            config: Its own.
            melody: That of the melody.
        """
        self.config = config
        self.melody = melody
        self.num_cues = melody.num_cues + NUM_CHORD_CUES
        self.num_classes, self.no_event_label = melody.num_classes, melody.no_event_label
        self.sums_labels = melody.sums_labels
        self.hot_size = self.num_chord_hot + melody.hot_size
        self.input_size = self.num_chord_hot + melody.input_size

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> State:
        """See `Encoding.initial_state`; it is the melody's."""
        return self.melody.initial_state(batch_size, steps_per_bar)

    def step(self, event: tf.Tensor, state: State, cues: tf.Tensor) -> tuple[Features, State]:
        """See `Encoding.step`."""
        features, state = self.melody.step(event, state, cues[:, : self.melody.num_cues])
        return self.join(chord_cue(cues), features), state

    def join(self, chord: Any, melody: Features) -> Features:
        """Returns the features of a chord, a `ChordCue` of [batch] int32 tensors, and of a melody as one."""
        hot = self._chord_hot(chord)
        return Features(tf.concat([hot, melody.hot + self.num_chord_hot], axis=1), melody.dense)

    def _chord_hot(self, chord: Any) -> tf.Tensor:
        raise NotImplementedError

    def inputs_of_known_chords(self) -> NDArray[np.bool_]:
        """Returns which inputs are of the chord and never on before a tune's first note where none is known.

        Returns:
            [input_size] bool.
        """
        own = np.arange(self.input_size) < self.input_size - self.melody.input_size
        nothing = tf.zeros([1, self.num_cues], tf.int32)
        features, _ = self.step(tf.constant([NO_EVENT]), self.initial_state(1), nothing)
        is_off: NDArray[np.bool_] = np.asarray(features.vectors(self.hot_size))[0] == 0
        return own & is_off

    def label_events(self, state: State) -> tf.Tensor:
        """See `Encoding.label_events`."""
        return self.melody.label_events(state)

    def label(self, event: tf.Tensor, state: State) -> tf.Tensor:
        """See `Encoding.label`."""
        return self.melody.label(event, state)


class TriadEncoding(ChordEncoding):
    """Chords as triads.

    Inputs of the chord, all hot: 0 no chord, or none that is known; then 12 roots each of major, minor, augmented and
    diminished triads. Any other chord counts as minor where it has a minor third, else as major.

    Source: note_seq's `TriadChordOneHotEncoding`, which refuses other chords.
    """

    num_chord_hot = 1 + len(_TRIADS) * NOTES_PER_OCTAVE

    def _chord_hot(self, chord: Any) -> tf.Tensor:
        third = (chord.root - 1 + _MINOR_THIRD) % NOTES_PER_OCTAVE
        has_minor_third = tf.gather(_bits(chord.tones), third, axis=1, batch_dims=1)
        # The numbers of triads are those of the first qualities.
        triad = tf.where(chord.quality <= len(_TRIADS), chord.quality - 1, has_minor_third)
        is_chord = (chord.root > 0) & (chord.root < NO_CHORD)
        return tf.where(is_chord, chord.root + NOTES_PER_OCTAVE * triad, 0)[:, tf.newaxis]


class PitchesEncoding(ChordEncoding):
    """Chords by root, pitch classes and bass.

    Inputs of the chord, none of them hot: 0 no chord, or none that is known; [12] the root; [12] its pitch classes;
    [12] the bass. So that they come first, the melody's are not hot either.

    Source: note_seq's `PitchChordsEncoderDecoder`.
    """

    num_chord_hot = 0
    _SIZE: Final = 1 + 3 * NOTES_PER_OCTAVE

    def __init__(self, config: EncodingConfig, melody: Encoding) -> None:
        """See `ChordEncoding`."""
        super().__init__(config, melody)
        self.hot_size, self.input_size = 0, self._SIZE + melody.input_size

    def join(self, chord: Any, melody: Features) -> Features:
        """See `ChordEncoding.join`."""
        root = tf.one_hot(chord.root % NO_CHORD, NO_CHORD)
        bass = tf.one_hot(chord.bass - 1, NOTES_PER_OCTAVE)
        tones = tf.cast(_bits(chord.tones), tf.float32)
        vectors = melody.vectors(self.melody.hot_size)
        return Features(melody.hot[:, :0], tf.concat([root, tones, bass, vectors], axis=1))


class TonesState(NamedTuple):
    """What the encoding carries.

    Attributes:
        melody: The state of the melody's encoding.
        pitch: [batch] int32, the last note's pitch, or -1.
    """

    melody: State
    pitch: tf.Tensor


class TonesEncoding(ChordEncoding):
    """Chords by all that a melody's next event may hang on.

    Inputs of the chord, all hot:
        [14]: its root: not known, a pitch class, or no chord.
        [12 * 2]: for each pitch class whether it is of the chord.
        [13]: the bass, or none.
        [6]: the triad's quality, or none.
        [14]: how many semitones the last note's pitch class lies above the root; 12 where there is no note yet, 13
            where there is no chord, or none that is known.
        [14]: the root of the chord that comes next.
        [6]: its quality.
        [max_bar_steps + 1]: steps to it; 0 where none is known to come.
    """

    def __init__(self, config: EncodingConfig, melody: Encoding) -> None:
        """See `ChordEncoding`."""
        steps = config.max_bar_steps + 1
        sizes = [_NUM_ROOTS, *[2] * NOTES_PER_OCTAVE, _NUM_BASSES, _NUM_QUALITIES, NOTES_PER_OCTAVE + 2]
        self._sizes = [*sizes, _NUM_ROOTS, _NUM_QUALITIES, steps]
        self.num_chord_hot = sum(self._sizes)
        super().__init__(config, melody)

    def initial_state(
        self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = DEFAULT_STEPS_PER_BAR
    ) -> TonesState:
        """See `Encoding.initial_state`."""
        return TonesState(self.melody.initial_state(batch_size, steps_per_bar), tf.fill([batch_size], _NO_PITCH))

    def step(self, event: tf.Tensor, state: TonesState, cues: tf.Tensor) -> tuple[Features, TonesState]:
        """See `Encoding.step`."""
        melody, melody_state = self.melody.step(event, state.melody, cues[:, : self.melody.num_cues])
        pitch, chord = tf.where(event > NO_EVENT + 1, event, state.pitch), chord_cue(cues)
        above = (pitch - chord.root + 1) % NOTES_PER_OCTAVE
        above = tf.where(pitch == _NO_PITCH, NOTES_PER_OCTAVE, above)
        above = tf.where((chord.root == 0) | (chord.root == NO_CHORD), NOTES_PER_OCTAVE + 1, above)
        columns = [
            chord.root,
            *tf.unstack(_bits(chord.tones), axis=1),
            chord.bass,
            chord.quality,
            above,
            chord.next_root,
            chord.next_quality,
            chord.to_next,
        ]
        offsets = [sum(self._sizes[:place]) for place in range(len(self._sizes))]
        hot = tf.concat([tf.stack(columns, axis=1) + offsets, melody.hot + self.num_chord_hot], axis=1)
        return Features(hot, melody.dense), TonesState(melody_state, pitch)

    def label_events(self, state: TonesState) -> tf.Tensor:
        """See `Encoding.label_events`."""
        return self.melody.label_events(state.melody)

    def label(self, event: tf.Tensor, state: TonesState) -> tf.Tensor:
        """See `Encoding.label`."""
        return self.melody.label(event, state.melody)


def melody_config(config: EncodingConfig) -> EncodingConfig:
    """Returns the configuration of the melody's encoding."""
    return replace(config, chords="none")


def chord_cue(cues: tf.Tensor) -> Any:
    """Returns the last columns of cues [batch, num_cues] as a `ChordCue` of [batch] int32 tensors."""
    return ChordCue(*tf.unstack(cues[:, -NUM_CHORD_CUES:], axis=1))


def _bits(tones: tf.Tensor) -> tf.Tensor:
    """Returns the bits of pitch classes, [batch, 12] int32."""
    return tones[:, tf.newaxis] // 2 ** tf.range(NOTES_PER_OCTAVE) % 2
