from dataclasses import replace

import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.ending_detector import EndingDetector
from melody_rnn.evaluation.whole_tunes import copied_share, distance, measure_whole_tunes, sections_alike
from melody_rnn.tunes.tune import Section, Tune
from tests.two_sample.toy_tunes import plain_tune, random_notes

BAR_C, BAR_D, BAR_E = [60, -2] * 8, [62, -2] * 8, [64, -2] * 8


def test_figures_of_whole_tunes():
    tunes = [plain_tune(seed) for seed in range(24)]
    figures = measure_whole_tunes([*tunes, Tune((-2,) * 16)], tunes[:12], EndingDetector(tunes))
    assert (figures.num_tunes, figures.forms, figures.bars, figures.pickups) == (24, {"AABB": 1.0}, {16: 1.0}, 0.0)
    assert figures.endings.all_three == 1
    assert figures.detected.ends > 0.9
    assert figures.long_loops == 0
    assert figures.register.under_whistle > 0.9
    assert figures.register.under_fiddle == 0
    assert figures.signatures[0] > 0.9
    assert 0.4 < figures.copied < 0.6
    with pytest.raises(InvalidArgumentError, match="notes"):
        measure_whole_tunes([Tune((-2,))])


def test_loops_of_two_bars():
    tune = Tune(tuple([*BAR_C, *BAR_D] * 4))
    figures = measure_whole_tunes([tune, random_notes(1)])
    assert figures.loop_bars == 3
    assert figures.long_loops == 0.5
    assert (figures.copied, figures.detected) == (None, None)


def test_how_alike_sections_are():
    events = (*BAR_C, *BAR_D, *BAR_E, *BAR_E, *BAR_C, *BAR_E, *BAR_E, *BAR_E)
    sections = (Section(0, "A", 2), Section(64, "B", 2))
    assert sections_alike(Tune(events, sections=sections)) == (0.75, 1.0)
    assert sections_alike(Tune(events)) == (0.75, 1.0)
    assert sections_alike(Tune(events, sections=(Section(0, "A"), Section(64, "A")))) is None
    assert sections_alike(Tune(events, sections=(Section(0, "A", 2),))) is None
    moved = Tune((*[-2] * 14, 60, -2, *events[:-2]), pickup_steps=2)
    with_pickups = replace(moved, sections=(Section(0, "A", 2), Section(64 + 14, "B", 2)))
    assert sections_alike(with_pickups)[0] == pytest.approx(0.75, abs=0.05)


def test_copies_are_found_in_any_key():
    tunes = [random_notes(1), random_notes(2)]
    assert copied_share([tunes[0].transpose(3)], tunes) == 1
    assert copied_share([random_notes(3)], tunes) == 0


def test_distance_of_distributions():
    assert distance([0.5, 0.5], [0.5, 0.5]) == 0
    assert distance([1, 0], [0, 1]) == 1
