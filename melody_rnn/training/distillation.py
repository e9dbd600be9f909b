"""Distillation: a student learns from what trained models say of each event, beside what the event is.

A teacher's softmax at a temperature T > 1 tells which wrong events are nearly right and which are not, as one event
does not. The student's own softmax at the same T is drawn towards it by the divergence

    D = sum_i p_i (log p_i - log q_i),    p = softmax(v / T), q = softmax(z / T),

with teacher's logits v and student's logits z. Its gradient dD/dz = (q - p) / T falls as 1 / T squared where T is high,
for there q - p is about (z - v) / (num_classes T). So D is multiplied by T squared, which keeps it in proportion to the
hard loss at any T:

    loss = (1 - weight) * hard + weight * T**2 * D.

Here p and q are of events: labels are summed to the events that they stand for, so that teachers and student may encode
differently. Of several teachers p is the mean.

Source: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2; mixtures of hard and soft targets are theirs too.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import keras
import tensorflow as tf

from melody_rnn.arrays import event_index
from melody_rnn.config import EncodingConfig, ModelConfig
from melody_rnn.encodings import Encoding, make_encoding
from melody_rnn.errors import InputFileError, InvalidArgumentError, ModelError
from melody_rnn.events import NUM_SPECIAL_EVENTS
from melody_rnn.files import resolved
from melody_rnn.model_source import find_model, magenta
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.presets import load_preset, make_network
from melody_rnn.sampling.softmax import softmax, sum_by_event, temper

# Below it a float32 probability has no logarithm.
_TINY: Final = 1e-30


@dataclass(frozen=True)
class Teacher:
    """A trained model that a student learns from.

    Attributes:
        path: The preset's folder or the bundle's file, absolute.
        config: The model.
        network: Its network.
        name: What it is called.
    """

    path: Path
    config: ModelConfig
    network: MelodyNetwork
    name: str = ""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of configuration and weights, as hexadecimal text."""
        digest = hashlib.sha256(self.config.to_json().encode())
        for name, weight in sorted(self.network.weights_by_name().items()):
            digest.update(name.encode() + weight.tobytes())
        return digest.hexdigest()


class View(NamedTuple):
    """A batch as a teacher's encoding shows it, from the second event on.

    Attributes:
        inputs: [batch, steps, input_size] float32.
        label_events: [batch, steps, num_classes] int32.
    """

    inputs: tf.Tensor
    label_events: tf.Tensor


def load_teacher(name_or_path: str | Path) -> Teacher:
    """Loads a teacher: a shipped model by name, any model's folder, or a Magenta bundle.

    Raises:
        ModelError: If there is no such model, or it is damaged.
        InputFileError: If a bundle cannot be read.
    """
    source = find_model(name_or_path)
    path = resolved(source.path)
    if not source.is_bundle:
        preset, network = load_preset(path)
        return Teacher(path, preset.config, network, source.name)
    bundle = magenta().read_bundle(path)
    network = make_network(bundle.config)
    network.assign_by_name(bundle.weights)
    return Teacher(path, bundle.config, network, source.name)


def check_teachers(config: ModelConfig, teachers: Sequence[Teacher]) -> None:
    """Fails if a teacher does not speak of the same events as the student.

    Raises:
        InvalidArgumentError: If so.
    """
    own = _events_of(config)
    for teacher in teachers:
        for name, value in _events_of(teacher.config).items():
            if value != own[name]:
                raise InvalidArgumentError(
                    f"teacher {teacher.path}: its {name} is {value} and the model's {own[name]}; "
                    f"a teacher must have the same {', '.join(own)}"
                )


def describe(teachers: Sequence[Teacher]) -> list[dict[str, str]]:
    """Returns teachers as JSON data; `load_described` is the inverse."""
    return [{"path": str(teacher.path), "digest": teacher.digest} for teacher in teachers]


def load_described(rows: Sequence[Mapping[str, str]]) -> list[Teacher]:
    """Loads the teachers that `describe` told of.

    Raises:
        InputFileError: If one is gone.
        InvalidArgumentError: If one is another model than it was.
    """
    teachers = []
    for row in rows:
        try:
            teacher = load_teacher(row["path"])
        except (InputFileError, ModelError) as error:
            raise InputFileError(
                f"the run's teacher cannot be read ({error}); put it back, or start a new run"
            ) from error
        if teacher.digest != row["digest"]:
            raise InvalidArgumentError(
                f"teacher {teacher.path}: another model than when the run began; put that one back, or start a new run"
            )
        teachers.append(teacher)
    return teachers


