"""Scores of one line with all that notation has, drawn at random, as a careful writer would set them."""

import random
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, MeterChange, Note, Part, Score, TempoChange
from melody_rnn.music.keys import MODES, Key
from melody_rnn.music.meters import Meter

METERS = tuple(
    Meter(beats, beat)
    for beat, counts in {2: (2, 3), 4: (2, 3, 4, 6), 8: (3, 5, 6, 7, 9, 12)}.items()
    for beats in counts
)
SYMBOLS = ("G", "Am7", "D/F#", "Bbmaj7", "F#m7b5", "C", "E7", "Gsus4", "Bdim", "Ab6", "C7b9", "Em/B")
TITLES = ("", "The Kesh", "Märsch aus Würzburg", "O'Neill's \"Best\" 100%", "Ἰλιάς", "さくら", "a & b < c", "K:G | x")
LENGTHS = tuple(Fraction(n, 8) for n in (1, 2, 2, 3, 4, 4, 4, 4, 4, 6, 6, 8, 8, 8, 12, 16, 20, 24, 32))
TRIPLETS = (Fraction(1, 2), Fraction(1), Fraction(1), Fraction(2))
"""How long three notes of a triplet are together."""


@dataclass
class _Draft:
    """A score as far as it is drawn."""

    rng: random.Random
    meter: Meter
    now: Fraction = Fraction(0)
    bars: list[Bar] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def random_score(rng: random.Random, has_repeats: bool = True) -> Score:
    """Returns a score: pickups, repeats, endings, short bars, ties, triplets, any key and mode, chords, signs."""
    draft = _Draft(rng, rng.choice(METERS))
    meters = [MeterChange(Fraction(0), draft.meter)]
    bar = draft.meter.quarters
    pickup = rng.choice([Fraction(0), Fraction(0), Fraction(rng.randint(1, int(2 * bar) - 1), 2)])
    num_sections = rng.choice([1, 1, 2, 2, 3])
    for number in range(num_sections):
        if number and not pickup and rng.random() < 0.15:
            draft.meter = rng.choice(METERS)
            if draft.meter != meters[-1].meter:
                meters.append(MeterChange(draft.now, draft.meter))
        _section(draft, pickup, has_repeats, number)
    signed = _with_marks(rng, draft.bars) if has_repeats else draft.bars
    bars = tuple(_with_doubles(signed))
    return Score(
        parts=(Part(tuple(draft.notes), rng.choice(["", "Flute"]), rng.choice([0, 0, 40, 73])),),
        bars=bars,
        end=draft.now,
        meters=tuple(meters),
        keys=_keys(rng, bars),
        tempos=_tempos(rng, bars),
        chords=_chords(rng, draft),
        title=rng.choice(TITLES),
        composer=rng.choice(["", "Trad.", "Ævar Þór"]),
    )


def _section(draft: _Draft, pickup: Fraction, has_repeats: bool, number: int) -> None:
    """Adds a section: its pickup, whole bars, perhaps endings; its last bar is short by the pickup."""
    rng, bar = draft.rng, draft.meter.quarters
    times = rng.choice([1, 2, 2, 2, 3]) if has_repeats else 1
    first = len(draft.bars)
    label = rng.choice(["", "", "", "A", "Part two"]) if has_repeats else ""
    lengths = [pickup] * bool(pickup) + [bar] * rng.choice([1, 3, 3, 7]) + [bar - pickup]
    start = draft.now
    draft.bars += [Bar(start + sum(lengths[:k], Fraction(0))) for k in range(len(lengths))]
    opens = times > 1 and (number > 0 or rng.random() < 0.8)
    draft.bars[first] = draft.bars[first]._replace(opens_repeat=opens, label=label)
    total = sum(lengths, Fraction(0))
    if times > 1 and len(lengths) > 2 and rng.random() < 0.5:
        cut = start + total - lengths[-1] - rng.choice([0, 0, 1]) * bar * (len(lengths) > 3)
        cut_at = next(k for k in range(first, len(draft.bars)) if draft.bars[k].start >= cut)
        cut = draft.bars[cut_at].start
        _fill(draft, cut)
        passes = [(1,), (2,)] if times == 2 else rng.choice([[(1,), (2,), (3,)], [(1, 2), (3,)], [(1,), (2, 3)]])
        ending = start + total - cut
        bars_in = draft.bars[cut_at:]
        draft.bars = draft.bars[:cut_at]
        for place, numbers in enumerate(passes):
            shift = ending * place
            own = [Bar(b.start + shift) for b in bars_in]
            own[0] = own[0]._replace(endings=tuple(numbers))
            if place < len(passes) - 1:
                own[-1] = own[-1]._replace(times=2)
            draft.bars += own
            _fill(draft, cut + shift + ending)
    else:
        draft.bars[-1] = draft.bars[-1]._replace(times=times)
        _fill(draft, start + total)
    draft.bars[-1] = draft.bars[-1]._replace(is_double=True)


