"""Music files as NoteSequences that carry where they are from.

Source: Magenta's scripts/convert_dir_to_note_sequences.py, whose ids these are.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from melody_rnn.data.inputs import as_text
from melody_rnn.errors import InputFileError
from melody_rnn.files import reason, resolved
from melody_rnn.formats.form import bars_once, unfold
from melody_rnn.formats.reading import ABC_SUFFIXES, MIDI_SUFFIXES, SUFFIXES, ScoreSource, is_music, score_sources

if TYPE_CHECKING:
    from note_seq import NoteSequence

# What macOS puts beside files.
_APPLE: Final = "._"
_MAX_DIGITS: Final = 18


def note_sequences(root: Path, is_recursive: bool, warn: Callable[[str], None]) -> Iterator["NoteSequence"]:
    """Yields the music in a folder's files, by name, files before folders; each section once, as it is written.

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
        raise InputFileError(f"{folder}: cannot be read ({reason(error)})") from error
    folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
    for entry in entries:
        if is_music(entry) and entry.is_file():
            yield entry
        elif not (is_recursive and entry in folders) and not entry.name.startswith(_APPLE):
            warn(f"passed over: {entry}: not one of {', '.join(SUFFIXES)}")
    for below in folders if is_recursive else ():
        yield from _files(below, is_recursive, warn)


def _convert(path: Path, root: Path, warn: Callable[[str], None]) -> Iterator["NoteSequence"]:
    suffix = path.suffix.lower()
    kind = "abc" if suffix in ABC_SUFFIXES else "midi" if suffix in MIDI_SUFFIXES else "musicxml"
    name = as_text(path.relative_to(root).as_posix())
    taken = Counter[str]()
    for source in score_sources(path):
        try:
            sequence = _sequence(source)
        except InputFileError as error:
            which = f"tune {source.index + 1} ({source.title or 'without a title'}): " if kind == "abc" else ""
            warn(f"passed over: {path}: {which}{error}")
            continue
        unique = name
        if kind == "abc":
            sequence.reference_number = _reference_number(source.number)
            unique = f"{name}_{sequence.reference_number}"
        taken[unique] += 1
        # Where two tunes of a file have one number, Magenta refuses the file.
        unique += f"~{taken[unique]}" if taken[unique] > 1 else ""
        sequence.collection_name = as_text(resolved(root).name)
        sequence.filename = name
        sequence.id = f"/id/{kind}/{sequence.collection_name}/{hashlib.sha1(unique.encode()).hexdigest()}"
        yield sequence


def _reference_number(text: str) -> int:
    """Returns the number in X:, or 0 as note_seq has it where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _MAX_DIGITS else 0


def _sequence(source: ScoreSource) -> "NoteSequence":
    from melody_rnn.formats.note_sequences import sequence_from_score

    score = source.read()
    return sequence_from_score(unfold(score, bars_once(score.bars)))
