"""A piece of music between its file and its melodies: notes in quarter notes, whatever the file was."""

from dataclasses import dataclass
from typing import NamedTuple

from melody_rnn.formats.grid import Pad


class PieceNote(NamedTuple):
    """A note; times in quarter notes from the piece's start."""

    start: float
    end: float
    pitch: int


class Meter(NamedTuple):
    """A time signature and where it starts, in quarter notes."""

    start: float
    numerator: int
    denominator: int


class Key(NamedTuple):
    """A key signature as the source has it.

    Attributes:
        sharps: Sharps of the signature, negative for flats, -7 to 7.
        tonic: Pitch class of the tonic, 0 (C) to 11.
    """

    sharps: int
    tonic: int


@dataclass(frozen=True)
class Piece:
    """A piece as read.

    Attributes:
        parts: Notes of each instrument or voice, drums left out.
        meters: Meters by start; 4/4 where there is none.
        tempo_changes: Where the tempo changes, in quarter notes, after the start.
        pads: What puts bar lines onto the grid; one at the start pads a pickup.
        key: The first key signature, if the source has one.
        title: The title, if the source has one.
    """

    parts: tuple[tuple[PieceNote, ...], ...]
    meters: tuple[Meter, ...] = ()
    tempo_changes: tuple[float, ...] = ()
    pads: tuple[Pad, ...] = ()
    key: Key | None = None
    title: str = ""
