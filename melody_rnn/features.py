"""Network inputs in parts: which entries of a vector are 1, and the rest as numbers.

Most entries of an encoded event are zeros. A network that sums the few kernel rows in question, in place of
multiplying by zeros, samples about a third faster.
"""

from typing import NamedTuple

import tensorflow as tf


class Features(NamedTuple):
    """One step's network inputs of a batch.

    Attributes:
        hot: [batch, num_hot] int32, indices of the entries that are 1, in [0, hot_size).
        dense: [batch, input_size - hot_size] float32, the entries after those.
    """

    hot: tf.Tensor
    dense: tf.Tensor

    def vectors(self, hot_size: int) -> tf.Tensor:
        """Returns the inputs as vectors, [batch, input_size] float32; hot entries take the first `hot_size` places."""
        multi_hot = tf.reduce_max(tf.one_hot(self.hot, hot_size), axis=1) if hot_size else self.dense[:, :0]
        return tf.concat([multi_hot, self.dense], axis=1)

    def project(self, kernel: tf.Tensor) -> tf.Tensor:
        """Returns `vectors @ kernel`, [batch, size] float32, for a kernel [input_size, size]."""
        hot_size = kernel.shape[0] - self.dense.shape[1]
        if not hot_size:
            return tf.matmul(self.dense, kernel)
        rows = tf.reduce_sum(tf.gather(kernel, self.hot), axis=1)
        return rows + tf.matmul(self.dense, kernel[hot_size:]) if self.dense.shape[1] else rows
