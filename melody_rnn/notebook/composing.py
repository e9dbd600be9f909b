"""Tunes for the notebooks: generated, heard and saved."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from melody_rnn import __version__
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import DEFAULT_QPM, NOTES_PER_OCTAVE
from melody_rnn.formats.accompaniment import Accompaniment
from melody_rnn.formats.audio import AudioFormat, audio_bytes, render
from melody_rnn.model import MelodyRNN, fresh_seed
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.transposition import major_key
from melody_rnn.tunes.files import midi_of, tune_bytes, write_new
from melody_rnn.tunes.piano_roll import pitch_range, roll_notes
from melody_rnn.tunes.primers import PrimerLike, read_primer
from melody_rnn.tunes.tune import Origin, Tune


def compose(
    model: MelodyRNN,
    temperatures: Sequence[float],
    num_bars: int = 8,
    primer: PrimerLike = None,
    seed: int | None = None,
    meter: Meter | None = None,
    tonic: int | None = None,
    qpm: float = DEFAULT_QPM,
    program: int = 0,
) -> list[Tune]:
    """Returns a tune for each temperature, all with the same seed: the same dice, thrown onto other distributions.

    Args:
        model: The model.
        temperatures: Each at least 0.
        num_bars: Bars after the primer; the bar in which it ends counts as one.
        primer: What they start with, or None; as `MelodyRNN.generate` takes it.
        seed: A fresh one if None.
        meter: Where not given, the primer's, or 4/4.
        tonic: Pitch class, 0 for C, of the major key that the tunes are moved to; they stay where they are if None.
        qpm: Quarter notes a minute.
        program: General MIDI instrument.

    Raises:
        MelodyRNNError: As `MelodyRNN.generate`.
    """
    if num_bars < 1:
        raise InvalidArgumentError(f"num_bars must be at least 1, got {num_bars}")
    steps_per_quarter = model.config.steps_per_quarter
    given = None if primer is None else read_primer(primer, steps_per_quarter, meter)
    seed = fresh_seed() if seed is None else seed
    meter = meter or (given.meter if given else COMMON_TIME)
    steps_per_bar = meter.steps_per_bar(steps_per_quarter)
    # Without a primer the model's opening note takes the first step.
    given_steps = len(given) if given else 1
    new_steps = max(1, num_bars * steps_per_bar - given_steps % steps_per_bar)
    tunes = []
    for temperature in temperatures:
        (tune,) = model.generate(
            new_steps=new_steps, primer=given, temperature=temperature, seed=seed, meter=meter, qpm=qpm, trace=True
        )
        settings: dict[str, Any] = {"temperature": temperature, "meter": str(meter)}
        origin = Origin(model.config.name, seed, 1, settings, __version__)
        title = f"{model.config.name}, T = {temperature:g}, seed {seed}"
        tune = replace(tune, program=program, origin=origin, title=title)
        tunes.append(tune if tonic is None else move_to_key(tune, tonic))
    return tunes


def temperature_of(tune: Tune) -> float:
    """Returns the temperature at which `compose` made a tune."""
    assert tune.origin is not None
    return float(tune.origin.settings["temperature"])


def file_name(tune: Tune) -> str:
    """Returns a name for a tune's files."""
    assert tune.origin is not None
    return f"{tune.origin.model}_seed{tune.origin.seed}_T{temperature_of(tune):g}"


def sound(tune: Tune, file_format: AudioFormat = "mp3", accompaniment: Accompaniment | None = None) -> bytes:
    """Returns how a tune sounds, as a file; .mp3 is a tenth of what .wav takes, and every browser plays it."""
    return audio_bytes(render(tune.to_sequence(accompaniment=accompaniment)), file_format)


def save(tune: Tune, folder: str | Path, accompaniment: Accompaniment | None = None) -> list[Path]:
    """Writes a tune's MIDI file, its sheet music and its sound into a folder, replacing nothing.

    Raises:
        OutputError: If they cannot be written.
    """
    path = write_new(Path(folder), file_name(tune), midi_of(tune, accompaniment=accompaniment))
    sheet_music = write_new(Path(folder), path.stem, tune_bytes([tune], "pdf"), ".pdf")
    return [path, sheet_music, write_new(Path(folder), path.stem, sound(tune, "wav", accompaniment), ".wav")]


def common_pitches(tunes: Sequence[Tune]) -> range:
    """Returns the pitches that pictures of tunes show if they are to have the same ones."""
    return pitch_range([note for tune in tunes for note in roll_notes(tune)])


def move_to_key(tune: Tune, tonic: int) -> Tune:
    """Returns a tune transposed the short way, so that the major key it fits best has this tonic (0 for C)."""
    return tune.transpose((tonic - major_key(tune.events) + 5) % NOTES_PER_OCTAVE - 5)
