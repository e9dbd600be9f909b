from random import Random
from typing import Any

import note_seq
import pytest
from note_seq import NoteSequence, sequences_lib

from melody_rnn.formats.grid import Pad
from melody_rnn.data.extraction import Extracted, Extraction, ExtractionRules, extract
from melody_rnn.data.pieces import Key, Meter, Piece, PieceNote
from melody_rnn.data.reading import piece_from_sequence
from melody_rnn.errors import InvalidArgumentError

LENIENT = ExtractionRules(min_bars=0, min_pitch_classes=0, max_steps=None)


def lenient(**changes: Any) -> ExtractionRules:
    return ExtractionRules(**{"min_bars": 0, "min_pitch_classes": 0, "max_steps": None, **changes})


def piece(*notes: tuple[float, float, int], **fields: Any) -> Piece:
    return Piece((tuple(PieceNote(*note) for note in notes),), **fields)


def scale(num_quarters: int, **fields: Any) -> Piece:
    return piece(*((quarter, quarter + 1, 60 + quarter * 2 % 12) for quarter in range(num_quarters)), **fields)


def only(extraction: Extraction) -> Extracted:
    [melody] = extraction.melodies
    return melody


def rules_of(extraction: Extraction) -> list[str]:
    return [rejection.rule for rejection in extraction.rejections]


def test_notes_rests_and_ends_become_events():
    melody = only(extract(piece((0, 1, 60), (1, 1.5, 62), (2, 2.25, 64)), LENIENT))
    assert melody.events == [60, -2, -2, -2, 62, -2, -1, -2, 64]
    assert melody.steps_per_bar == 16


def test_a_melody_starts_at_the_start_of_its_bar():
    melody = only(extract(piece((5, 6, 60)), LENIENT))
    assert melody.events == [-2, -2, -2, -2, 60, -2, -2, -2]


@pytest.mark.parametrize(("meter", "steps"), [((3, 4), 12), ((6, 8), 12), ((9, 8), 18), ((2, 2), 16), ((7, 8), 14)])
def test_steps_per_bar_follow_the_meter(meter: tuple[int, int], steps: int):
    assert only(extract(scale(8, meters=(Meter(0, *meter),)), LENIENT)).steps_per_bar == steps


@pytest.mark.parametrize("meter", [(3, 32), (0, 4), (4, 0), (99, 4)])
def test_bars_of_no_whole_number_of_steps_are_dropped(meter: tuple[int, int]):
    assert rules_of(extract(scale(8, meters=(Meter(0, *meter),)), LENIENT)) == ["meter"]


def test_short_melodies_are_dropped_at_the_limit():
    rules = lenient(min_bars=2)
    assert rules_of(extract(scale(7), rules)) == ["too_short"]
    assert len(extract(scale(8), rules).melodies) == 1


def test_few_pitch_classes_are_counted_without_octaves():
    rules = lenient(min_pitch_classes=3)
    assert rules_of(extract(piece((0, 1, 60), (1, 2, 62), (2, 3, 72)), rules)) == ["too_few_pitches"]
    assert len(extract(piece((0, 1, 60), (1, 2, 62), (2, 3, 71)), rules).melodies) == 1


def test_long_melodies_are_cut_off():
    melody = only(extract(scale(8), lenient(max_steps=20)))
    assert melody.is_truncated
    assert len(melody.events) == 20


def test_a_gap_of_a_bar_parts_two_melodies_and_less_does_not():
    notes = [(0.0, 1.0, 60), (5.0, 6.0, 62)]
    assert len(extract(piece(*notes), LENIENT).melodies) == 2
    assert len(extract(piece(*notes), lenient(gap_bars=1.5)).melodies) == 1
    assert len(extract(piece((0, 1.25, 60), (5, 6, 62)), LENIENT).melodies) == 1


def test_meter_changes_part_melodies_and_tempo_changes_by_rule():
    changed = scale(8, meters=(Meter(0, 4, 4), Meter(4, 3, 4)))
    assert [melody.steps_per_bar for melody in extract(changed, LENIENT).melodies] == [16, 12]
    tempo = scale(8, tempo_changes=(4.0,))
    assert len(extract(tempo, LENIENT).melodies) == 2
    assert len(extract(tempo, lenient(split_at_tempo_changes=False)).melodies) == 1


def test_a_meter_that_is_given_again_changes_nothing():
    assert len(extract(scale(8, meters=(Meter(0, 4, 4), Meter(4, 4, 4))), LENIENT).melodies) == 1


