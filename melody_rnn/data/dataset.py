"""A dataset on disk: one byte an event, an index beside it, and the ids of each split.

A dataset is a folder:
    dataset.json: what made it (rules, corpora with checksums), the counts, a checksum of the next two files' contents.
    melodies.npz: `events` int8 [steps of all melodies], `lengths` int32 [melodies] (steps), `steps_per_bar` uint8
        [melodies], `keys` int8 [melodies, 2] (sharps, tonic; 127 where unknown).
    melodies.jsonl: id, split and title of each melody, in the same order.
    report.json, rejected.jsonl: what was read, kept and dropped.
Events are encoded when training reads them, so one dataset serves every model.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from melody_rnn.data.pieces import Key
from melody_rnn.data.splits import SPLITS, Split
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, MAX_PITCH, NO_EVENT
from melody_rnn.files import whole_folder, write_whole

FORMAT: Final = "melody_rnn dataset"
VERSION: Final = 1
_MANIFEST: Final = "dataset.json"
_MELODIES: Final = "melodies.npz"
_INDEX: Final = "melodies.jsonl"
_UNKNOWN_KEY: Final = 127
_MAX_BYTES: Final = 4 * 2**30
Arrays = dict[str, npt.NDArray[Any]]
_ARRAYS: Final = {"events": ("int8", 1), "lengths": ("<i4", 1), "steps_per_bar": ("uint8", 1), "keys": ("int8", 2)}


@dataclass(frozen=True, eq=False)
class StoredMelody:
    """A melody of a dataset.

    Attributes:
        id: Its file, tune and place there, as 'book/file.abc:12.0'; the same on every machine.
        events: [num_steps] int8 events, the first at the start of a bar.
        steps_per_bar: Steps in a bar of its own meter.
        split: 'train', 'validation' or 'test'.
        title: The source's title, or an empty string.
        key: The source's key signature, if it has one.
    """

    id: str
    events: npt.NDArray[np.int8]
    steps_per_bar: int
    split: Split
    title: str = ""
    key: Key | None = None

    @property
    def source(self) -> str:
        """The file that the melody is from."""
        return self.id.rpartition(":")[0]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Melodies with their splits.

    Attributes:
        melodies: All melodies by id.
        steps_per_quarter: Steps in a quarter note.
        details: What made the dataset, as JSON data: rules, corpora and their checksums, readers.
        digest: SHA-256 of the melodies and their splits, once saved or loaded.
    """

    melodies: tuple[StoredMelody, ...]
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER
    details: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def split(self, name: Split) -> list[StoredMelody]:
        """Returns the melodies of one split, by id.

        Raises:
            InvalidArgumentError: If there is no such split.
        """
        if name not in SPLITS:
            raise InvalidArgumentError(f"split must be one of {', '.join(SPLITS)}, got {name!r}")
        return [melody for melody in self.melodies if melody.split == name]

    @property
    def num_steps(self) -> int:
        """Steps of all melodies together."""
        return sum(len(melody.events) for melody in self.melodies)


def save(
    dataset: Dataset, folder: str | Path, reports: Mapping[str, str] | None = None, overwrite: bool = False
) -> str:
    """Writes a dataset, whole or not at all; `load` is its inverse.

    Args:
        dataset: The dataset.
        folder: Where; must not exist, unless it is a dataset and `overwrite` is set.
        reports: Texts of further files by name.
        overwrite: Whether a dataset there may be replaced.

    Returns:
        The dataset's digest.

    Raises:
        OutputError: If the folder is there already or cannot be written.
    """
    folder = Path(folder)
    check_output(folder, overwrite)
    arrays, index = _arrays_of(dataset.melodies), _index(dataset.melodies).encode()
    digest = _digest(arrays, index)
    files = {_MELODIES: _pack(arrays), _INDEX: index}
    files[_MANIFEST] = _manifest_text(dataset, digest).encode()
    files.update({name: text.encode() for name, text in (reports or {}).items()})
    with whole_folder(folder, "dataset") as unfinished:
        for name, data in files.items():
            write_whole(unfinished / name, data)
    return digest


