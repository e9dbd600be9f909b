"""Sampling speed, beside the original Magenta's in the same run if it is there.

usage: python benchmarks/generation.py [--magenta ENVIRONMENT] [--bundles FOLDER] [--rounds N]

ENVIRONMENT is a folder with the original Magenta 2.1.4; without it our figures stand alone. FOLDER holds
full_basic.mag, full_lookback.mag, full_mono.mag and full_attention.mag (128+128 units) and bench.py, which times the
original. Prints seconds a run (median), events a second, and how many times Magenta's events a second that is: as
the median of the ratios round by round, since the machine's speed drifts. Model loading and compiling are left out,
for both.
"""

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN

MODELS = ("basic", "mono", "lookback", "attention")
NUM_OUTPUTS = (1, 10, 256)
NUM_STEPS = 128
REPEATS = 9


def main() -> None:
    """Times every model and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--magenta", type=Path)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    table = Table("model", "melodies", "seconds", "events/s", "Magenta events/s", "times Magenta")
    for name in MODELS:
        model = MelodyRNN.from_bundle(arguments.bundles / f"full_{name}.mag")
        rounds = []
        for _ in range(arguments.rounds):
            magenta = time_magenta(arguments.magenta, arguments.bundles, name) if arguments.magenta else None
            rounds.append((magenta, {count: time_ours(model, count) for count in NUM_OUTPUTS}))
        for count in NUM_OUTPUTS:
            seconds = statistics.median(ours[count] for _, ours in rounds)
            row = [f"{name}_rnn", str(count), f"{seconds:.4f}", f"{events(count) / seconds:,.0f}", "-", "-"]
            if arguments.magenta:
                row[4] = f"{statistics.median(magenta for magenta, _ in rounds):,.0f}"
                row[5] = f"{statistics.median(events(count) / ours[count] / magenta for magenta, ours in rounds):.0f}"
            table.add_row(*row)
    Console().print(table)


def events(num_outputs: int) -> int:
    """Returns how many events a run samples: all but each melody's first."""
    return num_outputs * (NUM_STEPS - 1)


def time_ours(model: MelodyRNN, num_outputs: int) -> float:
    """Returns the median seconds of a run."""
    model.generate(num_outputs=num_outputs, num_steps=NUM_STEPS, primer=[60], seed=0)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.generate(num_outputs=num_outputs, num_steps=NUM_STEPS, primer=[60], seed=0)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def time_magenta(environment: Path, bundles: Path, name: str) -> float:
    """Returns the original's events a second, one melody after the other as it works."""
    command = [environment / "bin" / "python", bundles / "bench.py", f"{name}_rnn", bundles / f"full_{name}.mag"]
    hparams = "batch_size=1,rnn_layer_sizes=[128,128]"
    output = subprocess.run([*command, hparams], capture_output=True, text=True, check=True).stdout
    return float(json.loads(output.splitlines()[-1])["events_per_second"])


if __name__ == "__main__":
    main()
