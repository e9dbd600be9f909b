"""The network as Keras trains it: the loss, the step, and the metrics under Magenta's names."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.sampling.softmax import event_log_likelihoods, log_softmax
from melody_rnn.training.distillation import Distillation, View

_MEANS = ("nats", "accuracy", "event_accuracy", "no_event_accuracy")


class Trainee(keras.Model):
    """A network with the loss of its encoding: nats a label, or nats an event where the encoding sums its labels.

    Metrics, all over the events of an epoch: `loss` (nats), `perplexity`, `accuracy` (of labels, or of the events that
    they stand for where the encoding sums them), `event_accuracy` and `no_event_accuracy` (where the label is not, or
    is, 'no event'). With teachers `divergence` too; `loss` is without them all the same.

    On several devices each has a share of a batch's melodies. Loss, gradients and metrics are those of the whole
    batch, so that the devices do together what one would do alone.

    Source: Magenta's models/shared/events_rnn_graph.py. Its `loss_per_step` and `perplexity_per_step` count a melody's
    event as a step, so they are the same as `loss` and `perplexity`.
    """

    def __init__(
        self,
        network: MelodyNetwork,
        encoding: Encoding,
        clip_norm: float = math.inf,
        distillation: Distillation | None = None,
        trained_inputs: NDArray[np.bool_] | None = None,
    ) -> None:
        """Wraps a network.

        Args:
            network: What is trained.
            encoding: Its encoding.
            clip_norm: Largest norm of each variable's gradient.
            distillation: The teachers, if there are any.
            trained_inputs: [input_size], the inputs whose weights in the embedding are all that is trained; all weights
                of the network where not given.
        """
        super().__init__()
        self.network = network
        self.encoding = encoding
        self._clip_norm = clip_norm
        self._distillation = distillation
        self._means = {name: keras.metrics.Mean(name=name) for name in _MEANS}
        self._trained_rows: tf.Tensor | None = None
        if trained_inputs is not None:
            assert network.embedding_layer is not None
            self._trained_rows = tf.constant(trained_inputs[:, np.newaxis], tf.float32)
            for layer in network.layers:
                layer.trainable = layer is network.embedding_layer
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the network's logits."""
        return self.network(inputs, training=training)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Does nothing: all is built. Keras would take a batch's mean over the devices, which fails over machines."""

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What Keras resets each epoch."""
        return [*self._means.values(), *([self._distillation.mean] if self._distillation else [])]

    def train_step(self, data: Any) -> Mapping[str, tf.Tensor]:
        """Takes a step of the optimizer, gradients clipped after all devices' are added up."""
        inputs, truth, weights, *taught = data
        label_events, distillation = truth[2], self._distillation
        if distillation:
            soft_weights, *views = taught
            targets = distillation.soft_targets(View(inputs, label_events), [View(*view) for view in views])
        with tf.GradientTape() as tape:
            logits = self(inputs, training=True)
            loss = self.compute_loss(inputs, truth, logits, weights)
            if distillation:
                loss = distillation.mix(loss, logits, label_events, targets, soft_weights)
            loss = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        replica = tf.distribute.get_replica_context()
        gradients = replica.all_reduce("SUM", tape.gradient(loss, variables))
        if self._trained_rows is not None:
            gradients = [gradient * self._trained_rows for gradient in gradients]
        limit = self.optimizer.scale_loss(tf.constant(self._clip_norm))
        # The optimizer adds up what the devices give it.
        clipped = [tf.clip_by_norm(gradient, limit) / replica.num_replicas_in_sync for gradient in gradients]
        self.optimizer.apply(clipped, variables)
        return self._results({"divergence": distillation.mean.result()} if distillation else {})

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the nats of this device's events, over the number of the whole batch's.

        The metrics take in those of the whole batch.
        """
        events, labels, label_events = y
        log_probabilities = log_softmax(y_pred)
        likeliest = tf.argmax(y_pred, axis=-1, output_type=tf.int32)
        if self.encoding.sums_labels:
            nats = -event_log_likelihoods(log_probabilities, label_events, events)
            is_right = tf.gather(label_events, likeliest, axis=2, batch_dims=2) == events
        else:
            nats = -tf.gather(log_probabilities, labels, axis=2, batch_dims=2)
            is_right = likeliest == labels
        is_right = tf.cast(is_right, tf.float32)
        no_event = sample_weight * tf.cast(labels == self.encoding.no_event_label, tf.float32)
        # Rows of a value and the weight by which it counts, in the order of the metrics.
        rows = [(nats, sample_weight), (is_right, sample_weight)]
        rows += [(is_right, sample_weight - no_event), (is_right, no_event)]
        own = tf.stack([[tf.reduce_sum(value * weight), tf.reduce_sum(weight)] for value, weight in rows])
        totals = tf.distribute.get_replica_context().all_reduce("SUM", tf.stop_gradient(own))
        for mean, total in zip(self._means.values(), tf.unstack(totals), strict=True):
            mean.update_state(tf.math.divide_no_nan(total[0], total[1]), total[1])
        return own[0, 0] / totals[0, 1]

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Mapping[str, tf.Tensor]:
        """Returns the epoch's metrics so far, but for the teachers', whom no validation asks."""
        return self._results({})

    def _results(self, others: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        results = {name: mean.result() for name, mean in self._means.items()}
        loss = results.pop("nats")
        results = {"loss": loss, "perplexity": tf.exp(loss), **results, **others}
        if isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean of these over their first axis, with several machines alone.
            return {name: value[tf.newaxis] for name, value in results.items()}
        return results
