"""Chord symbols as people write them, Am7 or D/F#: their notes, and their roots moved to other keys."""

import re
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from melody_rnn.errors import MelodyError, printable
from melody_rnn.music.keys import Key, spell
from melody_rnn.music.pitches import parse_pitch_class
from melody_rnn.note_seq_parts import load_part

ChordQuality = Literal["major", "minor", "augmented", "diminished", "other"]

QUALITIES: Final[tuple[ChordQuality, ...]] = ("major", "minor", "augmented", "diminished", "other")
"""As note_seq numbers them."""
_SYMBOL: Final = re.compile(r"([A-G][#b♯♭]*)([^/]*)(?:/([A-G][#b♯♭]*))?(.*)")
_NO_CHORD: Final = re.compile(r"N\.?C\.?|no chord|-|", re.IGNORECASE)
_PARTS: Final = re.compile(r"([A-G][#b]*)(.*?)(?:/([A-G][#b]*))?", re.DOTALL)
_MAX_SYMBOL: Final = 40
SPELLINGS: Final = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\s", ""),
        (r"[Δ△]7?", "maj7"),
        (r"[øØ]7?", "m7b5"),
        (r"[°º]", "o"),
        (r"[\u2212\u2013]", "-"),
        (r"(?i:major)|M[aA](?:[jJ])?|(?i:maj)|ma(?=[679]|1[13]|$|\()", "maj"),
        (r"(?i:minor)|M[iI][nN]?|min|mi(?=[679]|1[13]|$|\(|maj)", "m"),
        (r"dom(?=[79]|1[13])", ""),
        (r"^maj6", "6"),
        (r"^maj(?=\(?(?:add|no|sus))", ""),
        (r"^(6/?9|69)", "6/9"),
        (r"^alt|^7alt", "7b5#9"),
        (r"^(?:m|-)7\(?[b-]5\)?", "m7b5"),
        (r"^h7?$", "m7b5"),
        (r"^dim(?=7?$)", "o"),
        (r"^7\(?[#+]5\)?$|^7\+$|^7aug$", "+7"),
        (r"^9sus4?$", "sus7add9"),
        (r"^13sus4?$", "sus7add9add13"),
        (r"^7sus4", "sus7"),
        (r"^7sus2", "sus2addb7"),
        (r"^sus24$|^sus4sus2$", "sus4add2"),
        (r"^(add)?2$", "add9"),
        (r"^4$", "sus4"),
        (r"^(?:\(?add\)?)4$", "add11"),
        (r"(?<=\d)-(?=\d)", "b"),
        (r"(?<=\d)\+(?=\d)", "#"),
        (r"(?i:omit)", "no"),
        (r"[(\[,]+", ""),
        (r"[)\]]+", ""),
    )
)
"""How kinds are written elsewhere, and how note_seq knows them; from the first on."""
KNOWN_KINDS: Final = (
    "none (major), m, dim, aug, 5, sus2, sus4, 6, m6, 6/9, 7, maj7, m7, mmaj7, m7b5, dim7, aug7, 7sus4, 9, 11, 13 and "
    "their maj and m, add9, no3, b5, #9 and the like, /bass"
)
"""The kinds of chords that are known, in words for messages."""


class ChordTones(NamedTuple):
    """What a chord symbol stands for.

    Attributes:
        root: Pitch class of the root; C is 0.
        tones: Pitch classes of its notes, in the order of their degrees, the bass not among them if it is none.
        bass: Pitch class of the bass, which is the root's unless the symbol says another.
        quality: That of its triad.
    """

    root: int
    tones: tuple[int, ...]
    bass: int
    quality: ChordQuality


@lru_cache(maxsize=4096)
def parse_chord(symbol: str) -> ChordTones | None:
    """Reads a chord symbol such as Am7, F#m7b5, Bb/D or N.C.; None where no chord sounds.

    Raises:
        MelodyError: If it is none that is known; the message lists the kinds.
    """
    plain = plain_symbol(symbol)
    if plain is None:
        return None
    library = _library()
    try:
        pitches = library.chord_symbol_pitches(plain)
        root, bass = library.chord_symbol_root(plain), library.chord_symbol_bass(plain)
        quality = QUALITIES[library.chord_symbol_quality(plain)]
    except library.ChordSymbolError:
        raise MelodyError(
            f"{printable(symbol, _MAX_SYMBOL)!r} is no chord symbol that is known; write a root and a kind, such as G, "
            f"Am7, F#m7b5, Bb/D, or N.C. for none. Kinds: {KNOWN_KINDS}"
        ) from None
    return ChordTones(int(root), tuple(dict.fromkeys(int(pitch) % 12 for pitch in pitches)), int(bass), quality)


def symbol_grammar() -> tuple[str, dict[str, list[tuple[int, int]]]]:
    """Returns how note_seq takes symbols apart: the pattern of root, kind, changed degrees and bass, and the kinds.

    Returns:
        The pattern, and for each kind its degrees, each with the semitones by which it is altered.
    """
    library = _library()
    kinds = library._CHORD_KINDS_BY_ABBREV.items()
    return library._CHORD_SYMBOL_PATTERN, {
        kind: [library._parse_degree(degree) for degree in degrees] for kind, degrees in kinds
    }


def plain_symbol(symbol: str) -> str | None:
    """Returns a chord symbol in note_seq's spelling, as far as it can be told; None for 'no chord'."""
    text = symbol.strip()[: _MAX_SYMBOL + 1]
    if _NO_CHORD.fullmatch(text):
        return None
    parts = split_symbol(text)
    if parts is None or len(text) > _MAX_SYMBOL:
        return text
    root, kind, bass = parts
    for pattern, plain in SPELLINGS:
        kind = pattern.sub(plain, kind)
    return root + kind + (f"/{bass}" if bass else "")


def split_symbol(symbol: str) -> tuple[str, str, str | None] | None:
    """Returns the root of a chord symbol, its kind and its bass or None, as they are written; None without a root."""
    match = _PARTS.fullmatch(symbol.strip().replace("♯", "#").replace("♭", "b"))
    return (match[1], match[2].strip(), match[3]) if match else None


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


@lru_cache(maxsize=1)
def _library() -> Any:
    return load_part("chord_symbols_lib")
