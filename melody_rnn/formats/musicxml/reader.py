"""MusicXML to scores.

Grace and cue notes are left out. Pitches are as they sound: transposing instruments are transposed. Ties are joined by
pitch. A bar is as long as what stands in it.

Source: MusicXML 4.0, w3.org/2021/06/musicxml40.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from melody_rnn.errors import InputFileError
from melody_rnn.formats.musicxml.chord_kinds import symbol_of
from melody_rnn.formats.musicxml.container import parse_document
from melody_rnn.formats.score import (
    MAX_PARTS,
    Bar,
    ChordSymbol,
    KeyChange,
    Mark,
    MeterChange,
    Note,
    Part,
    Score,
    TempoChange,
)
from melody_rnn.music.keys import MAX_SHARPS, MODES, Key
from melody_rnn.music.meters import COMMON_TIME, Meter

MAX_BARS: Final = 20_000
_MAX_QUARTERS: Final = 4_096
_ABOVE_C: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_BEATS: Final = {
    "long": 16,
    "breve": 8,
    "whole": 4,
    "half": 2,
    "quarter": 1,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
}
_SECTION_STYLES: Final = ("light-light", "light-heavy", "heavy-light", "heavy-heavy", "heavy")
_WORDS: Final[dict[str, Mark]] = {
    "fine": "fine",
    "dc": "da_capo",
    "dacapo": "da_capo",
    "dcalfine": "da_capo",
    "dcalcoda": "da_capo",
    "ds": "dal_segno",
    "dsalfine": "dal_segno",
    "dsalcoda": "dal_segno",
    "tocoda": "to_coda",
}
_SOUNDS: Final[dict[str, Mark]] = {
    "dacapo": "da_capo",
    "dalsegno": "dal_segno",
    "fine": "fine",
    "tocoda": "to_coda",
    "segno": "segno",
    "coda": "coda",
}
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class _Measure:
    """A measure of one part; times in quarter notes from its start."""

    length: Fraction = Fraction(0)
    notes: list[tuple[Fraction, Fraction, int, int, bool, bool]] = field(default_factory=list)
    meter: Meter | None = None
    keys: list[tuple[Fraction, Key | None]] = field(default_factory=list)
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    opens_repeat: bool = False
    times: int = 1
    endings: tuple[int, ...] = ()
    is_double: bool = False
    label: str = ""
    marks: set[Mark] = field(default_factory=set)


def read_musicxml(data: bytes) -> Score:
    """Reads a MusicXML document, or a compressed container of one.

    Args:
        data: The file's bytes.

    Raises:
        InputFileError: If it is no such file, damaged, or far larger than any tune; the message does not name the file.
    """
    root = parse_document(data)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise InputFileError(f"an XML document of another kind: {root.tag[:40]}")
    abouts = {part.get("id", ""): part for part in root.iter("score-part")}
    parts = {name: _read_part(measures) for name, measures in _parts(root).items()}
    if not parts or not any(parts.values()):
        raise InputFileError("no part with a measure in it")
    starts, end = _starts(list(parts.values()))
    first = next(measures for measures in parts.values() if measures)
    return Score(
        parts=tuple(_part(abouts.get(name), measures, starts) for name, measures in parts.items()),
        bars=_bars(first, starts),
        end=end,
        meters=_meters(first, starts),
        keys=tuple(KeyChange(starts[n] + at, key) for n, measure in enumerate(first) for at, key in measure.keys),
        tempos=_tempos(list(parts.values()), starts),
        chords=_chords(list(parts.values()), starts),
        title=_title(root),
        composer=next((_text(e) for e in root.iter("creator") if e.get("type") == "composer"), ""),
    )


def _parts(root: ET.Element) -> dict[str, list[ET.Element]]:
    """Returns the measures of each part by its id; a time-wise document is turned round."""
    parts: dict[str, list[ET.Element]] = {}
    if root.tag == "score-partwise":
        for part in root.findall("part"):
            parts.setdefault(part.get("id", ""), []).extend(part.findall("measure"))
    else:
        for measure in root.findall("measure"):
            for part in measure.findall("part"):
                parts.setdefault(part.get("id", ""), []).append(part)
    if len(parts) > MAX_PARTS:
        raise InputFileError(f"more than {MAX_PARTS} parts, which no score has")
    if any(len(measures) > MAX_BARS for measures in parts.values()):
        raise InputFileError(f"more than {MAX_BARS} measures, which no score has")
    return parts


class _PartReader:
    """What holds from measure to measure of a part."""

    def __init__(self) -> None:
        self._divisions = Fraction(1)
        self._transposition = 0
        self._voices: dict[str, int] = {}

    def measure(self, element: ET.Element) -> _Measure:
        """Reads a measure."""
        measure = _Measure()
        now = last = Fraction(0)
        for child in element:
            tag = child.tag
            if tag == "note":
                now, last = self._note(child, measure, now, last)
            elif tag == "backup":
                now = max(Fraction(0), now - self._duration(child))
            elif tag == "forward":
                now += self._duration(child)
            elif tag == "attributes":
                self._attributes(child, measure, now)
            elif tag == "direction":
                _direction(child, measure, now)
            elif tag == "sound":
                _sound(child, measure, now)
            elif tag == "harmony":
                _harmony(child, measure, now)
            elif tag == "barline":
                _barline(child, measure)
            if now > _MAX_QUARTERS:
                raise InputFileError(f"a measure of more than {_MAX_QUARTERS} quarter notes")
            measure.length = max(measure.length, now)
        return measure

    def _duration(self, element: ET.Element) -> Fraction:
        return _number(_text(element.find("duration"))) / self._divisions

    def _note(self, element: ET.Element, measure: _Measure, now: Fraction, last: Fraction) -> tuple[Fraction, Fraction]:
        """Takes a note, and returns where the measure stands and where the note began."""
        if element.find("grace") is not None:
            return now, last
        duration = self._duration(element)
        is_chord = element.find("chord") is not None
        start = last if is_chord else now
        pitch = element.find("pitch")
        unpitched = element.find("unpitched")
        if element.find("cue") is None and duration > 0 and (pitch is not None or unpitched is not None):
            sounding = self._pitch(pitch) if pitch is not None else 38
            ties = {tie.get("type") for tie in (*element.findall("tie"), *element.findall("notations/tied"))}
            voice = self._voices.setdefault(_text(element.find("voice")), len(self._voices))
            measure.notes.append((start, start + duration, sounding, voice, "stop" in ties, "start" in ties))
        return (now if is_chord else now + duration), start

    def _pitch(self, element: ET.Element) -> int:
        step, octave = _text(element.find("step")), _text(element.find("octave"))
        alter = round(_number(_text(element.find("alter")) or "0"))
        if step not in _ABOVE_C or not re.fullmatch(r"-?\d{1,2}", octave):
            raise InputFileError(f"a pitch of step {step[:10]!r} and octave {octave[:10]!r}")
        pitch = 12 * (int(octave) + 1) + _ABOVE_C[step] + alter + self._transposition
        if not 0 <= pitch <= 127:
            raise InputFileError(f"a note of MIDI pitch {pitch}, outside 0..127")
        return pitch

    def _attributes(self, element: ET.Element, measure: _Measure, now: Fraction) -> None:
        divisions = _number(_text(element.find("divisions")) or "0")
        if divisions > 0:
            self._divisions = divisions
        for key in element.findall("key")[:1]:
            measure.keys.append((now, _key(key)))
        for time in element.findall("time")[:1]:
            measure.meter = _meter(time) or measure.meter
        transpose = element.find("transpose")
        if transpose is not None:
            octaves = _number(_text(transpose.find("octave-change")) or "0")
            self._transposition = round(_number(_text(transpose.find("chromatic")) or "0") + 12 * octaves)


def _read_part(elements: Sequence[ET.Element]) -> list[_Measure]:
    reader = _PartReader()
    return [reader.measure(element) for element in elements]


def _starts(parts: Sequence[Sequence[_Measure]]) -> tuple[list[Fraction], Fraction]:
    """Returns where each measure begins, the same for all parts, and where the last one ends."""
    starts, now, meter = [], Fraction(0), COMMON_TIME
    for number in range(max(map(len, parts))):
        here = [part[number] for part in parts if number < len(part)]
        meter = next((measure.meter for measure in here if measure.meter), meter)
        starts.append(now)
        now += max(measure.length for measure in here) or meter.quarters
    return starts, now


def _part(about: ET.Element | None, measures: Sequence[_Measure], starts: Sequence[Fraction]) -> Part:
    notes: list[Note] = []
    open_ties: dict[int, int] = {}
    for measure, offset in zip(measures, starts, strict=False):
        for start, end, pitch, voice, stops, begins in measure.notes:
            held = open_ties.pop(pitch, None) if stops else None
            if held is not None and notes[held].end == start + offset:
                notes[held] = notes[held]._replace(end=end + offset)
            else:
                held = len(notes)
                notes.append(Note(start + offset, end + offset, pitch, voice))
            if begins:
                open_ties[pitch] = held
    notes.sort(key=lambda note: (note.start, note.voice, -note.pitch))
    if about is None:
        return Part(tuple(notes))
    program = min(max(int(_number(_text(about.find(".//midi-program")) or "1")) - 1, 0), 127)
    channel = _text(about.find(".//midi-channel"))
    is_drums = channel == "10" or about.find(".//midi-unpitched") is not None
    return Part(tuple(notes), _text(about.find("part-name")), program, is_drums)


def _bars(measures: Sequence[_Measure], starts: Sequence[Fraction]) -> tuple[Bar, ...]:
    return tuple(
        Bar(start, m.opens_repeat, m.times, m.endings, m.is_double, m.label, frozenset(m.marks))
        for m, start in zip(measures, starts, strict=False)
    )


def _meters(measures: Sequence[_Measure], starts: Sequence[Fraction]) -> tuple[MeterChange, ...]:
    changes: list[MeterChange] = []
    for measure, start in zip(measures, starts, strict=False):
        if measure.meter and (not changes or changes[-1].meter != measure.meter):
            changes.append(MeterChange(start, measure.meter))
    return tuple(changes)


def _tempos(parts: Sequence[Sequence[_Measure]], starts: Sequence[Fraction]) -> tuple[TempoChange, ...]:
    found: dict[Fraction, float] = {}
    for part in parts:
        for measure, start in zip(part, starts, strict=False):
            for at, qpm in measure.tempos:
                found.setdefault(start + at, qpm)
    changes: list[TempoChange] = []
    for start, qpm in sorted(found.items()):
        if not changes or changes[-1].qpm != qpm:
            changes.append(TempoChange(start, qpm))
    return tuple(changes)


def _chords(parts: Sequence[Sequence[_Measure]], starts: Sequence[Fraction]) -> tuple[ChordSymbol, ...]:
    found: dict[Fraction, str] = {}
    for part in parts:
        for measure, start in zip(part, starts, strict=False):
            for at, symbol in measure.chords:
                found.setdefault(start + at, symbol)
    return tuple(ChordSymbol(at, symbol) for at, symbol in sorted(found.items()))


def _key(element: ET.Element) -> Key | None:
    fifths, mode = _text(element.find("fifths")), _text(element.find("mode")).lower()
    if not re.fullmatch(r"[+-]?\d{1,2}", fifths) or abs(int(fifths)) > MAX_SHARPS:
        return None
    mode = {"ionian": "major", "aeolian": "minor"}.get(mode, mode)
    return Key(int(fifths), mode if mode in MODES else "major")


def _meter(element: ET.Element) -> Meter | None:
    """Reads a meter; several of them beside each other are added up, as 3+2/8 is."""
    pairs = list(zip(element.findall("beats"), element.findall("beat-type"), strict=False))
    total, finest = Fraction(0), 1
    for beats, beat_type in pairs:
        numbers = [int(number) for number in re.findall(r"\d{1,3}", _text(beats))]
        if not numbers or not re.fullmatch(r"\d{1,3}", _text(beat_type)) or not int(_text(beat_type)):
            return None
        finest = max(finest, int(_text(beat_type)))
        total += Fraction(sum(numbers), int(_text(beat_type)))
    beats_of_finest = total * finest
    meter = Meter(int(beats_of_finest), finest)
    return meter if meter.is_usual and beats_of_finest.denominator == 1 else None


def _direction(element: ET.Element, measure: _Measure, now: Fraction) -> None:
    for kind in element.findall("direction-type"):
        for child in kind:
            if child.tag == "rehearsal" and not measure.label:
                measure.label = " ".join(_text(child).split())[:40]
            elif child.tag in ("segno", "coda"):
                measure.marks.add("segno" if child.tag == "segno" else "coda")
            elif child.tag == "words":
                mark = _WORDS.get("".join(c for c in _text(child).lower() if c.isalpha()))
                if mark:
                    measure.marks.add(mark)
            elif child.tag == "metronome":
                qpm = _metronome(child)
                if qpm:
                    measure.tempos.append((now, qpm))
    for sound in element.findall("sound"):
        _sound(sound, measure, now)


def _sound(element: ET.Element, measure: _Measure, now: Fraction) -> None:
    tempo = element.get("tempo")
    if tempo and _NUMBER.fullmatch(tempo.strip()) and 1 <= float(tempo) <= 10_000:
        measure.tempos = [(at, qpm) for at, qpm in measure.tempos if at != now]
        measure.tempos.append((now, float(tempo)))
    for name, mark in _SOUNDS.items():
        if element.get(name):
            measure.marks.add(mark)


def _metronome(element: ET.Element) -> float | None:
    number = _NUMBER.search(_text(element.find("per-minute")))
    beat = _BEATS.get(_text(element.find("beat-unit")))
    if not number or beat is None:
        return None
    dots = len(element.findall("beat-unit-dot"))
    qpm = float(number[0]) * beat * (2 - 0.5**dots)
    return qpm if 1 <= qpm <= 10_000 else None


def _harmony(element: ET.Element, measure: _Measure, now: Fraction) -> None:
    root = _step(element.find("root"), "root")
    kind = element.find("kind")
    if kind is None or (root is None and _text(kind) != "none"):
        return
    offset = _text(element.find("offset"))
    at = now if not offset else max(Fraction(0), now)
    symbol = symbol_of(root or ("C", 0), _text(kind), kind.get("text"), _step(element.find("bass"), "bass"))
    measure.chords.append((at, " ".join(symbol.split())[:20]))


def _step(element: ET.Element | None, name: str) -> tuple[str, int] | None:
    if element is None:
        return None
    letter = _text(element.find(f"{name}-step"))
    if letter not in _ABOVE_C:
        return None
    return letter, max(-2, min(2, round(_number(_text(element.find(f"{name}-alter")) or "0"))))


def _barline(element: ET.Element, measure: _Measure) -> None:
    is_left = element.get("location") == "left"
    repeat, ending = element.find("repeat"), element.find("ending")
    if repeat is not None and repeat.get("direction") == "forward":
        measure.opens_repeat = True
    elif repeat is not None:
        times = repeat.get("times", "2")
        measure.times = min(max(int(times), 2), 16) if times.isdecimal() and len(times) < 4 else 2
    if ending is not None and ending.get("type") == "start":
        numbers = re.findall(r"\d{1,2}", ending.get("number", ""))
        measure.endings = tuple(sorted({int(number) for number in numbers if 0 < int(number) <= 16}))
    elif ending is not None:
        measure.is_double = True
    if not is_left and _text(element.find("bar-style")) in _SECTION_STYLES:
        measure.is_double = True
    for name in ("segno", "coda"):
        if element.find(name) is not None:
            measure.marks.add("segno" if name == "segno" else "coda")


def _title(root: ET.Element) -> str:
    for path in ("work/work-title", "movement-title"):
        title = " ".join(_text(root.find(path)).split())
        if title:
            return title
    for credit in root.findall("credit"):
        if _text(credit.find("credit-type")) == "title":
            return " ".join(_text(credit.find("credit-words")).split())
    return ""


def _text(element: ET.Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


@lru_cache(maxsize=4096)
def _number(text: str) -> Fraction:
    """Returns a number of a document; a wrong one counts as 0."""
    if len(text) > 12 or not re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text):
        return Fraction(0)
    return Fraction(text)
