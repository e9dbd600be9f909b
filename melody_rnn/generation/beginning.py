"""How the melodies of a run begin: their first events, and what guides them from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.events import DEFAULT_STEPS_PER_BAR, NO_EVENT, NOTES_PER_OCTAVE, event_index, index_event
from melody_rnn.generation.request import Request
from melody_rnn.generation.rules import ACT, FREE, ONSET, PITCH_CLASS, RING, Fixed
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import meter_of_bar
from melody_rnn.music.transposition import transpose
from melody_rnn.sampling.automaton import Automaton, Close, Guide, Situation
from melody_rnn.sampling.schedule import Steps
from melody_rnn.tunes.chord_weights import chord_weights, key_of
from melody_rnn.tunes.cues import cues_of_all
from melody_rnn.tunes.line import rest_at_end
from melody_rnn.tunes.outline import Outline


@dataclass(frozen=True)
class Start:
    """What the melodies of a run start from.

    Attributes:
        events: [num_melodies, primer_steps] int32, at least one step.
        numbers: [num_melodies] int64, the melodies' numbers in the run, which their noise depends on.
        steps_per_bar: [num_melodies] int32, steps in a bar of each.
        cues: [num_melodies, all_steps, num_cues] int32, what the outlines say of every step, given and new.
        ends_note: Whether the first new event must be a note on or a note off.
        fixed: What is fixed of the new steps, or None.
    """

    events: NDArray[np.int32]
    numbers: NDArray[np.int64]
    steps_per_bar: NDArray[np.int32]
    cues: NDArray[np.int32]
    ends_note: bool = False
    fixed: Fixed | None = None

    @classmethod
    def of_streams(
        cls,
        events: NDArray[np.int32],
        new_steps: int,
        config: EncodingConfig,
        ends_note: bool = False,
        steps_per_bar: int = DEFAULT_STEPS_PER_BAR,
    ) -> "Start":
        """Starts melodies of which nothing but the bars is known.

        Args:
            events: [num_melodies, primer_steps] int32.
            new_steps: How many steps will be sampled, at most.
            config: The encoding's.
            ends_note: As in `Start`.
            steps_per_bar: Of all of them.
        """
        num_melodies, num_given = events.shape
        outlines = [Outline(meter_of_bar(steps_per_bar))] * num_melodies
        cues = cues_of_all(outlines, num_given + new_steps, config)
        bars = np.full(num_melodies, steps_per_bar, np.int32)
        return cls(events, np.arange(num_melodies), bars, cues, ends_note)


class Beginning(NamedTuple):
    """What the loop needs to know.

    Attributes:
        start: What the melodies start from, as the model plays it.
        guide: The constraints, or None without any.
    """

    start: Start
    guide: Guide | None


def begin(request: Request, shares: Mapping[int, float], seed: int, closes: bool = False) -> Beginning:
    """Begins melodies with the request's primer, or with an event that is drawn here.

    Args:
        request: What is asked for.
        shares: How probable each pitch is to open a melody, as the model plays it.
        seed: Of the run; melody k's opening depends on it and on k.
        closes: Whether a last note that constraints ask for ends the tune: on a strong beat, and for a beat at least.

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    if request.primer is not None:
        return _continue_primer(request, closes)
    if request.constraints is not None:
        allowed, automaton = _openings(request, shares, closes)
        return _opened(request, _draw([allowed] * len(request.numbers), request, seed), automaton)
    return Beginning(start_from(request, _draw(opening_shares(request, shares), request, seed)), None)


def opening_shares(request: Request, shares: Mapping[int, float]) -> list[Mapping[int, float]]:
    """Returns how probable each event is to open each melody without a primer, as the model plays it.

    Args:
        request: What is asked for.
        shares: As `begin` takes them.

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    if request.constraints is not None:
        return [_openings(request, shares)[0]] * len(request.numbers)
    weights = weights_of(request)
    return [
        _opening_shares(outline, shares if weights is None else _weighed(shares, weights[place, 0]))
        for place, outline in enumerate(request.outlines)
    ]


def begin_with_every_opening(request: Request, shares: Mapping[int, float]) -> tuple[Beginning, NDArray[np.float64]]:
    """Begins one melody with the request's primer, or without one a melody with each event that can open one.

    Args:
        request: What is asked for, of one melody.
        shares: As `begin` takes them.

    Returns:
        The beginnings, and the logarithm of each one's probability, [num_beginnings].

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    if request.primer is not None:
        return _continue_primer(request), np.zeros(1)
    automaton = None
    if request.constraints is not None:
        allowed, automaton = _openings(request, shares)
    else:
        (allowed, *_) = opening_shares(request, shares)
    events = np.array(sorted(event for event, share in allowed.items() if share > 0), np.int32)
    probabilities = np.array([allowed[int(event)] for event in events]) / sum(allowed.values())
    every = request.of_one(len(events))
    if automaton is None:
        return Beginning(start_from(every, events[:, np.newaxis]), None), np.log(probabilities)
    return _opened(every, events[:, np.newaxis], automaton), np.log(probabilities)


