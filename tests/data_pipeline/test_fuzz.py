"""Mutated files: no crash, no hang, no more memory than the limit. MELODY_RNN_FUZZ=2000 runs the whole share."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import SourceFile
from melody_rnn.data.pool import ReaderPool
from tests.data_pipeline.music_files import HOSTILE, abc, midi, musicxml, notes

NUM_FILES = int(os.environ.get("MELODY_RNN_FUZZ", "60"))
MEMORY_BYTES = 2**30
ROOT = Path(__file__).parents[2]
ABC_TOKENS = [
    "|:",
    ":|",
    "[1",
    "[2",
    "(3",
    "[K:D]",
    "[M:6/8]",
    "\nV:2\n",
    "\nX:2\nK:G\n",
    "99999",
    "/",
    "{",
    '"',
    "%",
    "+",
    "-",
]


def seeds() -> list[tuple[str, bytes]]:
    whole = [
        ("mid", midi()), ("mid", midi(b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x03\x02\x18\x08" + notes())),
        ("abc", abc().encode()), ("abc", (abc(8, "One") + abc(8, "Two", "6/8")).encode()),
        ("musicxml", musicxml().encode()),
    ]  # fmt: skip
    return whole + [(name.rsplit(".", 1)[1], data) for name, data in HOSTILE.items() if len(data) < 5000]


def mutate(random: Random, kind: str, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice([1, 2, 4, 8, 32])):
        place = random.randrange(len(changed) + 1)
        action = random.randrange(6)
        if action == 0 and changed:
            changed[place % len(changed)] = random.randrange(256)
        elif action == 1:
            del changed[place : place + random.choice([1, 4, 50])]
        elif action == 2:
            changed[place:place] = random.choice(
                [b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\xff\x51\x03\x00\x00\x00"]
            )
        elif action == 3:
            changed[place:place] = changed[place : place + random.choice([10, 200])] * random.choice([2, 20])
        elif action == 4 and kind == "abc":
            changed[place:place] = random.choice(ABC_TOKENS).encode()
        elif action == 5:
            del changed[place:]
    return bytes(changed)


def read_all(folder: Path) -> dict[str, Any]:
    """Reads a folder's files, and returns what was lost, how many melodies came out and the readers' peak memory."""
    rules = ExtractionRules(min_bars=1, min_pitch_classes=1, polyphony="skyline", collapsed="keep", repeats="expanded")
    files = [SourceFile(path.name, path) for path in sorted(folder.iterdir())]
    with ReaderPool(rules, 2, timeout_seconds=10, memory_bytes=MEMORY_BYTES) as pool:
        results = list(pool.read(files))
    lost = [
        (result.source.name, *rejection)
        for result in results
        for tune in result.tunes
        for rejection in tune.rejections
        if rejection[0] in ("timeout", "crashed")
    ]
    num_melodies = sum(len(tune.melodies) for result in results for tune in result.tunes)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"files": len(results), "lost": lost, "melodies": num_melodies, "peak_bytes": peak}


def test_mutated_files_neither_crash_nor_hang(tmp_path: Path):
    random = Random(20240229)
    for number in range(NUM_FILES):
        kind, data = random.choice(seeds())
        (tmp_path / f"{number}.{kind}").write_bytes(mutate(random, kind, data))
    # A process counts its parent's memory as its own peak, and the one that runs all tests is large.
    command = [sys.executable, "-W", "ignore", __file__, str(tmp_path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    assert told["files"] == NUM_FILES
    assert not told["lost"]
    assert told["melodies"] > NUM_FILES // 10
    assert told["peak_bytes"] < MEMORY_BYTES


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(json.dumps(read_all(Path(sys.argv[1]))))
