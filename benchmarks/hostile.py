"""Damaged and hostile inputs by the thousand: how many end clearly, in how much time and memory.

    python benchmarks/hostile.py make FOLDER              the inputs, the same ones each time (some 4,000, 1 GB)
    python benchmarks/hostile.py run FOLDER               tries all of them on this package, and prints the table
    python benchmarks/hostile.py run FOLDER --package P   the same on another checkout, such as a git worktree

An input ends clearly if the command ends with status 0, or with 2 and a line that any terminal can show; without a
traceback, a signal, a temporary file left, 10 seconds (of the process; waiting for others does not count), or 500 MB
more than the command has taken before it began. Every input has a process of its own, forked from one that has loaded
what commands load. A process is ended that takes 4 GB, 30 seconds, or 150 seconds with its waiting. Only options of
`train`, `evaluate` and `temperature`, which may ask for much work, have 60 seconds and no other limit of memory.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SEED: Final = 16
MAX_SECONDS: Final = 10.0
HEAVY_SECONDS: Final = 60.0
MAX_BYTES: Final = 500 * 2**20
MOST_SECONDS: Final = 30.0
WAIT_SECONDS: Final = 150.0
DATA_BYTES: Final = 4 * 2**30
NUMBERS: Final = ("0", "-1", "1", "1.5", "1e308", "nan", "inf", "-inf", "", "\u0663", str(10**30),
                  str(2**31), str(2**63), "0x10", "1_000", " 7 ", "1e-320")  # fmt: skip
HEAVY: Final = ("train", "evaluate", "temperature")
QUICK: Final = {
    "generate": ["-n", "1", "--num-steps", "8", "--model", "basic_rnn", "--output-dir", "out"],
    "score": ["--melody", "C4 D4 E4 F4"],
    "render": ["tune.abc", "--synth", "sine"],
    "convert": ["tune.abc", "--to", "mid", "--output-dir", "out"],
    "harmonize": ["tune.abc", "--to", "abc", "--output-dir", "out"],
    "page": ["--output", "out", "--model", "basic_rnn"],
    "import-bundle": ["none.mag", "out"],
    "export": ["basic_rnn", "out.mag", "--format", "mag"],
    "dataset build": ["--input", "tune.abc", "--output", "out", "--min-bars", "0", "--workers", "1"],
    "train": ["--dataset", "none", "--run-dir", "out"],
    "evaluate": ["--dataset", "none"],
    "temperature": ["--model", "basic_rnn", "--num-outputs", "4", "--num-steps", "4", "--output-dir", "out"],
}
"""What each command is given besides the option that is tried."""
TUNE: Final = "X:1\nT:x\nM:4/4\nL:1/4\nK:C\n" + "CDEF|GABc|" * 6 + "\n"


class Inputs:
    """Makes inputs in a folder, and keeps a list of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []

    def add(self, kind: str, what: str, arguments: list[str], files: dict[str, Any] | None = None) -> Path:
        """Makes an input: a folder of its own with files, in which the command is run with the arguments."""
        own = self.folder / f"{len(self.rows):05d}"
        own.mkdir(parents=True)
        for name, content in (files or {}).items():
            place = Path(os.fsdecode(os.fsencode(own) + b"/" + os.fsencode(name)))
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                place.symlink_to(content.absolute())
            else:
                place.write_bytes(content)
        self.rows.append({"kind": kind, "what": what, "folder": own.name, "arguments": arguments})
        return own


def make(folder: Path) -> None:
    """Makes all inputs."""
    inputs = Inputs(folder)
    rng = random.Random(SEED)
    for part in (_music, _places, _names, _models, _bundles, _checkpoints, _datasets, _options):
        part(inputs, rng)
        print(f"{len(inputs.rows)} inputs with those of {part.__name__[1:]}", flush=True)
    text = json.dumps(inputs.rows)
    (folder / "inputs.json").write_text(text, encoding="ascii")


def _commands(name: str, rng: random.Random) -> list[str]:
    """Returns a command that reads a music file."""
    return rng.choice(
        [
            ["convert", name, "--to", "mid,abc,musicxml", "-o", "out"],
            ["convert", name, "--to", "svg", "-o", "out"],
            ["score", name, "--json"],
            ["generate", "--primer-midi", name, "--model", "basic_rnn", "-n", "1", "--new-steps", "4", "-o", "out"],
            ["render", name, "--format", "png", "-o", "out"],
        ]
    )


