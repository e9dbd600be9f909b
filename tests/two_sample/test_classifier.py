import json
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.two_sample import two_sample
from melody_rnn.evaluation.two_sample.classifier import (
    MIN_TUNES,
    NUM_FOLDS,
    auc_of,
    families_of,
    folds_of,
    paired,
    resampled,
    weighted_aucs,
)
from melody_rnn.evaluation.two_sample.matching import Shape, compare, generate_alike
from melody_rnn.music.meters import Meter
from tests.two_sample.toy_tunes import plain_tune, random_notes


@pytest.fixture(scope="module")
def apart():
    """Notes at random against plain tunes."""
    return two_sample([random_notes(seed) for seed in range(24)], [plain_tune(seed) for seed in range(30)], seed=1)


def test_what_differs_is_told_apart(apart):
    assert apart.auc.value > 0.95
    assert apart.auc.low <= apart.auc.value <= apart.auc.high
    assert apart.num_tunes == 24
    assert apart.groups["repetition"].value > 0.9
    assert not apart.uses_keys
    assert list(apart.meters) == ["4/4"]


def test_features_that_give_away_come_first(apart):
    aucs = [row.auc for row in apart.features]
    assert aucs == sorted(aucs, reverse=True)
    best = next(row for row in apart.features if row.name == "repeat_exact_4")
    assert best.auc > 0.9
    assert best.generated < best.real
    assert best.sentence.startswith("Share of bars")
    assert json.loads(json.dumps(apart.to_data()))["num_tunes"] == 24


def test_what_is_alike_is_not_told_apart():
    result = two_sample([plain_tune(seed) for seed in range(40)], [plain_tune(100 + seed) for seed in range(40)])
    assert 0.3 < result.auc.value < 0.7
    assert result.auc.low < 0.5 < result.auc.high
    assert 0.2 < result.control.value < 0.8
    assert result.uses_keys


def test_the_same_seed_gives_the_same_figures(apart):
    again = two_sample([random_notes(seed) for seed in range(24)], [plain_tune(seed) for seed in range(24)], seed=1)
    assert again == apart


def test_too_few_tunes():
    with pytest.raises(InvalidArgumentError, match=f"needs {MIN_TUNES} tunes"):
        two_sample([plain_tune(1)] * 3, [plain_tune(2)] * 40)


def test_settings_of_one_tune_are_never_parted():
    tunes = [plain_tune(seed // 3).transpose(seed % 3) for seed in range(60)]
    families = families_of(tunes, np.arange(60))
    assert families.tolist() == [seed // 3 * 3 for seed in range(60)]
    folds = folds_of(families, np.random.default_rng(1))
    assert all(len(set(folds[families == family])) == 1 for family in families)
    assert np.bincount(folds, minlength=NUM_FOLDS).tolist() == [12] * NUM_FOLDS
    weights = resampled(families, np.random.default_rng(1))
    assert (weights[:, ::3] == weights[:, 1::3]).all()
    assert (weights.sum(axis=1) == 60).all()


def test_a_fold_has_as_many_tunes_of_a_shape_of_either_kind():
    tunes = [random_notes(seed, 64 + 16 * (seed % 4)) for seed in range(30)]
    tunes += [random_notes(100 + seed, 64 + 16 * (seed * 7 % 4)) for seed in range(30)]
    is_generated = np.arange(60) < 30
    pairs = paired(tunes, is_generated)
    assert (np.bincount(pairs) == 2).all()
    folds = folds_of(families_of(tunes, pairs), np.random.default_rng(2))
    for fold in range(NUM_FOLDS):
        numbers = [int(((folds == fold) & kind).sum()) for kind in (is_generated, ~is_generated)]
        assert numbers == [6, 6]
    # 8 tunes of the shortest kind against 8, so that these are paired among each other.
    shortest = np.array([len(tune) == 64 for tune in tunes])
    assert set(pairs[shortest & is_generated]) == set(pairs[shortest & ~is_generated])


def test_auc_counts_pairs_and_ties_half():
    scores = np.array([0.0, 1.0, 1.0, 2.0])
    is_generated = np.array([False, False, True, True])
    weights, folds = np.array([[1.0, 1, 1, 1], [2, 0, 1, 1], [1, 1, 0, 0]]), np.zeros(4, np.int64)
    np.testing.assert_allclose(weighted_aucs(scores, is_generated, folds, weights), [3.5 / 4, 1, np.nan])
    apart = np.array([0, 1, 1, 0])
    np.testing.assert_allclose(weighted_aucs(scores, is_generated, apart, weights), [1.5 / 2, 1, np.nan])
    auc = auc_of(scores, is_generated, folds, weights)
    assert (auc.value, auc.low, auc.high) == (3.5 / 4, pytest.approx(0.875, abs=0.01), pytest.approx(1, abs=0.01))


def test_generated_tunes_have_the_shapes_of_the_real_ones(tiny_model):
    real = [random_notes(k, 32 + 4 * (k % 3), Meter(6, 8) if k % 2 else Meter(4, 4), k % 2 * 4) for k in range(9)]
    generated = generate_alike(tiny_model, real, seed=1)
    assert [Shape.of(tune) for tune in generated] == [Shape.of(tune) for tune in real]
    assert len({tune.events for tune in generated}) > 5
    assert generate_alike(tiny_model, real, seed=1) == generated


def test_comparing_says_what_numbers_it_can_have(tiny_model):
    real = [random_notes(seed, 64) for seed in range(MIN_TUNES + 1)]
    with pytest.raises(InvalidArgumentError, match="needs 20 real tunes, and the split has 3"):
        compare(tiny_model, real[:3], 0, 0)
    for number in (5, 22):
        with pytest.raises(InvalidArgumentError, match=f"from 20 to 21 tunes, got {number}"):
            compare(tiny_model, real, number, 0)
    result = compare(tiny_model, [replace(tune, key=plain_tune(1).key) for tune in real], MIN_TUNES, 0)
    assert result.num_tunes == MIN_TUNES
    assert not result.uses_keys