def _continue_primer(request: Request, closes: bool = False) -> Beginning:
    """Begins melodies with the primer, moved into the model's range and key."""
    primer, steps = request.primer, request.steps()
    assert primer is not None
    config = request.config.encoding
    played = transpose(primer.events, request.outlines[0].transposition, config.min_note, config.max_note)
    events = np.tile(played, (len(request.outlines), 1))
    if request.constraints is None:
        return Beginning(start_from(request, events, primer.ends_note), None)
    # What is to be kept at the first step is kept though it may hold the primer's last note.
    ends_note = primer.ends_note and steps.first not in (request.constraints.keep or {})
    situation = Situation(
        sounding_pitches(request),
        steps,
        primer.pitches[-1],
        rest_at_end(primer.events),
        must_act=ends_note,
        close=_close(request) if closes else None,
    )
    guide = Automaton(request.constraints, situation).guide(len(request.outlines))
    return Beginning(start_from(request, events, ends_note), guide)


def start_from(request: Request, events: NDArray[np.int32], ends_note: bool = False) -> Start:
    """Starts melodies from their first events [num_melodies, num_given] int32, as the model plays them."""
    outlines = request.outlines
    return Start(
        events,
        np.array(request.numbers),
        np.array([outline.steps_per_bar for outline in outlines], np.int32),
        cues_of_all(outlines, max(request.lengths), request.config.encoding),
        ends_note,
        fixed_of(request),
    )


def fixed_of(request: Request) -> Fixed | None:
    """Returns what outlines fix of the new steps: silence, where sections begin, what they end on, which come again."""
    config, num_new = request.config.encoding, request.num_new_steps
    events = np.full((len(request.outlines), num_new), FREE, np.int32)
    repeats = np.zeros_like(events)
    pitches = np.tile(np.array([config.min_note, config.max_note - 1], np.int32), (len(events), 1))
    for row, (outline, length) in enumerate(zip(request.outlines, request.lengths, strict=True)):
        first = outline.first_step - request.num_given
        if first >= 0:
            events[row, :first] = NO_EVENT
            events[row, first] = ONSET
        starts = [section.start - request.num_given for section in outline.sections]
        events[row, [start for start in starts if 0 <= start < num_new and start != first]] = ACT
        if request.constraints is None:
            for first_step, end, pitch in outline.last_notes():
                played = (pitch + outline.transposition) % NOTES_PER_OCTAVE
                _ring(events[row], first_step - request.num_given, end - request.num_given, played)
        for start, end, distance in outline.repeated_stretches(length):
            repeats[row, max(start - request.num_given, 0) : max(end - request.num_given, 0)] = distance
        if outline.is_limited and outline.pitches is not None:
            pitches[row] = [pitch + outline.transposition for pitch in outline.pitches]
    is_limited = any(outline.is_limited for outline in request.outlines)
    weights = weights_of(request)
    is_any = is_limited or bool((events != FREE).any()) or bool(repeats.any()) or weights is not None
    own = None if weights is None else weights[:, request.num_given : request.num_given + num_new]
    return Fixed(events, repeats, pitches, own) if is_any else None


def weights_of(request: Request) -> NDArray[np.float32] | None:
    """Returns what the chords of outlines weigh notes of each pitch class, as the model plays, nats; None for nothing.

    Returns:
        [num_melodies, num_steps, 12] float32, of all steps.
    """
    if not request.chord_strength or not any(outline.chords for outline in request.outlines):
        return None
    num_steps, strength = max(request.lengths), request.chord_strength
    rows: dict[Outline, NDArray[np.float32]] = {}
    for outline in request.outlines:
        if outline not in rows:
            key = outline.key or key_of(outline.chords, num_steps) or Key(0)
            per_quarter = outline.steps_per_quarter
            own = chord_weights(outline.chords, outline.meter, key, num_steps, strength, per_quarter)
            rows[outline] = np.roll(own, outline.transposition, axis=1)
    return np.stack([rows[outline] for outline in request.outlines])


def _ring(events: NDArray[np.int32], first: int, end: int, pitch_class: int) -> None:
    """Fixes a section's last note in `events` [new_steps], from its first step to the section's end, if all is new."""
    if 0 < first < min(end, len(events)):
        events[first] = PITCH_CLASS - pitch_class
        events[first + 1 : end] = RING


