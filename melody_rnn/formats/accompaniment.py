"""An accompaniment to a score's chord symbols, as a pianist or guitarist and a bass player make one up at sight.

Two parts are added to a score that is laid out as it is played. Chords are voiced below the melody in the inversions
that lie nearest to one another; what is played of them, and when, is a pattern of the meter. The bass alternates root
and fifth. Nobody plays in the pickup or where no chord is, and the last bar's chord is held.

Sources: voices move as little as they can, Tymoczko 2006, 'The geometry of musical chords', Science 313:72-74; the best
way through all candidates, Viterbi 1967. The patterns are what players of dance music call oom-pah and boom-chick.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from typing import Final, Literal, NamedTuple, get_args

from melody_rnn.errors import InvalidArgumentError, MelodyError, printable
from melody_rnn.events import DEFAULT_QPM, NOTES_PER_OCTAVE
from melody_rnn.formats.score import ACCOMPANIMENT, MeterChange, Note, Part, Score
from melody_rnn.music.chords import ChordTones, parse_chord
from melody_rnn.music.meters import COMMON_TIME, Meter

Style = Literal["auto", "jig", "reel", "waltz", "march", "ballad"]
Player = Literal["piano", "guitar"]
Voicing = tuple[int, ...]
"""The MIDI pitches of a chord, the lowest first."""

_PROGRAMS: Final = {"piano": 0, "guitar": 25}
_BASS_PROGRAM: Final = 32
_BASS: Final = range(33, 51)
_BASS_CENTRE: Final = 41
_LOWEST, _HIGHEST, _CENTRE = 50, 69, 59
# A melody that lies low is not to push the chords into the bass.
_LOWEST_CEILING: Final = 60
_STRINGS: Final = (50, 55, 59, 64)
_MAX_FRET: Final = 7
_SPAN: Final = 3
_OPEN_UP_TO: Final = 2
# Beats a minute below which a tune is no dance.
_SLOWEST_DANCE: Final = {"jig": 76.0, "reel": 100.0, "waltz": 84.0, "march": 60.0}
_SHOWN: Final = 40
_LOUD, _BEAT, _SOFT = 0.75, 0.68, 0.52
_ROOT, _FIFTH, _CHORD = "root", "fifth", "chord"


@dataclass(frozen=True)
class Accompaniment:
    """How a tune is accompanied.

    Attributes:
        style: The pattern; 'auto' takes that of the meter, or the ballad's where the tempo is slow.
        player: Who plays the chords.
    """

    style: Style = "auto"
    player: Player = "piano"

    def __post_init__(self) -> None:
        if self.style not in get_args(Style) or self.player not in get_args(Player):
            raise InvalidArgumentError(
                f"an accompaniment must be one of {', '.join(get_args(Style))}, by {' or '.join(get_args(Player))}, "
                f"got {self.style} by {self.player}"
            )


def parse_accompaniment(text: str) -> Accompaniment:
    """Reads an accompaniment: a style, who plays it, or both, as in 'waltz,guitar'.

    Raises:
        InvalidArgumentError: If a word is neither.
    """
    words = [word for word in re.split(r"[\s,]+", text.strip().lower()) if word]
    styles = [word for word in words if word in get_args(Style)]
    players = [word for word in words if word in get_args(Player)]
    if len(styles) > 1 or len(players) > 1 or len(styles) + len(players) != len(words) or not words:
        raise InvalidArgumentError(
            f"an accompaniment must be a style ({', '.join(get_args(Style))}), a player "
            f"({' or '.join(get_args(Player))}), or both with a comma between, got {printable(text, _SHOWN)!r}"
        )
    return Accompaniment(*styles, **({"player": players[0]} if players else {}))  # type: ignore[arg-type]


def accompany(score: Score, how: Accompaniment) -> Score:
    """Returns a score with an accompaniment of its chord symbols, in place of one that it has.

    Args:
        score: A score of plain bars, in the order in which they sound; the melody is its first part.
        how: How it is accompanied.

    Raises:
        MelodyError: If the score has no chord symbol that is known, or the style is none for its meter.
    """
    parts = tuple(part for part in score.parts if not part.is_accompaniment)
    bars = list(_bars(score))
    spans = _spans(score, bars)
    if not any(span.chord for span in spans):
        raise MelodyError("has no chord symbols that are known, so there is nothing to accompany it with")
    ceilings = _ceilings(spans, parts[0].notes if parts else ())
    voicings = _voicings(spans, ceilings, how.player)
    chords: list[Note] = []
    bass: list[Note] = []
    low = _BassLine()
    for bar, following in pairwise([*bars, None]):
        assert bar is not None
        style = _style(how.style, bar.meter, _qpm(score, bar.start))
        own = _held(bar, spans) if following is None else _hits(style, bar, spans)
        for number, hit in own:
            start, end = bar.start + hit.place, min(bar.start + hit.place + hit.length, spans[number].end)
            chord = spans[number].chord
            assert chord is not None
            if hit.what in (_ROOT, _FIFTH):
                bass.append(Note(start, end, low.pitch(chord, hit.what), strength=hit.strength))
            elif hit.what == _CHORD:
                chords += [Note(start, end, pitch, strength=hit.strength) for pitch in reversed(voicings[number])]
            else:
                pitches = voicings[number]
                pitch = pitches[min(int(hit.what), len(pitches) - 1)]
                chords.append(Note(start, end, pitch, strength=hit.strength))
    added = (
        Part(tuple(_one_at_a_time(chords)), f"{ACCOMPANIMENT}, {how.player}", _PROGRAMS[how.player]),
        Part(tuple(_one_at_a_time(bass)), f"{ACCOMPANIMENT}, bass", _BASS_PROGRAM),
    )
    return replace(score, parts=(*parts, *(part for part in added if part.notes)))


class _Bar(NamedTuple):
    """A bar as it is played; times are in quarter notes."""

    start: Fraction
    end: Fraction
    meter: Meter


class _Span(NamedTuple):
    """Where a chord sounds, up to the next symbol; None where none does."""

    start: Fraction
    end: Fraction
    chord: ChordTones | None


class Hit(NamedTuple):
    """What is struck in a bar.

    Attributes:
        place: Quarter notes from the bar's start.
        length: In quarter notes; it ends with its chord at the latest.
        what: 'root' or 'fifth' of the bass, the 'chord', or the number of one of its notes from the lowest.
        strength: As `Note.strength`.
    """

    place: Fraction
    length: Fraction
    what: str
    strength: float


def _bars(score: Score) -> Iterator[_Bar]:
    """Yields the bars from the first whole one on; what a new section's pickup cuts in two is one bar."""
    ends = [*(bar.start for bar in score.bars[1:]), score.end]
    meters = score.meters or (MeterChange(Fraction(0), COMMON_TIME),)
    starts = [change.start for change in meters]
    open_bar: _Bar | None = None
    for number, (bar, end) in enumerate(zip(score.bars, ends, strict=True)):
        meter = meters[max(bisect_right(starts, bar.start) - 1, 0)].meter
        if number == 0 and end - bar.start < meter.quarters and len(score.bars) > 1:
            continue
        if open_bar and open_bar.meter == meter and end - open_bar.start <= meter.quarters:
            open_bar = open_bar._replace(end=end)
            continue
        if open_bar:
            yield open_bar
        open_bar = _Bar(bar.start, end, meter)
    if open_bar:
        yield open_bar


