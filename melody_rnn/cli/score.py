"""melody-rnn score: how likely a model finds melodies."""

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli import options
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, MelodyRNNError
from melody_rnn.events import NO_EVENT, NOTE_OFF

if TYPE_CHECKING:
    from melody_rnn.generation.trace import Trace
    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.meters import Meter
    from melody_rnn.tunes.tune import Tune

_NUM_LIKELIEST: Final = 3


@dataclass
class _Read:
    """Tunes by name, and what is wrong with the files that have none."""

    tunes: "list[tuple[str, Tune]]" = field(default_factory=list)
    failures: list[MelodyRNNError] = field(default_factory=list)


@click.command(name="score")
@options.model_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILES]...")
@click.option("--melody", metavar="TEXT", help='A melody as text: "[60, -2, 62, -2]" or "C4 D4 E4:2".')
@click.option(
    "--meter", type=options.MeterType(), metavar="N/M", help="The melodies' bars. [default: the file's, or 4/4]"
)
@click.option("--per-step", is_flag=True, help="Say of each event how likely it was, and what was likelier.")
@options.device_option
@options.json_option
@options.verbose_option
def command(
    model: str | None,
    files: tuple[Path, ...],
    melody: str | None,
    meter: "Meter | None",
    per_step: bool,
    device: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Print the log-likelihood of melodies under a model.

    FILES are .mid, .musicxml, .mxl or .abc; of several voices the top one counts. Every event after a melody's first
    is scored, at temperature 1, after the melody was moved into the model's range and key. Log-likelihoods are in
    nats; nats per event and perplexity are per scored event.

    With --per-step, the probability, entropy (in nats) and rank of each event, and the likeliest events. There an event
    is as probable as all labels that stand for it together; above, lookback and attention models have the likelihood of
    one label an event, as in Magenta, which is a little less.

    \b
    melody-rnn score tune.mid other.abc
    melody-rnn score --melody "C4 D4 E4 F4 G4:8" --json
    melody-rnn score tune.mid --per-step
    """
    if not files and melody is None:
        raise InvalidArgumentError('nothing to score: name files, or give --melody "C4 D4 E4"')
    options.check_model(model)
    read = _read(files, melody, meter, model)
    if read.tunes:
        num_steps = sum(len(tune) for _, tune in read.tunes)
        loaded = options.load_model(model, device, verbose, num_steps)
        rows = _score(loaded, read.tunes, per_step)
        _print(rows, as_json)
    options.fail_for(read.failures, len(files))


def _score(model: "MelodyRNN", tunes: "list[tuple[str, Tune]]", per_step: bool) -> list[dict[str, Any]]:
    log_likelihoods = model.log_likelihoods([tune for _, tune in tunes])
    rows = [_row(name, len(tune), ll) for (name, tune), ll in zip(tunes, log_likelihoods, strict=True)]
    if per_step:
        for row, trace in zip(rows, model.trace([tune for _, tune in tunes]), strict=True):
            row["steps"] = [_step(trace, step) for step in range(len(trace.events))]
    return rows


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    _print_table(rows)
    for row in rows:
        if "steps" in row:
            _print_steps(row)


def _read(files: tuple[Path, ...], text: str | None, meter: "Meter | None", model: str | None) -> "_Read":
    """Returns names and tunes to score, and what is wrong with the files that have none."""
    from melody_rnn.tunes.files import read_tune
    from melody_rnn.tunes.primers import parse_primer

    steps_per_quarter = options.steps_per_quarter(model)
    read = _Read()
    for path in files:
        try:
            tune = read_tune(path, steps_per_quarter)
            read.tunes.append((str(path), tune if meter is None else replace(tune, meter=meter, pickup_steps=0)))
            options.tell_remarks(path, tune)
        except (InputFileError, MelodyError) as error:
            read.failures.append(error)
    if text is not None:
        read.tunes.append(("melody", parse_primer(text, steps_per_quarter, meter)))
    return read


def _row(name: str, num_events: int, log_likelihood: float) -> dict[str, Any]:
    num_scored = num_events - 1
    nats = -log_likelihood / num_scored if num_scored else None
    return {
        "name": name,
        "log_likelihood": log_likelihood,
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


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("melody", overflow="fold")
    for title in ("events", "log-likelihood", "nats/event", "perplexity"):
        table.add_column(title, justify="right")
    for row in rows:
        nats, perplexity = row["nats_per_event"], row["perplexity"]
        table.add_row(
            options.cell(row["name"]),
            str(row["num_events"]),
            f"{row['log_likelihood']:.2f}",
            "-" if nats is None else f"{nats:.3f}",
            "-" if perplexity is None else f"{perplexity:.2f}",
        )
    Console().print(table)


def _print_steps(row: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", title=options.cell(row["name"]), title_justify="left")
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
