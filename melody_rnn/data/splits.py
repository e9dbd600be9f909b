"""Splits that do not leak: settings of one tune are kept together, and only then split.

Traditional tunes come in many settings, so that a random split tests on near-copies of what it trained on.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NUM_PITCHES

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SHINGLE_INTERVALS: Final = 12
# Runs are numbered by a polynomial over the intervals modulo 2^64, which tells them apart: of 10^9 different runs two
# share a number with a probability of 3 %, and then two melodies seem to share one run more than they do.
_BASE: Final = 0x9E3779B97F4A7C15
_MODULUS: Final = 2**64
# Of fewer groups hashing leaves a split empty too often.
_FEWEST_HASHED: Final = 100
_TINY: Final = 1e-9
Events = npt.NDArray[np.int8]
ShingleSet = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitRules:
    """How melodies are grouped and split.

    Attributes:
        min_shared: Melodies that share at least this share of the smaller one's shingles are one group.
        train: Share of groups that train, in [0, 1].
        validation: Share of groups that validate; the rest tests. Of a few groups each split with a share has one.
    """

    min_shared: float = 0.3
    train: float = 0.8
    validation: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.min_shared <= 1:
            raise InvalidArgumentError(f"min_shared must be above 0 and at most 1, got {self.min_shared}")
        if not (0 <= self.train <= 1 and 0 <= self.validation <= 1 and self.train + self.validation <= 1 + _TINY):
            raise InvalidArgumentError(
                f"train and validation must be shares of at most 1 together, got {self.train} and {self.validation}"
            )


def transposition_key(events: Events) -> bytes:
    """Returns bytes that melodies have in common if and only if they are the same in some key."""
    wide = events.astype(np.int16)
    notes = wide >= 0
    relative = np.where(notes, wide - wide[notes][0] if notes.any() else wide, wide - NUM_PITCHES)
    return relative.astype("<i2").tobytes()


def shingles(melodies: Sequence[Events], num_intervals: int = SHINGLE_INTERVALS) -> list[ShingleSet]:
    """Returns each melody's runs of `num_intervals` successive intervals, rhythm left out.

    A melody with fewer intervals has the one run of all of them.

    Returns:
        For each melody an ascending int64 array without repetitions; equal runs have equal numbers, everywhere.
    """
    return [_distinct(_numbered(_interval_runs(events, num_intervals))) for events in melodies]


def group(shingle_sets: Sequence[ShingleSet], families: Sequence[str], min_shared: float) -> list[int]:
    """Groups melodies that are settings of one tune, or parts of one source.

    Args:
        shingle_sets: Each melody's shingles.
        families: Each melody's source; melodies of one source are never parted.
        min_shared: Share of the smaller set that two melodies of one group have in common.

    Returns:
        For each melody the number of its group's first member. Two melodies are in one group if a chain of such
        pairs joins them.
    """
    parents = list(range(len(shingle_sets)))
    first_of_family: dict[str, int] = {}
    for number, family in enumerate(families):
        _join(parents, number, first_of_family.setdefault(family, number))
    shared = _Holders(shingle_sets)
    # The smaller one of a pair comes first, and waits for others at its rarest shingles: as many as leave fewer than
    # it has to share. So of two that share enough, the second meets the first at one of those; and what everybody has,
    # such as a note twelve times, is where few wait.
    for number in sorted(range(len(shingle_sets)), key=lambda number: len(shingle_sets[number])):
        own = shingle_sets[number]
        for other in shared.waiting(own):
            if _root(parents, other) != _root(parents, number):
                theirs = shingle_sets[other]
                if len(np.intersect1d(own, theirs, assume_unique=True)) >= min_shared * len(theirs):
                    _join(parents, number, other)
        shared.wait(number, own, len(own) - math.ceil(min_shared * len(own)) + 1)
    return [_root(parents, number) for number in range(len(parents))]


class _Holders:
    """For each shingle that several melodies have those that wait at it."""

    def __init__(self, shingle_sets: Sequence[ShingleSet]) -> None:
        every = _joined(shingle_sets)
        every.sort()
        self._shingles, more = np.unique(every[1:][every[1:] == every[:-1]], return_counts=True)
        self._counts = more + 1
        self._starts = np.cumsum(self._counts) - self._counts
        self._ends = self._starts.copy()
        self._waiting = np.empty(self._counts.sum(), np.int32)

    def waiting(self, own: ShingleSet) -> list[int]:
        """Returns those that wait at any shingle of a set."""
        places = _places(self._shingles, own)
        rows = [
            self._waiting[start:end]
            for start, end in zip(self._starts[places].tolist(), self._ends[places].tolist(), strict=True)
            if start < end
        ]
        found: list[int] = np.unique(np.concatenate(rows)).tolist() if rows else []
        return found

    def wait(self, number: int, own: ShingleSet, num_rarest: int) -> None:
        """Makes a melody wait at so many of its shingles, those first that fewest have."""
        places = _places(self._shingles, own)
        num_others = num_rarest - (len(own) - len(places))
        if num_others > 0:
            rarest = places[np.argsort(self._counts[places], kind="stable")][:num_others]
            self._waiting[self._ends[rarest]] = number
            self._ends[rarest] += 1


def assign(ids: Sequence[str], groups: Sequence[int], rules: SplitRules) -> list[Split]:
    """Returns each melody's split: that of its group, by the SHA-256 of the group's smallest id.

    Of many groups each has its split whatever the others are. A few are put in order by the same hash and cut into
    parts of the shares asked for, none of them empty as far as the groups go.
    """
    smallest: dict[int, str] = {}
    for own_id, number in zip(ids, groups, strict=True):
        smallest[number] = min(own_id, smallest.get(number, own_id))
    positions = {number: _position(own_id) for number, own_id in smallest.items()}
    if len(positions) < _FEWEST_HASHED:
        counts = _part_sizes(len(positions), rules)
        in_order = [split for split in SPLITS for _ in range(counts[split])]
        splits = dict(zip(sorted(positions, key=positions.__getitem__), in_order, strict=True))
    else:
        splits = {number: _split_at(position, rules) for number, position in positions.items()}
    return [splits[number] for number in groups]


def drop_duplicates(ids: Sequence[str], events: Sequence[Events]) -> dict[int, int]:
    """Returns the melodies to drop, each with the one kept that it equals in some key: the one of the smallest id."""
    kept: dict[bytes, int] = {}
    dropped: dict[int, int] = {}
    for number in sorted(range(len(ids)), key=lambda number: ids[number]):
        original = kept.setdefault(_fingerprint(events[number]), number)
        if original != number:
            dropped[number] = original
    return dropped


def leaks(
    melodies: Sequence[Events], shingle_sets: Sequence[ShingleSet], splits: Sequence[Split], min_shared: float
) -> dict[str, float]:
    """Measures what melodies outside train could copy from those in it.

    Returns:
        exact: How many are also in train, in any key.
        near: Share of those of whose shingles at least `min_shared` are in train, all its melodies taken together.
        shared_shingles: Share of all their shingles that are in train.
    """
    is_train = [split == "train" for split in splits]
    of_train_whole = {_fingerprint(events) for events, own in zip(melodies, is_train, strict=True) if own}
    of_train = np.unique(_joined([own for own, inside in zip(shingle_sets, is_train, strict=True) if inside]))
    held_out = [number for number, inside in enumerate(is_train) if not inside]
    sizes = [len(shingle_sets[number]) for number in held_out]
    shared = [len(_places(of_train, shingle_sets[number])) for number in held_out]
    num_near = sum(num >= min_shared * size for num, size in zip(shared, sizes, strict=True))
    return {
        "exact": sum(_fingerprint(melodies[number]) in of_train_whole for number in held_out),
        "near": round(num_near / max(len(held_out), 1), 6),
        "shared_shingles": round(sum(shared) / max(sum(sizes), 1), 6),
    }


def _fingerprint(events: Events) -> bytes:
    """Returns a digest of `transposition_key`, of which millions fit into memory."""
    return hashlib.blake2b(transposition_key(events), digest_size=16).digest()


def _interval_runs(events: Events, num_intervals: int) -> npt.NDArray[np.int16]:
    """Returns [num_runs, num_intervals] int16, a short melody's row filled up with what is no interval."""
    intervals = np.diff(events[events >= 0].astype(np.int16))
    missing = num_intervals - len(intervals)
    padded = np.pad(intervals, (0, max(missing, 0)), constant_values=NUM_PITCHES)
    return np.lib.stride_tricks.sliding_window_view(padded, num_intervals)


