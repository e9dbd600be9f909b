"""Music files that are damaged or hostile: valid in their structure as far as a reader needs it, with wrong values."""

import io
import random
import struct
import zipfile
from collections.abc import Iterator

MANY = (0, 1, -1, 127, 128, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 10**30)
TEXTS = (
    "",
    "a\nb\r\tc",
    "\x1b[31mred\x1b[0m \x07",
    "‮gnp.exe⁦",
    "[/]",
    "[bold red]x[/bold red]",
    "x" * 10_000,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "&amp;<tag>",
    "日本語 ☃ \u0301\u0301",
)
"""What names, titles and texts may be."""


def number(value: int) -> bytes:
    """Returns a MIDI number of variable length."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def midi(tracks: list[bytes], division: int = 480, kind: int = 1, num_tracks: int | None = None) -> bytes:
    """Returns a MIDI file of tracks of events."""
    head = struct.pack(">4sIHHH", b"MThd", 6, kind, len(tracks) if num_tracks is None else num_tracks, division)
    return head + b"".join(struct.pack(">4sI", b"MTrk", len(track)) + track for track in tracks)


def notes(count: int, step: int = 1, pitch: int = 60) -> bytes:
    """Returns a track of so many notes, six bytes each."""
    on = number(0) + b"\x90" + bytes([pitch, 100])
    pair = number(step) + bytes([pitch, 0]) + number(0) + bytes([pitch, 100])
    return on + pair * (count - 1) + number(step) + bytes([pitch, 0]) + END


END = b"\x00\xff\x2f\x00"


def meta(kind: int, content: bytes, delta: int = 0) -> bytes:
    """Returns a meta event."""
    return number(delta) + bytes([0xFF, kind]) + number(len(content)) + content


def dense_midi(num_bytes: int) -> bytes:
    """Returns a MIDI file that is full of notes."""
    return midi([notes(num_bytes // 6, pitch=60 + num_bytes % 12)])


def wrong_midi(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields MIDI files with wrong values, by what is wrong."""
    tune = notes(64, 240)
    for value in (0, 1, 2, 0x7FFF, 0x8000, 0xE728, 0xFFFF):
        yield f"division {value}", midi([tune], value)
        yield f"number of tracks {value}", midi([tune], num_tracks=value)
        yield f"type {value}", midi([tune], kind=value)
    for size in (0, 1, 2**31 - 1, 2**32 - 1):
        yield f"track of {size} bytes", midi([tune]).replace(struct.pack(">I", len(tune)), struct.pack(">I", size), 1)
        yield f"header of {size} bytes", midi([tune]).replace(struct.pack(">I", 6), struct.pack(">I", size), 1)
    for step in (0, 1, 2**20, 2**27, 2**28 - 1):
        yield f"steps of {step} ticks", midi([notes(64, step)])
        yield f"steps of {step} ticks at 1", midi([notes(64, step)], 1)
    for content in (b"\0\0\0", b"\xff\xff\xff", b"\0\0\1", b"", b"\1" * 200):
        yield f"tempo {content[:3]!r}", midi([meta(0x51, content) + END, tune])
    for content in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\6\x18\x08", b"\xff\0\x18\x08", b"\4", b""):
        yield f"meter {content!r}", midi([meta(0x58, content) + END, tune])
        yield f"meter {content!r} a tick", midi([meta(0x58, content, 1) * 2000 + END, tune])
    for content in (b"\x80\0", b"\x7f\1", b"\0\xff", b"\7\2", b""):
        yield f"key {content!r}", midi([meta(0x59, content) + END, tune])
    for text in TEXTS:
        for kind in (1, 3, 6):
            yield f"text {kind} {text[:8]!r}", midi([meta(kind, text.encode("utf-8", "replace")) + END, tune])
    for length in (2**20, 2**28 - 1):
        yield f"text of {length}", midi([b"\0\xff\x03" + number(length) + b"x" * 50, tune])
        yield f"exclusive of {length}", midi([b"\0\xf0" + number(length) + b"x" * 50, tune])
    yield "many tracks", midi([notes(2)] * 4000)
    yield "many tempos", midi([b"".join(meta(0x51, struct.pack(">I", n)[1:], 1) for n in range(1, 30_000)), tune])
    yield "many markers", midi([meta(6, b"x", 1) * 30_000, tune])
    yield "all pitches at once", midi([b"".join(b"\0\x90" + bytes([p, 99]) for p in range(128)) * 50 + END])
    yield "notes that never end", midi([(b"\0\x90\x3c\x63" * 60_000) + END])
    yield "nothing", b""
    yield "a head alone", midi([])
    for _ in range(200):
        yield "flipped", flipped(midi([meta(3, b"title") + meta(0x58, b"\4\2\x18\x08"), tune]), rng)
    for _ in range(60):
        yield "cut", cut(midi([tune, tune]), rng)


