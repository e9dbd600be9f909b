"""Variations: which steps of a tune stay as they are, and which are written anew."""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.tunes.excerpts import parse_bars
from melody_rnn.tunes.tune import Tune

VaryBy = Literal["bars", "notes"]
_BY_NAME: Final = re.compile(r"bars?\s+(.+)")


class Kept(NamedTuple):
    """What of a tune stays.

    Attributes:
        events: Events by step that stay, as `Constraints.keep` has them.
        rhythm: Events by step of which the rhythm stays, as `Constraints.keep_rhythm` has them.
    """

    events: dict[int, int]
    rhythm: dict[int, int]


@dataclass(frozen=True)
class Variation:
    """How much of a tune is written anew.

    Attributes:
        share: Of its bars or notes, above 0 and at most 1; None where bars are named.
        bars: The bars that are written anew, as `parse_bars` reads them; None where a share is given.
        by: Whether a share is one of bars or of notes.
        keeps_rhythm: Whether only pitches change.
    """

    share: float | None = None
    bars: str | None = None
    by: VaryBy = "bars"
    keeps_rhythm: bool = False

    def __post_init__(self) -> None:
        if (self.share is None) == (self.bars is None):
            raise InvalidArgumentError("a variation needs a share, or the bars that are written anew, and not both")
        if self.share is not None and not 0 < self.share <= 1:
            raise InvalidArgumentError(f"the share to vary must be above 0 and at most 1, got {self.share:g}")
        if self.bars is not None:
            parse_bars(self.bars)

    def kept(self, tune: Tune, seed: int) -> Kept:
        """Returns what of a tune stays; the bars or notes that go are drawn, one more as the share grows.

        Args:
            tune: The tune.
            seed: What the bars or notes depend on.

        Raises:
            MelodyError: If the tune has no such bar.
        """
        stretches = _notes(tune) if self.bars is None and self.by == "notes" else _bars(tune)
        if self.share is not None:
            import numpy as np

            order = np.random.Generator(np.random.Philox(key=[seed, 3])).permutation(len(stretches))
            chosen = {int(place) for place in order[: max(1, round(self.share * len(stretches)))]}
        else:
            chosen = self._named(tune, len(stretches))
        anew = {step for place in chosen for step in stretches[place]}
        events = {step: event for step, event in enumerate(tune.events) if step not in anew}
        rhythm = {step: tune.events[step] for step in sorted(anew)} if self.keeps_rhythm else {}
        return Kept(events, rhythm)

    def _named(self, tune: Tune, num_bars: int) -> set[int]:
        first = 0 if tune.pickup_steps else 1
        places = {bar - first for bar in parse_bars(self.bars or "")}
        missing = next((place for place in sorted(places) if not 0 <= place < num_bars), None)
        if missing is not None:
            raise MelodyError(f"there is no bar {missing + first} to vary, the melody has {num_bars} bars")
        return places


def parse_variation(text: str, by: VaryBy = "bars", keeps_rhythm: bool = False) -> Variation:
    """Reads how much to vary: a share, '0.3', or bars, 'bars 3-4'.

    Raises:
        InvalidArgumentError: If it is neither.
    """
    match = _BY_NAME.fullmatch(text.strip())
    if match:
        return Variation(None, match[1], by, keeps_rhythm)
    try:
        share = float(text)
    except ValueError:
        raise InvalidArgumentError(f"what to vary must be a share, 0.3, or bars, 'bars 3-4', got {text!r}") from None
    return Variation(share, None, by, keeps_rhythm)


def _bars(tune: Tune) -> list[range]:
    """Returns the steps of each bar that has any, a pickup first."""
    bar, length = tune.steps_per_bar, len(tune)
    return [range(first, min(first + bar, length)) for first in range(0, length, bar)]


def _notes(tune: Tune) -> list[range]:
    """Returns the steps of each note, up to the next one."""
    onsets = [step for step, event in enumerate(tune.events) if event >= 0]
    return [range(first, end) for first, end in zip(onsets, [*onsets[1:], len(tune)], strict=True)]
