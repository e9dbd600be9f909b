"""ABC tune books: text to tunes, one by one, through symusic's reader (abc2midi).

What that reader plays and a melody does not have is taken out first: grace notes, chord symbols, decorations, words,
playback directives, and repeats (`melody_rnn.data.repeats`).
Source: the ABC standard 2.1, abcnotation.com.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from melody_rnn.formats.grid import Pad, find_pads
from melody_rnn.data.pieces import Key, Meter, Piece, PieceNote
from melody_rnn.data.repeats import FIELDS, INLINE_FIELD, Repeats, unfold
from melody_rnn.errors import InputFileError

MAX_TUNE_CHARACTERS: Final = 200_000
_DOWNBEAT_VELOCITY: Final = 105
"""What abc2midi gives the first note after a bar line, and no other once dynamics are taken out."""
_TEXT_CODES: Final = ("utf-8", "latin-1")
_FIELD: Final = re.compile(r"^([A-Za-z]):\s*(.*?)\s*$")
_OLD_CHORD: Final = re.compile(r"\+([A-Ga-g^_=,'0-9/]+)\+")
_QUOTED_PRINTABLE: Final = re.compile(r"=(?:20|(3D))")
_UNPLAYED: Final = re.compile(r'"[^"\n]*"|\{[^}\n]*\}|![^!\n|]*!|\+[a-z][^+\n|]*\+|\\$')
_DECORATIONS: Final = re.compile(r"[.~`*$;?@#!+{}\\\"H-Wh-wy]|\((?!\d)|\)")


@dataclass(frozen=True)
class AbcTune:
    """One tune of a tune book, as text.

    Attributes:
        index: Its place in the book, from 0; X: numbers are often given twice.
        title: Its first T: field, or an empty string.
        lines: Its lines after X:, comments and directives left out.
    """

    index: int
    title: str
    lines: tuple[str, ...]


def decode_text(data: bytes) -> str:
    """Returns the text of an ABC file, which may be UTF-8 or Latin-1."""
    try:
        return data.decode(_TEXT_CODES[0]).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode(_TEXT_CODES[1])


def split_tunebook(text: str) -> Iterator[AbcTune]:
    """Yields the tunes of a tune book in order. Text outside tunes is skipped; a file without X: yields nothing."""
    index = -1
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if re.match(r"\s*X:", line):
            if index >= 0:
                yield _tune(index, lines)
            index += 1
            lines = []
        elif index >= 0:
            lines.append(line)
    if index >= 0:
        yield _tune(index, lines)


def _tune(index: int, lines: Sequence[str]) -> AbcTune:
    kept = [line.split("%", 1)[0].strip() for line in lines]
    kept = [line for line in kept if line]
    titles = (line[2:].strip() for line in kept if line.startswith("T:"))
    return AbcTune(index, next(titles, ""), tuple(kept))


def read_tune(tune: AbcTune, repeats: Repeats = "written") -> Piece:
    """Reads a tune.

    Args:
        tune: The tune.
        repeats: 'written' plays each section once, with the last of its endings; 'expanded' as the signs say.

    Raises:
        InputFileError: If there is no key or no note in it, or it is far longer than any tune.
    """
    score = _score(playable_text(tune, repeats))
    quarter = score.tpq
    parts = tuple(
        tuple(PieceNote(_start(n) / quarter, (n.time + n.duration) / quarter, n.pitch) for n in track.notes)
        for track in score.tracks
        if track.notes
    )
    if not parts:
        raise InputFileError("no note in it")
    meters = tuple(Meter(m.time / quarter, m.numerator, m.denominator) for m in score.time_signatures)
    downbeats = [_start(n) / quarter for n in score.tracks[0].notes if n.velocity == _DOWNBEAT_VELOCITY]
    note_starts = sorted(note.start for part in parts for note in part)
    pads = _pads(downbeats, meters, note_starts)
    changes = tuple(tempo.time / quarter for tempo in score.tempos if tempo.time)
    return Piece(parts, meters, changes, pads, _key(score), tune.title)


def _score(text: str) -> Any:
    import symusic  # It starts a search for its sound fonts and programs when imported.

    try:
        return symusic.Score.from_abc(text)
    except Exception as error:
        # What follows is a command line with this machine's paths.
        reason = str(error).partition(":")[0].partition("/")[0].strip()
        raise InputFileError(f"abc2midi cannot read it ({reason})") from error


def _start(note: Any) -> int:
    """Returns the tick at which a note is written; abc2midi starts notes, but does not end them, one tick late."""
    return max(0, int(note.time) - 1)


def _key(score: Any) -> Key | None:
    signatures = score.key_signatures
    if not signatures:
        return None
    sharps = int(signatures[0].key)
    return Key(sharps, (sharps * 7 + 9 * int(signatures[0].tonality)) % 12)


def _pads(downbeats: Sequence[float], meters: Sequence[Meter], note_starts: Sequence[float]) -> tuple[Pad, ...]:
    """Returns what puts bars onto the grid, for each stretch of one meter."""
    pads: list[Pad] = []
    for meter, following in pairwise([*(meters or [Meter(0.0, 4, 4)]), None]):
        assert meter is not None
        end = following.start if following else math.inf
        starts = [meter.start, *(time for time in downbeats if meter.start < time < end)]
        if meter.denominator:
            pads += find_pads(starts, 4 * meter.numerator / meter.denominator, note_starts)
    return tuple(pads)


def playable_text(tune: AbcTune, repeats: Repeats = "written") -> str:
    """Returns a tune as ABC that has notes, rests, bar lines and M:, L: and K: fields only, and no repeat.

    Raises:
        InputFileError: If it has no key, or is far longer than any tune.
    """
    if sum(map(len, tune.lines)) > MAX_TUNE_CHARACTERS:
        raise InputFileError(f"more than {MAX_TUNE_CHARACTERS} characters, which no tune has")
    header, body = _header_and_body(tune.lines)
    if "K" not in header:
        raise InputFileError("no K: field, so no tune")
    voices = _voices(body)
    texts = [unfold(text, header, repeats) for text in voices.values()]
    # Without the directive chords are strummed, and their notes would not start together.
    lines = [
        "X:1",
        "%%MIDI chordattack 0",
        *(f"{name}:{header[name]}" for name in FIELDS if name in header and name != "K"),
    ]
    lines.append(f"K:{header['K']}")
    for number, text in enumerate(texts, start=1):
        lines += [f"V:{number}", text] if len(texts) > 1 else [text]
    return "\n".join(lines) + "\n"


def _header_and_body(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    header: dict[str, str] = {}
    for number, line in enumerate(lines):
        field = _FIELD.match(line)
        if not field:
            continue
        if field[1] in FIELDS:
            header[field[1]] = field[2]
        if field[1] == "K":
            return header, list(lines[number + 1 :])
    return header, []


def _voices(body: Sequence[str]) -> dict[str, str]:
    """Returns the text of each voice by its name, fields of the body written inline."""
    voices: dict[str, list[str]] = {}
    name = ""
    for line in body:
        field = _FIELD.match(line)
        if field and field[1] == "V":
            name = field[2].split(" ", 1)[0]
        elif field and field[1] in FIELDS:
            voices.setdefault(name, []).append(f"[{field[1]}:{field[2]}]")
        elif not field:
            inline = re.match(r"\[V:\s*([^\]\s]+)[^\]]*\]", line)
            name = inline[1] if inline else name
            voices.setdefault(name, []).append(_strip(line))
    # A blank line would end the tune.
    return {name: "\n".join(line for line in lines if line.strip()) for name, lines in voices.items()}


def _strip(line: str) -> str:
    """Returns a line of music without what a melody does not have."""
    # Two books went through e-mail: an accidental before a digit is none, so '=20' and '=3D' can be nothing else.
    line = _QUOTED_PRINTABLE.sub(lambda code: "=" if code[1] else " ", line)
    line = _UNPLAYED.sub(" ", _OLD_CHORD.sub(r"[\1]", line))
    pieces = []
    end = 0
    for field in INLINE_FIELD.finditer(line):
        pieces.append(_DECORATIONS.sub("", line[end : field.start()]))
        pieces.append(field[0] if field[1] in FIELDS else "")
        end = field.end()
    return "".join([*pieces, _DECORATIONS.sub("", line[end:])])