def flipped(data: bytes, rng: random.Random, most: int = 8) -> bytes:
    """Returns bytes of which some have other bits."""
    wrong = bytearray(data)
    for _ in range(rng.randint(1, most)):
        wrong[rng.randrange(len(wrong))] ^= 1 << rng.randrange(8)
    return bytes(wrong)


def cut(data: bytes, rng: random.Random) -> bytes:
    """Returns bytes with a piece left out, doubled or at the end."""
    first, last = sorted(rng.sample(range(len(data)), 2))
    return rng.choice([data[:first], data[:first] + data[last:], data[:last] + data[first:]])


def note_xml(step: str = "C", octave: object = 4, duration: object = 1, more: str = "", alter: str = "") -> str:
    """Returns a note of MusicXML."""
    return (
        f"<note><pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{more}</note>"
    )


def musicxml(body: str, head: str = "", root: str = "score-partwise", before: str = "") -> bytes:
    """Returns a MusicXML document of a part with such measures."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<{root} version="4.0">{head}<part-list><score-part id="P1">'
        f'<part-name>x</part-name></score-part></part-list><part id="P1">{body}</part></{root}>'
    ).encode("utf-8", "surrogatepass")


ATTRIBUTES = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"


def bars_xml(count: int, num_notes: int = 4) -> bytes:
    """Returns a MusicXML document of so many bars."""
    bar = f"<measure>{''.join(note_xml('CDEF'[n % 4]) for n in range(num_notes))}</measure>"
    return musicxml(f"<measure>{ATTRIBUTES}{note_xml(duration=4)}</measure>" + bar * (count - 1))


def tags_xml(count: int) -> bytes:
    """Returns a MusicXML document of so many empty elements."""
    return musicxml(f"<measure>{ATTRIBUTES}{note_xml()}{'<a/>' * count}</measure>")


def deep_xml(depth: int) -> bytes:
    """Returns a MusicXML document of elements in one another."""
    return musicxml(f"<measure>{'<a>' * depth}{'</a>' * depth}{note_xml()}</measure>")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
) + "]>"  # fmt: skip


def wrong_xml(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields MusicXML documents with wrong values, by what is wrong."""

    def bar(content: str) -> bytes:
        return musicxml(f"<measure>{ATTRIBUTES}{content}</measure>" * 8)

    for octave in (99, -1, -99, 10**30, "x", "", "\uff14", 9):
        yield f"octave {octave}", bar(note_xml(octave=octave))
    for value in (*MANY, "1e308", "nan", "inf", "", "1/0", "0.0000001", "\u0664", "-0"):
        yield f"duration {value}", bar(note_xml(duration=value) * 4)
        yield f"divisions {value}", bar(f"<attributes><divisions>{value}</divisions></attributes>{note_xml() * 4}")
        yield (
            f"beats {value}",
            bar(
                f"<attributes><time><beats>{value}</beats><beat-type>4</beat-type></time></attributes>{note_xml() * 4}"
            ),
        )
        yield (
            f"beat-type {value}",
            bar(
                f"<attributes><time><beats>4</beats><beat-type>{value}</beat-type></time></attributes>{note_xml() * 4}"
            ),
        )
        yield f"tempo {value}", bar(f'<sound tempo="{value}"/>{note_xml() * 4}')
        yield f"fifths {value}", bar(f"<attributes><key><fifths>{value}</fifths></key></attributes>{note_xml() * 4}")
        yield f"alter {value}", bar(note_xml(alter=f"<alter>{value}</alter>") * 4)
        yield f"backup {value}", bar(f"{note_xml() * 4}<backup><duration>{value}</duration></backup>{note_xml()}")
        yield f"forward {value}", bar(f"<forward><duration>{value}</duration></forward>{note_xml() * 4}")
        yield (
            f"times {value}",
            bar(f'{note_xml() * 4}<barline><repeat direction="backward" times="{value}"/></barline>'),
        )
        yield f"ending {value}", bar(f'{note_xml() * 4}<barline><ending type="start" number="{value}"/></barline>')
        yield (
            f"transpose {value}",
            bar(f"<attributes><transpose><chromatic>{value}</chromatic></transpose></attributes>{note_xml() * 4}"),
        )
        yield (
            f"program {value}",
            musicxml(f"<measure>{ATTRIBUTES}{note_xml() * 4}</measure>").replace(
                b"</part-name>",
                f"</part-name><midi-instrument><midi-program>{value}</midi-program></midi-instrument>".encode(),
            ),
        )
    for text in TEXTS:
        safe = text.replace("&amp;", "&").replace("&", "&amp;").replace("<", "&lt;")
        yield (
            f"title {text[:8]!r}",
            musicxml(
                f"<measure>{ATTRIBUTES}{note_xml() * 4}</measure>" * 8, f"<work><work-title>{safe}</work-title></work>"
            ),
        )
        yield (
            f"harmony {text[:8]!r}",
            bar(
                f"<harmony><root><root-step>C</root-step></root><kind text='x'>{safe}</kind></harmony>{note_xml() * 4}"
            ),
        )
        yield (
            f"rehearsal {text[:8]!r}",
            bar(
                f"<direction><direction-type><rehearsal>{safe}</rehearsal></direction-type></direction>{note_xml() * 4}"
            ),
        )
    for depth in (50, 1000, 100_000):
        yield f"depth {depth}", deep_xml(depth)
    yield (
        "laughs",
        musicxml(f"<measure>{note_xml()}</measure>", "<work><work-title>&m;</work-title></work>", before=LAUGHS),
    )
    yield (
        "outside",
        musicxml(
            f"<measure>{note_xml()}</measure>",
            "<credit>&x;</credit>",
            before='<!DOCTYPE x [<!ENTITY x SYSTEM "/etc/passwd">]>',
        ),
    )
    yield (
        "endless repeats",
        bar(
            f'<barline><repeat direction="forward"/></barline>{note_xml() * 4}'
            f'<barline><repeat direction="backward" times="16"/></barline>'
        ),
    )
    yield "jumps in circles", bar(f'<sound dacapo="yes" dalsegno="x" segno="x" coda="x" tocoda="x"/>{note_xml() * 4}')
    yield "another root", musicxml("", root="html")
    yield "time-wise", musicxml(f"<measure>{note_xml()}</measure>", root="score-timewise")
    yield "no part", b"<score-partwise/>"
    yield "another encoding", bars_xml(8).replace(b"UTF-8", b"utf-7")
    yield "UTF-16 by name", bars_xml(8).replace(b"UTF-8", b"UTF-16")
    yield (
        "many parts",
        musicxml(f"<measure>{note_xml()}</measure>").replace(
            b"</score-partwise>", f'<part id="P2"><measure>{note_xml()}</measure></part></score-partwise>'.encode() * 1
        ),
    )
    whole = bars_xml(8)
    for _ in range(200):
        yield "flipped", flipped(whole, rng)
    for _ in range(60):
        yield "cut", cut(whole, rng)


