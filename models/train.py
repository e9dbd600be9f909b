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
import textwrap
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent
NUM_COPIED = 200
NUM_FEATURES = 5
MEASURES = f"--copied {NUM_COPIED} --calibrate --two-sample"
FACTS = "training.json"
BUILDS = {
    "tunebooks": "dataset build --input corpus:tunebooks",
    "tunes": "dataset build --input corpus:tunebooks --collapsed keep --polyphony skyline",
    "chords": "dataset build --input corpus:tunebooks --collapsed keep --polyphony skyline --chords infer",
    "chorded": "dataset build --input corpus:tunebooks --chords infer",
}
TEST = "tunebooks"
"""Models are measured on the test split of this one, whose tunes no other has in its train split."""


@dataclass(frozen=True)
class Recipe:
    """What is particular to a model.

    Attributes:
        headline: The card's first sentence, without its figures.
        options: Of the train command.
        notes: Listening notes.
        dataset: What it is trained on.
        programs: What trains it in place of that command, beside this file: a program for its teacher and one for
            it.
        test: What it is measured on: the same melodies for all, some with chords.
        data: What is particular to its data.
        generates: What its card says of the tunes that it writes, where another model's says more; else they are
            measured.
    """

    headline: str
    options: str
    notes: str
    dataset: str = "tunebooks"
    programs: tuple[str, ...] = ()
    test: str = TEST
    data: str = ""
    generates: str = ""

    @property
    def measures(self) -> str:
        """What the evaluate command measures."""
        return "--calibrate" if self.generates else MEASURES