def _music(inputs: Inputs, rng: random.Random) -> None:
    from tests.fuzz import hostile_music

    for kind, suffix, files in (
        ("midi", "mid", hostile_music.wrong_midi(rng)),
        ("musicxml", "musicxml", hostile_music.wrong_xml(rng)),
        ("mxl", "mxl", hostile_music.wrong_mxl(rng)),
        ("abc", "abc", hostile_music.wrong_abc(rng)),
    ):
        for what, data in files:
            name = f"tune.{suffix}"
            inputs.add(kind, what, _commands(name, rng), {name: data})
    grown = {
        "dense, 16 MB.mid": hostile_music.dense_midi(16_000_000),
        "dense, 60 MB.mid": hostile_music.dense_midi(60_000_000),
        "dense, 1 MB.mid": hostile_music.dense_midi(1_100_000),
        "2,000 bars.musicxml": hostile_music.bars_xml(2_000),
        "20,000 bars.musicxml": hostile_music.bars_xml(20_000),
        "100,000 bars.musicxml": hostile_music.bars_xml(100_000),
        "900,000 tags.musicxml": hostile_music.tags_xml(900_000),
        "6,000,000 tags.musicxml": hostile_music.tags_xml(6_000_000),
        "6,000 bars.abc": ("X:1\nK:C\n" + "CDEF GABc|\n" * 6_000).encode(),
        "600,000 notes.abc": ("X:1\nK:C\n" + "CDEF GABc|\n" * 75_000).encode(),
    }
    for name, data in grown.items():
        for command in (
            ["convert", name, "--to", "mid", "-o", "out"],
            ["convert", name, "--to", "abc,musicxml", "-o", "out"],
            ["convert", name, "--to", "pdf", "-o", "out"],
            ["score", name, "--json"],
            ["render", name, "--format", "png", "-o", "out"],
        ):
            inputs.add("large music", name, command, {name: data})


def _places(inputs: Inputs, rng: random.Random) -> None:
    """What is no plain file under a music file's, a model's or a dataset's name."""

    def pipe(path: Path) -> None:
        os.mkfifo(path)

    def circle(path: Path) -> None:
        path.symlink_to(path.name)

    makers: dict[str, Any] = {
        "a pipe": pipe,
        "a link in circles": circle,
        "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
        "/dev/urandom": lambda path: path.symlink_to("/dev/urandom"),
        "/dev/stdin": lambda path: path.symlink_to("/dev/stdin"),
        "a folder": lambda path: path.mkdir(),
        "a link to nothing": lambda path: path.symlink_to("nowhere"),
        "a file of holes": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**33),
        "nothing": lambda path: None,
    }
    commands = [
        *(["convert", f"x.{suffix}", "--to", "mid", "-o", "out"] for suffix in ("mid", "musicxml", "mxl", "abc")),
        ["score", "x.mid"],
        ["render", "x.mid", "-o", "out"],
        ["render", "tune.abc", "--soundfont", "x.sf2", "-o", "out"],
        ["generate", "--primer-midi", "x.mid", "-n", "1", "--new-steps", "4", "-o", "out"],
        ["generate", "--keep", "x.mid:bars 1", "-n", "1", "-o", "out"],
        ["generate", "-m", "x.mag", "-n", "1", "--num-steps", "8", "-o", "out"],
        ["generate", "-m", "x", "-n", "1", "--num-steps", "8", "-o", "out"],
        ["import-bundle", "x.mag", "out"],
        ["export", "x", "out.mag", "--format", "mag"],
        ["dataset", "build", "--input", "x.mid", "--output", "out"],
        ["dataset", "build", "--input", ".", "--output", "out"],
        ["train", "--dataset", "x", "--run-dir", "out"],
        ["train", "--run-dir", "x", "--resume"],
        ["evaluate", "--dataset", "x"],
        ["generate", "-n", "1", "--num-steps", "8", "-o", "x"],
        ["generate", "-n", "1", "--num-steps", "8", "-o", "x/below"],
        ["generate", "-n", "1", "--num-steps", "8", "--trace", "x.npz", "-o", "out"],
    ]
    for command in commands:
        name = next((word for word in command if word.startswith("x")), "x.mid").partition(":")[0].partition("/")[0]
        for what, maker in makers.items():
            own = inputs.add("no plain files", f"{what} {name}", command, {"tune.abc": TUNE.encode()})
            maker(own / name)
    for part in ("preset.json", "model.weights.h5", "step.json", "step.tflite", "generation.json", "README.md"):
        for what, maker in makers.items():
            files = _preset({}, "basic_rnn")
            del files[f"m/{part}"]
            own = inputs.add("no plain files", f"{what} {part}", ["score", "-m", "m", "--melody", "C4 D4 E4"], files)
            maker(own / "m" / part)


