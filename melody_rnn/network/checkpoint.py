"""Reading TensorFlow checkpoints: what a bundle carries (V1, a single file), and what a run of Magenta's left.

What a checkpoint claims is checked first (`tables`): TensorFlow makes room for whatever a file says, and ends the
process where that is impossible.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from numpy.typing import NDArray
from tensorflow.python.training.checkpoint_state_pb2 import CheckpointState

from melody_rnn.errors import InputFileError, ModelError, OutputError
from melody_rnn.files import open_input, read_input, reason, scratch_folder
from melody_rnn.network.checkpoint_tables import Claim, claims_of_v1, claims_of_v2

MAX_BYTES: Final = 2**30
"""Size of all files of a checkpoint together, with what its optimizer keeps."""
MAX_METAGRAPH_BYTES: Final = 2**23
# The checkpoint reader raises some of TensorFlow's errors, and some of Python's for them.
_DAMAGES: Final = (tf.errors.OpError, ValueError, IndexError, RuntimeError, TypeError)
_INDEX: Final = ".index"
_METAGRAPH: Final = ".meta"
_STATE: Final = "checkpoint"
_MAX_STATE_BYTES: Final = 2**20
# Numbers of 64 bits that are small take a byte each in V1.
_MOST_BYTES_PER_BYTE: Final = 8


def read_checkpoint(checkpoint: bytes) -> dict[str, NDArray[Any]]:
    """Returns every variable of a checkpoint by name, shapes and dtypes as stored; texts are left empty.

    Args:
        checkpoint: The checkpoint file's content.

    Raises:
        ModelError: If it cannot be read.
        OutputError: If there is no room for a temporary copy, which TensorFlow needs.
    """
    claims = claims_of_v1(checkpoint)
    _check_size(claims, len(checkpoint) * _MOST_BYTES_PER_BYTE)
    with scratch_folder() as folder:
        path = folder / "model.ckpt"
        try:
            path.write_bytes(checkpoint)
        except OSError as error:
            raise OutputError(f"{folder}: cannot unpack the bundle there ({reason(error)})") from error
        try:
            return _read(path, claims)
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
        return _read(prefix, check_checkpoint(prefix))
    except OSError as error:
        raise InputFileError(f"{prefix}: cannot be read ({reason(error)})") from error
    except ModelError as error:
        raise ModelError(f"{prefix}: {error}") from error
    except _DAMAGES as error:
        raise ModelError(f"{prefix}: no checkpoint of TensorFlow, or a damaged one; copy it anew") from error


def check_checkpoint(prefix: Path) -> list[Claim]:
    """Returns what a checkpoint on disk claims to hold; all of it lies within its files.

    Raises:
        InputFileError: If a file is missing or no plain file.
        ModelError: If it claims what cannot be; the message does not name the file.
    """
    index = _with_suffix(prefix, _INDEX)
    if not index.is_file():
        content = read_input(prefix, MAX_BYTES)
        claims = claims_of_v1(content)
        _check_size(claims, len(content) * _MOST_BYTES_PER_BYTE)
        return claims
    claims, num_shards = claims_of_v2(read_input(index, MAX_METAGRAPH_BYTES))
    sizes = []
    for shard in range(num_shards):
        with open_input(_with_suffix(prefix, f".data-{shard:05d}-of-{num_shards:05d}"), MAX_BYTES) as file:
            sizes.append(file.seek(0, 2))
    for claim in claims:
        if claim.end > sizes[claim.shard]:
            raise ModelError(f"its checkpoint is damaged (variable {claim.name} ends beyond its file); copy it anew")
    _check_size(claims, min(sum(sizes), MAX_BYTES))
    return claims


def _check_size(claims: Sequence[Claim], most_bytes: int) -> None:
    claimed = sum(claim.num_bytes or 0 for claim in claims)
    if claimed > min(most_bytes, MAX_BYTES):
        raise ModelError(f"its checkpoint claims {claimed} bytes of weights, more than its file has; get it anew")


def read_metagraph_at(prefix: Path) -> bytes:
    """Returns the metagraph that lies beside a checkpoint, or nothing where there is none to be read."""
    try:
        return read_input(_with_suffix(prefix, _METAGRAPH), MAX_METAGRAPH_BYTES)
    except InputFileError:
        return b""


def _latest(folder: Path) -> Path:
    if not (folder / _STATE).exists():
        raise InputFileError(f"{folder}: no checkpoint there yet; train first, or name another folder")
    state = CheckpointState()
    try:
        text_format.Parse(read_input(folder / _STATE, _MAX_STATE_BYTES).decode(), state, allow_unknown_field=True)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise InputFileError(f"{folder / _STATE}: cannot be read; name a checkpoint in the folder") from error
    if not state.model_checkpoint_path:
        raise InputFileError(f"{folder}: no checkpoint there yet; train first, or name another folder")
    # The state may name the folder where the run was trained, on another machine.
    prefix = folder / Path(state.model_checkpoint_path).name
    if not (_with_suffix(prefix, _INDEX).is_file() or prefix.is_file()):
        raise InputFileError(f"{prefix}: the folder's latest checkpoint is missing; copy it anew")
    return prefix


def _with_suffix(prefix: Path, suffix: str) -> Path:
    """Returns the path of one of a checkpoint's files: 'model.ckpt-10' has a suffix of its own that must stay."""
    return prefix.with_name(prefix.name + suffix)


def _read(path: Path, claims: Sequence[Claim]) -> dict[str, NDArray[Any]]:
    reader = tf.train.load_checkpoint(str(path))
    variables = {claim.name: np.zeros(0) for claim in claims if claim.num_bytes is None}
    for claim in claims:
        if claim.num_bytes is not None:
            variables[claim.name] = np.asarray(reader.get_tensor(claim.name))
    return variables
