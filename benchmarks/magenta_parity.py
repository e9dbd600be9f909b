"""The original Magenta's commands and ours of the same names, side by side.

usage: python benchmarks/magenta_parity.py --magenta ENVIRONMENT [--configs NAME ...] [--steps N] [--bundles FOLDER]

ENVIRONMENT is a folder that ../shared/magenta/setup.sh made. The commands are those of the original's page on Melody
RNN, in its order, on tunes that the default model writes first. Prints for each command line, the original's first:
the exit code, the files that it wrote, and the notes (or records) in them. Then what each program makes of the other's
files: bundles, runs, and TFRecords of both kinds; and the log-likelihood of each one's melodies under each one's
weights, in nats, as each program computes it. Last, our models and FOLDER's bundles, exported and scored by the
original. Ends with status 1 if an exit code is not 0, or two log-likelihoods are more than 1e-3 apart.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.config import MAGENTA_NAMES
from melody_rnn.data.tfrecords import read_records
from melody_rnn.music.melodies import melody_from_sequence, melody_to_sequence
from melody_rnn.music.sequence_io import read_sequence, write_midi

TOLERANCE = 1e-3
NUM_TUNES = 80
HPARAMS = "batch_size=8,rnn_layer_sizes=[32,24]"
# The original scores melodies only with a graph of one melody at a time.
SAVED_HPARAMS = "batch_size=1,rnn_layer_sizes=[32,24]"
# The original's --eval goes on for minutes, waiting for checkpoints to come.
EVAL_SECONDS = 45
SCORE = """
import json, sys
import note_seq
import tensorflow.compat.v1 as tf
from magenta.models.melody_rnn import melody_rnn_model
from magenta.models.melody_rnn.melody_rnn_sequence_generator import MelodyRnnSequenceGenerator
from magenta.models.shared.sequence_generator_bundle import read_bundle_file
tf.disable_v2_behavior()
scores = {}
for path, melodies in json.load(sys.stdin).items():
    bundle = read_bundle_file(path)
    config = melody_rnn_model.default_configs[bundle.generator_details.id]
    model = melody_rnn_model.MelodyRnnModel(config)
    with MelodyRnnSequenceGenerator(model, config.details, config.steps_per_quarter, None, bundle):
        scores[path] = [model.melody_log_likelihood(note_seq.Melody(events)) for events in melodies]
print(json.dumps(scores))
"""


@dataclass
class Program:
    """One of the two programs.

    Attributes:
        name: What tables call it.
        commands: The folder of its commands.
        folder: Where it works.
    """

    name: str
    commands: Path
    folder: Path


@dataclass
class Report:
    """What is printed in the end."""

    table: Table
    failures: list[str] = field(default_factory=list)

    def check(self, is_right: bool, what: str) -> None:
        """Notes a failure."""
        if not is_right:
            self.failures.append(what)


def main() -> None:
    """Runs everything and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--magenta", type=Path, required=True)
    parser.add_argument("--configs", nargs="*", default=list(MAGENTA_NAMES), choices=MAGENTA_NAMES)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    arguments = parser.parse_args()
    console = Console(width=150)
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        write_music(folder / "music")
        programs = (
            Program("Magenta", arguments.magenta / "bin", folder / "magenta"),
            Program("melody_rnn", Path(sys.executable).parent, folder / "melody_rnn"),
        )
        report = Report(Table("command", "program", "exit", "seconds", "files", "names", "notes or records"))
        convert(programs, folder / "music", report)
        for config in arguments.configs:
            compare(programs, config, arguments.steps, report)
        console.print(report.table)
        scores = Table("weights", "melodies of", "number", "Magenta, nats", "melody_rnn, nats", "largest difference")
        likelihoods = Report(scores)
        for config in arguments.configs:
            cross_score(programs, config, likelihoods)
        export_all(arguments.magenta, arguments.bundles, folder, likelihoods)
        console.print(scores)
        failures = report.failures + likelihoods.failures
    for failure in failures:
        console.print(f"differs: {failure}")
    console.print(f"{len(failures)} differences")
    sys.exit(bool(failures))


def write_music(folder: Path) -> None:
    """Writes tunes to learn from, half of them in a folder below."""
    (folder / "below").mkdir(parents=True)
    melodies = MelodyRNN.from_preset().generate(NUM_TUNES, num_steps=160, seed=1)
    for number, melody in enumerate(melodies):
        below = "below" if number % 2 else ""
        write_midi(melody_to_sequence(melody, 120.0), folder / below / f"tune{number:02}.mid")


