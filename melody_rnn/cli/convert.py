"""melody-rnn convert: music files as other kinds of music files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli import options
from melody_rnn.cli.jobs import Job, each, find_jobs
from melody_rnn.cli.kinds import KindsType, midi_type_option
from melody_rnn.cli.rendering import accompaniment_option
from melody_rnn.cli.startup import quieten
from melody_rnn.errors import MAX_MESSAGE, InputFileError, printable

if TYPE_CHECKING:
    from melody_rnn.formats.accompaniment import Accompaniment
    from melody_rnn.tunes.tune import Tune

_TOGETHER: Final = ("abc", "pdf")
# Sixteenths, then triplets, then both of them halved.
_GRIDS: Final = (4, 12, 24)


files_argument = click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
kinds_option = click.option(
    "--to",
    "kinds",
    type=KindsType(),
    required=True,
    metavar="KINDS",
    help="What to write: mid, abc, musicxml, mxl, svg, png or pdf (sheet music), wav, flac, ogg or mp3; several with "
    "commas between.",
)
grid_option = click.option(
    "--steps-per-quarter",
    type=click.IntRange(1, 48),
    help="The finest division of a quarter note. [default: 4, 12 or 24, the first that loses no note]",
)
output_option = click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Where the files go; nothing there is overwritten. [default: beside each file]",
)
tune_option = click.option(
    "--tune",
    "number",
    type=click.IntRange(1, options.MAX_COUNT),
    metavar="N",
    help="Which tune of a tune book, or which part of another file. [default: all of them]",
)


@click.command(name="convert")
@files_argument
@kinds_option
@grid_option
@output_option
@tune_option
@midi_type_option
@accompaniment_option
@options.json_option
@options.verbose_option
def command(verbose: bool, **arguments: Any) -> None:
    """Write the tunes of music files as other kinds of files.

    Reads .mid, .musicxml, .mxl, .xml and .abc, all tunes of a tune book and all parts but drums; of a part its top
    voice. Meter, pickup, key, repeats and endings, chord symbols and titles are kept: notation has repeats written,
    MIDI and sound have them played. A tune book becomes one .abc or .pdf, and for other kinds a file a tune.

    \b
    melody-rnn convert tune.abc --to mid,pdf
    melody-rnn convert tunes/ --to musicxml -o scores
    melody-rnn convert midi_out --to abc
    melody-rnn convert tune.abc --to mid --render-chords=guitar
    """
    quieten(verbose)
    convert_files(**arguments)


def convert_files(
    files: Sequence[Path],
    kinds: Sequence[str],
    steps_per_quarter: int | None,
    output_dir: Path | None,
    number: int | None,
    midi_type: int,
    accompaniment: "Accompaniment | None",
    as_json: bool,
    change: "Callable[[Tune], Tune] | None" = None,
    ending: str = "",
    title: str = "Converting",
) -> None:
    """Writes the tunes of files and folders as other kinds of files, and prints what was written.

    Args:
        files: Files and folders.
        kinds: What to write of each.
        steps_per_quarter: The steps of a quarter note; None for the first of some that loses no note.
        output_dir: Where the files go; beside each file if None.
        number: Which tune of each file, from 1; None for all.
        midi_type: Of MIDI files.
        accompaniment: What plays the chords along, in MIDI and sound.
        as_json: Whether it prints JSON.
        change: What is done to each tune before it is written.
        ending: What comes after a file's name in the names of what is made of it.
        title: Of the progress bar.

    Raises:
        InputFileError: In the end, if some files could not be read.
        InvalidArgumentError: If no file is named.
        OutputError: If a file cannot be written.
    """
    if output_dir is not None:
        options.check_output_dir(output_dir)
    jobs = find_jobs(files, output_dir)
    grids = _GRIDS if steps_per_quarter is None else (steps_per_quarter,)

    def work(job: Job) -> list[Path]:
        tunes = _read(job.source, grids, number)
        options.tell_remarks(job.source, *tunes)
        if change:
            tunes = [change(tune) for tune in tunes]
        return _write(job, tunes, kinds, midi_type, accompaniment, ending)

    for job, paths in each(jobs, work, title):
        row = {"file": str(job.source), "written": [str(path) for path in paths]}
        click.echo(json.dumps(row) if as_json else "  ".join(printable(path, MAX_MESSAGE) for path in paths))


def _write(
    job: Job,
    tunes: "Sequence[Tune]",
    kinds: Sequence[str],
    midi_type: int,
    accompaniment: "Accompaniment | None",
    ending: str,
) -> list[Path]:
    from melody_rnn.tunes.files import tune_bytes, write_new

    if accompaniment is not None:
        for tune in tunes:
            # What cannot be accompanied is known before anything is written.
            tune.to_sequence(accompaniment=accompaniment)
    stem, width = job.source.stem + ending, max(2, len(str(len(tunes))))
    paths = []
    for kind in kinds:
        if len(tunes) == 1 or kind in _TOGETHER:
            data = tune_bytes(tunes, kind, midi_type=midi_type, accompaniment=accompaniment)
            paths.append(write_new(job.folder, stem, data, f".{kind}"))
            continue
        for number, tune in enumerate(tunes, start=1):
            data = tune_bytes([tune], kind, midi_type=midi_type, accompaniment=accompaniment)
            paths.append(write_new(job.folder, f"{stem}_{number:0{width}d}", data, f".{kind}"))
    return paths


def _read(path: Path, grids: Sequence[int], number: int | None) -> "list[Tune]":
    """Returns the tunes of a file, or one of them, each on the first grid on which it loses no note."""
    from melody_rnn.tunes.files import read_tunes

    tunes = read_tunes(path, grids)
    if number is None:
        return tunes
    if number > len(tunes):
        raise InputFileError(f"{path}: has {len(tunes)} tune{'s' * (len(tunes) > 1)}, so there is no number {number}")
    return [tunes[number - 1]]
