"""Music files as NoteSequences that carry where they are from.

Source: Magenta's scripts/convert_dir_to_note_sequences.py, whose ids these are.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from melody_rnn.errors import InputFileError

if TYPE_CHECKING:
    from note_seq import NoteSequence

_KINDS: Final = {
    ".mid": "midi",
    ".midi": "midi",
    ".xml": "musicxml",
    ".mxl": "musicxml",
    ".musicxml": "musicxml",
    ".abc": "abc",
}


def note_sequences(root: Path, is_recursive: bool, warn: Callable[[str], None]) -> Iterator["NoteSequence"]:
    """Yields the music in a folder's files, by name, files before folders.

    Args:
        root: The folder. Its name is the sequences' collection_name, and filename is relative to it.
        is_recursive: Whether to look into folders below; links to folders are not followed.
        warn: Called with a line for each file or tune that is passed over.

    Raises:
        InputFileError: If the folder cannot be read.
    """
    if not root.is_dir():
        raise InputFileError(f"{root}: no such folder")
    for path in _files(root, is_recursive, warn):
        try:
            yield from _convert(path, root, warn)
        except InputFileError as error:
            warn(f"passed over: {error}")


def _files(folder: Path, is_recursive: bool, warn: Callable[[str], None]) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputFileError(f"{folder}: cannot be read ({error.strerror})") from error
    folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
    for entry in entries:
        if entry.suffix.lower() in _KINDS and entry.is_file():
            yield entry
        elif not (is_recursive and entry in folders):
            warn(f"passed over: {entry}: not one of {', '.join(_KINDS)}")
    for below in folders if is_recursive else ():
        yield from _files(below, is_recursive, warn)


def _convert(path: Path, root: Path, warn: Callable[[str], None]) -> Iterator["NoteSequence"]:
    from melody_rnn.music.sequence_io import read_sequence, read_tunes

    kind = _KINDS[path.suffix.lower()]
    if kind == "abc":
        tunes, problems = read_tunes(path)
        for problem in problems:
            warn(f"passed over: {path}: a tune that cannot be read ({problem})")
    else:
        tunes = {None: read_sequence(path)}
    name = path.relative_to(root).as_posix()
    for number, sequence in tunes.items():
        # Magenta's ids.
        unique = name if number is None else f"{name}_{number}"
        sequence.collection_name = root.resolve().name
        sequence.filename = name
        sequence.id = f"/id/{kind}/{sequence.collection_name}/{hashlib.sha1(unique.encode()).hexdigest()}"
        yield sequence
