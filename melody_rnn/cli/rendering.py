"""What `generate` and `render` share: options, the sound of a score, and the picture of a tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from melody_rnn.errors import InvalidArgumentError

if TYPE_CHECKING:
    from melody_rnn.formats.accompaniment import Accompaniment
    from melody_rnn.formats.audio import AudioFormat, Synth
    from melody_rnn.formats.score import Score
    from melody_rnn.tunes.piano_roll import PictureFormat
    from melody_rnn.tunes.tune import Tune

AUDIO_FORMATS: Final = ("wav", "flac", "ogg", "mp3")
PICTURE_FORMATS: Final = ("png", "svg")

audio_option = click.option("--audio", is_flag=True, help="Write each melody's sound too, as a .wav beside it.")


class AccompanimentType(click.ParamType["Accompaniment"]):
    """A style and a player of an accompaniment."""

    name = "style"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Accompaniment":
        """Returns the accompaniment, or fails with those there are."""
        from melody_rnn.formats.accompaniment import parse_accompaniment

        if not isinstance(value, str):
            return cast("Accompaniment", value)
        try:
            return parse_accompaniment(value)
        except InvalidArgumentError as error:
            self.fail(str(error), param, ctx)


accompaniment_option = click.option(
    "--render-chords",
    "accompaniment",
    type=AccompanimentType(),
    is_flag=False,
    flag_value="auto",
    metavar="[STYLE]",
    help="Play the chords along, as tracks of their own and in the sound: by piano and bass in a pattern of the meter "
    "and tempo, or as a jig, reel, waltz, march or ballad, by piano or guitar: waltz,guitar.",
)
plot_option = click.option("--plot", is_flag=True, help="Write each melody's piano roll too, as a .png beside it.")


def write_sound(
    score: "Score",
    folder: Path,
    stem: str,
    file_format: "AudioFormat" = "wav",
    synth: "Synth" = "soundfont",
    soundfont: Path | None = None,
    accompaniment: "Accompaniment | None" = None,
) -> Path:
    """Writes how a whole score sounds, repeats played, into a folder; nothing is overwritten."""
    from melody_rnn.formats.audio import audio_bytes, render
    from melody_rnn.formats.form import bars_played, unfold
    from melody_rnn.formats.note_sequences import sequence_from_score
    from melody_rnn.tunes.files import write_new

    played = unfold(score, bars_played(score.bars))
    if accompaniment is not None:
        from melody_rnn.formats.accompaniment import accompany

        played = accompany(played, accompaniment)
    samples = render(sequence_from_score(played), synth, soundfont)
    return write_new(folder, stem, audio_bytes(samples, file_format), f".{file_format}")


def write_picture(tune: "Tune", folder: Path, stem: str, file_format: "PictureFormat" = "png") -> Path:
    """Writes a tune's piano roll, under the file's name, into a folder; nothing is overwritten."""
    from melody_rnn.tunes.files import write_new
    from melody_rnn.tunes.piano_roll import picture_bytes, plot_piano_roll

    return write_new(folder, stem, picture_bytes(plot_piano_roll(tune, stem), file_format), f".{file_format}")
