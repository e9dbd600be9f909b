"""Chord symbols as people write them, Am7 or D/F#: their roots, moved to other keys."""

import re
from typing import Final

from melody_rnn.music.keys import Key, spell
from melody_rnn.music.pitches import parse_pitch_class

_SYMBOL: Final = re.compile(r"([A-G][#b♯♭]*)([^/]*)(?:/([A-G][#b♯♭]*))?(.*)")


def transpose_chord(symbol: str, amount: int, key: Key | None) -> str:
    """Returns a chord symbol `amount` semitones higher, spelled as in a key; what is no chord symbol stays as it is.

    Args:
        symbol: Such as Am7 or D/F#.
        amount: Semitones up.
        key: The key into which it is moved, or None if it is not known.
    """
    match = _SYMBOL.fullmatch(symbol.strip())
    if not match or not amount % 12:
        return symbol
    root, kind, bass, rest = match.groups()
    moved = spell(parse_pitch_class(root) + amount, key) + kind
    return moved + (f"/{spell(parse_pitch_class(bass) + amount, key)}" if bass else "") + rest
