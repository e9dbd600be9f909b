"""Chords for a melody: its beats, the chords that suit them best, and the symbols that say so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.events import NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.music.harmony import (
    DEGREES,
    NUM_CHORDS,
    PLACES,
    STRESSES,
    Beats,
    best_chords,
    chord_symbol,
    find_key,
    tonic_chord,
)
from melody_rnn.music.keys import Key
from melody_rnn.tunes.found_form import find_form
from melody_rnn.tunes.tune import Chord, Ending, Section, Tune, section_ends

_PHRASE_BARS = 4
_DOMINANT = DEGREES["V"]


def harmonize(tune: Tune, replaces: bool = False) -> Tune:
    """Returns a tune with chord symbols for its melody.

    Chords change on beats. Sections of the same notes have the same chords; where a tune has no sections, they are
    found by comparing bars (`melody_rnn.tunes.found_form`). A pickup has no chord. The last chord is the tonic's if the
    last note is of it.

    Args:
        tune: The tune, written or played. Where it has no key, one is found from the notes.
        replaces: Whether chord symbols that it has give way; else a tune that has any is returned as it is.

    Raises:
        MelodyError: If it has no note.
    """
    if tune.chords and not replaces:
        return tune
    if not tune.pitches:
        raise MelodyError("there is no note to find chords for")
    bare = replace(tune, chords=(), sections=tuple(map(_without_chords, tune.sections)))
    if bare.sections or bare.jump:
        return _harmonized(bare)
    found = find_form(bare)
    if found is bare:
        return _harmonized(bare)
    chords = _harmonized(found).played().chords
    # Symbols of repeats played belong to the steps of the tune only if these are the same.
    return _keyed(replace(bare, chords=chords)) if _is_played(found, bare) else _harmonized(bare)


def beats_of(tune: Tune) -> Beats:
    """Returns a tune's beats, from the start of its first bar."""
    length = beat_steps(tune)
    count = -(-len(tune.events) // length)
    notes, onsets = np.zeros((count, NOTES_PER_OCTAVE)), np.zeros((count, NOTES_PER_OCTAVE))
    for start, end, pitch in _spans(tune.events):
        for beat in range(start // length, -(-end // length)):
            steps = min(end, (beat + 1) * length) - max(start, beat * length)
            notes[beat, pitch % NOTES_PER_OCTAVE] += steps / tune.steps_per_quarter
        if start % length == 0:
            onsets[start // length, pitch % NOTES_PER_OCTAVE] = 1
    places, stresses = zip(*_where(tune, length, count), strict=True)
    return Beats(notes, onsets, np.array(places), np.array(stresses))


def beat_steps(tune: Tune) -> int:
    """Returns the steps of a beat: a quarter, or three of what compound meters count, or else a whole bar."""
    meter = tune.meter
    if meter.is_compound and meter.numerator > 3:
        quarters = Fraction(12, meter.denominator)
    else:
        quarters = Fraction(1) if meter.denominator <= 4 else meter.quarters
    steps = quarters * tune.steps_per_quarter
    whole = steps.denominator == 1 and tune.steps_per_bar % steps == 0
    return int(steps) if whole else tune.steps_per_bar


def _harmonized(tune: Tune) -> Tune:
    """Returns a written tune, or one without a form, with its key and chords."""
    beats, length = beats_of(tune), beat_steps(tune)
    key = tune.key or find_key(beats, tune.pitches[-1])
    found, _ = best_chords(beats, key, _allowed(tune.pitches[-1], key, len(beats.notes)))
    sections = tune.sections or (Section(0),)
    ends = section_ends(sections, len(tune))
    chords: list[Chord] = []
    known: dict[tuple[int, tuple[int, ...]], tuple[Chord, ...]] = {}
    harmonized = []
    for section, end in zip(sections, ends, strict=True):
        start = max(section.start, tune.first_step)
        music = (start % tune.steps_per_bar, tune.events[start:end])
        if music not in known:
            own = _symbols(found, length, _first_beat_step(tune, start), end, key)
            known[music] = tuple(chord._replace(step=chord.step - start) for chord in own)
        chords += (chord._replace(step=chord.step + start) for chord in known[music])
        endings = tuple(_with_chords(tune, ending, found, key) for ending in section.endings)
        harmonized.append(replace(section, endings=endings))
    return replace(tune, key=key, chords=tuple(chords), sections=tuple(harmonized) if tune.sections else ())


def _keyed(tune: Tune) -> Tune:
    return tune if tune.key else replace(tune, key=find_key(beats_of(tune), tune.pitches[-1]))


def _is_played(written: Tune, tune: Tune) -> bool:
    """Returns whether a written tune, played, has its notes where another one has them."""
    played = written.played().events
    return all((own >= 0 or other >= 0) <= (own == other) for own, other in zip(played, tune.events, strict=False))


def _without_chords(section: Section) -> Section:
    return replace(section, endings=tuple(replace(ending, chords=()) for ending in section.endings))


def _with_chords(tune: Tune, ending: Ending, found: NDArray[np.intp], key: Key) -> Ending:
    """Returns an ending with chords that go on from those before it."""
    length = beat_steps(tune)
    first = ending.start // length
    # Of a tune that was cut off, an ending may lie after its end.
    if not ending.events or ending.start % length or not 0 < first <= len(found):
        return ending
    # As the section would be with this ending in the place of its last one.
    whole = replace(tune, events=tune.events[: ending.start] + ending.events, sections=_up_to(tune, ending.start))
    beats = beats_of(whole).cut(first)
    own, _ = best_chords(beats, key, before=int(found[first - 1]))
    chords = _symbols(own, length, 0, len(ending.events), key)
    return replace(ending, chords=tuple(chords))


def _up_to(tune: Tune, step: int) -> tuple[Section, ...]:
    return tuple(section for section in tune.sections if section.start < step)


def _allowed(last_pitch: int, key: Key, count: int) -> NDArray[np.bool_]:
    """Returns which chords may come: at the end that on the tonic alone, if the last note is of it."""
    allowed, tonic = np.ones((count, NUM_CHORDS), bool), tonic_chord(key)
    third = 4 if tonic < NOTES_PER_OCTAVE else 3
    if (last_pitch - key.tonic) % NOTES_PER_OCTAVE in (0, third, 7):
        allowed[-1] = np.arange(NUM_CHORDS) == tonic
    return allowed


def _symbols(found: NDArray[np.intp], length: int, start: int, end: int, key: Key) -> list[Chord]:
    """Returns the symbols of a stretch: where it begins, and where the chord changes."""
    first, tonic = -(-start // length), tonic_chord(key)
    own = found[first : -(-end // length)].tolist()
    changes = [place for place, chord in enumerate(own) if not place or chord != own[place - 1]]
    chords = []
    for place, following in pairwise([*changes, None]):
        assert place is not None
        # The dominant has its seventh where it goes to the tonic.
        has_seventh = following is not None and (own[place], own[following]) == (_DOMINANT, tonic)
        chords.append(Chord((first + place) * length, chord_symbol(own[place], key, has_seventh)))
    return chords


def _first_beat_step(tune: Tune, start: int) -> int:
    """Returns where a section's chords begin: with its first whole bar."""
    return -(-start // tune.steps_per_bar) * tune.steps_per_bar


def _spans(events: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yields each note's first step, the step after its last one, and its pitch."""
    start = pitch = -1
    for step, event in enumerate([*events, -1]):
        if event == NO_EVENT:
            continue
        if pitch >= 0:
            yield start, step, pitch
        start, pitch = step, event


def _where(tune: Tune, length: int, count: int) -> Iterator[tuple[int, int]]:
    """Yields the place and the stress of each beat."""
    bar = tune.steps_per_bar
    beats_per_bar = bar // length
    sections = tune.sections or (Section(0),)
    bounds = [
        (-(-max(section.start, tune.first_step) // bar), -(-end // bar), end)
        for section, end in zip(sections, section_ends(sections, len(tune)), strict=True)
    ]
    number = 0
    for beat in range(count):
        while number + 1 < len(bounds) and beat * length >= bounds[number][2]:
            number += 1
        first, end, _ = bounds[number]
        place_in_bar = beat % beats_per_bar
        yield (
            _place(beat // beats_per_bar - first, end - first, place_in_bar * 2 >= max(beats_per_bar, 2)),
            _stress(beat // beats_per_bar - first, place_in_bar, beats_per_bar, tune.meter.quarters),
        )


def _place(bar: int, num_bars: int, is_late: bool) -> int:
    if bar < 0:
        name = "pickup"
    elif bar == num_bars - 1:
        name = "end of last bar" if is_late else "last bar"
    elif bar == num_bars - 2:
        name = "end of bar before last" if is_late else "bar before last"
    elif bar == 0:
        name = "first bar"
    elif bar % _PHRASE_BARS == _PHRASE_BARS - 1:
        name = "end of fourth bar" if is_late else "fourth bar"
    elif bar % _PHRASE_BARS == 0:
        name = "fifth bar"
    elif bar % _PHRASE_BARS == _PHRASE_BARS - 2:
        name = "end of third bar" if is_late else "third bar"
    else:
        name = "other bar"
    return PLACES.index(name)


def _stress(bar: int, beat: int, beats_per_bar: int, quarters: Fraction) -> int:
    # A bar of two beats has a middle if these are more than quarters, as in 6/8 and 2/2.
    has_middle = beats_per_bar % 2 == 0 and quarters > 2
    if bar < 0:
        name = "pickup"
    elif beat == 0:
        name = "even bar" if bar % 2 else "odd bar"
    else:
        name = "middle of bar" if has_middle and beat == beats_per_bar // 2 else "other beat"
    return STRESSES.index(name)