def _fill(draft: _Draft, end: Fraction) -> None:
    """Adds notes and rests, at least a note, up to a time."""
    rng, bar = draft.rng, draft.bars[0]
    while draft.now < end:
        bar = max((b for b in draft.bars if b.start <= draft.now), key=lambda b: b.start)
        later = [b.start for b in draft.bars if b.start > draft.now]
        bar_end = min([*later, end])
        if rng.random() < 0.12 and _triplet(draft, bar.start, bar_end):
            continue
        length = min(rng.choice(LENGTHS), end - draft.now)
        is_rest = rng.random() < 0.12 and draft.notes
        if not is_rest:
            _note(draft, length)
        draft.now += length


def _triplet(draft: _Draft, bar_start: Fraction, bar_end: Fraction) -> bool:
    """Adds a triplet on a beat of its own, of three equal notes or of a long and a short one, if there is room."""
    rng, size = draft.rng, draft.rng.choice(TRIPLETS)
    is_placed = (draft.now - bar_start) % size == 0 and draft.now + size <= bar_end
    if not is_placed or (bar_end - bar_start) % size or draft.meter.denominator == 8:
        return False
    for thirds in rng.choice([(1, 1, 1), (1, 1, 1), (2, 1), (1, 2)]):
        if rng.random() < 0.9:
            _note(draft, size * thirds / 3)
        draft.now += size * thirds / 3
    return True


def _note(draft: _Draft, length: Fraction) -> None:
    draft.notes.append(Note(draft.now, draft.now + length, draft.rng.randint(52, 86)))


def _with_marks(rng: random.Random, bars: list[Bar]) -> list[Bar]:
    """Returns bars with the signs of a da capo or dal segno, sometimes."""
    chosen = list(bars)

    def mark(number, name):
        chosen[number] = chosen[number]._replace(marks=chosen[number].marks | {name})

    if rng.random() < 0.2:
        is_whole = rng.random() < 0.5
        mark(-1, "da_capo" if is_whole else "dal_segno")
        if not is_whole:
            mark(rng.randrange(len(bars)), "segno")
        if rng.random() < 0.7:
            mark(rng.randrange(len(bars)), rng.choice(["fine", "to_coda"]))
        if rng.random() < 0.3:
            mark(rng.randrange(len(bars)), "coda")
    return chosen


def _with_doubles(bars: list[Bar]) -> list[Bar]:
    """Returns bars with double bar lines wherever a sign stands at the end of a bar."""
    return [
        bar._replace(is_double=bar.is_double or bar.times > 1 or after is None or after.opens_repeat)
        for bar, after in pairwise([*bars, None])
    ]


def _keys(rng: random.Random, bars: tuple[Bar, ...]) -> tuple[KeyChange, ...]:
    keys = [KeyChange(Fraction(0), Key(rng.randint(-7, 7), rng.choice(list(MODES))))]
    for bar in bars[1:]:
        key = Key(rng.randint(-7, 7), rng.choice(list(MODES)))
        if rng.random() < 0.03 and key != keys[-1].key:
            keys.append(KeyChange(bar.start, key))
    return tuple(keys) if rng.random() < 0.9 else ()


def _tempos(rng: random.Random, bars: tuple[Bar, ...]) -> tuple[TempoChange, ...]:
    if rng.random() < 0.3:
        return ()
    tempos = [TempoChange(Fraction(0), rng.choice([60.0, 120.0, 97.5, 112.5, 180.0, 133.37]))]
    if rng.random() < 0.1 and len(bars) > 2:
        tempos.append(TempoChange(bars[2].start, 71.0))
    return tuple(tempos)


def _chords(rng: random.Random, draft: _Draft) -> tuple[ChordSymbol, ...]:
    """Returns chord symbols: where bars begin, where notes do, and in the middle of bars."""
    if rng.random() < 0.6:
        return ()
    places = {bar.start for bar in draft.bars if rng.random() < 0.6}
    places |= {note.start for note in draft.notes if rng.random() < 0.1}
    places |= {bar.start + 1 for bar in draft.bars if rng.random() < 0.1 and bar.start + 1 < draft.now}
    return tuple(ChordSymbol(start, rng.choice(SYMBOLS)) for start in sorted(places))
