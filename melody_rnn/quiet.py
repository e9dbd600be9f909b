"""Keeping what libraries write to standard error out of terminals and notebooks' cells."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

_STANDARD_ERROR: Final = 2
_LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
_SILENT: Final = "3"
# Threads share the standard streams: the first one in closes them, the last one out opens them.
_lock: Final = threading.Lock()
_silence: Final = ExitStack()
_num_inside = 0


@contextmanager
def quietly() -> Iterator[None]:
    """While it lasts, Python's warnings and what native code writes to standard error are dropped.

    Afterwards TensorFlow keeps to errors that end the process. Where TF_CPP_MIN_LOG_LEVEL says otherwise, nothing is
    dropped at all.
    """
    if os.environ.setdefault(_LEVEL, _SILENT) != _SILENT:
        yield
        return
    global _num_inside
    with _lock:
        if not _num_inside:
            _silence.enter_context(_nowhere())
        _num_inside += 1
    try:
        yield
    finally:
        with _lock:
            _num_inside -= 1
            if not _num_inside:
                _silence.close()


@contextmanager
def _nowhere() -> Iterator[None]:
    sys.stderr.flush()
    own = os.dup(_STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(own, _STANDARD_ERROR)
        os.close(own)
        os.close(nowhere)
