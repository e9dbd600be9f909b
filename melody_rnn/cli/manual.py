"""The manual page, made from the commands themselves: python -m melody_rnn.cli.manual > docs/melody-rnn.1."""

import inspect

import click

from melody_rnn.cli.main import cli
from melody_rnn.cli.reference import commands_below

_NAME = "melody-rnn"


def manual() -> str:
    """Returns the page of all commands in roff, as `man` reads it."""
    context = click.Context(cli, info_name=_NAME, **cli.context_settings)
    lines = [f".TH {_roff(_NAME.upper())} 1", ".SH NAME", f"{_roff(_NAME)} \\- {_roff(cli.get_short_help_str(200))}"]
    lines += [".SH SYNOPSIS", f".B {_roff(_NAME)}", "[OPTIONS] COMMAND [ARGS]...", ".SH DESCRIPTION", *_text(cli.help)]
    for own in commands_below(cli, context):
        lines += _section(own.command, own)
    return "\n".join([*lines, ".SH SEE ALSO", "Magenta's Melody RNN, https://github.com/magenta/magenta"]) + "\n"


def _section(command: click.Command, context: click.Context) -> list[str]:
    """Returns the section of a command."""
    path = context.command_path
    lines = [f".SH {_roff(path.upper())}", f".B {_roff(path)}", _roff(" ".join(command.collect_usage_pieces(context)))]
    lines += [".PP", *_text(command.help)]
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record is not None:
            option, explanation = record
            lines += [".TP", f".B {_roff(option)}", _roff(" ".join(explanation.split()))]
    return lines


def _text(help_text: str | None) -> list[str]:
    """Returns the paragraphs of a help text; those that click does not wrap keep their lines."""
    lines: list[str] = []
    for paragraph in inspect.cleandoc(help_text or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines += [".PP", ".nf", *map(_roff, paragraph.removeprefix("\b\n").split("\n")), ".fi"]
        else:
            lines += [".PP", _roff(" ".join(paragraph.split()))]
    return lines[1:]


def _roff(text: str) -> str:
    """Returns a line of text in which roff finds nothing to obey."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    print(manual(), end="")