def _names(inputs: Inputs, rng: random.Random) -> None:
    """Names of files and texts of options that are not to be shown as they are."""
    from tests.fuzz import hostile_music

    names = [text.replace("/", "_").encode("utf-8", "surrogatepass")[:200] for text in hostile_music.TEXTS if text]
    names += [b"caf\xe9", b"\xff\xfe\x80", b"-rf", b"a b 'c' \"d\"", b"[/red]", b"[link=x]", b"%s{0}$(id)`id`"]
    for name in names:
        for suffix, data in ((b".abc", TUNE.encode()), (b".mid", b"nonsense")):
            file = name.replace(b"/", b"_") + suffix
            word = os.fsdecode(b"./" + file)
            for command in (
                ["convert", word, "--to", "mid,abc", "-o", "out"],
                ["score", word],
                ["score", word, "--per-step"],
                ["render", word, "--format", "svg", "-o", "out"],
                ["generate", "--primer-midi", word, "--model", "basic_rnn", "-n", "1", "--new-steps", "4", "-o", "out"],
                ["dataset", "build", "--input", word, "--output", "out", "--min-bars", "0"],
            ):
                inputs.add("names", repr(name[:12]), command, {os.fsdecode(file): data})
        for command in (
            ["generate", "-n", "1", "--num-steps", "8", "--model", "basic_rnn", "-o", os.fsdecode(name)],
            ["generate", "-m", os.fsdecode(name), "-n", "1", "-o", "out"],
            ["score", "--melody", os.fsdecode(name)],
            ["import-bundle", os.fsdecode(name) + ".mag", "out"],
            ["generate", "--key", os.fsdecode(name), "-n", "1", "-o", "out"],
        ):
            inputs.add("names", repr(name[:12]), command, {})


def _preset(changed: dict[str, bytes], model: str) -> dict[str, Any]:
    """Returns the files of a model's folder `m`, of which some are changed."""
    files: dict[str, Any] = {f"m/{path.name}": path for path in sorted((ROOT / "models" / model).iterdir())}
    return files | {f"m/{name}": data for name, data in changed.items()}


def _models(inputs: Inputs, rng: random.Random) -> None:
    from tests.fuzz import hostile_models

    def command() -> list[str]:
        return rng.choice(
            [
                ["score", "-m", "m", "--melody", "C4 D4 E4"],
                ["generate", "-m", "m", "-n", "1", "--num-steps", "8", "-o", "out"],
            ]
        )

    for model in ("basic_rnn", "attention_rnn"):
        folder = ROOT / "models" / model
        good = json.loads((folder / "preset.json").read_text())
        good.pop("opening_pitches" if model == "attention_rnn" else "card", None)
        good.setdefault("opening_pitches", {"60": 1.0})
        for what, text in hostile_models.wrong_descriptions(good, rng):
            inputs.add("preset.json", what, command(), _preset({"preset.json": text}, model))
        step = json.loads((folder / "step.json").read_text())
        for what, text in hostile_models.wrong_descriptions(step, rng):
            if rng.random() < 0.3:
                inputs.add("step.json", what, command(), _preset({"step.json": text}, model))
    folder = ROOT / "models" / "basic_rnn"
    good = json.loads((folder / "preset.json").read_text())
    good.pop("weights_digest", None)
    plain = json.dumps(good).encode()
    for what, data in hostile_models.wrong_weights(folder / "model.weights.h5", inputs.folder, rng):
        files = _preset({"preset.json": plain, "model.weights.h5": data}, "basic_rnn")
        del files["m/step.json"], files["m/step.tflite"]
        inputs.add("weights", what, ["export", "m", "out.mag", "--format", "mag"], files)
    whole = (folder / "step.tflite").read_bytes()
    step = json.loads((folder / "step.json").read_text())
    for what, data in hostile_models.wrong_steps(whole, rng):
        text = json.dumps({**step, "step_digest": _digest(data)}).encode()
        files = _preset({"step.tflite": data, "step.json": text}, "basic_rnn")
        inputs.add("step.tflite", f"{what}, and described so", command(), files)
    own = inputs.add("step.tflite", "8 GB of holes", command(), _preset({"step.tflite": b""}, "basic_rnn"))
    os.truncate(own / "m" / "step.tflite", 2**33)
    outlines = (ROOT / "models" / "tunes_rnn" / "outlines.npz").read_bytes()
    for _ in range(60):
        data = hostile_models.flipped(outlines, rng) if rng.random() < 0.7 else hostile_models.cut(outlines, rng)
        files = _preset({"outlines.npz": data}, "tunes_rnn")
        inputs.add("outlines.npz", "damaged", ["score", "-m", "m", "--melody", "C4 D4 E4"], files)
    index = (ROOT / "models" / "tunes_rnn" / "training_tunes.npz").read_bytes()
    for _ in range(30):
        data = hostile_models.flipped(index, rng) if rng.random() < 0.7 else hostile_models.cut(index, rng)
        files = _preset({"training_tunes.npz": data}, "tunes_rnn")
        inputs.add("training_tunes.npz", "damaged", ["generate", "-m", "m", "-n", "1", "--copied"], files)


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _bundles(inputs: Inputs, rng: random.Random) -> None:
    from tests.fuzz import hostile_models

    for name in ("basic_rnn", "attention_rnn"):
        good = (ROOT / "tests" / "data" / f"{name}.mag").read_bytes()
        for what, data in hostile_models.wrong_bundles(good, rng):
            inputs.add("bundles", what, ["export", "x.mag", "out.mag", "--format", "mag"], {"x.mag": data})


