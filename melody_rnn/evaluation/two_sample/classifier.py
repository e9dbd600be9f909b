"""A classifier two-sample test: how well generated tunes can be told from real ones.

A classifier is trained to tell the two apart and judged on tunes that it has not seen. An AUC of 0.5 says that it
cannot tell, 1 that it always can. Source: Lopez-Paz and Oquab 2017, 'Revisiting Classifier Two-Sample Tests',
arXiv:1610.06545.

Where a fold has more of one kind, or longer tunes of one kind, the other folds have fewer, and the classifier guesses
against the truth: cross-validation is then worse than chance. So each generated tune shares its fold with a real one of
its shape, and only tunes of one fold are compared with each other. Source: Airola et al. 2011, 'An experimental
comparison of cross-validation techniques for estimating the area under the ROC curve', doi:10.1016/j.csda.2010.11.018.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from melody_rnn.data.splits import SplitRules, group, shingles
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.two_sample.features import GROUPS, NAMES, SENTENCES, columns, measure
from melody_rnn.features.anatomy import Anatomy, Flags, Floats, Ints
from melody_rnn.tunes.tune import Tune

NUM_FOLDS: Final = 5
MIN_TUNES: Final = 4 * NUM_FOLDS
_NUM_FEATURES_A_SPLIT: Final = 30
_NUM_RESAMPLES: Final = 1000
_BOOSTING: Final = {
    "learning_rate": 0.06,
    "max_iter": 300,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 10,
    "l2_regularization": 1.0,
    "early_stopping": False,
}


@dataclass(frozen=True)
class Auc:
    """How well two kinds of tunes can be told apart.

    Attributes:
        value: The probability that a tune of the one kind looks more like it than one of the other; 0.5 is chance.
        low: Lower end of its 95 % bootstrap interval, pairs of tunes and their families resampled.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FeatureAuc:
    """What one feature gives away.

    Attributes:
        name: The feature's.
        sentence: What it is.
        auc: The AUC of the feature alone, at least 0.5; tunes that have no value count as the middle one.
        generated: Its mean over the generated tunes that have a value.
        real: The same of real tunes.
    """

    name: str
    sentence: str
    auc: float
    generated: float
    real: float


@dataclass(frozen=True)
class TwoSample:
    """What a two-sample test found.

    Attributes:
        num_tunes: How many tunes of either kind were compared.
        auc: Of generated against real tunes.
        control: Of one half of the real tunes against the other, by the same rules; its interval holds 0.5 if these are
            sound.
        meters: The AUC within each meter that has enough tunes.
        groups: The AUC of each group of features alone.
        features: All features, those first that give most away.
        uses_keys: Whether tonics are those of the tunes' keys; else they are estimated, for both kinds.
    """

    num_tunes: int
    auc: Auc
    control: Auc
    meters: dict[str, Auc]
    groups: dict[str, Auc]
    features: list[FeatureAuc]
    uses_keys: bool

    def to_data(self) -> dict[str, object]:
        """Returns the result as JSON data."""
        return dataclasses.asdict(self)


def two_sample(generated: Sequence[Tune], real: Sequence[Tune], seed: int = 0, uses_keys: bool = True) -> TwoSample:
    """Tests how well generated tunes can be told from real ones.

    Both are written tunes, of the same meters and lengths if these are not to give them away. Where there are more of
    one kind, the first ones count. Tunes of one family (settings of a tune) are never parted by the cross-validation.

    Args:
        generated: Generated tunes.
        real: Real tunes that the model has not been trained on.
        seed: Of the folds, the classifiers and the bootstrap.
        uses_keys: Whether tonics are those of the tunes' keys, if all have one; else they are estimated, for both
            kinds. Say no where the generated tunes' key is a name only, and not what the model was told to write in.

    Raises:
        InvalidArgumentError: If there are fewer than `MIN_TUNES` of a kind.
    """
    num = min(len(generated), len(real))
    if num < MIN_TUNES:
        raise InvalidArgumentError(f"a two-sample test needs {MIN_TUNES} tunes of either kind, got {num}")
    tunes = [*generated[:num], *real[:num]]
    uses_keys = uses_keys and all(tune.key for tune in tunes)
    if not uses_keys:
        tunes = [replace(tune, key=None) for tune in tunes]
    parts = [Anatomy.of(tune) for tune in tunes]
    is_generated = np.arange(2 * num) < num
    rng = np.random.default_rng(seed)
    families = families_of(tunes, paired(tunes, is_generated))
    folds = folds_of(families, rng)
    values = measure(parts, (~is_generated).tolist(), folds)
    scores = cross_validated(values, is_generated, folds, seed)
    weights = resampled(families, rng)
    return TwoSample(
        num_tunes=num,
        auc=auc_of(scores, is_generated, folds, weights),
        control=_control(tunes[num:], parts[num:], rng, seed),
        meters=_meters(tunes, scores, is_generated, folds, weights),
        groups={
            own.name: auc_of(
                cross_validated(values[:, columns(own)], is_generated, folds, seed), is_generated, folds, weights
            )
            for own in GROUPS
        },
        features=_features(values, is_generated),
        uses_keys=uses_keys,
    )


def paired(tunes: Sequence[Tune], is_one: Flags) -> Ints:
    """Returns the number of each tune's pair, [num_tunes]: one tune of either kind, of one shape where they have it."""
    pairs = np.zeros(len(tunes), np.int64)
    for flags in (is_one, ~is_one):
        pairs[_by_shape(tunes, np.flatnonzero(flags))] = np.arange(flags.sum())
    return pairs


