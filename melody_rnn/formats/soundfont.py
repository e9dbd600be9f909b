"""Soundfonts: a .sf2 as it is, a .sf3 with its compressed samples unpacked, so that any synthesiser can play it.

A .sf3 is a .sf2 whose samples are Ogg Vorbis streams. Source: the SoundFont 2.04 specification, and MuseScore's
description of SoundFont 3.
"""

import io
import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from melody_rnn.errors import InputFileError
from melody_rnn.files import open_input, read_input

_MAX_BYTES: Final = 2 * 2**30
_HEADER: Final = struct.Struct("<20sIIIIIBbHH")
_COMPRESSED: Final = 0x10
_GAP: Final = np.zeros(46, np.int16)
"""What the specification asks for between two samples."""


class _Sample(NamedTuple):
    """A sample's header. `start` and `end` are bytes where the sample is compressed, else 16-bit points."""

    name: bytes
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    pitch: int
    correction: int
    link: int
    kind: int


def read_soundfont(path: str | Path) -> bytes:
    """Returns a soundfont as the bytes of a .sf2.

    Raises:
        InputFileError: If the file is missing, too large, or no soundfont.
    """
    path = Path(path)
    with open_input(path, _MAX_BYTES) as file:
        status = os.fstat(file.fileno())
    return _read(path, status.st_mtime_ns, status.st_size)


# Unpacking a large .sf3 takes seconds, and a player asks for the same one again and again.
@lru_cache(maxsize=1)
def _read(path: Path, _modified: int, _size: int) -> bytes:
    data = read_input(path, _MAX_BYTES)
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise InputFileError(f"{path}: not a soundfont (give a .sf2 or .sf3)")
    try:
        return unpack(data)
    except (struct.error, KeyError, ValueError, soundfile.LibsndfileError) as error:
        raise InputFileError(f"{path}: a damaged soundfont ({error})") from error


def unpack(data: bytes) -> bytes:
    """Returns a soundfont's bytes with every compressed sample unpacked; without one, the very same bytes.

    Raises:
        KeyError, ValueError, struct.error, soundfile.LibsndfileError: If it is damaged.
    """
    lists = {content[:4]: dict(_chunks(content[4:])) for name, content in _chunks(data[12:]) if name == b"LIST"}
    info, sound, presets = lists[b"INFO"], lists[b"sdta"], lists[b"pdta"]
    headers = [_Sample(*fields) for fields in _HEADER.iter_unpack(presets[b"shdr"])]
    if not any(header.kind & _COMPRESSED for header in headers):
        return data
    presets[b"shdr"], sound[b"smpl"] = _unpack_samples(headers, sound[b"smpl"])
    sound.pop(b"sm24", None)
    info[b"ifil"] = struct.pack("<HH", 2, 4)
    content = b"".join(
        _chunk(b"LIST", kind + b"".join(_chunk(name, part) for name, part in lists[kind].items()))
        for kind in (b"INFO", b"sdta", b"pdta")
    )
    return _chunk(b"RIFF", b"sfbk" + content)


def _unpack_samples(headers: list[_Sample], packed: bytes) -> tuple[bytes, bytes]:
    """Returns the headers and the points, as chunks."""
    with ThreadPoolExecutor() as pool:
        sounds = list(pool.map(lambda header: _points(header, packed), headers[:-1]))
    new_headers, points, start = [], [], 0
    for header, sound in zip(headers, sounds, strict=False):
        # Loops of compressed samples count from the sample's start.
        origin = 0 if header.kind & _COMPRESSED else header.start
        moved = header._replace(
            start=start,
            end=start + len(sound),
            loop_start=header.loop_start - origin + start,
            loop_end=header.loop_end - origin + start,
            kind=header.kind & ~_COMPRESSED,
        )
        new_headers.append(moved)
        points += [sound, _GAP]
        start += len(sound) + len(_GAP)
    records = b"".join(_HEADER.pack(*header) for header in [*new_headers, headers[-1]])
    return records, b"".join(part.astype("<i2").tobytes() for part in points)


def _points(header: _Sample, packed: bytes) -> NDArray[np.int16]:
    if header.kind & _COMPRESSED:
        stream = io.BytesIO(packed[header.start : header.end])
        points: NDArray[np.int16] = soundfile.read(stream, dtype="int16", always_2d=True)[0][:, 0]
    else:
        points = np.frombuffer(packed[2 * header.start : 2 * header.end], "<i2")
    return points


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        if position + 8 + size > len(data):
            raise ValueError(f"it ends in the middle of {name.decode('latin-1')}")
        yield name, data[position + 8 : position + 8 + size]
        position += 8 + size
        # Chunks of odd size have a byte of padding, which some writers of .sf3 leave out.
        position += size % 2 and data[position : position + 1] == b"\0"


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)
