"""LiteRT beside TensorFlow: how rarely they choose another event, and at how much work they cross.

usage: python benchmarks/engines.py [--models NAME ...] [--settings NAME ...] [--melodies N] [--steps N] [--times]

Both engines sample the same melodies from the same noise. Where rounding parts two choices that are all but equal, one
event differs and all that follow may. With --times, whole processes that sample so many melodies are timed instead.
"""

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.presets import list_presets

SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "temperature": {"temperature": 1.3},
    "schedule": {"temperature": Schedule((0.5, 1.5))},
    "greedy": {"temperature": 0.0},
    "truncation": {"sampler": SamplerSettings(top_k=12, top_p=0.95, min_p=0.02)},
    "typical": {"sampler": SamplerSettings(typical_p=0.9, epsilon=0.002, eta=0.004)},
    "dynamic": {"sampler": SamplerSettings(dynamic_temperature=(1.3, 0.7))},
    "repetition": {"sampler": SamplerSettings(repetition_penalty=1.2, no_repeat_ngram=4, max_same_pitch=2)},
    "constraints": {"constraints": Constraints(key="D dorian", pitch_range="D4..D6", max_leap=9, end_on="tonic")},
    "primer": {"primer": "C4 D4 E4:2 R:2 G4 C5", "meter": "3/4"},
}
NUMBERS = (1, 10, 100, 1000, 3000, 10000)
ROUNDS = 3
ONE_RUN = "import sys; from melody_rnn import MelodyRNN; MelodyRNN.from_preset(sys.argv[1], sys.argv[2])"


def main() -> None:
    """Compares the engines, or times them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [info.name for info in list_presets()]
    parser.add_argument("--models", nargs="*", choices=names, default=names)
    parser.add_argument("--settings", nargs="*", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--melodies", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.models:
        if arguments.times:
            print_times(name, arguments.steps)
        else:
            compare(name, arguments.settings, arguments.melodies, arguments.steps)


def compare(name: str, settings: list[str], num_melodies: int, num_steps: int) -> None:
    """Prints for each kind of setting how many melodies differ, and how often a choice did."""
    litert, tensorflow = (MelodyRNN.from_preset(name, engine) for engine in ("litert", "tensorflow"))
    for setting in settings:
        runs, seconds = [], []
        for model in (litert, tensorflow):
            start = time.perf_counter()
            tunes = model.generate(num_outputs=num_melodies, num_steps=num_steps, seed=1, **SETTINGS[setting])
            seconds.append(time.perf_counter() - start)
            runs.append(np.array([tune.events for tune in tunes]))
        differs = runs[0] != runs[1]
        num_different = int(differs.any(axis=1).sum())
        # What follows the first difference is no choice between the same.
        num_choices = int(np.where(differs.any(axis=1), differs.argmax(axis=1) + 1, runs[0].shape[1]).sum())
        print(
            f"{name:14} {setting:12} {num_different:5} of {num_melodies} melodies differ, "
            f"{1e6 * num_different / num_choices:6.2f} of a million choices; "
            f"litert {seconds[0]:6.1f} s, tensorflow {seconds[1]:6.1f} s",
            flush=True,
        )


def print_times(name: str, num_steps: int) -> None:
    """Prints the seconds of whole processes by the number of melodies."""
    print(f"{name}, melodies of {num_steps} steps: seconds of a process, litert and tensorflow")
    for number in NUMBERS:
        run = f"{ONE_RUN}.generate(num_outputs={number}, num_steps={num_steps}, seed=1)"
        medians = []
        for engine in ("litert", "tensorflow"):
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", run, name, engine], check=True, capture_output=True)
                times.append(time.perf_counter() - start)
            medians.append(statistics.median(times))
        print(f"{number:6} {medians[0]:7.2f} {medians[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
