"""How fast music files are read, beside another checkout of this repository and beside the original Magenta.

usage: python benchmarks/reading.py [--num-files N] [--before CHECKOUT] [--magenta ENVIRONMENT] [--rounds N]

Writes MIDI files of random melodies, then has `convert_dir_to_note_sequences` of each program turn the folder into
NoteSequences, whole processes, one program after the other in every round. Ratios are medians over rounds. CHECKOUT,
such as a `git worktree`, runs in this environment.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from melody_rnn.files import write_whole
from melody_rnn.tunes.files import midi_of
from melody_rnn.tunes.tune import Tune

OURS = [sys.executable, "-c", "from melody_rnn.magenta.commands.convert import main; main()"]


def main() -> None:
    """Times the programs and prints files a second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-files", type=int, default=2000)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--magenta", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    here = Path(__file__).parents[1]
    programs: dict[str, tuple[list[str], Path]] = {"this checkout": (OURS, here)}
    if arguments.before:
        programs["the checkout before"] = (OURS, arguments.before.absolute())
    if arguments.magenta:
        original = str(arguments.magenta.absolute() / "bin" / "convert_dir_to_note_sequences")
        programs["the original Magenta"] = ([original], here.parent)
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        tunes = Path(folder) / "tunes"
        tunes.mkdir()
        write_tunes(tunes, arguments.num_files)
        for _ in range(arguments.rounds):
            for name, (command, checkout) in programs.items():
                seconds[name].append(run(command, checkout, tunes, Path(folder) / "sequences.tfrecord"))
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:24} {median:6.2f} s, {arguments.num_files / median:6.0f} files/s")
    for name in list(programs)[1:]:
        ratios = [theirs / ours for ours, theirs in zip(seconds["this checkout"], seconds[name], strict=True)]
        print(f"{statistics.median(ratios):.2f} times as fast as {name}")


def write_tunes(folder: Path, num_files: int) -> None:
    """Writes MIDI files of 16 bars of eighths that wander about."""
    for number in range(num_files):
        chance = random.Random(number)
        pitch, events = 67, []
        for _ in range(128):
            pitch = min(max(pitch + chance.choice((-4, -2, -1, 0, 1, 2, 4)), 48), 83)
            events += [pitch, -2]
        write_whole(folder / f"{number:05}.mid", midi_of(Tune(tuple(events))))


def run(command: list[str], checkout: Path, tunes: Path, output: Path) -> float:
    """Returns the seconds of a program's convert_dir_to_note_sequences as a whole process."""
    output.unlink(missing_ok=True)
    arguments = [f"--input_dir={tunes}", f"--output_file={output}"]
    begun = time.perf_counter()
    subprocess.run(
        [*command, *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=tunes,
    )
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
