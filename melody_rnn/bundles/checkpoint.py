"""Reading the TensorFlow checkpoint (V1, a single file) that a bundle carries."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.errors import ModelError, OutputError

_MOST_BYTES_PER_BYTE: Final = 64


def read_checkpoint(checkpoint: bytes) -> dict[str, NDArray[Any]]:
    """Returns every variable of a checkpoint by name, shapes and dtypes as stored.

    Args:
        checkpoint: The checkpoint file's content.

    Raises:
        ModelError: If it cannot be read.
        OutputError: If there is no room for a temporary copy, which TensorFlow needs.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="melody_rnn_") as folder:
            path = Path(folder) / "model.ckpt"
            path.write_bytes(checkpoint)
            return _read(str(path), len(checkpoint))
    except OSError as error:
        raise OutputError(f"{tempfile.gettempdir()}: cannot unpack the bundle there ({error.strerror})") from error
    except (tf.errors.OpError, ValueError) as error:
        raise ModelError("its checkpoint is damaged; get the bundle anew") from error


def _read(path: str, num_bytes: int) -> dict[str, NDArray[Any]]:
    reader = tf.train.load_checkpoint(path)
    shapes: Mapping[str, list[int]] = reader.get_variable_to_shape_map()
    dtypes: Mapping[str, tf.DType] = reader.get_variable_to_dtype_map()
    # A damaged or hostile file may claim variables of any size, and TensorFlow makes room for them before it reads.
    claimed = sum(math.prod(shape) * dtypes[name].size for name, shape in shapes.items())
    if claimed > num_bytes * _MOST_BYTES_PER_BYTE:
        raise ModelError(f"its checkpoint claims {claimed} bytes of weights in a file of {num_bytes}; get it anew")
    return {name: np.asarray(reader.get_tensor(name)) for name in shapes}
