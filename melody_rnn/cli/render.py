"""melody-rnn render: music files as sound, or as pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from melody_rnn.cli import options
from melody_rnn.cli.listening import AUDIO_FORMATS, PICTURE_FORMATS, Picture, about_file, write_audio, write_picture
from melody_rnn.cli.startup import load_note_seq, load_tensorflow
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, MelodyRNNError

if TYPE_CHECKING:
    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.audio import AudioFormat, Synth
    from melody_rnn.music.piano_roll import PictureFormat


class _Job(NamedTuple):
    source: Path
    folder: Path


@click.command(name="render")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([*AUDIO_FORMATS, *PICTURE_FORMATS]),
    help="Sound (wav, flac, ogg) or a piano roll (png, svg). May be given several times. [default: wav]",
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
@options.json_option
@options.verbose_option
def command(
    files: tuple[Path, ...],
    formats: tuple[str, ...],
    soundfont: Path | None,
    synth: "Synth",
    model: str | None,
    output_dir: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Write how music files sound, or their piano rolls.

    Reads .mid, .musicxml, .mxl, .xml and .abc. Folders are searched at any depth, and their files written in the same
    arrangement below the output folder. Sound is 44.1 kHz stereo, and goes on two seconds after the last note.

    \b
    melody-rnn render tune.mid                               tune.wav
    melody-rnn render midi_out --format ogg -o audio         all files of a folder
    melody-rnn render tune.mid --format png --model tunes_rnn
    """
    _check(files, soundfont, model, output_dir)
    load_note_seq(verbose)
    jobs = _jobs(files, output_dir)
    renderer = _Renderer(formats or ("wav",), synth, soundfont, _load(model, verbose))
    written: dict[Path, list[Path]] = {}
    failures: list[MelodyRNNError] = []
    with options.progress_bar("Rendering") as advance:
        for done, job in enumerate(jobs, start=1):
            try:
                written[job.source] = renderer(job)
            except MelodyError as error:
                failures.append(MelodyError(f"{job.source}: {error}"))
            except InputFileError as error:
                failures.append(error)
            advance(done, len(jobs))
    for source, paths in written.items():
        names = [str(path) for path in paths]
        click.echo(json.dumps({"file": str(source), "written": names}) if as_json else "  ".join(names))
    if failures:
        others = f" (and {len(failures) - 1} more of {len(jobs)} files)" if len(failures) > 1 else ""
        raise InputFileError(f"{failures[0]}{others}")


class _Renderer:
    """Writes one file's sound and pictures."""

    def __init__(
        self, formats: tuple[str, ...], synth: "Synth", soundfont: Path | None, model: "MelodyRNN | None"
    ) -> None:
        self._formats = formats
        self._synth = synth
        self._soundfont = soundfont
        self._model = model

    def __call__(self, job: _Job) -> list[Path]:
        paths = []
        for file_format in self._formats:
            if file_format in AUDIO_FORMATS:
                path = write_audio(
                    job.source, job.folder, cast("AudioFormat", file_format), self._synth, self._soundfont
                )
            else:
                picture = self._picture(job.source)
                path = write_picture(picture, job.folder, job.source.stem, cast("PictureFormat", file_format))
            paths.append(path)
        return paths

    def _picture(self, source: Path) -> Picture:
        from melody_rnn.music.melodies import melody_from_sequence
        from melody_rnn.music.sequence_io import read_sequence

        extracted = melody_from_sequence(read_sequence(source))
        if extracted.is_polyphonic:
            click.echo(f"{source}: several notes at once; the picture has the top voice", err=True)
        probabilities = None
        if self._model is not None:
            probabilities = self._model.trace([extracted.melody])[0].probabilities.tolist()
        primer_steps = about_file(source).get("primer_steps", 0)
        primer_steps = primer_steps if isinstance(primer_steps, int) else 0
        return Picture(extracted.melody, extracted.meter, primer_steps, probabilities, source.stem)


def _check(files: tuple[Path, ...], soundfont: Path | None, model: str | None, output_dir: Path | None) -> None:
    if not files:
        raise InvalidArgumentError("nothing to render: name music files, or folders of them")
    for path in files:
        if not path.exists():
            raise InputFileError(f"{path}: no such file; name a music file or a folder of them")
    if soundfont is not None and not soundfont.is_file():
        raise InputFileError(f"{soundfont}: no such file; give the path of a .sf2 or .sf3")
    if model is not None:
        options.check_model(model)
    if output_dir is not None:
        options.check_output_dir(output_dir)


def _jobs(files: tuple[Path, ...], output_dir: Path | None) -> list[_Job]:
    """Returns every file to render and the folder that its results go to.

    Raises:
        InputFileError: If a folder has no music.
    """
    from melody_rnn.music.sequence_io import SUFFIXES

    jobs = []
    for path in files:
        if not path.is_dir():
            jobs.append(_Job(path, output_dir or path.parent))
            continue
        found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()]
        if not found:
            raise InputFileError(f"{path}: there is no music file in this folder")
        jobs += [_Job(file, (output_dir or path) / file.parent.relative_to(path)) for file in found]
    return jobs


def _load(model: str | None, verbose: bool) -> "MelodyRNN | None":
    if model is None:
        return None
    load_tensorflow(verbose)
    return options.load_model(model)
