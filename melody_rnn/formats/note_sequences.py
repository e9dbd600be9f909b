"""Scores and note_seq's NoteSequences: the one place where the two meet."""

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from melody_rnn.events import DEFAULT_QPM
from melody_rnn.formats.measures import first_bar_is_pickup, measure
from melody_rnn.formats.score import ChordSymbol, KeyChange, MeterChange, Note, Part, Score, TempoChange, encodable
from melody_rnn.music.keys import key_of_tonic
from melody_rnn.music.meters import Meter
from melody_rnn.music.tempos import quarter_clock
from melody_rnn.note_seq_parts import load_part

if TYPE_CHECKING:
    from note_seq import NoteSequence as NoteSequence
    from note_seq import midi_io as midi_io
else:
    midi_io = load_part("midi_io")
    NoteSequence = midi_io.music_pb2.NoteSequence

TICKS_PER_QUARTER: Final = 480
# Seconds carry rounding errors; what is nearer than this to a fraction is that.
_LARGEST_DENOMINATOR: Final = 5_040
_CHORD: Final = NoteSequence.TextAnnotation.CHORD_SYMBOL
_SEQUENCE_MODES: Final = {
    "major": NoteSequence.KeySignature.MAJOR,
    "minor": NoteSequence.KeySignature.MINOR,
    "mixolydian": NoteSequence.KeySignature.MIXOLYDIAN,
    "dorian": NoteSequence.KeySignature.DORIAN,
    "phrygian": NoteSequence.KeySignature.PHRYGIAN,
    "lydian": NoteSequence.KeySignature.LYDIAN,
    "locrian": NoteSequence.KeySignature.LOCRIAN,
}
MODE_NAMES: Final = {number: mode for mode, number in _SEQUENCE_MODES.items()}
"""Each mode's name by its number in a NoteSequence."""


def score_from_sequence(sequence: NoteSequence) -> Score:
    """Returns a NoteSequence as a score: an instrument a part, its meters as bars.

    Tempo changes are followed, so that a quarter note is one wherever it stands. A short first meter of one bar is a
    pickup.
    """
    quarters = _quarters(sequence)
    found = {quarters(m.time): Meter(m.numerator, m.denominator) for m in sequence.time_signatures}
    possible = [MeterChange(start, meter) for start, meter in sorted(found.items()) if meter.is_usual]
    meters, pickup = first_bar_is_pickup(possible)
    notes = [note for note in sequence.notes if note.velocity]
    last = max((quarters(note.end_time) for note in notes), default=Fraction(0))
    bars, end = measure(meters, pickup, max([last, *(change.start for change in meters)]))
    return Score(
        parts=_parts(sequence, quarters),
        bars=bars,
        end=end,
        meters=tuple(meters),
        keys=tuple(
            KeyChange(quarters(k.time), key_of_tonic(int(k.key) % 12, MODE_NAMES.get(k.mode, "major")))
            for k in sequence.key_signatures
        ),
        tempos=tuple(TempoChange(quarters(t.time), t.qpm) for t in sequence.tempos if t.qpm > 0),
        chords=tuple(
            ChordSymbol(quarters(text.time), text.text)
            for text in sequence.text_annotations
            if text.annotation_type == _CHORD
        ),
        title=sequence.sequence_metadata.title,
    )


