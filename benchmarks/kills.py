"""Kills at random moments, and disks that are full: what commands leave behind.

    python benchmarks/kills.py                     20 kills of each command
    python benchmarks/kills.py --kills 5 --only generate,export
    python benchmarks/kills.py --full              writes to a file system of a few hundred KB, or under RLIMIT_FSIZE

Each command is run once to its end, to learn how long it takes, and then ended by SIGINT, SIGTERM and SIGKILL in turn,
each time after another share of that time, from when it has begun to answer signals. Nothing half written may stand
under a name that counts; after SIGINT and SIGTERM, which end with 130 and 143, no temporary file may be left; and after
SIGKILL the same command, run again, must end well and leave none of either.
"""

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SEED: Final = 16
SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
TUNE: Final = "X:1\nT:Tune {}\nM:4/4\nL:1/4\nK:C\n" + "CDEF|GABc|" * 6 + "\n\n"
FULL_BYTES: Final = (4_096, 16_384, 65_536, 262_144)

COMMANDS: Final[dict[str, list[str]]] = {
    "generate": ["generate", "-m", "basic_rnn", "-n", "60", "--num-steps", "32", "--seed", "1", "--to", "mid,abc",
                 "-o", "out"],
    "convert": ["convert", "book.abc", "--to", "mid,abc,musicxml", "-o", "out"],
    "dataset build": ["dataset", "build", "-i", "book.abc", "-o", "out", "--min-bars", "0", "--overwrite",
                      "--workers", "1"],
    "train": ["train", "--dataset", "data", "--run-dir", "out", "-m", "basic_rnn", "--steps", "4",
              "--hparams", "layer_sizes=[8]", "--hparams", "batch_size=4"],
    "export": ["export", "basic_rnn", "out.mag", "--format", "mag"],
    "temperature": ["temperature", "--model", "basic_rnn", "--num-outputs", "8", "--num-steps", "32",
                    "--temperatures", "0.5,1", "--output-dir", "out", "--overwrite"],
}  # fmt: skip


def environment() -> dict[str, str]:
    """Returns the environment of the commands."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def program(arguments: list[str]) -> list[str]:
    """Returns how a command is run."""
    return [sys.executable, "-c", "from melody_rnn.cli import main; main()", *arguments]


def prepare(folder: Path) -> None:
    """Makes what the commands read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "book.abc").write_text("".join(TUNE.format(number).replace("CDEF", "CDE" + "FGABcdef"[number % 8])
                                             for number in range(30)))  # fmt: skip
    command = ["dataset", "build", "-i", "book.abc", "-o", "data", "--min-bars", "0", "--min-pitch-classes", "1"]
    subprocess.run(program(command), cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)


def run(arguments: list[str], folder: Path, number: int | None = None, delay: float = 0.0) -> tuple[int, str]:
    """Runs a command, and sends it a signal after `delay` seconds; returns its status and what it said."""
    env = {**environment(), "TMPDIR": str(folder / "tmp")}
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(program(arguments), cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=said)
        if number is not None:
            _wait_until_it_listens(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(delay)
            if process.poll() is None:
                process.send_signal(number)
        status = process.wait(300)
        said.seek(0)
        return status, said.read()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]") -> None:
    """Waits until a process has begun its work: while Python itself starts, signals are not the command's to answer."""
    while process.poll() is None:
        words = Path(f"/proc/{process.pid}/status").read_text().split()
        if int(words[words.index("SigCgt:") + 1], 16) >> signal.SIGTERM - 1 & 1:
            return
        time.sleep(0.005)