def _numbered(runs: npt.NDArray[np.int16]) -> ShingleSet:
    """Returns [num_runs] numbers, equal for equal rows and hardly ever for others."""
    factors = np.array([pow(_BASE, column, _MODULUS) for column in range(1, runs.shape[1] + 1)], np.uint64)
    numbers: ShingleSet = (runs.astype(np.int64).view(np.uint64) @ factors).view(np.int64)
    return numbers


def _distinct(numbers: ShingleSet) -> ShingleSet:
    """Returns what `np.unique` does; its overhead is felt where melodies are thousands."""
    ascending = np.sort(numbers)
    is_first = np.ones(len(ascending), bool)
    is_first[1:] = ascending[1:] != ascending[:-1]
    distinct: ShingleSet = ascending[is_first]
    return distinct


def _places(ascending: ShingleSet, own: ShingleSet) -> npt.NDArray[np.intp]:
    """Returns the places, in an ascending array, of those of `own` that are there."""
    places: npt.NDArray[np.intp] = np.searchsorted(ascending, own)
    places, sought = places[places < len(ascending)], own[places < len(ascending)]
    found: npt.NDArray[np.intp] = places[ascending[places] == sought]
    return found


def _joined(shingle_sets: Sequence[ShingleSet]) -> ShingleSet:
    return np.concatenate([np.zeros(0, np.int64), *shingle_sets])


def _part_sizes(num_groups: int, rules: SplitRules) -> dict[Split, int]:
    """Returns how many of a few groups each split has: its share, and at least one if it has any, train first."""
    shares: dict[Split, float] = {"train": rules.train, "validation": rules.validation}
    shares["test"] = 1 - rules.train - rules.validation
    wanted = [split for split in SPLITS if shares[split] > _TINY][:num_groups]
    sizes = dict.fromkeys(SPLITS, 0) | {split: max(1, round(shares[split] * num_groups)) for split in wanted}
    while (excess := sum(sizes.values()) - num_groups) != 0:
        largest = max(wanted, key=lambda split: sizes[split])
        sizes[largest] -= 1 if excess > 0 else -1
    return sizes


def _position(melody_id: str) -> float:
    """Returns a number in [0, 1) that hangs on the id alone."""
    return int.from_bytes(hashlib.sha256(melody_id.encode("utf-8")).digest()[:8], "big") / 2**64


def _split_at(position: float, rules: SplitRules) -> Split:
    if position < rules.train:
        return "train"
    return "validation" if position < rules.train + rules.validation else "test"


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _join(parents: list[int], one: int, other: int) -> None:
    one, other = _root(parents, one), _root(parents, other)
    parents[max(one, other)] = min(one, other)
