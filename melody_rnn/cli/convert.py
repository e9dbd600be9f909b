"""melody-rnn convert: music files as other kinds of music files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

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


@click.command(name="convert")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
@click.option(
    "--to",
    "kinds",
    type=KindsType(),
    required=True,
    metavar="KINDS",
    help="What to write: mid, abc, musicxml, mxl, svg, png or pdf (sheet music), wav, flac, ogg or mp3; several with "
    "commas between.",
)
@click.option(
    "--steps-per-quarter",
    type=click.IntRange(1, 48),
    help="The finest division of a quarter note. [default: 4, 12 or 24, the first that loses no note]",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Where the files go; nothing there is overwritten. [default: beside each file]",
)
@click.option(
    "--tune",
    "number",
    type=click.IntRange(1, options.MAX_COUNT),
    metavar="N",
    help="Which tune of a tune book, or which part of another file. [default: all of them]",
)
@midi_type_option
@accompaniment_option
@options.json_option
@options.verbose_option
def command(
    files: tuple[Path, ...],
    kinds: tuple[str, ...],
    steps_per_quarter: int | None,
    output_dir: Path | None,
    number: int | None,
    midi_type: int,
    accompaniment: "Accompaniment | None",
    as_json: bool,
    verbose: bool,
) -> None:
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
    if output_dir is not None:
        options.check_output_dir(output_dir)
    quieten(verbose)
    jobs = find_jobs(files, output_dir)
    grids = _GRIDS if steps_per_quarter is None else (steps_per_quarter,)
    for job, paths in each(
        jobs, lambda job: _convert(job, kinds, grids, number, midi_type, accompaniment), "Converting"
    ):
        row = {"file": str(job.source), "written": [str(path) for path in paths]}
        click.echo(json.dumps(row) if as_json else "  ".join(printable(path, MAX_MESSAGE) for path in paths))


def _convert(
    job: Job,
    kinds: Sequence[str],
    grids: Sequence[int],
    number: int | None,
    midi_type: int,
    accompaniment: "Accompaniment | None",
) -> list[Path]:
    from melody_rnn.tunes.files import tune_bytes, write_new

    tunes = _read(job.source, grids, number)
    options.tell_remarks(job.source, *tunes)
    if accompaniment is not None:
        for tune in tunes:
            # What cannot be accompanied is known before anything is written.
            tune.to_sequence(accompaniment=accompaniment)
    stem, width = job.source.stem, max(2, len(str(len(tunes))))
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