MAGENTAS = "--epochs 30 --hparams batch_size=32,learning_rate=0.003,schedule=cosine,dropout=0.25"
RECIPES = {
    "tunes_rnn": Recipe(
        "Whole fiddle tunes with parts, repeats, pickups and ends, in any meter: the default.",
        "",
        "`python benchmarks/whole_tunes.py` measures what one hears: how tunes end, how alike their parts are, where "
        "they lie. It knows the meter: give `--meter 6/8` for jigs, `--meter 3/4` for waltzes.",
        dataset="tunes",
        programs=("train_on_gpu.py", "train_with_critic.py"),
    ),
    "chords_rnn": Recipe(
        "tunes_rnn, told the chords of the tune, too: melodies over a progression of one's own.",
        "--from tunes_rnn --steps 160 --patience 0 --hparams "
        "batch_size=32,learning_rate=0.01,dropout=0.05,unknown_chords=0,only_chords=true,checkpoint_steps=32",
        "Where no chord is known it is tunes_rnn: only the weights of what says a chord were trained. "
        "Give it chords as `--chords`, such as `--chords '| G | C G | D7 | G |'`.",
        dataset="chords",
        test="chorded",
        generates="Without chords it writes the tunes that tunes_rnn writes; that one's card tells of them.",
        data="""
- Its chords are inferred: the books have none, so `melody-rnn harmonize` found chords for their melodies
  (docs/harmonize.md says how often it finds what people wrote). What 'chords known' costs in nats is with these, which
  were found with the whole melody in view; chords that somebody thought of beforehand tell less of it.""",
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
{differences}
{generates}

Calibration: the validation split is likeliest at temperature {calibrated:.3f}. From temperature 1 to that one, nats per
event of the test split go from {before[nats_per_event]:.4f} to {after[nats_per_event]:.4f}, and its expected
calibration error (of the likeliest event, {num_bins} bins) from {error_before:.2f} % to {error_after:.2f} %.

## How it was made

{commands}

{made}

## Data

- `corpus:tunebooks`: Aird's Airs, O'Neill's tunes of 1850, Ryan's Mammoth Collection and a few smaller books, from
  music21 {music21}, whose files are checked against known checksums. Of {tunes:,} tunes {melodies:,} melodies were kept
  ({split}), {steps:,} steps. Dropped: {dropped}.{data}
- Splits: tunes that share 30 % of their runs of twelve intervals are on one side; {exact} exact copies and {near:.1f} %
  near ones of test tunes are in the train split. Digest of the dataset: `{digest}`.
- Terms: the tunes are in the public domain, from books of the 18th and 19th century and of 1903; music21 distributes
  these transcriptions with the permission of their encoders (its corpus/license.txt). The model's folder holds no tune.

## Listening notes

{notes}
"""
COPIED = """\
Of the runs of twelve intervals in {num_generated} generated melodies {generated:.1f} % are in the train split; of
those in real test tunes {real:.1f} %.

{told}"""
MADE = """\
- `make models` runs these. Seed {seed}; the weights are those of epoch {epoch} of {epochs}, the best on the validation
  split ({validation_nats:.3f} nats).
- {parameters:,} parameters. Training took {minutes:.0f} minutes on two CPU cores, which did other work too.
- TensorFlow {tensorflow}, Keras {keras}."""
MADE_ELSEWHERE = """\
- {parameters:,} parameters; {validation_nats:.3f} nats on the validation split, by which the weights were chosen.
- {sitting}"""
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
    work = arguments.work
    for name in arguments.only:
        recipe = RECIPES[name]
        for dataset in {recipe.dataset, recipe.test}:
            if not (work / "data" / dataset / "dataset.json").exists():
                melody_rnn(BUILDS[dataset], "--output", str(work / "data" / dataset))
        dataset = work / "data" / recipe.dataset
        if arguments.cards_only:
            index(name, dataset)
        else:
            train(name, dataset, work / "runs")
        options = ["--dataset", str(work / "data" / recipe.test), *shlex.split(recipe.measures)]
        evaluation = json.loads(melody_rnn("evaluate", "--model", str(MODELS / name), *options, "--json"))
        describe(MODELS / name, evaluation)
        (MODELS / name / "README.md").write_text(card(name, dataset, evaluation))
        print((MODELS / name / "README.md").read_text(), flush=True)


def train(name: str, dataset: Path, runs: Path) -> None:
    """Trains a model and puts it with the facts of its training where models are."""
    (MODELS / name).mkdir(exist_ok=True)
    facts = by_programs(name, dataset, runs) if RECIPES[name].programs else by_command(name, dataset, runs / name)
    (MODELS / name / FACTS).write_text(json.dumps(facts | {"music21": version("music21")}, indent=2) + "\n")


def by_programs(name: str, dataset: Path, runs: Path) -> dict[str, Any]:
    """Trains a model by programs of its own, and its critic, and returns the facts of its training."""
    for line in programs(name, str(dataset), str(dataset.with_name(TEST)), runs):
        print("+ python", line, flush=True)
        subprocess.run([sys.executable, *shlex.split(line)], check=True)
    output = runs / Path(RECIPES[name].programs[-1]).stem
    for path in (output / name).iterdir():
        shutil.copy(path, MODELS / name / path.name)
    figures = json.loads((output / "nats.json").read_text())
    sitting = f"`make models` runs these; training took {figures['minutes']:.0f} minutes. It needs JAX and a GPU."
    return {"validation_nats": figures["validation"], "sitting": sitting}


def programs(name: str, dataset: str, test: str, runs: Path) -> list[str]:
    """Returns the command lines of the programs that train a model: its teacher, the model, and its critic."""
    first, second = RECIPES[name].programs
    teacher, student = (runs / Path(program).stem for program in (first, second))
    return [
        f"models/{first} --dataset {dataset} --test {test} --output {teacher}",
        f"models/{second} --dataset {dataset} --teacher {teacher / name} --output {student}",
        f"models/{second} --dataset {dataset} --output {student} --save",
        f"models/train_critic.py --model {student / name} --dataset {test}",
    ]


def by_command(name: str, dataset: Path, run_dir: Path) -> dict[str, Any]:
    """Trains a model by the package's command and returns the facts of its training."""
    minutes = run(f"--model {name} {RECIPES[name].options}", dataset, run_dir)
    for path in (run_dir / "model").iterdir():
        shutil.copy(path, MODELS / name / path.name)
    description = json.loads((run_dir / "run.json").read_text())
    history = json.loads((run_dir / "history.json").read_text())
    best = min(history, key=lambda row: row["val_loss"])
    return {
        "seed": description["settings"]["seed"],
        "epoch": best["epoch"],
        "epochs": len(history),
        "validation_nats": best["val_loss"],
        "minutes": minutes,
        **{package: version(package) for package in ("tensorflow", "keras")},
    }


def index(name: str, dataset: Path) -> None:
    """Writes the index of a model's training tunes, which training writes too."""
    from melody_rnn.data.dataset import load
    from melody_rnn.data.index import training_index
    from melody_rnn.presets import write_training_index

    tunes = training_index(load(dataset))
    if tunes is not None:
        write_training_index(MODELS / name, tunes)


def run(options: str, dataset: Path, run_dir: Path) -> float:
    """Trains a model in a run's folder, or goes on with its training; returns the minutes that it took in all."""
    start, clock = time.monotonic(), run_dir / "minutes.json"
    if (run_dir / "run.json").exists():
        melody_rnn("train", "--run-dir", str(run_dir), "--resume")
    else:
        melody_rnn("train", *shlex.split(options), "--dataset", str(dataset), "--run-dir", str(run_dir))
    minutes = (time.monotonic() - start) / 60 + (json.loads(clock.read_text()) if clock.exists() else 0)
    clock.write_text(json.dumps(minutes))
    return minutes


def describe(folder: Path, evaluation: dict[str, Any]) -> None:
    """Puts what real tunes cost a model, and how it is calibrated, where generation finds them."""
    path = folder / "preset.json"
    data = json.loads(path.read_text())
    scores = {score["name"]: score["nats_per_event"] for score in evaluation["scores"]}
    own = {name: nats for name, nats in scores.items() if ", " in name}
    data["nats_per_event"] = next((nats for name, nats in own.items() if "only the meter" in name), first(evaluation))
    if own:
        data["outline_nats_per_event"] = next(nats for name, nats in own.items() if "whole outline" in name)
    path.write_text(json.dumps(data, indent=2) + "\n")
    path = folder / "generation.json"
    data = json.loads(path.read_text()) | {"calibration_temperature": evaluation["calibration"]["temperature"]}
    path.write_text(json.dumps(data, indent=2) + "\n")


def first(evaluation: dict[str, Any]) -> float:
    """Returns the model's nats per event."""
    nats: float = evaluation["scores"][0]["nats_per_event"]
    return nats


def commands(name: str) -> str:
    """Returns the commands that make a model and measure it, as a card shows them."""
    recipe, runs = RECIPES[name], Path("runs")
    lines = [f"{BUILDS[dataset]} --output data/{dataset}" for dataset in dict.fromkeys((recipe.dataset, recipe.test))]
    lines = [f"melody-rnn {line}" for line in lines]
    data, made = f"--dataset data/{recipe.dataset}", f"runs/{name}/model"
    if recipe.programs:
        lines += [f"python {line}" for line in programs(name, f"data/{recipe.dataset}", f"data/{TEST}", runs)]
        made = f"{runs / Path(recipe.programs[-1]).stem}/{name}"
    else:
        lines.append(f"melody-rnn train --model {name} {recipe.options} {data} --run-dir runs/{name}")
    lines.append(f"melody-rnn evaluate --model {made} --dataset data/{recipe.test} {recipe.measures}")
    return "\n".join(f"    {line}" for line in lines)


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
    calibration = evaluation["calibration"]
    before, after = calibration["before"], calibration["after"]
    parameters = num_parameters(MODELS / name / "model.weights.h5")
    made = (MADE_ELSEWHERE if "sitting" in facts else MADE).format(parameters=parameters, **facts)
    return CARD.format(
        made=made,
        name=name,
        headline=recipe.headline,
        notes=recipe.notes,
        commands=commands(name),
        nats=first(evaluation),
        figures=figures(evaluation["scores"]),
        differences=differences(name, evaluation["differences"]),
        data=recipe.data,
        num_melodies=evaluation["num_melodies"],
        num_events=evaluation["num_events"],
        digest=evaluation["digest"],
        generates=recipe.generates or generates(evaluation),
        before=before,
        after=after,
        calibrated=calibration["temperature"],
        num_bins=len(before["bins"]),
        error_before=100 * before["calibration_error"],
        error_after=100 * after["calibration_error"],
        music21=facts["music21"],
        tunes=report["num_tunes"],
        melodies=report["num_melodies"],
        steps=report["num_steps"],
        split=", ".join(f"{part['melodies']:,} {split}" for split, part in report["splits"].items()),
        dropped=", ".join(f"{count} {rule.replace('_', ' ')}" for rule, count in sorted(report["dropped"].items())),
        exact=report["leaks"]["exact"],
        near=100 * report["leaks"]["near"],
    )


def generates(evaluation: dict[str, Any]) -> str:
    """Returns what a card says of the tunes that a model writes."""
    copied = evaluation["copied"]
    return COPIED.format(
        num_generated=copied["num_generated"],
        generated=100 * copied["generated"],
        real=100 * copied["real"],
        told=two_sample(evaluation["two_sample"]),
    )


def two_sample(found: dict[str, Any]) -> str:
    """Returns what the classifier says of the model's tunes, a paragraph and a table."""

    def auc(figures: dict[str, float]) -> str:
        return f"{figures['value']:.3f} ({figures['low']:.3f} to {figures['high']:.3f})"

    meters = ", ".join(f"{auc(figures)} in {meter}" for meter, figures in found["meters"].items())
    rows = ["| what gives it away most | AUC alone | generated | real |", "| --- | ---: | ---: | ---: |"]
    rows += [
        f"| {row['sentence'].rstrip('.')} | {row['auc']:.3f} | {row['generated']:.3f} | {row['real']:.3f} |"
        for row in found["features"][:NUM_FEATURES]
    ]
    told = (
        f"A classifier tells {found['num_tunes']} of its tunes from as many real test tunes of the same meters and "
        f"lengths with an AUC of {auc(found['auc'])}: {meters}. 0.5 is chance; two halves of the real tunes have "
        f"{auc(found['control'])}."
    )
    return "\n".join([*textwrap.wrap(told, 120), "", *rows])


def figures(scores: list[dict[str, Any]]) -> str:
    """Returns a table of figures, the model's first."""
    rows = [["", *COLUMNS], ["---"] + ["---:"] * len(COLUMNS)]
    for number, score in enumerate(scores):
        cells = ["-" if score[key] is None else f"{score[key]:.3f}" for key in COLUMNS.values()]
        rows.append(["this model" if number == 0 else score["name"], *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def differences(name: str, rows: list[dict[str, Any]]) -> str:
    """Returns what a model gains by what it is told, tune by tune, as a paragraph; nothing for other models."""
    told = [
        f"{'chords known' if row['name'] == name else row['name'].partition(', ')[2]} against "
        f"{row['other'].partition(', ')[2]} {row['nats_per_event']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
        for row in rows
    ]
    if not told:
        return ""
    words = f"Nats per event of the same tunes, with a 95 % bootstrap over tunes: {'; '.join(told)}."
    return "\n" + "\n".join(textwrap.wrap(words, 120)) + "\n"


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
