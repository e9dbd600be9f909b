"""What is seen of a run while it goes on: figures for the one who waits, and for TensorBoard under Magenta's names.

Source: Magenta's models/shared/events_rnn_train.py and events_rnn_graph.py.
"""

import io
import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import soundfile
import soxr
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.data.squashing import squash_all
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import OutputError
from melody_rnn.files import reason
from melody_rnn.formats.audio import SAMPLE_RATE, Samples, render
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.loop import SamplingLoop
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.presets import MIDDLE_C
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.training.batches import evaluation_batches
from melody_rnn.training.trainee import Trainee
from melody_rnn.tunes.piano_roll import picture_bytes, plot_piano_roll
from melody_rnn.tunes.tune import Tune

NUM_PICTURES: Final = 2
_PICTURE_STEPS: Final = 128
# TensorBoard shrinks wider pictures until their notes are gone.
_BARS_PER_ROW: Final = 4
_FOLDERS: Final = {"": "train", "val_": "eval"}
Figures = Mapping[str, float]


class SummaryWriter:
    """An event file, which TensorBoard reads; writing one needs no TensorBoard.

    It is a TFRecord of Event protos, the first of which tells the version.
    """

    def __init__(self, folder: Path) -> None:
        """Opens a new file in a folder, which is made if it is not there.

        Raises:
            OutputError: If it cannot be written; so do all methods.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made ({error.strerror})") from error
        self._path = folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"
        with self._writing():
            self._writer = tf.io.TFRecordWriter(os.fsencode(self._path))
        self._add(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def write(self, step: int, figures: Figures) -> None:
        """Writes figures of a step: `loss` as it is called, the others as `metrics/...`."""
        tags = {name if name == "loss" else f"metrics/{name}": value for name, value in figures.items()}
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in tags.items()]
        summary = tf.compat.v1.Summary(value=values)
        self._add(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def write_picture(self, step: int, tag: str, png: bytes) -> None:
        """Writes a picture of a step, a PNG file's bytes."""
        height, width, _ = tf.io.decode_png(png).shape
        image = tf.compat.v1.Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=png)
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=tag, image=image)])
        self._add(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def write_sound(self, step: int, tag: str, samples: Samples) -> None:
        """Writes a sound of a step: one channel of it, at half its rate, which is enough to judge a melody by."""
        rate = SAMPLE_RATE // 2
        mono = soxr.resample(samples.mean(axis=1), SAMPLE_RATE, rate)
        buffer = io.BytesIO()
        soundfile.write(buffer, mono, rate, "PCM_16", format="WAV")
        sound = tf.compat.v1.Summary.Audio(
            sample_rate=rate,
            num_channels=1,
            length_frames=len(mono),
            encoded_audio_string=buffer.getvalue(),
            content_type="audio/wav",
        )
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=tag, audio=sound)])
        self._add(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def _add(self, event: Any) -> None:
        with self._writing():
            self._writer.write(event.SerializeToString())
            self._writer.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            raise OutputError(f"{self._path}: cannot be written ({reason(error)})") from error


class Summaries(keras.callbacks.Callback):
    """Tells a run's figures every so many steps: their means since they were told last."""

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
        # Of each of Keras's means: what it had when it was read last, and what has come in since the last report.
        self._read: dict[str, NDArray[np.float64]] = {}
        self._new: dict[str, NDArray[np.float64]] = {}
        self._is_open = True

    def on_epoch_begin(self, epoch: int, logs: Figures | None = None) -> None:
        """Begins anew with Keras's means."""
        self._read, self._is_open = {}, True

    def on_test_begin(self, logs: Figures | None = None) -> None:
        """Takes in the epoch's last steps before validation counts in the same means."""
        self._close()

    def on_epoch_end(self, epoch: int, logs: Figures | None = None) -> None:
        """Takes in the epoch's last steps."""
        self._close()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the step, and tells the figures if it is time."""
        self._step += 1
        if self._step % self._frequency == 0:
            figures = {name: float(value) for name, value in (logs or {}).items()}
            figures |= self._means()
            self._writer.write(self._step, figures)
            self._tell(self._step, figures)

    def _close(self) -> None:
        if self._is_open:
            self._take_in()
        self._is_open = False

    def _take_in(self) -> None:
        for mean in self.model.metrics:
            now = np.array([float(mean.total), float(mean.count)])
            new = now - self._read.get(mean.name, np.zeros(2))
            self._new[mean.name] = self._new.get(mean.name, np.zeros(2)) + new
            self._read[mean.name] = now

    def _means(self) -> dict[str, float]:
        self._take_in()
        means = {name: float(total / max(count, 1.0)) for name, (total, count) in self._new.items()}
        self._new = {}
        loss = means.pop("nats")
        return {**means, "loss": loss, "perplexity": math.exp(loss)}


class EpochSummaries(keras.callbacks.Callback):
    """Writes each epoch's figures to a run's folders `train` and `eval`, and every few epochs what the model sings.

    That is heard, and seen as piano rolls: melodies sampled at temperature 1, with the same random numbers each time,
    so that those of different epochs compare.
    """

    def __init__(self, run_dir: Path, picture_epochs: int = 5) -> None:
        """Makes the callback.

        Args:
            run_dir: The run's folder.
            picture_epochs: Epochs from one set of pictures to the next.
        """
        super().__init__()
        self._run_dir, self._picture_epochs = run_dir, picture_epochs
        self._singer: tuple[MelodyNetwork, SamplingLoop] | None = None

    def on_train_begin(self, logs: Figures | None = None) -> None:
        """Opens the files."""
        self._writers = {prefix: SummaryWriter(self._run_dir / name) for prefix, name in _FOLDERS.items()}

    def on_epoch_end(self, epoch: int, logs: Figures | None = None) -> None:
        """Writes the epoch's figures, and pictures where it is time for them."""
        step = int(self.model.optimizer.iterations.numpy())
        rows: dict[str, dict[str, float]] = {prefix: {} for prefix in _FOLDERS}
        for name, value in (logs or {}).items():
            prefix = "val_" if name.startswith("val_") else ""
            rows[prefix][name.removeprefix(prefix)] = float(value)
        for prefix, figures in rows.items():
            if figures:
                per_step = {f"{name}_per_step": figures[name] for name in ("loss", "perplexity")}
                self._writers[prefix].write(step, {**figures, **per_step})
        if (epoch + 1) % self._picture_epochs == 0:
            for number, tune in enumerate(self._sung(), start=1):
                picture = picture_bytes(plot_piano_roll(tune, f"{len(tune.pitches)} notes", _BARS_PER_ROW))
                self._writers["val_"].write_picture(step, f"melody_{number}", picture)
                # Plain tones need no soundfont.
                self._writers["val_"].write_sound(step, f"sound_{number}", render(tune.to_sequence(), "sine"))

    def _sung(self) -> Iterator[Tune]:
        network, encoding = self.model.network, self.model.encoding
        if self._singer is None:
            # A copy, compiled once, that is given the weights anew each time.
            copy = MelodyNetwork(network.config, encoding.input_size, encoding.num_classes)
            self._singer = copy, SamplingLoop(encoding, copy)
        copy, loop = self._singer
        copy.set_weights(network.get_weights())
        config = encoding.config
        opening = min(range(config.min_note, config.max_note), key=lambda pitch: abs(pitch - MIDDLE_C))
        start = Start.of_streams(np.full((NUM_PICTURES, 1), opening, np.int32), _PICTURE_STEPS - 1, config)
        sampled = loop(start, _PICTURE_STEPS - 1, SamplerSettings().controls(NUM_PICTURES), seed=0)
        for events in np.concatenate([start.events, sampled], axis=1).tolist():
            yield Tune(tuple(events))


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
