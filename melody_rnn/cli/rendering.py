"""What `generate` and `render` share: options, the sound of a score, and the picture of a tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from melody_rnn.formats.audio import AudioFormat, Synth
    from melody_rnn.formats.score import Score
    from melody_rnn.tunes.piano_roll import PictureFormat
    from melody_rnn.tunes.tune import Tune

AUDIO_FORMATS: Final = ("wav", "flac", "ogg", "mp3")
PICTURE_FORMATS: Final = ("png", "svg")

audio_option = click.option("--audio", is_flag=True, help="Write each melody's sound too, as a .wav beside it.")
plot_option = click.option("--plot", is_flag=True, help="Write each melody's piano roll too, as a .png beside it.")


def write_sound(
    score: "Score",
    folder: Path,
    stem: str,
    file_format: "AudioFormat" = "wav",
    synth: "Synth" = "soundfont",
    soundfont: Path | None = None,
) -> Path:
    """Writes how a whole score sounds, repeats played, into a folder; nothing is overwritten."""
    from melody_rnn.formats.audio import audio_bytes, render
    from melody_rnn.formats.form import bars_played, unfold
    from melody_rnn.formats.note_sequences import sequence_from_score
    from melody_rnn.tunes.files import write_new

    played = unfold(score, bars_played(score.bars))
    samples = render(sequence_from_score(played), synth, soundfont)
    return write_new(folder, stem, audio_bytes(samples, file_format), f".{file_format}")


def write_picture(tune: "Tune", folder: Path, stem: str, file_format: "PictureFormat" = "png") -> Path:
    """Writes a tune's piano roll, under the file's name, into a folder; nothing is overwritten."""
    from melody_rnn.tunes.files import write_new
    from melody_rnn.tunes.piano_roll import picture_bytes, plot_piano_roll

    return write_new(folder, stem, picture_bytes(plot_piano_roll(tune, stem), file_format), f".{file_format}")
