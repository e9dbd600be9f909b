"""What constraints and the sampler's settings cost, and whether constraints hold.

usage: python benchmarks/constraints.py [--rounds N] [--models NAME ...]
       python benchmarks/constraints.py --check NUM_MELODIES [--models NAME ...]

The first prints how much longer a run of 256 melodies takes with each of them: the median, over rounds, of a run's
seconds over those of a plain run right before it, since the machine's speed drifts. Beside it stands the same for the
process's seconds of CPU, which others on the machine hardly disturb. Model loading and compiling are left out. The
second generates NUM_MELODIES with each set of constraints, of the default model where no other is named, and counts
those that break one, by the plain rules of tests/sampling/rules.py; its exit status is 1 if any does.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.presets import DEFAULT_PRESET

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.sampling.rules import broken_rules

NUM_OUTPUTS = 256
NUM_STEPS = 128
# Two bars and a last one of a scale, for what stays as it is.
TUNE = [event for pitch in (60, 62, 64, 65, 67, 69, 71, 72) for event in (pitch, -2, -2, -2)]
KEEP = dict(enumerate(TUNE)) | dict(enumerate(TUNE[16:], start=NUM_STEPS - 16))
CONSTRAINTS = {
    "key D dorian": {"key": "D dorian"},
    "scale of D E F# A B": {"scale": "D E F# A B"},
    "range C4..C6": {"pitch_range": "C4..C6"},
    "max-leap 12": {"max_leap": 12},
    "max-leap 3": {"max_leap": 3},
    "max-rest 8": {"max_rest": 8},
    "max-rest 0": {"max_rest": 0},
    "rhythm x..x..x.": {"rhythm": "x..x..x."},
    "end-on tonic of G": {"key": "G", "end_on": "tonic"},
    "keep bars 1-2,8": {"keep": KEEP},
    "all of them": {
        "key": "C",
        "pitch_range": "G3..C6",
        "max_leap": 7,
        "max_rest": 4,
        "rhythm": "x...",
        "end_on": "tonic",
        "keep": KEEP,
    },
}
SETTINGS = {
    "temperature 0.6..1.2": {"temperature": Schedule((0.6, 1.2))},
    "dynamic-temperature 1.2..0.8": {"dynamic_temperature": (1.2, 0.8)},
    "top-k 8": {"top_k": 8},
    "top-p 0.9": {"top_p": 0.9},
    "min-p 0.05": {"min_p": 0.05},
    "typical-p 0.9": {"typical_p": 0.9},
    "epsilon 0.01": {"epsilon": 0.01},
    "eta 0.01": {"eta": 0.01},
    "repetition-penalty 1.2": {"repetition_penalty": 1.2},
    "no-repeat-ngram 4": {"no_repeat_ngram": 4},
    "max-same-pitch 3": {"max_same_pitch": 3},
}


def main() -> None:
    """Times or checks, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--check", type=int, metavar="NUM_MELODIES")
    arguments = parser.parse_args()
    if arguments.check:
        sys.exit(check(arguments.models or [DEFAULT_PRESET], arguments.check))
    compare(arguments.models or [DEFAULT_PRESET, "lookback_rnn"], arguments.rounds)


def compare(names: list[str], rounds: int) -> None:
    """Prints times as ratios of plain generation."""
    columns = [f"{name}, {clock}" for name in names for clock in ("wall", "CPU")]
    table = Table("", *columns, title=f"seconds of {NUM_OUTPUTS} melodies of {NUM_STEPS} steps, plain ones: 1")
    models = [MelodyRNN.from_preset(name) for name in names]
    ways = {name: {"constraints": Constraints(**given)} for name, given in CONSTRAINTS.items()}
    ways |= {name: {"sampler": SamplerSettings(**given)} for name, given in SETTINGS.items()}
    for name, way in ways.items():
        table.add_row(name, *(f"{value:.2f}" for model in models for value in ratios(model, way, rounds)))
    Console().print(table)


def ratios(model: MelodyRNN, way: dict[str, object], rounds: int) -> list[float]:
    """Returns how many times as long a run takes, on the wall and of the CPU."""
    seconds(model, {})
    seconds(model, way)
    pairs = [(seconds(model, {}), seconds(model, way)) for _ in range(rounds)]
    return [statistics.median(ours[clock] / plain[clock] for plain, ours in pairs) for clock in range(2)]


def seconds(model: MelodyRNN, way: dict[str, object]) -> tuple[float, float]:
    """Returns the seconds of a run, on the wall and of the CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.generate(num_outputs=NUM_OUTPUTS, num_steps=NUM_STEPS, seed=0, **way)
    return time.perf_counter() - wall, time.process_time() - cpu


def check(names: list[str], num_melodies: int) -> bool:
    """Prints how many melodies break their constraints, and returns whether any does."""
    table = Table("", *names, title=f"of {num_melodies} melodies, broken ones")
    models = [MelodyRNN.from_preset(name) for name in names]
    is_any_broken = False
    for name, given in CONSTRAINTS.items():
        constraints = Constraints(**given)
        counts = [count_broken(model, constraints, num_melodies) for model in models]
        is_any_broken |= any(counts)
        table.add_row(name, *map(str, counts))
    Console().print(table)
    return is_any_broken


def count_broken(model: MelodyRNN, constraints: Constraints, num_melodies: int) -> int:
    """Returns how many of a model's melodies break constraints."""
    melodies = model.generate(num_outputs=num_melodies, num_steps=NUM_STEPS, seed=0, constraints=constraints)
    return sum(bool(broken_rules(list(melody), constraints)) for melody in melodies)


if __name__ == "__main__":
    main()
