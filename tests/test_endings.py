import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.ending_detector import FEATURES, EndingDetector, ending_figures, hear_bar_ends
from melody_rnn.features.anatomy import Anatomy
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Tune
from tests.two_sample.toy_tunes import plain_tune, random_notes

C, D, G = 60, 62, 67


@pytest.mark.parametrize(
    ("last_bar", "meter", "expected"),
    [
        ([D, -2, -2, -2, D, -2, -2, -2, C, -2, -2, -2, -1, -2, -2, -2], (4, 4), (1, 1, 1, 1)),
        ([D, -2, -2, -2, C, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2], (4, 4), (1, 0, 1, 0)),
        ([D, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, D, -2, C, -2], (4, 4), (0, 0, 1, 0)),
        ([C, -2, D, -2, D, -2, G, -2, -2, -2, -2, -2], (6, 8), (1, 1, 0, 0)),
        ([C, -2, -2, -2, C, -2, -2, -2, C, -2, -2, -2], (3, 4), (1, 0, 1, 0)),
        ([D, -2, -2, -2, C, -2, -1, -2], (2, 4), (1, 1, 1, 1)),
        ([D, -2, -2, -2, C, -2], (3, 8), (1, 0, 1, 0)),
    ],
)
def test_how_a_tune_ends(last_bar, meter, expected):
    meter = Meter(*meter)
    tune = Tune((*[D] * meter.steps_per_bar(), *last_bar), meter, key=Key(0))
    figures = ending_figures([tune])
    assert (figures.long, figures.strong, figures.tonic, figures.all_three) == expected


def test_figures_are_shares():
    figures = ending_figures([plain_tune(1), plain_tune(2), plain_tune(3), Tune((-2,) * 16)])
    assert (figures.long, figures.all_three) == (0.75, 0.75)
    with pytest.raises(InvalidArgumentError, match="no tune"):
        ending_figures([])


def test_the_detector_knows_ends():
    detector = EndingDetector([plain_tune(seed) for seed in range(40)])
    real = detector([plain_tune(seed) for seed in range(100, 120)])
    assert real.ends > 0.95
    assert real.inner < 0.1
    assert detector([random_notes(seed) for seed in range(20)]).ends < 0.5


def test_what_is_heard_does_not_know_what_comes():
    tune = plain_tune(1)
    cut = Tune(tune.events[: 12 * 16], key=tune.key)
    heard, all_heard = hear_bar_ends(Anatomy.of(cut)), hear_bar_ends(Anatomy.of(tune))
    assert heard.rows.shape == (12, len(FEATURES))
    np.testing.assert_allclose(heard.rows, all_heard.rows[:12])
    assert np.flatnonzero(~all_heard.is_inner).tolist() == [7, 15]


def test_bars_end_before_the_next_pickup():
    tune = plain_tune(1)
    moved = Tune((*[-2] * 14, G, -2, *tune.events[:-2]), pickup_steps=2, key=tune.key)
    row = dict(zip(FEATURES, hear_bar_ends(Anatomy.of(moved)).rows[7], strict=True))
    assert row["Quarters that the last note sounds."] == 1.5


def test_what_a_detector_needs():
    with pytest.raises(InvalidArgumentError, match="needs 20 tunes of more than one bar, got 2"):
        EndingDetector([plain_tune(1), plain_tune(2), Tune((C,))])
    with pytest.raises(InvalidArgumentError, match="no tune"):
        EndingDetector([plain_tune(seed) for seed in range(20)])([Tune((-2,))])
