"""melody-rnn score: how likely a model finds melodies."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli import options
from melody_rnn.cli.jobs import Job, each, find_jobs
from melody_rnn.cli.surprise import Surprise, print_rows
from melody_rnn.errors import InputFileError, InvalidArgumentError
from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from melody_rnn.generation.trace import Trace
    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.meters import Meter
    from melody_rnn.tunes.tune import Tune

_NUM_LIKELIEST: Final = 3


@click.command(name="score")
@options.model_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@click.option("--melody", metavar="TEXT", help='A melody as text: "[60, -2, 62, -2]" or "C4 D4 E4:2".')
@click.option(
    "--meter", type=options.MeterType(), metavar="N/M", help="The melodies' bars. [default: the file's, or 4/4]"
)
@options.tune_option
@click.option("--per-step", is_flag=True, help="Say of each event how likely it was, and what was likelier.")
@options.device_option
@options.json_option
@options.verbose_option
def command(
    model: str | None,
    files: tuple[Path, ...],
    melody: str | None,
    meter: "Meter | None",
    number: int | None,
    per_step: bool,
    device: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Print the log-likelihood of melodies under a model.

    Files are .mid, .musicxml, .mxl or .abc, and folders are searched at any depth; of several voices the top one
    counts, and of repeats one pass, where the file says which they are. Every event after a melody's first is scored,
    at temperature 1, after the melody was moved into the model's range and key. Log-likelihoods are in nats; nats per
    event and perplexity are per scored event.

    An event is as likely as all labels that stand for it together. For models that were trained on one label an event,
    as Magenta's are, "of labels" is the log-likelihood as Magenta computes it, of that label alone.

    With --per-step, the probability, entropy (in nats) and rank of each event, and the likeliest events.

    \b
    melody-rnn score tune.mid other.abc
    melody-rnn score --melody "C4 D4 E4 F4 G4:8" --json
    melody-rnn score tune.mid --per-step
    """
    if not files and melody is None:
        raise InvalidArgumentError('nothing to score: name files, or give --melody "C4 D4 E4"')
    steps_per_quarter = find_model(model).steps_per_quarter
    tunes: list[tuple[str, Tune]] = []
    problem = None
    try:
        for job, tune in each(
            find_jobs(files, None) if files else [],
            lambda job: _read(job, steps_per_quarter, number or 1, meter),
            "Reading",
        ):
            tunes.append((str(job.source), tune))
    except InputFileError as error:
        problem = error
    if melody is not None:
        from melody_rnn.tunes.primers import parse_primer

        tunes.append(("melody", parse_primer(melody, steps_per_quarter, meter)))
    if tunes:
        loaded = options.load_model(model, device, verbose, sum(len(tune) for _, tune in tunes))
        _print(_score(loaded, tunes, per_step), as_json, Surprise(loaded.nats_per_event))
    if problem is not None:
        raise problem


def _score(model: "MelodyRNN", tunes: "list[tuple[str, Tune]]", per_step: bool) -> list[dict[str, Any]]:
    with options.progress_bar("Scoring") as advance:
        log_likelihoods = model.log_likelihoods([tune for _, tune in tunes], lambda done: advance(done, len(tunes)))
    of_labels: Sequence[float | None] = [None] * len(tunes)
    if not model.sums_labels:
        of_labels = model.label_log_likelihoods([tune for _, tune in tunes])
    rows = [
        _row(name, len(tune), log_likelihood, own)
        for (name, tune), log_likelihood, own in zip(tunes, log_likelihoods, of_labels, strict=True)
    ]
    if per_step:
        for row, trace in zip(rows, model.trace([tune for _, tune in tunes]), strict=True):
            row["steps"] = [_step(trace, step) for step in range(len(trace.events))]
    return rows


def _print(rows: list[dict[str, Any]], as_json: bool, surprise: Surprise) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    _print_table(rows, surprise)
    for row in rows:
        if "steps" in row:
            _print_steps(row)


def _read(job: Job, steps_per_quarter: int, number: int, meter: "Meter | None") -> "Tune":
    """Returns a file's tune to score."""
    from melody_rnn.tunes.files import read_tune

    tune = read_tune(job.source, steps_per_quarter, number).written()
    options.tell_remarks(job.source, tune)
    options.tell_repeats(job.source, tune)
    return tune if meter is None else replace(tune, meter=meter, pickup_steps=0)


def _row(name: str, num_events: int, log_likelihood: float, of_labels: float | None) -> dict[str, Any]:
    num_scored = num_events - 1
    nats = -log_likelihood / num_scored if num_scored else None
    return {
        "name": name,
        "log_likelihood": log_likelihood,
        "label_log_likelihood": of_labels,
        "num_events": num_events,
        "nats_per_event": nats,
        "perplexity": None if nats is None else math.exp(nats),
    }


def _step(trace: "Trace", step: int) -> dict[str, Any]:
    """Returns what is to be said of a step; the first event is given, so that nothing is said of it."""
    is_given = step == 0
    return {
        "step": step,
        "event": int(trace.events[step]),
        "log_likelihood": None if is_given else float(trace.log_likelihoods[step]),
        "probability": None if is_given else float(trace.probabilities[step]),
        "entropy": None if is_given else float(trace.entropies[step]),
        "rank": None if is_given else int(trace.ranks[step]),
        "likeliest": [{"event": event, "probability": p} for event, p in trace.likeliest(step, _NUM_LIKELIEST)],
    }


def _print_table(rows: list[dict[str, Any]], surprise: Surprise) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    has_labels = rows[0]["label_log_likelihood"] is not None
    of_labels = ["of labels"] if has_labels else []
    for title in ("events", "log-likelihood", *of_labels, "nats/event", "perplexity"):
        table.add_column(title, justify="right")
    table.add_column("surprise")
    table.add_column("melody")
    texts = [
        (
            str(row["num_events"]),
            f"{row['log_likelihood']:.2f}",
            *([f"{row['label_log_likelihood']:.2f}"] if has_labels else []),
            "-" if row["nats_per_event"] is None else f"{row['nats_per_event']:.3f}",
            "-" if row["perplexity"] is None else f"{row['perplexity']:.2f}",
            surprise.word(row["nats_per_event"]),
            row["name"],
        )
        for row in rows
    ]
    print_rows(table, texts, keeps_lines=True)
    surprise.explain()


def _print_steps(row: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    click.echo(options.cell(row["name"]).plain)
    table = Table(box=None, header_style="bold")
    for title in ("step", "event", "probability", "entropy", "rank"):
        table.add_column(title, justify="right")
    table.add_column("likeliest")
    for step in row["steps"][1:]:
        likeliest = (f"{_event_name(part['event'])} {part['probability']:.2f}" for part in step["likeliest"])
        table.add_row(
            str(step["step"]),
            _event_name(step["event"]),
            f"{step['probability']:.3f}",
            f"{step['entropy']:.2f}",
            str(step["rank"]),
            ", ".join(likeliest),
        )
    Console().print(table)


def _event_name(event: int) -> str:
    from melody_rnn.music.pitches import note_name

    return note_name(event) if event >= 0 else {NO_EVENT: "hold", NOTE_OFF: "off"}[event]
