"""The entry point: finds the sub-command, and turns every user error into one line and exit status 2."""

import errno
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final, NoReturn

import click

from melody_rnn.cli.suggestions import similar, similar_options
from melody_rnn.errors import MelodyRNNError

USER_ERROR: Final = 2
_INTERRUPTED: Final = 130
_COMMANDS: Final = {
    "generate": "generate",
    "score": "score",
    "render": "render",
    "convert": "convert",
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
    melody-rnn score tune.mid                    how likely a model finds a tune
    melody-rnn dataset build --input FOLDER --output data/mine      tunes to learn from
    melody-rnn train --dataset data/mine --run-dir runs/mine        a model of your own
    melody-rnn temperature --corpus corpus:tunebooks                what temperature does, as a page
    """


def main() -> NoReturn:
    """Runs the command line and exits."""
    run_and_exit("melody-rnn", lambda: cli.main(prog_name="melody-rnn", standalone_mode=False))


def run_and_exit(program: str, run: Callable[[], object]) -> NoReturn:
    """Runs a program's work and exits: with status 2 and one line if something that the user gave is wrong."""
    try:
        run()
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption):
            error.possibilities = similar_options(error)  # type: ignore[misc]
        context = getattr(error, "ctx", None)
        path = context.command_path if context else program
        _fail(f"{path}: {' '.join(error.format_message().split())} (see {path} --help)")
    except MelodyRNNError as error:
        _fail(f"{program}: {error}")
    except (click.exceptions.Abort, KeyboardInterrupt):
        print(f"{program}: interrupted", file=sys.stderr)
        _exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        # Whoever asks whether a file is there learns of this first, wherever that is.
        if error.errno != errno.ENAMETOOLONG:
            raise
        _fail(f"{program}: {error.filename}: the name is longer than the system allows")
    _exit(0)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    _exit(USER_ERROR)


def _exit(status: int) -> NoReturn:
    """Ends the process without tearing down TensorFlow, which takes long and has nothing left to save."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
