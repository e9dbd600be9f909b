"""Building training files and training, beside the original Magenta's on the same tunes in the same run.

usage: python benchmarks/training.py --magenta ENVIRONMENT [--models NAME ...] [--steps N] [--work FOLDER]
       python benchmarks/training.py --layers [--models NAME ...]

ENVIRONMENT is a folder with the original Magenta 2.1.4. For each model both programs turn the same file of
NoteSequences, the train split of corpus:tunebooks, into what they train on, as whole processes; ours finds the splits
without leaks in that time too. Then both train for N steps at the original's settings (two layers of 128, batches of
128). Prints training steps a second (medians, of the original's own reports and of our epochs after the first, in which
loops are compiled) and nats on the test split, both models scored by ours.

With --layers, how much longer a step of training takes on a CPU by Keras's own layers than by `network.recurrence`:
medians of turns in one process, of the time on the wall and of the processor's, for batches of 128 melodies and 128
steps.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS, MAGENTA_NAMES
from melody_rnn.data import dataset as datasets
from melody_rnn.data.build import build_dataset
from melody_rnn.data.dataset import Dataset
from melody_rnn.evaluation.evaluate import evaluate
from melody_rnn.network import recurrence
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.presets import make_network
from melody_rnn.training import train
from melody_rnn.training.settings import SETTINGS

HPARAMS = "batch_size=128,rnn_layer_sizes=[128,128]"
SUMMARY_STEPS = 5
REPORT = re.compile(r"global_step/sec: ([0-9.]+)")
MEGABYTE = 1e6
BATCH_SHAPE = (128, 128)
NUM_TURNS = 9


def main() -> None:
    """Builds, trains and scores every model with both programs and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--magenta", type=Path)
    way.add_argument("--layers", action="store_true")
    parser.add_argument("--models", nargs="*", choices=MAGENTA_NAMES, default=list(MAGENTA_NAMES))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--work", type=Path, default=Path("runs/training_benchmark"))
    arguments = parser.parse_args()
    if arguments.layers:
        compare_layers(arguments.models)
        return
    arguments.work.mkdir(parents=True, exist_ok=True)
    folder = arguments.work / "tunebooks"
    if not folder.exists():
        build_dataset(["corpus:tunebooks"], folder)
    dataset = datasets.load(folder)
    sequences = arguments.work / "notesequences.tfrecord"
    num_sequences = write_sequences(dataset, sequences)
    print(f"{num_sequences} melodies of the train split; {arguments.steps} steps")
    for name in arguments.models:
        measure(name, arguments.magenta, dataset, sequences, arguments.work / name, arguments.steps)


def compare_layers(names: list[str]) -> None:
    """Prints how many times as long Keras's layers take for a step of each model at the original's size."""
    table = Table("", "on the wall", "of the processor", title="Keras's own layers against network.recurrence")
    for name in names:
        config = replace(CONFIGS[name], network=replace(CONFIGS[name].network, layer_sizes=(128, 128)))
        steps = {}
        for way in (recurrence.enable, recurrence.disable):
            way()
            network = make_network(config)
            network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
            steps[way] = partial(network.train_on_batch, *random_batch(network))
            steps[way]()
        turns = [[seconds(steps[way]) for way in (recurrence.enable, recurrence.disable)] for _ in range(NUM_TURNS)]
        ours, others = (np.median(times, axis=0) for times in zip(*turns, strict=True))
        table.add_row(name, *(f"{ratio:.2f}" for ratio in others / ours))
    Console().print(table)