def test_chords_are_dropped_or_give_their_top_note():
    chord = piece((0, 1, 60), (0, 1, 67), (1, 2, 62))
    assert rules_of(extract(chord, LENIENT)) == ["polyphonic"]
    assert only(extract(chord, lenient(polyphony="skyline"))).events[::4] == [67, 62]


def test_triplets_on_one_step_are_dropped_or_lose_the_later_note():
    triplet = piece((0, 1 / 6, 60), (1 / 6, 1 / 3, 62), (1 / 3, 1 / 2, 64), (0.5, 1, 65))
    assert rules_of(extract(triplet, LENIENT)) == ["collapsed"]
    kept = only(extract(triplet, lenient(collapsed="keep")))
    assert kept.events == [60, 62, 65, -2]
    assert kept.num_collapsed == 1


def test_pads_move_what_follows_and_grow_no_note():
    padded = piece((0, 1, 60), (1, 2, 62), (2, 6, 64), pads=(Pad(0, 3), Pad(2, 1)))
    assert only(extract(padded, LENIENT)).events == (
        [-2] * 12 + [60, -2, -2, -2, 62, -2, -2, -2, -1, -2, -2, -2, 64] + [-2] * 15
    )
    assert only(extract(padded, lenient(pad_bars=False))).events[:9:4] == [60, 62, 64]


def test_a_negative_pad_takes_time_from_the_note_before():
    assert only(extract(piece((0, 4, 60), (4, 5, 62), pads=(Pad(4, -1),)), LENIENT)).events == (
        [60] + [-2] * 11 + [62, -2, -2, -2]
    )


def test_the_key_travels_with_the_melody():
    assert only(extract(scale(4, key=Key(2, 2)), LENIENT)).key == Key(2, 2)


def test_a_piece_without_notes_says_so():
    assert rules_of(extract(Piece(()), LENIENT)) == ["no_notes"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps_per_quarter": 0}, {"min_bars": -1}, {"min_pitch_classes": 13}, {"max_steps": 0}, {"gap_bars": 0.0},
        {"gap_bars": float("nan")}, {"polyphony": "top"}, {"collapsed": "maybe"}, {"repeats": "none"},
    ],
)  # fmt: skip
def test_rules_have_limits(wrong: dict[str, Any]):
    with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
        ExtractionRules(**wrong)


def random_sequence(random: Random) -> NoteSequence:
    """Notes on the grid of 16ths, some at once, some long, with gaps."""
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=120)
    numerator = random.choice([2, 3, 4, 6])
    sequence.time_signatures.add(numerator=numerator, denominator=random.choice([4, 8]))
    for instrument in range(random.randint(1, 3)):
        step = random.randint(0, 20)
        for _ in range(random.randint(1, 60)):
            step += random.choice([0, 1, 2, 2, 4, 4, 8, 40])
            end = step + random.choice([1, 2, 4, 9])
            sequence.notes.add(
                pitch=random.randint(40, 90), velocity=80, start_time=step / 8, end_time=end / 8, instrument=instrument
            )
            sequence.total_time = max(sequence.total_time, end / 8)
    return sequence


def melodies_of_note_seq(sequence: NoteSequence, rules: ExtractionRules) -> list[list[int]]:
    """Magenta's search for melodies with note_seq's own Melody."""
    quantised = sequences_lib.quantize_note_sequence(sequence, rules.steps_per_quarter)
    steps_per_bar = int(sequences_lib.steps_per_bar_in_quantized_sequence(quantised))
    found = []
    for instrument in sorted({note.instrument for note in quantised.notes}):
        start = 0
        while True:
            melody = note_seq.Melody()
            melody.from_quantized_sequence(quantised, start, instrument, rules.gap_bars, ignore_polyphonic_notes=True)
            if not len(melody):
                break
            start = melody.end_step + -melody.end_step % steps_per_bar
            if len(melody) >= rules.min_bars * steps_per_bar:
                assert rules.max_steps is not None
                if len(melody) > rules.max_steps:
                    melody.set_length(rules.max_steps)
                if sum(melody.get_note_histogram() > 0) >= rules.min_pitch_classes:
                    found.append(list(melody))
    return found


@pytest.mark.parametrize("seed", range(100))
def test_melodies_are_those_of_note_seq(seed: int):
    random = Random(seed)
    sequence = random_sequence(random)
    rules = ExtractionRules(min_bars=3, min_pitch_classes=4, max_steps=64, polyphony="skyline")
    ours = extract(piece_from_sequence(sequence), rules)
    assert [melody.events for melody in ours.melodies] == melodies_of_note_seq(sequence, rules)