def convert(programs: tuple[Program, ...], music: Path, report: Report) -> None:
    """Makes NoteSequences of the music."""
    for program in programs:
        output = program.folder / "notesequences.tfrecord"
        flags = [f"--input_dir={music}", f"--output_file={output}", "--recursive"]
        run(program, "convert_dir_to_note_sequences", flags, output, report)


def compare(programs: tuple[Program, ...], config: str, steps: int, report: Report) -> None:
    """Runs the page's commands with one configuration: each program on its own files, then on the other's."""
    for program, other in zip(programs, reversed(programs), strict=True):
        own = program.folder / config
        trained = [f"--config={config}", f"--run_dir={own / 'run'}", f"--hparams={HPARAMS}"]
        train, held_out = (
            [*trained, f"--sequence_example_file={own / 'examples' / name}_melodies.tfrecord"]
            for name in ("training", "eval")
        )
        saved = [*trained[:2], f"--hparams={SAVED_HPARAMS}"]
        bundle, primer = f"--bundle_file={own / 'own.mag'}", f"--primer_midi={program.folder.parent}/music/tune00.mid"
        short, long = ["--num_outputs=10", "--num_steps=128"], ["--num_outputs=10", "--num_steps=256"]
        create = [f"--config={config}", "--eval_ratio=0.10"]
        own_input, other_input = (f"--input={p.folder / 'notesequences.tfrecord'}" for p in (program, other))
        examples, generated = own / "examples", own / "generated"
        lines = [
            ("melody_rnn_create_dataset", [*create, own_input, f"--output_dir={examples}"], examples),
            ("melody_rnn_train", [*train, f"--num_training_steps={steps}"], None),
            ("melody_rnn_train", [*held_out, "--eval"], None),
            (
                "melody_rnn_generate",
                [*trained, *short, "--primer_melody=[60]", f"--output_dir={generated / 'run'}"],
                generated / "run",
            ),
            ("melody_rnn_generate", [*saved, bundle, "--save_generator_bundle"], own / "own.mag"),
            (
                "melody_rnn_generate",
                [bundle, *long, primer, f"--output_dir={generated / 'bundle'}"],
                generated / "bundle",
            ),
            (
                "melody_rnn_create_dataset",
                [*create, other_input, f"--output_dir={own / 'of_other'}"],
                own / "of_other",
            ),
        ]
        for command, flags, output in lines:
            run(program, command, flags, output, report)
    for program, other in zip(programs, reversed(programs), strict=True):
        own, foreign = program.folder / config, other.folder / config
        output = own / "generated" / "other_bundle"
        flags = [f"--bundle_file={foreign / 'own.mag'}", "--num_outputs=3", "--primer_melody=[60]"]
        run(program, "melody_rnn_generate", [*flags, f"--output_dir={output}"], output, report)
    use_magenta_run(*programs, config, report)


def use_magenta_run(magenta: Program, ours: Program, config: str, report: Report) -> None:
    """Has our commands use the original's run and its encoded examples."""
    foreign, own = magenta.folder / config, ours.folder / config
    flags = [f"--config={config}", f"--hparams={HPARAMS}"]
    output = own / "generated" / "other_run"
    source = [f"--run_dir={foreign / 'run'}", "--num_outputs=3", f"--output_dir={output}"]
    run(ours, "melody_rnn_generate", [*flags, *source], output, report)
    examples = f"--sequence_example_file={foreign / 'examples' / 'training_melodies.tfrecord'}"
    train = [*flags, examples, f"--run_dir={own / 'other_run'}", "--num_training_steps=2"]
    run(ours, "melody_rnn_train", train, None, report)
    bundle = own / "magenta_run.mag"
    save = [*flags[:1], f"--run_dir={foreign / 'run'}", "--save_generator_bundle", f"--bundle_file={bundle}"]
    run(ours, "melody_rnn_generate", save, bundle, report)


