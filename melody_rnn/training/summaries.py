"""Figures of a run while it goes on: for the one who waits, and for TensorBoard under Magenta's names.

Source: Magenta's models/shared/events_rnn_train.py and events_rnn_graph.py.
"""

import math
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import OutputError
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.training.batches import evaluation_batches, squash_all
from melody_rnn.training.trainee import Trainee

Figures = Mapping[str, float]


class SummaryWriter:
    """An event file, which TensorBoard reads; writing one needs no TensorBoard.

    It is a TFRecord of Event protos, the first of which tells the version.
    """

    def __init__(self, folder: Path) -> None:
        """Opens a new file in a folder, which is made if it is not there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made ({error.strerror})") from error
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"
        self._writer = tf.io.TFRecordWriter(str(folder / name))
        self._add(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def write(self, step: int, figures: Figures) -> None:
        """Writes figures of a step: `loss` as it is called, the others as `metrics/...`."""
        tags = {name if name == "loss" else f"metrics/{name}": value for name, value in figures.items()}
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in tags.items()]
        summary = tf.compat.v1.Summary(value=values)
        self._add(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def _add(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        self._writer.flush()


class Summaries(keras.callbacks.Callback):
    """Tells a run's figures every so many steps."""

    def __init__(
        self, writer: SummaryWriter, frequency: int, first_step: int, tell: Callable[[int, Figures], None]
    ) -> None:
        """Makes the callback.

        Args:
            writer: Takes the figures, for TensorBoard.
            frequency: Steps from one time to the next.
            first_step: Steps of the run so far.
            tell: Called with the step and the figures.
        """
        super().__init__()
        self._writer, self._frequency, self._step, self._tell = writer, frequency, first_step, tell

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the step, and tells the figures if it is time."""
        self._step += 1
        if self._step % self._frequency == 0:
            figures = {name: float(value) for name, value in (logs or {}).items()}
            self._writer.write(self._step, figures)
            self._tell(self._step, figures)


def measure(
    config: ModelConfig, network: MelodyNetwork, melodies: Sequence[StoredMelody], batch_size: int
) -> dict[str, float]:
    """Returns the figures that training reports, of a trained network on melodies, without dropout.

    Args:
        config: The model.
        network: Its network.
        melodies: At least one; each is squashed into the model's range and key.
        batch_size: Melodies at once.
    """
    encoding = make_encoding(config.encoding)
    trainee = Trainee(network, encoding)
    trainee.compile(jit_compile=False)
    batches = evaluation_batches(encoding, squash_all(config, melodies), batch_size)
    figures: dict[str, float] = trainee.evaluate(batches, verbose=0, return_dict=True)
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}
