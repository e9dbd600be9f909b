"""How time and memory grow with the size of what is asked for.

    python benchmarks/scale.py dataset 1000 10000 100000        sets of so many files
    python benchmarks/scale.py splits 10000 100000 1000000      the part that sees all melodies at once
    python benchmarks/scale.py generate 100 10000 100000        runs of so many melodies

The files are MIDI files of 48 to 96 notes: 60 % a tune of their own, 25 % another one's tune in another key with
another end, 10 % the same as another in another key, 5 % damaged. Each size is measured in a process of its own; memory
is that process's largest, or what its largest reader had if that is more; time is that of the processors, of all
processes together, so that other work of the machine does not count.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

ROOT: Final = Path(__file__).parents[1]
SEED: Final = 16
FILES_OF_A_FOLDER: Final = 1000
STEPS: Final = (-4, -3, -2, -2, -1, 1, 2, 2, 3, 4, 5, 7)
OWN, COVER, COPY = 0.6, 0.85, 0.95


def melody(number: int) -> tuple[list[int], list[int]] | None:
    """Returns the pitches and lengths (steps) of a file's melody, or None for a damaged file."""
    rng = random.Random(f"{SEED} {number}")
    draw = rng.random()
    if draw >= COPY:
        return None
    if draw >= OWN and number:
        other = melody(rng.randrange(number))
        if other is not None:
            pitches, lengths = other
            shift = rng.randint(-3, 3)
            if draw < COVER:
                end = len(pitches) * 3 // 4
                return [*(p + shift for p in pitches[:end]), *_walk(rng, len(pitches) - end)], lengths
            return [p + shift for p in pitches], lengths
    count = rng.randint(48, 96)
    return _walk(rng, count), [rng.choice((2, 2, 2, 4, 4, 6)) for _ in range(count)]


def _walk(rng: random.Random, count: int) -> list[int]:
    pitches = [rng.randint(60, 72)]
    while len(pitches) < count:
        following = pitches[-1] + rng.choice(STEPS)
        if 48 <= following <= 90:
            pitches.append(following)
    return pitches


def midi_file(number: int) -> bytes:
    """Returns a file, damaged or not."""
    music = melody(number)
    if music is None:
        return b"MThd\x00\x00\x00\x06\x00\x01\x00\x01"
    events = b""
    for pitch, length in zip(*music, strict=True):
        events += bytes([0, 0x90, pitch, 90, *_delta(length * 120), 0x80, pitch, 0])
    events += b"\x00\xff\x2f\x00"
    head = b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0"
    return head + b"MTrk" + len(events).to_bytes(4, "big") + events


def _delta(ticks: int) -> list[int]:
    return [ticks] if ticks < 128 else [ticks >> 7 | 128, ticks & 127]


def measure_dataset(count: int) -> dict[str, float]:
    """Builds a dataset of so many files."""
    from melody_rnn.data.build import build_dataset

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "files"
        for number in range(count):
            if not number % FILES_OF_A_FOLDER:
                own = folder / f"{number // FILES_OF_A_FOLDER:04d}"
                own.mkdir(parents=True)
            (own / f"{number:07d}.mid").write_bytes(midi_file(number))
        before, started = _bytes(), time.process_time()
        read = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal read
            if done == total:
                read = time.process_time() - started

        report = build_dataset([folder], Path(temporary) / "data", progress=tell, timeout_seconds=60)
        own = time.process_time() - started
        readers = resource.getrusage(resource.RUSAGE_CHILDREN)
        readers_seconds = readers.ru_utime + readers.ru_stime
        return {
            "melodies": report.num_melodies,
            "groups": report.num_groups,
            "ms a file, readers": 1e3 * readers_seconds / count,
            "taking": 1e3 * read / count,
            "all else": 1e3 * (own - read) / count,
            "MB": _bytes() / 1e6,
            "KB a file": (_bytes() - before) / 1e3 / count,
            "bytes on disk a melody": report.num_bytes / report.num_melodies,
        }


def measure_splits(count: int) -> dict[str, float]:
    """Finds duplicates and groups among so many melodies."""
    from melody_rnn.data import splits

    melodies, ids = [], []
    for number in range(count):
        music = melody(number)
        if music is not None:
            melodies.append(np.array([e for p, n in zip(*music, strict=True) for e in (p, *[-2] * (n - 1))], np.int8))
            ids.append(f"{number:07d}.mid:0.0")
    before, started = _bytes(), time.process_time()
    dropped = splits.drop_duplicates(ids, melodies)
    kept = [number for number in range(len(ids)) if number not in dropped]
    events, names = [melodies[number] for number in kept], [ids[number] for number in kept]
    shingle_sets = splits.shingles(events)
    groups = splits.group(shingle_sets, names, 0.3)
    parts = splits.assign(names, groups, splits.SplitRules())
    splits.leaks(events, shingle_sets, parts, 0.3)
    return {
        "melodies": len(ids),
        "groups": len(set(groups)),
        "us a melody": 1e6 * (time.process_time() - started) / len(ids),
        "MB": _bytes() / 1e6,
        "KB a melody": (_bytes() - before) / 1e3 / len(ids),
    }


def measure_generate(count: int) -> dict[str, float]:
    """Runs `melody-rnn generate` for so many melodies."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            [sys.executable, "-c", "from melody_rnn.cli import main; main()", "generate", "--model", "basic_rnn", "-n",
             str(count), "--num-steps", "32", "--seed", "1", "--json", "-o", temporary],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        files = sum(1 for _ in os.scandir(temporary))
    return {"files": files, "MB": _bytes() / 1e6, "ms a melody": 1e3 * (usage.ru_utime + usage.ru_stime) / count}


def _bytes() -> int:
    """Returns the most memory that this process, or one that it has waited for, has had."""
    return 1024 * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


MEASURES: Final[dict[str, Callable[[int], dict[str, float]]]] = {
    "dataset": measure_dataset,
    "splits": measure_splits,
    "generate": measure_generate,
}


def table(what: str, sizes: Sequence[int]) -> None:
    """Measures each size in a process of its own, and prints a row of it."""
    for number, size in enumerate(sizes):
        program = [sys.executable, __file__, what, str(size), "--one"]
        found = json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout)
        if not number:
            print(f"| asked for | {' | '.join(found)} |\n| --: |{' --: |' * len(found)}")
        print(
            f"| {size:,} | {' | '.join(f'{value:,.2f}'.removesuffix('.00') for value in found.values())} |", flush=True
        )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--one", action="store_true", help="measure one size here, and print JSON")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if arguments.one:
        print(json.dumps(MEASURES[arguments.what](arguments.sizes[0])))
    else:
        table(arguments.what, arguments.sizes)


if __name__ == "__main__":
    main()