def _by_shape(tunes: Sequence[Tune], places: Ints) -> list[int]:
    """Returns places of tunes, those of one meter, length and pickup one after the other."""
    shapes = [(tune.meter, len(tune.events), tune.pickup_steps) for tune in tunes]
    return sorted(places.tolist(), key=lambda place: shapes[place])


def families_of(tunes: Sequence[Tune], pairs: Ints) -> Ints:
    """Returns the number of each tune's family, [num_tunes]: settings of one tune have one number, and pairs have."""
    sets = shingles([np.array(tune.events, np.int8) for tune in tunes])
    return np.array(group(sets, [str(pair) for pair in pairs], SplitRules().min_shared), np.int64)


def folds_of(families: Ints, rng: np.random.Generator) -> Ints:
    """Returns each tune's fold, [num_tunes], families drawn at random into the fold that has fewest tunes."""
    names, sizes = np.unique(families, return_counts=True)
    order = rng.permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of, filled = np.zeros(len(names), np.int64), np.zeros(NUM_FOLDS, np.int64)
    for place in order:
        fold_of[place] = filled.argmin()
        filled[fold_of[place]] += sizes[place]
    return fold_of[np.searchsorted(names, families)]


def cross_validated(values: Floats, is_generated: Flags, folds: Ints, seed: int) -> Floats:
    """Returns how much each tune looks generated to a classifier trained on the other folds, [num_tunes] log-odds."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    scores = np.zeros(len(values))
    max_features = min(1.0, _NUM_FEATURES_A_SPLIT / values.shape[1])
    # So few tunes are done sooner than threads have met, and waiting threads keep other programs' cores.
    with threadpool_limits(1):
        for fold in range(NUM_FOLDS):
            inside = folds == fold
            # scikit-learn finds no bins for a feature that no tune has.
            has_values = np.isfinite(values[~inside]).any(axis=0)
            classifier = HistGradientBoostingClassifier(random_state=seed, max_features=max_features, **_BOOSTING)
            classifier.fit(values[~inside][:, has_values], is_generated[~inside])
            scores[inside] = classifier.decision_function(values[inside][:, has_values])
    return scores


def resampled(families: Ints, rng: np.random.Generator) -> Floats:
    """Returns how often each tune is in each bootstrap sample of the families, [num_resamples, num_tunes]."""
    names = np.unique(families)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), _NUM_RESAMPLES)
    return counts[:, np.searchsorted(names, families)].astype(np.float64)


def weighted_aucs(scores: Floats, is_generated: Flags, folds: Ints, weights: Floats) -> Floats:
    """Returns the AUC of scores for each row of weights, [num_rows].

    Pairs within a fold count. Ties count half; the AUC is NaN where no fold has both kinds.
    """
    won, pairs = np.zeros((2, len(weights)))
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        order = inside[np.argsort(scores[inside], kind="stable")]
        ordered, flags, own = scores[order], is_generated[order], weights[:, order]
        starts = np.flatnonzero(np.concatenate([[True], np.diff(ordered) != 0]))
        above = np.add.reduceat(own * flags, starts, axis=1)
        below = np.add.reduceat(own * ~flags, starts, axis=1)
        won += (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        pairs += above.sum(axis=1) * below.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(won / pairs)


def auc_of(scores: Floats, is_generated: Flags, folds: Ints, weights: Floats) -> Auc:
    """Returns the AUC of scores with its interval."""
    value = float(weighted_aucs(scores, is_generated, folds, np.ones((1, len(scores))))[0])
    low, high = np.nanquantile(weighted_aucs(scores, is_generated, folds, weights), [0.025, 0.975])
    return Auc(value, float(low), float(high))


def _control(tunes: Sequence[Tune], parts: Sequence[Anatomy], rng: np.random.Generator, seed: int) -> Auc:
    """Tests one half of the real tunes, as if it were generated, against the other; of each shape as many in either."""
    ordered = _by_shape(tunes, np.arange(len(tunes)))
    ordered = ordered[: len(ordered) // 2 * 2]
    # Of two tunes next to each other one goes into either half.
    is_one = np.concatenate([rng.permutation([True, False]) for _ in ordered[::2]])
    tunes, parts = [tunes[place] for place in ordered], [parts[place] for place in ordered]
    families = families_of(tunes, np.arange(len(tunes)) // 2)
    folds = folds_of(families, rng)
    values = measure(parts, (~is_one).tolist(), folds)
    return auc_of(cross_validated(values, is_one, folds, seed), is_one, folds, resampled(families, rng))


def _meters(tunes: Sequence[Tune], scores: Floats, is_generated: Flags, folds: Ints, weights: Floats) -> dict[str, Auc]:
    names = np.array([str(tune.meter) for tune in tunes])
    aucs = {}
    for name in sorted(set(names.tolist())):
        own = names == name
        if min(is_generated[own].sum(), (~is_generated[own]).sum()) >= MIN_TUNES:
            aucs[name] = auc_of(scores[own], is_generated[own], folds[own], weights[:, own])
    return aucs


def _features(values: Floats, is_generated: Flags) -> list[FeatureAuc]:
    rows = []
    for name, column in zip(NAMES, values.T, strict=True):
        known = np.isfinite(column)
        one, other = column[known & is_generated], column[known & ~is_generated]
        if not (len(one) and len(other)):
            continue
        filled = np.where(known, column, np.median(column[known]))
        no_folds, once = np.zeros(len(filled), np.int64), np.ones((1, len(filled)))
        auc = float(weighted_aucs(filled, is_generated, no_folds, once)[0])
        rows.append(FeatureAuc(name, SENTENCES[name], max(auc, 1 - auc), float(one.mean()), float(other.mean())))
    return sorted(rows, key=lambda row: -row.auc)
