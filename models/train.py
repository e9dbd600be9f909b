"""Rebuilds the models that ship, from pip-installed tunes alone, with the commands that anyone has.

usage: python models/train.py [--only NAME ...] [--work FOLDER] [--cards-only]

A run that was interrupted goes on where it was. Each model's card is written from what the commands measured;
training.json beside it keeps what only training knows, so that --cards-only can measure and write the rest anew.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent
NUM_COPIED = 200
FACTS = "training.json"
BUILD = "dataset build --input corpus:tunebooks"


@dataclass(frozen=True)
class Recipe:
    """What is particular to a model.

    Attributes:
        headline: The card's first sentence, without its figures.
        options: Of the train command.
        notes: Listening notes.
    """

    headline: str
    options: str
    notes: str


MAGENTAS = "--epochs 30 --hparams batch_size=32,learning_rate=0.003,schedule=cosine,dropout=0.25"
RECIPES = {
    "tunes_rnn": Recipe(
        "Fiddle tunes with their bars and repeats, in any meter: the default.",
        "--epochs 24 --hparams dropout=0.5",
        "Phrases of four and eight bars come back, often varied at their end, and most tunes close on a long note. "
        "It knows the meter: give `--meter 6/8` for jigs, `--meter 3/4` for waltzes.",
    ),
    "attention_rnn": Recipe(
        "Magenta's attention_rnn, trained on fiddle tunes in 12 keys' worth of features.",
        MAGENTAS,
        "Keeps its motives longer than lookback_rnn does. In 6/8 and 9/8 its lookbacks of 16 and 32 steps miss the "
        "bar lines, as Magenta's do.",
    ),
    "lookback_rnn": Recipe(
        "Magenta's lookback_rnn, trained on fiddle tunes.",
        MAGENTAS,
        "Repeats the bar before, and that before it, when it should; between repeats it wanders. In 6/8 and 9/8 its "
        "lookbacks of 16 and 32 steps miss the bar lines, as Magenta's do.",
    ),
    "basic_rnn": Recipe(
        "Magenta's basic_rnn, trained on fiddle tunes: the plainest LSTM, for comparison and for teaching.",
        MAGENTAS,
        "Right notes and a steady pulse, but it does not know where the bar is, and hardly repeats a phrase.",
    ),
    "mono_rnn": Recipe(
        "Magenta's mono_rnn, trained on fiddle tunes in all keys: the full range of MIDI pitches.",
        MAGENTAS + ",transposition=5",
        "Stays in whatever key the primer sets. Like basic_rnn it does not know where the bar is.",
    ),
}

CARD = """# {name}

{headline} {nats:.3f} nats per event on held-out tunes.

## Figures

On the {num_melodies} tunes ({num_events:,} events) of the test split, at temperature 1, without dropout. An event is as
probable as all labels that stand for it together; label nats are what Magenta counts. The interval is a 95 % bootstrap
over tunes. Onset nats are for whether a note begins, ends or goes on; pitch nats for the pitch of a note that begins.

{figures}

Of the runs of twelve intervals in {num_generated} generated melodies {generated:.1f} % are in the train split; of
those in real test tunes {real:.1f} %.

Calibration: the validation split is likeliest at temperature {calibrated:.3f}. From temperature 1 to that one, nats per
event of the test split go from {before[nats_per_event]:.4f} to {after[nats_per_event]:.4f}, and its expected
calibration error (of the likeliest event, {num_bins} bins) from {error_before:.2f} % to {error_after:.2f} %.

## How it was made

    melody-rnn {build} --output data/tunebooks
    melody-rnn train --model {name} {options} --dataset data/tunebooks --run-dir runs/{name}
    melody-rnn evaluate --model runs/{name}/model --dataset data/tunebooks --copied {num_generated} --calibrate

- `make models` runs these. Seed {seed}; the weights are those of epoch {epoch} of {epochs}, the best on the validation
  split ({validation_nats:.3f} nats).
- {parameters:,} parameters. Training took {minutes:.0f} minutes on two CPU cores, which did other work too.
- TensorFlow {tensorflow}, Keras {keras}.

## Data

- `corpus:tunebooks`: Aird's Airs, O'Neill's tunes of 1850, Ryan's Mammoth Collection and a few smaller books, from
  music21 {music21}, whose files are checked against known checksums. Of {tunes:,} tunes {melodies:,} melodies were kept
  ({split}), {steps:,} steps. Dropped: {dropped}.
- Splits: tunes that share 30 % of their runs of twelve intervals are on one side; {exact} exact copies and {near:.1f} %
  near ones of test tunes are in the train split. Digest of the dataset: `{digest}`.
- Terms: the tunes are in the public domain, from books of the 18th and 19th century and of 1903; music21 distributes
  these transcriptions with the permission of their encoders (its corpus/license.txt). The model's folder holds no tune.

## Listening notes

