from collections import Counter
from random import Random

import numpy as np
import pytest

from melody_rnn.data import splits
from melody_rnn.data.splits import SplitRules
from melody_rnn.errors import InvalidArgumentError


def melody(*pitches: int) -> splits.Events:
    return np.array([event for pitch in pitches for event in (pitch, -2)], np.int8)


def random_melody(random: Random, num_notes: int = 60) -> splits.Events:
    return melody(*(random.randint(48, 83) for _ in range(num_notes)))


def test_transposition_key_is_the_same_in_any_key_only():
    tune = np.array([-2, 60, -2, 64, -1, 127], np.int8)
    moved = np.where(tune >= 0, tune - 12, tune).astype(np.int8)
    assert splits.transposition_key(tune) == splits.transposition_key(moved)
    for place, event in ((0, -1), (3, 65), (4, -2)):
        changed = tune.copy()
        changed[place] = event
        assert splits.transposition_key(changed) != splits.transposition_key(tune)


def test_transposition_key_tells_rests_from_low_notes():
    assert splits.transposition_key(melody(127, 0)) != splits.transposition_key(np.array([127, -2, -1, -2], np.int8))


def test_shingles_are_the_runs_of_intervals():
    up = melody(*range(60, 64))
    down = melody(*range(64, 60, -1))
    one, other, both = splits.shingles([up, down, np.concatenate([up, down])], num_intervals=2)
    assert (len(one), len(other), len(both)) == (1, 1, 3)
    assert set(one) <= set(both) and set(other) <= set(both)
    assert not set(one) & set(other)


def test_a_short_melody_has_one_shingle_of_its_own():
    short, shorter, none = splits.shingles([melody(60, 62, 64), melody(60, 62), melody(60)], num_intervals=12)
    assert len({*short, *shorter, *none}) == 3


def test_melodies_that_share_enough_are_one_group():
    sets = [np.arange(0, 10), np.arange(7, 17), np.arange(8, 28), np.arange(100, 110)]
    families = ["a", "b", "c", "d"]
    assert splits.group(sets, families, 0.3) == [0, 0, 0, 3]
    assert splits.group(sets[:2], families[:2], 0.31) == [0, 1]


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_those_of_every_pair_compared(seed: int):
    random = Random(seed)
    min_shared = random.choice([0.1, 0.3, 0.5, 1.0])
    # A few shingles that most have, and many that few have.
    sets = [
        np.unique([random.randrange(4) if random.random() < 0.3 else random.randrange(400)
                   for _ in range(random.randint(1, 12))])
        for _ in range(120)
    ]  # fmt: skip
    groups = list(range(len(sets)))
    for one in range(len(sets)):
        for other in range(one):
            common = len(set(sets[one].tolist()) & set(sets[other].tolist()))
            if common and common >= min_shared * min(len(sets[one]), len(sets[other])):
                low, high = sorted((groups[one], groups[other]))
                groups = [low if group == high else group for group in groups]
    assert 1 < len(set(groups)) < len(sets)
    assert splits.group(sets, [str(number) for number in range(len(sets))], min_shared) == groups


def test_the_share_counts_of_the_smaller_melody():
    assert splits.group([np.arange(100), np.arange(98, 103)], ["a", "b"], 0.4) == [0, 0]


def test_melodies_of_one_source_are_never_parted():
    assert splits.group([np.array([1]), np.array([2]), np.array([3])], ["a", "b", "a"], 0.3) == [0, 1, 0]


def test_splits_follow_the_smallest_id_of_the_group():
    ids = [f"tune{number}" for number in range(3000)]
    alone = splits.assign(ids, range(3000), SplitRules())
    counts = Counter(alone)
    assert counts["train"] == pytest.approx(2400, abs=80)
    assert counts["validation"] == pytest.approx(300, abs=60)
    groups = [number // 2 * 2 for number in range(3000)]
    for number, own in enumerate(splits.assign(ids, groups, SplitRules())):
        partner = min(ids[number // 2 * 2], ids[number // 2 * 2 + 1])
        assert own == alone[ids.index(partner)]


def test_splits_are_the_same_on_every_machine():
    assert splits.assign(["a", "g", "6"], range(3), SplitRules()) == ["train", "validation", "test"]


@pytest.mark.parametrize(
    ("num_groups", "rules", "expected"),
    [
        (1, SplitRules(), (1, 0, 0)),
        (2, SplitRules(), (1, 1, 0)),
        (3, SplitRules(), (1, 1, 1)),
        (27, SplitRules(), (21, 3, 3)),
        (99, SplitRules(), (79, 10, 10)),
        (27, SplitRules(train=1.0, validation=0.0), (27, 0, 0)),
        (27, SplitRules(train=0.9, validation=0.1), (24, 3, 0)),
        (3, SplitRules(train=0.1, validation=0.8), (1, 1, 1)),
    ],
)
def test_of_a_few_groups_each_split_has_its_share(num_groups, rules, expected):
    ids = [f"tune{number}" for number in range(num_groups)]
    counts = Counter(splits.assign(ids, range(num_groups), rules))
    assert tuple(counts[split] for split in splits.SPLITS) == expected


def test_a_few_groups_are_split_whole():
    ids = [f"tune{number}" for number in range(40)]
    names = splits.assign(ids, [number // 4 for number in range(40)], SplitRules())
    assert all(len(set(names[first : first + 4])) == 1 for first in range(0, 40, 4))
    assert Counter(names) == {"train": 32, "validation": 4, "test": 4}


def test_exact_duplicates_keep_the_smallest_id():
    same = [melody(60, 62), melody(65, 67), melody(60, 63), melody(50, 52)]
    assert splits.drop_duplicates(["c", "b", "a", "d"], same) == {0: 1, 3: 1}


def test_variants_do_not_leak_through_our_splits_and_do_through_random_ones():
    random = Random(5)
    tunes = [random_melody(random) for _ in range(150)]
    variants = [np.concatenate([np.where(tune >= 0, tune + 2, tune)[:80], random_melody(random, 20)]) for tune in tunes]
    melodies = [*tunes, *variants]
    ids = [f"{number}" for number in range(len(melodies))]
    sets = splits.shingles(melodies)
    groups = splits.group(sets, ids, 0.3)
    assert groups == [*range(150), *range(150)]
    ours = splits.leaks(melodies, sets, splits.assign(ids, groups, SplitRules()), 0.3)
    assert ours == {"exact": 0, "near": 0.0, "shared_shingles": 0.0}
    careless = splits.leaks(melodies, sets, splits.assign(ids, range(len(ids)), SplitRules()), 0.3)
    assert careless["near"] > 0.5


def test_exact_leaks_are_counted():
    melodies = [melody(60, 62), melody(61, 63)]
    assert splits.leaks(melodies, splits.shingles(melodies), ["train", "test"], 0.3)["exact"] == 1


@pytest.mark.parametrize("wrong", [{"min_shared": 0.0}, {"train": 1.2}, {"train": 0.8, "validation": 0.3}])
def test_shares_have_limits(wrong: dict[str, float]):
    with pytest.raises(InvalidArgumentError):
        SplitRules(**wrong)
