"""The entry point: finds the sub-command, and turns every user error into one line and exit status 2."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import click

from melody_rnn.cli.suggestions import similar, similar_options
from melody_rnn.errors import MAX_MESSAGE, MelodyRNNError, printable
from melody_rnn.files import reason, remove_unfinished

USER_ERROR: Final = 2
_SIGNALS: Final = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_COMMANDS: Final = {
    "generate": "generate",
    "score": "score",
    "render": "render",
    "convert": "convert",
    "harmonize": "harmonize",
    "page": "page",
    "models": "models",
    "import-bundle": "import_bundle",
    "export": "export",
    "dataset": "dataset",
    "train": "train",
    "evaluate": "evaluate",
    "temperature": "temperature",
    "devices": "devices",
    "completion": "completion",
}


class _LazyGroup(click.Group):
    """A group that imports a sub-command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"melody_rnn.cli.{_COMMANDS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in _COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        others = " or ".join(similar(name, _COMMANDS))
        raise click.UsageError(f"No such command {name!r}.{f' Did you mean {others}?' if others else ''}", ctx)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="melody-rnn", message="%(version)s")
def cli() -> None:
    """Write melodies with a recurrent network, as MIDI files.

    \b
    melody-rnn generate                          ten melodies into midi_out/
    melody-rnn generate --temperature 0.6        surer, more conservative ones
    melody-rnn generate --primer "C4 D4 E4 G4"   go on from a beginning of your own
    melody-rnn render tune.mid                   hear it: tune.wav
    melody-rnn convert tune.mid --to pdf         play from it: tune.pdf
    melody-rnn harmonize tune.abc --to pdf       chords for it
    melody-rnn page                              all of it in the browser
    melody-rnn score tune.mid                    how likely a model finds a tune
    melody-rnn dataset build --input FOLDER --output data/mine      tunes to learn from
    melody-rnn train --dataset data/mine --run-dir runs/mine        a model of your own
    melody-rnn temperature --corpus corpus:tunebooks                what temperature does, as a page
    """


def main() -> NoReturn:
    """Runs the command line and exits."""
    run_and_exit("melody-rnn", lambda: cli.main(prog_name="melody-rnn", standalone_mode=False))


def run_and_exit(program: str, run: Callable[[], object]) -> NoReturn:
    """Runs a program's work and exits: with status 2 and one line if something that the user gave is wrong.

    Files and folders that cannot be used, wherever that shows, are among it. SIGINT and SIGTERM end the work with
    statuses 130 and 143, and nothing of it is left unfinished.
    """
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's letters cannot write is written as its escapes.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for number in _SIGNALS:
        signal.signal(number, _end_work)
    try:
        run()
    except click.exceptions.NoArgsIsHelpError as error:
        _tell(error.format_message())
        _exit(USER_ERROR)
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption):
            error.possibilities = similar_options(error)  # type: ignore[misc]
        context = getattr(error, "ctx", None)
        path = context.command_path if context else program
        _fail(f"{path}: {' '.join(error.format_message().split())} (see {path} --help)")
    except MelodyRNNError as error:
        _fail(f"{program}: {error}")
    except (click.exceptions.Abort, KeyboardInterrupt):
        _exit(128 + (_ended_by or signal.SIGINT), program)
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has enough of it; click makes a SystemExit of that, and of nothing else.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            # Whoever asks whether a file is there, or where we are, learns of this first, wherever that is.
            _fail(f"{program}: {_place(error)}{reason(error)}; name another file or folder")
    except MemoryError:
        _fail(f"{program}: takes more memory than there is; ask for less at once")
    # Where the output cannot be written, that is said there.
    _exit(0, program)


def _open_streams() -> None:
    """Opens the streams that whoever started us has closed; the next files to be opened would take their places."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            # It stays open to the end of the process.
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _place(error: OSError) -> str:
    """Returns how the line on an error begins: with the file, or the current folder if that is gone."""
    if error.filename is not None:
        return f"{error.filename}: "
    try:
        Path.cwd()
    except OSError:
        return "the current folder: "
    return ""


_ended_by: signal.Signals | None = None


def _end_work(number: int, _frame: object) -> None:
    """Makes a signal end the work once, as an exception, so that all that is unfinished is removed on its way."""
    global _ended_by
    _ended_by = signal.Signals(number)
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    _tell(printable(message, MAX_MESSAGE))
    _exit(USER_ERROR)


def _tell(message: str) -> None:
    # Nobody may be there to read it.
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr)


def _exit(status: int, program: str = "") -> NoReturn:
    """Ends the process without tearing down TensorFlow, which takes long and has nothing left to save."""
    if _ended_by is not None:
        # A library may have swallowed the exception.
        status = 128 + _ended_by
        _tell(f"{program}: {_SIGNALS[_ended_by]}")
    remove_unfinished()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        _tell(f"{program or 'melody-rnn'}: the output cannot be written ({reason(error)})")
        status = USER_ERROR
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(status)
