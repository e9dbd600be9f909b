"""Music files for tests, as bytes: whole ones and broken ones."""

import struct

TUNE = [60, 62, 64, 65, 67, 69, 71, 72]
END_OF_TRACK = b"\x00\xff\x2f\x00"


def variable_length(number: int) -> bytes:
    digits = [number & 127]
    while number := number >> 7:
        digits.insert(0, number & 127 | 128)
    return bytes(digits)


def chunk(kind: bytes, data: bytes, declared: int | None = None) -> bytes:
    return kind + struct.pack(">I", len(data) if declared is None else declared) + data


def header(num_tracks: int = 1, division: int = 480) -> bytes:
    return chunk(b"MThd", struct.pack(">HHH", 1, num_tracks, division & 0xFFFF))


def notes(num_notes: int = 64, ticks: int = 480, channel: int = 0) -> bytes:
    pitches = (TUNE[number * 5 % 8] for number in range(num_notes))
    return b"".join(
        bytes([0, 0x90 | channel, pitch, 90]) + variable_length(ticks) + bytes([0x80 | channel, pitch, 0])
        for pitch in pitches
    )


def midi(events: bytes | None = None, division: int = 480) -> bytes:
    return header(division=division) + chunk(b"MTrk", (notes() if events is None else events) + END_OF_TRACK)


def abc(num_bars: int = 16, title: str = "A tune", meter: str = "4/4", shift: int = 0) -> str:
    bars = ["CDEF GABc|", "cBAG FEDC|", "EGcE DFBD|", "CEGc BGDB,|"]
    body = "".join(bars[number * 3 % 4 if number < 8 else (number + shift) % 4] for number in range(num_bars))
    return f"X:1\nT:{title}\nM:{meter}\nL:1/8\nK:C\n{body}\n\n"


def musicxml(num_bars: int = 8, pickup: bool = True) -> str:
    def note(step: str) -> str:
        return (
            f"<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>1</duration><voice>1</voice>"
            "<type>quarter</type></note>"
        )

    attributes = (
        "<attributes><divisions>1</divisions><key><fifths>1</fifths><mode>major</mode></key>"
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    )
    first = f'<measure number="0" implicit="yes">{attributes}{note("D")}</measure>' if pickup else ""
    rest = "".join(
        f'<measure number="{number}">{"" if pickup or number > 1 else attributes}'
        f"{''.join(note('GABCDEF'[(number + beat) % 7]) for beat in range(4))}</measure>"
        for number in range(1, num_bars + 1)
    )
    return (
        '<?xml version="1.0"?><score-partwise version="3.0">'
        '<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'
        f'<part id="P1">{first}{rest}</part></score-partwise>'
    )


HOSTILE = {
    "empty.mid": b"",
    "page.mid": b"<html>not found</html>",
    "cut.mid": midi()[:200],
    "huge_ticks.mid": midi(notes(10, 0x0FFFFFFF)),
    "zero_tempo.mid": midi(b"\x00\xff\x51\x03\x00\x00\x00" + notes()),
    "zero_division.mid": midi(division=0),
    "frames.mid": midi(division=0xE728),
    "many_tracks.mid": header(num_tracks=3000) + chunk(b"MTrk", notes(2) + END_OF_TRACK) * 3000,
    "missing_tracks.mid": header(num_tracks=65535) + chunk(b"MTrk", notes(2) + END_OF_TRACK),
    "gigabyte_chunk.mid": header() + chunk(b"MTrk", notes(), declared=2**30),
    "gigabyte_message.mid": midi(b"\x00\xf0" + variable_length(2**28 - 1) + bytes(50)),
    "zero_meter.mid": midi(b"\x00\xff\x58\x04\x00\x02\x18\x08" + notes()),
    "odd_meter.mid": midi(b"\x00\xff\x58\x04\x07\xff\x18\x08" + notes()),
    "drums.mid": midi(notes(channel=9)),
    "entities.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><score-partwise><part-list/>&j;</score-partwise>",
    "deep.xml": b"<a>" * 100_000,
    "no_zip.mxl": b"PK\x03\x04 no",
    "no_tune.abc": b"hello",
    "no_key.abc": b"X:1\nT:a\nabc",
    "long_notes.abc": b"X:1\nM:4/4\nL:1/8\nK:C\nC99999999 D2147483648 E4294967297/0 F/99999999999|",
    "zero_fields.abc": b"X:1\nM:0/0\nL:0/0\nK:C\nCDEFGABc|\nX:2\nM:4/4\nL:1/0\nK:Z\nCDEF|",
    "tuplets.abc": b"X:1\nK:C\n(9999:9999:9999CDEF (3:0:0 ABC (0:0 A|",
    "signs.abc": b"X:1\nK:C\n" + b"|:" * 3000 + b"CDEF" + b":|" * 3000,
    "brackets.abc": b"X:1\nK:C\n" + b"[" * 20_000 + b"abc|" + b"{" * 20_000 + b'"',
    "bytes.abc": b"X:1\nK:C\n\x00\x00abc|\xff\xfe",
}
