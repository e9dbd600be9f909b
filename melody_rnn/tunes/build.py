"""Building a dataset from ABC files: read in parallel, keep what makes a melody, split without leaks."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.tunes.abc import read_tune, split_tunes
from melody_rnn.tunes.corpora import Source
from melody_rnn.tunes.dataset import Dataset, StoredMelody
from melody_rnn.tunes.splits import assign_splits, drop_duplicates


@dataclass(frozen=True)
class ExtractionRules:
    """What a tune must be to become a melody; the defaults are Magenta's.

    Attributes:
        min_bars: Least number of bars.
        min_pitch_classes: Least number of different pitch classes.
        max_steps: Longer melodies are cut here.

    Source: Magenta's `extract_melodies` (pipelines/melody_pipelines.py).
    """

    min_bars: int = 7
    min_pitch_classes: int = 5
    max_steps: int = 512

    def refusal(self, events: NDArray[np.int8], steps_per_bar: int) -> str | None:
        """Returns the rule that a melody breaks, or None."""
        if len(events) < self.min_bars * steps_per_bar:
            return f"shorter than {self.min_bars} bars"
        if len(np.unique(events[events >= 0] % 12)) < self.min_pitch_classes:
            return f"fewer than {self.min_pitch_classes} pitch classes"
        return None


def build_dataset(sources: Sequence[Source], rules: ExtractionRules) -> tuple[Dataset, Counter[str]]:
    """Reads ABC files into a dataset.

    Returns:
        The dataset, and how many tunes were kept ('kept') or dropped, by rule.
    """
    with ProcessPoolExecutor(os.cpu_count(), initializer=_silence) as pool:
        results = list(pool.map(_read_file, sources, [rules] * len(sources), chunksize=16))
    melodies = [melody for found, _ in results for melody in found]
    counts = sum((dropped for _, dropped in results), Counter[str]())
    unique = drop_duplicates(melodies)
    counts["the same as another, in some key"] = len(melodies) - len(unique)
    counts["kept"] = len(unique)
    return Dataset(unique, assign_splits(unique)), counts


def _read_file(source: Source, rules: ExtractionRules) -> tuple[list[StoredMelody], Counter[str]]:
    melodies, dropped = [], Counter[str]()
    text = source.path.read_text(encoding="utf-8", errors="replace")
    for position, tune_text in enumerate(split_tunes(text)):
        try:
            tune = read_tune(tune_text)
        except MelodyError as error:
            dropped[str(error)] += 1
            continue
        events = tune.events[: rules.max_steps]
        refusal = rules.refusal(events, tune.steps_per_bar)
        if refusal:
            dropped[refusal] += 1
        else:
            melodies.append(StoredMelody(f"{source.id}#{position}", events, tune.steps_per_bar))
    return melodies, dropped


def _silence() -> None:
    # abcmidi writes its remarks straight to the descriptors.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
