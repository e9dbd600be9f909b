"""The original Magenta's commands and ours of the same names, side by side.

usage: python benchmarks/magenta_parity.py --magenta ENVIRONMENT [--configs NAME ...] [--steps N] [--bundles FOLDER]

ENVIRONMENT is a folder with the original Magenta 2.1.4. The commands are those of the original's pages on Melody RNN
and Improv RNN, in their order, on tunes that the default model writes first, with chords by rule for Improv RNN; then
each program on the other's files: bundles, runs, and TFRecords of both kinds. Prints for each command line what came of
it in each program: exit code, files, and the notes or records in them. Then the log-likelihood of each one's melodies
under each one's weights, in nats, as each program computes it; last, our models and FOLDER's bundles, exported and
scored by the original. Ends with status 1 if an exit code is not 0, or two log-likelihoods are more than 1e-3 apart.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from improv_golden import chords_by_rule

from melody_rnn import MelodyRNN
from melody_rnn.config import EVERY_MAGENTA_NAME, IMPROV_NAMES, MAGENTA_NAMES
from melody_rnn.data.tfrecords import read_records
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.tune import Chord, Tune

TOLERANCE = 1e-3
NUM_TUNES = 120
# The original's --eval goes on for minutes, waiting for checkpoints to come.
EVAL_SECONDS = 60
CONVERT = "convert_dir_to_note_sequences --input_dir=MUSIC --output_file=OWN/notesequences.tfrecord --recursive"
# The original evaluates no fewer melodies than a batch, and sets some one in ten aside by chance.
HPARAMS = "--hparams=batch_size=4,rnn_layer_sizes=[32,24]"
# It scores melodies only with a graph of one melody at a time.
ONE_AT_A_TIME = "--hparams=batch_size=1,rnn_layer_sizes=[32,24]"
RUN = f"--config=CONFIG --run_dir=OWN/CONFIG/run {HPARAMS}"
PAGE = (
    "melody_rnn_create_dataset --config=CONFIG --input=OWN/notesequences.tfrecord --output_dir=OWN/CONFIG/examples "
    "--eval_ratio=0.10",
    f"melody_rnn_train {RUN} --sequence_example_file=OWN/CONFIG/examples/training_melodies.tfrecord "
    "--num_training_steps=STEPS",
    f"melody_rnn_train {RUN} --sequence_example_file=OWN/CONFIG/examples/eval_melodies.tfrecord --eval",
    f"melody_rnn_generate {RUN} --output_dir=OWN/CONFIG/of_run --num_outputs=10 --num_steps=128 --primer_melody=[60]",
    f"melody_rnn_generate --config=CONFIG --run_dir=OWN/CONFIG/run {ONE_AT_A_TIME} --bundle_file=OWN/CONFIG/own.mag "
    "--save_generator_bundle",
    "melody_rnn_generate --bundle_file=OWN/CONFIG/own.mag --output_dir=OWN/CONFIG/of_bundle --num_outputs=10 "
    "--num_steps=256 --primer_midi=MUSIC/tune00.mid",
)
ON_THE_OTHER_S = (
    "melody_rnn_create_dataset --config=CONFIG --input=OTHER/notesequences.tfrecord --output_dir=OWN/CONFIG/of_other",
    "melody_rnn_generate --bundle_file=OTHER/CONFIG/own.mag --output_dir=OWN/CONFIG/of_other_bundle --num_outputs=3",
)
# The original reads neither our runs nor our examples.
OURS_ON_MAGENTA_S = (
    f"melody_rnn_generate --config=CONFIG --run_dir=OTHER/CONFIG/run {HPARAMS} --output_dir=OWN/CONFIG/of_other_run "
    "--num_outputs=3",
    f"melody_rnn_train --config=CONFIG --run_dir=OWN/CONFIG/on_other {HPARAMS} --num_training_steps=2 "
    "--sequence_example_file=OTHER/CONFIG/examples/training_melodies.tfrecord",
    "melody_rnn_generate --config=CONFIG --run_dir=OTHER/CONFIG/run --save_generator_bundle "
    "--bundle_file=OWN/CONFIG/magenta_run.mag",
)
SHEETS = "convert_dir_to_note_sequences --input_dir=SHEETS --output_file=OWN/leadsheets.tfrecord"
OF_RUN_CHORDS, OF_BUNDLE_CHORDS = "Am Dm G C F Bdim E E", "C G Am F C G Am F"
IMPROV_PAGE = (
    "improv_rnn_create_dataset --config=CONFIG --input=OWN/leadsheets.tfrecord --output_dir=OWN/CONFIG/examples "
    "--eval_ratio=0.10",
    f"improv_rnn_train {RUN} --sequence_example_file=OWN/CONFIG/examples/training_lead_sheets.tfrecord "
    "--num_training_steps=STEPS",
    f"improv_rnn_train {RUN} --sequence_example_file=OWN/CONFIG/examples/eval_lead_sheets.tfrecord --eval",
    f"improv_rnn_generate {RUN} --output_dir=OWN/CONFIG/of_run --num_outputs=10 --primer_melody=[57] "
    f"--backing_chords='{OF_RUN_CHORDS}' --render_chords",
    f"improv_rnn_generate --config=CONFIG --run_dir=OWN/CONFIG/run {ONE_AT_A_TIME} --bundle_file=OWN/CONFIG/own.mag "
    "--save_generator_bundle",
    "improv_rnn_generate --config=CONFIG --bundle_file=OWN/CONFIG/own.mag --output_dir=OWN/CONFIG/of_bundle "
    f"--num_outputs=10 --primer_melody=[60] --backing_chords='{OF_BUNDLE_CHORDS}' --render_chords",
)
IMPROV_ON_THE_OTHER_S = (
    "improv_rnn_create_dataset --config=CONFIG --input=OTHER/leadsheets.tfrecord --output_dir=OWN/CONFIG/of_other",
    "improv_rnn_generate --bundle_file=OTHER/CONFIG/own.mag --output_dir=OWN/CONFIG/of_other_bundle --num_outputs=3",
)
OUR_IMPROV_ON_MAGENTA_S = (
    f"improv_rnn_generate --config=CONFIG --run_dir=OTHER/CONFIG/run {HPARAMS} --output_dir=OWN/CONFIG/of_other_run "
    "--num_outputs=3",
    f"improv_rnn_train --config=CONFIG --run_dir=OWN/CONFIG/on_other {HPARAMS} --num_training_steps=2 "
    "--sequence_example_file=OTHER/CONFIG/examples/training_lead_sheets.tfrecord",
    "improv_rnn_generate --config=CONFIG --run_dir=OTHER/CONFIG/run --save_generator_bundle "
    "--bundle_file=OWN/CONFIG/magenta_run.mag",
)
SCORE = """
import json, sys
import note_seq
import tensorflow.compat.v1 as tf
from magenta.models.melody_rnn import melody_rnn_model
from magenta.models.melody_rnn.melody_rnn_sequence_generator import MelodyRnnSequenceGenerator
from magenta.models.improv_rnn import improv_rnn_model
from magenta.models.improv_rnn.improv_rnn_sequence_generator import ImprovRnnSequenceGenerator
from magenta.models.shared.sequence_generator_bundle import read_bundle_file
tf.disable_v2_behavior()
scores = {}
for path, melodies in json.load(sys.stdin).items():
    bundle = read_bundle_file(path)
    name = bundle.generator_details.id
    if name in improv_rnn_model.default_configs:
        config = improv_rnn_model.default_configs[name]
        model, make = improv_rnn_model.ImprovRnnModel(config), ImprovRnnSequenceGenerator
    else:
        config = melody_rnn_model.default_configs[name]
        model, make = melody_rnn_model.MelodyRnnModel(config), MelodyRnnSequenceGenerator
    with make(model, config.details, config.steps_per_quarter, None, bundle):
        scores[path] = []
        for events, chords in melodies:
            over = [note_seq.ChordProgression(chords)] if chords else []
            scores[path].append(model.melody_log_likelihood(note_seq.Melody(events), *over))
