from fractions import Fraction
from random import Random
from typing import Any

import note_seq
import pytest
from note_seq import NoteSequence, sequences_lib

from melody_rnn.data.extraction import Extracted, Extraction, ExtractionRules, extract
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.formats.note_sequences import score_from_sequence
from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, MeterChange, Note, Part, Score, TempoChange
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord

LENIENT = ExtractionRules(min_bars=0, min_pitch_classes=0, max_steps=None)


def lenient(**changes: Any) -> ExtractionRules:
    return ExtractionRules(**{"min_bars": 0, "min_pitch_classes": 0, "max_steps": None, **changes})


def score(*notes: tuple[float, float, int], bars: tuple[float | Bar, ...] | None = None, **fields: Any) -> Score:
    """A score of one part in bars of 4/4, or in others by their starts in quarter notes."""
    own = [Note(Fraction(start), Fraction(end), pitch) for start, end, pitch in notes]
    end = max((note.end for note in own), default=Fraction(1))
    starts = range(0, int(end) + 1, 4) if bars is None else bars
    made = tuple(bar if isinstance(bar, Bar) else Bar(Fraction(bar)) for bar in starts)
    return Score((Part(tuple(own)),), tuple(bar for bar in made if bar.start < end), end, **fields)


def meters(*changes: tuple[float, Meter]) -> tuple[MeterChange, ...]:
    return tuple(MeterChange(Fraction(start), meter) for start, meter in changes)


def tempos(*changes: tuple[float, float]) -> tuple[TempoChange, ...]:
    return tuple(TempoChange(Fraction(start), qpm) for start, qpm in changes)


def scale(num_quarters: int, **fields: Any) -> Score:
    return score(*((quarter, quarter + 1, 60 + quarter * 2 % 12) for quarter in range(num_quarters)), **fields)


def only(extraction: Extraction) -> Extracted:
    [melody] = extraction.melodies
    return melody


def rules_of(extraction: Extraction) -> list[str]:
    return [rejection.rule for rejection in extraction.rejections]


def test_notes_rests_and_ends_become_events():
    melody = only(extract(score((0, 1, 60), (1, 1.5, 62), (2, 2.25, 64)), LENIENT))
    assert melody.events == [60, -2, -2, -2, 62, -2, -1, -2, 64]
    assert (melody.meter, melody.pickup_steps, melody.key) == (Meter(4, 4), 0, None)


def chords(*symbols: tuple[float, str]) -> tuple[ChordSymbol, ...]:
    return tuple(ChordSymbol(Fraction(start), symbol) for start, symbol in symbols)


def test_chord_symbols_come_along():
    melody = only(extract(scale(8, chords=chords((0, "C"), (2.5, "G7"), (9, "F"))), LENIENT))
    assert melody.chords == (Chord(0, "C"), Chord(10, "G7"))
    # What holds already where a melody begins holds from its first step.
    later = only(extract(score((5, 8, 60), chords=chords((1, "C"), (3, "G"), (6, "F"))), LENIENT))
    assert later.chords == (Chord(0, "G"), Chord(8, "F"))
    cut = only(extract(scale(8, chords=chords((0, "C"), (4, "G"))), lenient(max_steps=16)))
    assert cut.chords == (Chord(0, "C"),)


def test_chord_symbols_move_with_a_bar_that_is_made_whole():
    pickup = score((0, 1, 60), (1, 5, 62), bars=(0, 1, 5), chords=chords((1, "C"), (3, "G")))
    melody = only(extract(pickup, LENIENT))
    assert (melody.pickup_steps, melody.chords) == (4, (Chord(16, "C"), Chord(24, "G")))


def test_each_stretch_has_its_own_chord_symbols():
    piece = scale(
        14, bars=(0, 4, 8, 11), meters=meters((0, Meter(4, 4)), (8, Meter(3, 4))), chords=chords((0, "C"), (9, "G"))
    )
    first, second = extract(piece, LENIENT).melodies
    assert first.chords == (Chord(0, "C"),)
    assert second.chords == (Chord(0, "C"), Chord(4, "G"))


