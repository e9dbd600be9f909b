"""Reading bundles (.mag) of Melody RNN and Improv RNN, GeneratorBundle protos around a checkpoint and a metagraph.

Source: Magenta's `create_bundle_file` (models/shared/sequence_generator.py).
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from melody_rnn.config import CONFIGS, ModelConfig
from melody_rnn.errors import InputFileError, ModelError, printable
from melody_rnn.files import open_input, read_input
from melody_rnn.magenta.bundles.architecture import model_config, network_config
from melody_rnn.magenta.bundles.foreign import (
    SNIFFED_BYTES,
    describe_foreign_file,
    other_model,
)
from melody_rnn.magenta.bundles.naming import find_naming
from melody_rnn.magenta.bundles.weights import (
    check_shapes,
    convert_weights,
    input_and_output_size,
)
from melody_rnn.network.checkpoint import MAX_METAGRAPH_BYTES, read_checkpoint
from melody_rnn.note_seq_parts import load_part

generator_pb2 = load_part("protobuf.generator_pb2")
MAX_BYTES: Final = 2**27
"""Size that no bundle has more of: three layers of 1,024 units take 75 MiB."""
_MAX_FIELDS: Final = 100
_MAX_OTHER_BYTES: Final = 2**16
# The checkpoint and the metagraph.
_MAX_FIELD_BYTES: Final = {2: MAX_BYTES, 3: MAX_METAGRAPH_BYTES}
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIXED: Final = {1: 8, 5: 4}
_READABLE: Final = "melody_rnn reads Melody RNN and Improv RNN bundles (.mag) only"


@dataclass(frozen=True)
class Bundle:
    """A melody model out of a bundle.

    Attributes:
        config: Encoding and network.
        weights: Arrays by the names that `MelodyNetwork.assign_by_name` takes, float32.
        description: What the bundle says about itself and what had to be assumed, one line.
    """

    config: ModelConfig
    weights: dict[str, NDArray[np.float32]]
    description: str


def read_bundle(path: str | Path) -> Bundle:
    """Reads a bundle of Melody RNN or Improv RNN of any age. Its metagraph is parsed as data, never run.

    Args:
        path: The .mag file.

    Raises:
        InputFileError: If the file cannot be read or is no bundle.
        ModelError: If it holds another kind of model, or is damaged.
        OutputError: If there is no room for a temporary copy.
    """
    proto = _parse(_read(Path(path)), path)
    try:
        return _convert(proto)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    """Returns a bundle's bytes; a file of another kind, which may be larger, is told by its beginning."""
    with open_input(path, sys.maxsize) as file:
        if what := describe_foreign_file(file.read(SNIFFED_BYTES)):
            raise InputFileError(f"{path} is {what}, not a bundle; {_READABLE}")
    return read_input(path, MAX_BYTES)


def _parse(content: bytes, path: str | Path) -> Any:
    proto = generator_pb2.GeneratorBundle()
    _check_fields(content, path)
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        raise InputFileError(f"{path} is no bundle, or a truncated or damaged one; get it anew") from error
    if not proto.checkpoint_file:
        raise InputFileError(f"{path} is no bundle, or one without a checkpoint; {_READABLE}")
    if not proto.metagraph_file:
        raise InputFileError(f"{path} ends before its metagraph: the bundle is truncated; get it anew")
    return proto


def _check_fields(content: bytes, path: str | Path) -> None:
    """Checks how many fields a bundle's proto has, and how long they are, before they are parsed.

    Raises:
        InputFileError: If they are more or longer than any bundle's.
    """
    position, num_fields = 0, 0
    while position < len(content) and num_fields <= _MAX_FIELDS:
        tag, position = _varint(content, position)
        num_fields += 1
        kind, size = tag & 7, 0
        if kind == _LENGTH_DELIMITED:
            size, position = _varint(content, position)
        elif kind == _VARINT:
            _, position = _varint(content, position)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            return
        if size > _MAX_FIELD_BYTES.get(tag >> 3, _MAX_OTHER_BYTES) and position + size <= len(content):
            raise InputFileError(f"{path}: field {tag >> 3} of {size} bytes, as no bundle has; get it anew")
        position += size
    if num_fields > _MAX_FIELDS:
        raise InputFileError(f"{path}: more than {_MAX_FIELDS} fields, as no bundle has; get it anew")


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """Returns a number of variable length and the position after it; beyond the end there are zeros."""
    value = 0
    for shift in range(0, 70, 7):
        byte = content[position] if position < len(content) else 0
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, position


def _convert(proto: Any) -> Bundle:
    generator_id: str = proto.generator_details.id
    if model := other_model(generator_id):
        raise ModelError(f"a bundle of Magenta's {model} ({generator_id}), not of a melody model; {_READABLE}")
    if len(proto.checkpoint_file) > 1:
        raise ModelError(f"a bundle of {len(proto.checkpoint_file)} checkpoint files, Magenta's have one; get it anew")
    variables = read_checkpoint(proto.checkpoint_file[0])
    naming = find_naming(variables)
    check_shapes(naming, variables)
    network = network_config(naming, variables, proto.metagraph_file)
    config = model_config(generator_id, network, *input_and_output_size(naming, variables))
    description = f"{_own_words(proto)} (generator id {generator_id!r}, names of {naming.era.title}{_guessed(config)})"
    return Bundle(config, convert_weights(naming, variables), description)


def _own_words(proto: Any) -> str:
    """Returns the bundle's texts about itself as one printable line."""
    words = " ".join((proto.generator_details.description, proto.bundle_details.description)).split()
    return printable(" ".join(words)) or "Magenta melody bundle"


def _guessed(config: ModelConfig) -> str:
    """Returns what the description adds where the note range is a guess."""
    encoding = config.encoding
    if encoding == CONFIGS[config.name].encoding:
        return ""
    return f"; note range {encoding.min_note}..{encoding.max_note} assumed, the bundle tells its width only"
