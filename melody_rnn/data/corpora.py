"""Corpora by name: tune books inside the installed music21 package, checked against pinned checksums.

Nothing is vendored, and music21 itself is not imported: only its files are found.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from melody_rnn.errors import InputFileError, InvalidArgumentError

PREFIX: Final = "corpus:"
PINNED_MUSIC21: Final = "10.5.1"


@dataclass(frozen=True)
class Corpus:
    """A corpus that can be asked for by name.

    Attributes:
        books: Each book's folder in music21's corpus, with the SHA-256 of what `sha256sum *.abc` prints there.
        terms: What may be done with it.
        is_free: Whether a model that was trained on it may be given away for any use.
    """

    books: Mapping[str, str]
    terms: str
    is_free: bool


CORPORA: Final[Mapping[str, Corpus]] = {
    "tunebooks": Corpus(
        {
            "ryansMammoth": "deed15a555c134da965941d841269f83f494672354bf328439a36c64d34b4b74",
            "oneills1850": "4d12251b689e2d0bf48f93a57cdf89b37ba603948fdfc2edfc9b236cff7a0de2",
            "airdsAirs": "3b2b7767a73c75e23a2d427a41dcdc4cb60d39da0fc8371836c7ed0fc79259e0",
            "miscFolk": "45cb1c14d3df492034ce0a1bf486ceb35d88e6a198605e8948d66b8442b9d115",
        },
        "Tunes of books of the 18th and 19th century and of 1903, which are out of copyright, as transcribers gave "
        "them to music21.",
        is_free=True,
    ),
    "essen": Corpus(
        {"essenFolksong": "3e8157fbd82769dd24b4c8f875aae9bb292b81d0b5c167818af7931ce8c1cd27"},
        "The Essen folk song collection is for non-commercial use only (its license.txt in music21 has the terms): "
        "do not use a model trained on it commercially, and do not give one away under other terms.",
        is_free=False,
    ),
}


@dataclass(frozen=True)
class CorpusFiles:
    """The files of a corpus as found.

    Attributes:
        name: The corpus's name.
        corpus: What is known of it.
        version: Version of the music21 package that holds it.
        files: Path of each file by its name in melody ids, 'book/file.abc'.
    """

    name: str
    corpus: Corpus
    version: str
    files: Mapping[str, Path]


def is_corpus(text: str) -> bool:
    """Returns whether an input names a corpus and not a file."""
    return text.startswith(PREFIX)


def find_corpus(text: str) -> CorpusFiles:
    """Finds a corpus's files and checks that they are the pinned ones.

    Args:
        text: 'corpus:NAME'.

    Raises:
        InvalidArgumentError: If there is no corpus of that name.
        InputFileError: If music21 is not installed, or holds other files.
    """
    name = text.removeprefix(PREFIX)
    if name not in CORPORA:
        raise InvalidArgumentError(f"{text!r} is no corpus; the corpora are {', '.join(PREFIX + n for n in CORPORA)}")
    root, version = _corpus_folder(text)
    corpus = CORPORA[name]
    files: dict[str, Path] = {}
    for book, checksum in corpus.books.items():
        found = _book_files(root / book)
        if book_checksum(found) != checksum:
            raise InputFileError(
                f"{root / book}: not the files that {text} is made of; pip install music21=={PINNED_MUSIC21}"
            )
        files.update({f"{book}/{file.name}": file for file in found})
    return CorpusFiles(name, corpus, version, files)


def book_checksum(files: list[Path]) -> str:
    """Returns the SHA-256 of a book: of one line a file, its own SHA-256, two spaces and its name."""
    lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _corpus_folder(text: str) -> tuple[Path, str]:
    spec = find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise InputFileError(f"{text} is read from music21, which is missing; pip install music21=={PINNED_MUSIC21}")
    return Path(spec.submodule_search_locations[0]) / "corpus", metadata.version("music21")


def _book_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.abc"), key=lambda file: file.name.encode())
