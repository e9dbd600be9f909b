"""ABC tune books: files into the texts of tunes.

Source: the ABC standard 2.1, abcnotation.com, sections 2.2 and 3.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from melody_rnn.formats.abc.texts import plain_text

_TUNE_START: Final = re.compile(r"\s*X:\s*(.*)")
_FIELD_LINE: Final = re.compile(r"\s*(?:[A-Za-z+]:|%)")
_BLOCK_EDGE: Final = re.compile(r"\s*%%(?:begin(?:text|ps|svg)|end)")
_BLOCK_START: Final = re.compile(r"%%begin(text|ps|svg)\b")
_COMMENT: Final = re.compile(r"(?<!\\)%.*")
# A line of music after an empty line: bar lines, and nothing that music does not have.
_MUSIC: Final = re.compile(r"""[][A-Ga-gxyzXZ:()<>{}"'^_=,/\d\s.~+!&$*`\\HLMOPSTuv-]*\|[^;?]*""")
_WORD: Final = re.compile(r"[h-wH-W]{2}|[a-zA-Z]{5}")
_QUOTED: Final = re.compile(r'"[^"]*"|![^!]*!|\[[A-Za-z]:[^]]{0,200}\]')


@dataclass(frozen=True)
class AbcTune:
    """One tune of a tune book, as text.

    Attributes:
        index: Its place in the book, from 0.
        number: What stands after X:, which need not be a number.
        title: Its first T: field, or an empty string.
        lines: Its lines after X:, those of the file's header first; comments are left out, directives (%%) are not.
    """

    index: int
    number: str
    title: str
    lines: tuple[str, ...]


def decode_text(data: bytes) -> str:
    """Returns the text of an ABC file, which may be UTF-8 or Latin-1."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode("latin-1").removeprefix("\xef\xbb\xbf")


def split_tunebook(data: bytes) -> Iterator[AbcTune]:
    """Yields the tunes of a tune book in order; a file without X: yields nothing.

    A tune ends at an empty line after its music, or at the next X:. Text outside of tunes is no music.
    """
    lines = decode_text(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = _tune_starts(lines)
    if not starts:
        return
    header = _file_header(lines[: starts[0]])
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True)):
        match = _TUNE_START.match(lines[start])
        own = [*header, *_continued(_tune_lines(lines[start + 1 : end]))]
        titles = (plain_text(line[2:].strip()) for line in own if line.startswith("T:"))
        number = _COMMENT.sub("", match[1]).strip() if match else ""
        yield AbcTune(index, number, next(titles, ""), tuple(own))


def _tune_starts(lines: Sequence[str]) -> list[int]:
    """Returns where tunes start; in a block of text that is closed none does."""
    edges = [number for number, line in enumerate(lines) if _BLOCK_EDGE.match(line)]
    blocked: set[int] = set()
    for begin, end in pairwise(edges):
        if _BLOCK_START.match(lines[begin].strip()) and not _BLOCK_START.match(lines[end].strip()):
            blocked.update(range(begin, end))
    return [number for number, line in enumerate(lines) if _TUNE_START.match(line) and number not in blocked]


def _file_header(lines: Sequence[str]) -> list[str]:
    """Returns the fields at the top of a file, up to an empty line; they hold for every tune."""
    header: list[str] = []
    for line in lines:
        if not line.strip():
            if header:
                break
            continue
        if not _FIELD_LINE.match(line):
            return []
        header.append(line.strip())
    return [line for line in header if line[0] in "MLQUIm" or line.startswith("%%MIDI")]


def _continued(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines, fields joined with what a line that starts with ``+:`` adds to them."""
    held: list[str] = []
    for line in lines:
        if line.startswith("+:"):
            held.append(line[2:].strip())
            continue
        if held:
            yield " ".join(held)
        held = [line]
    if held:
        yield " ".join(held)


def _tune_lines(lines: Sequence[str]) -> Iterator[str]:
    has_key = has_music = is_over = in_block = False
    for raw in lines:
        line = raw.strip()
        if in_block:
            in_block = not line.startswith("%%end")
            continue
        if _BLOCK_START.match(line):
            in_block = True
            continue
        if not line:
            is_over = is_over or has_music
            continue
        if line.startswith("%%"):
            yield line
            continue
        line = _COMMENT.sub("", line).strip()
        if not line or (is_over and not _is_music(line)):
            continue
        is_over = False
        yield line
        has_key = has_key or line.startswith("K:")
        has_music = has_music or (has_key and not re.match(r"[A-Za-z+]:(?![|:])", line))


def _is_music(line: str) -> bool:
    """Returns whether a line after an empty one is music all the same, as some books have it."""
    bare = _QUOTED.sub("", line)
    return bool(_MUSIC.fullmatch(bare)) and not _WORD.search(bare)