def mxl(document: bytes, name: str = "score.xml", container: str | None = None, method: int = 8) -> bytes:
    """Returns a container of a document."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        path = name if container is None else container
        about = f'<container><rootfiles><rootfile full-path="{path}"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", about)
        archive.writestr(name, document)
    return buffer.getvalue()


def wrong_mxl(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields containers with wrong values, by what is wrong."""
    whole = mxl(bars_xml(8))
    for name in ("../../x.xml", "/etc/x.xml", "x" * 60_000 + ".xml", "a\0b.xml", "score.html"):
        yield f"a document called {name[:12]!r}", mxl(bars_xml(8), name)
        yield f"a root file called {name[:12]!r}", mxl(bars_xml(8), container=name.replace("\0", ""))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for n in range(20_000):
            archive.writestr(f"{n}.txt", "")
    yield "many members", buffer.getvalue()
    yield "a container in a container", mxl(whole)
    yield "a container of spaces", mxl(b"<score-partwise>" + b" " * 40_000_000)
    yield "a container of a gigabyte", mxl(b"<score-partwise>" + b"\0" * 10**9)
    yield "a container of tags", mxl(tags_xml(6_000_000))
    yield "a container of bars", mxl(bars_xml(60_000, 1))
    for offset, value in ((6, 1), (8, 99), (8, 12), (8, 14), (18, 255), (22, 255)):
        lying = bytearray(whole)
        for start in [n for n in range(len(whole) - 4) if whole[n : n + 4] in (b"PK\3\4", b"PK\1\2")]:
            own = start + offset + (2 if whole[start + 2 : start + 4] == b"\1\2" else 0)
            lying[own] = value
        yield f"byte {offset} is {value}", bytes(lying)
    for _ in range(150):
        yield "flipped", flipped(whole, rng)
    for _ in range(60):
        yield "cut", cut(whole, rng)


