"""melody-rnn completion: what a shell needs to complete commands, options and their values."""

from typing import Final

import click
from click.shell_completion import get_completion_class

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete the commands and options.

    \b
    bash   eval "$(melody-rnn completion bash)"               in ~/.bashrc
    zsh    eval "$(melody-rnn completion zsh)"                in ~/.zshrc
    fish   melody-rnn completion fish | source                in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "melody-rnn", "_MELODY_RNN_COMPLETE").source())
