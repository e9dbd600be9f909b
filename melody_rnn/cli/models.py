"""melody-rnn models: what ships."""

import json

import click

from melody_rnn.cli import options
from melody_rnn.presets import DEFAULT_PRESET, list_presets


@click.command(name="models")
@options.json_option
def command(as_json: bool) -> None:
    """List the models that ship with the package.

    The default one is marked with a star; each model's card is the README.md in its folder.
    """
    presets = list_presets()
    if as_json:
        for info in presets:
            is_default = info.name == DEFAULT_PRESET
            row = {"name": info.name, "headline": info.headline, "path": str(info.path), "is_default": is_default}
            click.echo(json.dumps(row))
        return
    width = max((len(info.name) for info in presets), default=0)
    for info in presets:
        click.echo(f"{'*' if info.name == DEFAULT_PRESET else ' '} {info.name:{width}}  {info.headline}")
