"""The network: its layers, and the process and backend that they run in."""

import os
import sys
from typing import Final

from melody_rnn.errors import ModelError

_BACKEND: Final = "tensorflow"
_process: int | None = None


def use_tensorflow() -> None:
    """Says that TensorFlow is about to run in this process.

    Raises:
        ModelError: If it has run in the process from which this one was forked: its threads are gone, and it would
            wait for them forever.
    """
    global _process
    if _process not in (None, os.getpid()):
        raise ModelError(
            "TensorFlow has run before this process was forked and cannot run in it: start processes by 'spawn' in "
            "place of 'fork', fork before a model is made, or make models with engine='litert'"
        )
    _process = os.getpid()


def _check_backend() -> None:
    """Raises ModelError if Keras runs, or is told to run, on something else than TensorFlow."""
    loaded = sys.modules.get("keras")
    backend = loaded.backend.backend() if loaded else os.environ.get("KERAS_BACKEND") or _BACKEND
    if backend != _BACKEND:
        raise ModelError(
            f"Keras runs on {backend} here, and melody_rnn's networks need TensorFlow: unset KERAS_BACKEND and import "
            "melody_rnn first, or make models with engine='litert'"
        )


_check_backend()
