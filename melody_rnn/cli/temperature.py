"""melody-rnn temperature: what temperature does to a model's melodies, as a page."""

import json
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.config import MAX_STEPS
from melody_rnn.errors import InputFileError, printable
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from melody_rnn.evaluation.temperature_report.table import TemperatureTable
    from melody_rnn.music.meters import Meter

_DEFAULT_STEP: Final = 0.2
_MAX_TEMPERATURES: Final = 50


class TemperaturesType(click.ParamType[tuple[float, ...]]):
    """Temperatures: a list of numbers and ranges."""

    name = "temperatures"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Returns the temperatures in ascending order, or fails with what they must be."""
        try:
            numbers = sorted({number for item in str(value).split(",") for number in _expand(item)})
        except ValueError:
            self.fail(f"{value!r}: write 0.2..2.0, 0.2..2.0:0.1 (with the step) or 0.5,1,1.5", param, ctx)
        if numbers[0] < 0:
            self.fail(f"each must be at least 0, got {value}", param, ctx)
        if numbers[-1] > options.MAX_COUNT:
            self.fail(f"each must be at most {options.MAX_COUNT:,}, got {value}", param, ctx)
        if len(numbers) > _MAX_TEMPERATURES:
            self.fail(f"{value} are more than {_MAX_TEMPERATURES}; take a greater step", param, ctx)
        return tuple(numbers)


def _expand(item: str) -> list[float]:
    """Returns the numbers of '1' or of '0.2..2.0:0.1'; a few too many of a range that is far too fine.

    Raises:
        ValueError: If it is neither, or a number is not finite.
    """
    if ".." not in item:
        return [_number(item)]
    ends, _, step_text = item.partition(":")
    first_text, _, last_text = ends.partition("..")
    first, last, step = _number(first_text), _number(last_text), _number(step_text or str(_DEFAULT_STEP))
    if step <= 0 or last < first:
        raise ValueError
    # A step such as 0.1 is no exact binary number, and neither are its sums.
    count = math.floor(min((last - first) / step + 1e-6, _MAX_TEMPERATURES)) + 1
    return [round(first + k * step, 9) for k in range(count)]


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


@click.command(name="temperature")
@options.model_option
@click.option(
    "-t",
    "--temperatures",
    type=TemperaturesType(),
    metavar="LIST",
    default="0.2..2.0",
    show_default=True,
    help="Which: a range in steps of 0.2, one with its step (0.2..2.0:0.1), or a list (0.6,1,1.4).",
)
@click.option(
    "-n", "--num-outputs", type=click.IntRange(4, 10_000), default=200, show_default=True, help="Melodies for each."
)
@click.option(
    "--num-steps",
    type=click.IntRange(2, MAX_STEPS),
    default=128,
    show_default=True,
    help="Length of each in sixteenth notes.",
)
@click.option(
    "-c",
    "--corpus",
    metavar="DATASET|FOLDER|corpus:NAME",
    help="Real tunes to compare with: the test split of a dataset or of a corpus out of music21, or all tunes of a "
    "folder of music files.",
)
@click.option(
    "--meter", type=options.MeterType(), default="4/4", show_default=True, metavar="N/M", help="Bars of all tunes."
)
@click.option("--seed", type=options.SEED, default=0, show_default=True, help="Makes a run repeatable.")
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    default=Path("report"),
    show_default=True,
    help="The report's folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace a report that is there.")
@options.device_option
@options.json_option
@options.verbose_option
def command(model: str | None, device: str, as_json: bool, verbose: bool, **arguments: Any) -> None:
    """Write a report on what temperature does to a model's melodies.

    Generates melodies at every temperature in one run and measures how sure the model is, how diverse the melodies
    are and what mistakes they make, beside the same of real tunes. report.html is a page that explains all of it and
    needs nothing besides itself; metrics.csv has the figures, with 95 % intervals.

    \b
    melody-rnn temperature --corpus corpus:tunebooks
    melody-rnn temperature --temperatures 0.6,1,1.4 --num-outputs 1000 --output-dir report/
    """
    from melody_rnn.evaluation.temperature_report.folder import PAGE, check_folder

    output_dir, overwrite, meter = (arguments.pop(name) for name in ("output_dir", "overwrite", "meter"))
    find_model(model)
    check_folder(output_dir, overwrite)
    options.check_packages(("jinja2", "rapidfuzz", "scipy"), "reports", "report")
    _check_corpus(arguments["corpus"])
    load_tensorflow(verbose)
    options.use_device(device)
    from melody_rnn.evaluation.temperature_report.page import About, write_report

    table = _measure(model, meter, **arguments)
    about = About(find_model(model).name, shlex.join(["melody-rnn", *sys.argv[1:]]))
    write_report(table, output_dir, about, overwrite)
    if as_json:
        for record in table.records():
            click.echo(json.dumps({key: _plain(value) for key, value in record.items()}))
    else:
        _print(table, output_dir / PAGE)


def _check_corpus(corpus: str | None) -> None:
    from melody_rnn.data.corpora import find_corpus, is_corpus

    if corpus is None:
        return
    if is_corpus(corpus):
        find_corpus(corpus)
    elif not Path(corpus).is_dir():
        raise InputFileError(f"{corpus}: no such folder; give a dataset, a folder of music files or corpus:tunebooks")
    options.check_packages(("symusic", "music21"), "corpora", "train")


def _measure(
    model: str | None,
    meter: "Meter",
    corpus: str | None,
    temperatures: tuple[float, ...],
    num_outputs: int,
    num_steps: int,
    seed: int,
) -> "TemperatureTable":
    from melody_rnn.evaluation.temperature_report.real_tunes import read_real_tunes
    from melody_rnn.evaluation.temperature_report.table import measure_temperatures

    loaded = options.load_model(model)
    real = None
    if corpus is not None:
        with options.progress_bar("Reading") as advance:
            real = read_real_tunes(corpus, loaded.config, num_steps, meter, advance)
    total, done = 2 * num_outputs * len(temperatures), list[int]()
    with options.progress_bar("Generating and measuring") as advance:

        def on_done(count: int) -> None:
            done.append(count)
            advance(sum(done), total)

        return measure_temperatures(loaded, temperatures, num_outputs, num_steps, real, seed, meter, on_done=on_done)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(table: "TemperatureTable", path: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, header_style="bold")
    titles = ("temperature", "entropy, nats", "distinct 4-grams", "out of key", "distance")
    for title in titles if table.real else titles[:-1]:
        shown.add_column(title, justify="right")
    for row in (*table.rows, *((table.real,) if table.real else ())):
        cells = [row.label, f"{row.estimates['entropy'].value:.2f}"]
        shares = [row.estimates[name].value for name in ("distinct_4grams", "out_of_key")]
        cells += ["-" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares]
        if table.real:
            cells.append("" if row.temperature is None else f"{table.distance(row):.2f}")
        shown.add_row(*cells, style="bold" if row is table.nearest else None)
    console = Console()
    console.print(shown)
    nearest = f"T = {table.nearest.label} is nearest to real tunes; " if table.nearest else ""
    console.print(f"{nearest}open {printable(path)}", highlight=False, soft_wrap=True, markup=False)