def random_batch(network: MelodyNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs and labels of a batch."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(*BATCH_SHAPE, network.input_size)).astype(np.float32)
    return inputs, rng.integers(0, network.num_classes, BATCH_SHAPE)


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Returns the seconds of some work, on the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(name: str, magenta: Path, dataset: Dataset, sequences: Path, work: Path, steps: int) -> None:
    """Prints the figures of one model, the original's and ours."""
    shutil.rmtree(work, ignore_errors=True)
    examples, build_seconds = create_examples(magenta, name, sequences, work)
    our_build_seconds, our_size = build_ours(sequences, work / "dataset")
    size = examples.stat().st_size
    original_rate, bundle = train_original(magenta, name, examples, work, steps)
    examples.unlink()
    our_rate, model = train_ours(name, dataset, work / "ours", steps)
    table = Table("", "file, seconds", "file, MB", "steps/s", "label nats", "event nats", title=name)
    for title, loaded, figures in (
        ("Magenta", MelodyRNN.from_bundle(bundle), (build_seconds, size / MEGABYTE, original_rate)),
        ("melody_rnn", MelodyRNN.from_preset(model), (our_build_seconds, our_size / MEGABYTE, our_rate)),
    ):
        row = evaluate(loaded, title, dataset).scores[0]
        nats = (f"{row.label_nats_per_event:.4f}", f"{row.nats_per_event:.4f}")
        table.add_row(title, *(f"{figure:.2f}" for figure in figures), *nats)
    console = Console(width=120)
    console.print(table)
    console.print(
        f"{name}: training file {build_seconds / our_build_seconds:.1f} times as fast and 1/{size / our_size:.0f} of "
        f"the size; {our_rate / original_rate:.1f} times Magenta's steps a second\n",
        highlight=False,
    )


def write_sequences(dataset: Dataset, path: Path) -> int:
    """Writes the train split as a TFRecord of NoteSequences and returns how many there are."""
    melodies = dataset.split("train")
    with tf.io.TFRecordWriter(str(path)) as writer:
        for melody in melodies:
            sequence = melody.tune.to_sequence()
            sequence.id = sequence.filename = melody.id
            writer.write(sequence.SerializeToString())
    return len(melodies)


def create_examples(magenta: Path, name: str, sequences: Path, work: Path) -> tuple[Path, float]:
    """Runs the original's melody_rnn_create_dataset; returns its training file and the seconds that it took."""
    start = time.perf_counter()
    options = [f"--input={sequences}", f"--output_dir={work / 'examples'}", "--eval_ratio=0"]
    run([magenta / "bin" / "melody_rnn_create_dataset", f"--config={name}", *options])
    return work / "examples" / "training_melodies.tfrecord", time.perf_counter() - start


def build_ours(sequences: Path, folder: Path) -> tuple[float, int]:
    """Builds our dataset of the same NoteSequences; returns the seconds that it took and its bytes."""
    start = time.perf_counter()
    program = Path(sys.executable).with_name("melody-rnn")
    subprocess.run(
        [program, "dataset", "build", "--input", sequences, "--output", folder], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def train_original(magenta: Path, name: str, examples: Path, work: Path, steps: int) -> tuple[float, Path]:
    """Runs the original's melody_rnn_train; returns its steps a second and a bundle of what it learnt."""
    options = [f"--config={name}", f"--run_dir={work / 'original'}", f"--hparams={HPARAMS}"]
    data = [f"--sequence_example_file={examples}", f"--num_training_steps={steps}"]
    program = magenta / "bin" / "melody_rnn_train"
    log = run([program, *options, *data, f"--summary_frequency={SUMMARY_STEPS}"])
    rates = [float(rate) for rate in REPORT.findall(log)]
    bundle = work / "original.mag"
    run([magenta / "bin" / "melody_rnn_generate", *options, f"--bundle_file={bundle}", "--save_generator_bundle"])
    # The first report counts the start.
    return statistics.median(rates[1:]), bundle


def run(command: list[object]) -> str:
    """Runs a program of the original's and returns what it logs."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run(
        list(map(str, command)),
        check=True,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    ).stderr


class Clock(keras.callbacks.Callback):
    """Notes when each step ends, and how long validation takes, which is no training."""

    def __init__(self) -> None:
        """Starts with no step."""
        super().__init__()
        self.seconds: list[list[float]] = []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Opens an epoch."""
        self.seconds.append([time.perf_counter()])

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Notes the time."""
        self.seconds[-1].append(time.perf_counter())

    def steps_per_second(self) -> float:
        """Returns the median over all epochs but the first, and but one that ended before its time."""
        longest = max(map(len, self.seconds))
        whole = [times for times in self.seconds[1:] if len(times) == longest] or self.seconds[1:]
        return statistics.median((len(times) - 1) / (times[-1] - times[0]) for times in whole)


def train_ours(name: str, dataset: Dataset, run_dir: Path, steps: int) -> tuple[float, Path]:
    """Trains with the original's settings; returns steps a second and the model's folder."""
    clock = Clock()
    settings = replace(SETTINGS[name], steps=steps, epochs=2**31 - 1)
    result = train(CONFIGS[name], settings, dataset, run_dir, callbacks=[clock])
    return clock.steps_per_second(), result.model


if __name__ == "__main__":
    main()
