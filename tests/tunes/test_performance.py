import random

import pytest

from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord, Ending, Jump, Section, Tune
from tests.tunes.random_tunes import random_tune

TWO_FOUR = Meter(2, 4)
A, B = (60, -2, -2, -2, 62, -2, 64, -2), (67, -2, -2, -2, 65, -2, -2, -2)


def test_a_tune_without_repeats_is_played_as_it_is():
    tune = Tune(A + B, TWO_FOUR, sections=(Section(0), Section(8, "B")))
    assert tune.played() is tune
    assert Tune(A).played() == Tune(A).written() == Tune(A)


def test_sections_are_repeated_with_their_chords():
    tune = Tune(
        A + B, TWO_FOUR, sections=(Section(0, "A", 2), Section(8, "B", 2)), chords=(Chord(0, "C"), Chord(12, "G"))
    )
    played = tune.played()
    assert played.events == A + A + B + B
    assert played.form == tune.form == "AABB"
    assert [section.start for section in played.sections] == [0, 8, 16, 24]
    assert played.chords == (Chord(0, "C"), Chord(8, "C"), Chord(20, "G"), Chord(28, "G"))
    assert played.written() == tune


def test_passes_before_the_last_have_endings_of_their_own():
    sections = (Section(0, "A", 3, (Ending((1,), 8, (62, -2, -1, -2)), Ending((2,), 8, (64, -2, -2, -2)))),)
    tune = Tune((*A, 60, -2, -2, -2), Meter(1, 4), sections=sections)
    assert tune.played().events == (*A, 62, -2, -1, -2, *A, 64, -2, -2, -2, *A, 60, -2, -2, -2)
    assert tune.played().written() == tune


def test_a_pickup_comes_again_within_the_bar():
    # One step of pickup; the section's last bar is short by it.
    tune = Tune((-2, -2, -2, 59, 60, -2, -2, -2, 62, -2, 64), Meter(1, 4), 1, sections=(Section(3, "A", 2),))
    assert tune.played().events == (*tune.events, 59, 60, -2, -2, -2, 62, -2, 64)
    assert tune.played().written() == tune


def test_bars_stay_whole_where_the_repeat_begins_elsewhere():
    # The last note is long enough to give way to the pickup; else silence comes in.
    long_end = Tune((-2, -2, -2, 59, 60, -2, -2, -2), Meter(1, 4), 1, sections=(Section(3, "A", 2),))
    assert long_end.played().events == (-2, -2, -2, 59, 60, -2, -2, 59, 60, -2, -2, -2)
    short_end = Tune((-2, -2, -2, 59, 60, 62, 64, 65), Meter(1, 4), 1, sections=(Section(3, "A", 2),))
    assert short_end.played().events == (*short_end.events, -1, -2, -2, 59, 60, 62, 64, 65)


def test_a_section_that_begins_with_a_rest_does_not_hold_the_note_before():
    tune = Tune((-2, 60, 62, -2), Meter(1, 4), sections=(Section(0, "A", 2),))
    assert tune.played().events == (-2, 60, 62, -2, -1, 60, 62, -2)
    assert tune.played().written() == tune


def test_a_da_capo_plays_sections_once_up_to_its_end():
    sections = (Section(0, "A", 2), Section(8, "B"))
    tune = Tune(A + B, TWO_FOUR, sections=sections, jump=Jump(16, 0, 8))
    assert tune.played().events == A + A + B + A
    assert tune.played().form == "AABA"
    coda = Tune(A + B, Meter(1, 4), sections=sections, jump=Jump(8, 0, 4))
    assert coda.played().events == A + A + A[:4] + B


def test_what_was_given_stays_given():
    tune = Tune(A, TWO_FOUR, sections=(Section(0, "A", 2),), given=(True,) * 4 + (False,) * 4, probabilities=(0.5,) * 8)
    assert tune.played().given == ((True,) * 4 + (False,) * 4) * 2
    assert tune.played().probabilities == (0.5,) * 16


def test_different_sections_of_one_name_are_left_apart():
    tune = Tune(A + B, TWO_FOUR, sections=(Section(0, "A"), Section(8, "A")))
    assert tune.written() == tune
    # The same but for the last bar is a section with two endings.
    other = (*A[:4], 67, -2, -2, -2)
    folded = Tune(A + other, Meter(1, 4), sections=(Section(0, "A"), Section(8, "A"))).written()
    assert folded.events == other
    assert folded.sections == (Section(0, "A", 2, (Ending((1,), 4, A[4:]),)),)


@pytest.mark.parametrize("seed", range(200))
def test_writing_is_the_inverse_of_playing(seed):
    tune = random_tune(random.Random(seed))
    played = tune.played()
    assert played.played() is played
    assert played.written().played().events == played.events
    assert sum(1 for event in played.events if event >= 0) >= len(tune.pitches)