print(json.dumps(scores))
"""


@dataclass(frozen=True)
class Program:
    """One of the two programs.

    Attributes:
        name: What rows call it.
        commands: The folder of its commands.
        folder: Where it works.
    """

    name: str
    commands: Path
    folder: Path


@dataclass
class Comparison:
    """Both programs, and what was found to differ.

    Attributes:
        magenta: The original.
        ours: Ours.
        words: What stands for each capital word in a command line, besides OWN and OTHER.
        differences: Lines on what is not as it should be.
    """

    magenta: Program
    ours: Program
    words: dict[str, str]
    differences: list[str]

    def run(self, line: str, only_ours: bool = False) -> None:
        """Runs a command line in both programs, or in ours, and prints what came of it."""
        words = {name: self.words[name] for name in ("CONFIG", "STEPS") if name in self.words}
        print(f"\n{fill(line, words)}")
        pairs = ((self.magenta, self.ours), (self.ours, self.magenta))
        for program, other in pairs[only_ours:]:
            words = {**self.words, "OWN": str(program.folder), "OTHER": str(other.folder)}
            print(f"  {program.name:10} {self._run(program, shlex.split(fill(line, words)))}", flush=True)

    def _run(self, program: Program, words: list[str]) -> str:
        command, *flags = words
        limit = EVAL_SECONDS if "--eval" in flags and program == self.magenta else None
        start = time.perf_counter()
        try:
            arguments = [program.commands / command, *flags]
            result = subprocess.run(arguments, env=quiet(), capture_output=True, text=True, timeout=limit)
            status = f"exit {result.returncode}"
            self.check(result.returncode == 0, f"{program.name}: {' '.join(words)}: {result.stderr[-500:]}")
        except subprocess.TimeoutExpired as expired:
            status = f"still evaluating after {limit} s"
            self.check(b"Perplexity" in (expired.stderr or b""), f"{program.name}: no figures of --eval in {limit} s")
        return f"{status}, {time.perf_counter() - start:.0f} s{describe(flags)}"

    def check(self, is_right: bool, what: str) -> None:
        """Notes a difference."""
        if not is_right:
            self.differences.append(what)


def main() -> None:
    """Runs and prints everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--magenta", type=Path, required=True)
    parser.add_argument("--configs", nargs="*", default=EVERY_MAGENTA_NAME, choices=EVERY_MAGENTA_NAME)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        write_music(folder / "music", folder / "sheets")
        magenta = Program("Magenta", arguments.magenta / "bin", folder / "magenta")
        ours = Program("melody_rnn", Path(sys.executable).parent, folder / "melody_rnn")
        words = {"MUSIC": str(folder / "music"), "SHEETS": str(folder / "sheets"), "STEPS": str(arguments.steps)}
        comparison = Comparison(magenta, ours, words, [])
        if not set(arguments.configs) <= set(IMPROV_NAMES):
            comparison.run(CONVERT)
        if set(arguments.configs) & set(IMPROV_NAMES):
            comparison.run(SHEETS)
        for config in arguments.configs:
            comparison.words["CONFIG"] = config
            is_improv = config in IMPROV_NAMES
            for line in (*IMPROV_PAGE, *IMPROV_ON_THE_OTHER_S) if is_improv else (*PAGE, *ON_THE_OTHER_S):
                comparison.run(line)
            for line in OUR_IMPROV_ON_MAGENTA_S if is_improv else OURS_ON_MAGENTA_S:
                comparison.run(line, only_ours=True)
        print(
            f"\n{'weights':46} {'melodies of':12} number  {'Magenta':>12}  {'melody_rnn':>12}  largest difference, nats"
        )
        for config in arguments.configs:
            cross_score(comparison, config)
        export_all(comparison, arguments.bundles)
    print(f"\n{len(comparison.differences)} differences", *comparison.differences, sep="\n")
    sys.exit(bool(comparison.differences))


