"""Chord progressions as people write them, "| G | C G | D7 | G |", and laid under the bars of a tune."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from melody_rnn.errors import InvalidArgumentError, MelodyError, printable, unnamed
from melody_rnn.formats.reading import is_music
from melody_rnn.music.chord_keys import key_of_chords
from melody_rnn.music.chords import ChordTones, parse_chord
from melody_rnn.music.forms import DEFAULT_PART_BARS, MAX_BARS, Form, Part
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.music.pitches import in_letters
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.outline import Outline, outline_of
from melody_rnn.tunes.tune import Chord, Section, Tune

Bar = tuple[str, ...]
"""What a bar has, in even shares of it: chord symbols, or `HOLD`."""
HOLD: Final = "."
"""Stands where the chord before goes on."""
_HOLDS: Final = (".", "/")
_SAME_BAR: Final = "%"
NO_CHORD: Final = "N.C."
# What a bar is shared into for weighing its chords.
_SHARES: Final = 5040
_MAX_TEXT: Final = 20_000
_SHOWN: Final = 40
_LABEL: Final = re.compile(r"(?:^|(?<=[\s|\]]))([A-Z]):(?=\s)")
# A bar line that stands at the end of a line and at the beginning of the next one is one.
_BROKEN_LINE: Final = re.compile(r"\|[^\S\n]*\n\s*\|")
_BAR_LINE: Final = re.compile(r"(:?)\[?\|+\]?(:?)")
_SYLLABLE: Final = r"(?:do|re|mi|fa|sol|la|si)[#b♯♭]?"
# A kind may stand apart from a syllable: la m, sol 7.
_APART: Final = re.compile(rf"(?<!\S)({_SYLLABLE})\s+(?=(?:m(?!i)|\d|dim|maj7|sus|aug)\S*(?:\s|\||:|$))", re.IGNORECASE)
_IN_SYLLABLES: Final = re.compile(rf"({_SYLLABLE})(menor|mayor)?([^/]*)(?:/({_SYLLABLE}))?", re.IGNORECASE)
# What begins so is no letter; Do alone may be D diminished, and Fa begins Faug, too.
_NO_LETTER: Final = re.compile(r"(?:(?i:re|mi|sol|la|si)|do|fa|Fa(?![ud])|FA|DO)")


@dataclass(frozen=True)
class Progression:
    """Chords by bars, of all parts of a tune alike, or of each part its own.

    Attributes:
        parts: The bars by the part's label; by an empty string where no part is named.
        source: The tune that it is of, where it was read from a file: its form, meter and key.
    """

    parts: Mapping[str, tuple[Bar, ...]]
    source: Outline | None = None

    @property
    def symbols(self) -> list[str]:
        """Its chord symbols in order."""
        return [token for bars in self.parts.values() for bar in bars for token in bar if token != HOLD]

    @property
    def form(self) -> Form | None:
        """The form of the tune that it is of, as it is played; None if no tune said any."""
        if self.source is None or not self.source.sections:
            return None
        spans = _spans(self.source)
        times = [section.times for section in self.source.sections]
        parts = [
            Part(label, end - first) for (label, first, end), n in zip(spans, times, strict=True) for _ in range(n)
        ]
        return Form(tuple(parts))

    def key(self) -> Key | None:
        """Returns the key of the tune that it is of, or else that of the chords; None if there are none."""
        if self.source is not None and self.source.key is not None:
            return self.source.key
        shares: list[tuple[ChordTones | None, int]] = []
        for bars in self.parts.values():
            for bar in bars:
                for token in bar:
                    chord = (shares[-1][0] if shares else None) if token == HOLD else parse_chord(token)
                    shares.append((chord, _SHARES // len(bar)))
        return key_of_chords(shares)

    def usual_form(self) -> Form:
        """Returns a form that the bars fill: each part twice, in at least eight bars if the chords are of all parts."""
        lengths = [(label or "A", len(bars)) for label, bars in self.parts.items()]
        if "" in self.parts:
            (own,) = self.parts.values()
            lengths = [("A", -(-DEFAULT_PART_BARS // len(own)) * len(own))]
        return Form(tuple(Part(*part) for part in lengths for _ in range(2)))

    def fits(self, outline: Outline) -> bool:
        """Returns whether the bars fill the parts of a tune evenly."""
        try:
            for bar in self._laid_out(outline):
                _places(bar, outline.meter, 1)
        except InvalidArgumentError:
            return False
        return True

    def over(self, outline: Outline, num_steps: int | None = None) -> tuple[Chord, ...]:
        """Returns the chords of each step of a tune, repeated to fill it, from the first whole bar on.

        Parts that are named have their own ones. Else each part of the tune begins with the first bar again, if the
        bars fill each part evenly, and the bars run on from part to part, if they fill the tune evenly.

        Args:
            outline: Of the tune; its meter, pickup and sections count.
            num_steps: Where a tune ends whose outline does not say it; it may end anywhere.

        Raises:
            InvalidArgumentError: If the bars fill the tune in neither way, a part has no chords or there is none for
                some, or more chords stand in a bar than its meter has room for; the message says how to mend it.
        """
        chords: list[Chord] = []
        now, silent = NO_CHORD, bool(outline.pickup_steps)
        steps, end = outline.steps_per_bar, outline.num_steps or num_steps or 0
        # A part says its first chord, for it may be played again.
        firsts = {first for _, first, _ in _spans(outline, num_steps)}
        for number, bar in enumerate(self._laid_out(outline, num_steps)):
            for place, token in zip(_places(bar, outline.meter, number + 1), bar, strict=True):
                step, own = int((number + silent + place) * steps), now if token == HOLD else token
                is_first = place == 0 and number in firsts
                if (is_first or own != now) and step < end:
                    chords.append(Chord(step, own))
                now = own
        return tuple(chords)

    def _laid_out(self, outline: Outline, num_steps: int | None = None) -> list[Bar]:
        """Returns the bars, as long as the tune; the pickup's is not among them."""
        spans = _spans(outline, num_steps)
        total = spans[-1][2] - spans[0][1]
        if "" not in self.parts:
            extra = [label for label in self.parts if label not in {label for label, *_ in spans}]
            if extra:
                raise InvalidArgumentError(
                    f"there are chords for part {extra[0]}, and the tune has {outline.form or 'no parts'}: leave them "
                    "out, or ask for a form that has it"
                )
            return [bar for label, first, end in spans for bar in self._part(label, end - first)]
        bars = self.parts[""]
        lengths = [end - first for _, first, end in spans]
        if outline.num_steps is None:
            return [bars[bar % len(bars)] for bar in range(total)]
        for some in (lengths, [total]):
            if not any(length % len(bars) for length in some):
                return [bars[bar % len(bars)] for length in some for bar in range(length)]
        plural = "s" * (len(bars) > 1)
        if len(bars) > total:
            raise InvalidArgumentError(
                f"the chords have {len(bars)} bar{plural}, and the tune {total} as it is written"
            )
        parts = " and ".join(f"{label} has {length}" for (label, *_), length in zip(spans, lengths, strict=True))
        raise InvalidArgumentError(
            f"{len(bars)} bar{plural} of chords do not fill the tune evenly, in which {parts}; give chords for as many "
            "bars, or for a half or a quarter of them, or ask for another form"
        )

    def _part(self, label: str, length: int) -> list[Bar]:
        """Returns the bars of a part that has a label."""
        bars = self.parts.get(label)
        if bars is None:
            raise InvalidArgumentError(
                f"part {label} of the tune has no chords; there are some for {', '.join(self.parts)}: write "
                f"'{label}: | ... |', too, or ask for another form"
            )
        if length % len(bars):
            raise InvalidArgumentError(
                f"part {label} has {length} bars, which {len(bars)} bar{'s' * (len(bars) > 1)} of chords do not fill "
                "evenly; give as many chords, or ask for another form"
            )
        return list(bars) * (length // len(bars))

    def __str__(self) -> str:
        lines = []
        for label, bars in self.parts.items():
            line = "| " + " | ".join(" ".join(bar) for bar in bars) + " |"
            lines.append(f"{label}: {line}" if label else line)
        return "  ".join(lines)


def read_progression(text: str, number: int = 1) -> Progression:
    """Reads a progression from a text, or from the music file that it names.

    Args:
        text: As `parse_progression` takes it, or the path of a file.
        number: Which tune of a tune book, or which part of another file, from 1.

    Raises:
        InvalidArgumentError: If the text is no progression.
        InputFileError, MelodyError: If the file cannot be read, or has no chord symbols.
    """
    path = Path(text.strip())
    if "|" in text or "\n" in text or not is_music(path):
        return parse_progression(text)
    tune = read_tune(path, number=number)
    try:
        return progression_of(tune)
    except (InvalidArgumentError, MelodyError) as error:
        raise MelodyError(f"{path}: {unnamed(error, path)}") from error


def parse_progression(text: str) -> Progression:
    """Reads a progression: "| G | C G | D7 . . C | % | N.C. |".

    Bars have lines between them; without any line each symbol is a bar. Symbols share a bar evenly; a dot or a slash
    for each further beat holds the one before. % is the bar before once more, and |: :| plays what is between twice.
    "A: | ... |  B: | ... |" gives parts their own. Symbols are written in letters, or all of them in syllables: sol7,
    la m, do/mi.

    Raises:
        InvalidArgumentError: If there is no chord, a bar is empty, or a symbol unknown; the message says where.
    """
    if len(text) > _MAX_TEXT:
        raise InvalidArgumentError(f"the chords have {len(text):,} characters; at most {_MAX_TEXT:,} are read")
    pieces = _LABEL.split(_BROKEN_LINE.sub("|", text.strip()))
    named = list(zip(pieces[1::2], pieces[2::2], strict=True))
    if named and pieces[0].strip(" \t\n|[]"):
        raise InvalidArgumentError(
            f"the chords before 'part {named[0][0]}:' belong to no part; write its letter before them, as in 'A: | G |'"
        )
    words = _BAR_LINE.sub(" ", text).split()
    is_in_syllables = any(_NO_LETTER.match(word) for word in words)
    parts: dict[str, tuple[Bar, ...]] = {}
    for label, own in named or [("", pieces[0])]:
        if label in parts:
            raise InvalidArgumentError(f"the chords have part {label} twice; it has the same ones each time")
        where = f"part {label}, " if label else ""
        parts[label] = tuple(_read_bars(own, where, is_in_syllables))
    if not any(token != NO_CHORD for bars in parts.values() for bar in bars for token in bar if token != HOLD):
        raise InvalidArgumentError(
            f"the chords {printable(text, _SHOWN)!r} have no chord; write '| G | C G | D7 | G |'"
        )
    return Progression(parts)


def progression_of(tune: Tune) -> Progression:
    """Returns the progression of a written tune's chord symbols, each part's own where the tune has several.

    Symbols stand where a beat or its half begins; those of its pickup and of endings before the last are left out.

    Raises:
        MelodyError: If the tune has no chord symbol, or one that is not known.
        InvalidArgumentError: If it has more bars than a form.
    """
    if not tune.chords:
        raise MelodyError("has no chord symbols to take; write them out, as in '| G | C G | D7 | G |'")
    outline = outline_of(tune)
    steps, pulses = tune.steps_per_bar, _num_pulses(tune.meter)
    last = -(-len(tune) // steps)
    if last > MAX_BARS:
        raise InvalidArgumentError(f"has {last} bars; chords are taken of at most {MAX_BARS}")
    grid: list[list[str]] = [[HOLD] * pulses for _ in range(last)]
    for chord in tune.chords:
        parse_chord(chord.symbol)
        bar, step = divmod(chord.step, steps)
        grid[bar][step * pulses // steps] = chord.symbol
    bars = [_plain(tuple(pulse), _num_beats(tune.meter)) for pulse in grid]
    spans = _spans(outline)
    offset = 1 if outline.pickup_steps else 0
    if not outline.sections:
        return Progression({"": tuple(_begun(bars, offset, last))}, outline)
    parts: dict[str, tuple[Bar, ...]] = {}
    for label, first, end in spans:
        parts.setdefault(label, tuple(_begun(bars, first + offset, end + offset)))
    return Progression(parts, outline)


def _begun(bars: Sequence[Bar], first: int, end: int) -> list[Bar]:
    """Returns some bars, the first of which says its chord, whatever comes before."""
    own = list(bars[first:end])
    if own and own[0][0] == HOLD:
        before = [token for bar in bars[:first] for token in bar if token != HOLD]
        own[0] = (before[-1] if before else NO_CHORD, *own[0][1:])
    return own


def _plain(pulses: Bar, num_beats: int) -> Bar:
    """Returns a bar in as few shares as it has chords for, or else in beats or pulses."""
    for shares in sorted({1, 2, num_beats} | {len(pulses)}):
        each, rest = divmod(len(pulses), shares)
        if not rest and all(token == HOLD for place, token in enumerate(pulses) if place % each):
            if shares == 2 and num_beats % 2:
                continue
            return pulses[::each]
    return pulses


def _read_bars(text: str, where: str, is_in_syllables: bool) -> Iterator[Bar]:
    """Yields the bars of a part."""
    if is_in_syllables:
        text = _APART.sub(r"\1", text)
    bars: list[Bar] = []
    opened, number = 0, 0
    for words, closes, opens in _split(text):
        if words:
            number += 1
            bars.append(_read_bar(words, bars, f"{where}bar {number}", is_in_syllables))
        if closes:
            bars += bars[opened:]
        if closes or opens:
            opened = len(bars)
    if not bars:
        raise InvalidArgumentError(f"{where}the chords have no bar; write '| G | C G | D7 | G |'")
    if len(bars) > MAX_BARS:
        raise InvalidArgumentError(f"{where}the chords have {len(bars)} bars; at most {MAX_BARS} are read")
    yield from bars


def _split(text: str) -> Iterator[tuple[list[str], bool, bool]]:
    """Yields the words of each bar, and whether a repeat closes and one opens after it.

    Raises:
        InvalidArgumentError: If a bar between two others is empty.
    """
    if not _BAR_LINE.search(text):
        yield from (([word], False, False) for word in text.split())
        return
    pieces = _BAR_LINE.split(text)
    num_bars = 0
    for place in range(0, len(pieces), 3):
        words = pieces[place].split()
        closes, opens = (bool(sign) for sign in (pieces[place + 1 : place + 3] or ("", "")))
        is_outer = place == 0 or place + 3 >= len(pieces)
        follows_sign = place > 0 and bool(pieces[place - 1] or pieces[place - 2])
        if not words and not is_outer and not (follows_sign or closes or opens):
            raise InvalidArgumentError(
                f"bar {num_bars + 1} of the chords is empty; write % for the bar before once more, or N.C. for no chord"
            )
        num_bars += bool(words)
        yield words, closes, opens


def _read_bar(words: Sequence[str], before: Sequence[Bar], where: str, is_in_syllables: bool) -> Bar:
    if list(words) == [_SAME_BAR]:
        if not before:
            raise InvalidArgumentError(f"{where} repeats the bar before (%), and there is none")
        return before[-1]
    tokens = []
    for word in words:
        if word in _HOLDS:
            tokens.append(HOLD)
            continue
        symbol = _from_syllables(word) if is_in_syllables else word
        try:
            chord = parse_chord(symbol)
        except MelodyError as error:
            raise InvalidArgumentError(f"{where} of the chords: {error}") from None
        tokens.append(NO_CHORD if chord is None else symbol)
    return tuple(tokens)


def _from_syllables(symbol: str) -> str:
    """Returns a chord symbol in letters that is written in syllables: sol#m7/si is G#m7/B."""
    match = _IN_SYLLABLES.fullmatch(symbol)
    if not match:
        return symbol
    root, mode, kind, bass = match.groups()
    own = {"menor": "m", "mayor": ""}.get((mode or "").lower(), "") + kind
    return in_letters(root) + own + (f"/{in_letters(bass)}" if bass else "")


def _num_beats(meter: Meter) -> int:
    """Returns the beats of a bar that chords change on: dotted quarters in 6/8, quarters in 2/2."""
    if meter.is_compound:
        return meter.numerator // 3
    return meter.numerator * 2 if meter.denominator == 2 else meter.numerator


def _num_pulses(meter: Meter) -> int:
    """Returns the parts of a bar that chords change on at most: eighths in 6/8, half beats elsewhere."""
    return meter.numerator if meter.is_compound else 2 * _num_beats(meter)


def _places(bar: Bar, meter: Meter, number: int) -> list[Fraction]:
    """Returns where each share of a bar begins, from 0 to 1.

    Where the beats cannot be shared evenly, the first one gets the most: G D7 in 3/4 is two beats and one.
    """
    count, beats, pulses = len(bar), _num_beats(meter), _num_pulses(meter)
    if count <= beats:
        each = beats // count
        rest = beats - each * count
        return [Fraction(0), *(Fraction(rest + each * place, beats) for place in range(1, count))]
    if pulses % count:
        raise InvalidArgumentError(
            f"bar {number} of the chords has {count} chords or dots, for which {meter} has no room: write at most "
            f"{beats}, one a beat, or {pulses}"
        )
    return [Fraction(place, count) for place in range(count)]


def _spans(outline: Outline, num_steps: int | None = None) -> list[tuple[str, int, int]]:
    """Returns the label of each section, its first whole bar and the bar after its last; the pickup's is none."""
    steps, total = outline.steps_per_bar, outline.num_steps or num_steps or 0
    silent = 1 if outline.pickup_steps else 0
    sections = outline.sections or (Section(outline.first_step),)
    firsts = [-(-section.start // steps) - silent for section in sections]
    ends = [*firsts[1:], max(-(-total // steps) - silent, firsts[0] + 1)]
    return [(section.label, first, end) for section, first, end in zip(sections, firsts, ends, strict=True)]
