"""The form of a score: its sections by its signs, and the order in which its bars are played.

A repeat goes back to its opening sign; where it has none, to the last sign of any kind that ends a section, as the ABC
standard 2.1 (abcnotation.com) has it, else to the beginning.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, NamedTuple

from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, Mark, MeterChange, Note, Part, Score, TempoChange

MAX_TIMES: Final = 16
"""How often a section is played at most, whatever a file says."""
_MAX_PLAYED_BARS: Final = 100_000
_JUMPS: Final[frozenset[Mark]] = frozenset({"da_capo", "dal_segno"})
_Change = MeterChange | KeyChange | TempoChange


class EndingBars(NamedTuple):
    """The bars of an ending.

    Attributes:
        passes: On which passes it is played, from 1.
        first: Its first bar.
        end: The bar after its last one.
    """

    passes: tuple[int, ...]
    first: int
    end: int


@dataclass(frozen=True)
class BarSection:
    """A section, in bars of its score.

    Attributes:
        first: Its first bar.
        end: The bar after its last one.
        times: How often it is played, at least once.
        endings: Its endings in order; with none of them every pass is the same.
        label: What is written over it, or an empty string.
    """

    first: int
    end: int
    times: int
    endings: tuple[EndingBars, ...]
    label: str

    def bars(self, number: int | None = None) -> list[int]:
        """Returns the bars that pass `number` (from 1) plays; None for the last pass."""
        if not self.endings:
            return list(range(self.first, self.end))
        number = self.times if number is None else number
        fitting = [ending for ending in self.endings if number in ending.passes]
        ending = (fitting or [self.endings[-1]])[-1]
        return [*range(self.first, self.endings[0].first), *range(ending.first, ending.end)]


class Jump(NamedTuple):
    """A da capo or dal segno: after some bars, others are played again, once through.

    Attributes:
        after: The bar that would come next without it.
        first: The first bar that is played again.
        end: The bar after the last one that is played again.
    """

    after: int
    first: int
    end: int


def find_sections(bars: Sequence[Bar]) -> list[BarSection]:
    """Returns the sections of a score's bars, in order and without gaps."""
    sections = []
    first = 0
    while first < len(bars):
        section = _section_from(bars, first)
        sections.append(section)
        first = section.end
    return sections


def find_jump(bars: Sequence[Bar]) -> Jump | None:
    """Returns the da capo or dal segno of a score, or None; of several the first one counts."""
    after = next((i for i, bar in enumerate(bars, 1) if bar.marks & _JUMPS), None)
    if after is None:
        return None
    first = (_place(bars, "segno") or 0) if "dal_segno" in bars[after - 1].marks else 0
    stops = [i for i, bar in enumerate(bars, 1) if bar.marks & {"fine", "to_coda"} and first < i <= after]
    return Jump(after, first, min(stops, default=after))


def bars_once(bars: Sequence[Bar]) -> list[int]:
    """Returns the bars of a score played once through: every section once, with the last of its endings."""
    return [bar for section in find_sections(bars) for bar in section.bars()]


def bars_played(bars: Sequence[Bar]) -> list[int]:
    """Returns the bars of a score in the order in which they sound, repeats and da capo performed."""
    jump, played = find_jump(bars), list[int]()
    once_again = [] if jump is None else [bar for bar in bars_once(bars) if jump.first <= bar < jump.end]
    for section in find_sections(bars):
        for number in range(1, section.times + 1):
            own = section.bars(number)
            played += own
            is_last_pass = number == section.times
            if jump and is_last_pass and section.first < jump.after <= section.end:
                played += once_again
    return played[:_MAX_PLAYED_BARS]