def fill(line: str, words: dict[str, str]) -> str:
    """Returns a line with its capital words replaced."""
    for name, value in words.items():
        line = line.replace(name, value)
    return line


def quiet() -> dict[str, str]:
    """Returns an environment in which TensorFlow says less."""
    return os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def write_music(folder: Path, sheets: Path) -> None:
    """Writes tunes to learn from, half of them in a folder below, and the same with chords as MusicXML."""
    (folder / "below").mkdir(parents=True)
    sheets.mkdir()
    for number, tune in enumerate(MelodyRNN.from_preset().generate(num_outputs=NUM_TUNES, num_steps=160, seed=1)):
        below = "below" if number % 2 else ""
        tune.write(folder / below / f"tune{number:02}.mid")
        replace(tune, chords=changes(chords_by_rule(tune))).write(sheets / f"tune{number:02}.xml")


def changes(symbols: list[str]) -> tuple[Chord, ...]:
    """Returns the chords of symbols for each step."""
    chords = (Chord(step, symbol) for step, symbol in enumerate(symbols))
    return tuple(chord for chord in chords if not chord.step or chord.symbol != symbols[chord.step - 1])


def describe(flags: list[str]) -> str:
    """Returns what a command wrote where its flags say: names, and how many notes or records."""
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags if "=" in flag)
    folder = given.get("output_dir")
    path = given.get("output_file") or (given.get("bundle_file") if "--save_generator_bundle" in flags else None)
    if not folder and not path:
        return ""
    files = sorted(Path(folder).glob("*")) if folder else [Path(str(path))]
    if files and files[0].suffix == ".mid":
        notes = sum(len(read_tune(file).pitches) for file in files)
        return f", {len(files)} files {files[0].name} .. {files[-1].name} with {notes} notes"
    parts = []
    for file in filter(Path.is_file, files):
        is_records = file.suffix == ".tfrecord"
        parts.append(f", {file.name}" + (f" with {len(list(read_records(file)))} records" if is_records else ""))
    return "".join(parts)


