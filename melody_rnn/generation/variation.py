"""Variations, and ways between tunes: which steps stay as they are, and which are written anew."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.sampling.schedule import Schedule, Steps, parse_schedule
from melody_rnn.tunes.excerpts import parse_bars
from melody_rnn.tunes.tune import Tune

VaryBy = Literal["bars", "notes"]
Keeps = Literal["rhythm", "pitches"]
_BY_NAME: Final = re.compile(r"(bar|note)s?\s+(.+)")


class Kept(NamedTuple):
    """What of a tune stays.

    Attributes:
        events: Events by step that stay, as `Constraints.keep` has them.
        rhythm: Events by step of which the rhythm stays, as `Constraints.keep_rhythm` has them.
        pitches: Events by step of which the order of the notes stays, as `Constraints.keep_pitches` has them.
    """

    events: dict[int, int]
    rhythm: dict[int, int]
    pitches: dict[int, int]

    def after(self, first: int) -> "Kept":
        """Returns what stays from a step on."""
        return Kept(*({step: event for step, event in part.items() if step >= first} for part in self))


@dataclass(frozen=True)
class Variation:
    """How much of a tune is written anew.

    Attributes:
        share: Of its bars or notes, above 0 and at most 1; or a schedule of shares over its bars. None where they are
            named.
        named: The numbers of the bars or notes that are written anew, as `parse_bars` reads them; None where a share is
            given. The first whole bar and the first note are 1, a pickup is bar 0.
        by: Whether these are bars or notes.
        keeps: What stays of what is written anew: its rhythm, or its pitches one after the other; None for nothing.
    """

    share: float | Schedule | None = None
    named: str | None = None
    by: VaryBy = "bars"
    keeps: Keeps | None = None

    def __post_init__(self) -> None:
        if (self.share is None) == (self.named is None):
            raise InvalidArgumentError("a variation needs a share, or what is written anew by number, and not both")
        shares = self.share.values if isinstance(self.share, Schedule) else (self.share or 0.0,)
        if self.named is None and not (0 < max(shares) <= 1 and min(shares) >= 0):
            raise InvalidArgumentError(f"the share to vary must be above 0 and at most 1, got {self.share}")
        if self.named is not None:
            parse_bars(self.named)

    def __str__(self) -> str:
        return f"{self.share}" if self.named is None else f"{self.by} {self.named}"

    def kept(self, tune: Tune, seed: int) -> Kept:
        """Returns what of a tune stays; the bars or notes that go are drawn, one more as the share grows.

        Args:
            tune: The tune.
            seed: What the bars or notes depend on.

        Raises:
            MelodyError: If the tune has no such bar or note.
        """
        stretches = _notes(tune) if self.by == "notes" else _bars(tune)
        chosen = self._drawn(tune, stretches, seed) if self.named is None else self._named(tune, len(stretches))
        anew = {step for place in chosen for step in stretches[place]}
        stays = {step: event for step, event in enumerate(tune.events) if step not in anew}
        gone = {step: tune.events[step] for step in sorted(anew)}
        return Kept(stays, gone if self.keeps == "rhythm" else {}, gone if self.keeps == "pitches" else {})

    def _drawn(self, tune: Tune, stretches: list[range], seed: int) -> list[int]:
        schedule = self.share if isinstance(self.share, Schedule) else Schedule((self.share or 0.0,))
        by_step = schedule.over_steps(Steps(0, len(tune), tune.steps_per_bar))
        shares = by_step[[stretch.start for stretch in stretches]]
        ranks = _ranks(len(stretches), seed)
        chosen = np.flatnonzero(ranks <= shares)
        # A share of few bars is one of them.
        return chosen.tolist() or [int(np.where(shares > 0, ranks, 2.0).argmin())]

    def _named(self, tune: Tune, count: int) -> list[int]:
        first = 0 if tune.pickup_steps and self.by == "bars" else 1
        places = [number - first for number in parse_bars(self.named or "")]
        missing = next((place for place in places if not 0 <= place < count), None)
        if missing is not None:
            raise MelodyError(f"there is no {self.by[:-1]} {missing + first} to vary, the melody has {count} {self.by}")
        return places


def parse_variation(text: str, by: VaryBy = "bars", keeps: Keeps | None = None) -> Variation:
    """Reads how much to vary: a share, '0.3'; a schedule of shares, '0..0.8' or '0,0,0.5'; or by number, 'bars 3-4'.

    Raises:
        InvalidArgumentError: If it is none of them.
    """
    match = _BY_NAME.fullmatch(text.strip())
    if match:
        return Variation(None, match[2], "bars" if match[1] == "bar" else "notes", keeps)
    try:
        share = parse_schedule(text, "share to vary")
    except InvalidArgumentError:
        raise InvalidArgumentError(
            f"what to vary must be a share, 0.3, 0..0.8, or one a bar, 0,0,0.5, or by number, 'bars 3-4', got {text!r}"
        ) from None
    return Variation(share, None, by, keeps)


def between(first: Tune, last: Tune, place: float, seed: int) -> Kept:
    """Returns what a tune on the way from one to another has of both: some bars of each, others are written anew.

    Of all bars a share of (1 - place)^2 is the first tune's and one of place^2 the last one's. From place to place bars
    only go from the first tune to none, and from none to the last one.

    Args:
        first: Where the way begins.
        last: Where it ends, in the same meter and with the same pickup.
        place: How far on the way the tune is, from 0 to 1.
        seed: Says which bars go first.

    Raises:
        MelodyError: If their bars are not alike.
    """
    if (first.meter, first.pickup_steps) != (last.meter, last.pickup_steps):
        told = (f"{tune.meter} with {tune.pickup_steps} steps of pickup" for tune in (first, last))
        raise MelodyError(f"a way is between tunes whose bars are alike, and these are in {' and in '.join(told)}")
    bars = _bars(max(first, last, key=len))
    ranks = _ranks(len(bars), seed)

    def of(tune: Tune, is_its: Callable[[float], bool]) -> dict[int, int]:
        steps = [step for bar, rank in zip(bars, ranks, strict=True) if is_its(rank) for step in bar]
        return {step: tune.events[step] for step in steps if step < len(tune)}

    own = of(first, lambda rank: rank > 1 - (1 - place) ** 2) | of(last, lambda rank: rank <= place**2)
    return Kept(own, {}, {})


def _ranks(count: int, seed: int) -> NDArray[np.float64]:
    """Returns the order in which places are written anew, as the share from which on each is, [count] in (0, 1)."""
    order = np.random.Generator(np.random.Philox(key=[seed, 3])).permutation(count)
    ranks: NDArray[np.float64] = (np.argsort(order) + 0.5) / count
    return ranks


def _bars(tune: Tune) -> list[range]:
    """Returns the steps of each bar that has any, a pickup first."""
    bar, length = tune.steps_per_bar, len(tune)
    return [range(first, min(first + bar, length)) for first in range(0, length, bar)]


def _notes(tune: Tune) -> list[range]:
    """Returns the steps of each note, up to the next one."""
    onsets = [step for step, event in enumerate(tune.events) if event >= 0]
    return [range(first, end) for first, end in zip(onsets, [*onsets[1:], len(tune)], strict=True)]
