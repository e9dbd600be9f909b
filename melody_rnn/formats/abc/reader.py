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
from melody_rnn.formats.abc.texts import plain_text
from melody_rnn.formats.abc.tokens import NoteWord, Token, read_bar, read_length, read_note, tokens
from melody_rnn.formats.abc.tunebook import AbcTune
from melody_rnn.formats.abc.voice import UNITS, Voice, quarters
from melody_rnn.formats.score import ChordSymbol, KeyChange, Mark, MeterChange, Part, Score, TempoChange
from melody_rnn.music.meters import Meter

MAX_CHARACTERS: Final = 200_000
_MAX_VOICES: Final = 64
_FIELD: Final = re.compile(r"([A-Za-z+]):(?![|:])\s*(.*)")
_BODY_NOTE: Final = re.compile(r"[A-Ga-g]:[|:]")
_CHORD: Final = re.compile(
    r"[A-G][#b♯♭]?(?:m|maj?|min?|dim|aug|sus|add|alt|M|no|omit|dom|/?\d|[-+°øØΔ△o()#b♯♭ ,])*(?:/[A-G][#b♯♭]?)?|N\.?C\.?"
)
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
_SYMBOLS: Final[Mapping[str, str]] = {"S": "segno", "O": "coda"}
_USER_SYMBOL: Final = re.compile(r"([H-Wh-w])\s*=\s*[!+]?([^!+]*)")
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
        self._symbols = dict(_SYMBOLS)
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
            self._now.program = min(int(program[1]), 127)
        if drums:
            self._now.is_drums = True
        if not self._in_body:
            self._program, self._is_drums = self._now.program, self._now.is_drums

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
            "U": self._user_symbol_field,
        }
        if name in handlers:
            handlers[name](value)

    def _key_field(self, value: str) -> None:
        key = parse_key(value)
        if not key.is_known and self._in_body:
            key = KeyField(self._now.key.key, {**self._now.key.alters, **key.alters}, key.shift)
        if not self._in_body:
            self._key = key
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
        meter = parse_meter(value)
        if not self._in_body:
            self._meter, self._has_meter = meter, True
            return
        _set_meter(self._now, meter)
        if meter and self._leads(self._now):
            self._meters[self._now.now] = meter

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
        name, rest = (*value.split(None, 1), "", "")[:2]
        if not self._in_body:
            self._voice_lines[name] = rest
            return
        if self._now.name == "" and name not in self._voices and (name == "1" or self._now.is_untouched):
            # What stands before the first V: is of that voice.
            self._now.name = name
            self._voices[name] = self._voices.pop("")
        self._now = self._voice(name, rest)

    def _part_field(self, value: str) -> None:
        if self._in_body and self._leads(self._now):
            self._now.label(plain_text(value))
        elif not self._in_body and len(value) > 1:
            self._remarks[f"the order of its parts, P:{value[:40]}, is not heeded"] = None

    def _composer_field(self, value: str) -> None:
        self._composer = self._composer or plain_text(value)

    def _user_symbol_field(self, value: str) -> None:
        match = _USER_SYMBOL.match(value)
        if match:
            self._symbols[match[1]] = match[2]

    def _voice(self, name: str, about: str) -> Voice:
        """Returns a voice by its name; one that is new begins with what the header says."""
        voice = self._voices.get(name)
        if voice is None:
            if len(self._voices) >= _MAX_VOICES:
                raise InputFileError(f"more than {_MAX_VOICES} voices")
            voice = Voice(name, key=self._key, program=self._program, is_drums=self._is_drums)
            voice.unit = self._unit or default_unit(self._meter if self._has_meter else Meter(4, 4))
            voice.shift = self._key.shift or 0
            _set_meter(voice, self._meter or (None if self._has_meter else Meter(4, 4)))
            self._voices[name] = voice
        shift = parse_shift(about)
        if shift is not None:
            voice.shift = shift
        title = re.search(r'\b(?:name|nm)\s*=\s*"?([^"]{1,60})', about)
        if title:
            voice.title = plain_text(title[1].strip())
        if re.search(r"\bclef=perc|\bperc\b", about):
            voice.is_drums = True
        return voice

    def _leads(self, voice: Voice) -> bool:
        """Returns whether a voice is the one that tells the bars, keys and meters of all."""
        return voice is next(iter(self._voices.values()))

    def _music(self, line: str) -> None:
        if self._ends_with_bar and _ENDING_NUMBER.match(line):
            # The number of an ending can stand on the line after its bar line.
            line = f"|{line}"
        for token in tokens(line):
            if self._chord_words is not None:
                self._in_chord(token, self._chord_words)
            elif token.kind == "open":
                self._chord_words = []
            else:
                self._word(token)
            self._ends_with_bar = token.kind == "bar"

    def _in_chord(self, token: Token, chord: list[Token]) -> None:
        """Takes a word between brackets."""
        if token.kind in ("note", "tie"):
            chord.append(token)
        elif token.kind == "quoted":
            self._word(token)
        elif token.kind == "close":
            self._chord_words = None
            self._chord(chord, token.text[1:])
        elif token.kind == "bar":
            # The bracket was none of a chord.
            self._chord_words = None
            for earlier in [*chord, token]:
                self._word(earlier)

    def _chord(self, tokens_inside: Sequence[Token], length_text: str) -> None:
        notes: list[NoteWord] = []
        ties: list[bool] = []
        for token in tokens_inside:
            note = read_note(token.text)
            if note is not None:
                notes.append(note)
                ties.append(False)
            elif token.kind == "tie" and ties:
                ties[-1] = True
        length = read_length(length_text)
        if notes and length is not None:
            self._now.chord(notes, length)
            self._now.tie(ties)

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
            voice.overlay(len(text))
        elif kind == "quoted":
            self._quoted(text.strip('"').strip())
        elif kind == "field":
            self._field(text[1], text[3:-1].strip())
        elif kind in ("mark", "old_mark"):
            self._mark(text[1:-1])
        elif kind == "symbol":
            self._mark(self._symbols.get(text, ""))
        elif kind == "old_chord":
            self._chord(list(tokens(text[1:-1])), "")

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


def _set_meter(voice: Voice, meter: Meter | None) -> None:
    voice.bar_units = int(meter.quarters * UNITS) if meter else None
    voice.is_compound = meter is not None and meter.is_compound and meter.numerator > 3
