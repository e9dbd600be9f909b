"""TFRecord files: Magenta's of NoteSequences, and those of melodies to train on.

A record is its length (uint64), a checksum of that (uint32), its bytes and a checksum of them; little endian. Reading
needs no TensorFlow, so that the processes that read files start quickly. It checks the lengths' checksums only: they
tell a TFRecord from another file and find each loss of place, and damaged bytes are no proto any more.

Source: TensorFlow's core/lib/io/record_writer.h; the checksum is CRC-32C, masked.
"""

import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from melody_rnn.errors import InputFileError, OutputError
from melody_rnn.files import open_input, whole_file

SUFFIX: Final = ".tfrecord"
_HEADER: Final = struct.Struct("<QI")
_CHECKSUM_BYTES: Final = 4
_MOST_BYTES: Final = 2**26
_POLYNOMIAL: Final = 0x82F63B78
_MASK_DELTA: Final = 0xA282EAD8


def is_record_file(path: Path) -> bool:
    """Returns whether a file is called a TFRecord, or begins like one under another name."""
    if path.suffix.lower() == SUFFIX:
        return True
    try:
        with open_input(path, sys.maxsize) as file:
            return _length(file.read(_HEADER.size)) is not None
    except InputFileError:
        return False


def read_records(path: Path, first: int = 0, stride: int = 1) -> Iterator[bytes]:
    """Yields the records of a TFRecord file, each `stride`-th from record `first` on.

    Raises:
        InputFileError: If the file cannot be read, is no TFRecord, or ends within a record; the message names the path.
    """
    with open_input(path, sys.maxsize) as file:
        size, index = os.fstat(file.fileno()).st_size, 0
        while header := file.read(_HEADER.size):
            length = _length(header)
            if length is None:
                raise InputFileError(f"{path}: no TFRecord, or a damaged one (at record {index})")
            if file.tell() + length + _CHECKSUM_BYTES > size:
                raise InputFileError(f"{path}: a TFRecord that ends within record {index}; copy it anew")
            if index < first or (index - first) % stride:
                file.seek(length + _CHECKSUM_BYTES, os.SEEK_CUR)
            else:
                yield file.read(length + _CHECKSUM_BYTES)[:length]
            index += 1


def read_note_sequence(record: bytes) -> Any:
    """Returns a record's NoteSequence.

    Raises:
        InputFileError: If the record holds something else.
    """
    from google.protobuf.message import DecodeError

    from melody_rnn.formats.note_sequences import NoteSequence

    try:
        return NoteSequence.FromString(record)
    except DecodeError as error:
        raise InputFileError("not a NoteSequence, or a damaged one") from error


def write_records(path: Path, records: Iterable[bytes]) -> int:
    """Writes a TFRecord file, whole or not at all; a file that is there is replaced.

    Returns:
        The number of records.

    Raises:
        OutputError: If the file cannot be written.
    """
    import tensorflow as tf

    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as unfinished, tf.io.TFRecordWriter(str(unfinished)) as writer:
            for record in records:
                writer.write(record)
                count += 1
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"{path}: cannot be written ({reason})") from error
    return count


def _length(header: bytes) -> int | None:
    """Returns the length in a record's header, or None if it is no header."""
    if len(header) < _HEADER.size:
        return None
    length, checksum = _HEADER.unpack(header)
    is_header = checksum == _masked_crc(header[:8]) and length <= _MOST_BYTES
    return int(length) if is_header else None


def _masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
