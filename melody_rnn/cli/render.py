"""melody-rnn render: music files as sound, or as pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from melody_rnn.cli import options
from melody_rnn.cli.jobs import Job, each, find_jobs
from melody_rnn.cli.rendering import (
    AUDIO_FORMATS,
    PICTURE_FORMATS,
    accompaniment_option,
    write_picture,
    write_sound,
)
from melody_rnn.cli.startup import quieten
from melody_rnn.errors import MAX_MESSAGE, InputFileError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from melody_rnn.formats.accompaniment import Accompaniment
    from melody_rnn.formats.audio import AudioFormat, Synth
    from melody_rnn.formats.score import Score
    from melody_rnn.model import MelodyRNN
    from melody_rnn.tunes.piano_roll import PictureFormat
    from melody_rnn.tunes.tune import Tune


@click.command(name="render")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([*AUDIO_FORMATS, *PICTURE_FORMATS]),
    help="Sound (wav, flac, ogg, mp3) or a piano roll (png, svg). May be given several times. [default: wav]",
)
@click.option(
    "--soundfont",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The instruments: a .sf2 or .sf3. [default: the small General MIDI set that comes with pretty_midi]",
)
@click.option(
    "--synth",
    type=click.Choice(["soundfont", "fluidsynth", "sine"]),
    default="soundfont",
    show_default=True,
    help="Who plays: the built-in synthesiser, the program fluidsynth if it is installed, or plain tones.",
)
@click.option(
    "-m",
    "--model",
    metavar="NAME|FOLDER|FILE.mag",
    help="In piano rolls, make a note the more solid, the more probable this model finds it.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Where the files go; nothing there is overwritten. [default: beside each file]",
)
@click.option(
    "--tempo",
    type=options.FiniteNumber(lambda x: x > 0, "a finite number above 0"),
    metavar="BEATS",
    help="How fast it is played, in beats a minute: dotted quarters in 6/8, halves in 2/2. [default: the file's tempo]",
)
@options.tune_option
@accompaniment_option
@options.json_option
@options.verbose_option
def command(
    files: tuple[Path, ...],
    formats: tuple[str, ...],
    soundfont: Path | None,
    synth: "Synth",
    model: str | None,
    output_dir: Path | None,
    tempo: float | None,
    number: int | None,
    accompaniment: "Accompaniment | None",
    as_json: bool,
    verbose: bool,
) -> None:
    """Write how music files sound, or their piano rolls.

    Reads .mid, .musicxml, .mxl, .xml and .abc. Folders are searched at any depth, and their files written in the same
    arrangement below the output folder. Sound is 44.1 kHz stereo, has repeats played, and goes on two seconds after the
    last note.

    \b
    melody-rnn render tune.mid                               tune.wav
    melody-rnn render midi_out --format ogg -o audio         all files of a folder
    melody-rnn render tune.mid --format png --model tunes_rnn
    melody-rnn render reels.abc --tune 2 --tempo 90          the second tune of a book, slower
    melody-rnn render reels.abc --render-chords              with the chords written in it
    """
    _check(files, soundfont, model, output_dir)
    quieten(verbose)
    jobs = find_jobs(files, output_dir)
    loaded = _load(model, verbose, len(jobs))
    renderer = _Renderer(formats or ("wav",), synth, soundfont, tempo, number, accompaniment, loaded)
    named = set[tuple[Path, ...]]()
    for job, paths in each(jobs, renderer, "Rendering"):
        if as_json:
            click.echo(json.dumps({"file": str(job.source), "written": [str(path) for path in paths]}))
        elif tuple(paths) not in named:
            # A tune that lies there as several kinds of files has one sound.
            click.echo("  ".join(printable(path, MAX_MESSAGE) for path in paths))
        named.add(tuple(paths))


class _Renderer:
    """Writes one file's sound and pictures."""

    def __init__(
        self,
        formats: tuple[str, ...],
        synth: "Synth",
        soundfont: Path | None,
        tempo: float | None,
        number: int | None,
        accompaniment: "Accompaniment | None",
        model: "MelodyRNN | None",
    ) -> None:
        self._formats = formats
        self._synth = synth
        self._soundfont = soundfont
        self._tempo = tempo
        self._number = number
        self._accompaniment = accompaniment
        self._model = model

    def __call__(self, job: Job) -> list[Path]:
        from melody_rnn.formats.reading import read_score
        from melody_rnn.formats.score import at_tempo

        score = read_score(job.source, self._number)
        for remark in score.remarks:
            options.tell(f"{job.source}: {remark}")
        if self._tempo is not None:
            score = at_tempo(score, self._tempo)
        paths = []
        for file_format in self._formats:
            if file_format in AUDIO_FORMATS:
                kind = cast("AudioFormat", file_format)
                how = (kind, self._synth, self._soundfont, self._accompaniment)
                paths.append(write_sound(score, job.folder, job.source.stem, *how))
            else:
                picture = cast("PictureFormat", file_format)
                paths.append(write_picture(self._tune(score, job.source), job.folder, job.source.stem, picture))
        return paths

    def _tune(self, score: "Score", source: Path) -> "Tune":
        from melody_rnn.tunes.from_score import tunes_of_score

        steps_per_quarter = self._model.config.steps_per_quarter if self._model else DEFAULT_STEPS_PER_QUARTER
        tune = tunes_of_score(replace(score, remarks=()), steps_per_quarter)[0].played()
        options.tell_remarks(source, tune)
        if self._model is None:
            return tune
        return replace(tune, probabilities=tuple(self._model.trace([tune])[0].probabilities.tolist()))


def _check(files: tuple[Path, ...], soundfont: Path | None, model: str | None, output_dir: Path | None) -> None:
    if soundfont is not None and not soundfont.is_file():
        raise InputFileError(f"{soundfont}: no such file; give the path of a .sf2 or .sf3")
    if model is not None:
        find_model(model)
    if output_dir is not None:
        options.check_output_dir(output_dir)


def _load(model: str | None, verbose: bool, num_files: int) -> "MelodyRNN | None":
    if model is None:
        return None
    return options.load_model(model, "auto", verbose, num_files * options.STEPS_OF_A_TUNE)
