"""The package's exceptions: what a user's input can cause, each worth one clear line that any terminal can show."""

from typing import Final

MAX_MESSAGE: Final = 1_000
"""Characters of the longest message."""
MAX_TEXT: Final = 200
"""Characters of the longest text that is shown out of a file, a name or a title."""


def printable(text: object, max_characters: int = MAX_TEXT) -> str:
    """Returns a text out of a file, or a file's name, as one that is safe and short enough to show.

    What is not to be printed is written as its escape: control characters, with them newlines and the escape sequences
    of terminals, marks that turn the direction of writing, and what stands for the bytes of a name that is no UTF-8. Of
    a long text the middle is left out.

    Args:
        text: The text, or what becomes one.
        max_characters: How long it may be.
    """
    shown = str(text)
    if len(shown) > max_characters:
        head = max_characters * 2 // 3
        shown = f"{shown[:head]}...{shown[head + 3 - max_characters :]}"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


def unnamed(error: Exception, path: object) -> str:
    """Returns an error's message without the path of a file that it begins with, if it does."""
    return str(error).removeprefix(f"{printable(path, MAX_MESSAGE)}: ")


class MelodyRNNError(Exception):
    """Base of every error that the caller's input can cause.

    The message is one line that says what is wrong, where, and what to do. The command line prints it and exits
    with status 2. It is printable whatever it quotes.
    """

    def __str__(self) -> str:
        return printable(super().__str__(), MAX_MESSAGE)


class InvalidArgumentError(MelodyRNNError, ValueError):
    """An argument has a value that it must not have; the message names the argument, the limit and the value."""


class InputFileError(MelodyRNNError):
    """A file that was given is missing, unreadable or not what its name promises."""


class OutputError(MelodyRNNError):
    """A file or folder cannot be written."""


class MelodyError(MelodyRNNError, ValueError):
    """Events or notes do not make a melody that the model can take."""


class ModelError(MelodyRNNError):
    """A model is unknown, damaged, or of a kind that this package does not hold."""


class DeviceError(MelodyRNNError):
    """The device that was asked for is not there."""


class ConstraintError(MelodyRNNError, ValueError):
    """Constraints leave no event possible; the message names them."""


class GenerationError(MelodyRNNError):
    """The network gave logits that are not finite, so no melody can be drawn from them."""


class TrainingError(MelodyRNNError):
    """Training cannot go on; what was reached before is kept."""
