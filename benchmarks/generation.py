"""Sampling speed, beside the original Magenta's or an earlier edition's in the same run.

usage: python benchmarks/generation.py [--magenta ENVIRONMENT] [--bundles FOLDER] [--before CHECKOUT] [--rounds N]
       python benchmarks/generation.py --magenta ENVIRONMENT --improv [--rounds N]

ENVIRONMENT is a folder with the original Magenta 2.1.4; without it our figures stand alone. FOLDER holds
full_basic.mag, full_lookback.mag, full_mono.mag and full_attention.mag (128+128 units) and bench.py, which times the
original. Prints seconds a run (median), events a second, and how many times Magenta's events a second that is: as
the median of the ratios round by round, since the machine's speed drifts. Model loading and compiling are left out,
for both.

With --improv, the three configurations of Improv RNN over eight chords instead, of their own sizes and fresh weights,
which we write as bundles. The last column has the ratio in processor seconds, all threads together, which other
programs disturb less, and in which several cores gain nothing.

With --before, tunes_rnn instead, by each engine, beside the tunes_rnn of CHECKOUT, such as a `git worktree` of an
earlier commit, which runs in this environment; f806363 is the last one with the first edition. Seconds are those of the
processor, all threads together, which other programs disturb less.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS, IMPROV_NAMES
from melody_rnn.presets import Preset, make_network

MODELS = ("basic", "mono", "lookback", "attention")
NUM_OUTPUTS = (1, 10, 256)
NUM_STEPS = 128
REPEATS = 9
ENGINES = ("litert", "tensorflow")
CHORDS = ("C", "G", "Am", "F", "C", "G", "F", "C")
IMPROV = """
import json, statistics, sys, time
import note_seq
import tensorflow.compat.v1 as tf
from magenta.models.improv_rnn import improv_rnn_model
from magenta.models.improv_rnn.improv_rnn_sequence_generator import ImprovRnnSequenceGenerator
from magenta.models.shared.sequence_generator_bundle import read_bundle_file
tf.disable_v2_behavior()
bundle = read_bundle_file(sys.argv[1])
config = improv_rnn_model.default_configs[bundle.generator_details.id]
model = improv_rnn_model.ImprovRnnModel(config)
ImprovRnnSequenceGenerator(model, config.details, 4, None, bundle).initialize()
chords = note_seq.ChordProgression([chord for chord in CHORDS for _ in range(NUM_STEPS // len(CHORDS))])
rates = []
for clock in (time.perf_counter, time.process_time):
    seconds = []
    for _ in range(REPEATS + 1):
        start = clock()
        model.generate_melody(note_seq.Melody([60]), chords)
        seconds.append(clock() - start)
    rates.append((NUM_STEPS - 1) / statistics.median(seconds[1:]))
print(json.dumps(rates))
"""
"""What times the original's Improv RNN; its argument is a bundle. It prints events a second, and a processor second."""
EDITION = """
import json, statistics, sys, time
sys.path.insert(0, sys.argv[1])
from melody_rnn import MelodyRNN
model, medians = MelodyRNN.from_preset("tunes_rnn", *sys.argv[2:]), {}
for count in NUM_OUTPUTS:
    seconds = []
    for _ in range(REPEATS + 1):
        start = time.process_time()
        model.generate(num_outputs=count, num_steps=NUM_STEPS, seed=0)
        seconds.append(time.process_time() - start)
    medians[count] = statistics.median(seconds[1:])
print(json.dumps(list(medians.values())))
"""
"""What times an edition of tunes_rnn; its arguments are a checkout and, where there are several, the engine."""


def main() -> None:
    """Times every model and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--magenta", type=Path)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--improv", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.before:
        Console().print(compare_editions(arguments.before, arguments.rounds))
        return
    if arguments.improv:
        Console(width=100).print(compare_improv(arguments.magenta, arguments.rounds))
        return
    table = Table("model", "melodies", "seconds", "events/s", "Magenta events/s", "times Magenta")
    for name in MODELS:
        rounds = []
        model = MelodyRNN.from_bundle(arguments.bundles / f"full_{name}.mag")
        for _ in range(arguments.rounds):
            magenta = time_magenta(arguments.magenta, arguments.bundles, name) if arguments.magenta else None
            rounds.append((magenta, {count: time_ours(model, count) for count in NUM_OUTPUTS}))
        for count in NUM_OUTPUTS:
            seconds = statistics.median(ours[count] for _, ours in rounds)
            row = [
                f"{name}_rnn",
                str(count),
                f"{seconds:.4f}",
                f"{events(count) / seconds:,.0f}",
                "-",
                "-",
            ]
            if arguments.magenta:
                row[4] = f"{statistics.median(magenta for magenta, _ in rounds):,.0f}"
                row[5] = f"{statistics.median(events(count) / ours[count] / magenta for magenta, ours in rounds):.0f}"
            table.add_row(*row)
    Console().print(table)


def compare_editions(before: Path, rounds: int) -> Table:
    """Returns a table of seconds of a run and, for each engine, how many times those before they are."""
    own = Path(__file__).parents[1]
    runs: dict[str, tuple[Path, list[str]]] = {
        "before": (before, []),
        **{engine: (own, [engine]) for engine in ENGINES},
    }
    seconds: dict[str, list[list[float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (checkout, engine) in runs.items():
            seconds[name].append(time_edition(checkout, engine))
    table = Table("melodies", "before", *(title for engine in ENGINES for title in (engine, "times before")))
    for place, count in enumerate(NUM_OUTPUTS):
        earlier = [row[place] for row in seconds["before"]]
        cells = [str(count), f"{statistics.median(earlier):.4f}"]
        for name in ENGINES:
            now = [row[place] for row in seconds[name]]
            ratios = (ours / theirs for ours, theirs in zip(now, earlier, strict=True))
            cells += [f"{statistics.median(now):.4f}", f"{statistics.median(ratios):.2f}"]
        table.add_row(*cells)
    return table


def time_edition(checkout: Path, engine: list[str]) -> list[float]:
    """Returns the median seconds of a run of each number of melodies, of the tunes_rnn of a checkout."""
    settings = f"NUM_OUTPUTS, NUM_STEPS, REPEATS = {NUM_OUTPUTS}, {NUM_STEPS}, {REPEATS}"
    command = [sys.executable, "-c", settings + EDITION, str(checkout.absolute()), *engine]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    medians: list[float] = json.loads(output.splitlines()[-1])
    return medians


def events(num_outputs: int) -> int:
    """Returns how many events a run samples: all but each melody's first."""
    return num_outputs * (NUM_STEPS - 1)


def compare_improv(environment: Path, rounds: int) -> Table:
    """Returns a table of Improv RNN's configurations beside the original's."""
    clocks = (time.perf_counter, time.process_time)
    chords = [(place * NUM_STEPS // len(CHORDS), symbol) for place, symbol in enumerate(CHORDS)]
    table = Table("model", "melodies", "seconds", "events/s", "Magenta events/s", "times Magenta", "by processor")
    for name in IMPROV_NAMES:
        model = MelodyRNN(Preset(CONFIGS[name]), make_network(CONFIGS[name]))
        theirs, seconds = [], []
        for _ in range(rounds):
            theirs.append(time_magenta_improv(environment, model))
            seconds.append(
                {count: [time_ours(model, count, clock, chords=chords) for clock in clocks] for count in NUM_OUTPUTS}
            )
        for count in NUM_OUTPUTS:
            own = statistics.median(ours[count][0] for ours in seconds)
            pairs = list(zip(theirs, seconds, strict=True))
            ratios = (
                statistics.median(events(count) / ours[count][clock] / rates[clock] for rates, ours in pairs)
                for clock in range(len(clocks))
            )
            magenta = statistics.median(rates[0] for rates in theirs)
            numbers = (f"{own:.4f}", f"{events(count) / own:,.0f}", f"{magenta:,.0f}", *(f"{r:.0f}" for r in ratios))
            table.add_row(name, str(count), *numbers)
    return table


def time_magenta_improv(environment: Path, model: MelodyRNN) -> list[float]:
    """Returns the original's events a second, and a processor second, with a model's weights."""
    settings = f"CHORDS, NUM_STEPS, REPEATS = {CHORDS}, {NUM_STEPS}, {REPEATS}"
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / f"{model.config.name}.mag"
        model.save_bundle(bundle)
        command = [environment / "bin" / "python", "-c", settings + IMPROV, bundle]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rates: list[float] = json.loads(output.splitlines()[-1])
    return rates


def time_ours(
    model: MelodyRNN, num_outputs: int, clock: Callable[[], float] = time.perf_counter, **asked: Any
) -> float:
    """Returns the median seconds of a run by a clock."""
    model.generate(num_outputs=num_outputs, num_steps=NUM_STEPS, primer=[60], seed=0, **asked)
    seconds = []
    for _ in range(REPEATS):
        start = clock()
        model.generate(num_outputs=num_outputs, num_steps=NUM_STEPS, primer=[60], seed=0, **asked)
        seconds.append(clock() - start)
    return statistics.median(seconds)


def time_magenta(environment: Path, bundles: Path, name: str) -> float:
    """Returns the original's events a second, one melody after the other as it works."""
    command = [environment / "bin" / "python", bundles / "bench.py", f"{name}_rnn", bundles / f"full_{name}.mag"]
    hparams = "batch_size=1,rnn_layer_sizes=[128,128]"
    output = subprocess.run([*command, hparams], capture_output=True, text=True, check=True).stdout
    return float(json.loads(output.splitlines()[-1])["events_per_second"])


if __name__ == "__main__":
    main()
