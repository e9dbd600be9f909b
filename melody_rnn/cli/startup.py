"""Loading TensorFlow and note_seq for one command: quickly, and without their messages."""

import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

# What note_seq imports at once and no command here touches; it loads when somebody does.
_DEFERRED: Final = ("bokeh", "bokeh.plotting", "IPython", "librosa", "pandas")
# What Keras imports only if it is installed. note_seq installs it, through librosa; Keras's own substitutes do here.
_OPTIONAL: Final = ("pandas", "sklearn")


def load_note_seq(verbose: bool) -> None:
    """Imports note_seq; `verbose` lets its messages through."""
    quieten(verbose)
    with deferred(_DEFERRED):
        import note_seq  # noqa: F401


def load_tensorflow(verbose: bool) -> None:
    """Imports TensorFlow and Keras; `verbose` lets their messages through."""
    quieten(verbose)
    # Commands have a process of their own: what a user has chosen for other programs is not for them.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with absent(_OPTIONAL):
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    load_note_seq(verbose)


@contextmanager
def deferred(names: Sequence[str]) -> Iterator[None]:
    """While it lasts, importing one of these modules gives one that loads when it is first used.

    Args:
        names: Modules, parents before their children; those that are missing or loaded already are left as they are.
    """
    for name in names:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            continue
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    yield


@contextmanager
def absent(names: Sequence[str]) -> Iterator[None]:
    """While it lasts, importing one of these modules fails as if it were not installed, unless it is loaded already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def quieten(verbose: bool) -> None:
    """Keeps the libraries' messages from the terminal, unless `verbose` lets them through; loads nothing."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    if verbose:
        return
    warnings.simplefilter("ignore")
    _divert_native_messages()


def _divert_native_messages() -> None:
    """Gives Python a standard error of its own, and what TensorFlow's C++ part writes there to nobody.

    Its messages come before any setting can silence them.
    """
    try:
        is_diverted = sys.stderr.fileno() != 2
    except (AttributeError, OSError, ValueError):
        is_diverted = True
    if not is_diverted:
        own = os.dup(2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(own, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
