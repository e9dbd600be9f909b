"""Datasets: melodies with their meters and splits, one byte an event, in one compressed NumPy file."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import InputFileError, OutputError
from melody_rnn.events import MAX_PITCH, NO_EVENT
from melody_rnn.music.sequence_io import read_bytes, write_whole

Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
_FIELDS: Final = ("events", "ends", "steps_per_bar", "ids", "splits")


@dataclass(frozen=True)
class StoredMelody:
    """A melody of a dataset.

    Attributes:
        id: Where it comes from, the same on every machine.
        events: [num_steps] int8.
        steps_per_bar: Steps in a bar.
    """

    id: str
    events: NDArray[np.int8]
    steps_per_bar: int


@dataclass(frozen=True)
class Dataset:
    """Melodies by split.

    Attributes:
        melodies: All melodies.
        splits: The split of each.
    """

    melodies: Sequence[StoredMelody]
    splits: Sequence[Split]

    def split(self, name: Split) -> list[StoredMelody]:
        """Returns the melodies of one split."""
        return [melody for melody, split in zip(self.melodies, self.splits, strict=True) if split == name]

    def save(self, path: str | Path) -> None:
        """Writes the dataset, whole or not at all; `load` is the inverse.

        Raises:
            OutputError: If the file cannot be written.
        """
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            events=np.concatenate([melody.events for melody in self.melodies] or [np.zeros(0, np.int8)]),
            ends=np.cumsum([len(melody.events) for melody in self.melodies], dtype=np.int64),
            steps_per_bar=np.array([melody.steps_per_bar for melody in self.melodies], np.uint8),
            ids=np.array([melody.id for melody in self.melodies], np.str_),
            splits=np.array([SPLITS.index(split) for split in self.splits], np.uint8),
        )
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_whole(Path(path), buffer.getvalue())
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from error

    @classmethod
    def load(cls, path: str | Path) -> "Dataset":
        """Reads what `save` wrote.

        Raises:
            InputFileError: If the file is missing, damaged or no dataset.
        """
        data = read_bytes(Path(path))
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                events, ends, steps_per_bar, ids, splits = (file[field] for field in _FIELDS)
            parts = np.split(events, ends[:-1]) if len(ends) else []
            if len({len(ends), len(steps_per_bar), len(ids), len(splits)}) > 1 or (
                len(ends) and ends[-1] != len(events)
            ):
                raise ValueError("its parts do not fit together")
            if len(events) and not NO_EVENT <= int(events.min()) <= int(events.max()) <= MAX_PITCH:
                raise ValueError("it has events out of range")
            melodies = [
                StoredMelody(str(id_), part, int(steps))
                for id_, part, steps in zip(ids, parts, steps_per_bar, strict=True)
            ]
            return cls(melodies, [SPLITS[int(split)] for split in splits])
        except (ValueError, KeyError, IndexError, EOFError, OSError, TypeError, zipfile.BadZipFile) as error:
            raise InputFileError(f"{path}: is no dataset of melody_rnn ({error}); build it anew") from error
