"""The last events of each melody, and what the lookback labels make of them."""

from typing import NamedTuple

import tensorflow as tf

from melody_rnn.config import EncodingConfig
from melody_rnn.events import NO_EVENT

ABSENT = NO_EVENT - 1
"""What lies before a melody's start."""


class History(NamedTuple):
    """The last events.

    Attributes:
        events: [batch, reach] int32, the newest last; `ABSENT` before the melody's start.
        distances: [batch, num_lookbacks] int32 in steps, or [num_lookbacks] where they are the same for every melody.
    """

    events: tf.Tensor
    distances: tf.Tensor

    def append(self, event: tf.Tensor) -> "History":
        """Returns the history after `event` [batch] int32."""
        return self._replace(events=tf.concat([self.events[:, 1:], event[:, tf.newaxis]], axis=1))

    def lookbacks(self) -> tf.Tensor:
        """Returns what lies each distance before the next event, [batch, num_lookbacks] int32, maybe `ABSENT`."""
        columns = self.events.shape[1] - self.distances
        return tf.gather(self.events, columns, axis=1, batch_dims=len(columns.shape) - 1)

    def ago(self, distance: tf.Tensor) -> tf.Tensor:
        """Returns what lies a distance [batch] before the next event, [batch] int32; `ABSENT` for 0 or too far."""
        reach = self.events.shape[1]
        is_known = (distance > 0) & (distance <= reach)
        column = reach - tf.where(is_known, distance, 1)
        return tf.where(is_known, tf.gather(self.events, column, axis=1, batch_dims=1), ABSENT)

    def is_repeating(self, event: tf.Tensor) -> tf.Tensor:
        """Returns whether `event` [batch], as the next one, repeats each lookback, [batch, num_lookbacks] float32."""
        return tf.cast(self.lookbacks() == event[:, tf.newaxis], tf.float32)

    def lookback_events(self) -> tf.Tensor:
        """Returns the event for each lookback label, [batch, num_lookbacks] int32: none before the melody's start."""
        return tf.maximum(self.lookbacks(), NO_EVENT)

    def label(self, event: tf.Tensor, plain_label: tf.Tensor, first_label: int) -> tf.Tensor:
        """Returns the label of the furthest lookback that `event` repeats, else the plain one.

        Args:
            event: [batch] int32, the next event.
            plain_label: [batch] int32, its label without lookbacks.
            first_label: Label of the first lookback.

        Returns:
            [batch] int32. Only the furthest lookback counts what lies before the start as 'no event'.
        """
        label, lookbacks = plain_label, self.lookbacks()
        last = lookbacks.shape[1] - 1
        for i in range(last + 1):
            past = lookbacks[:, i] if i < last else tf.maximum(lookbacks[:, i], NO_EVENT)
            label = tf.where(past == event, first_label + i, label)
        return label


def empty_history(config: EncodingConfig, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor) -> History:
    """Returns the history before the first event."""
    distances = tf.constant(config.lookback_distances, tf.int32)
    reach = max(config.lookback_distances)
    if config.lookback_unit == "bar":
        reach *= config.max_bar_steps
        distances = bar_lengths(config, batch_size, steps_per_bar)[:, tf.newaxis] * distances
    return History(tf.fill([batch_size, reach], ABSENT), distances)


def bar_lengths(config: EncodingConfig, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor) -> tf.Tensor:
    """Returns the steps in a bar of each melody, [batch] int32, at most `max_bar_steps`."""
    lengths = tf.broadcast_to(tf.cast(steps_per_bar, tf.int32), [batch_size])
    num_parts = (lengths + config.max_bar_steps - 1) // config.max_bar_steps
    return lengths // num_parts
