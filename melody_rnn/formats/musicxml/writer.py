"""Scores to MusicXML 4.0.

Source: MusicXML 4.0, w3.org/2021/06/musicxml40.
"""

import io
import math
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from melody_rnn.formats.engraving import VALUES, EngravedBar, Item, beat_groups, engrave, is_compound, spelled
from melody_rnn.formats.musicxml.harmony import parse_symbol
from melody_rnn.formats.score import Score
from melody_rnn.music.keys import Key

_DOCTYPE: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_TYPES: Final = {
    Fraction(8): "breve",
    Fraction(4): "whole",
    Fraction(2): "half",
    Fraction(1): "quarter",
    Fraction(1, 2): "eighth",
    Fraction(1, 4): "16th",
    Fraction(1, 8): "32nd",
    Fraction(1, 16): "64th",
    Fraction(1, 32): "128th",
}
_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_WORDS: Final = {
    "fine": ("Fine", "fine", "yes"),
    "da_capo": ("D.C.", "dacapo", "yes"),
    "dal_segno": ("D.S.", "dalsegno", "1"),
    "to_coda": ("To Coda", "tocoda", "1"),
}


def musicxml_bytes(score: Score, bars_per_line: int = 0) -> bytes:
    """Returns a score's first part, which is one line, as a MusicXML document; `read_musicxml` is the inverse.

    Args:
        score: The score.
        bars_per_line: Bars after which a new line begins, and so after each section; 0 leaves lines to the reader.

    Raises:
        MelodyError: If notes of the part overlap, or are too short for notation.
    """
    root = _Writer(score, bars_per_line).document()
    ET.indent(root)
    return (_DOCTYPE + ET.tostring(root, encoding="unicode") + "\n").encode("utf-8")


