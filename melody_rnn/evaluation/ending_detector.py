"""Whether a tune ends like one: on a long note, on a strong beat, on the tonic; and an ending detector.

The detector says of a bar's end whether the tune could be over there, by what was heard before it and not by how many
bars there were. It has learnt to tell the ends of real tunes from the ends of their
inner bars. Inner bars are all but the last one and every eighth: most parts have eight bars, and a part ends like a
tune.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.features.anatomy import Anatomy, Flags, Floats
from melody_rnn.tunes.tune import Tune

FEATURES: Final = (
    "Quarters that the last note sounds.",
    "Its duration over the mean of the notes before.",
    "Whether it is long, see `EndingFigures`.",
    "Whether it is as long as the longest note so far.",
    "Whether it begins on a strong beat.",
    "Whether it begins on a beat.",
    "Whether it begins on the bar's first step.",
    "Whether it is the tonic.",
    "Whether it is a third or a fifth.",
    "Whether it is reached by a step.",
    "Whether it is reached from the second or the seventh.",
    "Whether it is reached by a leap of a fourth and more.",
    "Whether the note before has its pitch.",
    "Semitones that it is below the mean pitch so far.",
    "Semitones that it is above the lowest note so far.",
    "Notes of the bar over the mean of the bars before.",
    "Share of the bar's notes that are the tonic.",
    "Whether it is the tonic, on a strong beat and long.",
    "Quarters of silence before the end.",
)
"""What the ending detector hears at the end of a bar."""

_MIN_ENDINGS: Final = 20
_MAX_TUNES: Final = 1500
_PART_BARS: Final = 8


@dataclass(frozen=True)
class EndingFigures:
    """How tunes end, as shares of them.

    Attributes:
        long: The last note sounds a quarter or more; in bars of two quarters and less (2/4, 3/8), which run in
            sixteenths, an eighth or more.
        strong: It begins on a strong beat: the first of a bar, or the middle one where beats are even in number.
        tonic: It is the tonic: the key's, or an estimate where no key is known.
        all_three: All of these.
    """

    long: float
    strong: float
    tonic: float
    all_three: float


def ending_figures(tunes: Sequence[Tune]) -> EndingFigures:
    """Returns how tunes end; a tune without notes has none of it.

    Raises:
        InvalidArgumentError: If there is no tune.
    """
    if not tunes:
        raise InvalidArgumentError("no tune is given whose ending could be looked at")
    flags = np.array([ends_long_strong_tonic(Anatomy.of(tune)) for tune in tunes])
    long, strong, tonic = flags.mean(axis=0).tolist()
    return EndingFigures(long, strong, tonic, float(flags.all(axis=1).mean()))


def ends_long_strong_tonic(tune: Anatomy) -> tuple[bool, bool, bool]:
    """Returns whether the last note is long, on a strong beat, and the tonic; see `EndingFigures`."""
    if not len(tune.pitches):
        return False, False, False
    is_strong = tune.places[-1] % strong_steps(tune) == 0
    return bool(tune.durations[-1] >= long_steps(tune)), bool(is_strong), bool(tune.degrees[-1] == 0)


def long_steps(tune: Anatomy) -> float:
    """Returns the steps from which on a note is long; see `EndingFigures`."""
    return tune.steps_per_quarter / (2 if tune.steps_per_bar <= 2 * tune.steps_per_quarter else 1)


def strong_steps(tune: Anatomy) -> int:
    """Returns the steps from one strong beat to the next."""
    beats, rest = divmod(tune.steps_per_bar, tune.steps_per_beat)
    return tune.steps_per_bar // 2 if not rest and beats % 2 == 0 else tune.steps_per_bar


@dataclass(frozen=True)
class Detection:
    """What an ending detector says of tunes.

    Attributes:
        ends: Share of the tunes' ends at which it says 'end'.
        inner: Share of the ends of their inner bars at which it says so.
    """

    ends: float
    inner: float


class EndingDetector:
    """A logistic regression on `FEATURES` that tells ends of tunes from ends of their inner bars."""

    def __init__(self, tunes: Sequence[Tune], inner: float = 0.03) -> None:
        """Trains a detector.

        Args:
            tunes: Real tunes; of more than 1,500 the first so many at equal distances are taken.
            inner: Share of the inner bar ends of these tunes at which it may say 'end'.

        Raises:
            InvalidArgumentError: If fewer than 20 tunes have notes and more than one bar.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        heard = [hear_bar_ends(Anatomy.of(tune)) for tune in tunes[:: -(-len(tunes) // _MAX_TUNES) or 1]]
        heard = [bars for bars in heard if len(bars.rows) > 1]
        if len(heard) < _MIN_ENDINGS:
            raise InvalidArgumentError(
                f"an ending detector needs {_MIN_ENDINGS} tunes of more than one bar, got {len(heard)}"
            )
        ends = np.array([bars.rows[-1] for bars in heard])
        inside = np.concatenate([bars.rows[bars.is_inner] for bars in heard])
        self._classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self._classifier.fit(np.concatenate([ends, inside]), np.arange(len(ends) + len(inside)) < len(ends))
        self._threshold = float(np.quantile(self._classifier.decision_function(inside), 1 - inner))

    def says_end(self, bars: "BarEnds") -> Flags:
        """Returns at which bars' ends the detector says 'end', [num_heard] bool."""
        if not len(bars.rows):
            return np.zeros(0, np.bool_)
        return np.asarray(self._classifier.decision_function(bars.rows) > self._threshold)

    def __call__(self, tunes: Sequence[Tune]) -> Detection:
        """Returns at how many ends, and at how many ends of inner bars, the detector says 'end'.

        Raises:
            InvalidArgumentError: If no tune has notes.
        """
        heard = [bars for bars in (hear_bar_ends(Anatomy.of(tune)) for tune in tunes) if len(bars.rows)]
        if not heard:
            raise InvalidArgumentError("no tune is given that has notes and a bar whose end could be heard")
        says = [self.says_end(bars) for bars in heard]
        inner = np.concatenate([own[bars.is_inner] for own, bars in zip(says, heard, strict=True)])
        return Detection(float(np.mean([own[-1] for own in says])), float(inner.mean()) if len(inner) else math.nan)


@dataclass(frozen=True, eq=False)
class BarEnds:
    """What is heard at the ends of a tune's bars, from the first that has two notes before it.

    Attributes:
        rows: [num_heard, len(FEATURES)] float64, the tune's own end the last of them.
        is_inner: [num_heard] bool, whether a bar is an inner one: neither the last nor an eighth.
    """

    rows: Floats
    is_inner: Flags


def hear_bar_ends(tune: Anatomy) -> BarEnds:
    """Returns what is heard at the end of each bar.

    Where the last bar is short, because the pickup fills it, every bar is taken to end as many steps early: what comes
    then is the next part's pickup.
    """
    if not len(tune.pitches):
        return BarEnds(np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_))
    missing = -(tune.num_steps - tune.first) % tune.steps_per_bar
    bars = np.arange(1, tune.num_bars + 1)
    ends = tune.first + bars * tune.steps_per_bar - missing
    last = np.searchsorted(tune.starts, ends) - 1
    heard = last >= 1
    rows = [_hear(tune, int(end), int(place)) for end, place in zip(ends[heard], last[heard], strict=True)]
    is_inner = (bars < tune.num_bars) & (bars % _PART_BARS != 0)
    return BarEnds(np.array(rows, np.float64).reshape(-1, len(FEATURES)), is_inner[heard])


def _hear(tune: Anatomy, end: int, last: int) -> list[float]:
    quarter, start, pitch = tune.steps_per_quarter, tune.starts[last], tune.pitches[last]
    so_far = slice(0, last + 1)
    duration = min(tune.ends[last], end) - start
    before, degree, interval = tune.durations[:last], tune.degrees[last], abs(tune.intervals[last - 1])
    in_bar = tune.starts[so_far] >= end - tune.steps_per_bar
    bars_before = max((end - tune.starts[0]) / tune.steps_per_bar - 1, 1.0)
    is_long = duration >= long_steps(tune)
    is_strong = tune.places[last] % strong_steps(tune) == 0
    return [
        duration / quarter,
        duration / before.mean(),
        is_long,
        duration >= before.max(),
        is_strong,
        tune.places[last] % tune.steps_per_beat == 0,
        tune.places[last] == 0,
        degree == 0,
        degree in (3, 4, 7),
        0 < interval < 3,
        tune.degrees[last - 1] in (1, 2, 10, 11),
        interval > 4,
        interval == 0,
        tune.pitches[so_far].mean() - pitch,
        pitch - tune.pitches[so_far].min(),
        in_bar.sum() / max((~in_bar).sum() / bars_before, 1.0),
        (tune.degrees[so_far][in_bar] == 0).mean() if in_bar.any() else 0.0,
        degree == 0 and is_strong and is_long,
        (end - min(tune.ends[last], end)) / quarter,
    ]