def _manifest_text(dataset: Dataset, digest: str) -> str:
    manifest = {
        **dataset.details,
        "format": FORMAT,
        "version": VERSION,
        "steps_per_quarter": dataset.steps_per_quarter,
        "num_melodies": len(dataset.melodies),
        "num_steps": dataset.num_steps,
        "digest": digest,
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def check_output(folder: Path, overwrite: bool) -> None:
    """Raises OutputError if `save` could not write there."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        if not is_dataset(folder):
            raise OutputError(f"{folder}: exists and is no dataset; name another folder")
        if not overwrite:
            raise OutputError(f"{folder}: a dataset is there already; name another folder or ask to overwrite it")


def is_dataset(folder: str | Path) -> bool:
    """Returns whether a folder is a dataset's."""
    return (Path(folder) / _MANIFEST).is_file()


def load(folder: str | Path) -> Dataset:
    """Reads a dataset that `save` wrote.

    Raises:
        InputFileError: If there is none, or it is damaged or of another format.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    try:
        files = {name: (folder / name).read_bytes() for name in (_MELODIES, _INDEX)}
    except OSError as error:
        raise InputFileError(f"{folder}: the dataset cannot be read ({error.strerror}); build it again") from error
    try:
        arrays = _unpack(files[_MELODIES])
        if _digest(arrays, files[_INDEX]) != manifest.get("digest"):
            raise ValueError("its checksum differs")
        melodies = _melodies(arrays, files[_INDEX].decode())
    # zlib has an error of its own, and a damaged zip can claim methods that Python does not know.
    except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise InputFileError(f"{folder}: the dataset is damaged ({error}); build it again") from error
    digest = manifest["digest"]
    return Dataset(melodies, manifest["steps_per_quarter"], manifest, digest)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    if not path.is_file():
        raise InputFileError(f"{folder}: no dataset there (it has no {_MANIFEST}); make one with dataset build")
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not readable as JSON; build the dataset again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputFileError(f"{path}: not the manifest of a melody_rnn dataset")
    if manifest.get("version") != VERSION:
        raise InputFileError(f"{path}: version {manifest.get('version')!r} of the format; this program reads {VERSION}")
    if type(manifest.get("steps_per_quarter")) is not int or manifest["steps_per_quarter"] < 1:
        raise InputFileError(f"{path}: steps_per_quarter must be a positive number of steps")
    return manifest


def _arrays_of(melodies: Sequence[StoredMelody]) -> Arrays:
    return {
        "events": np.concatenate([np.zeros(0, np.int8), *(melody.events for melody in melodies)]),
        "lengths": np.array([len(melody.events) for melody in melodies], "<i4"),
        "steps_per_bar": np.array([melody.steps_per_bar for melody in melodies], np.uint8),
        "keys": np.array([melody.key or (_UNKNOWN_KEY,) * 2 for melody in melodies], np.int8).reshape(-1, 2),
    }


def _digest(arrays: Arrays, index: bytes) -> str:
    """Returns the SHA-256 of what is stored, whichever way the system's zlib packs it."""
    total = hashlib.sha256()
    for name in _ARRAYS:
        total.update(hashlib.sha256(arrays[name].tobytes()).digest())
    total.update(hashlib.sha256(index).digest())
    return total.hexdigest()


def _pack(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _index(melodies: Sequence[StoredMelody]) -> str:
    rows = ({"id": melody.id, "split": melody.split, "title": melody.title} for melody in melodies)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _melodies(arrays: Arrays, index: str) -> tuple[StoredMelody, ...]:
    events, lengths = arrays["events"], arrays["lengths"]
    rows = [json.loads(line) for line in index.split("\n") if line]
    if not len(rows) == len(lengths) == len(arrays["steps_per_bar"]) == len(arrays["keys"]):
        raise ValueError("its files hold different numbers of melodies")
    if (lengths < 1).any() or lengths.sum(dtype=np.int64) != len(events) or (arrays["steps_per_bar"] < 1).any():
        raise ValueError("its lengths do not fit its events")
    if len(events) and (events.min() < NO_EVENT or events.max() > MAX_PITCH):
        raise ValueError("it holds events out of range")
    events.flags.writeable = False
    pieces = np.split(events, np.cumsum(lengths, dtype=np.int64)[:-1])
    columns = zip(rows, pieces, arrays["steps_per_bar"].tolist(), arrays["keys"].tolist(), strict=True)
    return tuple(_melody(row, piece, steps_per_bar, key) for row, piece, steps_per_bar, key in columns)


def _melody(row: Mapping[str, Any], events: npt.NDArray[np.int8], steps_per_bar: int, key: list[int]) -> StoredMelody:
    if not (isinstance(row["id"], str) and isinstance(row["title"], str) and row["split"] in SPLITS):
        raise ValueError("its index holds a row of another form")
    known_key = None if _UNKNOWN_KEY in key else Key(*key)
    return StoredMelody(row["id"], events, steps_per_bar, row["split"], row["title"], known_key)


def _unpack(packed: bytes) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
            raise ValueError("it unpacks to more than any dataset")
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in _ARRAYS}
    for name, (dtype, rank) in _ARRAYS.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != rank:
            raise ValueError(f"its array {name} has another type or shape")
    return arrays
