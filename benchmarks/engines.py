"""LiteRT beside TensorFlow: how rarely they choose another event, and at how much work they cross.

usage: python benchmarks/engines.py [--models NAME ...] [--settings NAME ...] [--melodies N] [--steps N] [--times]

Both engines sample the same melodies from the same noise, some at a time. Where rounding parts two choices that are all
but equal, one event differs and all that follow may. A line of a Markdown table for each kind of setting. With --times,
whole processes that sample so many melodies are timed instead.
"""

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.presets import list_presets

CONSTRAINTS = Constraints(key="D dorian", pitch_range="D4..D6", max_leap=9, end_on="tonic")
WHOLE = "whole tunes"
SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "temperature": {"temperature": 1.3},
    "schedule": {"temperature": Schedule((0.5, 1.5))},
    "greedy": {"temperature": 0.0},
    "top-k, top-p, min-p": {"sampler": SamplerSettings(top_k=12, top_p=0.95, min_p=0.02)},
    "typical, epsilon, eta": {"sampler": SamplerSettings(typical_p=0.9, epsilon=0.002, eta=0.004)},
    "p-less, top-n-sigma, top-h": {"sampler": SamplerSettings(p_less=0.3, top_n_sigma=2.5, top_h=0.95)},
    "dynamic temperature": {"sampler": SamplerSettings(dynamic_temperature=(1.3, 0.7))},
    "repetition": {"sampler": SamplerSettings(repetition_penalty=1.2, no_repeat_ngram=4, max_same_pitch=2)},
    "constraints": {"constraints": CONSTRAINTS, "look_ahead": 1},
    "primer": {"primer": "C4 D4 E4:2 R:2 G4 C5", "meter": "3/4"},
    WHOLE: {},
}
AT_A_TIME = 1000
NUMBERS = (1, 10, 100, 256, 1000, 3000, 10000)
ROUNDS = 3
ENGINES = ("litert", "tensorflow")
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
    if not arguments.times:
        print("| model | settings | melodies that differ | of a million choices | LiteRT | TensorFlow |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in arguments.models:
        if arguments.times:
            print_times(name, arguments.steps)
        else:
            compare(name, arguments.settings, arguments.melodies, arguments.steps)


def compare(name: str, settings: list[str], num_melodies: int, num_steps: int) -> None:
    """Prints for each kind of setting how many melodies differ, and how often a choice did."""
    models = [MelodyRNN.from_preset(name, engine) for engine in ENGINES]
    for setting in settings:
        if setting == WHOLE and models[0].outlines is None:
            continue
        asked = SETTINGS[setting] | ({} if setting == WHOLE else {"num_steps": num_steps})
        num_different, num_choices, seconds = 0, 0, [0.0, 0.0]
        for first in range(0, num_melodies, AT_A_TIME):
            runs = []
            for place, model in enumerate(models):
                start = time.perf_counter()
                runs.append(model.generate(min(AT_A_TIME, num_melodies - first), first=first, seed=1, **asked))
                seconds[place] += time.perf_counter() - start
            for ours, theirs in zip(*runs, strict=True):
                alike = next(
                    (step for step, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]), None
                )
                # What follows the first difference is no choice between the same.
                num_choices += len(ours) if alike is None else alike + 1
                num_different += alike is not None
        print(
            f"| {name} | {setting} | {num_different} of {num_melodies:,} | {1e6 * num_different / num_choices:.2f} "
            f"| {seconds[0]:.0f} s | {seconds[1]:.0f} s |",
            flush=True,
        )


def print_times(name: str, num_steps: int) -> None:
    """Prints the seconds of whole processes by the number of melodies."""
    print(f"{name}, melodies of {num_steps} steps: seconds of a process, litert and tensorflow")
    for number in NUMBERS:
        run = f"{ONE_RUN}.generate({number}, num_steps={num_steps}, seed=1)"
        medians = []
        for engine in ENGINES:
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", run, name, engine], check=True, capture_output=True)
                times.append(time.perf_counter() - start)
            medians.append(statistics.median(times))
        print(f"{number:6} {medians[0]:7.2f} {medians[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
