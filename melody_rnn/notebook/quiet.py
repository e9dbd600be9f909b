"""Keeping the libraries' start-up messages out of a notebook's cells."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD_ERROR = 2


@contextmanager
def quietly() -> Iterator[None]:
    """While it lasts, Python's warnings and what native code writes to standard error are dropped.

    Afterwards TensorFlow keeps to errors that end the process, unless TF_CPP_MIN_LOG_LEVEL says otherwise.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
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
