"""The real tunes that generated ones are held against."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from melody_rnn.config import ModelConfig
from melody_rnn.data.build import build_dataset
from melody_rnn.data.corpora import is_corpus
from melody_rnn.data.dataset import Dataset, StoredMelody, is_dataset, load
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.squashing import squash_all
from melody_rnn.errors import InputFileError, InvalidArgumentError
from melody_rnn.files import scratch_folder
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Tune

MIN_TUNES = 4


@dataclass(frozen=True)
class RealTunes:
    """Real tunes that compare with generated ones: the same bars, the same length, the model's range and key.

    Attributes:
        about: What they are, in words.
        melodies: Their first steps, from the first bar that begins with a note.
        train: The tunes that a model may have copied from; none if that is not known.
    """

    about: str
    melodies: list[Tune]
    train: list[Tune]


def read_real_tunes(
    corpus: str,
    config: ModelConfig,
    num_steps: int,
    meter: Meter,
    progress: Callable[[int, int], None] | None = None,
) -> RealTunes:
    """Reads the tunes of a corpus that have bars as long as a meter's and are long enough.

    Args:
        corpus: A dataset's folder or 'corpus:NAME', of which the test split is taken; or a folder of music files,
            of which all melodies are.
        config: The model's.
        num_steps: Steps to take of each.
        meter: The meter; 3/4 and 6/8 are one here, as they are for a model.
        progress: Called with the number of files read and of all files, if files must be read.

    Raises:
        InputFileError: If the corpus cannot be read, or fewer than `MIN_TUNES` tunes are left.
        InvalidArgumentError: If its steps have another length than the model's.
    """
    dataset = load(corpus) if is_dataset(corpus) else _build(corpus, config, progress)
    if dataset.steps_per_quarter != config.steps_per_quarter:
        raise InvalidArgumentError(
            f"{corpus}: has {dataset.steps_per_quarter} steps a quarter note, the model {config.steps_per_quarter}"
        )
    has_splits = is_dataset(corpus) or is_corpus(corpus)
    tunes = squash_all(config, dataset.split("test") if has_splits else dataset.melodies)
    excerpts = [tune for tune in (_excerpt(tune, num_steps) for tune in tunes) if tune]
    steps_per_bar = meter.steps_per_bar(config.steps_per_quarter)
    fitting = [tune for tune in excerpts if tune.steps_per_bar == steps_per_bar]
    if len(fitting) < MIN_TUNES:
        raise InputFileError(f"{corpus}: {_why_too_few(excerpts, len(fitting), num_steps, steps_per_bar)}")
    split = "the test split of " if has_splits else ""
    return RealTunes(
        about=f"{len(fitting):,} tunes in bars of {meter} out of {split}{Path(corpus).name}",
        melodies=[tune.tune for tune in fitting],
        train=[tune.tune for tune in dataset.split("train")] if has_splits else [],
    )


def _excerpt(tune: StoredMelody, num_steps: int) -> StoredMelody | None:
    """Returns `num_steps` steps of a tune from the first bar that begins with a note; None where it has fewer.

    Generated melodies begin so too: what comes before is a pickup, most of whose bar is silence.
    """
    starts = np.flatnonzero(tune.events[:: tune.steps_per_bar] >= 0) * tune.steps_per_bar
    if not len(starts) or starts[0] + num_steps > len(tune.events):
        return None
    return replace(tune, events=tune.events[starts[0] : starts[0] + num_steps], pickup_steps=0)


def _build(corpus: str, config: ModelConfig, progress: Callable[[int, int], None] | None) -> Dataset:
    rules = ExtractionRules(steps_per_quarter=config.steps_per_quarter)
    with scratch_folder() as folder:
        build_dataset([corpus], folder / "dataset", rules, progress=progress)
        return load(folder / "dataset")


def _why_too_few(excerpts: Sequence[StoredMelody], num_fitting: int, num_steps: int, steps_per_bar: int) -> str:
    counts = Counter(tune.steps_per_bar for tune in excerpts)
    others = ", ".join(f"{count} of {bar}" for bar, count in counts.most_common() if bar != steps_per_bar)
    found = f"{num_fitting} tunes of {num_steps} steps in bars of {steps_per_bar} steps"
    return f"needs {MIN_TUNES} tunes to compare with and has {found} (in other bars: {others or 'none'})"
