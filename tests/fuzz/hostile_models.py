"""Model folders, bundles and checkpoints that are damaged or hostile."""

import json
import random
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.fuzz.hostile_music import MANY, TEXTS, cut, flipped

VALUES: tuple[Any, ...] = (
    *MANY, 1e308, float("nan"), float("inf"), "", "x", None, True, [], {}, [[]],
    [1] * 300, [20_000], [2**31], [8000] * 3,
)  # fmt: skip


def _fields(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(data, dict):
        for name in list(data)[:6]:
            yield from _fields(data[name], (*path, name))


def _changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    return {**data, path[0]: _changed(data[path[0]], path[1:], value)}


def wrong_descriptions(good: dict[str, Any], rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields texts of preset.json, or of other JSON files, of which one value is another."""
    for path in _fields(good):
        for value in VALUES:
            yield f"{'.'.join(path)} = {str(value)[:12]}", json.dumps(_changed(good, path, value)).encode()
    for text in TEXTS:
        yield f"name {text[:8]!r}", json.dumps({**good, "name": text}).encode("utf-8", "surrogatepass")
    yield "brackets", b"[" * 10_000
    yield "objects", b'{"config":' * 100_000
    yield "zeros", json.dumps({**good, "opening_pitches": {"60": 0.0}}).encode()
    yield "digits", b'{"config": ' + b"9" * 100_000 + b"}"
    yield "nothing", b""
    yield "UTF-16", json.dumps(good).encode("utf-16")
    yield "spaces", b" " * 50_000_000
    whole = json.dumps(good).encode()
    for _ in range(40):
        yield "flipped", flipped(whole, rng)
    for _ in range(20):
        yield "cut", cut(whole, rng)


def wrong_weights(good: Path, folder: Path, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields files of weights that are damaged, or lie."""
    whole = good.read_bytes()
    for _ in range(120):
        yield "flipped", flipped(whole, rng, 40)
    for _ in range(30):
        yield "cut", cut(whole, rng)
    yield "nothing", b""
    yield "a head", whole[:100]
    scratch = folder / "scratch.h5"

    def made(change: Any) -> bytes:
        shutil.copy(good, scratch)
        with h5py.File(scratch, "r+") as file:
            change(file)
        return scratch.read_bytes()

    def first(file: Any) -> str:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        return names[0]

    def replaced(**how: Any) -> Any:
        def change(file: Any) -> None:
            name = first(file)
            shape = file[name].shape
            del file[name]
            file.create_dataset(name, **({"shape": shape, "dtype": "f4"} | how))

        return change

    def linked(link: Any) -> Any:
        def change(file: Any) -> None:
            name = first(file)
            del file[name]
            file[name] = link

        return change

    def virtual(file: Any) -> None:
        name = first(file)
        layout = h5py.VirtualLayout(shape=file[name].shape, dtype="f4")
        layout[...] = h5py.VirtualSource("/etc/passwd", "x", shape=file[name].shape)
        del file[name]
        file.create_virtual_dataset(name, layout)

    yield "a bomb", made(replaced(shape=(40_000, 40_000), chunks=(1000, 1000), compression="gzip", fillvalue=1.0))
    yield "a hole", made(replaced(shape=(400_000, 400_000), chunks=(1000, 1000)))
    yield "another type", made(replaced(dtype="f8"))
    yield "texts", made(replaced(dtype=h5py.string_dtype()))
    yield "another shape", made(replaced(shape=(3,)))
    yield "a dangling link", made(linked(h5py.SoftLink("/nowhere")))
    yield "a link in circles", made(lambda file: file.__setitem__("circle", h5py.SoftLink("/")))
    yield "a link outside", made(linked(h5py.ExternalLink("/etc/passwd", "/")))
    yield "a virtual array", made(virtual)
    yield (
        "infinite weights",
        made(lambda file: file[first(file)].write_direct(np.full(file[first(file)].shape, np.inf))),
    )
    yield "many groups", made(lambda file: [file.create_group(f"g{n}") for n in range(5000)])
    yield "deep groups", made(lambda file: file.create_group("/".join("a" * 400)))


def wrong_steps(good: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields LiteRT files that are damaged, foreign or lie; most of a file is weights, so some are hit elsewhere."""
    numbers = np.frombuffer(good, np.uint8)
    # Places with many zeros about them are offsets, sizes and shapes.
    places = np.flatnonzero(np.convolve(numbers == 0, np.ones(16), "same") >= 5).tolist()
    for _ in range(80):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            data[rng.choice(places)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        yield "its structure damaged", bytes(data)
    for _ in range(20):
        yield "flipped", flipped(good, rng, 30)
    for _ in range(15):
        yield "cut", cut(good, rng)
    yield "another file", json.dumps(TEXTS).encode()
    yield "a head alone", good[:8]
    yield "twice", good * 2
    yield "zeros", good[:8] + bytes(len(good))


def wrong_bundles(good: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields bundles that are damaged, or lie."""
    from note_seq.protobuf import generator_pb2
    from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

    whole = generator_pb2.GeneratorBundle.FromString(good)

    def changed(**fields: Any) -> bytes:
        other = generator_pb2.GeneratorBundle()
        other.CopyFrom(whole)
        for name, value in fields.items():
            if name == "checkpoint":
                other.checkpoint_file[0] = value
            elif name == "id":
                other.generator_details.id = value
            elif name == "description":
                other.bundle_details.description = value
            else:
                setattr(other, name, value)
        return bytes(other.SerializeToString())

    for text in TEXTS:
        safe = text.encode("utf-8", "replace").decode()
        yield f"id {text[:8]!r}", changed(id=safe)
        yield f"description {text[:8]!r}", changed(description=safe)
    yield "megabytes of description", changed(description="x" * 20_000_000)
    yield "unknown fields", good + b"\x7a" + _varint(60_000_000) + b"\0" * 60_000_000
    yield "many fields", good + b"\x12\0" * 5_000_000
    yield "many nodes", changed(metagraph_file=b"\x12" + _varint(8_000_000) + b"\x0a\0" * 4_000_000)
    yield "no metagraph", changed(metagraph_file=b"\xff\xff")
    yield "two checkpoints", good + b"\x12\4abcd"
    checkpoint = whole.checkpoint_file[0]
    tensors = SavedTensorSlices.FromString(_first_value(checkpoint)).meta
    for number in (0, -5, 7, 23, 101, 999, 2**31 - 1):
        yield f"type {number}", changed(checkpoint=_retyped(checkpoint, tensors, number))
    for sizes in ((-1,), (2**62, 2**62), (1,) * 300, (2**40,), (0,), (), (10_000_000, 100)):
        yield f"shape {str(sizes)[:20]}", changed(checkpoint=_reshaped(checkpoint, tensors, sizes))
    for _ in range(80):
        yield "a flipped checkpoint", changed(checkpoint=flipped(checkpoint, rng, 20))
    for _ in range(30):
        yield "a cut checkpoint", changed(checkpoint=cut(checkpoint, rng))
    for _ in range(30):
        yield "a flipped metagraph", changed(metagraph_file=flipped(whole.metagraph_file, rng, 20))
    for _ in range(40):
        yield "flipped", flipped(good, rng)
    for _ in range(30):
        yield "cut", cut(good, rng)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*groups, value))


def table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Returns a table of TensorFlow's, of one block, as its checkpoints and indices are."""

    def block(rows: list[tuple[bytes, bytes]]) -> bytes:
        body = b"".join(_varint(0) + _varint(len(key)) + _varint(len(value)) + key + value for key, value in rows)
        return body + struct.pack("<II", 0, 1)

    def stored(content: bytes) -> bytes:
        return content + b"\0" + struct.pack("<I", _crc(content + b"\0"))

    data = block(entries)
    none = block([])
    places = _varint(0) + _varint(len(data))
    index = block([(entries[-1][0] + b"\xff", places)])
    out = stored(data) + stored(none) + stored(index)
    first = len(stored(data))
    second = first + len(stored(none))
    footer = _varint(first) + _varint(len(none)) + _varint(second) + _varint(len(index))
    return out + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def _crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _first_value(content: bytes) -> bytes:
    from melody_rnn.network.checkpoint_tables import _entries

    return next(value for key, value in _entries(content) if not key)


def _retyped(content: bytes, tensors: Any, number: int) -> bytes:
    from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

    head = SavedTensorSlices()
    head.meta.CopyFrom(tensors)
    # Protos take types that they do not know by their bytes only.
    rest = head.meta.tensor[0]
    raw = rest.SerializeToString()
    rest.ClearField("type")
    other = rest.SerializeToString() + b"\x18" + _varint(number & (2**64 - 1))
    body = head.meta.SerializeToString().replace(raw, b"")
    return _with_head(content, body + b"\x0a" + _varint(len(other)) + other)


def _reshaped(content: bytes, tensors: Any, sizes: tuple[int, ...]) -> bytes:
    from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

    head = SavedTensorSlices()
    head.meta.CopyFrom(tensors)
    first = head.meta.tensor[0]
    first.shape.ClearField("dim")
    for size in sizes:
        first.shape.dim.add(size=size)
    return _with_head(content, head.meta.SerializeToString())


def _with_head(content: bytes, meta: bytes) -> bytes:
    from melody_rnn.network.checkpoint_tables import _entries

    rest = [(key, value) for key, value in _entries(content) if key]
    # The data is of no use where the head lies; a part of it keeps the table small.
    return table([(b"", b"\x0a" + _varint(len(meta)) + meta), *rest[:2]])


def wrong_indices(good: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields index files of checkpoints of version 2 that are damaged, or lie."""
    from tensorflow.core.protobuf.tensor_bundle_pb2 import BundleEntryProto, BundleHeaderProto

    from melody_rnn.network.checkpoint_tables import _entries

    rows = list(_entries(good))

    def changed(number: int, change: Any) -> bytes:
        key, value = rows[number]
        entry = (BundleEntryProto if key else BundleHeaderProto).FromString(value)
        change(entry)
        return table([*rows[:number], (key, entry.SerializeToString()), *rows[number + 1 :]])

    def shape(sizes: tuple[int, ...]) -> Any:
        def change(entry: Any) -> None:
            entry.shape.ClearField("dim")
            for size in sizes:
                entry.shape.dim.add(size=size)

        return change

    for number in range(1, min(len(rows), 8)):
        for sizes in ((-1,), (2**62, 2**62), (1,) * 300, (2**40,), (0,), ()):
            yield f"shape {str(sizes)[:20]}", changed(number, shape(sizes))
        for value in (0, 7, 20, 23, 101):
            yield f"type {value}", changed(number, lambda entry, value=value: setattr(entry, "dtype", value))
        for value in (-1, 2**40, 2**62):
            yield f"offset {value}", changed(number, lambda entry, value=value: setattr(entry, "offset", value))
            yield f"size {value}", changed(number, lambda entry, value=value: setattr(entry, "size", value))
        for value in (-1, 1, 2**31 - 1):
            yield f"file {value}", changed(number, lambda entry, value=value: setattr(entry, "shard_id", value))
        yield "slices", changed(number, lambda entry: entry.slices.add())
    for value in (-1, 0, 2, 100_000, 2**31 - 1):
        yield f"{value} files", changed(0, lambda head, value=value: setattr(head, "num_shards", value))
    yield "many variables", table([rows[0], *((b"v%06d" % n, rows[1][1]) for n in range(20_000))])
    for _ in range(80):
        yield "flipped", flipped(good, rng, 4)
    for _ in range(30):
        yield "cut", cut(good, rng)