class Distillation:
    """Teachers at work: their networks on the devices that train, and the divergence of a student from them.

    A plain object, so that Keras does not take the teachers' weights for the student's.

    Attributes:
        encodings: The teachers' encodings that are not the student's, each once. What batches hold of each is a `View`,
            in this order.
        temperature: T.
        weight: Of the soft targets, in [0, 1].
        mean: The mean divergence of an epoch's events at temperature T, in nats, as Keras's metric `divergence`.
    """

    def __init__(
        self, teachers: Sequence[Teacher], encoding: Encoding, temperature: float, weight: float, mixed_precision: bool
    ) -> None:
        """Sets teachers to work; to be called in the strategy's scope.

        Args:
            teachers: At least one, of the student's events.
            encoding: The student's.
            temperature: Above 0.
            weight: In [0, 1].
            mixed_precision: Whether LSTM layers compute in float16 on a GPU.
        """
        self.temperature, self.weight = temperature, weight
        self.mean = keras.metrics.Mean(name="divergence")
        self._config = encoding.config
        configs = dict.fromkeys(teacher.config.encoding for teacher in teachers)
        configs.pop(encoding.config, None)
        self.encodings = [make_encoding(config) for config in configs]
        self._networks: list[tuple[EncodingConfig, MelodyNetwork]] = [
            (teacher.config.encoding, _at_work(teacher, mixed_precision)) for teacher in teachers
        ]

    def soft_targets(self, own: View, views: Sequence[View]) -> tf.Tensor:
        """Returns the mean of the teachers' probabilities of each event at temperature T.

        Args:
            own: The batch in the student's encoding.
            views: The same in each of `encodings`.

        Returns:
            [batch, steps, num_events] float32, by the events' indices in the model's range.
        """
        by_config = {self._config: own}
        by_config |= {encoding.config: view for encoding, view in zip(self.encodings, views, strict=True)}
        probabilities = []
        for config, network in self._networks:
            view = by_config[config]
            # Without dropout training is the same as not, but faster on a CPU.
            logits = network(view.inputs, training=True)
            probabilities.append(self._event_probabilities(logits, view.label_events))
        return tf.stop_gradient(tf.add_n(probabilities) / len(probabilities))

    def mix(
        self, hard: tf.Tensor, logits: tf.Tensor, label_events: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """Returns the loss of hard and soft targets together; the metric takes in the whole batch's divergence.

        Args:
            hard: [] float32, this device's nats over the number of the whole batch's events.
            logits: [batch, steps, num_classes] float32, the student's.
            label_events: [batch, steps, num_classes] int32, the student's.
            targets: [batch, steps, num_events] float32, of `soft_targets`.
            weights: [batch, steps] float32, 1 for an event and 0 for padding.
        """
        own = self._event_probabilities(logits, label_events)
        divergence = tf.reduce_sum(targets * (_log(targets) - _log(own)), axis=-1)
        sums = tf.stack([tf.reduce_sum(divergence * weights), tf.reduce_sum(weights)])
        total, count = tf.unstack(tf.distribute.get_replica_context().all_reduce("SUM", tf.stop_gradient(sums)))
        self.mean.update_state(tf.math.divide_no_nan(total, count), count)
        return (1 - self.weight) * hard + self.weight * self.temperature**2 * sums[0] / count

    def _event_probabilities(self, logits: tf.Tensor, label_events: tf.Tensor) -> tf.Tensor:
        low, high = self._config.min_note, self._config.max_note
        tempered = temper(tf.reshape(logits, [-1, logits.shape[-1]]), self.temperature)
        probabilities = tf.reshape(softmax(tempered), tf.shape(logits))
        return sum_by_event(probabilities, event_index(label_events, low), NUM_SPECIAL_EVENTS + high - low)


def _at_work(teacher: Teacher, mixed_precision: bool) -> MelodyNetwork:
    """Returns a copy of a teacher's network, without dropout, with variables where the strategy wants them."""
    network = make_network(replace(teacher.config, network=replace(teacher.config.network, dropout=0.0)))
    network.assign_by_name(teacher.network.weights_by_name())
    network.trainable = False
    if mixed_precision:
        for layer in network.lstms:
            layer.use_mixed_precision()
    return network


def _events_of(config: ModelConfig) -> dict[str, Any]:
    encoding = config.encoding
    return {
        "min_note": encoding.min_note,
        "max_note": encoding.max_note,
        "transpose_to_key": config.transpose_to_key,
        "steps_per_quarter": config.steps_per_quarter,
    }


def _log(probabilities: tf.Tensor) -> tf.Tensor:
    return tf.math.log(tf.maximum(probabilities, _TINY))
