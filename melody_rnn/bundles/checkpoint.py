"""Reading TensorFlow checkpoints: what a bundle carries (V1, a single file), and what a run of Magenta's left."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.errors import InputFileError, ModelError, OutputError

# The checkpoint reader raises some of TensorFlow's errors, and some of Python's for them.
_DAMAGES: Final = (tf.errors.OpError, ValueError, IndexError, RuntimeError)
_INDEX: Final = ".index"
_METAGRAPH: Final = ".meta"
_STATE: Final = "checkpoint"
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
    except _DAMAGES as error:
        raise ModelError("its checkpoint is damaged; get the bundle anew") from error


def find_checkpoint(path: Path) -> Path:
    """Returns the prefix of a checkpoint: the latest one of a training folder, or the one that `path` names.

    Args:
        path: A folder with a `checkpoint` file, as a run's `train/`; or a checkpoint's prefix, or one of its files.

    Raises:
        InputFileError: If there is none.
    """
    if path.is_dir():
        return _latest(path)
    for prefix in (path, path.with_suffix("")):
        if _with_suffix(prefix, _INDEX).is_file():
            return prefix
    if path.is_file():
        return path
    raise InputFileError(f"{path}: no such checkpoint; give a path such as run/train/model.ckpt-1000")


def read_checkpoint_at(prefix: Path) -> dict[str, NDArray[Any]]:
    """Returns every variable of a checkpoint on disk, V1 or V2, by name.

    Raises:
        InputFileError: If it cannot be read.
        ModelError: If it is damaged.
    """
    try:
        files = [file for file in prefix.parent.iterdir() if file.name.startswith(f"{prefix.name}.data-")]
        num_bytes = sum(file.stat().st_size for file in files or [prefix])
        return _read(str(prefix), num_bytes)
    except OSError as error:
        raise InputFileError(f"{prefix}: cannot be read ({error.strerror or error})") from error
    except _DAMAGES as error:
        raise ModelError(f"{prefix}: no checkpoint of TensorFlow, or a damaged one; copy it anew") from error


def read_metagraph_at(prefix: Path) -> bytes:
    """Returns the metagraph that lies beside a checkpoint, or nothing where there is none to be read."""
    try:
        return _with_suffix(prefix, _METAGRAPH).read_bytes()
    except OSError:
        return b""


def _latest(folder: Path) -> Path:
    try:
        state = tf.train.get_checkpoint_state(str(folder))
    except (tf.errors.OpError, ValueError) as error:
        raise InputFileError(f"{folder / _STATE}: cannot be read; name a checkpoint in the folder") from error
    if state is None or not state.model_checkpoint_path:
        raise InputFileError(f"{folder}: no checkpoint there yet; train first, or name another folder")
    # The state may name the folder where the run was trained, on another machine.
    prefix = folder / Path(state.model_checkpoint_path).name
    if not (_with_suffix(prefix, _INDEX).is_file() or prefix.is_file()):
        raise InputFileError(f"{prefix}: the folder's latest checkpoint is missing; copy it anew")
    return prefix


def _with_suffix(prefix: Path, suffix: str) -> Path:
    """Returns the path of one of a checkpoint's files: 'model.ckpt-10' has a suffix of its own that must stay."""
    return prefix.with_name(prefix.name + suffix)


def _read(path: str, num_bytes: int) -> dict[str, NDArray[Any]]:
    reader = tf.train.load_checkpoint(path)
    shapes: Mapping[str, list[int]] = reader.get_variable_to_shape_map()
    dtypes: Mapping[str, tf.DType] = reader.get_variable_to_dtype_map()
    # A damaged or hostile file may claim variables of any size, and TensorFlow makes room for them before it reads.
    claimed = sum(math.prod(shape) * dtypes[name].size for name, shape in shapes.items())
    if claimed > num_bytes * _MOST_BYTES_PER_BYTE:
        raise ModelError(f"its checkpoint claims {claimed} bytes of weights in a file of {num_bytes}; get it anew")
    return {name: np.asarray(reader.get_tensor(name)) for name in shapes}
