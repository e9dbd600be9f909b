"""ABC tune books: text to tunes, one by one, through symusic's reader (abc2midi).

What that reader plays and a melody does not have is taken out first: grace notes, chord symbols, decorations, words,
playback directives, and repeats (`melody_rnn.data.repeats`).
Source: the ABC standard 2.1, abcnotation.com.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from melody_rnn.data.pieces import Key, Meter, Piece, PieceNote
from melody_rnn.data.repeats import FIELDS, INLINE_FIELD, Repeats, unfold
from melody_rnn.errors import InputFileError

MAX_TUNE_CHARACTERS: Final = 200_000
_DOWNBEAT_VELOCITY: Final = 105
"""What abc2midi gives the first note after a bar line, and no other once dynamics are taken out."""
_TEXT_CODES: Final = ("utf-8", "latin-1")
_FIELD: Final = re.compile(r"^([A-Za-z]):\s*(.*?)\s*$")
_UNPLAYED: Final = re.compile(r'"[^"\n]*"|\{[^}\n]*\}|![^!\n|]*!|\+[a-z][^+\n|]*\+|\\$', re.MULTILINE)
_DECORATIONS: Final = re.compile(r"[.~`*$;?@#H-Wh-wy]|\((?!\d)|\)")


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
    import symusic  # It starts a search for its sound fonts and programs when imported.

    text = playable_text(tune, repeats)
    try:
        score = symusic.Score.from_abc(text)
    except Exception as error:
        raise InputFileError(f"not readable as ABC ({str(error).strip().splitlines()[0][:100]})") from error
    quarter = score.tpq
    parts = tuple(
        tuple(PieceNote(n.time / quarter, (n.time + n.duration) / quarter, n.pitch) for n in track.notes)
        for track in score.tracks
        if track.notes
    )
    if not parts:
        raise InputFileError("no note in it")
    meters = tuple(Meter(m.time / quarter, m.numerator, m.denominator) for m in score.time_signatures)
    downbeats = [n.time / quarter for n in score.tracks[0].notes if n.velocity == _DOWNBEAT_VELOCITY]
    offset, strays = _pickup_offset(downbeats, meters)
    return Piece(parts, meters, (), offset, _key(score), tune.title, strays)


def _key(score: object) -> Key | None:
    signatures = score.key_signatures  # type: ignore[attr-defined]
    if not signatures:
        return None
    sharps = int(signatures[0].key)
    return Key(sharps, (sharps * 7 + 9 * int(signatures[0].tonality)) % 12)


def _pickup_offset(downbeats: Sequence[float], meters: Sequence[Meter]) -> tuple[float, int]:
    """Returns how far into its bar a tune starts, by the vote of its bar lines, and how many bar lines disagree.

    A vote rather than the first bar's length: that one may be short by mistake, and the last bar of a part and the
    next part's pickup often share a bar.
    """
    meter = meters[0] if meters else Meter(0.0, 4, 4)
    last = meters[1].start if len(meters) > 1 else float("inf")
    bar = 4 * meter.numerator / meter.denominator
    phases = Counter(round(time % bar * 48) % round(bar * 48) for time in downbeats if time < last)
    if not phases:
        return 0.0, 0
    phase, votes = max(phases.items(), key=lambda item: (item[1], -item[0]))
    return (bar - phase / 48) % bar, sum(phases.values()) - votes


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
    lines = ["X:1", *(f"{name}:{header[name]}" for name in FIELDS if name in header and name != "K")]
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
    return {name: "\n".join(lines) for name, lines in voices.items()}


def _strip(line: str) -> str:
    """Returns a line of music without what a melody does not have."""
    line = _UNPLAYED.sub(" ", line)
    pieces = []
    end = 0
    for field in INLINE_FIELD.finditer(line):
        pieces.append(_DECORATIONS.sub("", line[end : field.start()]))
        pieces.append(field[0] if field[1] in FIELDS else "")
        end = field.end()
    return "".join([*pieces, _DECORATIONS.sub("", line[end:])])
