"""How the melodies of a run begin: their first events, and what guides them from there."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.events import NO_EVENT, event_index, index_event
from melody_rnn.generation.loop import Start
from melody_rnn.generation.request import Request
from melody_rnn.music.transposition import transpose
from melody_rnn.sampling.automaton import Automaton, Guide, Situation
from melody_rnn.sampling.schedule import Steps
from melody_rnn.tunes.line import rest_at_end


class Beginning(NamedTuple):
    """What the loop needs to know.

    Attributes:
        start: What the melodies start from, as the model plays it.
        guide: The constraints, or None without any.
    """

    start: Start
    guide: Guide | None


def begin(request: Request, shares: Mapping[int, float], num_melodies: int, seed: int) -> Beginning:
    """Begins melodies with the request's primer, or with an event that is drawn here.

    Args:
        request: What is asked for.
        shares: How probable each pitch is to open a melody, as the model plays it.
        num_melodies: How many; melody k's opening is the same however many there are.
        seed: Of the run.

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    if request.primer is not None:
        return _continue_primer(request, num_melodies)
    allowed, automaton = _openings(request, shares)
    return _opened(request, _draw(allowed, num_melodies, seed), automaton)


def begin_with_every_opening(request: Request, shares: Mapping[int, float]) -> tuple[Beginning, NDArray[np.float64]]:
    """Begins one melody with the request's primer, or without one a melody with each event that can open one.

    Args:
        request: What is asked for.
        shares: As `begin` takes them.

    Returns:
        The beginnings, and the logarithm of each one's probability, [num_beginnings].

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    if request.primer is not None:
        return _continue_primer(request, 1), np.zeros(1)
    allowed, automaton = _openings(request, shares)
    events = np.array(sorted(event for event, share in allowed.items() if share > 0), np.int32)
    probabilities = np.array([allowed[int(event)] for event in events]) / sum(allowed.values())
    return _opened(request, events[:, np.newaxis], automaton), np.log(probabilities)


def _continue_primer(request: Request, num_melodies: int) -> Beginning:
    """Begins melodies with the primer, moved into the model's range and key."""
    primer, steps = request.primer, request.steps
    assert primer is not None
    encoding = request.config.encoding
    played = transpose(primer.events, request.transposition, encoding.min_note, encoding.max_note)
    events = np.tile(played, (num_melodies, 1))
    if request.constraints is None:
        return Beginning(Start(events, primer.ends_note, steps.per_bar), None)
    # What is to be kept at the first step is kept though it may hold the primer's last note.
    ends_note = primer.ends_note and steps.first not in (request.constraints.keep or {})
    situation = Situation(
        _sounding_pitches(request), steps, primer.pitches[-1], rest_at_end(primer.events), must_act=ends_note
    )
    guide = Automaton(request.constraints, situation).guide(num_melodies)
    return Beginning(Start(events, ends_note, steps.per_bar), guide)


def _openings(request: Request, shares: Mapping[int, float]) -> tuple[Mapping[int, float], Automaton | None]:
    """Returns the shares of the events that can open a melody, and the constraints."""
    if request.constraints is None:
        return shares, None
    # The opening event is constrained, too.
    steps = Steps(request.silent_steps, request.steps.num_steps + 1, request.steps.per_bar)
    automaton = Automaton(request.constraints, Situation(_sounding_pitches(request), steps))
    return _allowed(shares, automaton.opening_mask(), request.config.encoding.min_note), automaton


def _opened(request: Request, openings: NDArray[np.int32], automaton: Automaton | None) -> Beginning:
    """Begins a melody with each of `openings` [num_melodies, 1], after the silence before a pickup."""
    guide = None
    if automaton:
        guide = automaton.guide_after(event_index(openings[:, 0], request.config.encoding.min_note))
    silence = np.full((len(openings), request.silent_steps), NO_EVENT, np.int32)
    events = np.concatenate([silence, openings], axis=1)
    return Beginning(Start(events, steps_per_bar=request.steps.per_bar), guide)


def _sounding_pitches(request: Request) -> NDArray[np.int32]:
    """Returns how the model's pitches sound, [num_pitches] int32."""
    encoding = request.config.encoding
    return transpose(np.arange(encoding.min_note, encoding.max_note), -request.transposition)


def _draw(shares: Mapping[int, float], num_melodies: int, seed: int) -> NDArray[np.int32]:
    """Returns one opening event a melody, [num_melodies, 1] int32, in proportion to `shares`."""
    events = np.array(sorted(shares), np.int32)
    bounds = np.cumsum([shares[int(event)] for event in events])
    # One stream for all: its number k is the same however many are taken.
    drawn = np.random.Generator(np.random.Philox(key=seed)).random(num_melodies) * bounds[-1]
    openings: NDArray[np.int32] = events[np.searchsorted(bounds, drawn, side="right")]
    return openings[:, np.newaxis]


def _allowed(shares: Mapping[int, float], is_allowed: NDArray[np.bool_], min_note: int) -> Mapping[int, float]:
    """Returns the shares of the openings that constraints leave, `is_allowed` [num_events] by event index.

    Where they leave none of the model's own, every pitch that they allow is as probable; where they allow none, the
    melody opens with a rest.
    """
    events = [index_event(int(index), min_note) for index in np.flatnonzero(is_allowed)]
    pitches = [event for event in events if event >= 0]
    own = {pitch: shares[pitch] for pitch in pitches if shares.get(pitch, 0) > 0}
    return own or dict.fromkeys(pitches, 1.0) or {events[0]: 1.0}
