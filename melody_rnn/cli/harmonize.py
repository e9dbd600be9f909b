"""melody-rnn harmonize: chords for melodies."""

from functools import partial
from typing import Any

import click

from melody_rnn.cli import options
from melody_rnn.cli.convert import (
    convert_files,
    files_argument,
    grid_option,
    kinds_option,
    output_option,
    tune_option,
)
from melody_rnn.cli.kinds import midi_type_option
from melody_rnn.cli.rendering import accompaniment_option
from melody_rnn.cli.startup import quieten

_ENDING = "_chords"


@click.command(name="harmonize")
@files_argument
@kinds_option
@click.option("--replace", is_flag=True, help="Put other chords in the place of those that a tune has. [default: keep]")
@grid_option
@output_option
@tune_option
@midi_type_option
@accompaniment_option
@options.json_option
@options.verbose_option
def command(replace: bool, verbose: bool, **arguments: Any) -> None:
    """Find chords for melodies, and write these with chord symbols.

    Reads what convert reads, and writes TUNE_chords beside each file. Chords follow the key, the beats, the notes on
    them and where in its part a bar stands; a file that names no key gets the one that fits. A part that comes again
    has the same chords. Tunes that have chords keep them.

    \b
    melody-rnn harmonize tune.abc --to abc,pdf
    melody-rnn harmonize tune.abc --to mid,mp3 --render-chords
    melody-rnn harmonize tunes/ --to musicxml -o scores
    melody-rnn harmonize reels.abc --tune 3 --to pdf --replace
    """
    from melody_rnn.tunes.harmony import harmonize

    quieten(verbose)
    change = partial(harmonize, replaces=replace)
    convert_files(**arguments, change=change, ending=_ENDING, title="Finding chords")
