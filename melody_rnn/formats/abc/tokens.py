"""The words of ABC music: notes, rests, chords, bar lines and all that stands between them.

Source: the ABC standard 2.1, abcnotation.com, section 4.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

_LENGTH: Final = r"\d*(?:/+\d*)*"
# The bracket of an ending; that of a chord can have a chord symbol after it.
_ENDING_BRACKET: Final = r"""\[(?=\s*(?:\d|"(?![^"\n]*"[^]|\n]{0,40}\])))"""
_LEXER: Final = re.compile(
    rf"""
      (?P<note>(?:\^\^|\^/\d?|\^|__|_/\d?|_|=)?[A-Ga-g][',]*{_LENGTH})
    | (?P<field>\[[A-Za-z]:[^]\n]{{0,400}}\])
    | (?P<bar>
          (?::\s{{0,8}}){{0,16}}\|[|:\]]*(?:\s{{1,8}}:+(?![|:]))?      # any line with what is written about it
        | \[\|[|:\]]*
        | ::+ | :\]
        | {_ENDING_BRACKET}
      )
      \s*(?:{_ENDING_BRACKET}\s*)?\s*(?P<ending>\d[\d,.\-]*(?![/\d]))?
    | (?P<rest>[zx]{_LENGTH})
    | (?P<bars_rest>[ZX]\d*)
    | (?P<quoted>"[^"\n]*"?)
    | (?P<grace>\{{[^}}\n]*\}}?)
    | (?P<mark>![^!\n|]{{1,40}}!)
    | (?P<old_chord>\+[A-Ga-g^_=,'0-9/]+\+)
    | (?P<old_mark>\+[a-zA-Z.()<>]+\+)
    | (?P<tuplet>\(\s*\d(?::\d*){{0,2}})
    | (?P<broken>>+|<+)
    | (?P<open>\[)
    | (?P<close>\]{_LENGTH})
    | (?P<tie>-)
    | (?P<overlay>&+)
    | (?P<symbol>[H-Wh-w])
    | (?P<space>y{_LENGTH}|(?:[\s`)\\.~*$;?@Y]|\((?!\s*\d))+)
    | (?P<other>.)
    """,
    re.VERBOSE,
)
_NOTE: Final = re.compile(rf"(\^\^|\^/\d?|\^|__|_/\d?|_|=)?([A-Ga-g])([',]*)({_LENGTH})")
_QUOTED_PRINTABLE: Final = re.compile(r"=(?:20|(3D))")
_ALTERS: Final = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_ABOVE_C: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_C: Final = 60
_MAX_PLAYED_TIMES: Final = 16


class Token(NamedTuple):
    """A word of music: its kind, a group of the lexer, its text, and the numbers of an ending with a bar line."""

    kind: str
    text: str
    ending: str = ""


class NoteWord(NamedTuple):
    """A note as it is written.

    Attributes:
        letter: A to G.
        alter: Semitones of its accidental, or None without one.
        pitch: MIDI pitch without any accidental.
        length: Its length in unit lengths.
        is_microtonal: Whether its accidental is a quarter tone, which is left out.
    """

    letter: str
    alter: int | None
    pitch: int
    length: Fraction
    is_microtonal: bool


class BarSigns(NamedTuple):
    """What a bar line says.

    Attributes:
        times: How often what it closes is played; 1 where it closes no repeat.
        opens_repeat: Whether a repeat begins after it.
        is_double: Whether it ends a section.
        endings: The numbers of the ending that begins after it.
    """

    times: int
    opens_repeat: bool
    is_double: bool
    endings: tuple[int, ...]


def tokens(line: str) -> Iterator[Token]:
    """Yields the words of a line of music, in order."""
    # Some books went through e-mail; an accidental before a digit is none, so '=20' and '=3D' can be nothing else.
    plain = _QUOTED_PRINTABLE.sub(lambda code: "=" if code[1] else " ", line) if "=" in line else line
    for match in _LEXER.finditer(plain):
        kind = match.lastgroup or "other"
        if kind == "ending":
            yield Token("bar", match["bar"], match["ending"])
        elif kind != "space":
            yield Token(kind, match[0] if kind != "bar" else match["bar"])


@lru_cache(maxsize=4096)
def read_note(text: str) -> NoteWord | None:
    """Reads a note, such as ^c'3/2; None where its pitch or length is beyond all music."""
    match = _NOTE.fullmatch(text)
    if not match:
        return None
    sign, letter, octaves, length = match.groups()
    is_microtonal = sign is not None and "/" in sign
    upper = letter.upper()
    octave = octaves.count("'") - octaves.count(",") + (letter != upper)
    pitch = _C + _ABOVE_C[upper] + 12 * octave
    duration = read_length(length)
    if not -24 <= pitch <= 151 or duration is None:
        return None
    alter = None if sign is None or is_microtonal else _ALTERS[sign]
    return NoteWord(upper, alter, pitch, duration, is_microtonal)


@lru_cache(maxsize=4096)
def read_length(text: str) -> Fraction | None:
    """Reads a length in unit lengths, such as 3, /, /4, 3/2 or nothing for one; None where it is beyond all music."""
    if not text:
        return Fraction(1)
    top, *bottoms = re.split("/", text)
    if len(top) > 4 or len(bottoms) > 8:
        return None
    length = Fraction(int(top) if top else 1)
    for bottom in bottoms:
        if len(bottom) > 4 or (bottom and not int(bottom)):
            return None
        length /= int(bottom) if bottom else 2
    return length if Fraction(1, 1024) <= length <= 1024 else None


@lru_cache(maxsize=1024)
def read_bar(text: str, ending: str) -> BarSigns:
    """Reads a bar line, such as '|', ':|', '|:', '::', '|]' or '[', and the numbers of an ending."""
    bare = "".join(text.split())
    colons = len(bare) - len(bare.lstrip(":"))
    if set(bare) == {":"}:
        colons = 1
    opens = bare.endswith(":")
    # What '[|]' stands for is not seen, so no section ends there.
    is_double = bare != "[|]" and (bare.count("|") > 1 or "]" in bare or bare.startswith("[|") or colons > 0 or opens)
    return BarSigns(min(colons + 1, _MAX_PLAYED_TIMES), opens, is_double, _endings(ending))


def _endings(text: str) -> tuple[int, ...]:
    """Returns the numbers of a list such as '1,3' or '1-3'; greater ones than any ending has are noise."""
    numbers: set[int] = set()
    for item in re.split(r"[,.]", text):
        bounds = [int(bound[:2]) for bound in item.split("-") if bound]
        if bounds:
            numbers.update(range(bounds[0], bounds[-1] + 1))
    return tuple(sorted(number for number in numbers if 1 <= number <= _MAX_PLAYED_TIMES))
