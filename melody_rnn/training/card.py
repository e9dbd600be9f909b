"""The card of a model that was trained: what it is, how well it does, how it was made and of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from melody_rnn import __version__
from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import Dataset
from melody_rnn.data.splits import SPLITS
from melody_rnn.training.settings import TrainingSettings

_CARD: Final = """# {name}

A {config} trained on {tunes}{begun}{taught}: {headline}

## Figures

{figures}

In nats, the mean over {unit}, at temperature 1; those of train with dropout. `melody-rnn evaluate` measures more.

## How it was made

{command}- The weights are those of epoch {epoch}{chosen}; seed {seed}.
- {parameters:,} parameters.
- melody-rnn {version}, TensorFlow {tensorflow}, Keras {keras}.

## Data

- {folder}: {melodies}. Digest: `{digest}`.
- Terms: {terms}. The model's folder holds no tune.
"""
_NAMES: Final = {"loss": "nats", "perplexity": "perplexity", "accuracy": "accuracy", "divergence": "from teachers"}


@dataclass(frozen=True)
class Provenance:
    """Where a run comes from, as far as whoever starts it says.

    Attributes:
        command: The command line.
        weights_from: The model whose weights it began with.
        dataset: The dataset's folder, as it was named.
    """

    command: str = ""
    weights_from: str = ""
    dataset: str = ""


def write_card(
    name: str,
    config: ModelConfig,
    settings: TrainingSettings,
    dataset: Dataset,
    provenance: Provenance,
    teachers: Sequence[str],
    row: Mapping[str, float],
    counts_events: bool,
    num_parameters: int,
) -> str:
    """Returns a model card, Markdown.

    Args:
        name: What the model is called.
        config: The model.
        settings: How it was trained.
        dataset: What it was trained on.
        provenance: Where the run comes from.
        teachers: Names of the teachers.
        row: The figures of the epoch whose weights it has.
        counts_events: Whether its loss is of events, and not of labels.
        num_parameters: Of its network.
    """
    sizes = {split: len(dataset.split(split)) for split in SPLITS}
    unit, has_validation = "events" if counts_events else "labels", "val_loss" in row
    headline = "not measured on other tunes."
    if has_validation:
        headline = f"{row['val_loss']:.3f} nats on {_tunes(sizes['validation'])} of the validation split."
    return _CARD.format(
        name=name,
        config=config.name,
        tunes=_tunes(sizes["train"]),
        begun=f", from the weights of {provenance.weights_from}" if provenance.weights_from else "",
        taught=f", taught by {', '.join(teachers)}" if teachers else "",
        headline=headline,
        figures=_table(row, has_validation),
        unit=unit,
        command=f"    {provenance.command}\n\n" if provenance.command else "",
        epoch=round(row["epoch"]),
        chosen=", the best on the validation split" if settings.keep == "best" else ", the last one",
        seed=settings.seed,
        parameters=num_parameters,
        version=__version__,
        tensorflow=version("tensorflow"),
        keras=version("keras"),
        folder=f"`{provenance.dataset}`" if provenance.dataset else "A dataset",
        melodies=", ".join(f"{size:,} in {split}" for split, size in sizes.items()),
        digest=dataset.digest,
        terms=_terms(dataset),
    )


def _tunes(number: int) -> str:
    return f"{number:,} tune{'s' * (number != 1)}"


def _table(row: Mapping[str, float], has_validation: bool) -> str:
    columns = {title: key for key, title in _NAMES.items() if key in row}
    lines = ["|  | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for split, prefix in (("train", ""), ("validation", "val_"))[: 1 + has_validation]:
        cells = (f"{row[prefix + key]:.3f}" if prefix + key in row else "-" for key in columns.values())
        lines.append(f"| {split} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _terms(dataset: Dataset) -> str:
    corpora = dataset.details.get("corpora", ())
    terms = "; ".join(f"`corpus:{corpus['name']}`: {corpus['terms'].rstrip('.')}" for corpus in corpora)
    return terms or "those of the tunes, which the dataset does not know"