def test_chord_symbols_do_not_change_the_form_that_is_found():
    quarters = [(start, start + 1, 60 + pitch) for start, pitch in enumerate([0, 2, 4, 5, 7, 5, 4, 2] * 8)]
    plain = only(extract(score(*quarters), lenient(finds_form=True)))
    both = chords(*((start, "C" if start % 8 else "G") for start in range(0, 64, 4)))
    with_chords = only(extract(score(*quarters, chords=both), lenient(finds_form=True)))
    assert plain.sections
    assert (with_chords.events, with_chords.sections) == (plain.events, plain.sections)
    assert all(chord.step < len(plain.events) for chord in with_chords.chords)


def test_a_melody_starts_at_the_start_of_its_bar():
    melody = only(extract(score((5, 6, 60)), LENIENT))
    assert melody.events == [-2, -2, -2, -2, 60, -2, -2, -2]
    assert melody.pickup_steps == 0


def test_drums_are_no_melody():
    drums = Part((Note(Fraction(0), Fraction(1), 40),), is_drums=True)
    both = Score((drums, *score((0, 1, 60)).parts), (Bar(Fraction(0)),), Fraction(1))
    assert only(extract(both, LENIENT)).events == [60, -2, -2, -2]
    assert rules_of(extract(Score((drums,), both.bars, both.end), LENIENT)) == ["no_notes"]


@pytest.mark.parametrize("meter", [Meter(3, 4), Meter(6, 8), Meter(9, 8), Meter(2, 2), Meter(7, 8)])
def test_a_melody_has_the_meter_of_its_source(meter: Meter):
    bars = tuple(meter.quarters * number for number in range(9))
    assert only(extract(scale(8, bars=bars, meters=meters((0, meter))), LENIENT)).meter == meter


@pytest.mark.parametrize("meter", [Meter(3, 32), Meter(1, 128), Meter(32, 128), Meter(300, 4)])
def test_bars_of_no_whole_number_of_steps_or_of_no_use_are_dropped(meter: Meter):
    assert rules_of(extract(scale(8, meters=meters((0, meter))), LENIENT)) == ["meter"]


def test_finer_steps_hold_bars_that_coarser_ones_do_not():
    found = extract(scale(8, meters=meters((0, Meter(3, 32))), bars=(0,)), lenient(steps_per_quarter=8, pad_bars=False))
    assert only(found).meter == Meter(3, 32)


def test_short_melodies_are_dropped_at_the_limit():
    rules = lenient(min_bars=2)
    assert rules_of(extract(scale(7), rules)) == ["too_short"]
    assert len(extract(scale(8), rules).melodies) == 1


def test_few_pitch_classes_are_counted_without_octaves():
    rules = lenient(min_pitch_classes=3)
    assert rules_of(extract(score((0, 1, 60), (1, 2, 62), (2, 3, 72)), rules)) == ["too_few_pitches"]
    assert len(extract(score((0, 1, 60), (1, 2, 62), (2, 3, 71)), rules).melodies) == 1


def test_long_melodies_are_cut_off():
    melody = only(extract(scale(8), lenient(max_steps=20)))
    assert melody.is_truncated
    assert len(melody.events) == 20


def test_a_gap_of_a_bar_parts_two_melodies_and_less_does_not():
    notes = [(0.0, 1.0, 60), (5.0, 6.0, 62)]
    assert len(extract(score(*notes), LENIENT).melodies) == 2
    assert len(extract(score(*notes), lenient(gap_bars=1.5)).melodies) == 1
    assert len(extract(score((0, 1.25, 60), (5, 6, 62)), LENIENT).melodies) == 1


@pytest.mark.parametrize(("polyphony", "number"), [("discard", 2), ("skyline", 1)])
def test_a_gap_is_counted_from_the_note_that_the_melody_had_last(polyphony: str, number: int):
    held = score((0, 8, 72), (2, 3, 60), (9, 10, 74))
    assert len(extract(held, lenient(polyphony=polyphony)).melodies) == number


