"""Tunes with all that a tune can have, drawn at random."""

import random

from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.music.keys import MODES, Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord, Ending, Section, Tune, letter

METERS = (Meter(4, 4), Meter(6, 8), Meter(3, 4), Meter(2, 4), Meter(9, 8), Meter(5, 8), Meter(3, 2), Meter(12, 8))
SYMBOLS = ("G", "Am7", "D/F#", "Bbmaj7", "F#m7b5", "C", "E7")


def random_tune(rng: random.Random, has_repeats: bool = True) -> Tune:
    """Returns a tune: pickups, repeats, endings, rests, held notes, any key, sometimes chord symbols."""
    meter = rng.choice(METERS)
    bar = meter.steps_per_bar(4)
    pickup = rng.choice([0, 0, rng.randint(1, bar // 2)])
    events = [NO_EVENT] * (bar - pickup if pickup else 0)
    sections: list[Section] = []
    for number in range(rng.choice([1, 1, 2, 2, 3])):
        start = len(events)
        events += _music(rng, bar * rng.choice([2, 4]), starts_with_note=not number)
        times = rng.choice([1, 2, 2, 3]) if has_repeats else 1
        sections.append(Section(start, letter(number), times, _endings(rng, events, start, bar, times)))
    events = _without_silence_at_end(_clean(events))
    if pickup and len(events) <= 2 * bar:
        # A pickup and a last bar that makes it whole are read as one bar.
        events += [*[NO_EVENT] * (2 * bar - len(events)), 60]
    sections = [section for section in sections if section.start < len(events)]
    if len(sections) == 1 and sections[0].times == 1:
        sections = []
    chords = [Chord(step, rng.choice(SYMBOLS)) for step in range(bar, len(events), bar) if rng.random() < 0.5]
    return Tune(
        tuple(events),
        meter,
        pickup,
        Key(rng.randint(-6, 6), rng.choice(list(MODES))),
        rng.choice([None, 90.0, 120.0]),
        tuple(sections),
        chords=tuple(chords) if rng.random() < 0.3 else (),
        title=rng.choice(["", "The Kesh", "Ma\u0308rsch"]),
        program=rng.choice([0, 40, 73]),
        ends_note=True,
    )


def _music(rng: random.Random, num_steps: int, starts_with_note: bool) -> list[int]:
    events: list[int] = []
    while len(events) < num_steps:
        length = min(rng.choice([1, 2, 2, 2, 4, 4, 6, 8]), num_steps - len(events))
        is_rest = rng.random() < 0.12 and (events or not starts_with_note)
        events += [rng.choice([NOTE_OFF, NO_EVENT]) if is_rest else rng.randint(55, 84), *[NO_EVENT] * (length - 1)]
    return events


def _endings(rng: random.Random, events: list[int], start: int, bar: int, times: int) -> tuple[Ending, ...]:
    """Returns a first ending from the start of a bar on, sometimes; both endings begin with a note."""
    cut = (len(events) - 1) // bar * bar
    if times == 1 or cut <= start or rng.random() < 0.5:
        return ()
    events[cut] = max(events[cut], 64)
    music = _clean(_music(rng, len(events) - cut, starts_with_note=True))
    return (Ending((1,), cut, tuple(music)),)


def _clean(events: list[int]) -> list[int]:
    """Returns events without note offs where nothing sounds."""
    cleaned, sounds = [], False
    for event in events:
        cleaned.append(NO_EVENT if event == NOTE_OFF and not sounds else event)
        sounds = event >= 0 or (sounds and event == NO_EVENT)
    return cleaned


def _without_silence_at_end(events: list[int]) -> list[int]:
    last = max(step for step, event in enumerate(events) if event != NO_EVENT)
    return events[:last] if events[last] == NOTE_OFF else events