def _checkpoints(inputs: Inputs, rng: random.Random) -> None:
    import tensorflow as tf

    from melody_rnn.magenta.bundles import read_bundle
    from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
    from melody_rnn.magenta.bundles.weights import revert_weights
    from tests.fuzz import hostile_models

    bundle = read_bundle(ROOT / "tests" / "data" / "basic_rnn.mag")
    variables = revert_weights(make_naming(MAGENTA_2, None, len(bundle.config.network.layer_sizes)), bundle.weights)
    prefix = str(inputs.folder / "good" / "model.ckpt-30")
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=list(variables), shape_and_slices=[""] * len(variables),
        tensors=[tf.constant(value) for value in variables.values()],
    )  # fmt: skip
    index = Path(f"{prefix}.index").read_bytes()
    shard = next(Path(prefix).parent.glob("*.data-*"))
    state = b'model_checkpoint_path: "model.ckpt-30"\n'
    command = ["import-bundle", "run", "out", "--config", "basic_rnn"]
    for what, data in hostile_models.wrong_indices(index, rng):
        files = {"run/checkpoint": state, "run/model.ckpt-30.index": data, f"run/{shard.name}": shard}
        inputs.add("checkpoints", what, command, files)
    for what, text in (
        ("another folder", b'model_checkpoint_path: "/etc/passwd"'),
        ("nothing", b""),
        ("noise", bytes(range(256))),
        ("brackets", b"{" * 100_000),
        ("no end", b'model_checkpoint_path: "' + b"x" * 3000),
    ):
        files = {"run/checkpoint": text, "run/model.ckpt-30.index": index, f"run/{shard.name}": shard}
        inputs.add("checkpoints", f"state: {what}", command, files)
    for size in (0, 100, 2**33):
        own = inputs.add(
            "checkpoints", f"a file of {size}", command, {"run/checkpoint": state, "run/model.ckpt-30.index": index}
        )
        (own / "run" / shard.name).touch()
        os.truncate(own / "run" / shard.name, size)


def _datasets(inputs: Inputs, rng: random.Random) -> None:
    from melody_rnn.data.build import build_dataset
    from melody_rnn.data.extraction import ExtractionRules
    from tests.fuzz import hostile_models

    (inputs.folder / "tune.abc").write_text(TUNE)
    good = inputs.folder / "dataset"
    build_dataset([inputs.folder / "tune.abc"], good, ExtractionRules(min_bars=0), num_workers=1)
    command = ["evaluate", "--dataset", "d", "--model", "basic_rnn"]
    for path in sorted(good.iterdir()):
        if path.name in ("report.json", "rejected.jsonl"):
            continue
        others = {f"d/{other.name}": other for other in good.iterdir() if other != path}
        whole = path.read_bytes()
        variants = [("flipped", hostile_models.flipped(whole, rng)) for _ in range(25)]
        variants += [("cut", hostile_models.cut(whole, rng)) for _ in range(15)]
        variants += [("nothing", b""), ("brackets", b"[" * 100_000)]
        if path.suffix == ".json":
            described = list(hostile_models.wrong_descriptions(json.loads(whole), rng))
            variants += rng.sample(described, 60)
        for what, data in variants:
            inputs.add("datasets", f"{path.name} {what}", command, {**others, f"d/{path.name}": data})


