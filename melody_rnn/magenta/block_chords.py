"""Chords as Magenta plays them beside a melody: each one's notes held as long as it lasts."""

from itertools import pairwise
from typing import Final

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chords import parse_chord
from melody_rnn.tunes.files import midi_of_sequence
from melody_rnn.tunes.tune import Chord, Tune

_VELOCITY: Final = 50
_INSTRUMENT: Final = 1
_PROGRAM: Final = 88
_OCTAVE: Final = 4
_BASS_OCTAVE: Final = 3


def midi_with_chords(tune: Tune) -> bytes:
    """Returns a tune, as it is played, as the bytes of a MIDI file in which its chords sound on a track of their own.

    Source: note_seq's `BasicChordRenderer` as Magenta's improv_rnn_generate calls it.
    """
    played = tune.played()
    sequence = played.to_sequence()
    seconds_per_step = 60 / (played.tempo * played.steps_per_quarter)
    num_steps = len(played)
    for chord, following in pairwise([*played.chords, Chord(num_steps, "")]):
        # What a pickup is silent before is not in the file.
        start, end = (max(step - played.first_step, 0) * seconds_per_step for step in (chord.step, following.step))
        for pitch in _pitches(chord.symbol) if start < end else ():
            sequence.notes.add(
                pitch=pitch,
                velocity=_VELOCITY,
                start_time=start,
                end_time=end,
                instrument=_INSTRUMENT,
                program=_PROGRAM,
            )
    sequence.total_time = max(sequence.total_time, (num_steps - played.first_step) * seconds_per_step)
    return midi_of_sequence(played, sequence)


def _pitches(symbol: str) -> list[int]:
    """Returns the MIDI pitches of a chord, the bass last; none where no chord sounds."""
    chord = parse_chord(symbol)
    if chord is None:
        return []
    tones = [NOTES_PER_OCTAVE * _OCTAVE + tone for tone in chord.tones]
    return [*tones, NOTES_PER_OCTAVE * _BASS_OCTAVE + chord.bass]
