"""Ogg pages: the serial number of a stream, which encoders draw at random, made the same each time.

Source: RFC 3533, section 6.
"""

import zlib
from typing import Final

_SERIAL: Final = slice(14, 18)
_CHECKSUM: Final = slice(22, 26)
_NUM_SEGMENTS: Final = 26
_HEADER: Final = 27
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(data: bytes, serial: int = 1) -> bytes:
    """Returns an Ogg file of one stream with another serial number on each of its pages.

    Args:
        data: The file.
        serial: From 0 to 2^32 - 1.
    """
    pages = bytearray(data)
    start = 0
    while start < len(pages):
        num_segments = pages[start + _NUM_SEGMENTS]
        segments = pages[start + _HEADER : start + _HEADER + num_segments]
        end = start + _HEADER + num_segments + sum(segments)
        page = pages[start:end]
        page[_SERIAL] = serial.to_bytes(4, "little")
        page[_CHECKSUM] = bytes(4)
        page[_CHECKSUM] = checksum(page).to_bytes(4, "little")
        pages[start:end] = page
        start = end
    return bytes(pages)


def checksum(page: bytes | bytearray) -> int:
    """Returns a page's CRC-32 as Ogg counts it: zlib's, but with the highest bit first and nothing inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
