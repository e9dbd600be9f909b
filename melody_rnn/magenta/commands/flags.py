"""Flags as Magenta's commands have them, read by absl as there: --flag=value, --flag value, --flag, --noflag."""

import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

from absl import flags

from melody_rnn.cli.main import run_and_exit
from melody_rnn.errors import MAX_MESSAGE, InvalidArgumentError, printable
from melody_rnn.magenta.commands.families import Family

Flags = flags.FlagValues
_LEVELS: Final = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def value_of(flags: Flags, name: str) -> Any:
    """Returns the value of a flag; None if the command has none of the name."""
    return flags[name].value if name in flags else None


class Log:
    """Writes messages to standard error from the level on that --log names."""

    def __init__(self, threshold: str) -> None:
        self._threshold = _LEVELS.index(threshold)

    @property
    def is_verbose(self) -> bool:
        """Whether the libraries' own messages are wanted too."""
        return self._threshold == 0

    def info(self, message: str) -> None:
        """Tells how the work goes."""
        self._write("INFO", message)

    def warn(self, message: str) -> None:
        """Tells what may not be as the user meant it."""
        self._write("WARN", message)

    def _write(self, level: str, message: str) -> None:
        if _LEVELS.index(level) >= self._threshold:
            print(f"{level}: {printable(message, MAX_MESSAGE)}", file=sys.stderr)


class Definer:
    """Defines flags of their own, apart from those that libraries define for all programs."""

    def __init__(self, values: Flags) -> None:
        self._values = values

    def string(self, name: str, default: str | None, text: str) -> None:
        """Defines a flag of any text."""
        flags.DEFINE_string(name, default, text, self._values)

    def boolean(self, name: str, default: bool, text: str) -> None:
        """Defines a flag that is there or not."""
        flags.DEFINE_boolean(name, default, text, self._values)

    def integer(self, name: str, default: int, text: str, least: int | None = None) -> None:
        """Defines a flag of a whole number of at least `least`."""
        flags.DEFINE_integer(name, default, text, lower_bound=least, flag_values=self._values)

    def real(self, name: str, default: float | None, text: str) -> None:
        """Defines a flag of a number."""
        flags.DEFINE_float(name, default, text, flag_values=self._values)

    def model(self, family: Family) -> None:
        """Defines the flags that describe a model."""
        *others, last = family.configs
        self.string("config", None, f"Which model: {', '.join(others)} or {last}.")
        if family.encoders:
            *others, last = map(repr, family.encoders)
            self.string(
                "melody_encoder_decoder", None, f"Instead of --config, which encoding: {', '.join(others)} or {last}."
            )
        self.string("generator_id", None, "Another id of the generator in a bundle than the configuration's.")
        self.string("generator_description", None, "Another description of the generator than the configuration's.")
        self.string("hparams", "", "Comma-separated name=value pairs, as batch_size=64,rnn_layer_sizes=[64,64].")


def run_command(
    program: str, about: str, define: Callable[[Definer], None], run: Callable[[Flags, Log], None]
) -> NoReturn:
    """Reads the command line, does the work and exits.

    Args:
        program: The command's name.
        about: What --help says about it.
        define: Defines its flags.
        run: The work.
    """

    def work() -> None:
        values = Flags()  # type: ignore[no-untyped-call]
        definer = Definer(values)
        define(definer)
        flags.DEFINE_enum(
            "log", "INFO", _LEVELS, "From which level on messages are shown.", values, case_sensitive=False
        )
        definer.boolean("help", False, "Show this help.")
        _parse(values, program, sys.argv[1:])
        if values["help"].value:
            print(f"{program}: {about}\n\n{_help(values)}")
            return
        run(values, Log(str(values["log"].value)))

    run_and_exit(program, work)


def _help(values: Flags) -> str:
    flags_by_name = {name: values[name] for name in sorted(values)}
    return "\n".join(
        f"  --{name}: {flag.help}" + ("" if flag.default in (None, "") else f" [default: {flag.default}]")
        for name, flag in flags_by_name.items()
    )


def _parse(values: Flags, program: str, arguments: list[str]) -> None:
    try:
        _, *rest = values([program, *(_long(argument) for argument in arguments)])
    except flags.Error as error:
        raise InvalidArgumentError(f"{' '.join(str(error).split())} (see {program} --help)") from error
    if rest:
        raise InvalidArgumentError(f"{rest[0]!r} belongs to no flag; write --flag=value (see {program} --help)")


def _long(argument: str) -> str:
    return "--help" if argument == "-h" else argument
