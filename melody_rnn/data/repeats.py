"""Repeats of an ABC tune, unfolded in its text.

abc2midi unfolds them itself, but where a repeat has no opening sign it goes back to the last closing one, past double
bars, and so plays sections too often. Here such a repeat goes back to the last sign of any kind, as the ABC standard
2.1 (abcnotation.com) has it, and every tune can also be had with each section once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from melody_rnn.errors import InputFileError

Repeats = Literal["written", "expanded"]

FIELDS: Final = "MLK"
"""Fields that change how notes read, so that going back must set them again: meter, unit length, key."""
MAX_CHARACTERS: Final = 400_000
INLINE_FIELD: Final = re.compile(r"\[([A-Za-z]):([^\]\n]*)\]")
_MAX_TIMES: Final = 4
_SIGN: Final = re.compile(
    # A bar line of any kind, or the bracket of an ending.
    r"(?P<bar>\[?:*\|[|:\]]*(?:\s+:(?![|:]))?|(?<!\(\d)::+|:\]|\[(?=\s*\d))"
    r"\s*(?:\[(?=\s*\d))?\s*(?P<ending>\d[\d,.-]*)?"
)


@dataclass
class _Unit:
    """Music from one sign where a repeat may start to the next.

    Attributes:
        body: What every pass plays.
        endings: What only some passes play after it, by the numbers of the passes.
        opened: Whether an opening repeat sign stands before it.
        times: How often its closing sign has it played; 1 without such a sign.
    """

    body: str = ""
    endings: list[tuple[frozenset[int], str]] = field(default_factory=list)
    opened: bool = False
    times: int = 1

    def add(self, text: str) -> None:
        if self.endings:
            passes, ending = self.endings[-1]
            self.endings[-1] = (passes, ending + text)
        else:
            self.body += text

    def text(self, number: int | None = None) -> str:
        """Returns what pass `number` (from 1) plays; None for the body and the last ending."""
        if not self.endings:
            return self.body
        fitting = [ending for passes, ending in self.endings if number is None or number in passes]
        return self.body + "|" + (fitting or [self.endings[-1][1]])[-1]


def unfold(text: str, header: Mapping[str, str], repeats: Repeats) -> str:
    """Returns a voice's music with plain bar lines only.

    Args:
        text: Notes, bar lines and inline fields.
        header: The fields of `FIELDS` that hold at its start.
        repeats: 'written' plays each section once, with the last of its endings; 'expanded' as the signs say.

    Raises:
        InputFileError: If that makes it far longer than any tune.
    """
    units = _units(text)
    states = _states(units, header)
    order = _expanded_order(units) if repeats == "expanded" else [(number, None) for number in range(len(units))]
    pieces: list[str] = []
    size = 0
    current = dict(header)
    for number, passage in order:
        wanted = states[number]
        music = units[number].text(passage)
        changes = "".join(f"[{name}:{value}]" for name, value in wanted.items() if current.get(name) != value)
        pieces.append(changes + music)
        size += len(pieces[-1])
        if size > MAX_CHARACTERS:
            raise InputFileError(f"its repeats unfold to more than {MAX_CHARACTERS} characters")
        current = {**wanted, **_fields(music)}
    return "|".join(piece for piece in pieces if piece.strip())


def _units(text: str) -> list[_Unit]:
    units = [_Unit()]
    end = 0
    for sign in _SIGN.finditer(text):
        units[-1].add(text[end : sign.start()])
        end = sign.end()
        bar = sign["bar"]
        _apply_closing(units[-1], bar)
        if sign["ending"]:
            units[-1].endings.append((_passes(sign["ending"]), ""))
        elif _is_boundary(bar):
            units.append(_Unit(opened=bar.endswith(":")))
        else:
            units[-1].add("|")
    units[-1].add(text[end:])
    return [unit for unit in units if unit.text().strip(" |\n")]


def _apply_closing(unit: _Unit, bar: str) -> None:
    colons = 1 if re.fullmatch("::+", bar) else len(bar) - len(bar.lstrip(":"))
    if colons:
        unit.times = min(max(unit.times, 1 + colons), _MAX_TIMES)


def _is_boundary(bar: str) -> bool:
    return ":" in bar or "]" in bar or bar.count("|") > 1 or bar.startswith("[|")


def _passes(ending: str) -> frozenset[int]:
    """Returns the numbers of a list such as '1,3' or '1-3'; greater ones than any ending has are noise."""
    numbers: set[int] = set()
    for item in re.split(r"[,.]", ending):
        bounds = [int(bound[:2]) for bound in item.split("-") if bound]
        if bounds:
            numbers.update(range(bounds[0], bounds[-1] + 1))
    return frozenset(number for number in numbers if number <= _MAX_TIMES)


def _expanded_order(units: Sequence[_Unit]) -> list[tuple[int, int | None]]:
    """Returns (unit, pass) pairs in the order in which they sound."""
    order: list[tuple[int, int | None]] = []
    start = 0
    is_open = False
    for number, unit in enumerate(units):
        if unit.opened or not is_open:
            start = number
            is_open = unit.opened
        times = _times(unit)
        order.append((number, 1))
        for passage in range(2, times + 1):
            order += [(earlier, passage) for earlier in range(start, number + 1)]
        if times > 1:
            is_open = False
    return order


def _times(unit: _Unit) -> int:
    """Returns how often a unit is played; several endings repeat even without a closing sign."""
    numbers = [number for passes, _ in unit.endings for number in passes]
    return max(numbers, default=1) if len(unit.endings) > 1 else unit.times


def _states(units: Sequence[_Unit], header: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns the fields in force at each unit's start."""
    states = []
    current = dict(header)
    for unit in units:
        states.append(current)
        written = unit.body + "".join(ending for _, ending in unit.endings)
        current = {**current, **_fields(written)}
    return states


def _fields(text: str) -> dict[str, str]:
    return {match[1]: match[2].strip() for match in INLINE_FIELD.finditer(text) if match[1] in FIELDS}
