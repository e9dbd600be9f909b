"""How fast melodies become sound: a 16-bar melody, by each synthesiser, beside how long it plays.

usage: python benchmarks/rendering.py [--soundfont FILE] [--rounds N]

The first round of a .sf3 unpacks it; the table shows the median of the others, and the first apart.
"""

import argparse
import shutil
import statistics
import time
from pathlib import Path

from melody_rnn.formats.audio import audio_bytes, render
from melody_rnn.tunes.files import tune_bytes
from melody_rnn.tunes.piano_roll import picture_bytes, plot_piano_roll
from melody_rnn.tunes.tune import Tune

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def main() -> None:
    """Times each synthesiser, the files' formats and the piano roll."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, help="a .sf2 or .sf3 [default: pretty_midi's]")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    tune = Tune(tuple(event for _ in range(16) for pitch in SCALE for event in (pitch, -2)), title="A scale")
    sequence = tune.to_sequence()
    samples = render(sequence, "sine")
    jobs = {"render sine": lambda: render(sequence, "sine")}
    jobs["render soundfont"] = lambda: render(sequence, "soundfont", arguments.soundfont)
    if shutil.which("fluidsynth"):
        jobs["render fluidsynth"] = lambda: render(sequence, "fluidsynth", arguments.soundfont)
    jobs |= {f"encode {name}": lambda name=name: audio_bytes(samples, name) for name in ("wav", "flac", "ogg")}
    jobs["draw piano roll"] = lambda: picture_bytes(plot_piano_roll(tune))
    for kind in ("mid", "abc", "musicxml", "svg", "png", "pdf"):
        jobs[f"write .{kind}"] = lambda kind=kind: tune_bytes([tune], kind)
    played = len(samples) / 44_100
    print(f"16 bars at 120 quarters a minute, {played:.0f} s of sound\n")
    print(f"{'':18} {'seconds':>8} {'times real time':>16} {'first time':>11}")
    for name, job in jobs.items():
        seconds = [_time(job) for _ in range(arguments.rounds + 1)]
        usual = statistics.median(seconds[1:])
        print(f"{name:18} {usual:8.3f} {played / usual:16.0f} {seconds[0]:10.3f}s")


def _time(job) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
