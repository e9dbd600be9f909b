"""The network as Keras trains it: the loss, and the metrics under Magenta's names."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from melody_rnn.encodings import Encoding
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.sampling.temperature import event_log_likelihoods, log_softmax


class Trainee(keras.Model):
    """A network with the loss of its encoding: nats a label, or nats an event where the encoding sums its labels.

    Metrics, all over the events of an epoch: `loss` (nats), `perplexity`, `accuracy` (of labels, or of the events that
    they stand for where the encoding sums them), `event_accuracy` and `no_event_accuracy` (where the label is not, or
    is, 'no event').

    Source: Magenta's models/shared/events_rnn_graph.py. Its `loss_per_step` and `perplexity_per_step` count a melody's
    event as a step, so they are the same as `loss` and `perplexity`.
    """

    def __init__(self, network: MelodyNetwork, encoding: Encoding) -> None:
        """Wraps a network."""
        super().__init__()
        self.network = network
        self._sums_labels = encoding.sums_labels
        self._no_event_label = encoding.no_event_label
        names = ("nats", "accuracy", "event_accuracy", "no_event_accuracy")
        self._means = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the network's logits."""
        return self.network(inputs, training=training)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What Keras resets each epoch."""
        return list(self._means.values())

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the mean nats over a batch's events, and counts them towards the epoch's metrics."""
        events, labels, label_events = y
        log_probabilities = log_softmax(y_pred)
        likeliest = tf.argmax(y_pred, axis=-1, output_type=tf.int32)
        if self._sums_labels:
            nats = -event_log_likelihoods(log_probabilities, label_events, events)
            is_right = tf.gather(label_events, likeliest, axis=2, batch_dims=2) == events
        else:
            nats = -tf.gather(log_probabilities, labels, axis=2, batch_dims=2)
            is_right = likeliest == labels
        is_right = tf.cast(is_right, tf.float32)
        no_event = tf.cast(labels == self._no_event_label, tf.float32)
        self._means["nats"].update_state(nats, sample_weight)
        self._means["accuracy"].update_state(is_right, sample_weight)
        self._means["event_accuracy"].update_state(is_right, sample_weight * (1 - no_event))
        self._means["no_event_accuracy"].update_state(is_right, sample_weight * no_event)
        return tf.reduce_sum(nats * sample_weight) / tf.reduce_sum(sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Mapping[str, tf.Tensor]:
        """Returns the epoch's metrics so far."""
        results = {name: mean.result() for name, mean in self._means.items()}
        loss = results.pop("nats")
        return {"loss": loss, "perplexity": tf.exp(loss), **results}
