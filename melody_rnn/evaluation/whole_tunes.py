"""Figures of whole tunes: form, endings, sections, loops, register, keys, and what is copied."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from melody_rnn.data.splits import shingles
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.ending_detector import Detection, EndingDetector, EndingFigures, ending_figures
from melody_rnn.features.anatomy import Anatomy, Floats, best_major_key, numbered
from melody_rnn.features.repetition import loop_bars, shared_notes
from melody_rnn.tunes.tune import Tune

LONG_LOOP: Final = 4
FIDDLE_LOWEST: Final = 55
WHISTLE_LOWEST: Final = 62
_LOOP_PERIOD: Final = 2
_T = TypeVar("_T", str, int)


@dataclass(frozen=True)
class Register:
    """How high tunes are.

    Attributes:
        lower: The quartile of their mean MIDI pitches below the middle one.
        median: The middle one.
        upper: The quartile above.
        under_fiddle: Share of tunes that go under a fiddle's lowest note, G (55).
        under_whistle: Share of tunes that go under a whistle's lowest note as it is written, D (62).
    """

    lower: float
    median: float
    upper: float
    under_fiddle: float
    under_whistle: float


@dataclass(frozen=True)
class WholeTunes:
    """Figures of a number of tunes.

    Attributes:
        num_tunes: How many.
        forms: Share of each form as it is played, such as AABB; without sections the form is an empty text.
        bars: Share of each number of bars without the pickup, a last one that is not whole counted.
        pickups: Share of tunes that begin with a pickup.
        endings: How they end.
        detected: What an ending detector says of them; None without one.
        sections_alike: Mean share of notes that bars of different sections have in common, bar by bar; NaN where no
            tune has two.
        last_bars_alike: The same of the sections' last two bars.
        loop_bars: Mean length of the longest two-bar loop: successive bars that are each the bar two before.
        loop_quartiles: Lower quartile, median and upper quartile of the same.
        long_loops: Share of tunes with at least `LONG_LOOP` such bars.
        register: How high they are.
        signatures: Share of each pitch class as the tonic of the major key that a tune's notes fit best, [12].
        copied: Share of their runs of twelve intervals that are in train tunes; None where there are none to look in.
    """

    num_tunes: int
    forms: dict[str, float]
    bars: dict[int, float]
    pickups: float
    endings: EndingFigures
    detected: Detection | None
    sections_alike: float
    last_bars_alike: float
    loop_bars: float
    loop_quartiles: tuple[float, float, float]
    long_loops: float
    register: Register
    signatures: tuple[float, ...]
    copied: float | None


def measure_whole_tunes(
    tunes: Sequence[Tune], train: Sequence[Tune] = (), detector: EndingDetector | None = None
) -> WholeTunes:
    """Measures written tunes.

    Args:
        tunes: The tunes; each should have a note.
        train: Tunes that they may be copied from.
        detector: Says whether their ends are ends.

    Raises:
        InvalidArgumentError: If no tune has notes.
    """
    tunes = [tune for tune in tunes if tune.pitches]
    if not tunes:
        raise InvalidArgumentError("no tune is given that has notes")
    parts = [Anatomy.of(tune) for tune in tunes]
    alike = [value for value in map(sections_alike, tunes) if value]
    loops = np.array([loop_bars(numbered(part.bars), _LOOP_PERIOD) for part in parts])
    lower, median, upper = np.quantile(loops, [0.25, 0.5, 0.75]).tolist()
    return WholeTunes(
        num_tunes=len(tunes),
        forms=_shares([tune.form for tune in tunes]),
        bars=_shares([part.num_bars for part in parts]),
        pickups=float(np.mean([tune.pickup_steps > 0 for tune in tunes])),
        endings=ending_figures(tunes),
        detected=detector(tunes) if detector else None,
        sections_alike=float(np.mean([one for one, _ in alike])) if alike else math.nan,
        last_bars_alike=float(np.mean([last for _, last in alike])) if alike else math.nan,
        loop_bars=float(loops.mean()),
        loop_quartiles=(lower, median, upper),
        long_loops=float((loops >= LONG_LOOP).mean()),
        register=_register(parts),
        signatures=signatures(parts),
        copied=copied_share(tunes, train) if train else None,
    )


def sections_alike(tune: Tune) -> tuple[float, float] | None:
    """Returns how alike a tune's sections are: the mean share of notes, bar by bar, and that of their last two bars.

    All pairs of sections of different labels count; bars of two sections are compared up to the shorter one's end, the
    last two from the end. A tune without sections is taken as two halves, as most written tunes are A and B.

    Returns:
        Both shares; None where there are no two sections of two whole bars.
    """
    part = Anatomy.of(tune)
    blocks = _sections(tune, part)
    pairs = [(a, b) for place, (one, a) in enumerate(blocks) for two, b in blocks[place + 1 :] if one != two]
    if not pairs:
        return None
    alike = shared_notes(part.bars)
    shares, lasts = [], []
    for a, b in pairs:
        size = min(len(a), len(b))
        shares.append(alike[a[:size], b[:size]].mean())
        lasts.append(alike[a[-2:], b[-2:]].mean())
    return float(np.mean(shares)), float(np.mean(lasts))


def _sections(tune: Tune, part: Anatomy) -> list[tuple[str, range]]:
    """Returns the label and the bars of each section that has two bars and more."""
    starts = [max(round((section.start - part.first) / part.steps_per_bar), 0) for section in tune.sections]
    labels = [section.label for section in tune.sections]
    if not starts:
        starts, labels = [0, part.num_bars // 2], ["A", "B"]
    blocks = zip(labels, starts, [*starts[1:], part.num_bars], strict=True)
    return [(label, range(start, end)) for label, start, end in blocks if end - start >= 2]


def signatures(parts: Sequence[Anatomy]) -> tuple[float, ...]:
    """Returns the share of tunes whose notes fit the major key on each pitch class best, [12]."""
    tonics = [best_major_key(part.pitches, part.durations) for part in parts]
    return tuple((np.bincount(tonics, minlength=12) / max(len(tonics), 1)).tolist())


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Returns the total variation distance of two distributions: 0 if they are equal, 1 if they share nothing."""
    return float(np.abs(np.subtract(one, other)).sum() / 2)


def copied_share(tunes: Sequence[Tune], train: Sequence[Tune]) -> float:
    """Returns the share of the tunes' runs of twelve intervals that are in train tunes, in any key."""
    every = shingles([np.array(tune.events, np.int8) for tune in (*train, *tunes)])
    known = np.unique(np.concatenate(every[: len(train)]))
    return float(np.isin(np.concatenate(every[len(train) :]), known).mean())


def _register(parts: Sequence[Anatomy]) -> Register:
    means: Floats = np.array([part.pitches.mean() for part in parts])
    lowest = np.array([part.pitches.min() for part in parts])
    lower, median, upper = np.quantile(means, [0.25, 0.5, 0.75]).tolist()
    under = [float((lowest < note).mean()) for note in (FIDDLE_LOWEST, WHISTLE_LOWEST)]
    return Register(lower, median, upper, under[0], under[1])


def _shares(things: Sequence[_T]) -> dict[_T, float]:
    return {thing: count / len(things) for thing, count in Counter(things).most_common()}
