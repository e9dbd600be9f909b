"""A melody's sound laid together from single notes, for players that somebody waits for.

The synthesiser plays each pitch of an instrument once; a tune is then copied together from these notes, a hundred times
as fast as they are played. What is lost is the room around them: reverberation ends with its note.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from melody_rnn.formats.audio import SAMPLE_RATE, Samples, check_length, synthesise
from melody_rnn.formats.note_sequences import NoteSequence

Mono = NDArray[np.float32]
"""[num_samples] float32 in -1..1 at `BANK_RATE`."""

BANK_RATE: Final = 22_050
RELEASE_SECONDS: Final = 1.0
"""How long a note is heard after its end, at most; a harp's goes on longer, and is faded."""
_PEAK: Final = 0.7
_WINDOW: Final = BANK_RATE // 20
_HELD_SECONDS: Final = 1.0
_MIDDLE_PITCH: Final = 69


def lay(sequence: NoteSequence) -> Samples:
    """Returns how a melody sounds, for as long as it lasts and its last note dies away.

    The samples are of one channel at `BANK_RATE`.

    Args:
        sequence: At least one note.

    Raises:
        InvalidArgumentError: If the synthesiser has no build for this machine.
        MelodyError: If it is more than is rendered.
    """
    end = check_length(sequence) + RELEASE_SECONDS
    sound = np.zeros(round(end * BANK_RATE) + 1, np.float32)
    for note in sequence.notes:
        held = round((note.end_time - note.start_time) * BANK_RATE)
        release = _release(note.program)
        # Notes are kept in a few lengths, so that tempos share them.
        seconds = _HELD_SECONDS
        while _length(seconds) < held:
            seconds *= 2
        heard = _note(note.program, note.pitch, note.velocity, seconds)[: held + len(release)]
        start = round(note.start_time * BANK_RATE)
        sound[start : start + held] += heard[:held]
        sound[start + held : start + len(heard)] += heard[held:] * release[: len(heard) - held]
    return sound[:, np.newaxis] * np.float32(_PEAK / max(float(np.abs(sound).max()), 1e-9))


@lru_cache(maxsize=512)
def _note(program: int, pitch: int, velocity: int, seconds: float) -> Mono:
    """Returns a note that is held for so many seconds and longer than it is heard after its end."""
    return _play(program, pitch, velocity, seconds + RELEASE_SECONDS, seconds + RELEASE_SECONDS)


@lru_cache(maxsize=128)
def _release(program: int) -> Mono:
    """Returns what is left of a note after its end, beside one that is held: 1 at first, 0 at last."""
    held_seconds = 0.5
    total = held_seconds + RELEASE_SECONDS
    held, let_go = (_levels(_play(program, _MIDDLE_PITCH, 100, seconds, total)) for seconds in (total, held_seconds))
    first = _length(held_seconds) // _WINDOW
    left = np.minimum(1, let_go[first:] / np.maximum(held[first:], 1e-6))
    places = np.arange(_length(RELEASE_SECONDS))
    middles = (np.arange(len(left)) + 0.5) * _WINDOW
    curve = np.exp(np.interp(places, [0, *middles], np.log(np.maximum([1, *left], 1e-4))))
    faded: Mono = (curve * np.linspace(1, 0, len(places))).astype(np.float32)
    return faded


def _play(program: int, pitch: int, velocity: int, held_seconds: float, seconds: float) -> Mono:
    sequence = NoteSequence()
    sequence.notes.add(program=program, pitch=pitch, velocity=velocity, end_time=held_seconds)
    stereo = synthesise(sequence, seconds)
    mono: Mono = soxr.resample(stereo[:, 0] + stereo[:, 1], SAMPLE_RATE, BANK_RATE, quality="MQ") / 2
    return np.concatenate([mono, np.zeros(max(0, _length(seconds) - len(mono)), np.float32)])[: _length(seconds)]


def _levels(sound: Mono) -> NDArray[np.float32]:
    """Returns the root mean square of each window of a sound."""
    windows = sound[: len(sound) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    levels: NDArray[np.float32] = np.sqrt((windows**2).mean(axis=1))
    return levels


def _length(seconds: float) -> int:
    return round(seconds * BANK_RATE)
