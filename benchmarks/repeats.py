"""Whether tunes are better learnt as written or with their repeats played: the figures behind the default.

usage: python benchmarks/repeats.py [--model NAME] [--epochs N] [--work FOLDER]

Builds corpus:tunebooks both ways, trains a model on each for the same number of steps, and scores both on the
validation tunes of either kind. Melodies that the other dataset trains on are left out of a validation split.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS
from melody_rnn.data import dataset as datasets
from melody_rnn.data.build import build_dataset
from melody_rnn.data.dataset import Dataset
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.evaluation.evaluate import evaluate
from melody_rnn.training import train
from melody_rnn.training.settings import SETTINGS

WAYS = ("written", "expanded")
BATCH_SIZE = 32


def main() -> None:
    """Builds, trains, scores and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=CONFIGS, default="lookback_rnn")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--work", type=Path, default=Path("runs/repeats"))
    arguments = parser.parse_args()
    built = {way: build(arguments.work / way, way) for way in WAYS}
    steps = arguments.epochs * -(-len(built["written"].split("train")) // BATCH_SIZE)
    table = Table("trained on", *(f"nats on {way}" for way in WAYS), title=f"{arguments.model}, {steps} steps")
    trained = {melody.id for dataset in built.values() for melody in dataset.split("train")}
    for way, dataset in built.items():
        settings = replace(
            SETTINGS[arguments.model],
            batch_size=BATCH_SIZE,
            learning_rate=3e-3,
            schedule="cosine",
            steps=steps,
            epochs=2**31 - 1,
            keep="last",
        )
        run = train(CONFIGS[arguments.model], settings, dataset, arguments.work / f"run_{way}")
        model = MelodyRNN.from_preset(run.model)
        nats = []
        for other in WAYS:
            fair = [m for m in built[other].melodies if m.split != "validation" or m.id not in trained]
            score = evaluate(model, way, replace(built[other], melodies=tuple(fair)), "validation").scores[0]
            nats.append(f"{score.nats_per_event:.4f} ({score.low:.4f}..{score.high:.4f})")
        table.add_row(way, *nats)
    Console(width=100).print(table)


def build(folder: Path, way: str) -> Dataset:
    """Returns the corpus with its repeats as written or expanded."""
    if not folder.exists():
        build_dataset(["corpus:tunebooks"], folder, ExtractionRules(repeats=way))
    return datasets.load(folder)


if __name__ == "__main__":
    main()
