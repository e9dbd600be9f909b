import io
import struct

import numpy as np
import pytest
import soundfile

from melody_rnn.errors import InputFileError
from melody_rnn.formats import audio
from melody_rnn.formats.soundfont import read_soundfont, unpack
from tests.formats.heard import SCALE, scale, strongest_pitches

RATE, PITCH = 44_100, 69
PRESET = struct.Struct("<20sHHHIII")
WAVE = np.rint(12_000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype("<i2")
LOOP = (RATE // 10 * 2, RATE // 10 * 9)


def chunk(name, content):
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def one_tone_soundfont(is_compressed):
    """Returns a soundfont of one instrument: a looped tone of 440 Hz, as .sf3 if it is to be compressed."""
    if is_compressed:
        buffer = io.BytesIO()
        soundfile.write(buffer, WAVE, RATE, format="OGG", subtype="VORBIS")
        sound = buffer.getvalue()
        span, kind = (0, len(sound), *LOOP), 0x11
    else:
        sound = WAVE.tobytes() + bytes(92)
        span, kind = (0, len(WAVE), *LOOP), 1
    tables = {
        b"phdr": PRESET.pack(b"tone", 0, 0, 0, 0, 0, 0) + PRESET.pack(b"EOP", 0, 0, 1, 0, 0, 0),
        b"pbag": struct.pack("<HHHH", 0, 0, 1, 0),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HHHH", 41, 0, 0, 0),
        b"inst": struct.pack("<20sH20sH", b"tone", 0, b"EOI", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 2, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HHHHHH", 54, 1, 53, 0, 0, 0),
        b"shdr": struct.pack("<20sIIIIIBbHH", b"tone", *span, RATE, PITCH, 0, 0, kind) + bytes(46),
    }
    info = chunk(b"ifil", struct.pack("<HH", 3 if is_compressed else 2, 1)) + chunk(b"INAM", b"tone")
    content = b"".join(
        chunk(b"LIST", name + body)
        for name, body in [
            (b"INFO", info),
            (b"sdta", chunk(b"smpl", sound)),
            (b"pdta", b"".join(chunk(*table) for table in tables.items())),
        ]
    )
    return chunk(b"RIFF", b"sfbk" + content)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_soundfonts_by_path_are_played(tmp_path, is_compressed):
    path = tmp_path / "tone.sf"
    path.write_bytes(one_tone_soundfont(is_compressed))
    samples = audio.render(scale(), soundfont=path)
    np.testing.assert_allclose(strongest_pitches(samples), SCALE, atol=0.1)


def test_an_uncompressed_soundfont_is_left_as_it_is():
    plain = one_tone_soundfont(False)
    assert unpack(plain) is plain


def test_unpacking_keeps_wave_and_loop():
    unpacked = unpack(one_tone_soundfont(True))
    record = unpacked[unpacked.index(b"shdr") + 8 :][:46]
    _, start, end, loop_start, loop_end, rate, pitch, _, _, kind = struct.unpack("<20sIIIIIBbHH", record)
    assert (end - start, loop_start - start, loop_end - start) == (len(WAVE), *LOOP)
    assert (rate, pitch, kind) == (RATE, PITCH, 1)
    points = np.frombuffer(unpacked[unpacked.index(b"smpl") + 8 :][: 2 * len(WAVE)], "<i2")
    assert np.corrcoef(points, WAVE)[0, 1] > 0.999


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"RIFF....WAVE", "not a soundfont"),
        (one_tone_soundfont(True)[:5000], "damaged"),
        (one_tone_soundfont(True).replace(b"OggS", b"Oops"), "damaged"),
        (one_tone_soundfont(False).replace(b"shdr", b"rdhs"), "damaged"),
    ],
)
def test_what_is_no_soundfont_gives_one_line(tmp_path, data, message):
    path = tmp_path / "a.sf3"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputFileError, match=message) as caught:
        read_soundfont(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
