"""Splits that do not leak: settings of one tune stay on one side.

Traditional tunes come in many settings. Those that share enough intervals form a group, and groups, not tunes, are
split, by a hash, so that every machine makes the same split.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from melody_rnn.tunes.dataset import Split, StoredMelody

SHINGLE_INTERVALS: Final = 12
SHARED_SHARE: Final = 0.3
_TRAIN_PERCENT: Final = 80
_VALIDATION_PERCENT: Final = 10


def drop_duplicates(melodies: Sequence[StoredMelody]) -> list[StoredMelody]:
    """Returns the melodies without those that equal an earlier one in any key."""
    seen: set[bytes] = set()
    kept = []
    for melody in melodies:
        pitches = melody.events[melody.events >= 0]
        lowest = int(pitches.min()) if len(pitches) else 0
        shape = np.where(melody.events >= 0, melody.events - lowest, melody.events).astype(np.int8).tobytes()
        if shape not in seen:
            seen.add(shape)
            kept.append(melody)
    return kept


def shingles(events: NDArray[np.int8]) -> set[bytes]:
    """Returns the sequences of twelve intervals in a melody, whatever its key and rhythm."""
    intervals = np.diff(events[events >= 0].astype(np.int16)).astype(np.int8)
    return {
        intervals[i : i + SHINGLE_INTERVALS].tobytes() for i in range(max(len(intervals) - SHINGLE_INTERVALS + 1, 0))
    }


def group(melodies: Sequence[StoredMelody]) -> NDArray[np.int32]:
    """Returns a group number for each melody.

    Two melodies are of one group if they share at least 30 % of the smaller one's shingles, or are linked by a chain
    of such pairs.
    """
    shingle_sets = [shingles(melody.events) for melody in melodies]
    holders: defaultdict[bytes, list[int]] = defaultdict(list)
    for i, shingle_set in enumerate(shingle_sets):
        for shingle in shingle_set:
            holders[shingle].append(i)
    shared: defaultdict[tuple[int, int], int] = defaultdict(int)
    for found in holders.values():
        for place, a in enumerate(found):
            for b in found[place + 1 :]:
                shared[a, b] += 1
    links = [
        (a, b)
        for (a, b), count in shared.items()
        if count >= SHARED_SHARE * min(len(shingle_sets[a]), len(shingle_sets[b]))
    ]
    rows, columns = np.array(links, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(melodies), len(melodies)))
    groups: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return groups


def assign_splits(melodies: Sequence[StoredMelody]) -> list[Split]:
    """Returns the split of each melody: 80 % train, 10 % validation, 10 % test of the groups.

    A group's split hangs on a hash of the smallest id in it.
    """
    groups = group(melodies).tolist()
    names: dict[int, str] = {}
    for number, melody in zip(groups, melodies, strict=True):
        names[number] = min(names.get(number, melody.id), melody.id)
    return [_split_of(names[number]) for number in groups]


def _split_of(name: str) -> Split:
    percent = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % 100
    if percent < _TRAIN_PERCENT:
        return "train"
    return "validation" if percent < _TRAIN_PERCENT + _VALIDATION_PERCENT else "test"