def mxl_bytes(score: Score) -> bytes:
    """Returns the same document in a compressed container (.mxl), the same bytes each time."""
    buffer = io.BytesIO()
    files = {"META-INF/container.xml": _CONTAINER.encode(), "score.musicxml": musicxml_bytes(score)}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class _Writer:
    """Writes one document."""

    def __init__(self, score: Score, bars_per_line: int) -> None:
        self._score = score
        self._bars = engrave(score)
        self._bars_per_line = bars_per_line
        lengths = [item.length for bar in self._bars for item in bar.items]
        self._divisions = math.lcm(*(length.denominator for length in lengths), 1)
        self._chords = {chord.start: chord.symbol for chord in score.chords}
        self._tempos = {change.start: change.qpm for change in score.tempos}

    def document(self) -> ET.Element:
        """Returns the root element."""
        score = self._score
        root = ET.Element("score-partwise", version="4.0")
        if score.title:
            _add(_add(root, "work"), "work-title", _clean(score.title))
        identification = _add(root, "identification")
        if score.composer:
            _add(identification, "creator", _clean(score.composer)).set("type", "composer")
        _add(_add(identification, "encoding"), "software", "melody_rnn")
        part_list = _add(root, "part-list")
        about = _add(part_list, "score-part", id="P1")
        _add(about, "part-name", _clean(score.parts[0].name)).set("print-object", "no")
        instrument = _add(about, "score-instrument", id="P1-I1")
        _add(instrument, "instrument-name", "Melody")
        midi = _add(about, "midi-instrument", id="P1-I1")
        _add(midi, "midi-channel", "1")
        _add(midi, "midi-program", str(score.parts[0].program + 1))
        part = _add(root, "part", id="P1")
        self._measures(part)
        return root

    def _measures(self, part: ET.Element) -> None:
        first_number = 0 if len(self._bars) > 1 and not self._bars[0].is_whole else 1
        in_line = 0
        open_ending = ""
        for index, (bar, following) in enumerate(pairwise([*self._bars, None])):
            assert bar is not None
            measure = _add(part, "measure", number=str(index + first_number))
            if not bar.is_whole:
                measure.set("implicit", "yes")
            in_line = self._line(measure, index, in_line)
            in_line += bar.counts
            self._left(measure, bar)
            before = self._bars[index - 1] if index else None
            self._attributes(measure, bar, before)
            self._directions(measure, bar)
            self._notes(measure, bar)
            self._marks_at_end(measure, bar)
            open_ending = ",".join(map(str, bar.bar.endings)) or open_ending
            open_ending = self._right(measure, bar, following, open_ending)

    def _line(self, measure: ET.Element, index: int, in_line: int) -> int:
        """Begins a new line where one is due, and returns how many bars the line has."""
        if not self._bars_per_line or not index:
            return in_line
        before, here = self._bars[index - 1].bar, self._bars[index].bar
        is_section = before.is_double and not here.endings
        if in_line < self._bars_per_line and not is_section:
            return in_line
        _add(measure, "print").set("new-system", "yes")
        return 0

    def _left(self, measure: ET.Element, engraved: EngravedBar) -> None:
        bar = engraved.bar
        if not (bar.opens_repeat or bar.endings):
            return
        barline = _add(measure, "barline", location="left")
        if bar.opens_repeat:
            _add(barline, "bar-style", "heavy-light")
        if bar.endings:
            numbers = ",".join(map(str, bar.endings))
            _add(barline, "ending", ", ".join(f"{number}." for number in bar.endings)).attrib.update(
                {"number": numbers, "type": "start"}
            )
        if bar.opens_repeat:
            _add(barline, "repeat").set("direction", "forward")

    def _right(self, measure: ET.Element, engraved: EngravedBar, following: EngravedBar | None, ending: str) -> str:
        """Writes the bar line at the end, and returns the numbers of the ending that goes on."""
        bar = engraved.bar
        closes = bar.times > 1
        ends_ending = bool(ending) and (
            following is None or bool(following.bar.endings) or closes or bar.is_double or following.bar.opens_repeat
        )
        if not (closes or bar.is_double or ends_ending):
            return ending
        barline = _add(measure, "barline", location="right")
        if closes or bar.is_double:
            _add(barline, "bar-style", "light-heavy" if closes or following is None else "light-light")
        if ends_ending:
            kind = "stop" if closes or following is None else "discontinue"
            _add(barline, "ending").attrib.update({"number": ending, "type": kind})
        if closes:
            repeat = _add(barline, "repeat")
            repeat.set("direction", "backward")
            if bar.times > 2:
                repeat.set("times", str(bar.times))
        return "" if ends_ending else ending

    def _attributes(self, measure: ET.Element, bar: EngravedBar, before: EngravedBar | None) -> None:
        attributes = ET.Element("attributes")
        if before is None:
            _add(attributes, "divisions", str(self._divisions))
        if before is None or bar.key != before.key:
            key = _add(attributes, "key")
            _add(key, "fifths", str(bar.key.sharps if bar.key else 0))
            if bar.key:
                _add(key, "mode", bar.key.mode)
        if self._score.meters and (before is None or bar.meter != before.meter):
            time = _add(attributes, "time")
            _add(time, "beats", str(bar.meter.numerator))
            _add(time, "beat-type", str(bar.meter.denominator))
        if before is None:
            clef = _add(attributes, "clef")
            _add(clef, "sign", "F" if self._is_low else "G")
            _add(clef, "line", "4" if self._is_low else "2")
        if len(attributes):
            measure.append(attributes)

    @property
    def _is_low(self) -> bool:
        """Whether the bass clef suits the notes better."""
        pitches = sorted(note.pitch for note in self._score.parts[0].notes)
        return bool(pitches) and pitches[len(pitches) // 2] < 55

    def _directions(self, measure: ET.Element, engraved: EngravedBar) -> None:
        bar = engraved.bar
        if bar.label:
            _add(_direction(measure), "rehearsal", _clean(bar.label))
        for mark in ("segno", "coda"):
            if mark in bar.marks:
                direction = _direction(measure)
                _add(direction, mark)
        for start, qpm in self._tempos.items():
            if bar.start <= start < engraved.end:
                self._tempo(measure, engraved, qpm)

    def _tempo(self, measure: ET.Element, engraved: EngravedBar, qpm: float) -> None:
        direction = _add(measure, "direction", placement="above")
        metronome = _add(_add(direction, "direction-type"), "metronome")
        is_dotted = is_compound(engraved.meter) and engraved.meter.denominator == 8
        _add(metronome, "beat-unit", "quarter")
        if is_dotted:
            _add(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", f"{qpm / 1.5 if is_dotted else qpm:.10g}")
        _add(direction, "sound").set("tempo", f"{qpm:.10g}")

    def _marks_at_end(self, measure: ET.Element, engraved: EngravedBar) -> None:
        for mark, (words, attribute, value) in _WORDS.items():
            if mark in engraved.bar.marks:
                direction = _add(measure, "direction", placement="above")
                _add(_add(direction, "direction-type"), "words", words)
                _add(direction, "sound").set(attribute, value)

    def _notes(self, measure: ET.Element, engraved: EngravedBar) -> None:
        items = engraved.items
        beams = _beams(engraved)
        state = _Accidentals(engraved.key)
        if len(items) == 1 and items[0].pitch is None:
            self._chord(measure, items[0])
            note = _add(measure, "note")
            _add(note, "rest", measure="yes")
            _add(note, "duration", str(int(items[0].length * self._divisions)))
            _add(note, "voice", "1")
            return
        for index, item in enumerate(items):
            self._chord(measure, item)
            note = _add(measure, "note")
            accidental = self._pitch(note, item, state, engraved.key)
            _add(note, "duration", str(int(item.length * self._divisions)))
            for kind in _tie_kinds(item):
                _add(note, "tie").set("type", kind)
            _add(note, "voice", "1")
            plain, dots = VALUES[item.written]
            _add(note, "type", _TYPES[plain])
            for _ in range(dots):
                _add(note, "dot")
            if accidental:
                _add(note, "accidental", accidental)
            if item.triplet:
                modification = _add(note, "time-modification")
                _add(modification, "actual-notes", "3")
                _add(modification, "normal-notes", "2")
            for number, kind in enumerate(beams.get(index, ()), start=1):
                _add(note, "beam", kind).set("number", str(number))
            _notations(note, item, items, index)

    def _pitch(self, note: ET.Element, item: Item, state: "_Accidentals", key: Key | None) -> str:
        """Writes a note's pitch or its rest, and returns the accidental that it needs."""
        if item.pitch is None:
            _add(note, "rest")
            return ""
        name = spelled(item.pitch, key)
        pitch = _add(note, "pitch")
        _add(pitch, "step", name.letter)
        if name.alter:
            _add(pitch, "alter", str(name.alter))
        _add(pitch, "octave", str(name.octave))
        return state.accidental(name.letter, name.octave, name.alter, item.is_held)

    def _chord(self, measure: ET.Element, item: Item) -> None:
        symbol = self._chords.get(item.start)
        if symbol is None:
            return
        parsed = parse_symbol(symbol)
        harmony = ET.Element("harmony")
        if parsed is None:
            root = _add(harmony, "root")
            _add(root, "root-step", "C").set("text", "")
            _add(harmony, "kind", "none").set("text", _clean(symbol))
        else:
            root = _add(harmony, "root")
            _add(root, "root-step", parsed.root[0])
            if parsed.root[1]:
                _add(root, "root-alter", str(parsed.root[1]))
            _add(harmony, "kind", parsed.kind).set("text", parsed.suffix)
            if parsed.bass:
                bass = _add(harmony, "bass")
                _add(bass, "bass-step", parsed.bass[0])
                if parsed.bass[1]:
                    _add(bass, "bass-alter", str(parsed.bass[1]))
        measure.append(harmony)


class _Accidentals:
    """The accidentals that hold in a bar, each in its octave."""

    def __init__(self, key: Key | None) -> None:
        self._key = key
        self._altered: dict[tuple[str, int], int] = {}

    def accidental(self, letter: str, octave: int, alter: int, is_held: bool) -> str:
        """Returns the accidental that is printed before a note, or an empty string."""
        before = self._altered.get((letter, octave), _signature(self._key).get(letter, 0))
        if is_held or alter == before:
            return ""
        self._altered[letter, octave] = alter
        return _ACCIDENTALS[alter]


def _signature(key: Key | None) -> Mapping[str, int]:
    sharps = key.sharps if key else 0
    order = "FCGDAEB"
    return dict.fromkeys(order[:sharps], 1) if sharps >= 0 else dict.fromkeys(order[sharps:], -1)


def _beams(engraved: EngravedBar) -> dict[int, list[str]]:
    """Returns the beams of each note that has any, first beam first: 'begin', 'continue', 'end' or a hook."""
    origin = engraved.bar.start if engraved.is_whole else engraved.end - engraved.meter.quarters
    places = [origin + place for place in beat_groups(engraved.meter)]
    beams: dict[int, list[str]] = {}
    for group in _beamed_groups(engraved.items, places):
        levels = [_num_beams(engraved.items[index]) for index in group]
        for place, index in enumerate(group):
            beams[index] = [_beam(levels, place, level) for level in range(1, levels[place] + 1)]
    return beams


def _beamed_groups(items: Sequence[Item], places: Sequence[Fraction]) -> list[list[int]]:
    """Returns the runs of two or more notes with beams that lie in one group of the meter."""
    groups: list[list[int]] = []
    run: list[int] = []
    last_place: Fraction | None = None
    for index, item in enumerate(items):
        place = max((place for place in places if place <= item.start), default=None)
        has_beam = item.pitch is not None and _num_beams(item) > 0
        if not has_beam or place != last_place:
            groups.append(run)
            run = []
        if has_beam:
            run.append(index)
        last_place = place
    return [group for group in [*groups, run] if len(group) > 1]


def _num_beams(item: Item) -> int:
    plain, _ = VALUES[item.written]
    return max(0, (Fraction(1) / plain).numerator.bit_length() - 1)


def _beam(levels: Sequence[int], place: int, level: int) -> str:
    before = place > 0 and levels[place - 1] >= level
    after = place + 1 < len(levels) and levels[place + 1] >= level
    if before and after:
        return "continue"
    if before:
        return "end"
    if after:
        return "begin"
    return "backward hook" if place > 0 else "forward hook"


def _notations(note: ET.Element, item: Item, items: Sequence[Item], index: int) -> None:
    kinds = _tie_kinds(item)
    is_first = item.triplet and (not index or items[index - 1].triplet != item.triplet)
    is_last = item.triplet and (index + 1 == len(items) or items[index + 1].triplet != item.triplet)
    if not (kinds or is_first or is_last):
        return
    notations = _add(note, "notations")
    for kind in kinds:
        _add(notations, "tied").set("type", kind)
    if is_first:
        _add(notations, "tuplet").attrib.update({"type": "start", "number": "1"})
    if is_last:
        _add(notations, "tuplet").attrib.update({"type": "stop", "number": "1"})


def _tie_kinds(item: Item) -> list[str]:
    return [kind for kind, is_there in (("stop", item.is_held), ("start", item.is_tied)) if is_there]


def _direction(measure: ET.Element) -> ET.Element:
    return _add(_add(measure, "direction", placement="above"), "direction-type")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _clean(text: str) -> str:
    """Returns a text on one line, of characters that XML has."""
    printable = "".join(c if c.isprintable() and not 0xD800 <= ord(c) < 0xE000 else " " for c in text)
    return " ".join(printable.split())
