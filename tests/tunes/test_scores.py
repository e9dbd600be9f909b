"""Tunes to scores and back: what a file holds of a tune is all of it."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.formats.form import bars_played
from melody_rnn.formats.score import Bar, KeyChange, MeterChange, Note, Part, Score
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.from_score import pickup_of, tunes_of_score
from melody_rnn.tunes.to_score import about_text, given_ranges, score_of
from melody_rnn.tunes.tune import Jump, Origin, Section, Tune
from tests.tunes.random_tunes import random_tune


def score(notes, meter=COMMON_TIME, bars=None, **fields):
    """A score of (start, end, pitch) in quarters."""
    own = tuple(Note(Fraction(start), Fraction(end), pitch) for start, end, pitch in notes)
    end = max(note.end for note in own)
    bars = bars or [Bar(k * meter.quarters) for k in range(-(-end // meter.quarters))]
    parts = fields.pop("parts", (Part(own),))
    return Score(parts, tuple(bars), end, (MeterChange(Fraction(0), meter),), **fields)


@pytest.mark.parametrize("seed", range(300))
def test_a_score_holds_all_of_a_written_tune(seed):
    tune = random_tune(random.Random(seed))
    assert tunes_of_score(score_of(tune)) == [tune]


@pytest.mark.parametrize("seed", range(100))
def test_a_score_holds_all_events_of_a_played_tune(seed):
    played = random_tune(random.Random(seed)).played()
    (again,) = tunes_of_score(score_of(played, fills_last_bar=True))
    assert again.events == played.events
    whole = score_of(played, fills_last_bar=True)
    assert whole.end % played.meter.quarters == (Fraction(played.pickup_steps, 4) if played.pickup_steps else 0)


def test_a_da_capo_is_written():
    music = (60, -2, -2, -2, 62, -2, -2, -2) * 2
    sections = (Section(0, "A", 2), Section(8, "B"))
    for jump in (Jump(16, 0, 8), Jump(16, 0, 16), Jump(16, 4, 8), Jump(8, 0, 4)):
        tune = Tune(music, Meter(1, 4), sections=sections, jump=jump, ends_note=True)
        assert tunes_of_score(score_of(tune)) == [tune]


def test_the_top_voice_is_the_tune():
    chords = [(0, 1, 60), (0, 1, 64), (1, 2, 62), (1, 2, 59)]
    (tune,) = tunes_of_score(score(chords))
    assert tune.events == (64, -2, -2, -2, 62, -2, -2, -2)
    assert tune.remarks == ("several notes at once; only the top voice counts",)
    # An inner voice under a held note is no tune; a note that lasts longer takes over.
    (held,) = tunes_of_score(score([(0, 4, 72), (1, 2, 60), (3, 5, 62)]))
    assert held.events == (72, *[-2] * 11, 62, *[-2] * 7)


def test_each_part_is_a_tune_but_drums():
    parts = tuple(Part((Note(Fraction(0), Fraction(1), pitch),), is_drums=pitch == 40) for pitch in (40, 60, 48))
    tunes = tunes_of_score(score([(0, 1, 60)], parts=parts))
    assert [tune.pitches for tune in tunes] == [[60], [48]]
    assert tunes[0].remarks == ("2 parts; this is part 1",)
    with pytest.raises(MelodyError, match="drums do not count"):
        tunes_of_score(score([(0, 1, 60)], parts=parts[:1]))


def test_pickups_stand_at_the_end_of_their_bar():
    notes = [(0, 1, 67), (1, 5, 60)]
    (notated,) = tunes_of_score(score(notes, bars=[Bar(Fraction(0)), Bar(Fraction(1))]))
    assert notated.events == (*[-2] * 12, 67, -2, -2, -2, 60, *[-2] * 15)
    assert notated.pickup_steps == 4
    # As a sequencer has it: a whole bar, the first notes at its end.
    (played,) = tunes_of_score(score([(start + 3, end + 3, pitch) for start, end, pitch in notes]))
    assert played == notated


def test_long_silence_before_a_note_is_a_pickup_and_short_a_rest():
    assert pickup_of([-2] * 8 + [60], 16) == 8
    assert pickup_of([-2] * 7 + [60], 16) == 0
    assert pickup_of([-2] * 16 + [60], 16) == 0
    assert pickup_of([60], 16) == 0


def test_empty_bars_before_the_first_note_are_left_out():
    (tune,) = tunes_of_score(score([(9, 10, 60)]))
    assert tune.events == (-2, -2, -2, -2, 60, -2, -2, -2)


def test_fast_notes_that_fall_together_are_told():
    third = Fraction(1, 12)
    (tune,) = tunes_of_score(score([(0, third, 60), (third, 2 * third, 62), (2 * third, 3 * third, 64), (1, 2, 65)]))
    assert tune.pitches == [60, 64, 65]
    assert tune.remarks == ("1 note falls onto another's step and is left out, as in fast triplets",)
    (fine,) = tunes_of_score(score([(0, third, 60), (third, 2 * third, 62), (2 * third, 3 * third, 64)]), 12)
    assert fine.pitches == [60, 62, 64]


def test_a_meter_that_changes_is_told():
    changing = replace(
        score([(0, 8, 60)]), meters=(MeterChange(Fraction(0), Meter(4, 4)), MeterChange(Fraction(4), Meter(2, 4)))
    )
    (tune,) = tunes_of_score(changing)
    assert tune.meter == Meter(4, 4)
    assert tune.remarks == ("the meter changes; the bars are those of 4/4",)


def test_key_and_making_travel():
    text = (
        '{"model": "tunes_rnn", "seed": 3, "index": 2, "temperature": 0.9, "version": "1", "given": [[0, 2], [5, 99]]}'
    )
    (tune,) = tunes_of_score(score([(0, 2, 60)], keys=(KeyChange(Fraction(0), Key(2, "dorian")),), text=text))
    assert tune.key == Key(2, "dorian")
    assert tune.origin == Origin("tunes_rnn", 3, 2, {"temperature": 0.9, "given": [[0, 2], [5, 99]]}, "1")
    assert given_ranges(tune) == [[0, 2], [5, 8]]
    assert '"given": [[0, 2], [5, 8]]' in about_text(tune)


@pytest.mark.parametrize(
    "text", ["[" * 10_000, "[1]", '{"model": 3}', "{", '{"model": "x", "given": [[0], ["a", 2], 5]}']
)
def test_foreign_texts_say_nothing(text):
    (tune,) = tunes_of_score(score([(0, 1, 60)], text=text))
    assert tune.given == ()


def test_what_lasts_too_long_is_refused():
    with pytest.raises(MelodyError, match="damaged"):
        tunes_of_score(score([(0, 1, 60), (30_000, 30_001, 62)], bars=[Bar(Fraction(0))]))


def test_a_jump_from_within_the_last_bar_is_written_at_its_end():
    tune = Tune((60, -2, 62, -2) * 7, jump=Jump(26, 0, 26))
    assert "da_capo" in score_of(tune).bars[-1].marks


def test_a_da_capo_before_a_coda_ends_what_is_played_first():
    bars = (
        Bar(Fraction(0)),
        Bar(Fraction(4), marks=frozenset({"to_coda"})),
        Bar(Fraction(8), marks=frozenset({"da_capo"})),
        Bar(Fraction(12), marks=frozenset({"coda"})),
    )
    assert bars_played(bars) == [0, 1, 2, 0, 1, 3]
