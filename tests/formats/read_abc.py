"""Short ABC texts, read, and what is in them as short words."""

from fractions import Fraction

from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.score import Score


def read(body: str, meter: str = "4/4", key: str = "C", unit: str = "1/4", header: str = "") -> Score:
    """Returns the only tune, whose header has these fields and some more lines."""
    return read_text(f"X:1\nM:{meter}\nL:{unit}\n{header}K:{key}\n{body}\n")


def read_text(text: str) -> Score:
    """Returns the only tune of a tune book."""
    [tune] = split_tunebook(text.encode())
    return read_abc_tune(tune)


def line(score: Score, part: int = 0) -> str:
    """Returns the notes of a part as 'pitch:quarters', a gap before one as '-:quarters'."""
    words, now = [], Fraction(0)
    for note in score.parts[part].notes:
        words += [f"-:{note.start - now}"] if note.start > now else []
        words.append(f"{note.pitch}:{note.end - note.start}")
        now = note.end
    return " ".join(words)


def pitches(body: str, **fields: str) -> list[int]:
    """Returns the pitches of the first part in order."""
    return [note.pitch for note in read(body, **fields).parts[0].notes]


def lengths(body: str, **fields: str) -> list[Fraction]:
    """Returns the lengths of the first part's notes, in quarter notes."""
    return [note.end - note.start for note in read(body, **fields).parts[0].notes]
