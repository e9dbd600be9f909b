"""Melodies: taken from a sequence, moved into a model's range and key, written back as a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import note_seq
import numpy as np
from note_seq import Melody, NoteSequence, sequences_lib
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.events import DEFAULT_QPM, DEFAULT_STEPS_PER_QUARTER, NUM_PITCHES
from melody_rnn.music.meters import Meter, meter_of_bar
from melody_rnn.music.tempos import quarter_clock

MAX_STEPS = 100_000
"""Steps beyond which a file is taken for damaged: seven hours at 120 quarter notes a minute."""


@dataclass(frozen=True)
class ExtractedMelody:
    """A melody and what its source says about it.

    Attributes:
        melody: Starts at the first step of the bar of the first note.
        qpm: Quarter notes a minute at the start.
        meter: The first time signature; 4/4 where there is none.
        is_polyphonic: Whether notes were left out because a higher one sounded.
    """

    melody: Melody
    qpm: float
    meter: Meter
    is_polyphonic: bool


def melody_from_sequence(sequence: NoteSequence, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> ExtractedMelody:
    """Takes the melody out of a sequence: all instruments but drums, the top note where several sound.

    Tempo changes are followed, so that a quarter note is one wherever it stands; the first meter gives the bars.

    Raises:
        MelodyError: If there is no note, the piece is far too long, or its bar is no whole number of steps.
    """
    notes = [note for note in sequence.notes if note.velocity and not note.is_drum]
    if not notes:
        raise MelodyError("there is no note in it that could be a melody (drums do not count)")
    meter = _first_meter(sequence)
    steps_per_bar = meter.steps_per_bar(steps_per_quarter)
    steps = _StepClock(sequence, steps_per_quarter)
    # A note never vanishes by being short: it gets at least a step, as note_seq quantises.
    spans = [(start, max(steps(n.end_time), start + 1), n.pitch) for n in notes for start in [steps(n.start_time)]]
    if max(end for _, end, _ in spans) > MAX_STEPS:
        raise MelodyError(f"it lasts more than {MAX_STEPS} steps, which no melody does; is the file damaged?")
    line, is_polyphonic = _top_line(spans)
    first_bar_step = line[0][0] - line[0][0] % steps_per_bar
    events = [note_seq.MELODY_NO_EVENT] * (max(end for _, end, _ in line) - first_bar_step)
    for start, end, pitch in line:
        events[start - first_bar_step] = pitch
        if end - first_bar_step < len(events):
            events[end - first_bar_step] = note_seq.MELODY_NOTE_OFF
    for start, _, pitch in line:
        events[start - first_bar_step] = pitch
    melody = Melody(events, start_step=first_bar_step, steps_per_bar=steps_per_bar, steps_per_quarter=steps_per_quarter)
    return ExtractedMelody(melody, first_qpm(sequence), meter, is_polyphonic)


def first_qpm(sequence: NoteSequence) -> float:
    """Returns the tempo at a sequence's start, in quarter notes a minute; 120 where none is given."""
    return float(sequence.tempos[0].qpm) if sequence.tempos else DEFAULT_QPM


def squash(melody: Melody, min_note: int, max_note: int, transpose_to_key: int | None) -> tuple[Melody, int]:
    """Returns a copy of a melody moved into a range and a key, and by how many semitones it was transposed.

    Source: note_seq's `Melody.squash`.
    """
    squashed = _copy(melody)
    return squashed, int(squashed.squash(min_note, max_note, transpose_to_key))


def fold(melody: Melody, min_note: int, max_note: int, amount: int) -> Melody:
    """Returns a copy of a melody transposed by `amount` semitones, notes outside the range folded by octaves.

    Source: note_seq's `Melody.transpose`, which `squash` does after it has chosen the amount.
    """
    folded = _copy(melody)
    folded.transpose(amount, min_note, max_note)
    return folded


