"""Files of weights (`model.weights.h5`, as Keras 3 writes them), looked through before Keras reads them.

HDF5 lets a file point into other files, put arrays together from elsewhere, and pack gigabytes into a few bytes.
Weights need none of it.
"""

import io
from typing import Any, Final

import h5py

from melody_rnn.errors import ModelError

MAX_BYTES: Final = 2**28
"""Size of the largest file of weights."""
_MAX_OBJECTS: Final = 2_000
_MAX_DEPTH: Final = 16
# What h5py raises for a damaged file depends on the damage.
DAMAGES: Final = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, IndexError, MemoryError)


def check_weights(content: bytes, num_weights: int) -> None:
    """Checks that a file holds plain arrays of float32 which are no larger than the file.

    Args:
        content: The file.
        num_weights: How many weights it must hold at least.

    Raises:
        ModelError: If it does not; the message does not name the file.
    """
    if 4 * num_weights > len(content):
        raise ModelError(f"{len(content)} bytes, too few for the {num_weights:,} weights of this model")
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            total = _size(file, [0], 0)
    except DAMAGES as error:
        raise ModelError(f"a damaged file ({reason_of(error)})") from error
    if total > len(content):
        raise ModelError(f"{len(content)} bytes that claim {total} bytes of weights")


def reason_of(error: Exception) -> str:
    """Returns the first line of what a library says of damage."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:100]


def _size(group: Any, count: list[int], depth: int) -> int:
    """Returns the bytes of all arrays in a group."""
    if depth > _MAX_DEPTH:
        raise ModelError("groups too deep in one another")
    total = 0
    for name in group:
        count[0] += 1
        if count[0] > _MAX_OBJECTS:
            raise ModelError(f"more than {_MAX_OBJECTS} arrays and groups")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ModelError("a link to somewhere else, which weights do not need")
        item = group[name]
        if isinstance(item, h5py.Group):
            total += _size(item, count, depth + 1)
        elif not isinstance(item, h5py.Dataset) or item.is_virtual or item.external:
            raise ModelError("an array that lies elsewhere, which weights do not")
        elif item.dtype.kind not in "fiu":
            raise ModelError(f"an array of {item.dtype}, which no weights are")
        else:
            total += int(item.nbytes)
    return total
