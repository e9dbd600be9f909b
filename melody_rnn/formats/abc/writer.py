"""Scores to ABC tune books.

Source: the ABC standard 2.1, abcnotation.com.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from melody_rnn.formats.abc.texts import field_text
from melody_rnn.formats.beams import group_numbers
from melody_rnn.formats.engraving import EngravedBar, Item, Spelled, engrave, line_starts
from melody_rnn.formats.score import Bar, Score
from melody_rnn.music.keys import Key

BARS_PER_LINE: Final = 4
_EIGHTH: Final = Fraction(1, 2)
_SIXTEENTH: Final = Fraction(1, 4)
_BROKEN_PAIRS: Final = (Fraction(1), Fraction(1, 2))
"""How long the two notes of broken rhythm are together, in quarter notes."""
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

    Repeats and endings, key and mode, meters, tempos, chord symbols and names of sections are written; beams follow the
    meter, and dotted pairs within a beat are written as broken rhythm. A score without a key has K:none.

    Raises:
        MelodyError: If notes of a part overlap, or cannot be written in notation.
    """
    return "\n".join(_TuneWriter(score).text(number) for number, score in enumerate(scores, start=1))


class _TuneWriter:
    """Writes one score."""

    def __init__(self, score: Score) -> None:
        self._score = score
        self._bars = engrave(score)
        self._unit = self._choose_unit()
        self._chords = {chord.start: chord.symbol for chord in score.chords}
        self._tempos = {change.start: change.qpm for change in score.tempos[1:]}

    def text(self, number: int) -> str:
        """Returns the tune with its header."""
        score, first = self._score, self._bars[0]
        lines = [f"X:{number}", f"T:{field_text(score.title)}"]
        lines += [f"C:{field_text(score.composer)}"] if score.composer else []
        lines += [f"M:{first.meter}"] if score.meters else []
        lines.append(f"L:1/{int(4 / self._unit)}")
        lines += [f"Q:{_tempo(score.tempos[0].qpm, first)}"] if score.tempos else []
        program = score.parts[0].program
        lines += [f"%%MIDI program {program}"] if program else []
        lines.append(f"K:{_key_name(first.key)}")
        return "\n".join([*lines, *self._music(), ""])

    def _choose_unit(self) -> Fraction:
        lengths = sorted(note.end - note.start for note in self._score.parts[0].notes)
        typical = lengths[len(lengths) // 2] if lengths else _EIGHTH
        return _SIXTEENTH if typical <= _SIXTEENTH else _EIGHTH

    def _music(self) -> list[str]:
        starts = line_starts(self._bars, BARS_PER_LINE)
        lines: list[str] = []
        for number, bar in enumerate(self._bars):
            is_last = number + 1 == len(self._bars)
            ends_line = is_last or number + 1 in starts
            if bar.bar.label:
                lines.append(f"P:{field_text(bar.bar.label)}")
            if number in starts:
                lines.append(self._opening(number))
            lines[-1] += f"{self._changes(number)}{self._notes(bar)} "
            lines[-1] += _closing(bar.bar, is_last) if ends_line else self._bar_line(number)
        return lines

    def _opening(self, number: int) -> str:
        """Returns the signs at the start of a line."""
        bar = self._bars[number].bar
        numbers = f"[{_numbers(bar)} " if bar.endings else ""
        return self._repeat_sign(number) + numbers if bar.opens_repeat else numbers

    def _bar_line(self, number: int) -> str:
        """Returns the bar line after a bar that does not end a line, and the numbers of an ending after it."""
        bar, following = self._bars[number].bar, self._bars[number + 1].bar
        closing = _closing(bar, is_last=False)
        if following.opens_repeat:
            opening = self._repeat_sign(number + 1)
            closing = closing[:-1] + opening if bar.times > 1 else opening
        return closing + (f"{_numbers(following)} " if following.endings else " ")

    def _repeat_sign(self, number: int) -> str:
        """Returns the sign that opens a repeat; what is played three times has two colons at both ends."""
        times = next((bar.bar.times for bar in self._bars[number:] if bar.bar.times > 1), 2)
        return "|" + ":" * (times - 1)

    def _changes(self, number: int) -> str:
        """Returns changes of meter and key at a bar's start, written inline."""
        if not number:
            return ""
        before, bar = self._bars[number - 1], self._bars[number]
        meter = f"[M:{bar.meter}]" if bar.meter != before.meter else ""
        return meter + (f"[K:{_key_name(bar.key)}]" if bar.key != before.key else "")

    def _notes(self, engraved: EngravedBar) -> str:
        """Returns the notes of a bar, groups of beats apart."""
        state = _Accidentals(engraved.key)
        marks = sorted(engraved.bar.marks)
        words = [_AT_START[mark] for mark in marks if mark in _AT_START] + [""]
        groups, items = group_numbers(engraved), engraved.items
        broken, triplet = "", 0
        for index, item in enumerate(items):
            is_inside = item.triplet and item.triplet == triplet
            if index and groups[index] != groups[index - 1] and not (broken or is_inside):
                words.append("")
            if item.triplet and not is_inside:
                words[-1] += _triplet_sign(items, item.triplet)
            triplet = item.triplet
            words[-1] += self._signs_before(item.start, engraved)
            sign = "" if broken else self._broken(items[index : index + 2], engraved)
            words[-1] += self._item(item, state, bool(sign or broken)) + sign
            broken = sign
        words += [_AT_END[mark] for mark in marks if mark in _AT_END]
        return " ".join(word for word in words if word)

    def _signs_before(self, start: Fraction, engraved: EngravedBar) -> str:
        tempo = f"[Q:{_tempo(self._tempos[start], engraved)}]" if start in self._tempos else ""
        # The text of a symbol must not have what ends it.
        symbol = " ".join(self._chords.get(start, "").replace('"', "'").split())
        return tempo + (f'"{symbol}"' if symbol else "")

    def _item(self, item: Item, state: "_Accidentals", is_broken: bool) -> str:
        # Of a dotted pair each is written as half of both; the long one has a dot.
        is_long = item.written.numerator == 3
        half = item.written / Fraction(3, 2) if is_long else item.written * 2
        length = _length((half if is_broken else item.written) / self._unit)
        if item.name is None:
            return f"z{length}"
        return state.sign(item.name) + _letter(item.name) + length + ("-" if item.is_tied else "")

    def _broken(self, pair: Sequence[Item], engraved: EngravedBar) -> str:
        """Returns the sign of a dotted pair within a beat, '>' or '<'; nothing where there is none."""
        if len(pair) < 2 or any(item.name is None or item.triplet or item.is_held for item in pair):
            return ""
        first, second = pair
        # Readers place what stands between the two where it would be without the broken rhythm.
        if second.start in self._chords or second.start in self._tempos:
            return ""
        both, offset = first.length + second.length, first.start - engraved.origin
        step = _EIGHTH if engraved.meter.is_compound else both
        if both not in _BROKEN_PAIRS or offset % step or first.is_tied or second.is_tied:
            return ""
        return {3 * second.length: ">", second.length / 3: "<"}.get(first.length, "")


class _Accidentals:
    """The accidentals that hold in a bar, for readers that let them hold in their octave and those that do in all."""

    def __init__(self, key: Key | None) -> None:
        self._signature = key.alters if key else {}
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


def _closing(bar: Bar, is_last: bool) -> str:
    """Returns the bar line at a bar's end."""
    if bar.times > 1:
        return ":" * (bar.times - 1) + "|"
    if is_last:
        return "|]"
    return "||" if bar.is_double else "|"


def _triplet_sign(items: Sequence[Item], number: int) -> str:
    """Returns the sign before a triplet, which says how many notes it has where they are not three."""
    count = sum(item.triplet == number for item in items)
    return "(3" if count == 3 else f"(3:2:{count}"


def _tempo(qpm: float, engraved: EngravedBar) -> str:
    """Returns a tempo in the meter's beat where that is a plain number, else in quarter notes."""
    beat = engraved.meter.tempo_beat
    beats = round(qpm / float(beat), 3)
    if beats * float(beat) == qpm:
        return f"{beat / 4}={beats:.10g}"
    return f"1/4={round(qpm, 3):.10g}"


def _numbers(bar: Bar) -> str:
    return ",".join(map(str, bar.endings))


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
