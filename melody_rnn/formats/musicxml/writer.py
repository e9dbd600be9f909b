"""Scores to MusicXML 4.0.

Source: MusicXML 4.0, w3.org/2021/06/musicxml40.
"""

import io
import math
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from melody_rnn.formats.beams import beams
from melody_rnn.formats.engraving import EngravedBar, Item, Spelled, engrave, line_starts
from melody_rnn.formats.musicxml.chord_kinds import parse_symbol
from melody_rnn.formats.note_values import VALUES
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
        # The first tempo holds from the beginning, wherever it stands.
        starts = (Fraction(0), *(change.start for change in score.tempos[1:]))
        self._tempos = {start: change.qpm for start, change in zip(starts, score.tempos, strict=False)}

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
        first_number = 0 if self._bars[0].is_pickup else 1
        new_lines = line_starts(self._bars, self._bars_per_line) - {0} if self._bars_per_line else set()
        ending = ""
        for index, (bar, following) in enumerate(pairwise([*self._bars, None])):
            assert bar is not None
            measure = _add(part, "measure", number=str(index + first_number))
            if not bar.is_whole:
                measure.set("implicit", "yes")
            if index in new_lines:
                _add(measure, "print").set("new-system", "yes")
            self._left(measure, bar)
            self._attributes(measure, bar, self._bars[index - 1] if index else None)
            self._directions(measure, bar)
            self._notes(measure, bar)
            self._marks_at_end(measure, bar)
            ending = ",".join(map(str, bar.bar.endings)) or ending
            ending = self._right(measure, bar, following, ending)

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
        if bar.key != (before.key if before else None):
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
            _add(_add(_direction(measure), "direction-type"), "rehearsal", _clean(bar.label))
        for mark in ("segno", "coda"):
            if mark in bar.marks:
                direction = _direction(measure)
                _add(_add(direction, "direction-type"), mark)
                _add(direction, "sound").set(mark, "1")

    def _tempo(self, measure: ET.Element, engraved: EngravedBar, qpm: float) -> None:
        direction = _direction(measure)
        metronome = _add(_add(direction, "direction-type"), "metronome")
        beat = engraved.meter.tempo_beat
        plain, dots = VALUES[beat]
        _add(metronome, "beat-unit", _TYPES[plain])
        for _ in range(dots):
            _add(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", f"{round(qpm / float(beat), 2):.10g}")
        _add(direction, "sound").set("tempo", f"{qpm:.10g}")

    def _marks_at_end(self, measure: ET.Element, engraved: EngravedBar) -> None:
        for mark, (words, attribute, value) in _WORDS.items():
            if mark in engraved.bar.marks:
                direction = _direction(measure)
                _add(_add(direction, "direction-type"), "words", words)
                _add(direction, "sound").set(attribute, value)

    def _notes(self, measure: ET.Element, engraved: EngravedBar) -> None:
        named_beams, state = beams(engraved), _Accidentals(engraved.key)
        for index, item in enumerate(engraved.items):
            if item.start in self._tempos:
                self._tempo(measure, engraved, self._tempos[item.start])
            self._chord(measure, item)
            note = _add(measure, "note")
            accidental = _pitch(note, item.name, engraved.is_silent) and state.accidental(item)
            _add(note, "duration", str(int(item.length * self._divisions)))
            for kind in _tie_kinds(item):
                _add(note, "tie").set("type", kind)
            _add(note, "voice", "1")
            if not engraved.is_silent:
                _value(note, item, accidental)
                for number, kind in enumerate(named_beams.get(index, ()), start=1):
                    _add(note, "beam", kind).set("number", str(number))
            _notations(note, item, engraved.items, index)

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
        self._signature = key.alters if key else {}
        self._altered: dict[tuple[str, int], int] = {}

    def accidental(self, item: Item) -> str:
        """Returns the accidental that is printed before a note, or an empty string."""
        assert item.name is not None
        letter, alter, octave = item.name
        before = self._altered.get((letter, octave), self._signature.get(letter, 0))
        if item.is_held or alter == before:
            return ""
        self._altered[letter, octave] = alter
        return _ACCIDENTALS[alter]


def _pitch(note: ET.Element, name: Spelled | None, is_whole_bar: bool) -> bool:
    """Writes a note's pitch or its rest, and returns whether it is a pitch."""
    if name is None:
        rest = _add(note, "rest")
        if is_whole_bar:
            rest.set("measure", "yes")
        return False
    pitch = _add(note, "pitch")
    _add(pitch, "step", name.letter)
    if name.alter:
        _add(pitch, "alter", str(name.alter))
    _add(pitch, "octave", str(name.octave))
    return True


def _value(note: ET.Element, item: Item, accidental: str | bool) -> None:
    """Writes what a note head looks like."""
    plain, dots = VALUES[item.written]
    _add(note, "type", _TYPES[plain])
    for _ in range(dots):
        _add(note, "dot")
    if accidental:
        _add(note, "accidental", str(accidental))
    if item.triplet:
        modification = _add(note, "time-modification")
        _add(modification, "actual-notes", "3")
        _add(modification, "normal-notes", "2")


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
    return _add(measure, "direction", placement="above")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _clean(text: str) -> str:
    """Returns a text on one line, of characters that XML has."""
    printable = "".join(c if c.isprintable() and not 0xD800 <= ord(c) < 0xE000 else " " for c in text)
    return " ".join(printable.split())