def unfold(score: Score, order: Sequence[int]) -> Score:
    """Returns a score of plain bars: some bars of another, in a new order, with what is in them and no repeat signs.

    Args:
        score: The score.
        order: The bars to play, from 0.
    """
    ends = [*(bar.start for bar in score.bars[1:]), score.end]
    starts, now = list[Fraction](), Fraction(0)
    for bar in order:
        starts.append(now)
        now += ends[bar] - score.bars[bar].start
    moves = [(bar, start - score.bars[bar].start) for bar, start in zip(order, starts, strict=True)]
    plain = [
        Bar(start, is_double=score.bars[bar].is_double, label=score.bars[bar].label)
        for bar, start in zip(order, starts, strict=True)
    ]
    return replace(
        score,
        parts=tuple(_unfold_part(part, score.bars, moves) for part in score.parts),
        bars=tuple(plain),
        end=now,
        meters=_unfold_changes(score.meters, score.bars, moves),
        keys=_unfold_changes(score.keys, score.bars, moves),
        tempos=_unfold_changes(score.tempos, score.bars, moves),
        chords=_unfold_chords(score.chords, score.bars, moves),
    )


def _section_from(bars: Sequence[Bar], first: int) -> BarSection:
    is_open = _closes(bars, first)
    endings: list[tuple[tuple[int, ...], int]] = []
    times, end = 1, first
    while True:
        bar, end = bars[end], end + 1
        if bar.endings:
            endings.append((bar.endings, end - 1))
        times = max(times, bar.times)
        is_open = is_open and times == 1
        if end == len(bars):
            break
        following = bars[end]
        if following.endings:
            continue
        is_over = bar.times > 1 or following.opens_repeat
        is_end = bar.is_double or following.label or bar.marks & _JUMPS
        if is_over or (is_end and not is_open):
            break
    if len(endings) > 1:
        times = max(number for numbers, _ in endings for number in numbers)
    bounds = [*(start for _, start in endings), end]
    parts = tuple(EndingBars(numbers, start, bounds[i + 1]) for i, (numbers, start) in enumerate(endings))
    return BarSection(first, end, max(1, min(times, MAX_TIMES)), parts, bars[first].label)


def _closes(bars: Sequence[Bar], first: int) -> bool:
    """Returns whether a repeat that begins with a bar ends before another one begins."""
    if not bars[first].opens_repeat:
        return False
    for number in range(first, len(bars)):
        if number > first and bars[number].opens_repeat:
            return False
        if bars[number].times > 1:
            return True
    return False


def _place(bars: Sequence[Bar], mark: str) -> int | None:
    return next((number for number, bar in enumerate(bars) if mark in bar.marks), None)


def _unfold_part(part: Part, bars: Sequence[Bar], moves: Sequence[tuple[int, Fraction]]) -> Part:
    """Moves each note with the bar in which it begins; it keeps its length, though it may go on into the next bar."""
    by_bar: list[list[Note]] = [[] for _ in bars]
    number = 0
    for note in part.notes:
        while number + 1 < len(bars) and bars[number + 1].start <= note.start:
            number += 1
        by_bar[number].append(note)
    notes = [
        note._replace(start=note.start + shift, end=note.end + shift) if shift else note
        for bar, shift in moves
        for note in by_bar[bar]
    ]
    return replace(part, notes=tuple(notes))


def _unfold_changes(changes: Sequence[_Change], bars: Sequence[Bar], moves: Sequence[tuple[int, Fraction]]) -> Any:
    """Returns the changes of a meter, key or tempo, such that each bar has what it has as written."""
    if not changes:
        return ()
    unfolded: list[Any] = []
    starts = [change.start for change in changes]
    bounds = [*(bar.start for bar in bars[1:]), None]
    for bar, shift in moves:
        start, end = bars[bar].start, bounds[bar]
        first, last = bisect_right(starts, start), len(starts) if end is None else bisect_left(starts, end)
        # What comes first holds from the beginning.
        here = [changes[max(first - 1, 0)]._replace(start=start), *changes[first:last]]
        for change in here:
            if not unfolded or unfolded[-1][1] != change[1]:
                unfolded.append(change._replace(start=change.start + shift))
    return tuple(unfolded)


def _unfold_chords(
    chords: Sequence[ChordSymbol], bars: Sequence[Bar], moves: Sequence[tuple[int, Fraction]]
) -> tuple[ChordSymbol, ...]:
    starts = [chord.start for chord in chords]
    bounds = [*(bisect_left(starts, bar.start) for bar in bars), len(chords)]
    return tuple(
        chord._replace(start=chord.start + shift)
        for bar, shift in moves
        for chord in chords[bounds[bar] : bounds[bar + 1]]
    )
