"""Music files of any kind to scores: the one reader of the package."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from melody_rnn.errors import InputFileError
from melody_rnn.files import read_input
from melody_rnn.formats.score import Score

MIDI_SUFFIXES: Final = (".mid", ".midi")
MUSICXML_SUFFIXES: Final = (".musicxml", ".xml", ".mxl")
ABC_SUFFIXES: Final = (".abc",)
SUFFIXES: Final = (*MIDI_SUFFIXES, *MUSICXML_SUFFIXES, *ABC_SUFFIXES)
MAX_BYTES: Final = 32 * 2**20
"""Size that no file of one piece has more of."""
MAX_BOOK_BYTES: Final = 128 * 2**20
"""The same of a tune book; one of 50,000 tunes takes 30 MiB."""


@dataclass(frozen=True)
class ScoreSource:
    """A score in a file, not read yet.

    Attributes:
        index: Its place in the file, from 0.
        title: Its title, as far as it is known without reading it.
        read: Reads it; raises InputFileError, whose message does not name the file.
        number: What the file calls it, as X: of ABC does, which need not be a number; or an empty string.
    """

    index: int
    title: str
    read: Callable[[], Score]
    number: str = ""


def is_music(path: Path) -> bool:
    """Returns whether a file is music by its name; what macOS puts beside files, ``._tune.mid``, is none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._")


def holds_many(path: Path) -> bool:
    """Returns whether a file may hold more than one score."""
    return path.suffix.lower() in ABC_SUFFIXES


def score_sources(path: Path) -> Iterator[ScoreSource]:
    """Yields the scores in a file: the tunes of an ABC tune book, or the one piece of any other file.

    Raises:
        InputFileError: If the file is missing, no regular file, too large or of an unknown kind, or holds no score.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputFileError(f"{path}: unknown kind of music file; give one of {', '.join(SUFFIXES)}")
    data = read_input(path, MAX_BOOK_BYTES if holds_many(path) else MAX_BYTES)
    if suffix in MIDI_SUFFIXES:
        yield ScoreSource(0, "", lambda: _read_midi(data))
    elif suffix in MUSICXML_SUFFIXES:
        yield ScoreSource(0, "", lambda: _read_musicxml(data))
    else:
        yield from _tunes_of_book(data, path)


def read_score(path: Path, number: int | None = None) -> Score:
    """Returns a score of a file.

    Args:
        path: The file.
        number: Which tune of a tune book, or which part alone of another file, from 1; where not given, the first tune,
            or all parts.

    Raises:
        InputFileError: If it cannot be read, or has fewer; the message names the file.
    """
    sources = list(score_sources(path))
    try:
        if len(sources) == 1:
            score = sources[0].read()
            return score if number is None else _part_alone(score, number)
        wanted = number or 1
        _check_number(wanted, len(sources), "tunes")
        source = sources[wanted - 1]
        score = source.read()
    except InputFileError as error:
        raise InputFileError(f"{path}: {error}") from error
    title = f", {source.title}" if source.title else ""
    return replace(score, remarks=(f"{len(sources)} tunes; this is number {wanted}{title}", *score.remarks))


def _part_alone(score: Score, number: int) -> Score:
    parts = [part for part in score.parts if part.may_be_melody]
    _check_number(number, len(parts), "parts")
    return replace(score, parts=(parts[number - 1],))


def _check_number(number: int, count: int, what: str) -> None:
    if number > count:
        raise InputFileError(f"has {count} {what if count > 1 else what[:-1]}, so there is no number {number}")


def _read_midi(data: bytes) -> Score:
    from melody_rnn.formats.midi.reader import read_midi

    return read_midi(data)


def _read_musicxml(data: bytes) -> Score:
    from melody_rnn.formats.musicxml.reader import read_musicxml

    return read_musicxml(data)


def _tunes_of_book(data: bytes, path: Path) -> Iterator[ScoreSource]:
    from melody_rnn.formats.abc import AbcTune, read_abc_tune, split_tunebook

    def reader(tune: AbcTune) -> Callable[[], Score]:
        return lambda: read_abc_tune(tune)

    is_empty = True
    for tune in split_tunebook(data):
        is_empty = False
        yield ScoreSource(tune.index, tune.title, reader(tune), tune.number)
    if is_empty:
        raise InputFileError(f"{path}: not a readable ABC file (no tune starts with X:)")
