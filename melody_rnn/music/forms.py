"""Forms: the parts of a tune as they are played, such as AABB, and as they are written."""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from melody_rnn.errors import InvalidArgumentError

DEFAULT_PART_BARS: Final = 8
_MAX_PARTS: Final = 52
MAX_BARS: Final = 512
"""Most bars of a form."""
_PART: Final = re.compile(r"([A-Za-z])([0-9]{0,4})")


class WrittenPart(NamedTuple):
    """A part as it is written: its label, its bars, and how often it is played."""

    label: str
    bars: int
    times: int


class Part(NamedTuple):
    """A part as it is played: its label, and its bars."""

    label: str
    bars: int


@dataclass(frozen=True)
class Form:
    """The parts of a tune in the order in which they are played; parts of one label are the same music."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= _MAX_PARTS:
            raise InvalidArgumentError(f"a form must have from 1 to {_MAX_PARTS} parts, got {len(self.parts)}")
        lengths: dict[str, int] = {}
        for part in self.parts:
            if part.bars < 1:
                raise InvalidArgumentError(f"part {part.label} of the form must have at least 1 bar, got {part.bars}")
            if lengths.setdefault(part.label, part.bars) != part.bars:
                raise InvalidArgumentError(
                    f"part {part.label} of the form has {lengths[part.label]} bars once and {part.bars} another time; "
                    "parts of one letter are the same music"
                )
        if self.num_bars > MAX_BARS:
            raise InvalidArgumentError(f"a form must have at most {MAX_BARS} bars, got {self.num_bars}")

    @property
    def num_bars(self) -> int:
        """Bars of the tune as it is played."""
        return sum(part.bars for part in self.parts)

    def written(self) -> tuple[WrittenPart, ...]:
        """Returns the parts as they are written: those of one label that follow each other are one with a repeat."""
        return tuple(WrittenPart(*part, len(list(same))) for part, same in groupby(self.parts))

    def __str__(self) -> str:
        if len({part.bars for part in self.parts}) == 1:
            return "".join(part.label for part in self.parts)
        return "".join(f"{part.label}{part.bars}" for part in self.parts)


def parse_form(text: str, bars: int | None = None) -> Form:
    """Reads a form: letters such as AABB or ABAC, or with the bars of each part, A8A8B16B16.

    Args:
        text: The form.
        bars: Bars of the whole as it is played, which letters without bars share evenly; where not given, each has 8.

    Raises:
        InvalidArgumentError: If it is no form, or the bars cannot be shared.
    """
    letters = text.replace(" ", "")
    found = _PART.findall(letters)
    if not letters or "".join(label + own for label, own in found) != letters:
        raise InvalidArgumentError(
            f"the form must be letters such as AABB, each with its bars if you like, as in A8A8B16B16; got {text!r}"
        )
    if any(own for _, own in found):
        own_bars = {label.upper(): int(own) for label, own in reversed(found) if own}
        missing = [label for label, _ in found if label.upper() not in own_bars]
        if missing:
            raise InvalidArgumentError(f"the form {text!r} gives bars to some parts, but none to {missing[0]}")
        form = Form(tuple(Part(label.upper(), int(own) if own else own_bars[label.upper()]) for label, own in found))
        if bars is not None and form.num_bars != bars:
            raise InvalidArgumentError(f"the form {text!r} has {form.num_bars} bars, not {bars}")
        return form
    each, rest = (DEFAULT_PART_BARS, 0) if bars is None else divmod(bars, len(found))
    if rest or each < 1:
        raise InvalidArgumentError(
            f"{bars} bars cannot be shared evenly by the {len(found)} parts of {text}; "
            f"give bars to each, as in {''.join(f'{label.upper()}8' for label, _ in found[:4])}"
        )
    return Form(tuple(Part(label.upper(), each) for label, _ in found))
