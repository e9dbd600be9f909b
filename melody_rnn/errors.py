"""The package's exceptions: what a user's input can cause, each worth one clear line."""


class MelodyRNNError(Exception):
    """Base of every error that the caller's input can cause.

    The message is one line that says what is wrong, where, and what to do. The command line prints it and exits
    with status 2.
    """


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