def _options(inputs: Inputs, rng: random.Random) -> None:
    """Numbers and texts for every option, generated from the commands themselves."""
    import click

    from melody_rnn.cli.main import cli
    from tests.fuzz import hostile_music

    for path, command in _leaves(cli, []):
        quick = QUICK.get(" ".join(path), [])
        for param in command.params:
            if getattr(param, "is_flag", False) or not isinstance(param, click.Option):
                continue
            if isinstance(param.type, click.Choice | click.Path):
                continue
            name = param.opts[-1]
            is_text = isinstance(param.type, click.types.StringParamType)
            values = [*NUMBERS, *(text.replace("\0", "") for text in hostile_music.TEXTS)] if is_text else NUMBERS
            for value in values:
                word = value.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
                rest = _without(quick, name)
                if name in ("--form", "--bars"):
                    rest = ["-n", "1", "--model", "tunes_rnn", "--output-dir", "out"]
                if name == "--new-steps":
                    rest = _without(rest, "--num-steps")
                inputs.add("options", f"{path[-1]} {name} {value[:12]}", [*path, *rest, f"{name}={word}"],
                           {"tune.abc": TUNE.encode()})  # fmt: skip


def _leaves(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    import click

    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from _leaves(command.get_command(context, name), [*path, name])


def _without(words: list[str], name: str) -> list[str]:
    if name not in words:
        return words
    place = words.index(name)
    return [*words[:place], *words[place + 2 :]]


def run(folder: Path, package: Path, only: str | None, share: float) -> None:
    """Tries the inputs and prints the table."""
    rows = json.loads((folder / "inputs.json").read_text(encoding="ascii"))
    rng = random.Random(SEED)
    needs_tensorflow = ("bundles", "checkpoints", "weights", "datasets")
    rows = [row for row in rows if (only is None or row["kind"] in only.split(",")) and rng.random() < share]
    rows.sort(key=lambda row: row["kind"] in needs_tensorflow)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.path.insert(0, str(package))
    _load()
    own_bytes = _bytes_of_tensorflow(folder)
    results: list[dict[str, Any]] = []
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        # In the background SIGINT would be ignored.
        signal.signal(signal_number, signal.default_int_handler)
    for number, row in enumerate(rows):
        if row["kind"] in needs_tensorflow and "tensorflow" not in sys.modules:
            from melody_rnn.cli.startup import load_tensorflow

            load_tensorflow(verbose=True)
            own_bytes = 0
        try:
            result = _try(folder, row, own_bytes)
        except KeyboardInterrupt:
            # What was tried is told.
            break
        results.append(result)
        if result["fault"]:
            words = " ".join(row["arguments"])
            told = f"{row['folder']} {row['kind']}: {row['what']}: {result['fault']}: {words} | {result['said']}"
            print(told.encode("ascii", "backslashreplace").decode()[:400], flush=True)
        elif number % 500 == 0:
            print(f"{number} of {len(rows)}", flush=True)
    _print(results, package)


def _load() -> None:
    """Imports what commands import, so that it is neither time nor memory of an input."""
    from importlib import import_module

    for name in (
        "main",
        "generate",
        "score",
        "render",
        "convert",
        "dataset",
        "train",
        "evaluate",
        "temperature",
        "export",
    ):
        import_module(f"melody_rnn.cli.{name}")
    for name in (
        "melody_rnn.model", "melody_rnn.formats.midi.reader", "melody_rnn.formats.musicxml.reader",
        "melody_rnn.formats.abc",
        "melody_rnn.formats.sheet", "melody_rnn.tunes.files", "melody_rnn.generation.stepping", "melody_rnn.cli.kinds",
        "note_seq", "symusic", "verovio", "rich.table", "matplotlib.figure",
    ):  # fmt: skip
        import_module(name)


def _bytes_of_tensorflow(folder: Path) -> int:
    """Returns what importing TensorFlow takes: a command that loads it by itself has this much of its own."""
    resident = _resident()
    child = os.fork()
    if not child:
        from melody_rnn.cli.startup import load_tensorflow

        load_tensorflow(verbose=False)
        os._exit(0)
    _, _, usage = os.wait4(child, 0)
    return max(int(usage.ru_maxrss) * 1024 - resident, 0)


def _try(folder: Path, row: dict[str, Any], own_bytes: int) -> dict[str, Any]:
    """Runs one input in a process of its own."""
    own = folder / row["folder"]
    for name in ("out", "out.mag", "stdout", "stderr", "loaded"):
        shutil.rmtree(own / name, ignore_errors=True)
        (own / name).unlink(missing_ok=True)
    before = set(own.rglob("*"))
    is_heavy = row["kind"] == "options" and row["arguments"][0] in HEAVY
    limit = HEAVY_SECONDS if is_heavy else MAX_SECONDS
    resident = _resident()
    started = time.monotonic()
    child = os.fork()
    if not child:
        _run_child(own, row["arguments"])
    status, usage, is_late = _wait(child, started, max(limit, MOST_SECONDS))
    seconds = min(time.monotonic() - started, usage.ru_utime + usage.ru_stime)
    said = (own / "stderr").read_bytes().decode("utf-8", "replace") if (own / "stderr").exists() else ""
    grown = max(usage.ru_maxrss * 1024 - resident, 0)
    if (own / "loaded").exists():
        grown = max(grown - own_bytes, 0)
    left = [path for path in set(own.rglob(".*")) - before if "unfinished" in path.name or path.name.startswith(".")]
    fault = _fault(status, said, is_late, bool(left))
    if not fault and seconds > limit:
        fault = "slow"
    if not fault and grown > MAX_BYTES and not is_heavy:
        fault = "large"
    shutil.rmtree(own / "out", ignore_errors=True)
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return {**row, "fault": fault, "seconds": seconds, "bytes": grown, "said": last[-160:]}


def _run_child(own: Path, arguments: list[str]) -> None:
    os.setsid()
    os.chdir(own)
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o666), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["melody-rnn", *arguments]
    end = os._exit

    def note_and_end(status: int) -> None:
        if "tensorflow" in sys.modules:
            (own / "loaded").touch()
        end(status)

    os._exit = note_and_end  # type: ignore[assignment]
    try:
        from melody_rnn.cli.main import main

        main()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _wait(child: int, started: float, most_seconds: float) -> tuple[int, Any, bool]:
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage, False
        if time.monotonic() - started > WAIT_SECONDS or _cpu_seconds(child) > most_seconds:
            os.killpg(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            return status, usage, True
        time.sleep(0.005)


def _cpu_seconds(process: int) -> float:
    """Returns how long a process has run."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fault(status: int, said: str, is_late: bool, is_left: bool) -> str:
    """Returns what is not clear about an end, or an empty text."""
    if is_late:
        return "hangs"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    if "Traceback (most recent call last)" in said or os.waitstatus_to_exitcode(status) not in (0, 2):
        return "traceback"
    if os.waitstatus_to_exitcode(status) == 2 and not said.strip():
        return "silent"
    if any(not line.isprintable() for line in said.splitlines()) or len(said) > 20_000:
        return "unprintable"
    return "left files" if is_left else ""


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _print(results: list[dict[str, Any]], package: Path) -> None:
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        kinds[result["kind"]].append(result)
    print(
        f"\n{package}\n| kind | tried | clear | not clear | largest, MB | longest, s |\n"
        "| --- | --: | --: | --- | --: | --: |"
    )
    for kind, own in [*kinds.items(), ("all", results)]:
        faults: dict[str, int] = defaultdict(int)
        for result in own:
            if result["fault"]:
                faults[result["fault"]] += 1
        told = ", ".join(f"{count} {fault}" for fault, count in sorted(faults.items())) or "-"
        clear = sum(not result["fault"] for result in own)
        largest, longest = max(r["bytes"] for r in own) / 2**20, max(r["seconds"] for r in own)
        print(f"| {kind} | {len(own)} | {clear} | {told} | {largest:.0f} | {longest:.1f} |")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--package", type=Path, default=ROOT, help="the checkout to try")
    parser.add_argument("--only", help="kinds, with commas between")
    parser.add_argument("--share", type=float, default=1.0, help="share of the inputs to try, drawn the same each time")
    arguments = parser.parse_args()
    if arguments.what == "make":
        sys.path.insert(0, str(ROOT))
        make(arguments.folder)
    else:
        run(arguments.folder.absolute(), arguments.package.absolute(), arguments.only, arguments.share)


if __name__ == "__main__":
    main()