def _spans(score: Score, bars: Sequence[_Bar]) -> list[_Span]:
    """Returns where chords sound; symbols stand on the grid of eighths, and unknown ones for none."""
    if not bars:
        return []
    found: dict[Fraction, ChordTones | None] = {}
    for symbol in sorted(score.chords, key=lambda symbol: symbol.start):
        start = max(Fraction(int(symbol.start * 2), 2), bars[0].start)
        try:
            found[start] = parse_chord(symbol.symbol)
        except MelodyError:
            found[start] = None
    starts = [*(start for start in found if start < score.end), score.end]
    return [_Span(start, end, found[start]) for start, end in pairwise(starts)]


def _qpm(score: Score, time: Fraction) -> float:
    tempos = [change.qpm for change in score.tempos if change.start <= time] or [
        change.qpm for change in score.tempos[:1]
    ]
    return tempos[-1] if tempos else DEFAULT_QPM


def _style(asked: Style, meter: Meter, qpm: float) -> str:
    """Returns the pattern of a bar.

    Raises:
        MelodyError: If the one that was asked for is none for its meter.
    """
    fitting = [name for name, meters in _METERS.items() if meter in meters]
    if asked not in ("auto", "ballad"):
        if asked not in fitting:
            meters = " or ".join(map(str, _METERS[asked]))
            raise MelodyError(f"a {asked} is in {meters}, and the tune in {meter}; leave the style out")
        return asked
    if asked == "ballad" or not fitting:
        return "ballad" if asked == "ballad" else "plain"
    own = fitting[0]
    return own if qpm / float(meter.tempo_beat if own == "jig" else 1) >= _SLOWEST_DANCE[own] else "ballad"


