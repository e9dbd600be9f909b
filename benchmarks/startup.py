"""Whole-process times and peaks of memory of the command line, beside the original Magenta.

usage: python benchmarks/startup.py [--before CHECKOUT] [--bundle FILE] [--magenta ENVIRONMENT] [--rounds N]

Each round runs every command once, one after the other; the ratios are medians over rounds. Where other programs share
the processors, seconds of the processor tell more than seconds of the clock. CHECKOUT, such as a `git worktree` of an
earlier commit, runs in this environment; step files are there since 9d25af1, and f806363 is the last commit before them
whose default model loads. FILE is a bundle of lookback_rnn with layers of 128 and 128 units, for the drop-in command
and the original, which needs it. What is left of the time, by module:
python -X importtime -c "import sys; sys.argv[1:] = ['generate']; from melody_rnn.cli import main; main()"
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

BIN = Path(sys.executable).parent
HPARAMS = "batch_size=1,rnn_layer_sizes=[128,128]"
GENERATE = ("generate", "-n", "10", "--num-steps", "128")
OURS = "melody-rnn generate"
DROP_IN = "melody_rnn_generate"
ORIGINAL = "melody_rnn_generate (Magenta)"


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        processor_seconds: Of all its threads together.
        megabytes: Its peak of memory.
    """

    seconds: float
    processor_seconds: float
    megabytes: float


def main() -> None:
    """Times the commands and prints medians, of the clock, the processor and memory, and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--magenta", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.magenta and not arguments.bundle:
        parser.error("--magenta needs --bundle")
    commands: dict[str, list[object]] = {
        "melody-rnn --help": [BIN / "melody-rnn", "--help"],
        OURS: [BIN / "melody-rnn", *GENERATE, "--output-dir", "out"],
        "melody-rnn generate --to abc": [BIN / "melody-rnn", *GENERATE, "--output-dir", "abc", "--to", "abc"],
        "melody-rnn generate, whole tunes": [BIN / "melody-rnn", "generate", "-n", "10", "--output-dir", "whole"],
        "melody-rnn score": [BIN / "melody-rnn", "score", "--melody", "C4 D4 E4:2 F4 G4:8"],
        "the same by TensorFlow": tensorflow_way(),
        "import tensorflow": [sys.executable, "-c", "import tensorflow"],
    }
    if arguments.before:
        run_it = f"import sys; sys.path.insert(0, {str(arguments.before.absolute())!r}); "
        run_it += "from melody_rnn.cli import main; main()"
        before: list[object] = [sys.executable, "-c", run_it, *GENERATE, "--output-dir", "before"]
        commands["generate (the checkout before)"] = before
    if arguments.bundle:
        commands[DROP_IN] = drop_in(BIN, arguments.bundle)
    if arguments.magenta:
        commands[ORIGINAL] = drop_in(arguments.magenta.absolute() / "bin", arguments.bundle)
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(arguments.rounds + 1):
            for name, command in commands.items():
                cost = run(command, folder)
                # The first round fills the disk cache.
                if round_number:
                    costs[name].append(cost)
    for name, values in costs.items():
        cost = Cost(*(statistics.median(column) for column in zip(*values, strict=True)))
        print(f"{name:38} {cost.seconds:6.2f} s {cost.processor_seconds:6.2f} s {cost.megabytes:6.0f} MB")
    for other in list(commands)[list(commands).index(OURS) + 1 :]:
        compare(costs, OURS, other)
    if arguments.magenta:
        compare(costs, DROP_IN, ORIGINAL)


def compare(costs: dict[str, list[Cost]], ours: str, other: str) -> None:
    """Prints what one command takes in terms of another."""
    rounds = zip(costs[ours], costs[other], strict=True)
    ratios = zip(*(np.divide(own, theirs) for own, theirs in rounds), strict=True)
    clock, processor, memory = map(statistics.median, ratios)
    print(
        f"{ours} takes {clock:.2f} of the time, {processor:.2f} of the processor, {memory:.2f} of the memory of {other}"
    )


def drop_in(folder: Path, bundle: Path) -> list[object]:
    """Returns the drop-in command, ours or the original's, for ten melodies of 128 steps."""
    return [
        folder / "melody_rnn_generate",
        "--config=lookback_rnn",
        f"--bundle_file={bundle.absolute()}",
        "--output_dir=drop_in",
        "--num_outputs=10",
        "--num_steps=128",
        "--primer_melody=[60]",
        f"--hparams={HPARAMS}",
    ]


def tensorflow_way() -> list[object]:
    """Returns a command that generates by TensorFlow."""
    model = "from melody_rnn import MelodyRNN; MelodyRNN.from_preset(None, 'tensorflow')"
    return [sys.executable, "-c", f"{model}.generate(num_outputs=10, num_steps=128)"]


def run(command: list[object], folder: str) -> Cost:
    """Returns what a command takes as a whole process."""
    start = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "MELODY_RNN_CACHE": str(Path(folder) / "cache")}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(list(map(str, command)), cwd=folder, env=environment, stdout=quiet, stderr=quiet) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