def sequence_from_score(score: Score, velocity: int = 100) -> NoteSequence:
    """Returns a score of plain bars, in the order in which they sound, as a NoteSequence.

    Args:
        score: The score; repeat signs are not heeded.
        velocity: How hard notes of full strength are struck, 1 to 127.
    """
    tempos = [(float(change.start), change.qpm) for change in score.tempos] or [(0.0, DEFAULT_QPM)]
    tempos[0] = (0.0, tempos[0][1])
    seconds = _seconds_clock(tempos)
    sequence = NoteSequence(ticks_per_quarter=TICKS_PER_QUARTER)
    sequence.sequence_metadata.title = encodable(score.title)
    for start, qpm in tempos:
        sequence.tempos.add(time=seconds(start), qpm=qpm)
    for time, meter in _signatures(score):
        sequence.time_signatures.add(
            time=seconds(float(time)), numerator=meter.numerator, denominator=meter.denominator
        )
    for change in score.keys:
        if change.key is not None:
            mode = _SEQUENCE_MODES[change.key.mode]
            sequence.key_signatures.add(time=seconds(float(change.start)), key=change.key.tonic, mode=mode)
    for number, part in enumerate(score.parts):
        info = sequence.part_infos.add(part=number)
        info.name = encodable(part.name)
        if part.is_accompaniment:
            # Only these are names of tracks.
            sequence.instrument_infos.add(instrument=number, name=info.name)
        for note in part.notes:
            sequence.notes.add(
                pitch=note.pitch,
                velocity=min(max(round(velocity * note.strength), 1), 127),
                start_time=seconds(float(note.start)),
                end_time=seconds(float(note.end)),
                instrument=number,
                program=part.program,
                is_drum=part.is_drums,
                part=number,
            )
    for chord in score.chords:
        symbol = encodable(chord.symbol)
        sequence.text_annotations.add(time=seconds(float(chord.start)), text=symbol, annotation_type=_CHORD)
    sequence.total_time = seconds(float(score.end))
    return sequence


def _quarters(sequence: NoteSequence) -> Callable[[float], Fraction]:
    """Returns the function from seconds to quarter notes."""
    tempos = sorted((tempo.time, tempo.qpm) for tempo in sequence.tempos if tempo.qpm > 0)
    # The first tempo is that of the beginning.
    tempos = [(0.0, tempos[0][1]), *tempos[1:]] if tempos else [(0.0, DEFAULT_QPM)]
    clock = quarter_clock(tempos)
    known: dict[float, Fraction] = {}

    def quarters(seconds: float) -> Fraction:
        if seconds not in known:
            known[seconds] = Fraction(clock(seconds)).limit_denominator(_LARGEST_DENOMINATOR)
        return known[seconds]

    return quarters


def _seconds_clock(tempos: list[tuple[float, float]]) -> Callable[[float], float]:
    """Returns the function from quarter notes to seconds."""
    starts = [0.0]
    for (place, qpm), (next_place, _) in pairwise(tempos):
        starts.append(starts[-1] + (next_place - place) * 60 / qpm)

    places = [place for place, _ in tempos]

    def seconds(quarters: float) -> float:
        number = max(bisect_right(places, quarters) - 1, 0)
        place, qpm = tempos[number]
        return starts[number] + (quarters - place) * 60 / qpm

    return seconds


def _parts(sequence: NoteSequence, quarters: Callable[[float], Fraction]) -> tuple[Part, ...]:
    names = {info.part: info.name for info in sequence.part_infos}
    parts: dict[tuple[int, bool], list[Note]] = {}
    about: dict[tuple[int, bool], tuple[str, int]] = {}
    for note in sequence.notes:
        if not note.velocity:
            continue
        which = note.instrument, note.is_drum
        start = quarters(note.start_time)
        # A note never vanishes by being short.
        end = max(quarters(note.end_time), start + Fraction(1, TICKS_PER_QUARTER))
        parts.setdefault(which, []).append(Note(start, end, note.pitch))
        about.setdefault(which, (names.get(note.part, ""), note.program))
    return tuple(
        Part(tuple(sorted(parts[which], key=lambda n: (n.start, -n.pitch))), *about[which], is_drums=which[1])
        for which in sorted(parts)
    )


def _signatures(score: Score) -> list[tuple[Fraction, Meter]]:
    """Returns the time signatures; a pickup's bar has a short one of its own, as notation programs write it."""
    changes = [(change.start, change.meter) for change in score.meters]
    if not changes:
        return []
    pickup = score.bars[1].start if len(score.bars) > 1 else Fraction(0)
    meter = changes[0][1]
    if not 0 < pickup < meter.quarters:
        return changes
    denominator = meter.denominator
    while pickup * denominator % 4 and denominator < 32:
        denominator *= 2
    if pickup * denominator % 4:
        return changes
    return [(Fraction(0), Meter(int(pickup * denominator / 4), denominator)), (pickup, meter), *changes[1:]]
