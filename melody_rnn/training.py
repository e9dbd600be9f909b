"""Training a model on a dataset with Keras's `fit`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from note_seq import Melody
from numpy.typing import NDArray

from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.encodings import Encoding, make_encoding
from melody_rnn.events import NO_EVENT
from melody_rnn.music.melodies import squash
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.presets import Preset, make_network

BATCH_SIZE = 64
LEARNING_RATE = 2e-3
CLIP_NORM = 5.0


def train(
    config: ModelConfig, dataset: Dataset, epochs: int, seed: int, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> tuple[Preset, MelodyNetwork]:
    """Trains a model on a dataset's train split, keeping the weights that are best on its validation split.

    Args:
        config: The model.
        dataset: Melodies; each is squashed into the model's range and key.
        epochs: How often the train split is seen.
        seed: Of the fresh weights, the dropout and the order of batches.
        callbacks: More Keras callbacks.

    Returns:
        The preset and its trained network.
    """
    keras.utils.set_random_seed(seed)
    encoding = make_encoding(config.encoding)
    train_melodies, validation_melodies = (
        squash_all(config, dataset.split(split)) for split in ("train", "validation")
    )
    batches, validation = batches_of(encoding, train_melodies, seed), batches_of(encoding, validation_melodies)
    network = make_network(config)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * int(batches.cardinality()))
    network.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=CLIP_NORM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # XLA makes Keras's LSTM more than twice as slow in training on a CPU.
        jit_compile=False,
        weighted_metrics=[keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nats_per_event")],
    )
    best = _KeepBest()
    network.fit(batches, epochs=epochs, validation_data=validation, verbose=2, callbacks=[best, *callbacks])
    # A network of its own, without the optimizer's state, which would treble the file.
    trained = make_network(config)
    trained.set_weights(network.get_weights())
    return Preset(config, opening_pitches(train_melodies)), trained


def squash_all(config: ModelConfig, melodies: Sequence[StoredMelody]) -> list[StoredMelody]:
    """Returns melodies in a model's range and key."""
    encoding = config.encoding
    moved = []
    for melody in melodies:
        squashed, _ = squash(
            Melody(melody.events.tolist()), encoding.min_note, encoding.max_note, config.transpose_to_key
        )
        moved.append(replace(melody, events=np.array(list(squashed), np.int8)))
    return moved


def opening_pitches(melodies: Sequence[StoredMelody]) -> dict[int, float]:
    """Returns the share of each pitch among the first events of melodies that begin on the first beat."""
    counts = Counter(int(melody.events[0]) for melody in melodies if melody.events[0] >= 0)
    total = sum(counts.values())
    return {pitch: count / total for pitch, count in sorted(counts.items())}


def batches_of(encoding: Encoding, melodies: Sequence[StoredMelody], seed: int | None = None) -> tf.data.Dataset:
    """Returns batches of (inputs, labels, weights) for Keras, melodies of like length together.

    Args:
        encoding: How melodies are encoded.
        melodies: In the model's range.
        seed: Of the order of batches, which is another each epoch; None leaves them by length.

    Returns:
        inputs [batch, steps, input_size] float32; labels [batch, steps] int32 of the events after them; weights
        [batch, steps] float32, 1 for events and 0 for padding.
    """
    by_length = sorted(melodies, key=lambda melody: (len(melody.events), melody.id))
    padded = list(_pad(by_length))

    def generate() -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]]:
        yield from padded

    signature = (
        tf.TensorSpec([None, None], tf.int32),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([None, None], tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(generate, output_signature=signature)

    def encode(events: tf.Tensor, steps_per_bar: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
        inputs, labels, _ = encoding.encode(events, steps_per_bar)
        return tf.ensure_shape(inputs[:, :-1], [None, None, encoding.input_size]), labels[:, 1:], weights[:, 1:]

    encoded = dataset.map(encode).apply(tf.data.experimental.assert_cardinality(len(padded))).cache()
    return encoded if seed is None else encoded.shuffle(len(padded), seed=seed)


def _pad(
    melodies: Sequence[StoredMelody],
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]]:
    for start in range(0, len(melodies), BATCH_SIZE):
        batch = melodies[start : start + BATCH_SIZE]
        events = np.full((len(batch), max(len(melody.events) for melody in batch)), NO_EVENT, np.int32)
        weights = np.zeros(events.shape, np.float32)
        for row, row_weights, melody in zip(events, weights, batch, strict=True):
            row[: len(melody.events)] = melody.events
            row_weights[: len(melody.events)] = 1.0
        yield events, np.array([melody.steps_per_bar for melody in batch], np.int32), weights


class _KeepBest(keras.callbacks.Callback):
    """Gives the network the weights of its best epoch when training ends."""

    def __init__(self) -> None:
        super().__init__()
        self._lowest = float("inf")
        self._weights: list[NDArray[np.float32]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        nats = (logs or {})["val_nats_per_event"]
        if nats < self._lowest:
            self._lowest, self._weights = nats, self.model.get_weights()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.model.set_weights(self._weights)