def run(program: Program, command: str, flags: list[str], output: Path | None, report: Report) -> None:
    """Runs a command line and adds a row on what came of it."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    limit = EVAL_SECONDS if "--eval" in flags and program.name == "Magenta" else None
    start = time.perf_counter()
    try:
        result = subprocess.run(
            [program.commands / command, *flags], env=environment, capture_output=True, text=True, timeout=limit
        )
        status = str(result.returncode)
        report.check(result.returncode == 0, f"{program.name} {command} {' '.join(flags)}: {result.stderr[-500:]}")
    except subprocess.TimeoutExpired as expired:
        seen = "Loss =" in str(expired.stderr) or "Perplexity =" in str(expired.stderr)
        status = "still waiting"
        report.check(seen, f"{program.name} {command} --eval gave no figures in {EVAL_SECONDS} s")
    seconds = time.perf_counter() - start
    shown = " ".join(flag.replace(str(program.folder.parent), "") for flag in flags)
    files = [] if output is None else sorted(output.iterdir()) if output.is_dir() else [output]
    files = [file for file in files if file.is_file()]
    names = f"{files[0].name} .. {files[-1].name}" if len(files) > 1 else "".join(file.name for file in files)
    content = " + ".join(map(str, map(count, files))) if len(files) < 3 else str(sum(map(count, files)))
    report.table.add_row(
        f"{command} {shown}", program.name, status, f"{seconds:.0f}", str(len(files)), names, content or "-"
    )


def count(path: Path) -> int:
    """Returns how many records a TFRecord has, or how many notes a MIDI file; 0 for others."""
    if path.suffix == ".tfrecord":
        return len(list(read_records(path)))
    return len(read_sequence(path).notes) if path.suffix == ".mid" else 0


def cross_score(programs: tuple[Program, ...], config: str, report: Report) -> None:
    """Scores each program's melodies under each one's weights, by both programs."""
    melodies = {program.name: read_melodies(program.folder / config / "generated") for program in programs}
    for program in programs:
        bundle = program.folder / config / "own.mag"
        score(programs[0].commands, bundle, f"{config} of {program.name}", melodies, report)
    magenta_run = programs[1].folder / config / "magenta_run.mag"
    name = f"{config}, Magenta's run saved by melody_rnn"
    score(programs[0].commands, magenta_run, name, melodies, report, programs[0].folder / config / "own.mag")


def read_melodies(folder: Path) -> list[list[int]]:
    """Returns the events of the MIDI files of a run and a bundle."""
    paths = [path for part in ("run", "bundle") for path in sorted((folder / part).glob("*.mid"))]
    return [list(melody_from_sequence(read_sequence(path)).melody) for path in paths]


def score(
    commands: Path,
    bundle: Path,
    name: str,
    melodies: dict[str, list[list[int]]],
    report: Report,
    ours_from: Path | None = None,
) -> None:
    """Scores melodies by the original with a bundle, and by ours with the same or another one."""
    every = [events for rows in melodies.values() for events in rows]
    result = subprocess.run(
        [commands / "python", "-c", SCORE],
        input=json.dumps({str(bundle): every}),
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if result.returncode:
        report.check(False, f"{name}: the original cannot score with it: {result.stderr[-500:]}")
        return
    theirs = json.loads(result.stdout.splitlines()[-1])[str(bundle)]
    ours = MelodyRNN.from_bundle(ours_from or bundle).log_likelihoods(every)
    first = 0
    for source, rows in melodies.items():
        part = slice(first, first + len(rows))
        difference = max(abs(a - b) for a, b in zip(theirs[part], ours[part], strict=True))
        report.check(difference <= TOLERANCE, f"{name}, melodies of {source}: {difference} nats")
        report.table.add_row(
            name, source, str(len(rows)), f"{sum(theirs[part]):.4f}", f"{sum(ours[part]):.4f}", f"{difference:.1e}"
        )
        first += len(rows)


def export_all(environment: Path, bundles: Path, folder: Path, report: Report) -> None:
    """Exports the shipped models and the bundles, and scores melodies by the original with the exported ones."""
    models = {name: MelodyRNN.from_preset(name) for name in MAGENTA_NAMES}
    models |= {path.name: MelodyRNN.from_bundle(path) for path in sorted(bundles.glob("*_rnn*.mag"))}
    melodies = [list(melody) for melody in MelodyRNN.from_preset().generate(10, num_steps=96, seed=2)]
    for name, model in models.items():
        exported = folder / f"{Path(name).stem}.mag"
        model.save_bundle(exported)
        original = bundles / name
        source = original if original.is_file() else None
        layout = model.config.network.attention_layout if model.config.network.attention_length else "no attention"
        score(environment / "bin", exported, f"{name} exported, {layout}", {"tunes_rnn": melodies}, report, source)


if __name__ == "__main__":
    main()
