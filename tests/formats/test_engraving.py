"""Bars as notation writes them: pickups, ties, lines, beams, spelling."""

from fractions import Fraction

import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.formats.beams import beams, group_numbers
from melody_rnn.formats.engraving import engrave, line_starts, spelled
from melody_rnn.formats.note_values import VALUES
from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, MeterChange, Note, Part, Score
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter


def score(lengths, meter=COMMON_TIME, bars=None, pitch=72, **fields):
    """A score of notes one after the other, of lengths in quarters; a negative one is a rest."""
    notes, now = [], Fraction(0)
    for length in map(Fraction, lengths):
        if length > 0:
            notes.append(Note(now, now + length, pitch))
        now += abs(length)
    bars = bars or [Bar(k * meter.quarters) for k in range(int(-(-now // meter.quarters)))]
    return Score((Part(tuple(notes)),), tuple(bars), now, (MeterChange(Fraction(0), meter),), **fields)


def test_nothing_is_missing_and_nothing_overlaps():
    bars = engrave(score(["3/4", "-1/3", "2/3", "5/2", "-1/4", "7/2"], bars=[Bar(Fraction(0)), Bar(Fraction(4))]))
    for bar in bars:
        times = [bar.bar.start, *(item.start + item.length for item in bar.items)]
        assert [item.start for item in bar.items] == times[:-1]
        assert times[-1] == bar.end


def test_a_note_over_a_bar_line_is_tied():
    items = [item for bar in engrave(score([3, 2, 3])) for item in bar.items]
    assert [(float(item.written), item.is_held, item.is_tied) for item in items] == [
        (3, False, False),
        (1, False, True),
        (1, True, False),
        (3, False, False),
    ]


def test_a_tie_over_a_change_of_key_keeps_its_spelling():
    keys = (KeyChange(Fraction(0), Key(4)), KeyChange(Fraction(4), Key(-6)))
    bars = engrave(score([3, 2, 3], pitch=66, keys=keys))
    assert [item.name.letter for bar in bars for item in bar.items] == ["F", "F", "F", "G"]


def test_a_chord_symbol_within_a_note_splits_it():
    (bar,) = engrave(score([4], chords=(ChordSymbol(Fraction(2), "G"),)))
    assert [item.length for item in bar.items] == [2, 2]


def test_a_pickup_counts_from_its_end_and_a_short_last_bar_from_its_start():
    starts = [Fraction(0), Fraction(1, 2), Fraction(7, 2)]
    bars = engrave(score(["1/2", *["1/2"] * 11], Meter(6, 8), [Bar(start) for start in starts]))
    assert [(bar.is_pickup, bar.is_whole) for bar in bars] == [(True, False), (False, True), (False, False)]
    assert bars[0].origin == Fraction(-5, 2)
    assert group_numbers(bars[2]) == [1, 1, 1, 2, 2]


def test_silence_in_a_short_bar_is_written_in_values_and_in_a_whole_one_is_one_rest():
    starts = [Fraction(0), Fraction(5, 2), Fraction(7)]
    bars = engrave(score(["-5/2", "-9/2", "3"], Meter(9, 8), [Bar(start) for start in starts]))
    assert [bar.is_silent for bar in bars] == [False, True, False]
    assert all(item.written in VALUES for item in bars[0].items)
    assert [item.written for item in bars[1].items] == [Fraction(9, 2)]


@pytest.mark.parametrize(
    ("lengths", "meter", "groups"),
    [
        (["1/2"] * 8, "4/4", [4, 4]),
        (["1/4"] * 4 + ["1/2"] * 6, "4/4", [4, 2, 4]),
        (["1/2"] * 6, "6/8", [3, 3]),
        (["1/2"] * 9, "9/8", [3, 3, 3]),
        (["1/2"] * 6, "3/4", [2, 2, 2]),
        (["1/2"] * 5, "5/8", [3, 2]),
        (["1/3"] * 3 + ["1/2"] * 6, "4/4", [3, 2, 4]),
    ],
)
def test_beams_follow_the_meter(lengths, meter, groups):
    (bar,) = engrave(score(lengths, Meter(*map(int, meter.split("/")))))
    kinds = [first for _, (first, *_) in sorted(beams(bar).items())]
    assert kinds == [kind for size in groups for kind in ["begin", *["continue"] * (size - 2), "end"]]


def test_a_sixteenth_after_a_dotted_eighth_has_a_hook():
    (bar,) = engrave(score(["3/4", "1/4"], Meter(1, 4)))
    assert beams(bar) == {0: ["begin"], 1: ["end", "backward hook"]}


def test_lines_have_four_bars_and_none_has_one_alone():
    assert line_starts(engrave(score([4] * 9)), 4) == {0, 4}
    assert line_starts(engrave(score([4] * 10)), 4) == {0, 4, 8}


def test_a_second_ending_stays_in_the_line_of_the_first():
    bars = [Bar(Fraction(4 * k)) for k in range(10)]
    bars[6] = bars[6]._replace(endings=(1,))
    bars[7] = bars[7]._replace(times=2)
    bars[8] = bars[8]._replace(endings=(2,))
    bars[9] = bars[9]._replace(is_double=True)
    assert line_starts(engrave(score([4] * 10, bars=bars)), 4) == {0, 4}


def test_a_pickup_before_a_repeat_has_no_line_of_its_own():
    bars = [Bar(Fraction(0)), *(Bar(Fraction(1 + 4 * k), opens_repeat=k == 0) for k in range(4))]
    assert line_starts(engrave(score([1, 4, 4, 4, 4], bars=bars)), 4) == {0}


def test_what_is_no_single_line_is_refused():
    overlapping = (Part((Note(Fraction(0), Fraction(2), 60), Note(Fraction(1), Fraction(2), 64))),)
    with pytest.raises(MelodyError, match="several notes"):
        engrave(Score(overlapping, (Bar(Fraction(0)),), Fraction(4)))
    with pytest.raises(MelodyError, match="no part"):
        engrave(Score((), (Bar(Fraction(0)),), Fraction(4)))


@pytest.mark.parametrize(
    ("pitch", "key", "name"),
    [
        (66, Key(2), "F1"),
        (70, Key(-1), "B-1"),
        (61, Key(-1, "minor"), "C1"),
        (68, Key(0, "minor"), "G1"),
        (71, Key(-3, "minor"), "B0"),
        (60, Key(4, "minor"), "B1"),
        (67, Key(5, "minor"), "F2"),
        (61, Key(-4), "D-1"),
        (61, None, "C1"),
    ],
)
def test_pitches_are_spelled_by_the_key(pitch, key, name):
    found = spelled(pitch, key)
    assert f"{found.letter}{found.alter}" == name


def test_octaves_follow_the_letter():
    assert spelled(60, Key(4, "minor")).octave == 3
    assert spelled(71, Key(-7)).octave == 5


@pytest.mark.parametrize("sharps", range(-4, 5))
def test_plain_keys_need_no_double_accidentals(sharps):
    for mode in ("major", "minor", "dorian", "mixolydian"):
        assert all(abs(spelled(pitch, Key(sharps, mode)).alter) < 2 for pitch in range(60, 72))