{notes}
"""
COLUMNS = {
    "nats/event": "nats_per_event",
    "from": "low",
    "to": "high",
    "label nats": "label_nats_per_event",
    "perplexity": "perplexity",
    "bits/note": "bits_per_note",
    "onset nats": "onset_nats",
    "pitch nats": "pitch_nats",
    "accuracy": "accuracy",
    "of events": "event_accuracy",
    "of no event": "no_event_accuracy",
}


def main() -> None:
    """Builds the dataset, then trains, evaluates and saves each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=RECIPES, default=list(RECIPES), help="which models")
    parser.add_argument("--work", type=Path, default=Path(), help="where data/ and runs/ are")
    parser.add_argument("--cards-only", action="store_true", help="measure the models that are here, train nothing")
    arguments = parser.parse_args()
    dataset = arguments.work / "data/tunebooks"
    if not (dataset / "dataset.json").exists():
        melody_rnn(BUILD, "--output", str(dataset))
    for name in arguments.only:
        if not arguments.cards_only:
            train(name, dataset, arguments.work / "runs" / name)
        options = ["--dataset", str(dataset), "--copied", str(NUM_COPIED), "--calibrate", "--json"]
        evaluation = json.loads(melody_rnn("evaluate", "--model", str(MODELS / name), *options))
        describe(MODELS / name, evaluation)
        (MODELS / name / "README.md").write_text(card(name, dataset, evaluation))
        print((MODELS / name / "README.md").read_text(), flush=True)


def train(name: str, dataset: Path, run_dir: Path) -> None:
    """Trains a model, or goes on with its training, and puts it with the facts of its training where models are."""
    start, clock = time.monotonic(), run_dir / "minutes.json"
    if (run_dir / "run.json").exists():
        melody_rnn("train", "--run-dir", str(run_dir), "--resume")
    else:
        options = ["--dataset", str(dataset), "--run-dir", str(run_dir)]
        melody_rnn("train", "--model", name, *shlex.split(RECIPES[name].options), *options)
    minutes = (time.monotonic() - start) / 60 + (json.loads(clock.read_text()) if clock.exists() else 0)
    clock.write_text(json.dumps(minutes))
    (MODELS / name).mkdir(exist_ok=True)
    for path in (run_dir / "model").iterdir():
        shutil.copy(path, MODELS / name / path.name)
    run = json.loads((run_dir / "run.json").read_text())
    history = json.loads((run_dir / "history.json").read_text())
    best = min(history, key=lambda row: row["val_loss"])
    facts = {
        "seed": run["settings"]["seed"],
        "epoch": best["epoch"],
        "epochs": len(history),
        "validation_nats": best["val_loss"],
        "minutes": minutes,
        **{package: version(package) for package in ("tensorflow", "keras", "music21")},
    }
    (MODELS / name / FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def describe(folder: Path, evaluation: dict[str, Any]) -> None:
    """Puts what real tunes cost a model into its description, where generation finds it."""
    path = folder / "preset.json"
    data = json.loads(path.read_text())
    data["nats_per_event"] = evaluation["scores"][0]["nats_per_event"]
    path.write_text(json.dumps(data, indent=2) + "\n")


def melody_rnn(command: str, *options: str) -> str:
    """Runs a command of the package and returns what it printed; what it says on the way is shown."""
    program = Path(sys.executable).with_name("melody-rnn")
    arguments = [str(program), *shlex.split(command), *options]
    print("+", shlex.join(["melody-rnn", *arguments[1:]]), flush=True)
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout


def card(name: str, dataset: Path, evaluation: dict[str, Any]) -> str:
    """Returns a model card."""
    report, recipe = json.loads((dataset / "report.json").read_text()), RECIPES[name]
    facts = json.loads((MODELS / name / FACTS).read_text())
    copied, calibration = evaluation["copied"], evaluation["calibration"]
    before, after = calibration["before"], calibration["after"]
    return CARD.format(
        name=name,
        headline=recipe.headline,
        notes=recipe.notes,
        options=recipe.options,
        build=BUILD,
        nats=evaluation["scores"][0]["nats_per_event"],
        figures=figures(evaluation["scores"]),
        num_melodies=evaluation["num_melodies"],
        num_events=evaluation["num_events"],
        digest=evaluation["digest"],
        num_generated=copied["num_generated"],
        generated=100 * copied["generated"],
        real=100 * copied["real"],
        before=before,
        after=after,
        calibrated=calibration["temperature"],
        num_bins=len(before["bins"]),
        error_before=100 * before["calibration_error"],
        error_after=100 * after["calibration_error"],
        parameters=num_parameters(MODELS / name / "model.weights.h5"),
        **facts,
        tunes=report["num_tunes"],
        melodies=report["num_melodies"],
        steps=report["num_steps"],
        split=", ".join(f"{part['melodies']:,} {split}" for split, part in report["splits"].items()),
        dropped=", ".join(f"{count} {rule.replace('_', ' ')}" for rule, count in sorted(report["dropped"].items())),
        exact=report["leaks"]["exact"],
        near=100 * report["leaks"]["near"],
    )


def figures(scores: list[dict[str, Any]]) -> str:
    """Returns a table of figures, the model's first."""
    rows = [["", *COLUMNS], ["---"] + ["---:"] * len(COLUMNS)]
    for number, score in enumerate(scores):
        cells = ["-" if score[key] is None else f"{score[key]:.3f}" for key in COLUMNS.values()]
        rows.append(["this model" if number == 0 else score["name"], *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def num_parameters(weights: Path) -> int:
    """Returns how many numbers a file of Keras weights holds."""
    import h5py

    total = 0

    def count(_: str, node: Any) -> None:
        nonlocal total
        total += node.size if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" else 0

    with h5py.File(weights) as file:
        file.visititems(count)
    return total


if __name__ == "__main__":
    main()
