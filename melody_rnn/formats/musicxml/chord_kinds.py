"""Chord symbols as MusicXML has them, and as people write them: 'minor-seventh' is m7.

Source: MusicXML 4.0, the type kind-value.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from melody_rnn.music.chords import split_symbol

KINDS: Final[Mapping[str, str]] = {
    "major": "",
    "minor": "m",
    "augmented": "aug",
    "diminished": "dim",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished-seventh": "dim7",
    "augmented-seventh": "aug7",
    "half-diminished": "m7b5",
    "major-minor": "mmaj7",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "major-11th": "maj11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "power": "5",
    "none": "N.C.",
}
"""How each kind is written after the root."""
KIND_OF: Final[Mapping[str, str]] = {suffix: kind for kind, suffix in KINDS.items()} | {
    "min": "minor",
    "-": "minor",
    "M": "major",
    "maj": "major",
    "+": "augmented",
    "o": "diminished",
    "°": "diminished",
    "M7": "major-seventh",
    "min7": "minor-seventh",
    "-7": "minor-seventh",
    "dim7": "diminished-seventh",
    "o7": "diminished-seventh",
    "ø": "half-diminished",
    "ø7": "half-diminished",
    "sus": "suspended-fourth",
}
"""The kind of what is written after the root."""


class Harmony(NamedTuple):
    """A chord symbol in parts.

    Attributes:
        root: Letter and semitones of alteration.
        kind: One of `KINDS`, or 'other'.
        suffix: What is written after the root.
        bass: Letter and semitones of alteration, or None.
    """

    root: tuple[str, int]
    kind: str
    suffix: str
    bass: tuple[str, int] | None


def parse_symbol(symbol: str) -> Harmony | None:
    """Reads a chord symbol such as Am7 or D/F#; None if it has no root."""
    parts = split_symbol(symbol)
    if parts is None:
        return None
    root, suffix, bass = parts
    return Harmony(_note(root), KIND_OF.get(suffix, "other"), suffix, _note(bass) if bass else None)


def symbol_of(root: tuple[str, int], kind: str, text: str | None, bass: tuple[str, int] | None) -> str:
    """Returns a chord symbol as people write it.

    Args:
        root: Letter and semitones of alteration.
        kind: The kind; an unknown one is written as its text says, or not at all.
        text: How the document prints the kind, or None.
        bass: The bass, as the root, or None.
    """
    if kind == "none":
        return KINDS[kind]
    suffix = KINDS.get(kind, text or "")
    return _name(root) + suffix + (f"/{_name(bass)}" if bass else "")


def _name(note: tuple[str, int]) -> str:
    letter, alter = note
    return letter + ("#" * alter if alter > 0 else "b" * -alter)


def _note(name: str) -> tuple[str, int]:
    return name[0], name.count("#") - name.count("b")
