"""Loading TensorFlow for whoever uses the library, as silently as the command line does."""

import sys

from melody_rnn.quiet import quietly


def load_tensorflow() -> None:
    """Imports TensorFlow and Keras without their messages, which come before any setting of theirs could keep them."""
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        return
    with quietly():
        import keras  # noqa: F401
        import tensorflow as tf

        # Looking for a GPU where there is none is told, too.
        tf.config.list_physical_devices()