def transpose_events(events: NDArray[np.int32], amount: int) -> NDArray[np.int32]:
    """Returns events with their notes transposed by `amount` semitones; those outside 0..127 are folded by octaves.

    Source: note_seq's `Melody.transpose`, for arrays of any shape.
    """
    moved = events + amount
    below, above = moved % 12, NUM_PITCHES - 12 + (moved - NUM_PITCHES) % 12
    folded = np.where(moved < 0, below, np.where(moved >= NUM_PITCHES, above, moved))
    transposed: NDArray[np.int32] = np.where(events >= 0, folded, events)
    return transposed


def melody_to_sequence(
    melody: Melody, qpm: float = DEFAULT_QPM, program: int = 0, velocity: int = 100, meter: Meter | None = None
) -> NoteSequence:
    """Returns a melody as a sequence, its meter included.

    Args:
        melody: The melody.
        qpm: Quarter notes a minute.
        program: General MIDI program, 0 to 127.
        velocity: MIDI velocity of every note, 1 to 127.
        meter: The meter to write; where not given, the plainest one of the melody's bars.
    """
    start_step = melody.start_step
    from_zero = _copy(melody, start_step=0) if start_step else melody
    sequence = from_zero.to_sequence(velocity=velocity, program=program, qpm=qpm)
    signature = sequence.time_signatures.add()
    signature.numerator, signature.denominator = meter or meter_of_bar(melody.steps_per_bar, melody.steps_per_quarter)
    return sequence


def num_notes(events: Sequence[int]) -> int:
    """Returns how many notes begin in a melody."""
    return sum(event >= 0 for event in events)


def is_sounding_at_end(events: Sequence[int]) -> bool:
    """Returns whether a note still sounds when the events end."""
    last = next((event for event in reversed(events) if event != note_seq.MELODY_NO_EVENT), note_seq.MELODY_NOTE_OFF)
    return last >= 0


def rest_at_end(events: Sequence[int]) -> int:
    """Returns for how many steps nothing has sounded when the events end."""
    steps, is_sounding = 0, False
    for event in events:
        is_sounding = event >= 0 or (is_sounding and event == note_seq.MELODY_NO_EVENT)
        steps = 0 if is_sounding else steps + 1
    return steps


class _StepClock:
    """Seconds to steps, through a sequence's tempo changes."""

    def __init__(self, sequence: NoteSequence, steps_per_quarter: int) -> None:
        tempos = sorted((tempo.time, tempo.qpm) for tempo in sequence.tempos if tempo.qpm > 0)
        if not tempos or tempos[0][0] > 0:
            tempos.insert(0, (0.0, tempos[0][1] if tempos else DEFAULT_QPM))
        self._quarters = quarter_clock(tempos)
        self._steps_per_quarter = steps_per_quarter

    def __call__(self, seconds: float) -> int:
        return int(sequences_lib.quantize_to_step(self._quarters(seconds), self._steps_per_quarter))


def _first_meter(sequence: NoteSequence) -> Meter:
    if not sequence.time_signatures:
        return Meter(4, 4)
    signature = sequence.time_signatures[0]
    return Meter(max(signature.numerator, 1), max(signature.denominator, 1))


def _top_line(spans: Sequence[tuple[int, int, int]]) -> tuple[list[tuple[int, int, int]], bool]:
    """Returns the (start, end, pitch) steps of the top voice by start, and whether another voice was left out.

    Of notes that start together the highest counts; a note ends where the next one of the line starts.
    """
    line: list[tuple[int, int, int]] = []
    is_polyphonic = False
    for start, end, pitch in sorted(spans, key=lambda span: (span[0], -span[2])):
        if line and start == line[-1][0]:
            is_polyphonic |= pitch != line[-1][2]
            continue
        if line and start < line[-1][1]:
            is_polyphonic |= start < line[-1][1]
            line[-1] = (line[-1][0], start, line[-1][2])
        line.append((start, end, pitch))
    return line, is_polyphonic


def _copy(melody: Melody, start_step: int | None = None) -> Melody:
    return Melody(
        list(melody),
        start_step=melody.start_step if start_step is None else start_step,
        steps_per_bar=melody.steps_per_bar,
        steps_per_quarter=melody.steps_per_quarter,
    )
