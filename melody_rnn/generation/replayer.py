"""Melodies replayed through TensorFlow, compiled once for all lengths."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.generation.trace import Replay, Replayer
from melody_rnn.network.network import MelodyNetwork


class CompiledReplayer(Replayer):
    """Replays melodies through an encoding and a network, in one forward pass."""

    def __init__(self, encoding: Encoding, network: MelodyNetwork) -> None:
        """Makes the replayer."""
        super().__init__(encoding.config)
        shapes = ([None, None], [None], [None, None, encoding.num_cues])
        melodies = [tf.TensorSpec(shape, tf.int32) for shape in shapes]

        def replay(events: tf.Tensor, steps_per_bar: tf.Tensor, cues: tf.Tensor) -> Replay:
            encoded = encoding.encode(events, steps_per_bar, cues)
            return Replay(network(encoded.inputs[:, :-1]), encoded.labels[:, 1:], encoded.label_events)

        self._run = tf.function(replay, input_signature=melodies, autograph=False)

    def _replay(self, events: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]) -> Replay:
        return Replay(*(part.numpy() for part in self._run(*map(tf.constant, (events, steps_per_bar, cues)))))
