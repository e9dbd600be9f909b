"""Whole-process times of the command line, beside importing its libraries and beside the original Magenta.

usage: python benchmarks/startup.py [--before CHECKOUT] [--magenta ENVIRONMENT] [--bundles FOLDER] [--rounds N]

Each round runs every command once, one after the other; the ratios are medians over rounds. CHECKOUT, such as
a `git worktree` of an earlier commit, runs in this environment.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
HPARAMS = "batch_size=1,rnn_layer_sizes=[128,128]"


def main() -> None:
    """Times the commands and prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--magenta", type=Path)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    commands = {
        "melody-rnn --help": [BIN / "melody-rnn", "--help"],
        "melody-rnn generate": [BIN / "melody-rnn", "generate", "--output-dir", "out"],
        "import tensorflow, note_seq": [sys.executable, "-c", "import tensorflow, note_seq"],
    }
    if arguments.before:
        run_it = f"import sys; sys.path.insert(0, {str(arguments.before.absolute())!r}); "
        run_it += "from melody_rnn.cli import main; main()"
        commands["generate (the checkout before)"] = [
            sys.executable,
            "-c",
            run_it,
            "generate",
            "--output-dir",
            "before",
        ]
    if arguments.magenta:
        commands["melody_rnn_generate (Magenta)"] = [
            arguments.magenta.absolute() / "bin" / "melody_rnn_generate",
            "--config=lookback_rnn",
            f"--bundle_file={(arguments.bundles / 'full_lookback.mag').absolute()}",
            "--output_dir=magenta",
            "--num_outputs=10",
            "--num_steps=128",
            "--primer_melody=[60]",
            f"--hparams={HPARAMS}",
        ]
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(arguments.rounds + 1):
            for name, command in commands.items():
                elapsed = run(command, folder)
                # The first round fills the disk cache.
                if round_number:
                    seconds[name].append(elapsed)
    for name, values in seconds.items():
        print(f"{name:32} {statistics.median(values):6.2f} s")
    for other in list(commands)[2:]:
        ratios = [ours / theirs for ours, theirs in zip(seconds["melody-rnn generate"], seconds[other], strict=True)]
        print(f"melody-rnn generate is {statistics.median(ratios):.2f} times {other}")


def run(command: list[object], folder: str) -> float:
    """Returns the seconds of a command as a whole process."""
    start = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run(list(map(str, command)), cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
