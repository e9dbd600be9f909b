"""LiteRT beside TensorFlow: how rarely they choose another event, and at how much work they cross.

usage: python benchmarks/engines.py [--models NAME ...] [--settings NAME ...] [--melodies N] [--steps N] [--times]

Both engines sample the same melodies from the same noise, some at a time. Where rounding parts two choices that are all
but equal, one event differs and all that follow may. A line of a Markdown table for each kind of setting; under it, for
each melody that differs, the step of the first event that does, and how much more LiteRT's choice had than the other:
of the sum of logit and noise whose largest is drawn, or at temperature 0 of the logit. A choice that the other engine's
truncation had cut away says so. With --times, whole processes that sample so many melodies are timed instead.
"""

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

import numpy as np

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.generation.engine import EngineName
from melody_rnn.generation.result import Generated
from melody_rnn.presets import list_presets
from melody_rnn.sampling.sampler import fill_with_noise, gumbel

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
    "look-ahead": {"constraints": CONSTRAINTS},
    "primer": {"primer": "C4 D4 E4:2 R:2 G4 C5", "meter": "3/4"},
    WHOLE: {},
}
AT_A_TIME = 1000
SEED = 1
NUMBERS = (1, 10, 100, 256, 1000, 3000, 10000)
ROUNDS = 3
ENGINES: tuple[EngineName, ...] = ("litert", "tensorflow")
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


class Difference(NamedTuple):
    """Where two runs part.

    Attributes:
        number: The melody's.
        step: Of its first event that differs.
    """

    number: int
    step: int


def compare(name: str, settings: list[str], num_melodies: int, num_steps: int) -> None:
    """Prints for each kind of setting how many melodies differ, and how often a choice did."""
    models = [MelodyRNN.from_preset(name, engine) for engine in ENGINES]
    for setting in settings:
        if setting == WHOLE and models[0].outlines is None:
            continue
        asked = SETTINGS[setting] | ({} if setting == WHOLE else {"num_steps": num_steps})
        differences: list[Difference] = []
        num_choices, seconds = 0, [0.0, 0.0]
        for first in range(0, num_melodies, AT_A_TIME):
            runs = []
            for place, model in enumerate(models):
                start = time.perf_counter()
                number = min(AT_A_TIME, num_melodies - first)
                runs.append(model.generate(num_outputs=number, first=first, seed=SEED, **asked))
                seconds[place] += time.perf_counter() - start
            parted = find_differences(first, *runs)
            differences += parted
            # What follows the first difference is no choice between the same.
            num_choices += sum(map(len, runs[0])) - sum(
                len(runs[0][own.number - first]) - own.step - 1 for own in parted
            )
        print(
            f"| {name} | {setting} | {len(differences)} of {num_melodies:,} | "
            f"{1e6 * len(differences) / num_choices:.2f} | {seconds[0]:.0f} s | {seconds[1]:.0f} s |",
            flush=True,
        )
        for own in differences:
            print(f"    melody {own.number}, step {own.step}: {how_near(models, own, asked)}", flush=True)


def find_differences(first: int, ours: Generated, theirs: Generated) -> list[Difference]:
    """Returns where the tunes of two runs part that begin with the same number."""
    found = []
    for number, (own, other) in enumerate(zip(ours, theirs, strict=True), start=first):
        steps = (step for step, pair in enumerate(zip(own.events, other.events, strict=True)) if pair[0] != pair[1])
        if (step := next(steps, None)) is not None:
            found.append(Difference(number, step))
    return found


def how_near(models: list[MelodyRNN], at: Difference, asked: dict[str, Any]) -> str:
    """Returns by how much the choices of two engines part."""
    runs = [model.generate(num_outputs=1, first=at.number, seed=SEED, trace=True, **asked) for model in models]
    traces = [(run.traces or ())[0] for run in runs]
    ours, theirs = (trace.draws for trace in traces)
    if ours is None or theirs is None:
        return "drawn otherwise"
    labels = [own.labels[at.step] for own in (ours, theirs)]
    num_given = int(np.sum(ours.labels < 0))
    noise = np.empty((at.step - num_given + 1, ours.logits.shape[1]), np.float32)
    fill_with_noise(noise, SEED, at.number)
    is_greedy = asked.get("temperature") == 0.0
    sums = traces[0].logits[at.step] if is_greedy else ours.logits[at.step] + gumbel(noise)[-1]
    is_cut = not is_greedy and not np.isfinite([own.logits[at.step][labels] for own in (ours, theirs)]).all()
    how = "one cuts away what the other draws" if is_cut else f"{sums[labels[0]] - sums[labels[1]]:.1e} more"
    rounding = np.abs(traces[0].logits[at.step] - traces[1].logits[at.step]).max()
    return f"{how}; the engines' logits differ by up to {rounding:.1e}"


def print_times(name: str, num_steps: int) -> None:
    """Prints the seconds of whole processes by the number of melodies."""
    print(f"{name}, melodies of {num_steps} steps: seconds of a process, litert and tensorflow")
    for number in NUMBERS:
        run = f"{ONE_RUN}.generate(num_outputs={number}, num_steps={num_steps}, seed=1)"
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
