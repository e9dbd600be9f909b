"""Tunes for tests: plain ones of two parts that end as tunes do, and notes at random."""

import numpy as np

from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.tunes.tune import Section, Tune

SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])
BAR = 16


def plain_tune(seed):
    """16 bars of eighths in C, A and B; each half repeats its first bars, and ends with a half note on the tonic."""
    rng = np.random.default_rng(seed)
    halves = []
    for _ in range(2):
        bars = np.full((8, BAR), -2)
        bars[:, ::2] = rng.choice(SCALE, (8, BAR // 2))
        bars[4:6] = bars[:2]
        bars[7, 8:] = -2
        bars[7, 8] = 60
        halves.append(bars)
    events = tuple(np.concatenate(halves).ravel().tolist())
    return Tune(events, key=Key(0), sections=(Section(0, "A", 2), Section(8 * BAR, "B", 2)))


def random_notes(seed, num_steps=16 * BAR, meter=COMMON_TIME, pickup_steps=0):
    """Notes of the scale at random steps."""
    rng = np.random.default_rng(seed)
    events = np.where(rng.random(num_steps) < 0.5, rng.choice(SCALE, num_steps), -2)
    bar = meter.steps_per_bar()
    events[: bar - pickup_steps if pickup_steps else 0] = -2
    return Tune(tuple(events.tolist()), meter, pickup_steps)
