"""melody-rnn import-bundle: a Magenta bundle or checkpoint as a model folder."""

from pathlib import Path

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.config import CONFIGS, EVERY_MAGENTA_NAME
from melody_rnn.errors import InputFileError, OutputError, printable


@click.command(name="import-bundle")
@click.argument("bundle", type=click.Path(path_type=Path), metavar="FILE.mag")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--config",
    "config_name",
    type=click.Choice(EVERY_MAGENTA_NAME),
    help="FILE.mag is a checkpoint of Magenta's training with this configuration, or a run's train folder.",
)
@options.verbose_option
def command(bundle: Path, folder: Path, config_name: str | None, verbose: bool) -> None:
    """Convert a Magenta Melody RNN or Improv RNN bundle into a model folder.

    Nothing in the bundle is executed. FOLDER must not exist yet.

    \b
    melody-rnn import-bundle attention_rnn.mag models/my_attention
    melody-rnn generate --model models/my_attention
    melody-rnn import-bundle --config basic_rnn logdir/run1/train models/my_basic
    """
    if config_name is None and not bundle.is_file():
        raise InputFileError(f"{bundle}: no such file; give the path of a .mag bundle")
    if folder.exists():
        raise OutputError(f"{folder} exists already; name a new folder")
    load_tensorflow(verbose)
    from melody_rnn.model import MelodyRNN

    if config_name is None:
        model = MelodyRNN.from_bundle(bundle)
    else:
        model = MelodyRNN.from_magenta_run(bundle, CONFIGS[config_name])
    model.save_to_preset(folder)
    sizes = "+".join(map(str, model.config.network.layer_sizes))
    name = printable(folder)
    click.echo(f"{name}: {model.config.name} with {sizes} units; use it with --model {name}")
