"""melody-rnn evaluate: how well a model predicts tunes that it has not seen."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table

    from melody_rnn.data.splits import Split
    from melody_rnn.evaluation.evaluate import Evaluation, Scores


_MEANING: Final = (
    "nats/event: how much an event surprises a model, on average; less is better, and 0 would be to know all of them. "
    "Perplexity says the same as a number of equally likely events, bits/note as bits for each note; onset and pitch "
    "nats are its two parts, when a note comes and which. Accuracy: how often the likeliest event was the right one."
)


@click.command(name="evaluate")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME|FOLDER|FILE.mag",
    help="A shipped model, a model folder, or a Magenta bundle. Given several times: each of them, the mean of their "
    "probabilities, and how they differ. [default: the best shipped one]",
)
@click.option("-d", "--dataset", type=click.Path(path_type=Path), required=True, help="A dataset's folder.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
    help="Which tunes.",
)
@click.option(
    "--copied",
    type=click.IntRange(0, options.MAX_SIDE_BY_SIDE),
    default=0,
    metavar="N",
    help="Generate N melodies too, and say what share of their runs of twelve intervals is in the train split, and "
    "how many notes in a row.",
)
@click.option(
    "--two-sample",
    type=click.IntRange(0, options.MAX_SIDE_BY_SIDE),
    is_flag=False,
    flag_value=0,
    metavar="[N]",
    help="Generate N tunes of the meters and lengths of N tunes of the split (all, without N), and say how well a "
    "classifier tells them apart, and by what.",
)
@click.option("--seed", type=options.SEED, default=0, show_default=True, help="Of those melodies and tunes.")
@click.option(
    "--calibrate", is_flag=True, help="Fit the temperature that makes the validation split likeliest; see what it does."
)
@click.option(
    "--reliability",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --calibrate: draw how often events come against their probability, a .png or .svg file.",
)
@options.device_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@options.verbose_option
def command(
    models: tuple[str, ...],
    dataset: Path,
    split: str,
    copied: int,
    two_sample: int | None,
    seed: int,
    calibrate: bool,
    reliability: Path | None,
    device: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Print how well a model predicts a dataset's tunes, beside what counting achieves.

    Dropout is off, temperature is 1. An event's probability is the sum over all labels that stand for it, so that
    models of all encodings compare; 'label nats' are what Magenta counts. The interval is a 95 % bootstrap over tunes;
    that of a difference takes each tune with both models' nats, so that it is much narrower.

    \b
    melody-rnn evaluate --dataset data/tunebooks
    melody-rnn evaluate --model runs/mine/model --dataset data/mine --copied 100
    melody-rnn evaluate --model runs/mine/model --model tunes_rnn --dataset data/mine
    melody-rnn evaluate --dataset data/tunebooks --calibrate --reliability diagram.png
    melody-rnn evaluate --dataset data/tunebooks --two-sample
    """
    for model in models:
        find_model(model)
    if len(models) > 1 and (copied or calibrate or two_sample is not None):
        raise InvalidArgumentError("--copied, --calibrate and --two-sample are for one model; give --model once")
    if not dataset.is_dir():
        raise InputFileError(f"{dataset}: no such folder; make a dataset with melody-rnn dataset build")
    if reliability is not None:
        _check_diagram(reliability, calibrate)
    load_tensorflow(verbose)
    options.use_device(device)
    from melody_rnn.data.dataset import load
    from melody_rnn.evaluation.evaluate import compare, evaluate

    loaded, part = load(dataset), cast("Split", split)
    if len(models) > 1:
        by_name = {name: options.load_model(model) for name, model in zip(_names(models), models, strict=True)}
        evaluation = compare(by_name, loaded, part, seed)
    else:
        only = models[0] if models else None
        loaded_model, compared = options.load_model(only), None
        if two_sample is not None:
            from melody_rnn.evaluation.two_sample.matching import compare as compare_tunes

            tunes = [melody.tune for melody in loaded.split(part) if not melody.form.is_truncated]
            compared = compare_tunes(loaded_model, tunes, two_sample, seed)
        evaluation = evaluate(loaded_model, find_model(only).name, loaded, part, copied, seed, calibrate)
        evaluation = replace(evaluation, two_sample=compared)
    if reliability is not None and evaluation.calibration:
        from melody_rnn.evaluation.calibration import write_diagram

        write_diagram(reliability, evaluation.scores[0].name, evaluation.calibration)
    if as_json:
        click.echo(json.dumps(evaluation.to_data()))
    else:
        _print(evaluation)