def patterns_of(meter: Meter) -> "tuple[tuple[Hit, ...], tuple[Hit, ...], float]":
    """Returns what is struck in a bar of a meter: usually, where it is slow, and from which quarter notes a minute on.

    It is what the style 'auto' plays.
    """
    (name, *_) = [*(name for name, meters in _METERS.items() if meter in meters), "plain"]
    beat = float(meter.tempo_beat if name == "jig" else 1)
    return _pattern(name, meter), _pattern("ballad", meter), _SLOWEST_DANCE.get(name, 0.0) * beat


_METERS: Final = {
    "jig": (Meter(6, 8), Meter(9, 8), Meter(12, 8)),
    "reel": (Meter(4, 4), Meter(2, 2)),
    "waltz": (Meter(3, 4), Meter(3, 8)),
    "march": (Meter(2, 4), Meter(4, 4), Meter(2, 2), Meter(6, 8)),
}
"""In which meters each style is; of a meter's several ones the first is usual."""


@lru_cache(maxsize=256)
def _pattern(style: str, meter: Meter) -> tuple[Hit, ...]:
    """Returns what is struck in a bar whose chord does not change."""
    half = Fraction(1, 2)
    unit = Fraction(4, meter.denominator)
    if style == "ballad":
        return tuple(_arpeggio(meter))
    if style == "jig" or (style == "march" and meter.is_compound):
        short = half if style == "march" else Fraction(1)
        return tuple(
            hit
            for beat in range(meter.numerator // 3)
            for hit in (
                Hit(beat * 3 * half, short, (_ROOT, _FIFTH)[beat % 2], _BEAT if beat else _LOUD),
                Hit(beat * 3 * half + 1, half, _CHORD, _SOFT),
            )
        )
    if style == "waltz":
        after = [Hit(beat * unit, unit * Fraction(3, 4), _CHORD, _SOFT) for beat in (1, 2)]
        return (Hit(Fraction(0), unit, _ROOT, _LOUD), *after)
    if style in ("reel", "march"):
        beat = half if meter == Meter(2, 4) else Fraction(1)
        length = beat if style == "reel" else beat / 2
        return (
            Hit(Fraction(0), length, _ROOT, _LOUD),
            Hit(beat, beat / 2, _CHORD, _SOFT),
            Hit(2 * beat, length, _FIFTH, _BEAT),
            Hit(3 * beat, beat / 2, _CHORD, _SOFT),
        )
    # Odd meters: a bass on the first beat, chords on the others, threes before twos where they are eighths.
    starts = _groups(meter)
    return tuple(
        Hit(start, end - start, _CHORD if start else _ROOT, _SOFT if start else _LOUD)
        for start, end in pairwise([*starts, meter.quarters])
    )


def _groups(meter: Meter) -> list[Fraction]:
    """Returns where the beats of a meter begin, in quarter notes: threes and then twos of eighths, 7/8 is 3+2+2."""
    unit = Fraction(4, meter.denominator)
    if meter.denominator < 8:
        return [place * unit for place in range(meter.numerator)]
    starts, place = [], 0
    while place < meter.numerator:
        starts.append(place * unit)
        left = meter.numerator - place
        place += 3 if left % 2 or (meter.is_compound and left >= 3) else min(2, left)
    return starts


def _arpeggio(meter: Meter) -> Iterator[Hit]:
    """Yields a bass note and the chord's notes, up and down in eighths, each of which rings on."""
    step = Fraction(1, 2) if meter.quarters >= 1 else meter.quarters / 2
    group = 3 if meter.is_compound else 4
    wave = ("0", "1", "2", "1") if group == 4 else ("0", "1", "2")
    yield Hit(Fraction(0), meter.quarters, _ROOT, _BEAT)
    num_steps = int(meter.quarters / step)
    for place in range(num_steps):
        if group == 3 and place % 6 == 3:
            what = "2"
        else:
            what = wave[place % group] if group == 4 or place % 6 < 3 else wave[2 - place % 3]
        if place:
            # It rings until the same note of the wave comes again.
            length, strength = (2 if group == 4 else 3) * step, _SOFT if place % group else _BEAT - 0.1
            yield Hit(place * step, length, what, strength)


def _hits(style: str, bar: _Bar, spans: Sequence[_Span]) -> Iterator[tuple[int, Hit]]:
    """Yields what is struck in a bar, with the number of its span; where a chord is new, its root is struck, too."""
    starts = [span.start for span in spans]
    pattern, long = _pattern(style, bar.meter), bar.meter.quarters
    whole = [
        hit._replace(place=hit.place + number * long)
        for number in range(-(-(bar.end - bar.start) // long))
        for hit in pattern
        if hit.place + number * long < bar.end - bar.start
    ]
    own = starts[bisect_right(starts, bar.start) : bisect_left(starts, bar.end)]
    news = {start - bar.start for start in own}
    places = sorted({*(hit.place for hit in whole), *news})
    for place in places:
        number = bisect_right(starts, bar.start + place) - 1
        if number < 0 or spans[number].chord is None:
            continue
        here = [hit for hit in whole if hit.place == place]
        if place in news:
            upper = [hit for hit in here if hit.what not in (_ROOT, _FIFTH)]
            following = next((later for later in places if later > place), bar.end - bar.start)
            here = [Hit(place, following - place, _ROOT, _BEAT), *upper]
        for hit in here:
            yield number, hit


def _held(bar: _Bar, spans: Sequence[_Span]) -> Iterator[tuple[int, Hit]]:
    """Yields what is struck in the last bar: each of its chords once, held."""
    for number, span in enumerate(spans):
        start, end = max(span.start, bar.start), min(span.end, bar.end)
        if span.chord is not None and start < end:
            for what, strength in ((_ROOT, _BEAT), (_CHORD, _SOFT)):
                yield number, Hit(start - bar.start, end - start, what, strength)


def _ceilings(spans: Sequence[_Span], melody: Sequence[Note]) -> list[int]:
    """Returns the highest pitch below the melody while each chord sounds, within what is comfortable."""
    ceilings, first = [], 0
    for span in spans:
        while first < len(melody) and melody[first].end <= span.start:
            first += 1
        own, place = _HIGHEST, first
        while place < len(melody) and melody[place].start < span.end:
            own = min(own, melody[place].pitch - 1)
            place += 1
        ceilings.append(max(own, _LOWEST_CEILING))
    return ceilings


def _voicings(spans: Sequence[_Span], ceilings: Sequence[int], player: Player) -> list[Voicing]:
    """Returns the voicing of each chord such that all of them together move least; none for no chord."""
    paths: list[tuple[Sequence[Voicing], list[int]]] = []
    costs: list[float] = []
    before: Sequence[Voicing] = ()
    for span, ceiling in zip(spans, ceilings, strict=True):
        if span.chord is None:
            paths.append(([()], [_least(costs)] if costs else [0]))
            costs = [min(costs, default=0.0)]
            before = ()
            continue
        candidates = _candidates(span.chord, player)
        own, parents = [], []
        for voicing in candidates:
            ways = [
                cost + (_movement(other, voicing) if before else 0.0)
                for cost, other in zip(costs or [0.0], before or [()], strict=True)
            ]
            best = _least(ways)
            parents.append(best)
            own.append(ways[best] + _strain(voicing, ceiling))
        paths.append((candidates, parents))
        costs, before = own, candidates
    place, chosen = _least(costs), list[Voicing]()
    for voicings, parents in reversed(paths):
        chosen.append(voicings[place])
        place = parents[place]
    return chosen[::-1]


def _least(costs: Sequence[float]) -> int:
    return min(range(len(costs)), key=costs.__getitem__)


@lru_cache(maxsize=65_536)
def _movement(one: Voicing, other: Voicing) -> float:
    """Returns by how many semitones all voices move."""
    if len(one) == len(other):
        return float(sum(abs(a - b) for a, b in zip(one, other, strict=True)))
    return (
        float(sum(min(abs(a - b) for a in one) for b in other) + sum(min(abs(a - b) for b in other) for a in one)) / 2
    )


def _strain(voicing: Voicing, ceiling: int) -> float:
    """Returns how uncomfortable a voicing lies: over the melody, in the bass, or far from the middle."""
    mean = sum(voicing) / len(voicing)
    return 2.0 * max(voicing[-1] - ceiling, 0) + 2.0 * max(_LOWEST - voicing[0], 0) + 0.3 * abs(mean - _CENTRE)


@lru_cache(maxsize=1024)
def _candidates(chord: ChordTones, player: Player) -> tuple[Voicing, ...]:
    """Returns the voicings of a chord that a player has, at least one."""
    shapes = _guitar_shapes(chord) if player == "guitar" else ()
    return tuple(shapes) or tuple(_inversions(_upper(chord)))


def _upper(chord: ChordTones) -> tuple[int, ...]:
    """Returns the pitch classes that are played above the bass: of large chords those that tell what they are."""
    tones = chord.tones
    if len(tones) > 4:
        return tones[1], tones[3], tones[-1]
    if len(tones) == 4 and chord.bass == chord.root:
        return tones[1:]
    return tones


def _inversions(classes: Sequence[int]) -> Iterator[Voicing]:
    """Yields the inversions of a chord in close position, wherever they lie within reach."""
    for number in range(len(classes)):
        turned = [*classes[number:], *classes[:number]]
        for lowest in range(_LOWEST - 2, _HIGHEST + 1):
            if (lowest - turned[0]) % NOTES_PER_OCTAVE:
                continue
            pitches = [lowest]
            for pitch_class in turned[1:]:
                pitches.append(pitches[-1] + 1 + (pitch_class - pitches[-1] - 1) % NOTES_PER_OCTAVE)
            if len(pitches) == 2:
                pitches.append(pitches[0] + NOTES_PER_OCTAVE)
            if pitches[-1] <= _HIGHEST + 3:
                yield tuple(pitches)


def _guitar_shapes(chord: ChordTones) -> list[Voicing]:
    """Returns what a hand can finger on the four upper strings, or all but the last, with what the chord needs."""
    needed, tones = set(_upper(chord)), set(chord.tones)
    shapes: dict[Voicing, None] = {}
    for position in range(_MAX_FRET + 1):
        frets = [*([0] if 0 < position <= _OPEN_UP_TO else []), *range(position, position + _SPAN + 1)]
        on_strings = [
            [string + fret for fret in frets if (string + fret) % NOTES_PER_OCTAVE in tones] for string in _STRINGS
        ]
        for pitches in (*product(*on_strings), *product(*on_strings[:-1])):
            if needed <= {pitch % NOTES_PER_OCTAVE for pitch in pitches} and list(pitches) == sorted(set(pitches)):
                shapes.setdefault(pitches)
    return list(shapes)


class _BassLine:
    """A bass that takes each root near where it was, and its fifth below where that is in reach."""

    def __init__(self) -> None:
        self._root = _BASS_CENTRE

    def pitch(self, chord: ChordTones, what: str) -> int:
        """Returns the next note."""
        if what == _ROOT or chord.bass != chord.root:
            roots = [pitch for pitch in _BASS if (pitch - chord.bass) % NOTES_PER_OCTAVE == 0]
            self._root = min(roots, key=lambda pitch: (abs(pitch - self._root) + abs(pitch - _BASS_CENTRE), pitch))
            return self._root
        above = next((up for up in (7, 6, 8) if (chord.root + up) % NOTES_PER_OCTAVE in chord.tones), NOTES_PER_OCTAVE)
        below = self._root + above - NOTES_PER_OCTAVE
        return below if below >= _BASS.start - 2 else self._root + above


def _one_at_a_time(notes: Sequence[Note]) -> Iterator[Note]:
    """Yields notes by their starts; one that is struck again ends where it is."""
    ordered = sorted(notes, key=lambda note: (note.start, -note.pitch))
    again: dict[int, Fraction] = {}
    ended = []
    for note in reversed(ordered):
        ended.append(note._replace(end=min(note.end, again.get(note.pitch, note.end))))
        again[note.pitch] = note.start
    yield from reversed(ended)
