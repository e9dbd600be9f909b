"""Options that several commands share, and the checks that need no TensorFlow."""

import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click
from click.shell_completion import CompletionItem

from melody_rnn.config import MAX_SEED
from melody_rnn.errors import (
    MAX_MESSAGE,
    DeviceError,
    InputFileError,
    InvalidArgumentError,
    MelodyError,
    MelodyRNNError,
    ModelError,
    OutputError,
    printable,
)

if TYPE_CHECKING:
    from rich.text import Text

    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.instruments import Instrument
    from melody_rnn.music.meters import Meter
    from melody_rnn.tunes.tune import Tune

_MAX_REMARKS: Final = 20
STEPS_OF_A_TUNE: Final = 512
"""What a tune is taken to have before anybody knows."""
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FiniteNumber(click.ParamType[float]):
    """A finite number in a range, up to `MAX_COUNT`."""

    name = "number"

    def __init__(self, is_valid: Callable[[float], bool], limit: str) -> None:
        self._is_valid = is_valid
        self._limit = limit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns the number, or fails with what it must be."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or not self._is_valid(number):
            self.fail(f"must be {self._limit}, got {value}", param, ctx)
        if number > MAX_COUNT:
            self.fail(f"must be at most {MAX_COUNT:,}, got {value}", param, ctx)
        return number


class MeterType(click.ParamType["Meter"]):
    """A meter, such as 6/8."""

    name = "meter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Meter":
        """Returns the meter, or fails with what it must be."""
        from melody_rnn.music.meters import parse_meter

        try:
            return parse_meter(str(value))
        except MelodyError as error:
            self.fail(str(error), param, ctx)


class InstrumentType(click.ParamType["Instrument"]):
    """An instrument that has a range."""

    name = "instrument"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Instrument":
        """Returns the instrument, or fails with those there are."""
        from melody_rnn.music.instruments import INSTRUMENTS

        if not isinstance(value, str):
            return cast("Instrument", value)
        instrument = INSTRUMENTS.get(value.strip().lower())
        if instrument is None:
            self.fail(f"must be one of {', '.join(INSTRUMENTS)}, got {value!r}", param, ctx)
        return instrument