def test_a_gap_parts_what_a_rule_drops_from_what_it_does_not():
    found = extract(score((0, 1, 60), (0, 1, 64), (8, 9, 62), (9, 10, 64)), LENIENT)
    assert rules_of(found) == ["polyphonic"]
    assert only(found).events[::4] == [62, 64]


def test_meter_changes_part_melodies_and_tempo_changes_by_rule():
    changed = scale(8, bars=(0, 4, 7), meters=meters((0, Meter(4, 4)), (4, Meter(3, 4))))
    assert [melody.meter for melody in extract(changed, LENIENT).melodies] == [Meter(4, 4), Meter(3, 4)]
    tempo = scale(8, tempos=tempos((0, 120), (4, 90)))
    assert len(extract(tempo, LENIENT).melodies) == 2
    assert len(extract(tempo, lenient(split_at_tempo_changes=False)).melodies) == 1


def test_what_is_given_again_changes_nothing():
    assert len(extract(scale(8, meters=meters((0, Meter(4, 4)), (4, Meter(4, 4)))), LENIENT).melodies) == 1
    assert len(extract(scale(8, tempos=tempos((0, 90), (4, 90))), LENIENT).melodies) == 1


def test_the_first_tempo_holds_from_the_beginning():
    assert len(extract(scale(8, tempos=tempos((0.5, 90))), LENIENT).melodies) == 1


def test_bars_go_on_over_a_change_of_tempo():
    changed = scale(12, tempos=tempos((0, 90), (5, 60)))
    first, second = extract(changed, LENIENT).melodies
    assert first.events[::4] == [60, 62, 64, 66, 68]
    assert second.events[::4] == [-2, 70, 60, 62, 64, 66, 68, 70]
    _, magenta_s = extract(changed, lenient(pad_bars=False)).melodies
    assert magenta_s.events[::4] == second.events[4::4]


def test_what_changes_of_tempo_cut_short_is_one_loss_that_names_the_way_out():
    rubato = scale(32, tempos=tempos(*((quarter, 90 + quarter) for quarter in range(1, 32))))
    found = extract(rubato, lenient(min_bars=7))
    assert rules_of(found) == ["tempo_changes"]
    assert found.rejections[0].detail == (
        "31 melodies cut by changes of tempo have fewer than 7 bars; --ignore-tempo-changes reads across them"
    )
    assert len(extract(rubato, lenient(min_bars=7, split_at_tempo_changes=False)).melodies) == 1


def test_chords_are_dropped_or_give_their_top_note():
    chord = score((0, 1, 67), (0, 1, 60), (1, 2, 62))
    assert rules_of(extract(chord, LENIENT)) == ["polyphonic"]
    assert only(extract(chord, lenient(polyphony="skyline"))).events[::4] == [67, 62]


def test_inner_voices_are_left_out_or_cut_the_held_note():
    held = score((0, 4, 72), (1, 2, 60), (4, 5, 74))
    assert only(extract(held, lenient(polyphony="skyline"))).events[::4] == [72, -2, -2, -2, 74]
    assert only(extract(held, LENIENT)).events[::4] == [72, 60, -1, -2, 74]


def test_triplets_on_one_step_are_dropped_or_lose_the_later_note():
    sixth = Fraction(1, 6)
    triplet = score((0, sixth, 60), (sixth, 2 * sixth, 62), (2 * sixth, 0.5, 64), (0.5, 1, 65))
    assert rules_of(extract(triplet, LENIENT)) == ["collapsed"]
    kept = only(extract(triplet, lenient(collapsed="keep")))
    assert kept.events == [60, 62, 65, -2]
    assert kept.num_collapsed == 1
    assert only(extract(triplet, lenient(steps_per_quarter=12))).events[:8] == [60, -2, 62, -2, 64, -2, 65, -2]


