"""Scores to ABC tune books.

Source: the ABC standard 2.1, abcnotation.com.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from melody_rnn.formats.abc.fields import signature_alters
from melody_rnn.formats.abc.texts import field_text
from melody_rnn.formats.engraving import EngravedBar, Item, Spelled, beat_groups, engrave, is_compound, spelled
from melody_rnn.formats.score import Bar, Score
from melody_rnn.music.keys import Key

BARS_PER_LINE: Final = 4
_EIGHTH: Final = Fraction(1, 2)
_SIXTEENTH: Final = Fraction(1, 4)
_ACCIDENTALS: Final = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_MODES: Final[Mapping[str, str]] = {
    "major": "",
    "minor": "m",
    "dorian": "dor",
    "phrygian": "phr",
    "lydian": "lyd",
    "mixolydian": "mix",
    "locrian": "loc",
}
_AT_END: Final = {"fine": "!fine!", "da_capo": "!D.C.!", "dal_segno": "!D.S.!", "to_coda": "!dacoda!"}
_AT_START: Final = {"segno": "!segno!", "coda": "!coda!"}


def abc_text(scores: Sequence[Score]) -> str:
    """Returns scores as a tune book, numbered from 1; of each the first part, which is one line.

    Repeats and endings, key and mode, tempo, chord symbols and names of sections are written; beams follow the meter,
    and dotted pairs within a beat are written as broken rhythm.

    Raises:
        MelodyError: If notes of a part overlap, or are too short for notation.
    """
    return "\n".join(_TuneWriter(score).text(number) for number, score in enumerate(scores, start=1))


class _TuneWriter:
    """Writes one score."""

    def __init__(self, score: Score) -> None:
        self._score = score
        self._bars = engrave(score)
        self._unit = self._choose_unit()
        self._key: Key | None = score.keys[0].key if score.keys else None
        self._chords = {chord.start: chord.symbol for chord in score.chords}

    def text(self, number: int) -> str:
        """Returns the tune with its header."""
        score = self._score
        lines = [f"X:{number}", f"T:{field_text(score.title)}"]
        lines += [f"C:{field_text(score.composer)}"] if score.composer else []
        lines += [f"M:{score.meters[0].meter}"] if score.meters else []
        lines.append(f"L:1/{int(4 / self._unit)}")
        lines += [f"Q:{self._tempo(score.tempos[0].qpm)}"] if score.tempos else []
        program = score.parts[0].program
        lines += [f"%%MIDI program {program}"] if program else []
        lines.append(f"K:{_key_name(self._key)}")
        return "\n".join([*lines, *self._music(), ""])

    def _choose_unit(self) -> Fraction:
        lengths = sorted(note.end - note.start for note in self._score.parts[0].notes)
        typical = lengths[len(lengths) // 2] if lengths else _EIGHTH
        return _SIXTEENTH if typical <= _SIXTEENTH else _EIGHTH

    def _tempo(self, qpm: float) -> str:
        meter = self._score.meters[0].meter if self._score.meters else None
        if meter and is_compound(meter) and meter.denominator == 8 and round(qpm / 1.5, 3) * 1.5 == qpm:
            return f"3/8={qpm / 1.5:.10g}"
        return f"1/4={round(qpm, 3):.10g}"

    def _music(self) -> list[str]:
        lines: list[str] = []
        line, count = "", 0
        for number, (engraved, following) in enumerate(pairwise([*self._bars, None])):
            assert engraved is not None
            bar = engraved.bar
            if bar.label:
                lines += [line.rstrip()] if line.strip() else []
                lines.append(f"P:{field_text(bar.label)}")
                line, count = "", 0
            if not number or (bar.label and not line):
                line += self._opening(bar, is_first=not number)
            line += self._changes(engraved, number)
            line += self._bar(engraved)
            after = following.bar if following else None
            line += self._closing(bar, after)
            count += engraved.counts
            if after is None or count >= BARS_PER_LINE or (bar.is_double and not after.endings):
                lines.append(line.rstrip())
                line, count = "", 0
            else:
                line += "" if line.endswith(" ") else " "
        return lines

    @staticmethod
    def _opening(bar: Bar, is_first: bool) -> str:
        """Returns the signs before the first bar of all, or of a named section, whose own bar line came before."""
        if not is_first:
            return ""
        return ("|:" if bar.opens_repeat else "") + _numbers(bar, "[" if not bar.opens_repeat else "")

    @staticmethod
    def _closing(bar: Bar, following: Bar | None) -> str:
        """Returns the bar line between two bars."""
        closes = ":" * (bar.times - 1)
        opens = following is not None and following.opens_repeat
        if following is None:
            return f" {closes}|" if closes else " |]"
        if closes and opens:
            line = f"{closes}|:" if len(closes) > 1 else "::"
        elif closes:
            line = f"{closes}|"
        elif opens:
            line = "|:"
        else:
            line = "||" if bar.is_double else "|"
        return f" {line}" + _numbers(following, "")

    def _changes(self, engraved: EngravedBar, number: int) -> str:
        """Returns changes of key and meter at a bar's start, written inline."""
        if not number:
            return ""
        before, text = self._bars[number - 1], ""
        if engraved.meter != before.meter:
            text += f"[M:{engraved.meter}]"
        if engraved.key != before.key:
            self._key = engraved.key
            text += f"[K:{_key_name(engraved.key)}]"
        return text

    def _bar(self, engraved: EngravedBar) -> str:
        """Returns the notes of a bar, groups of beats apart."""
        bar, meter = engraved.bar, engraved.meter
        origin = engraved.end - meter.quarters if not engraved.is_whole else bar.start
        groups = {origin + place for place in beat_groups(meter)}
        state = _Accidentals(self._key)
        words = [_AT_START[mark] for mark in sorted(bar.marks) if mark in _AT_START]
        word, triplet, broken = "", 0, ""
        items = list(engraved.items)
        for item, following in pairwise([*items, None]):
            assert item is not None
            if item.start in groups and word and not broken:
                words.append(word)
                word = ""
            if item.triplet and item.triplet != triplet:
                word += f"(3:2:{sum(other.triplet == item.triplet for other in items)}"
            triplet = item.triplet
            word += self._chord_symbol(item.start) if item.start in self._chords else ""
            sign = "" if broken else _broken(item, following)
            word += self._item(item, state, sign or broken)
            word += sign
            broken = sign
        words += [word] if word else []
        words += [_AT_END[mark] for mark in sorted(bar.marks) if mark in _AT_END]
        return " ".join(words)

    def _chord_symbol(self, start: Fraction) -> str:
        """Returns the chord symbol that stands at a time, in quotes, which none of it may have."""
        return '"{}"'.format(" ".join(self._chords[start].replace('"', "'").split()))

    def _item(self, item: Item, state: "_Accidentals", broken: str) -> str:
        # Of a dotted pair each is written as half of both; the long one has a dot.
        is_long = item.written.numerator == 3
        half = item.written / Fraction(3, 2) if is_long else item.written * 2
        length = _length((half if broken else item.written) / self._unit)
        if item.pitch is None:
            return f"z{length}"
        name = spelled(item.pitch, self._key)
        return state.sign(name) + _letter(name) + length + ("-" if item.is_tied else "")


