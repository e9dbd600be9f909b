"""A scale, and what a spectrum says of its sound."""

import numpy as np

from melody_rnn.formats.audio import SAMPLE_RATE
from melody_rnn.tunes.tune import Tune

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
NOTE_SECONDS = 0.5


def scale(program=0):
    events = tuple(event for pitch in SCALE for event in (pitch, -2, -2, -2))
    return Tune(events, program=program).to_sequence()


def strongest_pitches(samples):
    """Returns the MIDI pitch, not rounded, of the strongest frequency of each note of the scale."""
    pitches = []
    for index in range(len(SCALE)):
        start = round((index * NOTE_SECONDS + 0.06) * SAMPLE_RATE)
        part = samples[start : start + round(0.4 * SAMPLE_RATE)].mean(axis=1)
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 2**17))
        pitches.append(69 + 12 * np.log2(spectrum.argmax() * SAMPLE_RATE / 2**17 / 440))
    return np.array(pitches)