def cross_score(comparison: Comparison, config: str) -> None:
    """Scores each program's melodies under each one's weights, by both programs."""
    programs = (comparison.magenta, comparison.ours)
    melodies = {program.name: read_melodies(program.folder / config, config) for program in programs}
    bundles = [program.folder / config / "own.mag" for program in programs]
    for program, bundle in zip(programs, bundles, strict=True):
        score(comparison, f"{config} of {program.name}", bundle, bundle, melodies)
    saved_by_us = comparison.ours.folder / config / "magenta_run.mag"
    score(comparison, f"{config} of Magenta, bundle saved by us", saved_by_us, bundles[0], melodies)


def read_melodies(folder: Path, config: str) -> list[Tune]:
    """Returns the melodies of the MIDI files that a run and a bundle made, those of Improv RNN over their chords."""
    tunes = []
    for part, text in (("of_run", OF_RUN_CHORDS), ("of_bundle", OF_BUNDLE_CHORDS)):
        chords = tuple(Chord(16 * place, symbol) for place, symbol in enumerate(text.split()))
        for path in sorted((folder / part).glob("*.mid")):
            events = read_tune(path).events
            tunes.append(Tune(events, chords=chords if config in IMPROV_NAMES else ()))
    return tunes


def score(
    comparison: Comparison, name: str, theirs_from: Path, ours_from: Path | str, melodies: dict[str, list[Tune]]
) -> None:
    """Scores melodies by the original with a bundle, and by ours with the same weights from a bundle or a preset."""
    every = [events for rows in melodies.values() for events in rows]
    theirs = magenta_scores(comparison.magenta, theirs_from, every)
    ours = MelodyRNN.from_preset(ours_from).label_log_likelihoods(every)
    first = 0
    for source, rows in melodies.items():
        part = slice(first, first + len(rows))
        difference = max((abs(a - b) for a, b in zip(theirs[part], ours[part], strict=True)), default=0.0)
        comparison.check(difference <= TOLERANCE, f"{name}, melodies of {source}: {difference} nats apart")
        sums = f"{sum(theirs[part]):12.4f}  {sum(ours[part]):12.4f}"
        print(f"{name:46} {source:12} {len(rows):6}  {sums}  {difference:.1e}", flush=True)
        first += len(rows)


def magenta_scores(magenta: Program, bundle: Path, melodies: list[Tune]) -> list[float]:
    """Returns the original's `melody_log_likelihood` of each melody."""
    command = [magenta.commands / "python", "-c", SCORE]
    task = json.dumps({str(bundle): [(tune.events, symbols(tune)) for tune in melodies]})
    result = subprocess.run(command, input=task, env=quiet(), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"the original cannot score with {bundle}: {result.stderr[-1000:]}")
    scores: list[float] = json.loads(result.stdout.splitlines()[-1])[str(bundle)]
    return scores


def symbols(tune: Tune) -> list[str]:
    """Returns a tune's chord symbol at each step; none for a tune without chords."""
    starts = {chord.step: chord.symbol for chord in tune.chords}
    found: list[str] = []
    for step in range(len(tune)) if starts else ():
        found.append(starts.get(step, found[-1] if found else "N.C."))
    return found


def export_all(comparison: Comparison, bundles: Path) -> None:
    """Exports the shipped models and the bundles, and scores melodies by the original with the exported ones."""
    sources: list[str | Path] = [*MAGENTA_NAMES, *sorted(bundles.glob("*_rnn*.mag"))]
    melodies = {
        "tunes_rnn": [
            Tune(tune.events) for tune in MelodyRNN.from_preset().generate(num_outputs=10, num_steps=96, seed=2)
        ]
    }
    for source in sources:
        is_bundle = isinstance(source, Path)
        model = MelodyRNN.from_preset(source)
        exported = comparison.ours.folder / "exported.mag"
        model.save_bundle(exported)
        network = model.config.network
        layout = network.attention_layout if network.attention_length else "no attention"
        name = f"{source.name if is_bundle else source} exported ({layout})"
        score(comparison, name, exported, source, melodies)


if __name__ == "__main__":
    main()
