"""The fields of ABC that say how notes read: key, meter, unit length, tempo.

Source: the ABC standard 2.1, abcnotation.com, section 3.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from melody_rnn.music.keys import MAX_SHARPS, MODES, Key
from melody_rnn.music.meters import Meter

_PLACES: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODE_NAMES: Final[Mapping[str, str]] = {
    "": "major",
    "maj": "major",
    "ion": "major",
    "m": "minor",
    "min": "minor",
    "aeo": "minor",
    "dor": "dorian",
    "phr": "phrygian",
    "lyd": "lydian",
    "mix": "mixolydian",
    "loc": "locrian",
}
_TONIC: Final = re.compile(r"([A-Ga-g])([#b♯♭]?)(\s*)([A-Za-z]*)")
_ACCIDENTALS: Final = re.compile(r"(?<!\S)(?:(?:\^\^|\^|__|_|=)[A-Ga-g])+(?!\S)")
_ACCIDENTAL: Final = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_ALTERS: Final = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_CLEF: Final = re.compile(
    r"(?:^|\s)(?:clef=)?\"?(?:treble|bass|alto|tenor|perc|none|soprano|[GFC][1-5]?)[1-5]?([+-]8)\b"
)
_SHIFT: Final = re.compile(r"\b(octave|transpose)=\s*(-?\d{1,2})\b")
_FRACTION: Final = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")
_BEAT_TEMPO: Final = re.compile(r"([\d/\s]{3,80}?)=\s*(\d{1,4}(?:\.\d{1,3})?)")
_OLD_TEMPO: Final = re.compile(r"(?:([A-Ga-g])(\d{0,2}(?:/\d{1,2})?)\s*=\s*)?(\d{1,4})")
_MAX_BEATS: Final = 64


@dataclass(frozen=True)
class KeyField:
    """What a K: field says.

    Attributes:
        key: The key, or None where the field names no usual one.
        alters: Semitones by which each letter is altered.
        shift: Semitones by which all sounds higher, from octave=, transpose= and clefs such as treble-8; None where the
            field does not say.
        is_known: Whether the field names a key at all.
    """

    key: Key | None
    alters: Mapping[str, int] = field(default_factory=dict)
    shift: int | None = None
    is_known: bool = True


def parse_key(text: str) -> KeyField:
    """Reads a K: field, such as 'D', 'Amix', 'F# minor', 'HP', 'D =c ^g', 'G clef=treble-8' or 'none'."""
    plain = text.strip()
    shift = parse_shift(plain)
    # Where they stand alone; 'clef=bass' makes no B natural.
    signs = "".join(_ACCIDENTALS.findall(plain))
    extra = {letter.upper(): _ALTERS[sign] for sign, letter in _ACCIDENTAL.findall(signs)}
    if plain.startswith(("HP", "Hp")):
        # The pipes' scale, whether its sharps are printed or not.
        key: Key | None = Key(2, "mixolydian")
    elif not plain or plain.lower().startswith("none"):
        return KeyField(None, extra, shift)
    else:
        key = _named_key(plain)
    if re.search(r"\bexp\b", plain):
        return KeyField(None, extra, shift)
    if key is None:
        return KeyField(None, extra, shift, is_known=False)
    return KeyField(key, {**key.alters, **extra}, shift)


def parse_shift(text: str) -> int | None:
    """Returns by how many semitones a K: or V: field makes its notes sound higher; None where it does not say."""
    shifts = [int(number) * (12 if name == "octave" else 1) for name, number in _SHIFT.findall(text)]
    clef = _CLEF.search(text)
    if clef:
        shifts.append(12 if clef[1] == "+8" else -12)
    return sum(shifts) if shifts else None


def parse_meter(text: str) -> Meter | None:
    """Reads an M: field: '6/8', 'C', 'C|', '3+2/8', '(2+3)/8'; None for 'none' and what is no meter."""
    plain = text.strip()
    if plain.startswith("C|"):
        return Meter(2, 2)
    if plain.startswith("C"):
        return Meter(4, 4)
    match = re.match(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})", plain)
    if not match:
        return None
    beats, beat = sum(int(number) for number in match[1].split("+")), int(match[2])
    is_possible = 1 <= beats <= _MAX_BEATS and beat in (1, 2, 4, 8, 16, 32, 64)
    return Meter(beats, beat) if is_possible else None


def parse_unit(text: str) -> Fraction | None:
    """Reads an L: field, such as '1/8', as a part of a whole note; None if it is none."""
    match = _FRACTION.match(text.strip())
    if not match:
        return Fraction(1) if text.strip() == "1" else None
    unit = Fraction(int(match[1]), max(int(match[2]), 1))
    return unit if Fraction(1, 512) <= unit <= 4 else None


def default_unit(meter: Meter | None) -> Fraction:
    """Returns the unit length where no L: says it: a sixteenth in meters shorter than 3/4, else an eighth."""
    return Fraction(1, 16) if meter is not None and meter.quarters < 3 else Fraction(1, 8)


def parse_tempo(text: str, unit: Fraction) -> float | None:
    """Reads a Q: field, as quarter notes a minute: '1/4=120', '3/8=100', or as of old '120' and 'C3=40'.

    Args:
        text: The field.
        unit: The unit length, which old forms count in, as a part of a whole note.

    Returns:
        The tempo, or None where only a word says it.
    """
    plain = re.sub(r'"[^"]*"', " ", text).strip()
    match = _BEAT_TEMPO.match(plain)
    if match:
        beats = [Fraction(int(top), int(bottom)) for top, bottom in _FRACTION.findall(match[1]) if int(bottom)]
        if beats:
            return _tempo(4 * sum(beats, Fraction(0)) * Fraction(match[2]))
    old = _OLD_TEMPO.fullmatch(plain)
    if not old:
        return None
    length = Fraction(old[2]) if old[2] and not old[2].endswith("/0") and not old[2].startswith("/") else Fraction(1)
    return _tempo(4 * unit * length * int(old[3]))


def _tempo(qpm: Fraction) -> float | None:
    return float(qpm) if 1 <= qpm <= 10_000 else None


def _named_key(text: str) -> Key | None:
    match = _TONIC.match(text)
    if not match:
        return None
    letter, accidental, gap, mode = match.groups()
    name = mode.lower()
    # K:Bb is B flat; K:bb is too, but K:Ab minor's b is taken above.
    known = name if name in ("", "m") else name[:3]
    if known not in _MODE_NAMES:
        # 'bass' and 'clef=alto' begin with letters of tonics, but are clefs without a key.
        if letter.islower() and not gap:
            return None
        known = ""
    mode_name = _MODE_NAMES[known]
    place = _PLACES[letter.upper()] + 7 * {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[accidental]
    sharps = place + MODES[mode_name]
    return Key(sharps, mode_name) if abs(sharps) <= MAX_SHARPS else None