def test_a_pickup_stands_at_the_end_of_its_bar():
    opened = score((0, 1, 60), (1, 2, 62), (2, 3, 64), (3, 4, 65), (4, 5, 67), bars=(0, 1, 5))
    found = extract(opened, LENIENT)
    assert only(found).events == [-2] * 12 + [60, -2, -2, -2, 62, -2, -2, -2, 64, -2, -2, -2, 65, -2, -2, -2, 67] + (
        [-2] * 3
    )
    assert (only(found).pickup_steps, found.num_pads) == (4, 1)
    unpadded = extract(opened, lenient(pad_bars=False))
    assert only(unpadded).events[::4] == [60, 62, 64, 65, 67]
    assert (only(unpadded).pickup_steps, unpadded.num_pads) == (0, 0)


def test_a_long_pickup_is_known_by_its_bar():
    opened = score(*((quarter, quarter + 1, 60 + quarter) for quarter in range(11)), bars=(0, 3, 7, 11))
    assert only(extract(opened, LENIENT)).pickup_steps == 12


def test_only_the_first_melody_has_the_pickup_of_the_piece():
    notes = [(quarter, quarter + 1, 60 + quarter) for quarter in range(11) if quarter not in (3, 4, 5, 6)]
    opened = score(*notes, bars=(0, 3, 7, 11))
    assert [melody.pickup_steps for melody in extract(opened, LENIENT).melodies] == [12, 0]


def test_what_is_put_in_within_a_piece_grows_no_note():
    short = score((0, 1, 60), (1, 3, 62), (3, 7, 64), (7, 11, 65), bars=(0, 3, 7, 11), meters=meters((0, Meter(4, 4))))
    assert only(extract(short, LENIENT)).events[:20] == [-2] * 4 + [60, -2, -2, -2, 62] + [-2] * 7 + [64, -2, -2, -2]


def test_a_later_meter_s_pickup_is_made_whole_too():
    notes = [(quarter, quarter + 1, 60 + quarter) for quarter in range(13)]
    changed = score(*notes, bars=(0, 2, 6, 7, 10), meters=meters((0, Meter(4, 4)), (6, Meter(3, 4))))
    first, second = extract(changed, LENIENT).melodies
    assert (first.pickup_steps, second.pickup_steps) == (8, 4)
    assert second.events[::4] == [-2, -2, 66, 67, 68, 69, 70, 71, 72]


def test_repeats_are_taken_once_or_played():
    bars = (Bar(Fraction(0), opens_repeat=True, times=2), Bar(Fraction(4)))
    repeated = scale(8, bars=bars)
    assert only(extract(repeated, LENIENT)).events[::4] == [60, 62, 64, 66, 68, 70, 60, 62]
    played = only(extract(repeated, lenient(repeats="expanded")))
    assert played.events[::4] == [60, 62, 64, 66, 60, 62, 64, 66, 68, 70, 60, 62]


def test_a_melody_has_the_key_that_holds_where_it_begins():
    keys = (KeyChange(Fraction(0), Key(2)), KeyChange(Fraction(8), Key(-1, "dorian")))
    notes = [(0.0, 1.0, 60), (8.0, 9.0, 62), (9.0, 10.0, 62)]
    assert [melody.key for melody in extract(score(*notes, keys=keys), LENIENT).melodies] == [key for _, key in keys]
    late = (KeyChange(Fraction(4), Key(2)),)
    assert only(extract(score(*notes[:1], keys=late), LENIENT)).key == Key(2)


def test_a_score_without_notes_says_so():
    assert rules_of(extract(score(), LENIENT)) == ["no_notes"]


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
    """Notes on the grid of 16ths, some long, with gaps, and those of an instrument one after the other."""
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=120)
    numerator = random.choice([2, 3, 4, 6])
    sequence.time_signatures.add(numerator=numerator, denominator=random.choice([4, 8]))
    for instrument in range(random.randint(1, 3)):
        step = random.randint(0, 20)
        for _ in range(random.randint(1, 60)):
            step += random.choice([1, 2, 2, 4, 4, 8, 40])
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
            melody.from_quantized_sequence(quantised, start, instrument, rules.gap_bars)
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
    rules = ExtractionRules(min_bars=3, min_pitch_classes=4, max_steps=64, pad_bars=False)
    ours = extract(score_from_sequence(sequence), rules)
    assert [melody.events for melody in ours.melodies] == melodies_of_note_seq(sequence, rules)
