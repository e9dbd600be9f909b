"""Sound laid together from single notes, beside what the synthesiser makes of the whole."""

import numpy as np
import pytest
import soxr

from melody_rnn.formats.audio import SAMPLE_RATE, render
from melody_rnn.formats.note_bank import BANK_RATE, RELEASE_SECONDS, lay
from melody_rnn.tunes.tune import Tune

WINDOW = 1024
PIANO, HARP, FIDDLE = 0, 46, 110


def loudness(sound):
    """Returns the loudness of each band of frequencies in each window."""
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW) * np.hanning(WINDOW)
    return np.log(np.abs(np.fft.rfft(windows, axis=1))[:, 5:150] + 0.003)


@pytest.mark.parametrize("program", [PIANO, HARP, FIDDLE])
def test_it_sounds_like_the_whole(program):
    events = (60, -2, 64, -2, 67, -2, -2, -1, 72, 71, 69, 67, 65, -2, -2, -2, 48, *[-2] * 15)
    sequence = Tune(events, program=program).to_sequence()
    laid = lay(sequence)[:, 0]
    assert len(laid) == pytest.approx((len(events) / 8 + RELEASE_SECONDS) * BANK_RATE, abs=1)
    assert np.abs(laid).max() == pytest.approx(0.7, abs=0.01)
    whole = soxr.resample(render(sequence).mean(axis=1), SAMPLE_RATE, BANK_RATE)[: len(laid)]
    likeness = np.corrcoef(loudness(laid).ravel(), loudness(whole).ravel())[0, 1]
    assert likeness > 0.93
    other = Tune((62, *events[1:]), program=program).to_sequence()
    assert np.corrcoef(loudness(lay(other)[:, 0]).ravel(), loudness(whole).ravel())[0, 1] < likeness
