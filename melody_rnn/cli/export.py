"""melody-rnn export: a model for other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import MAX_MESSAGE, OutputError, printable
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from melody_rnn.model import MelodyRNN


def _export_mag(model: "MelodyRNN", output: Path, description: str) -> str:
    generator_id = model.save_bundle(output, description)
    return f"a bundle of Magenta's {generator_id}; play it with melody_rnn_generate --bundle_file={output}"


def _export_magentajs(model: "MelodyRNN", output: Path, description: str) -> str:
    model.save_magentajs(output, description)
    return "a checkpoint of Magenta.js; put it on a web server and play it with new mm.MusicRNN(its URL)"


def _export_litert(model: "MelodyRNN", output: Path, description: str) -> str:
    model.save_litert(output, description)
    return "the model's step for LiteRT, which runs in Python, browsers and on phones; docs/litert.md says how"


_FORMATS: Final[Mapping[str, Callable[["MelodyRNN", Path, str], str]]] = {
    "mag": _export_mag,
    "magentajs": _export_magentajs,
    "litert": _export_litert,
}


@click.command(name="export")
@click.argument("model", metavar="MODEL")
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(list(_FORMATS)),
    required=True,
    help="mag: a bundle that Magenta 2.1.4 loads and plays. magentajs: a folder that Magenta.js plays in a browser; "
    "models of basic_rnn and mono_rnn only. litert: a folder for LiteRT, in any language and browser; any model.",
)
@click.option("--description", default="", help="What the export says about itself, a line.")
@options.verbose_option
def command(model: str, output: Path, format_name: str, description: str, verbose: bool) -> None:
    """Write a model in another program's format.

    MODEL is a shipped model, a model folder, or a bundle. OUTPUT must not exist yet. The encoding of tunes_rnn is
    melody_rnn's own, so no program of Magenta's plays it; LiteRT does.

    \b
    melody-rnn export --format mag lookback_rnn lookback_rnn.mag
    melody-rnn export --format magentajs basic_rnn basic_rnn_js
    melody-rnn export --format litert tunes_rnn tunes_rnn_litert
    melody-rnn export --format mag runs/mine/model mine.mag --description "Tunes of my own"
    """
    find_model(model)
    if output.exists():
        raise OutputError(f"{output} exists already; name a new one")
    if not output.absolute().parent.is_dir():
        raise OutputError(f"{output}: there is no folder {output.parent}; make it first")
    load_tensorflow(verbose)
    what = _FORMATS[format_name](options.load_model(model), output, description)
    click.echo(printable(f"{output}: {what}", MAX_MESSAGE))
