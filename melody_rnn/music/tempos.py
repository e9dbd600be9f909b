"""Time in seconds to time in quarter notes, through tempo changes; needs no note_seq."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from melody_rnn.music.meters import Meter

_USUAL_BEATS: Final = {1.0: 120.0, 1.5: 110.0, 2.0: 100.0}


def usual_qpm(meter: Meter) -> float:
    """Returns a tempo at which tunes in a meter are played, in quarter notes a minute."""
    beat = float(meter.tempo_beat)
    return beat * _USUAL_BEATS.get(beat, 100.0)


def quarter_clock(tempos: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """Returns the function from seconds to quarter notes; what is before the first tempo is at 0.

    Args:
        tempos: (seconds, quarters per minute) of each tempo, by time; at least one.
    """
    times = [time for time, _ in tempos]
    starts = [0.0]
    for (time, qpm), (next_time, _) in pairwise(tempos):
        starts.append(starts[-1] + (next_time - time) * qpm / 60)

    def quarters(seconds: float) -> float:
        number = bisect_left(times, seconds, 1) - 1
        return starts[number] + (max(seconds, times[0]) - times[number]) * tempos[number][1] / 60

    return quarters
