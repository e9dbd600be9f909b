"""The command reference in docs/cli.md, made from `--help`: python -m melody_rnn.cli.reference > docs/cli.md."""

from collections.abc import Iterator

import click

from melody_rnn.cli.main import cli


def reference() -> str:
    """Returns the help of every command as Markdown."""
    context = click.Context(cli, info_name="melody-rnn", **cli.context_settings)
    parts = ["# melody-rnn", _help(cli, context)]
    for own in commands_below(cli, context):
        parts += [f"## {own.command_path}", _help(own.command, own)]
    return "\n\n".join(parts) + "\n"


def commands_below(group: click.Group, context: click.Context) -> Iterator[click.Context]:
    """Yields the context of each command of a group, and after that of a group those of its own commands."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        own = click.Context(command, context, name)
        yield own
        if isinstance(command, click.Group):
            yield from commands_below(command, own)


def _help(command: click.Command, context: click.Context) -> str:
    return f"```text\n{command.get_help(context)}\n```"


if __name__ == "__main__":
    print(reference(), end="")