def _names(models: Sequence[str]) -> list[str]:
    """Returns a name for each model, as it was given where others are called the same.

    Raises:
        InvalidArgumentError: If a model is given twice.
    """
    names = [find_model(model).name for model in models]
    if len(set(names)) < len(names):
        names = list(models)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidArgumentError(f"--model {twice[0]} is given twice; name different models")
    return names


def _check_diagram(path: Path, is_calibrated: bool) -> None:
    if not is_calibrated:
        raise InvalidArgumentError("--reliability draws what --calibrate measures; give --calibrate too")
    if path.suffix.lower() not in (".png", ".svg"):
        raise InvalidArgumentError(f"--reliability must name a .png or .svg file, got {path}")
    if path.exists():
        raise OutputError(f"{path} exists already; name a new file")


def _print(evaluation: "Evaluation") -> None:
    from rich.console import Console
    from rich.table import Column

    likelihood: dict[str, Callable[[Scores], str]] = {
        "nats/event": lambda row: f"{row.nats_per_event:.3f}",
        "95 %": lambda row: f"{row.low:.3f}..{row.high:.3f}",
        "label nats": lambda row: "-" if row.label_nats_per_event is None else f"{row.label_nats_per_event:.3f}",
        "perplexity": lambda row: f"{row.perplexity:.2f}",
        "bits/note": lambda row: f"{row.bits_per_note:.2f}",
    }
    parts: dict[str, Callable[[Scores], str]] = {
        "onset nats": lambda row: f"{row.onset_nats:.3f}",
        "pitch nats": lambda row: f"{row.pitch_nats:.3f}",
        "accuracy": lambda row: f"{row.accuracy:.3f}",
        "of events": lambda row: f"{row.event_accuracy:.3f}",
        "of no event": lambda row: f"{row.no_event_accuracy:.3f}",
    }
    console = Console()
    for columns in (likelihood, parts):
        table = _table(Column(overflow="fold"), *columns)
        for row in evaluation.scores:
            table.add_row(options.cell(row.name), *(text(row) for text in columns.values()))
        console.print(table)
    console.print(_MEANING, highlight=False)
    console.print(
        f"{evaluation.num_melodies:,} melodies, {evaluation.num_events:,} events of the {evaluation.split} split",
        highlight=False,
    )
    if evaluation.differences:
        _print_differences(console, evaluation)
    if evaluation.copied:
        from melody_rnn.tunes.copied import FEWEST_NOTES

        copied = evaluation.copied
        console.print(
            f"Runs of twelve intervals that are in the train split: {100 * copied.generated:.1f} % of those of "
            f"{copied.num_generated} generated melodies, {100 * copied.real:.1f} % of those of the split's own",
            highlight=False,
        )
        generated, real = copied.generated_notes, copied.real_notes
        console.print(
            f"Notes in a row that a melody shares with one of the train split, by intervals and durations: half have "
            f"at most {generated[0]}, nine in ten at most {generated[1]}; of the split's own {real[0]} and {real[1]}. "
            f"0 stands for fewer than {FEWEST_NOTES}",
            highlight=False,
        )
    if evaluation.calibration:
        before, after = evaluation.calibration.before, evaluation.calibration.after
        console.print(
            f"Calibrated temperature {after.temperature:.3f}, fitted on the validation split: "
            f"{before.nats_per_event:.4f} nats/event before, {after.nats_per_event:.4f} after; expected calibration "
            f"error {100 * before.calibration_error:.2f} % before, {100 * after.calibration_error:.2f} % after",
            highlight=False,
        )
    if evaluation.two_sample:
        from melody_rnn.cli.two_sample import print_two_sample

        print_two_sample(console, evaluation.two_sample)


def _table(*columns: "Column | str") -> "Table":
    """Returns a table whose figures stay on their lines, so that names give way where the terminal is narrow."""
    from rich.table import Column, Table

    own = (Column(title, justify="right", no_wrap=True) if isinstance(title, str) else title for title in columns)
    return Table(*own, box=None, header_style="bold", collapse_padding=True, pad_edge=False)


def _print_differences(console: "Console", evaluation: "Evaluation") -> None:
    from rich.table import Column

    from melody_rnn.evaluation.evaluate import ENSEMBLE

    names = Column("model", overflow="fold"), Column("less", overflow="fold")
    table = _table(*names, "nats/event", "95 %")
    for row in evaluation.differences:
        figures = f"{row.nats_per_event:+.4f}", f"{row.low:+.4f}..{row.high:+.4f}"
        table.add_row(options.cell(row.name), options.cell(row.other), *figures)
    console.print(table)
    if all(row.name != ENSEMBLE for row in evaluation.scores):
        console.print("The models have other ranges or keys, so that there is no mean of them.")
