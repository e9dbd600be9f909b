"""The form of a tune whose repeats are played, found by comparing its bars."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from melody_rnn.events import NO_EVENT
from melody_rnn.formats.form import MAX_TIMES
from melody_rnn.tunes.performance import fold
from melody_rnn.tunes.tune import Section, Tune, letter

_SECTION_BARS: Final = range(4, 33)
_MAX_ENDING_BARS: Final = 4
_MIN_BARS_WITH_ENDING: Final = 8
_SILENCE: Final = -1
_REST: Final = (NO_EVENT, _SILENCE)
# What a section of each kind must bring in bars to be taken for one; chosen on tunes whose form is known.
_SECTION_COST: Final = 1.0
_ENDING_COST: Final = 2.0
_FURTHER_PASS_COST: Final = 3.0
_LENGTH_COSTS: Final = {4: 1.0, 8: 0.0, 12: 0.5, 16: 0.5}
_OTHER_LENGTH_COST: Final = 1.5
_OTHER_LEAD_COST: Final = 0.25


class _Repeat(NamedTuple):
    """A stretch that is played several times, one after the other.

    Attributes:
        start: Its first step.
        num_steps: Steps of a pass.
        times: Passes.
        slack: Steps at the end in which no pass begins a note, so that the next section may begin there.
        gain: The bars that it explains, less its costs.
    """

    start: int
    num_steps: int
    times: int
    slack: int
    gain: float

    @property
    def end(self) -> int:
        """The step after its last pass."""
        return self.start + self.times * self.num_steps

    @property
    def free(self) -> int:
        """The first step at which the next section may begin."""
        return self.end - self.slack


def find_form(tune: Tune) -> Tune:
    """Returns a tune, whose repeats are played, as it would be written: sections once, with their repeats and endings.

    A section is a stretch of 4 to 32 bars, from a bar line or a pickup of up to half a bar, that is followed by itself;
    from 8 bars on, up to four bars at the end of a pass may be an ending of its own. Of all ways to part the tune into
    such sections, and into what is played once between them, the one is taken that explains most bars with the fewest
    and most usual sections. A tune that has sections or a jump already, or in which no repeat is found, is returned as
    it is.
    """
    if tune.sections or tune.jump or not tune.events:
        return tune
    repeats = _best(list(_repeats(tune)))
    if not repeats:
        return tune
    found = fold(replace(tune, sections=tuple(_sections(tune, repeats))))
    # How long a pass's last note is may not come back, where only one of the passes is followed by a pickup.
    return found if _starts(found.played().events) == _starts(tune.events) else tune


def _starts(events: Sequence[int]) -> list[tuple[int, int]]:
    return [(step, event) for step, event in enumerate(events) if event >= 0]


def _repeats(tune: Tune) -> Iterator[_Repeat]:
    bar = tune.steps_per_bar
    states = _states(tune.events)
    leads = {0: 0.0, tune.pickup_steps: 0.0}
    for lead in range(1, bar // 2 + 1):
        leads.setdefault(lead, _OTHER_LEAD_COST)
    for lead, cost in leads.items():
        for start in range(bar - lead if lead else 0, len(states), bar):
            # A section begins with a note, unless it begins with a bar.
            if start < tune.first_step or (lead and states[start] < 0):
                continue
            for bars in _SECTION_BARS:
                times, endings = _passes(states, start, bars, bar)
                if times > 1:
                    size = bars * bar
                    gain = bars * times - cost - _SECTION_COST - _LENGTH_COSTS.get(bars, _OTHER_LENGTH_COST)
                    gain -= _ENDING_COST * endings + _FURTHER_PASS_COST * (times - 2)
                    slack = next((n for n in range(size) if states[start + size - n - 1] >= 0), size)
                    yield _Repeat(start, size, times, min(slack, bar // 2), gain)


def _states(events: Sequence[int]) -> list[int]:
    """Returns for each step the pitch that begins there, -2 where it goes on, or -1 for silence."""
    states, is_sounding = list[int](), False
    for event in events:
        is_sounding = event >= 0 or (is_sounding and event == NO_EVENT)
        states.append(event if event >= 0 else NO_EVENT if is_sounding else _SILENCE)
    return states


def _passes(states: Sequence[int], start: int, bars: int, bar: int) -> tuple[int, int]:
    """Returns how often a stretch is played, and how many passes end otherwise than the first one."""
    size, times, endings = bars * bar, 1, 0
    first = states[start : start + size]
    while times < MAX_TIMES:
        begin = start + times * size
        # Most stretches differ soon.
        if begin + size - len(states) >= bar or states[begin : begin + bar] != first[:bar]:
            break
        own = states[begin : begin + size]
        same = next((step for step, (one, other) in enumerate(zip(first, own, strict=False)) if one != other), len(own))
        is_same = same == len(own) and all(state < 0 for state in first[same:])
        common = (start + same) // bar * bar - start
        if not is_same and (bars < _MIN_BARS_WITH_ENDING or common < size - _MAX_ENDING_BARS * bar):
            break
        endings += not is_same
        times += 1
    return times, endings


def _best(repeats: Sequence[_Repeat]) -> list[_Repeat]:
    """Returns those repeats, one after the other, that together gain most."""
    # Entry n is the best chain before step frees[n]: its gain, its last repeat, and the entry of what is before that.
    ordered = sorted(repeats, key=lambda repeat: repeat.free)
    frees, gains, lasts, befores = [0], [0.0], [-1], [0]
    for number, own in enumerate(ordered):
        place = bisect_right(frees, own.start) - 1
        if gains[place] + own.gain > gains[-1]:
            frees.append(own.free)
            gains.append(gains[place] + own.gain)
            lasts.append(number)
            befores.append(place)
    chain, place = list[_Repeat](), len(frees) - 1
    while lasts[place] >= 0:
        chain.append(ordered[lasts[place]])
        place = befores[place]
    return chain[::-1]


def _sections(tune: Tune, repeats: Sequence[_Repeat]) -> Iterator[Section]:
    """Yields the sections of a played tune: each pass of a repeat, and what is played once between them."""
    end, number = tune.first_step, 0
    for own in repeats:
        # Less than a bar belongs to the pass before.
        if own.start - end >= tune.steps_per_bar or (own.start > end and not number):
            yield Section(end, letter(number))
            number += 1
        for start in range(own.start, own.end, own.num_steps):
            yield Section(start, letter(number))
        end, number = own.end, number + 1
    if any(event >= 0 for event in tune.events[end:]):
        yield Section(end, letter(number))
