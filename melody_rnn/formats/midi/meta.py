"""The meta events at the start of a MIDI file: names, texts and markers, which hold what notes do not say.

Source: Standard MIDI Files 1.0, RP-001.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

TEXT: Final = 0x01
TRACK_NAME: Final = 0x03
MARKER: Final = 0x06
_META: Final = 0xFF
_SYSTEM_EXCLUSIVE: Final = (0xF0, 0xF7)
_MAX_EVENTS: Final = 10_000
# Data bytes of channel messages by the upper half of their status.
_DATA_BYTES: Final = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


class MetaEvent(NamedTuple):
    """A meta event.

    Attributes:
        tick: Where it stands.
        kind: Its number in the standard.
        text: Its bytes as text, UTF-8 or else Latin-1.
    """

    tick: int
    kind: int
    text: str


def num_tracks(data: bytes) -> int:
    """Returns how many track chunks a file has."""
    return sum(1 for _ in _chunks(data))


def first_track_meta(data: bytes) -> list[MetaEvent]:
    """Returns the texts, names and markers of a file's first track; where it is damaged, those before that."""
    track = next(_chunks(data), b"")
    try:
        return [event for event in _walk(track) if event.kind in (TEXT, TRACK_NAME, MARKER)]
    except IndexError:
        return []


def _chunks(data: bytes) -> Iterator[bytes]:
    position = data.find(b"MTrk")
    while 0 <= position < len(data) and data[position : position + 4] == b"MTrk":
        length = int.from_bytes(data[position + 4 : position + 8], "big")
        yield data[position + 8 : position + 8 + length]
        position += 8 + length


def _walk(track: bytes) -> Iterator[MetaEvent]:
    position = tick = status = 0
    for _ in range(_MAX_EVENTS):
        if position >= len(track):
            return
        delta, position = _number(track, position)
        tick += delta
        if track[position] & 0x80:
            status = track[position]
            position += 1
        if status == _META:
            kind = track[position]
            length, position = _number(track, position + 1)
            yield MetaEvent(tick, kind, _decode(track[position : position + length]))
            position += length
        elif status in _SYSTEM_EXCLUSIVE:
            length, position = _number(track, position)
            position += length
        else:
            position += _DATA_BYTES.get(status >> 4, 1)


def _number(track: bytes, position: int) -> tuple[int, int]:
    """Returns a number of variable length, and the position after it."""
    value = 0
    for _ in range(4):
        byte = track[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return value, position


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
