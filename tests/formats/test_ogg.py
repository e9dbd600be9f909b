import numpy as np

from melody_rnn.formats.audio import audio_bytes
from melody_rnn.formats.ogg import checksum, with_serial


def crc(page):
    """The checksum bit by bit, as RFC 3533 says it."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
    return register


def test_the_checksum_is_that_of_the_specification():
    page = bytes(range(256)) * 2
    assert checksum(page) == crc(page)


def test_a_sound_is_the_same_bytes_each_time():
    samples = np.sin(np.arange(44_100)[:, np.newaxis] * [0.05, 0.06]).astype(np.float32)
    first = audio_bytes(samples, "ogg")
    assert first == audio_bytes(samples, "ogg")
    assert with_serial(first, 7) != first == with_serial(with_serial(first, 7))
