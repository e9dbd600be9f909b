"""The language of a notebook: how its cells show numbers, and mistakes in one line."""

import sys
from types import TracebackType
from typing import Any

from IPython import get_ipython

from melody_rnn.errors import MelodyRNNError
from melody_rnn.notebook.spanish import in_spanish
from melody_rnn.notebook.words import Language

_spoken: list[Language] = ["en"]


def speak(language: Language = "en") -> None:
    """Chooses the language of the notebook; from now on what a person gave wrong is told in one line, not a traceback.

    Args:
        language: 'en' or 'es'.
    """
    _spoken[:] = [language]
    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((MelodyRNNError,), _tell)


def told(error: Exception) -> str:
    """Returns an error's line in the notebook's language."""
    return in_spanish(str(error)) if _spoken == ["es"] else str(error)


def number(value: float, digits: int = 2) -> str:
    """Returns a number with so many digits after the point, which in Spanish is a comma."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if _spoken == ["es"] else text


def _tell(shell: Any, kind: type[Exception], error: Exception, traceback: TracebackType, tb_offset: Any = None) -> None:
    """Takes the place of IPython's traceback; its arguments are those of `set_custom_exc`."""
    print(told(error), file=sys.stderr)
