"""What a teacher is worth: students of one size without a teacher, and with one at each temperature.

usage: python benchmarks/distillation.py --teacher MODEL [--teacher MODEL ...] [--dataset FOLDER] [--work FOLDER]
       [--temperatures T ...] [--weight W] [--units N] [--epochs N]

Every student is a tunes_rnn with two layers of N units and starts from the same weights. Prints each one's nats per
event on the dataset's test split, and what it gains on the one without a teacher, with the 95 % interval of the paired
difference. A student that is in the work folder is not trained again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS
from melody_rnn.data import dataset as datasets
from melody_rnn.data.dataset import Dataset
from melody_rnn.evaluation.evaluate import compare
from melody_rnn.training import train
from melody_rnn.training.distillation import load_teacher
from melody_rnn.training.settings import SETTINGS

ALONE = "no teacher"


def main() -> None:
    """Trains the students, compares them and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", action="append", required=True)
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--work", type=Path, default=Path("runs/distillation"))
    parser.add_argument("--temperatures", type=float, nargs="*", default=[0.5, 1, 2, 4, 8])
    parser.add_argument("--weight", type=float, default=0.5)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    dataset = datasets.load(arguments.dataset)
    students = {ALONE: None, **{f"T = {temperature:g}": temperature for temperature in arguments.temperatures}}
    models = {}
    for name, temperature in students.items():
        models[name] = MelodyRNN.from_preset(student(arguments, dataset, temperature), engine="tensorflow")
        print(f"{name}: trained", flush=True)
    found = compare(models, dataset)
    nats = {score.name: score for score in found.scores}
    gains = {(row.name, row.other): row for row in found.differences}
    table = Table("student", "nats per event", "gain", "95 %")
    for name in models:
        row = [name, f"{nats[name].nats_per_event:.4f}"]
        if name != ALONE:
            # The one without a teacher comes first in each pair.
            gain = gains[ALONE, name]
            row += [f"{gain.nats_per_event:.4f}", f"{gain.low:.4f} to {gain.high:.4f}"]
        table.add_row(*row)
    Console(width=80).print(table)


def student(arguments: argparse.Namespace, dataset: Dataset, temperature: float | None) -> Path:
    """Returns the folder of a student, trained unless it is there."""
    run_dir: Path = arguments.work / ("alone" if temperature is None else f"temperature_{temperature:g}")
    model = run_dir / "model"
    if (model / "preset.json").exists():
        return model
    config = CONFIGS["tunes_rnn"]
    network = replace(config.network, layer_sizes=(arguments.units,) * 2, embedding_size=arguments.units, dropout=0.2)
    settings = replace(
        SETTINGS["tunes_rnn"],
        epochs=arguments.epochs,
        distill_temperature=temperature or 1.0,
        distill_weight=arguments.weight,
    )
    teachers = [] if temperature is None else [load_teacher(name) for name in arguments.teacher]
    train(replace(config, network=network), settings, dataset, run_dir, teachers=teachers)
    return model


if __name__ == "__main__":
    main()
