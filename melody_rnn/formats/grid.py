"""Bar lines onto the grid: where time must go in or out so that every bar starts at a multiple of the bar.

Notation has bars that are not whole: a pickup, a last bar short by the pickup that it repeats to, two parts of which
one ends with a whole bar and the next starts with a pickup, mistakes. A model that counts steps needs them whole.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from melody_rnn.formats.score import MeterChange, Score
from melody_rnn.music.meters import COMMON_TIME

# Times of bars come from ticks; fast tuplets round them.
_TOLERANCE = 1 / 32


class Pad(NamedTuple):
    """Time to put in or take out, in quarter notes.

    Attributes:
        time: Where, in the piece as it is; notes that start then or later move.
        length: How long; negative to take time from the note before.
    """

    time: float
    length: float


def find_pads(bar_starts: Sequence[float], bar: float, note_starts: Sequence[float]) -> list[Pad]:
    """Returns what puts every whole bar onto the grid.

    Irregular bars that follow each other, such as the end of a part and the pickup of the next, are left alone if they
    are whole bars together. Otherwise silence goes in before a lone bar of up to half a bar, which is taken for a
    pickup, after a longer one, and after the first of several. Where more than half a bar were missing, the note before
    gives way instead if it is long enough, as players do. The last bar may be as short as it is.

    Args:
        bar_starts: Where bars start, ascending, in quarter notes; the piece's start is the first.
        bar: Length of a whole bar in quarter notes.
        note_starts: Where notes start, ascending, in quarter notes.
    """
    pads: list[Pad] = []
    run: list[tuple[float, float]] = []
    for start, end in pairwise(bar_starts):
        length = end - start
        opens_piece = bool(run) and run[0][0] == bar_starts[0]
        if _is_multiple(length, bar):
            pads += _pads_of_run(run, bar, opens_piece, note_starts)
            run = []
        elif length > _TOLERANCE:
            run.append((start, length))
            if not opens_piece and _is_multiple(end - run[0][0], bar):
                run = []
    return pads


def _pads_of_run(
    run: Sequence[tuple[float, float]], bar: float, opens_piece: bool, note_starts: Sequence[float]
) -> list[Pad]:
    total = sum(length for _, length in run)
    if not run or _is_multiple(total, bar):
        return []
    excess = total % bar
    start, length = run[0]
    if opens_piece:
        return [Pad(start, bar - excess)]
    is_pickup = len(run) == 1 and length <= bar / 2
    time = start if is_pickup else start + length
    if excess < bar / 2 and not _starts_between(note_starts, time - excess - _TOLERANCE, time - _TOLERANCE):
        return [Pad(time, -excess)]
    return [Pad(time, bar - excess)]


def _is_multiple(length: float, bar: float) -> bool:
    return length > bar / 2 and abs(length - bar * round(length / bar)) < _TOLERANCE


def _starts_between(note_starts: Sequence[float], low: float, high: float) -> bool:
    return bisect_left(note_starts, low) < bisect_left(note_starts, high)


class TimedNote(NamedTuple):
    """A note; times in quarter notes."""

    start: Fraction | float
    end: Fraction | float
    pitch: int


def score_pads(score: Score) -> list[Pad]:
    """Returns what puts the bars of a score onto the grid of its meters, each from where it begins.

    Args:
        score: A score of plain bars, in the order in which they are played.
    """
    note_starts = sorted({float(note.start) for part in score.parts for note in part.notes})
    bar_starts = [*(float(bar.start) for bar in score.bars), float(score.end)]
    pads: list[Pad] = []
    for change, following in pairwise([*(score.meters or [MeterChange(Fraction(0), COMMON_TIME)]), None]):
        assert change is not None
        end = float(following.start) if following else math.inf
        own = [start for start in bar_starts if float(change.start) <= start <= end]
        pads += find_pads(own, float(change.meter.quarters), note_starts)
    return pads
