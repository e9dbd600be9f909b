"""Pieces: generated melodies with all that it takes to hear, see and save them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from note_seq import Melody, NoteSequence
from numpy.typing import NDArray

from melody_rnn import __version__
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import DEFAULT_QPM, NOTES_PER_OCTAVE
from melody_rnn.model import MelodyRNN, fresh_seed
from melody_rnn.music.audio import audio_bytes, render
from melody_rnn.music.melodies import melody_to_sequence, transpose_events
from melody_rnn.music.meters import Meter
from melody_rnn.music.piano_roll import picture_bytes, pitch_range, plot_piano_roll, roll_notes
from melody_rnn.music.primers import Primer, parse_primer
from melody_rnn.music.sequence_io import midi_bytes, write_new


@dataclass(frozen=True)
class Piece:
    """A generated melody.

    Attributes:
        melody: The melody, its primer included.
        probabilities: [num_steps] float32, the model's for each event at temperature 1, NaN for the first one.
        primer_steps: Steps of it that were given.
        meter: Its meter.
        qpm: Quarter notes a minute.
        program: General MIDI instrument.
        about: What made it: model, seed, temperature and so on.
    """

    melody: Melody
    probabilities: NDArray[np.float32]
    primer_steps: int = 0
    meter: Meter = field(default_factory=lambda: Meter(4, 4))
    qpm: float = DEFAULT_QPM
    program: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name for its files."""
        return f"{self.about['model']}_seed{self.about['seed']}_T{self.about['temperature']:g}"

    @cached_property
    def sequence(self) -> NoteSequence:
        """Its notes in seconds."""
        return melody_to_sequence(self.melody, self.qpm, self.program, meter=self.meter)

    @cached_property
    def wav(self) -> bytes:
        """Its sound as a WAV file."""
        return audio_bytes(render(self.sequence))

    def figure(self, **options: Any) -> Figure:
        """Returns its piano roll, the more probable a note, the more solid; options are those of `plot_piano_roll`."""
        return plot_piano_roll(self.melody, self.primer_steps, self.probabilities.tolist(), self.meter, **options)

    def png(self, **options: Any) -> bytes:
        """Returns its piano roll as a PNG file; options are those of `plot_piano_roll`."""
        return picture_bytes(self.figure(**options))

    def save(self, folder: str | Path) -> list[Path]:
        """Writes its MIDI file and its sound into a folder, replacing nothing.

        Raises:
            OutputError: If they cannot be written.
        """
        path = write_new(Path(folder), self.name, midi_bytes(self.sequence, json.dumps(dict(self.about))))
        return [path, write_new(Path(folder), path.stem, self.wav, ".wav")]


def compose(
    model: MelodyRNN,
    temperatures: Sequence[float],
    num_bars: int = 8,
    primer: Primer | str | None = None,
    seed: int | None = None,
    meter: Meter | None = None,
    tonic: int | None = None,
    qpm: float = DEFAULT_QPM,
    program: int = 0,
) -> list[Piece]:
    """Returns a piece for each temperature, all with the same seed: the same dice, thrown onto other distributions.

    Args:
        model: The model.
        temperatures: Each at least 0.
        num_bars: Bars after the primer; the bar in which it ends counts as one.
        primer: What they start with, or None; text as `parse_primer` reads it.
        seed: A fresh one if None.
        meter: Where not given, the primer's, or 4/4.
        tonic: Pitch class, 0 for C, of the major key that the pieces are moved to; they stay where they are if None.
        qpm: Quarter notes a minute.
        program: General MIDI instrument.

    Raises:
        MelodyRNNError: As `MelodyRNN.generate` and `Meter.steps_per_bar`.
    """
    if num_bars < 1:
        raise InvalidArgumentError(f"num_bars must be at least 1, got {num_bars}")
    primer = parse_primer(primer) if isinstance(primer, str) else primer
    seed = fresh_seed() if seed is None else seed
    meter = meter or (primer.meter if primer else None) or Meter(4, 4)
    steps_per_bar = meter.steps_per_bar(model.config.steps_per_quarter)
    # Without a primer the model's opening note takes the first step.
    given_steps = len(primer.events) if primer else 1
    new_steps = max(1, num_bars * steps_per_bar - given_steps % steps_per_bar)
    pieces = []
    for temperature in temperatures:
        (melody,) = model.generate(
            1, new_steps=new_steps, primer=primer, temperature=temperature, seed=seed, steps_per_bar=steps_per_bar
        )
        (trace,) = model.trace([melody], model.transposition(primer))
        about = {"model": model.config.name, "seed": seed, "index": 1, "temperature": temperature}
        about |= {"meter": str(meter), "version": __version__}
        if primer:
            about |= {"primer": json.dumps(primer.events), "primer_steps": len(primer.events)}
        if tonic is not None:
            melody = move_to_key(melody, tonic)
        primer_steps = len(primer.events) if primer else 0
        pieces.append(Piece(melody, trace.probabilities, primer_steps, meter, qpm, program, about))
    return pieces


def common_pitches(pieces: Sequence[Piece]) -> range:
    """Returns the pitches that pictures of pieces show if they are to have the same ones."""
    return pitch_range([note for piece in pieces for note in roll_notes(piece.melody)])


def move_to_key(melody: Melody, tonic: int) -> Melody:
    """Returns a melody transposed the short way, so that the major key it fits best has this tonic (0 for C)."""
    amount = (tonic - melody.get_major_key() + 5) % NOTES_PER_OCTAVE - 5
    moved = transpose_events(np.array(list(melody), np.int32), amount)
    return Melody(moved.tolist(), steps_per_bar=melody.steps_per_bar, steps_per_quarter=melody.steps_per_quarter)
