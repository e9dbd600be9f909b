"""The command reference in docs/cli.md, made from `--help`: python -m melody_rnn.cli.reference > docs/cli.md."""

import click

from melody_rnn.cli.main import cli


def reference() -> str:
    """Returns the help of every command as Markdown."""
    context = click.Context(cli, info_name="melody-rnn", **cli.context_settings)
    parts = ["# melody-rnn", _help(cli, context)]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts += [f"## melody-rnn {name}", _help(command, click.Context(command, context, name))]
    return "\n\n".join(parts) + "\n"


def _help(command: click.Command, context: click.Context) -> str:
    return f"```text\n{command.get_help(context)}\n```"


if __name__ == "__main__":
    print(reference(), end="")