def _opening_shares(outline: Outline, shares: Mapping[int, float]) -> Mapping[int, float]:
    """Returns how probable each event is to open a melody: silence before a pickup, else what its outline says."""
    if outline.pickup_steps:
        return {NO_EVENT: 1.0}
    if outline.opening is not None:
        return {outline.opening + outline.transposition: 1.0}
    if outline.pitches is None:
        return shares
    low, high = (pitch + outline.transposition for pitch in outline.pitches)
    own = {pitch: share for pitch, share in shares.items() if low <= pitch <= high and share > 0}
    return own or shares


def _weighed(shares: Mapping[int, float], weights: NDArray[np.float32]) -> Mapping[int, float]:
    """Returns the shares of pitches after weights [12] float32, nats."""
    factors = np.exp(weights.astype(np.float64) - weights.max()).tolist()
    return {pitch: share * factors[pitch % NOTES_PER_OCTAVE] for pitch, share in shares.items()}


def _openings(
    request: Request, shares: Mapping[int, float], closes: bool = False
) -> tuple[Mapping[int, float], Automaton]:
    """Returns the shares of the events that can open a melody, and the constraints."""
    assert request.constraints is not None
    # The opening event is constrained, too.
    own, silence = request.steps(), request.outlines[0].first_step
    steps = Steps(silence, own.num_steps + 1, own.per_bar)
    close = _close(request) if closes else None
    automaton = Automaton(request.constraints, Situation(sounding_pitches(request), steps, close=close))
    weights = weights_of(request)
    if weights is not None and not silence:
        shares = _weighed(shares, weights[0, 0])
    return _allowed(shares, automaton.opening_mask(), request.config.encoding.min_note), automaton


def _close(request: Request) -> Close | None:
    """Returns how a last note ends melodies: from a strong beat of the last bar on, for a beat at least.

    Where the last bar has none that leaves a beat, it is the bar before.
    """
    outline, length = request.outlines[0], request.lengths[0]
    beat = int(outline.meter.tempo_beat * outline.steps_per_quarter)
    bar, strong = outline.steps_per_bar, outline.meter.strong_steps(outline.steps_per_quarter)
    for first in range((length - 1) // bar * bar, -1, -bar):
        onsets = tuple(first + place for place in strong if first + place + beat <= length)
        if onsets:
            return Close(onsets, beat)
    return None


def _opened(request: Request, openings: NDArray[np.int32], automaton: Automaton) -> Beginning:
    """Begins a melody with each of `openings` [num_melodies, 1], after the silence before a pickup."""
    guide = automaton.guide_after(event_index(openings[:, 0], request.config.encoding.min_note))
    silence = np.full((len(openings), request.outlines[0].first_step), NO_EVENT, np.int32)
    return Beginning(start_from(request, np.concatenate([silence, openings], axis=1)), guide)


def sounding_pitches(request: Request) -> NDArray[np.int32]:
    """Returns how the model's pitches sound, [num_pitches] int32."""
    encoding = request.config.encoding
    return transpose(np.arange(encoding.min_note, encoding.max_note), -request.outlines[0].transposition)


def _draw(shares: Sequence[Mapping[int, float]], request: Request, seed: int) -> NDArray[np.int32]:
    """Returns one opening event a melody, [num_melodies, 1] int32, in proportion to its own `shares`."""
    # One stream for all: its number k is the same however many are taken.
    numbers = np.random.Generator(np.random.Philox(key=seed)).random(max(request.numbers) + 1)[list(request.numbers)]
    openings = []
    for own, number in zip(shares, numbers.tolist(), strict=True):
        events = sorted(own)
        bounds = np.cumsum([own[event] for event in events])
        openings.append(events[int(np.searchsorted(bounds, number * bounds[-1], side="right"))])
    return np.array(openings, np.int32)[:, np.newaxis]


def _allowed(shares: Mapping[int, float], is_allowed: NDArray[np.bool_], min_note: int) -> Mapping[int, float]:
    """Returns the shares of the openings that constraints leave, `is_allowed` [num_events] by event index.

    Where they leave none of the model's own, every pitch that they allow is as probable; where they allow none, the
    melody opens with a rest.
    """
    events = [index_event(int(index), min_note) for index in np.flatnonzero(is_allowed)]
    pitches = [event for event in events if event >= 0]
    own = {pitch: shares[pitch] for pitch in pitches if shares.get(pitch, 0) > 0}
    return own or dict.fromkeys(pitches, 1.0) or {events[0]: 1.0}
