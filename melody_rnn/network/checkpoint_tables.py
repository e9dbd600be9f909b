"""What a TensorFlow checkpoint claims to hold, read by ourselves before TensorFlow makes room for it.

TensorFlow trusts the shapes and types in a checkpoint, and ends the process where they are impossible. A checkpoint of
version 1, and the index of one of version 2, are sorted string tables: blocks of entries whose keys share beginnings,
an index of the blocks, and a footer that says where the index is.

Source: TensorFlow's core/lib/io/format.h and block_builder.cc (LevelDB's table format), core/util/saved_tensor_slice
.proto, and core/protobuf/tensor_bundle.proto.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.tensor_bundle_pb2 import BundleEntryProto, BundleHeaderProto
from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

from melody_rnn.errors import ModelError

MAX_VARIABLES: Final = 10_000
MAX_RANK: Final = 8
_MAGIC: Final = 0xDB4775248B80FB57.to_bytes(8, "little")
_FOOTER_BYTES: Final = 48
_TRAILER_BYTES: Final = 5
_MAX_SHARDS: Final = 1_000
# By their number in TensorFlow's types.proto: float, double, int32, uint8, int16, int8, int64, bool, uint16, half.
_BYTES: Final = {1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 9: 8, 10: 1, 17: 2, 19: 2}
_STRING: Final = 7


@dataclass(frozen=True)
class Claim:
    """What a checkpoint says of a variable.

    Attributes:
        name: The variable's name.
        num_bytes: What its numbers take; None for texts.
        shard: Which file of a checkpoint of version 2 holds it.
        end: Where it ends there.
    """

    name: str
    num_bytes: int | None
    shard: int = 0
    end: int = 0


def claims_of_v1(content: bytes) -> list[Claim]:
    """Returns the variables of a checkpoint of version 1.

    Args:
        content: The whole file.

    Raises:
        ModelError: If it is damaged, or claims what no checkpoint can have.
    """
    head = SavedTensorSlices()
    try:
        head.ParseFromString(next(value for key, value in _entries(content) if not key))
    except (DecodeError, StopIteration) as error:
        raise _damaged("no list of variables") from error
    return _checked([Claim(own.name, _num_bytes(own.name, own.shape, own.type)) for own in head.meta.tensor])


def claims_of_v2(index: bytes) -> tuple[list[Claim], int]:
    """Returns the variables of a checkpoint of version 2, and the number of files that hold them.

    Args:
        index: The index file.

    Raises:
        ModelError: If it is damaged, or claims what no checkpoint can have.
    """
    num_shards, claims = 0, []
    for key, value in _entries(index):
        try:
            if not key:
                num_shards = BundleHeaderProto.FromString(value).num_shards
                continue
            name, entry = key.decode("utf-8", "replace"), BundleEntryProto.FromString(value)
        except DecodeError as error:
            raise _damaged("an entry that is none") from error
        num_bytes = _num_bytes(name, entry.shape, entry.dtype)
        if len(entry.slices):
            raise ModelError(f"its variable {name} is in slices, as no melody model's is")
        if entry.offset < 0 or entry.size < 0 or num_bytes not in (None, entry.size):
            raise _damaged(f"variable {name} has {entry.size} bytes for {num_bytes}")
        if not 0 <= entry.shard_id < num_shards:
            raise _damaged(f"variable {name} is in file {entry.shard_id} of {num_shards}")
        claims.append(Claim(name, num_bytes, entry.shard_id, entry.offset + entry.size))
        if len(claims) > MAX_VARIABLES:
            break
    if not 1 <= num_shards <= _MAX_SHARDS:
        raise _damaged(f"{num_shards} files")
    return _checked(claims), num_shards


def _checked(claims: list[Claim]) -> list[Claim]:
    if not claims or len(claims) > MAX_VARIABLES:
        raise ModelError(f"its checkpoint must have 1 to {MAX_VARIABLES} variables")
    if len({claim.name for claim in claims}) < len(claims):
        raise _damaged("two variables of one name")
    return claims


def _num_bytes(name: str, shape: Any, dtype: int) -> int | None:
    """Returns the bytes of a variable's numbers, None for texts."""
    sizes = [int(dim.size) for dim in shape.dim]
    if shape.unknown_rank or len(sizes) > MAX_RANK or any(size < 0 for size in sizes):
        raise _damaged(f"variable {name} has a shape that cannot be")
    if dtype == _STRING:
        return None
    if dtype not in _BYTES:
        raise _damaged(f"variable {name} is of type {dtype}, which no weights are")
    return math.prod(sizes) * _BYTES[dtype]


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the keys and values of a table, in order."""
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or not footer.endswith(_MAGIC):
        raise _damaged("no footer")
    _, position = _handle(footer, 0)
    (offset, size), _ = _handle(footer, position)
    for _, value in _block(table, offset, size):
        (offset, size), _ = _handle(value, 0)
        yield from _block(table, offset, size)


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Returns where a block begins and how long it is, and the position after that."""
    offset, position = _varint(data, position)
    size, position = _varint(data, position)
    return (offset, size), position


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if offset + size + _TRAILER_BYTES > len(table) or size < 4:
        raise _damaged("a block beyond its end")
    if table[offset + size]:
        raise _damaged("a packed block")
    block = table[offset : offset + size]
    end = size - 4 * (int.from_bytes(block[-4:], "little") + 1)
    position, key = 0, b""
    while position < end:
        num_shared, position = _varint(block, position)
        num_own, position = _varint(block, position)
        num_value, position = _varint(block, position)
        if num_shared > len(key) or position + num_own + num_value > end:
            raise _damaged("an entry beyond its block")
        key = key[:num_shared] + block[position : position + num_own]
        position += num_own + num_value
        yield key, block[position - num_value : position]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _damaged("a number without end")


def _damaged(what: str) -> ModelError:
    return ModelError(f"its checkpoint is damaged ({what}); get it anew")
