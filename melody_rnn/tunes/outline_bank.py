"""Banks of outlines: what tunes of a data set have for forms, meters, keys, ranges and lengths, without their notes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.archives import ARCHIVE_ERRORS, pack_arrays, unpack_arrays
from melody_rnn.errors import ModelError
from melody_rnn.events import MAX_PITCH, MIN_PITCH, NOTES_PER_OCTAVE
from melody_rnn.music.keys import MAX_SHARPS, MODES, Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.outline import BarKind, BarPlan, Cadence, Outline, PlannedEnding
from melody_rnn.tunes.tune import Jump, Section, letter

_MAX_BYTES: Final = 8 * 2**20
_MAX_STEPS: Final = 65_535
_NOTHING: Final = -1
_NO_CADENCE: Final = Cadence(0, 0)
_MODES: Final = tuple(MODES)
_LISTS: Final = ("sections", "bars", "endings")
_MAX_PASSES: Final = 16
_ARRAYS: Final = {
    "meters": ("uint8", 2),
    "lengths": ("uint16", 2),
    "keys": ("int8", 2),
    "pitches": ("int16", 4),
    "jumps": ("int32", 3),
    "num_sections": ("uint16", 1),
    "sections": ("uint16", 5),
    "num_bars": ("uint16", 1),
    "bars": ("uint8", 2),
    "num_endings": ("uint16", 1),
    "endings": ("uint16", 6),
}


class PartPlan(NamedTuple):
    """The plan of a part: its bars, each of which is new or takes up one of the same part.

    Attributes:
        number: 0 for a tune's first part, 1 for any later one.
        plan: Of each bar.
    """

    number: int
    plan: tuple[BarPlan, ...]


class OutlineBank(Sequence[Outline]):
    """Outlines to draw from."""

    def __init__(self, outlines: Sequence[Outline], steps_per_quarter: int) -> None:
        """Makes a bank.

        Args:
            outlines: Of whole tunes, as they sound; all of steps of one length.
            steps_per_quarter: Steps in a quarter note.
        """
        self._outlines = tuple(outlines)
        self.steps_per_quarter = steps_per_quarter
        self._parts: dict[int, list[PartPlan]] = {}

    def __len__(self) -> int:
        return len(self._outlines)

    def __getitem__(self, index: Any) -> Any:
        return self._outlines[index]

    def __iter__(self) -> Iterator[Outline]:
        return iter(self._outlines)

    def to_bytes(self) -> bytes:
        """Returns the bank as a NumPy archive, the same for the same bank; `from_bytes` is the inverse."""
        outlines = self._outlines
        nowhere = Jump(_NOTHING, _NOTHING, _NOTHING)
        rows = {
            "meters": [outline.meter for outline in outlines],
            "lengths": [(outline.pickup_steps, outline.num_steps or 0) for outline in outlines],
            "keys": [
                (key.sharps, _MODES.index(key.mode)) if (key := outline.key) else (127, 0) for outline in outlines
            ],
            "pitches": [
                (
                    *(outline.pitches or (_NOTHING, _NOTHING)),
                    _NOTHING if outline.opening is None else outline.opening,
                    outline.transposition,
                )
                for outline in outlines
            ],
            "jumps": [outline.jump or nowhere for outline in outlines],
            "num_sections": [len(outline.sections) for outline in outlines],
            "sections": [
                (section.start, _letter_number(outline, section), section.times, *cadence)
                for outline in outlines
                for section, cadence in zip(outline.sections, outline.cadences or repeat(_NO_CADENCE), strict=False)
            ],
            "num_bars": [len(outline.bars) for outline in outlines],
            "bars": [plan for outline in outlines for plan in outline.bars],
            "num_endings": [len(outline.endings) for outline in outlines],
            "endings": [_ending_row(ending) for outline in outlines for ending in outline.endings],
        }
        return pack_arrays(
            {
                name: np.array(rows[name], dtype).reshape((-1, width) if width > 1 else -1)
                for name, (dtype, width) in _ARRAYS.items()
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, steps_per_quarter: int) -> "OutlineBank":
        """Reads what `to_bytes` wrote.

        Raises:
            ModelError: If it is damaged; the message does not name the file.
        """
        try:
            arrays = _read_arrays(data)
            return cls(tuple(_outlines(arrays, steps_per_quarter)), steps_per_quarter)
        except (*ARCHIVE_ERRORS, ValueError, KeyError, IndexError, MemoryError) as error:
            raise ModelError(f"the outlines are damaged ({error}); copy the model anew") from error

    def draw(
        self, seed: int, indices: Sequence[int], fits: Callable[[Outline], bool] = lambda outline: True
    ) -> list[Outline]:
        """Draws outlines of those that fit, each as probable.

        Args:
            seed: Of the run.
            indices: The numbers of the tunes; what one gets depends on the seed and on its number.
            fits: Which outlines count.

        Returns:
            One for each index; none if no outline fits.
        """
        fitting = [outline for outline in self._outlines if fits(outline)]
        if not fitting or not indices:
            return []
        shares = np.random.Generator(np.random.Philox(key=[seed, 1])).random(max(indices) + 1)[list(indices)]
        return [fitting[int(share * len(fitting))] for share in shares]

    def parts_of(self, num_bars: int) -> list[PartPlan]:
        """Returns the plans of all parts of so many bars."""
        if num_bars not in self._parts:
            self._parts[num_bars] = [
                plan for outline in self._outlines for plan in _part_plans(outline, num_bars) if outline.bars
            ]
        return self._parts[num_bars]


def _part_plans(outline: Outline, num_bars: int) -> Iterator[PartPlan]:
    steps_per_bar = outline.steps_per_bar
    for number, (section, end) in enumerate(zip(outline.sections, outline.section_ends, strict=True)):
        first = -(-section.start // steps_per_bar)
        own = outline.bars[first : first + num_bars]
        if round((end - section.start) / steps_per_bar) == num_bars == len(own):
            plan = (bar if bar.distance <= place else BarPlan(BarKind.NEW) for place, bar in enumerate(own))
            yield PartPlan(min(number, 1), tuple(plan))


def in_key(outline: Outline, tonic: int, mode: str | None, pitches: tuple[int, int] | None = None) -> Outline:
    """Returns an outline in another key.

    Args:
        outline: An outline whose key is known.
        tonic: The pitch class of the new tonic.
        mode: The new mode; None for the outline's own.
        pitches: The lowest and the highest pitch that may sound; the outline is moved by octaves so that it fits as
            well as it can. Where not given it stays as near as it can to where it was.
    """
    assert outline.key is not None
    amount = (tonic - outline.key.tonic + 6) % NOTES_PER_OCTAVE - 6
    moved = outline.transposed(amount)
    if mode is not None and moved.key is not None and moved.key.mode != mode:
        moved = replace(moved, key=_key(tonic, mode))
    return moved if pitches is None else fit(moved, pitches)


def fit(outline: Outline, pitches: tuple[int, int]) -> Outline:
    """Returns an outline moved by octaves so that it fits a range as well as it can, and cut to it."""
    if outline.pitches is None:
        return replace(outline, pitches=pitches)
    low, high = pitches

    def outside(octaves: int) -> tuple[int, int]:
        assert outline.pitches is not None
        lowest, highest = (pitch + NOTES_PER_OCTAVE * octaves for pitch in outline.pitches)
        return max(low - lowest, 0) + max(highest - high, 0), abs(octaves)

    moved = outline.transposed(NOTES_PER_OCTAVE * min(range(-5, 6), key=outside))
    assert moved.pitches is not None
    lowest, highest = (min(max(pitch, low), high) for pitch in moved.pitches)
    is_playable = moved.opening is not None and low <= moved.opening <= high
    return replace(moved, pitches=(lowest, highest), opening=moved.opening if is_playable else None)


def _key(tonic: int, mode: str) -> Key:
    keys = (Key(sharps, mode) for sharps in sorted(range(-MAX_SHARPS, MAX_SHARPS + 1), key=abs))
    return next(key for key in keys if key.tonic == tonic)


def _letter_number(outline: Outline, section: Section) -> int:
    labels = list(dict.fromkeys(other.label for other in outline.sections))
    return labels.index(section.label)


def _ending_row(ending: PlannedEnding) -> tuple[int, ...]:
    """Returns an ending as numbers, its passes as bits."""
    passes = sum(1 << number - 1 for number in ending.passes if number <= _MAX_PASSES)
    return ending.section, passes, ending.start, ending.num_steps, *ending.cadence


def _ending_of_row(section: int, passes: int, start: int, num_steps: int, pitch: int, steps: int) -> PlannedEnding:
    numbers = tuple(number for number in range(1, _MAX_PASSES + 1) if passes >> number - 1 & 1)
    return PlannedEnding(section, numbers, start, num_steps, Cadence(pitch, steps))


def _read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    kinds = {name: (dtype, 2 if width > 1 else 1) for name, (dtype, width) in _ARRAYS.items()}
    arrays = unpack_arrays(data, kinds, _MAX_BYTES)
    for name, (_, width) in _ARRAYS.items():
        if width > 1 and arrays[name].shape[1] != width:
            raise ValueError(f"its array {name} has another shape")
    num_outlines = len(arrays["meters"])
    if any(len(arrays[name]) != num_outlines for name in ("lengths", "keys", "pitches", "jumps")):
        raise ValueError("their numbers differ")
    for part in _LISTS:
        if len(arrays[f"num_{part}"]) != num_outlines or arrays[f"num_{part}"].sum(dtype=np.int64) != len(arrays[part]):
            raise ValueError(f"their numbers of {part} differ")
    return arrays


def _outlines(arrays: dict[str, NDArray[Any]], steps_per_quarter: int) -> Iterator[Outline]:
    """Yields the outlines of arrays, checked."""
    lists: dict[str, Any] = {name: array.tolist() for name, array in arrays.items()}
    rows = list(map(tuple, lists["bars"]))
    plans = {(kind, distance): BarPlan(BarKind(kind), distance) for kind, distance in set(rows)}
    lists["bars"] = [plans[row] for row in rows]
    bounds = {part: [0, *np.cumsum(arrays[f"num_{part}"], dtype=np.int64).tolist()] for part in _LISTS}
    for number in range(len(arrays["meters"])):
        pickup_steps, num_steps = lists["lengths"][number]
        sharps, mode = lists["keys"][number]
        lowest, highest, opening, transposition = lists["pitches"][number]
        jump = Jump(*lists["jumps"][number])
        own = {part: lists[part][bounds[part][number] : bounds[part][number + 1]] for part in _LISTS}
        meter = Meter(*lists["meters"][number])
        outline = Outline(
            meter=meter,
            pickup_steps=pickup_steps,
            num_steps=num_steps,
            sections=tuple(Section(start, letter(label), times) for start, label, times, _, _ in own["sections"]),
            cadences=tuple(Cadence(pitch, steps) for *_, pitch, steps in own["sections"] if steps),
            endings=tuple(_ending_of_row(*row) for row in own["endings"]),
            jump=None if jump.after < 0 else jump,
            bars=tuple(own["bars"]),
            key=Key(sharps, _MODES[mode]) if abs(sharps) <= MAX_SHARPS else None,
            pitches=(lowest, highest) if lowest >= 0 else None,
            opening=opening if opening >= 0 else None,
            transposition=transposition,
            steps_per_quarter=steps_per_quarter,
        )
        _check(outline)
        yield outline


def _check(outline: Outline) -> None:
    meter, num_steps = outline.meter, outline.num_steps or 0
    if not (1 <= meter.numerator <= 32 and meter.denominator in (1, 2, 4, 8, 16, 32)):
        raise ValueError(f"{meter} is no meter")
    starts = [section.start for section in outline.sections]
    is_sound = (
        0 <= outline.pickup_steps < outline.steps_per_bar
        and outline.first_step < num_steps
        and starts == sorted(set(starts))
        and all(start < num_steps for start in starts)
        and all(section.times >= 1 for section in outline.sections)
        and len(outline.cadences) in (0, len(outline.sections))
        and all(MIN_PITCH <= pitch <= MAX_PITCH for pitch, _ in outline.cadences)
        and all(_is_sound(outline, ending) for ending in outline.endings)
        and len(outline.bars) in (0, -(-num_steps // outline.steps_per_bar))
        and all(MIN_PITCH <= pitch <= MAX_PITCH for pitch in outline.pitches or ())
        and abs(outline.transposition) <= MAX_PITCH
    )
    if not is_sound:
        raise ValueError("an outline contradicts itself")


def _is_sound(outline: Outline, ending: PlannedEnding) -> bool:
    return (
        ending.section < len(outline.sections)
        and outline.sections[ending.section].start < ending.start < outline.section_ends[ending.section]
        and 1 <= ending.cadence.steps <= ending.num_steps <= _MAX_STEPS // 2
        and MIN_PITCH <= ending.cadence.pitch <= MAX_PITCH
    )
