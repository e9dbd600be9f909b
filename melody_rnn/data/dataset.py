"""A dataset on disk: one byte an event, an index beside it, and the ids of each split.

A dataset is a folder:
    dataset.json: what made it (rules, corpora with checksums), the counts, a checksum of the next two files' contents.
    melodies.npz: `events` int8 [steps of all melodies], `lengths` int32 [melodies] (steps), `meters` uint16
        [melodies, 2] (numerator, denominator), `pickups` uint16 [melodies] (steps), `keys` int8 [melodies, 2] (sharps,
        and the mode's place in `melody_rnn.music.keys.MODES`; 127 where unknown), `truncated` uint8 [melodies],
        `jumps` int32 [melodies, 3] (after, start, end; -1 for none), `num_sections` uint16 [melodies], `sections` int32
        [sections, 4] (start, number of the label, times, endings), `endings` int64 [endings, 3] (start, a bit for each
        pass, steps) and `ending_events` int8 [steps of all endings].
    melodies.jsonl: id, split and title of each melody, in the same order, and its chord symbols, if it has any:
        pairs of a step and a symbol, and whether these are inferred.
    report.json, rejected.jsonl: what was read, kept and dropped.
Events are encoded when training reads them, so one dataset serves every model.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from melody_rnn.archives import ARCHIVE_ERRORS, unpack_arrays
from melody_rnn.config import MAX_STEPS_PER_QUARTER
from melody_rnn.data.splits import SPLITS, Split
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, MAX_PITCH, NO_EVENT
from melody_rnn.files import read_input, read_json, whole_folder, write_whole
from melody_rnn.formats.form import MAX_TIMES
from melody_rnn.music.keys import MAX_SHARPS, MODES, Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord, Ending, Jump, Section, Tune, letter

FORMAT: Final = "melody_rnn dataset"
VERSION: Final = 3
_MANIFEST: Final = "dataset.json"
_MELODIES: Final = "melodies.npz"
_INDEX: Final = "melodies.jsonl"
_UNKNOWN_KEY: Final = 127
_MAX_BYTES: Final = 4 * 2**30
Arrays = dict[str, npt.NDArray[Any]]
_ARRAYS: Final = {
    "events": ("int8", 1),
    "lengths": ("<i4", 1),
    "meters": ("<u2", 2),
    "pickups": ("<u2", 1),
    "keys": ("int8", 2),
    "truncated": ("uint8", 1),
    "jumps": ("<i4", 2),
    "num_sections": ("<u2", 1),
    "sections": ("<i4", 2),
    "endings": ("<i8", 2),
    "ending_events": ("int8", 1),
}
_NOT_BY_MELODY: Final = ("events", "sections", "endings", "ending_events")
_MAX_PASSES: Final = 62
_MOST_STEPS: Final = 2**24
_NO_JUMP: Final = (-1, -1, -1)
_MODES: Final = tuple(MODES)


class StoredForm(NamedTuple):
    """What a dataset knows of a melody's form.

    Attributes:
        sections: Its sections, labelled A, B and so on; none where they are not known.
        jump: Its da capo or dal segno.
        is_truncated: Whether its end was cut off, so that it does not end where its events do.
    """

    sections: tuple[Section, ...] = ()
    jump: Jump | None = None
    is_truncated: bool = False


@dataclass(frozen=True, eq=False)
class StoredMelody:
    """A melody of a dataset.

    Attributes:
        id: Its file, tune and place there, as 'book/file.abc:12.0'; the same on every machine.
        events: [num_steps] int8 events, the first at the start of a bar.
        meter: Its own meter.
        split: 'train', 'validation' or 'test'.
        title: The source's title, or an empty string.
        key: The key, if the source has one.
        pickup_steps: Steps of the pickup that it begins with; 0 for none.
        steps_per_quarter: Steps in a quarter note.
        form: Its sections.
        chords: Its chord symbols; none where it has none.
        has_inferred_chords: Whether these were found for its notes, and do not stand in the source.
    """

    id: str
    events: npt.NDArray[np.int8]
    meter: Meter
    split: Split
    title: str = ""
    key: Key | None = None
    pickup_steps: int = 0
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER
    form: StoredForm = field(default_factory=StoredForm)
    chords: tuple[Chord, ...] = ()
    has_inferred_chords: bool = False

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar of its own meter."""
        return self.meter.steps_per_bar(self.steps_per_quarter)

    @property
    def tune(self) -> Tune:
        """The melody as a tune."""
        return Tune(
            tuple(self.events.tolist()),
            self.meter,
            self.pickup_steps,
            self.key,
            sections=self.form.sections,
            jump=self.form.jump,
            chords=self.chords,
            title=self.title,
            steps_per_quarter=self.steps_per_quarter,
        )

    @property
    def source(self) -> str:
        """The file that the melody is from."""
        return self.id.rpartition(":")[0]

    @property
    def tune_number(self) -> int:
        """The place in the file of the tune that the melody is from, from 0."""
        return int(self.id.rpartition(":")[2].partition(".")[0])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Melodies with their splits.

    Attributes:
        melodies: All melodies by id; their steps have one length.
        details: What made the dataset, as JSON data: rules, corpora and their checksums, readers.
        digest: SHA-256 of the melodies and their splits, once saved or loaded.
    """

    melodies: tuple[StoredMelody, ...]
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
    def steps_per_quarter(self) -> int:
        """Steps in a quarter note."""
        return self.melodies[0].steps_per_quarter if self.melodies else DEFAULT_STEPS_PER_QUARTER

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
    files = {name: read_input(folder / name, _MAX_BYTES, may_be_empty=True) for name in (_MELODIES, _INDEX)}
    try:
        arrays = unpack_arrays(files[_MELODIES], _ARRAYS, _MAX_BYTES)
        if _digest(arrays, files[_INDEX]) != manifest.get("digest"):
            raise ValueError("its checksum differs")
        melodies = _melodies(arrays, files[_INDEX].decode(), manifest["steps_per_quarter"])
    except (*ARCHIVE_ERRORS, ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{folder}: the dataset is damaged ({error}); build it again") from error
    return Dataset(melodies, manifest, manifest["digest"])


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    if not path.is_file():
        raise InputFileError(f"{folder}: no dataset there (it has no {_MANIFEST}); make one with dataset build")
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputFileError(f"{path}: not the manifest of a melody_rnn dataset")
    if manifest.get("version") != VERSION:
        raise InputFileError(
            f"{path}: version {manifest.get('version')!r} of the format, and this program reads {VERSION}; "
            "build the dataset again"
        )
    steps = manifest.get("steps_per_quarter")
    if type(steps) is not int or not 1 <= steps <= MAX_STEPS_PER_QUARTER:
        raise InputFileError(f"{path}: steps_per_quarter must be from 1 to {MAX_STEPS_PER_QUARTER} steps")
    return manifest


def _arrays_of(melodies: Sequence[StoredMelody]) -> Arrays:
    return {
        "events": np.concatenate([np.zeros(0, np.int8), *(melody.events for melody in melodies)]),
        "lengths": np.array([len(melody.events) for melody in melodies], "<i4"),
        "meters": np.array([melody.meter for melody in melodies], "<u2").reshape(-1, 2),
        "pickups": np.array([melody.pickup_steps for melody in melodies], "<u2"),
        "keys": np.array([_key_numbers(melody.key) for melody in melodies], np.int8).reshape(-1, 2),
        **_form_arrays([melody.form for melody in melodies]),
    }


def _form_arrays(forms: Sequence[StoredForm]) -> Arrays:
    sections: list[tuple[int, int, int, int]] = []
    endings: list[Ending] = []
    for form in forms:
        labels = list(dict.fromkeys(section.label for section in form.sections))
        for section in form.sections:
            sections.append((section.start, labels.index(section.label), section.times, len(section.endings)))
            endings += section.endings
    bits = [sum(1 << number for number in ending.passes if number <= _MAX_PASSES) for ending in endings]
    rows = [(ending.start, own, len(ending.events)) for ending, own in zip(endings, bits, strict=True)]
    return {
        "truncated": np.array([form.is_truncated for form in forms], np.uint8),
        "jumps": np.array([form.jump or _NO_JUMP for form in forms], "<i4").reshape(-1, 3),
        "num_sections": np.array([len(form.sections) for form in forms], "<u2"),
        "sections": np.array(sections, "<i4").reshape(-1, 4),
        "endings": np.array(rows, "<i8").reshape(-1, 3),
        "ending_events": np.array([event for ending in endings for event in ending.events], np.int8),
    }


def _forms(arrays: Arrays, lengths: Sequence[int]) -> Iterator[StoredForm]:
    """Yields the form of each melody of so many steps, out of arrays.

    Raises:
        ValueError: If one contradicts itself.
    """
    names = ("truncated", "jumps", "num_sections")
    sections, endings = iter(arrays["sections"].tolist()), iter(arrays["endings"].tolist())
    events = iter(arrays["ending_events"].tolist())
    for num_steps, is_truncated, jump, count in zip(lengths, *(arrays[name].tolist() for name in names), strict=True):
        own = []
        for start, label, times, num_endings in islice(sections, count):
            rows = tuple(
                Ending(_passes(bits), first, tuple(islice(events, num)))
                for first, bits, num in islice(endings, num_endings)
            )
            own.append(Section(start, letter(label), times, rows))
        form = StoredForm(tuple(own), None if tuple(jump) == _NO_JUMP else Jump(*jump), bool(is_truncated))
        if len(own) != count or not _is_sound(form, num_steps):
            raise ValueError("it holds a form that is none")
        yield form
    if next(sections, None) or next(endings, None) or next(events, None) is not None:
        raise ValueError("it holds more of forms than its melodies have")


def _passes(bits: int) -> tuple[int, ...]:
    return tuple(number for number in range(1, _MAX_PASSES + 1) if bits >> number & 1)


def _is_sound(form: StoredForm, num_steps: int) -> bool:
    starts = [section.start for section in form.sections]
    # A last rest is no event, so that what comes at the end may lie beyond the melody's steps.
    jump = form.jump or Jump(0, 0, 1)
    return (
        all(0 <= start < num_steps for start in starts)
        and starts == sorted(set(starts))
        and all(1 <= section.times <= MAX_TIMES for section in form.sections)
        and all(section.start <= ending.start < _MOST_STEPS for section in form.sections for ending in section.endings)
        and 0 <= jump.start < jump.end < _MOST_STEPS
        and 0 <= jump.after < _MOST_STEPS
    )


def _key_numbers(key: Key | None) -> tuple[int, int]:
    return (key.sharps, _MODES.index(key.mode)) if key else (_UNKNOWN_KEY, _UNKNOWN_KEY)


def _key(sharps: int, mode: int) -> Key | None:
    if (sharps, mode) == (_UNKNOWN_KEY, _UNKNOWN_KEY):
        return None
    if not (abs(sharps) <= MAX_SHARPS and 0 <= mode < len(_MODES)):
        raise ValueError("it holds a key that is none")
    return Key(sharps, _MODES[mode])


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
    rows = (
        {
            "id": melody.id,
            "split": melody.split,
            "title": melody.title,
            **({"chords": melody.chords} if melody.chords else {}),
            **({"chords_are_inferred": True} if melody.has_inferred_chords else {}),
        }
        for melody in melodies
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _melodies(arrays: Arrays, index: str, steps_per_quarter: int) -> tuple[StoredMelody, ...]:
    events, lengths = arrays["events"], arrays["lengths"]
    rows = [json.loads(line) for line in index.split("\n") if line]
    if len({len(rows), *(len(arrays[name]) for name in _ARRAYS if name not in _NOT_BY_MELODY)}) > 1:
        raise ValueError("its files hold different numbers of melodies")
    if (lengths < 1).any() or lengths.sum(dtype=np.int64) != len(events):
        raise ValueError("its lengths do not fit its events")
    if len(events) and (events.min() < NO_EVENT or events.max() > MAX_PITCH):
        raise ValueError("it holds events out of range")
    events.flags.writeable = False
    # What follows the last melody is no piece, and of no melodies there is nothing else.
    pieces = np.split(events, np.cumsum(lengths, dtype=np.int64))[:-1]
    columns = (arrays[name].tolist() for name in ("meters", "pickups", "keys"))
    forms = _forms(arrays, lengths.tolist())
    return tuple(
        _melody(row, piece, Meter(*meter), pickup, _key(*key), steps_per_quarter, form)
        for row, piece, meter, pickup, key, form in zip(rows, pieces, *columns, forms, strict=True)
    )


def _melody(
    row: Mapping[str, Any],
    events: npt.NDArray[np.int8],
    meter: Meter,
    pickup_steps: int,
    key: Key | None,
    steps_per_quarter: int,
    form: StoredForm,
) -> StoredMelody:
    if not (isinstance(row["id"], str) and isinstance(row["title"], str) and row["split"] in SPLITS):
        raise ValueError("its index holds a row of another form")
    if not (meter.is_usual and pickup_steps < meter.steps_per_bar(steps_per_quarter)):
        raise ValueError("it holds a meter or pickup that is none")
    chords = tuple(Chord(step, symbol) for step, symbol in row.get("chords", ()))
    if not all(type(step) is int and 0 <= step < len(events) and isinstance(symbol, str) for step, symbol in chords):
        raise ValueError("it holds a chord symbol that is none")
    return StoredMelody(
        row["id"],
        events,
        meter,
        row["split"],
        row["title"],
        key,
        pickup_steps,
        steps_per_quarter,
        form,
        chords,
        bool(row.get("chords_are_inferred", False)),
    )