def wrong_abc(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yields tune books with wrong values, by what is wrong."""
    head = "X:1\nT:x\nM:4/4\nL:1/8\nK:C\n"
    bar = "CDEF GABc|"
    for value in (*MANY, "1/0", "", "x", "1e9", "\u0664"):
        yield f"length {value}", f"{head}C{value}D E{value}/F|{bar * 8}\n".encode()
        yield f"meter {value}", head.replace("4/4", f"{value}/{value}").encode() + bar.encode() * 8
        yield f"unit {value}", head.replace("1/8", f"1/{value}").encode() + bar.encode() * 8
        yield f"tempo {value}", head.replace("K:", f"Q:1/4={value}\nK:").encode() + bar.encode() * 8
        yield f"tuplet {value}", f"{head}({value}CDE ({value}:{value}:{value}CDE {bar * 8}\n".encode()
        yield f"rests {value}", f"{head}Z{value}|{bar * 8}\n".encode()
        yield f"endings {value}", f"{head}|:{bar * 8}[{value}CD:|[2CD|]\n".encode()
        yield f"key {value}", f"{head}[K:{value}]{bar * 8}\n".encode()
        yield f"number {value}", f"X:{value}\n{head[4:]}{bar * 8}\n".encode()
        yield f"octave {value}", f"{head}[K:C octave={value}]{bar * 8}\n".encode()
    for text in TEXTS:
        raw = text.encode("utf-8", "replace")
        yield f"title {text[:8]!r}", head.encode().replace(b"T:x", b"T:" + raw) + bar.encode() * 8
        yield f"chord {text[:8]!r}", head.encode() + b'"' + raw + b'"' + bar.encode() * 8
        yield f"part {text[:8]!r}", head.encode() + b"P:" + raw + b"\n" + bar.encode() * 8
    for sign in (
        "C",
        "c'",
        "C,",
        "^",
        "(",
        "[",
        "{",
        "|:",
        ":|",
        "!",
        '"',
        "+",
        "~",
        "&",
        "-",
        "<",
        "\\",
        "V:1\n",
        "w:",
    ):
        yield f"many {sign!r}", f"{head}{sign * 100_000}\n".encode()
    yield "many tunes", b"X:1\nK:C\nC\n\n" * 60_000
    yield "many repeats", (head + ("|:" + bar + ":|") * 20_000).encode()
    yield "many voices", (head + "".join(f"V:{n}\n{bar}\n" for n in range(3000))).encode()
    yield "macros", (head + "m:~n2=" + "n" * 5000 + "\n" + "~C2" * 5000).encode()
    yield (
        "parts of parts",
        (head.replace("K:C", "P:" + "(" * 500 + "A" + ")9" * 500 + "\nK:C") + "P:A\n" + bar * 8).encode(),
    )
    whole = (head + bar * 8).encode()
    for _ in range(200):
        yield "flipped", flipped(whole, rng)
    for _ in range(60):
        yield "cut", cut(whole, rng)
