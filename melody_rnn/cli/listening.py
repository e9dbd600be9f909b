"""What `generate` and `render` share: a MIDI file's sound and picture, written beside it or elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from note_seq import Melody

    from melody_rnn.music.audio import AudioFormat, Synth
    from melody_rnn.music.meters import Meter
    from melody_rnn.music.piano_roll import PictureFormat

AUDIO_FORMATS: Final = ("wav", "flac", "ogg")
PICTURE_FORMATS: Final = ("png", "svg")

audio_option = click.option("--audio", is_flag=True, help="Write each melody's sound too, as a .wav beside it.")
plot_option = click.option("--plot", is_flag=True, help="Write each melody's piano roll too, as a .png beside it.")


@dataclass(frozen=True)
class Picture:
    """What a piano roll shows.

    Attributes:
        melody: The melody.
        meter: Its meter.
        primer_steps: Steps of it that were given.
        probabilities: [num_steps], of each event, or None if they are not known.
        title: What stands above it.
    """

    melody: "Melody"
    meter: "Meter"
    primer_steps: int = 0
    probabilities: Sequence[float] | None = None
    title: str = ""


def write_audio(
    source: Path,
    folder: Path,
    file_format: "AudioFormat" = "wav",
    synth: "Synth" = "soundfont",
    soundfont: Path | None = None,
) -> Path:
    """Writes the sound of a music file into a folder, under the file's name; nothing is overwritten."""
    from melody_rnn.music.audio import audio_bytes, render
    from melody_rnn.music.sequence_io import read_sequence, write_new

    samples = render(read_sequence(source), synth, soundfont)
    return write_new(folder, source.stem, audio_bytes(samples, file_format), f".{file_format}")


def write_picture(picture: Picture, folder: Path, stem: str, file_format: "PictureFormat" = "png") -> Path:
    """Writes a piano roll into a folder; nothing is overwritten."""
    from melody_rnn.music.piano_roll import picture_bytes, plot_piano_roll
    from melody_rnn.music.sequence_io import write_new

    figure = plot_piano_roll(
        picture.melody, picture.primer_steps, picture.probabilities, picture.meter, title=picture.title
    )
    return write_new(folder, stem, picture_bytes(figure, file_format), f".{file_format}")


def about_file(path: Path) -> dict[str, Any]:
    """Returns what `generate` wrote into a MIDI file about its making; nothing for other files."""
    from melody_rnn.music.sequence_io import MIDI_SUFFIXES, read_midi_text

    for text in read_midi_text(path) if path.suffix.lower() in MIDI_SUFFIXES else []:
        try:
            about = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(about, dict):
            return about
    return {}