def left(folder: Path) -> list[str]:
    """Returns the temporary files below a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*")
            if "unfinished" in path.name or path.parent == folder / "tmp"]  # fmt: skip


def whole(name: str, folder: Path) -> str:
    """Returns what is half written of what a command makes in a folder, or an empty text."""
    from melody_rnn.data import dataset
    from melody_rnn.errors import MelodyRNNError
    from melody_rnn.formats.reading import read_score

    out = folder / "out"
    try:
        if name in ("generate", "convert"):
            for path in out.iterdir() if out.exists() else ():
                if not path.name.startswith("."):
                    read_score(path)
        elif name == "dataset build":
            if out.exists():
                dataset.load(out)
        elif name == "export":
            if (folder / "out.mag").exists():
                from melody_rnn.magenta.bundles import read_bundle

                read_bundle(folder / "out.mag")
        elif name == "temperature" and out.exists() and any(out.iterdir()):
            pages = [path for path in out.iterdir() if not path.name.startswith(".")]
            if pages and not (out / "index.html").exists():
                return "a report without its page"
    except MelodyRNNError as error:
        return str(error)
    return ""


def again(name: str, arguments: list[str]) -> list[str]:
    """Returns what somebody would run after a kill."""
    return ["train", "--run-dir", "out", "--resume"] if name == "train" else arguments


def kill(name: str, arguments: list[str], folder: Path, kills: int) -> None:
    """Kills a command so many times, and prints a row of the table."""
    rng = random.Random(f"{SEED} {name}")
    _clear(folder)
    started = time.monotonic()
    status, said = run(arguments, folder)
    seconds = time.monotonic() - started
    if status:
        raise SystemExit(f"{name}: {status}: {said}")
    counts: Counter[str] = Counter()
    for count in range(kills):
        number = list(SIGNALS)[count % len(SIGNALS)]
        _clear(folder)
        status, said = run(arguments, folder, number, rng.random() * seconds)
        faults = []
        if status == 0:
            counts["was through"] += 1
        elif status != SIGNALS[number]:
            faults.append(f"status {status}")
        if "Traceback" in said:
            faults.append("traceback")
        if number != signal.SIGKILL and left(folder):
            faults.append(f"left {left(folder)[0]}")
        if half := whole(name, folder):
            faults.append(f"half: {half}")
        if number == signal.SIGKILL:
            # It is whole, or told above; `export` writes over nothing.
            (folder / "out.mag").unlink(missing_ok=True)
            following = again(name, arguments) if (folder / "out" / "run.json").exists() else arguments
            status, said = run(following, folder)
            if status:
                faults.append(f"not again: {said.strip().splitlines()[-1][-160:]}")
            if left(folder):
                faults.append(f"never cleared {left(folder)[0]}")
        counts["well" if not faults else "not"] += 1
        for fault in faults:
            print(f"{name}, {number.name}: {fault}", file=sys.stderr, flush=True)
    print(f"| {name} | {kills} | {counts['well']} | {counts['was through']} |", flush=True)


def full(name: str, arguments: list[str], folder: Path, num_bytes: int, is_small_disk: bool) -> None:
    """Runs a command where so many bytes can be written, and prints a row of the table."""
    _clear(folder)
    with _small(folder, num_bytes) if is_small_disk else contextlib.nullcontext():
        limit = None if is_small_disk else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))
        said_path = folder.parent / "said"
        with said_path.open("w+") as said:
            status = subprocess.run(program(arguments), cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
                                    stderr=said, preexec_fn=limit, check=False).returncode  # fmt: skip
            said.seek(0)
            text = said.read()
        fault = "" if status in (0, 2) and "Traceback" not in text else f"status {status}"
        fault = fault or (left(folder) and "left a file") or whole(name, folder / "small")
    last = text.strip().splitlines()[-1][-150:] if status and text.strip() else "done"
    print(f"| {name} | {num_bytes:,} | {fault or 'clear'} | {last} |", flush=True)


@contextlib.contextmanager
def _small(folder: Path, num_bytes: int) -> Iterator[None]:
    """Puts a small file system where a command writes."""
    small = folder / "small"
    small.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={num_bytes}", "tmpfs", str(small)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(small)], check=True)


def can_mount(folder: Path) -> bool:
    """Returns whether small file systems can be made here."""
    try:
        with _small(folder, 4096):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _clear(folder: Path) -> None:
    for name in ("out", "out.mag", "small"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    for path in folder.rglob("*unfinished*"):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    for path in (folder / "tmp").iterdir():
        shutil.rmtree(path, ignore_errors=True)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", default=",".join(COMMANDS), help="commands, with commas between")
    parser.add_argument("--full", action="store_true", help="fill disks, do not kill")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.path.insert(0, str(ROOT))
    commands: dict[str, Any] = {name: COMMANDS[name] for name in options.only.split(",")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "work"
        prepare(folder)
        if options.full:
            is_small_disk = can_mount(folder)
            print(f"on {'a small tmpfs' if is_small_disk else 'files limited by RLIMIT_FSIZE'}")
            print("| command | bytes | | said |\n| --- | --: | --- | --- |")
        else:
            print("| command | kills | well | finished before |\n| --- | --: | --: | --: |")
        for name, arguments in commands.items():
            if not options.full:
                kill(name, arguments, folder, options.kills)
                continue
            inside = [f"small/{word}" if word in ("out", "out.mag") else word for word in arguments]
            for num_bytes in FULL_BYTES:
                full(name, inside, folder, num_bytes, is_small_disk)


if __name__ == "__main__":
    main()