class _Accidentals:
    """The accidentals that hold in a bar, for readers that let them hold in their octave and those that do in all."""

    def __init__(self, key: Key | None) -> None:
        self._signature = signature_alters(key) if key else {}
        self._by_octave: dict[tuple[str, int], int] = {}
        self._by_letter: dict[str, int] = {}

    def sign(self, name: Spelled) -> str:
        """Returns the accidental that a note needs."""
        own = self._signature.get(name.letter, 0)
        place = name.letter, name.octave
        if self._by_octave.get(place, own) == self._by_letter.get(name.letter, own) == name.alter:
            return ""
        self._by_octave[place] = self._by_letter[name.letter] = name.alter
        return _ACCIDENTALS[name.alter]


def _broken(item: Item, following: Item | None) -> str:
    """Returns the sign of a dotted pair within a quarter or an eighth, '>' or '<'; nothing where there is none."""
    if following is None or item.pitch is None or following.pitch is None:
        return ""
    if item.triplet or following.triplet or item.is_tied or item.is_held or following.is_tied:
        return ""
    both = item.length + following.length
    if both not in (1, Fraction(1, 2)) or item.start % both:
        return ""
    return {3 * following.length: ">", following.length / 3: "<"}.get(item.length, "")


def _numbers(bar: Bar, before: str) -> str:
    return f"{before}{','.join(map(str, bar.endings))} " if bar.endings else ""


def _letter(name: Spelled) -> str:
    octave = name.octave - 4
    if octave <= 0:
        return name.letter + "," * -octave
    return name.letter.lower() + "'" * (octave - 1)


def _length(units: Fraction) -> str:
    if units.denominator == 1:
        return "" if units == 1 else str(units.numerator)
    top = "" if units.numerator == 1 else str(units.numerator)
    return f"{top}/" if units.denominator == 2 else f"{top}/{units.denominator}"


def _key_name(key: Key | None) -> str:
    return "none" if key is None else key.tonic_name + _MODES[key.mode]