class ProgramType(click.ParamType[int]):
    """An instrument of General MIDI, by its name or number."""

    name = "instrument"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns its number, or fails with names that are similar."""
        from melody_rnn.music.instruments import parse_program

        try:
            return parse_program(str(value))
        except InvalidArgumentError as error:
            self.fail(str(error), param, ctx)


SEED = click.IntRange(0, MAX_SEED)
MAX_COUNT: Final = 1_000_000
"""Largest of the numbers that say how many of something there shall be, where nothing else limits them."""
MAX_SIDE_BY_SIDE: Final = 10_000
"""Most melodies that are searched among or compared, which are all held at once."""
MAX_WORKERS: Final = 256


def complete_model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes a shipped model's name; where none begins so, the shell completes files and folders."""
    from melody_rnn.presets import list_presets

    found = [CompletionItem(info.name) for info in list_presets() if info.name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


model_option = click.option(
    "-m",
    "--model",
    metavar="NAME|FOLDER|FILE.mag",
    shell_complete=complete_model,
    help="A shipped model, a model folder, or a Magenta bundle. [default: the best shipped one]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON lines and nothing else.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Let the libraries' own messages through.")
tune_option = click.option(
    "--tune",
    "number",
    type=click.IntRange(1, MAX_COUNT),
    metavar="N",
    help="Which tune of a tune book, or which part of another file. [default: the first]",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="Where the network runs; auto takes a GPU if there is one.",
)


def together(*choices: _Decorator) -> _Decorator:
    """Returns what adds several options to a command, in their order."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(choices), command)


def check_packages(names: Sequence[str], purpose: str, extra: str) -> None:
    """Fails if a package is missing that an extra of this one installs.

    Raises:
        InvalidArgumentError: If so; the message says how to install it.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise InvalidArgumentError(
            f"{purpose} need {', '.join(missing)}, which is not installed: pip install 'melody-rnn[{extra}]'"
        )


def check_output_dir(folder: Path) -> None:
    """Fails early if no folder can be where results shall go.

    Raises:
        OutputError: If a file is in the way.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise OutputError(f"{folder}: {existing} is a file, so no folder can be there; name another folder")


def load_model(
    model: str | None, device: str = "auto", verbose: bool = False, num_steps: int | None = None
) -> "MelodyRNN":
    """Loads what `--model` names, to be run by LiteRT if the work is small, else by TensorFlow.

    Args:
        model: What `--model` names.
        device: What `--device` names; a GPU is TensorFlow's.
        verbose: Whether the libraries' messages are let through.
        num_steps: How many steps of all melodies together it will sample or score, about; None for many.
    """
    from melody_rnn.cli.startup import load_tensorflow, quieten
    from melody_rnn.generation.engine import is_for_litert
    from melody_rnn.model import MelodyRNN

    quieten(verbose)
    if device != "gpu" and num_steps is not None and is_for_litert(num_steps):
        from melody_rnn.model_source import find_model

        source = find_model(model)
        if source.is_bundle:
            return load_bundle(source.path, verbose)
        # A step that cannot be used is passed over.
        with suppress(ModelError):
            return MelodyRNN.from_preset(model, engine="litert")
    load_tensorflow(verbose)
    use_device(device)
    return MelodyRNN.from_preset(model, "tensorflow")


def load_bundle(path: Path, verbose: bool = False) -> "MelodyRNN":
    """Loads a bundle to be run by LiteRT; TensorFlow is loaded only where its step is not kept from an earlier run."""
    from melody_rnn.cli.startup import load_tensorflow
    from melody_rnn.kept_steps import kept_step
    from melody_rnn.model import MelodyRNN

    if kept_step(path) is None:
        load_tensorflow(verbose)
    return MelodyRNN.from_bundle(path, engine="litert")


def tell(text: str) -> None:
    """Says something on standard error, one line that any terminal can show, whatever names and texts are in it."""
    click.echo(printable(text, MAX_MESSAGE), err=True)


def tell_repeats(path: Path, tune: "Tune") -> None:
    """Says on standard error that a tune's repeats are not performed, if it has any."""
    if tune.played().events != tune.events:
        tell(f"{path}: its form is {tune.form}; each part is taken once, as written")


def exists(path: Path) -> bool:
    """Returns whether there is a file or folder, as far as one may look."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def tell_remarks(path: Path, *tunes: "Tune") -> None:
    """Says on standard error what reading tunes left out or decided; of many remarks the first ones."""
    remarks = [remark for tune in tunes for remark in tune.remarks]
    if len(remarks) > _MAX_REMARKS:
        remarks[_MAX_REMARKS:] = [f"{len(remarks) - _MAX_REMARKS} more of the kind"]
    for remark in remarks:
        tell(f"{path}: {remark}")


def fail_for(failures: Sequence[MelodyRNNError], num_files: int) -> None:
    """Names what could not be done, a line each, after the rest was done.

    Raises:
        InputFileError: If there is any; it ends the command with the last line.
    """
    if not failures:
        return
    for failure in failures[:-1]:
        tell(f"{failure}")
    others = f" ({len(failures)} of {num_files} files could not be read)" if num_files > 1 else ""
    raise InputFileError(f"{failures[-1]}{others}")


def cell(text: object) -> "Text":
    """Returns a name or title for a table of rich, in which nothing is taken for markup."""
    from rich.text import Text

    return Text(printable(text, MAX_MESSAGE))


def use_device(device: str) -> None:
    """Makes TensorFlow use the device that was asked for.

    Raises:
        DeviceError: If a GPU was asked for and there is none.
    """
    import tensorflow as tf

    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise DeviceError("--device gpu: TensorFlow sees no GPU here; leave the option out to use the CPU")


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a progress bar on a terminal; gives a function that takes what is done and what is to do."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
