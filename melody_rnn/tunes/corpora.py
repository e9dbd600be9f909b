"""Corpora that a pip-installed package brings, read in place and checked against known checksums."""

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from melody_rnn.errors import InputFileError

MUSIC21_VERSION: Final = "10.5.1"
_TUNEBOOKS: Final = ("airdsAirs", "miscFolk", "oneills1850", "ryansMammoth")
_TUNEBOOKS_SHA256: Final = "7359adc3adb11784ab1b38bd86d8b9e95beb70405e5e59bb1c3c84d32624e0c7"


@dataclass(frozen=True)
class Source:
    """One file of a corpus.

    Attributes:
        id: The same on every machine: book and file name.
        path: Where it lies here.
    """

    id: str
    path: Path


def tunebooks() -> list[Source]:
    """Returns the ABC files of four tune books of the 18th and 19th century out of music21's corpus, by id.

    They are Aird's Airs, O'Neill's Music of Ireland (its tunes of 1850), Ryan's Mammoth Collection and a few smaller
    books; their tunes are in the public domain.

    Raises:
        InputFileError: If music21 is missing, or its files are not those of the pinned version.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise InputFileError("corpus:tunebooks needs music21: pip install 'melody-rnn[train]'")
    corpus = Path(spec.origin).parent / "corpus"
    sources = list(_sources(corpus))
    if checksum(sources) != _TUNEBOOKS_SHA256:
        installed = importlib.metadata.version("music21")
        raise InputFileError(
            f"corpus:tunebooks: the files of music21 {installed} differ from those of {MUSIC21_VERSION}, "
            f"which the figures rest on: pip install music21=={MUSIC21_VERSION}"
        )
    return sources


def checksum(sources: list[Source]) -> str:
    """Returns the SHA-256 of the ids and bytes of files, in order, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.id.encode() + b"\0" + hashlib.sha256(source.path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(corpus: Path) -> Iterator[Source]:
    for book in _TUNEBOOKS:
        for path in sorted((corpus / book).glob("*.abc")):
            yield Source(f"{book}/{path.name}", path)
