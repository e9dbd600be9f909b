"""ABC tunes to scores: a tune's lines, its fields, and the words of its voices.

Source: the ABC standard 2.1, abcnotation.com. Where tune books depart from it, what they mean is read: no empty lines
between tunes, decorations of any kind, signs in quotes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from melody_rnn.errors import InputFileError
from melody_rnn.formats.abc.fields import (
    KeyField,
    default_unit,
    parse_key,
    parse_meter,
    parse_shift,
    parse_tempo,
    parse_unit,
)
from melody_rnn.formats.abc.tokens import Token, read_bar, read_length, read_note, tokens
from melody_rnn.formats.abc.tunebook import AbcTune
from melody_rnn.formats.abc.voice import UNITS, Voice, quarters
from melody_rnn.formats.score import ChordSymbol, KeyChange, Mark, MeterChange, Part, Score, TempoChange
from melody_rnn.music.meters import Meter

MAX_CHARACTERS: Final = 200_000
_MAX_VOICES: Final = 64
_FIELD: Final = re.compile(r"([A-Za-z+]):(?![|:])\s*(.*)")
_BODY_NOTE: Final = re.compile(r"[A-Ga-g]:[|:]")
_CHORD: Final = re.compile(r"[A-G][#b♯♭]?(?:m|maj|min|dim|aug|sus|add|alt|M|no|\d|[-+°øo()#b♯♭ ,])*(?:/[A-G][#b♯♭]?)?")
_MARKS: Final[Mapping[str, Mark]] = {
    "segno": "segno",
    "coda": "coda",
    "fine": "fine",
    "dacoda": "to_coda",
    "tocoda": "to_coda",
    "dacapo": "da_capo",
    "dc": "da_capo",
    "dcalfine": "da_capo",
    "dcalcoda": "da_capo",
    "dacapoalfine": "da_capo",
    "dsalfine": "dal_segno",
    "dsalcoda": "dal_segno",
    "ds": "dal_segno",
    "dalsegno": "dal_segno",
}
_ENDING_NUMBER: Final = re.compile(r"\s*\d")
_PROGRAM: Final = re.compile(r"(?:%%|)MIDI\s*=?\s*program\s+(?:\d+\s+)?(\d{1,3})")
_DRUMS: Final = re.compile(r"(?:%%|)MIDI\s*=?\s*channel\s+10\b")


def read_abc_tune(tune: AbcTune) -> Score:
    """Reads a tune of a tune book.

    Each V: is a part; layers of a bar (&) are voices of it. Accidentals hold for their letter in all octaves, up to the
    end of the bar. Grace notes, decorations, slurs and words are left out.

    Raises:
        InputFileError: If there is no key or no note in it, or it is far larger than any tune; the message does not
            name the file.
    """
    if sum(map(len, tune.lines)) > MAX_CHARACTERS:
        raise InputFileError(f"more than {MAX_CHARACTERS} characters, which no tune has")
    return _Reader(tune).score()


class _Reader:
    """What has been read of a tune."""

    def __init__(self, tune: AbcTune) -> None:
        self._title = tune.title
        self._composer = ""
        self._remarks: dict[str, None] = {}
        self._key = KeyField(None)
        self._meter: Meter | None = None
        self._unit: Fraction | None = None
        self._has_meter = False
        self._voices: dict[str, Voice] = {}
        self._voice_lines: dict[str, str] = {}
        self._program, self._is_drums = 0, False
        self._in_body = False
        self._meters: dict[int, Meter] = {}
        self._keys: dict[int, KeyField] = {}
        self._tempos: dict[int, float] = {}
        self._chords: dict[int, str] = {}
        self._now = Voice()
        self._chord_words: list[Token] | None = None
        self._ends_with_bar = False
        for line in tune.lines:
            self._line(line)
        if not self._in_body:
            raise InputFileError("no K: field, so no tune")

    def score(self) -> Score:
        """Returns what was read as a score."""
        voices = [voice for voice in self._voices.values() if voice.notes]
        if not voices:
            raise InputFileError("no note in it")
        if any(voice.microtones for voice in voices):
            self._remarks["quarter tones were left out"] = None
        end = max(quarters(voice.now) for voice in voices)
        bars = voices[0].finished_bars()
        return Score(
            parts=tuple(Part(v.finished_notes(), v.title, v.program, v.is_drums) for v in voices),
            bars=bars,
            end=end,
            meters=tuple(MeterChange(quarters(at), meter) for at, meter in sorted(self._meters.items())),
            keys=tuple(KeyChange(quarters(at), key.key) for at, key in sorted(self._keys.items())),
            tempos=tuple(TempoChange(quarters(at), qpm) for at, qpm in sorted(self._tempos.items())),
            chords=tuple(ChordSymbol(quarters(at), symbol) for at, symbol in sorted(self._chords.items())),
            title=self._title,
            composer=self._composer,
            remarks=tuple(self._remarks),
        )

    def _line(self, line: str) -> None:
        if line.startswith("%%"):
            self._directive(line)
            return
        match = _FIELD.match(line)
        if match and not (self._in_body and _BODY_NOTE.match(line)):
            self._field(match[1], match[2].strip())
        elif self._in_body:
            self._music(line)

    def _directive(self, line: str) -> None:
        program, drums = _PROGRAM.search(line), _DRUMS.search(line)
        if program:
            self._program = min(int(program[1]), 127)
            self._now.program = self._program
        if drums:
            self._is_drums = self._now.is_drums = True

    def _field(self, name: str, value: str) -> None:
        handlers: dict[str, Callable[[str], None]] = {
            "K": self._key_field,
            "M": self._meter_field,
            "L": self._unit_field,
            "Q": self._tempo_field,
            "V": self._voice_field,
            "P": self._part_field,
            "I": self._directive,
            "C": self._composer_field,
        }
        if name in handlers:
            handlers[name](value)

    def _key_field(self, value: str) -> None:
        key = parse_key(value)
        if not key.is_known and self._in_body:
            key = KeyField(self._key.key, {**self._key.alters, **key.alters}, key.shift)
        self._key = key
        if not self._in_body:
            self._begin_body()
        voice = self._now
        voice.key = key
        voice.shift = key.shift if key.shift is not None else voice.shift
        if self._leads(voice) and self._keys.get(voice.now) != key:
            self._keys[voice.now] = key

    def _begin_body(self) -> None:
        self._in_body = True
        for name, value in self._voice_lines.items():
            self._voice(name, value)
        if not self._voices:
            self._voice("", "")
        self._now = next(iter(self._voices.values()))
        if self._has_meter and self._meter:
            self._meters[0] = self._meter

    def _meter_field(self, value: str) -> None:
        self._meter, self._has_meter = parse_meter(value), True
        if not self._in_body:
            return
        self._set_meter(self._now)
        if self._meter and self._leads(self._now):
            self._meters[self._now.now] = self._meter

    def _unit_field(self, value: str) -> None:
        unit = parse_unit(value)
        if unit is None:
            return
        if self._in_body:
            self._now.unit = unit
        else:
            self._unit = unit

    def _tempo_field(self, value: str) -> None:
        unit = self._now.unit if self._in_body else self._unit or default_unit(self._meter)
        qpm = parse_tempo(value, unit)
        if qpm is not None and (not self._in_body or self._leads(self._now)):
            self._tempos[self._now.now if self._in_body else 0] = qpm

    def _voice_field(self, value: str) -> None:
        name, _, rest = value.partition(" ")
        if self._in_body:
            self._now = self._voice(name, rest)
        else:
            self._voice_lines[name] = rest

    def _part_field(self, value: str) -> None:
        if self._in_body and self._leads(self._now):
            self._now.label(value)
        elif not self._in_body and len(value) > 1:
            self._remarks[f"the order of its parts, P:{value[:40]}, is not heeded"] = None

    def _composer_field(self, value: str) -> None:
        self._composer = self._composer or value

    def _voice(self, name: str, about: str) -> Voice:
        """Returns a voice by its name; one that is new begins with what the header says."""
        voice = self._voices.get(name)
        if voice is None:
            if len(self._voices) >= _MAX_VOICES:
                raise InputFileError(f"more than {_MAX_VOICES} voices")
            voice = Voice(name, key=self._key, program=self._program, is_drums=self._is_drums)
            voice.unit = self._unit or default_unit(self._meter if self._has_meter else Meter(4, 4))
            voice.shift = self._key.shift or 0
            self._set_meter(voice)
            self._voices[name] = voice
        shift = parse_shift(about)
        if shift is not None:
            voice.shift = shift
        title = re.search(r'\b(?:name|nm)\s*=\s*"?([^"]{1,60})', about)
        if title:
            voice.title = title[1].strip()
        if re.search(r"\bclef=perc|\bperc\b", about):
            voice.is_drums = True
        return voice

    def _set_meter(self, voice: Voice) -> None:
        meter = self._meter or (None if self._has_meter else Meter(4, 4))
        voice.bar_units = int(meter.quarters * UNITS) if meter else None
        voice.is_compound = meter is not None and meter.numerator % 3 == 0 and meter.denominator >= 8

    def _leads(self, voice: Voice) -> bool:
        """Returns whether a voice is the one that tells the bars, keys and meters of all."""
        return voice is next(iter(self._voices.values()))

    def _music(self, line: str) -> None:
        if self._ends_with_bar and _ENDING_NUMBER.match(line):
            # The number of an ending can stand on the line after its bar line.
            line = f"|{line}"
        for token in tokens(line):
            if self._chord_words is not None:
                self._chord_words = self._in_chord(token, self._chord_words)
            elif token.kind == "open":
                self._chord_words = []
            else:
                self._word(token)
            self._ends_with_bar = token.kind == "bar"

    def _in_chord(self, token: Token, chord: list[Token]) -> list[Token] | None:
        """Takes a word between brackets, and returns the words there, or None when the chord is over."""
        if token.kind in ("note", "tie"):
            return [*chord, token]
        if token.kind == "close":
            self._chord([t for t in chord if t.kind == "note"], token.text[1:], any(t.kind == "tie" for t in chord))
            return None
        if token.kind == "bar":
            # The bracket was none of a chord.
            for earlier in chord:
                self._word(earlier)
            self._word(token)
            return None
        return chord

    def _chord(self, words: Sequence[Token], length_text: str, is_tied: bool) -> None:
        notes = [word for word in (read_note(token.text) for token in words) if word is not None]
        length = read_length(length_text)
        if notes and length is not None:
            self._now.chord(notes, length)
            if is_tied:
                self._now.tie()

    def _word(self, token: Token) -> None:
        voice, text = self._now, token.text
        kind = token.kind
        if kind == "note":
            note = read_note(text)
            if note is None:
                raise InputFileError(f"the note {text[:20]!r} is beyond all music")
            voice.note(note)
        elif kind == "bar":
            voice.bar(read_bar(text, token.ending))
        elif kind == "rest":
            voice.rest(read_length(text[1:]) or Fraction(1))
        elif kind == "bars_rest":
            voice.rest_bars(int(text[1:6] or 1))
        elif kind == "tie":
            voice.tie()
        elif kind == "broken":
            voice.broken(text)
        elif kind == "tuplet":
            voice.tuplet(text)
        elif kind == "overlay":
            voice.overlay()
        elif kind == "quoted":
            self._quoted(text.strip('"').strip())
        elif kind == "field":
            self._field(text[1], text[3:-1].strip())
        elif kind in ("mark", "old_mark"):
            self._mark(text[1:-1])
        elif kind == "old_chord":
            self._chord(list(tokens(text[1:-1])), "", is_tied=False)

    def _quoted(self, text: str) -> None:
        """Takes a text in quotes: a chord symbol, or an annotation, which may say where to go on."""
        plain = text.lstrip("^_<>@ ")
        if self._mark(plain):
            return
        is_annotation = text[:1] in "^_<>@"
        if not is_annotation and plain and self._leads(self._now) and _CHORD.fullmatch(plain):
            self._chords[self._now.now] = plain.replace("♯", "#").replace("♭", "b")

    def _mark(self, text: str) -> bool:
        mark = _MARKS.get("".join(c for c in text.lower() if c.isalpha()))
        if mark and self._leads(self._now):
            self._now.mark(mark)
        return mark is not None
