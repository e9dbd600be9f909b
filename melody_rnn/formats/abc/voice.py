"""One voice of an ABC tune: what its words make, note by note and bar by bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from melody_rnn.errors import InputFileError
from melody_rnn.formats.abc.fields import KeyField
from melody_rnn.formats.abc.tokens import BarSigns, NoteWord
from melody_rnn.formats.score import Bar, Mark, Note

UNITS: Final = 60_480
"""Units of a quarter note, in which a voice counts: fine enough for all usual tuplets, and quicker than fractions."""
_MAX_UNITS: Final = 40_000 * UNITS
_MAX_NOTES: Final = 50_000
_Place = tuple[str, int]
"""A note's letter and its pitch without accidentals."""
# How many notes a tuplet takes the time of, as the standard has it; None where the meter decides.
_TUPLET_TIMES: Final[Mapping[int, int | None]] = {2: 3, 3: 2, 4: 3, 5: None, 6: 2, 7: None, 8: 3, 9: None}


@dataclass
class OpenBar:
    """A bar that is being written."""

    start: int
    opens_repeat: bool = False
    times: int = 1
    endings: tuple[int, ...] = ()
    is_double: bool = False
    label: str = ""
    marks: set[Mark] = field(default_factory=set)


@dataclass
class Voice:
    """A voice as far as it has been read.

    Attributes:
        name: What V: calls it.
        title: Its name as V: prints it.
        notes: [start, end, pitch, voice] of each note, in units.
        bars: Its bars.
        now: Where it stands, in units.
        shift: Semitones by which it sounds higher than it is written.
        program: General MIDI instrument.
        is_drums: Whether its pitches stand for drums.
    """

    name: str = ""
    title: str = ""
    notes: list[list[int]] = field(default_factory=list)
    bars: list[OpenBar] = field(default_factory=lambda: [OpenBar(0)])
    now: int = 0
    shift: int = 0
    program: int = 0
    is_drums: bool = False
    key: KeyField = field(default_factory=lambda: KeyField(None))
    unit: Fraction = Fraction(1, 8)
    bar_units: int | None = 4 * UNITS
    is_compound: bool = False
    microtones: int = 0
    _altered: dict[str, int] = field(default_factory=dict)
    _ties: dict[_Place, int] = field(default_factory=dict)
    _last: list[tuple[_Place, int]] = field(default_factory=list)
    _last_start: int = 0
    _broken: str = ""
    _tuplet: tuple[Fraction, int] = (Fraction(1), 0)
    _layer: int = 0
    _bar_end: int = 0
    _bars_ahead: int = 0

    def note(self, word: NoteWord) -> None:
        """Adds a note."""
        units = self._take(word.length)
        self._last, self._last_start = [], self.now
        self._sound(word, self.now + units)
        self._advance(units)

    def chord(self, words: Sequence[NoteWord], length: Fraction) -> None:
        """Adds notes that begin together; the first one's length and the chord's own tell how long it takes."""
        units = self._take(length * words[0].length)
        self._last, self._last_start = [], self.now
        for word in words:
            self._sound(word, self.now + round(units * word.length / words[0].length))
        self._advance(units)

    def rest(self, length: Fraction) -> None:
        """Adds a silence."""
        units = self._take(length)
        self._last, self._last_start = [], self.now
        self._advance(units)

    def rest_bars(self, count: int) -> None:
        """Adds whole bars of silence, each a bar of its own."""
        for number in range(min(count, 1000)):
            if number:
                self.bar(BarSigns(1, False, False, ()))
            self._last, self._last_start = [], self.now
            self._advance(4 * UNITS if self.bar_units is None else self.bar_units)

    def broken(self, text: str) -> None:
        """Lengthens the last note and shortens the next one, or the other way round with '<'.

        Where the note to be shortened is written short already, as in D>D/, the other one alone is lengthened; between
        notes of other lengths it means nothing. The standard leaves both open; so most bars are whole.
        """
        self._broken = text

    def tuplet(self, text: str) -> None:
        """Begins a tuplet, (p:q:r."""
        numbers = [int(part) if part.strip() else None for part in text.lstrip("( ").split(":")]
        p, q, r = (*numbers, None, None)[:3]
        if not p or p < 2:
            return
        q = q or _TUPLET_TIMES.get(p) or (3 if self.is_compound else 2)
        self._tuplet = (Fraction(q, p), r or p)

    def tie(self, which: Sequence[bool] = ()) -> None:
        """Ties the last notes, or those of a chord that are given, to the next ones of their pitch."""
        chosen = which or [True] * len(self._last)
        self._ties.update(last for last, is_tied in zip(self._last, chosen, strict=True) if is_tied)

    def overlay(self, num_bars: int) -> None:
        """Begins another layer of the last bars."""
        self._bar_end = max(self._bar_end, self.now)
        self._bars_ahead = min(num_bars, len(self.bars)) - 1
        self.now = self.bars[-1 - self._bars_ahead].start
        self._layer += 1
        self._altered.clear()
        self._last = []

    def bar(self, signs: BarSigns) -> None:
        """Ends a bar, and begins one if time has passed."""
        if self._bars_ahead:
            self.now = self.bars[-self._bars_ahead].start
            self._bars_ahead -= 1
            self._altered.clear()
            return
        self.now = max(self.now, self._bar_end)
        self._layer, self._bar_end = 0, 0
        self._altered.clear()
        last = self.bars[-1]
        if last.start < self.now:
            self._close(last, signs)
            self.bars.append(OpenBar(self.now, signs.opens_repeat, endings=signs.endings))
            return
        # Two signs at one place are one; what closes belongs to the bar before.
        if len(self.bars) > 1:
            self._close(self.bars[-2], signs)
        last.opens_repeat |= signs.opens_repeat
        last.endings = signs.endings or last.endings

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has sounded and no time has passed in it."""
        return not self.notes and not self.now

    def label(self, text: str) -> None:
        """Names the section that begins here."""
        self._at_start().label = " ".join(text.split())[:40]

    def mark(self, mark: Mark) -> None:
        """Sets a sign at the bar: a segno or coda begins it, others end it."""
        if mark not in ("segno", "coda") and self.bars[-1].start == self.now and len(self.bars) > 1:
            self.bars[-2].marks.add(mark)
        else:
            self.bars[-1].marks.add(mark)

    def finished_bars(self) -> tuple[Bar, ...]:
        """Returns the bars, the last one without music left out."""
        bars = self.bars[:-1] if len(self.bars) > 1 and self.bars[-1].start >= self.now else self.bars
        return tuple(
            Bar(
                quarters(bar.start),
                bar.opens_repeat,
                bar.times,
                bar.endings,
                bar.is_double,
                bar.label,
                frozenset(bar.marks),
            )
            for bar in bars
        )

    def finished_notes(self) -> tuple[Note, ...]:
        """Returns the notes by start, from the first layer on, the highest first."""
        ordered = sorted(self.notes, key=lambda note: (note[0], note[3], -note[2]))
        return tuple(
            Note(quarters(start), quarters(end), pitch, layer) for start, end, pitch, layer in ordered if end > start
        )

    def _at_start(self) -> OpenBar:
        """Returns the bar that begins here; a name in the middle of a bar begins a new one."""
        if self.bars[-1].start < self.now:
            self.bar(BarSigns(1, False, True, ()))
        return self.bars[-1]

    @staticmethod
    def _close(bar: OpenBar, signs: BarSigns) -> None:
        bar.times = max(bar.times, signs.times)
        bar.is_double |= signs.is_double

    def _take(self, length: Fraction) -> int:
        """Returns how many units a length takes now, with broken rhythm and tuplets."""
        factor, left = self._tuplet
        if left:
            self._tuplet = factor, left - 1
        units = _units(self.unit, length, factor if left else None)
        sign, self._broken = self._broken, ""
        before = self.now - self._last_start
        times = min(len(sign), 3)
        short, full = sorted((units, before))
        is_short_written = short <= full >> times and (units < before) == (sign[:1] == ">")
        if not sign or not (units == before or is_short_written):
            return units
        moved = full >> times
        longer, shorter = 2 * full - moved, min(short, moved)
        mine, following = (longer, shorter) if sign[0] == ">" else (shorter, longer)
        for _, index in self._last:
            self.notes[index][1] = self._last_start + mine
        self.now = self._last_start + mine
        return following

    def _sound(self, word: NoteWord, end: int) -> None:
        self.microtones += word.is_microtonal
        place = word.letter, word.pitch
        if word.alter is not None:
            self._altered[word.letter] = word.alter
        alter = self._altered.get(word.letter, self.key.alters.get(word.letter, 0))
        pitch = word.pitch + alter + self.shift
        held = self._ties.pop(place, None)
        # A tied note keeps its accidental over the bar line.
        if held is not None and self.notes[held][1] == self.now and word.alter is None:
            pitch = self.notes[held][2]
        if held is not None and self.notes[held][1] == self.now and self.notes[held][2] == pitch:
            self.notes[held][1] = end
            self._last.append((place, held))
            return
        if not 0 <= pitch <= 127:
            raise InputFileError(f"a note of MIDI pitch {pitch}, outside 0..127")
        self.notes.append([self.now, end, pitch, self._layer])
        self._last.append((place, len(self.notes) - 1))
        if len(self.notes) > _MAX_NOTES:
            raise InputFileError(f"more than {_MAX_NOTES} notes, which no tune has")

    def _advance(self, units: int) -> None:
        self.now += units
        # A tie holds for the very next notes only.
        if self._ties:
            self._ties = {place: index for place, index in self._ties.items() if self.notes[index][1] >= self.now}
        if self.now > _MAX_UNITS:
            raise InputFileError(f"longer than {_MAX_UNITS // UNITS} quarter notes, which no tune is")


@lru_cache(maxsize=4096)
def _units(unit: Fraction, length: Fraction, tuplet: Fraction | None) -> int:
    return round(4 * unit * length * (tuplet or 1) * UNITS)


@lru_cache(maxsize=65_536)
def quarters(units: int) -> Fraction:
    """Returns a time in quarter notes."""
    return Fraction(units, UNITS)
