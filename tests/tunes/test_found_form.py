from dataclasses import replace
from random import Random

import pytest

from melody_rnn.music.meters import Meter
from melody_rnn.tunes.found_form import find_form
from melody_rnn.tunes.tune import Ending, Jump, Section, Tune


def bars(seed: int, number: int) -> tuple[int, ...]:
    """Bars of eighths in 2/4 of which no two are the same."""
    random = Random(seed)
    return tuple(event for _ in range(number * 4) for event in (random.randrange(55, 80), -2))


A, B, C = bars(0, 8), bars(1, 8), bars(2, 8)


def tune(events: tuple[int, ...], *sections: Section, pickup: int = 0, jump: Jump | None = None) -> Tune:
    return Tune(events, Meter(2, 4), pickup, sections=sections, jump=jump)


def found(written: Tune) -> Tune:
    return find_form(replace(written.played(), sections=()))


def upbeat(*pitches: int) -> tuple[int, ...]:
    return tuple(event for pitch in pitches for event in (pitch, -2))


SILENT = (-2,) * 6


@pytest.mark.parametrize(
    "written",
    [
        tune(A + B, Section(0, "A", 2), Section(64, "B", 2)),
        tune(A + B, Section(0, "A", 2), Section(64, "B")),
        tune(A + B, Section(0, "A"), Section(64, "B", 2)),
        tune(A + B + C, Section(0, "A", 2), Section(64, "B"), Section(128, "C", 2)),
        tune(A + B, Section(0, "A", 3), Section(64, "B", 2)),
        tune(A[:32] + B[:32], Section(0, "A", 2), Section(32, "B", 2)),
        tune(A + B + C, Section(0, "A", 2), Section(128, "B", 2)),
        tune(A + B, Section(0, "A", 2, (Ending((1,), 56, bars(3, 1)),)), Section(64, "B", 2)),
        tune(A + B, Section(0, "A", 2), Section(64, "B", 2, (Ending((1,), 112, bars(3, 2)),))),
        tune(SILENT + upbeat(70) + A[:-2] + upbeat(71) + B[:-2], Section(6, "A", 2), Section(70, "B", 2), pickup=2),
        tune(A[:-2] + upbeat(71) + B[:-4], Section(0, "A", 2), Section(62, "B", 2)),
    ],
)
def test_what_is_played_is_found_and_written(written: Tune):
    assert found(written).sections == written.sections
    assert found(written).events == written.events


def test_the_exact_repeat_of_eight_bars_goes_before_four_bars_with_endings():
    phrase = A[:24]
    section = phrase + B[:8] + phrase + C[:8]
    assert found(tune(section, Section(0, "A", 2))).sections == (Section(0, "A", 2),)


def test_eight_bars_of_the_same_four_are_no_repeat_of_eight_with_endings():
    assert find_form(tune(A[:24] + B[:8] + A[:24] + C[:8])).sections == ()


def test_a_tune_without_repeats_or_with_a_form_is_left_as_it_is():
    for own in (
        tune(A + B),
        tune(()),
        tune(A + A, Section(0, "A"), Section(64, "B")),
        tune(A + A, jump=Jump(128, 0, 64)),
    ):
        assert find_form(own) is own


@pytest.mark.parametrize("seed", range(40))
def test_what_is_found_sounds_as_before(seed: int):
    random = Random(seed)
    phrases = [tuple(random.choice([-2, -2, -1, 60, 62]) for _ in range(8)) for _ in range(3)]
    events = sum((random.choice(phrases) for _ in range(random.randrange(4, 60))), ())
    own = Tune(events[: -random.randrange(1, 8)], Meter(2, 4), 0)
    starts = [(step, event) for step, event in enumerate(find_form(own).played().events) if event >= 0]
    assert starts == [(step, event) for step, event in enumerate(own.events) if event >= 0]
