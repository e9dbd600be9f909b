"""What a dataset is built from: folders, files and corpora, as a list of named files."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from melody_rnn.data.corpora import CorpusFiles, find_corpus, is_corpus
from melody_rnn.errors import InputFileError
from melody_rnn.files import reason, resolved


@dataclass(frozen=True)
class SourceFile:
    """A file to read.

    Attributes:
        name: Its name in melody ids; it does not depend on where the machine keeps the file.
        path: Where it is.
    """

    name: str
    path: Path


@dataclass
class Inputs:
    """All that was asked for."""

    files: list[SourceFile] = field(default_factory=list)
    corpora: list[CorpusFiles] = field(default_factory=list)


def find_inputs(inputs: Sequence[str | Path]) -> Inputs:
    """Finds the files of all inputs; of a folder those at any depth, in the order of their names.

    Raises:
        InputFileError: If an input is missing or not to be read.
        InvalidArgumentError: If a corpus is unknown.
    """
    found = Inputs()
    taken: dict[str, Path] = {}
    for item in inputs:
        if isinstance(item, str) and is_corpus(item):
            corpus = find_corpus(item)
            found.corpora.append(corpus)
            pairs = list(corpus.files.items())
        else:
            pairs = [(_name(file, Path(item)), file) for file in _files(Path(item))]
        for name, path in pairs:
            unique = _unique(name, path, taken)
            if unique is not None:
                found.files.append(SourceFile(unique, path))
    return found


def _files(path: Path) -> Iterator[Path]:
    try:
        if path.is_dir():
            yield from _walk(path)
        elif path.exists():
            yield path
        else:
            raise InputFileError(f"{path}: no such file or folder")
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({reason(error)})") from error


def _walk(folder: Path) -> Iterator[Path]:
    """Yields the files below a folder, and folders below it that cannot be read.

    Links to folders are not followed, since they may lead in circles.
    """
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name.encode("utf-8", "surrogateescape")):
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            yield entry
        elif not entry.is_symlink():
            try:
                yield from _walk(entry)
            except OSError:
                yield entry


def _name(file: Path, given: Path) -> str:
    name_of_folder = resolved(given).name
    name = file.name if file == given else f"{name_of_folder}/{file.relative_to(given).as_posix()}"
    # One file has one id: systems differ in how they compose accents.
    return unicodedata.normalize("NFC", as_text(name))


def as_text(name: str) -> str:
    """Returns a file's name as text: names in Latin-1, say, are none, and what cannot be read of them is replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unique(name: str, path: Path, taken: dict[str, Path]) -> str | None:
    """Returns a name that no other file has; None for a file that was named before."""
    own = resolved(path)
    candidate, number = name, 1
    while candidate in taken:
        if taken[candidate] == own:
            return None
        number += 1
        candidate = f"{name}~{number}"
    taken[candidate] = own
    return candidate
