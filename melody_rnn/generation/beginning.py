"""How the melodies of a run begin: their first events, where the model plays them, and what guides them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, TypeGuard

import numpy as np
from note_seq import Melody
from numpy.typing import NDArray

from melody_rnn.config import ModelConfig
from melody_rnn.encodings.encoding import event_index
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import NUM_SPECIAL_EVENTS
from melody_rnn.generation.loop import Start, repeat_primer
from melody_rnn.music.melodies import rest_at_end, squash, transpose_events
from melody_rnn.music.placement import placement
from melody_rnn.music.primers import Primer
from melody_rnn.sampling.automaton import Automaton, Guide, Situation
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.schedule import Steps


class Beginning(NamedTuple):
    """What the loop needs to know, and how to undo it.

    Attributes:
        start: What the melodies start from, as the model plays it.
        transposition: Semitones from what sounds to what the model plays.
        guide: The constraints, or None without any.
    """

    start: Start
    transposition: int
    guide: Guide | None

    def of_rows(self, rows: NDArray[np.int64]) -> "Beginning":
        """Returns the beginnings of some melodies, no longer to be guided."""
        return Beginning(replace(self.start, events=self.start.events[rows]), self.transposition, None)


def open_melodies(
    config: ModelConfig,
    shares: Mapping[int, float],
    constraints: Constraints | None,
    steps: Steps,
    num_melodies: int,
    seed: int,
) -> Beginning:
    """Begins melodies that have no primer: their first event is drawn here.

    Args:
        config: The model's.
        shares: How probable each pitch is to open a melody, as the model plays it.
        constraints: What holds for the first event too, or None.
        steps: The steps after the first event.
        num_melodies: How many; melody k's opening is the same however many there are.
        seed: Of the run.

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    allowed, amount, automaton = _openings(config, shares, constraints, steps)
    return _opened(config, _draw(allowed, num_melodies, seed), amount, automaton, steps)


def every_opening(
    config: ModelConfig, shares: Mapping[int, float], constraints: Constraints | None, steps: Steps
) -> tuple[Beginning, NDArray[np.float64]]:
    """Begins one melody with each event that can open one.

    Args:
        config: The model's.
        shares: As `open_melodies` takes them.
        constraints: What holds for the first event too, or None.
        steps: The steps after the first event.

    Returns:
        The beginnings, and the logarithm of each one's probability, [num_openings].

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    allowed, amount, automaton = _openings(config, shares, constraints, steps)
    events = np.array(sorted(event for event, share in allowed.items() if share > 0), np.int32)
    probabilities = np.array([allowed[int(event)] for event in events]) / sum(allowed.values())
    return _opened(config, events[:, np.newaxis], amount, automaton, steps), np.log(probabilities)


def continue_primer(
    config: ModelConfig, primer: Primer, constraints: Constraints | None, steps: Steps, num_melodies: int
) -> Beginning:
    """Begins melodies with a primer, squashed into the model's range and key.

    Args:
        config: The model's.
        primer: What all melodies begin with.
        constraints: What holds after it, or None.
        steps: The steps after it.
        num_melodies: How many.

    Raises:
        ConstraintError: If the constraints leave no event possible.
    """
    squashed, amount = _squash(config, Melody(list(primer.events)))
    events = repeat_primer(list(squashed), num_melodies)
    if not is_set(constraints):
        return Beginning(Start(events, primer.ends_note, steps.per_bar), amount, None)
    # What is to be kept at the first step is kept though it may hold the primer's last note.
    ends_note = primer.ends_note and steps.first not in (constraints.keep or {})
    last_pitch = next(event for event in reversed(primer.events) if event >= 0)
    pitches, rest_steps = _sounding_pitches(config, amount), rest_at_end(primer.events)
    automaton = Automaton(constraints, Situation(pitches, steps, last_pitch, rest_steps, ends_note))
    return Beginning(Start(events, ends_note, steps.per_bar), amount, automaton.guide(num_melodies))


def _openings(
    config: ModelConfig, shares: Mapping[int, float], constraints: Constraints | None, steps: Steps
) -> tuple[Mapping[int, float], int, Automaton | None]:
    """Returns the shares of the events that can open a melody, how it is transposed, and the constraints."""
    if not is_set(constraints):
        return shares, 0, None
    amount, all_steps = transposition_for(config, constraints), Steps(0, steps.num_steps + 1, steps.per_bar)
    automaton = Automaton(constraints, Situation(_sounding_pitches(config, amount), all_steps))
    return _allowed(shares, automaton.opening_mask(), config.encoding.min_note), amount, automaton


def _opened(
    config: ModelConfig, openings: NDArray[np.int32], amount: int, automaton: Automaton | None, steps: Steps
) -> Beginning:
    """Begins a melody with each of `openings` [num_melodies, 1]."""
    guide = None
    if automaton:
        guide = automaton.guide_after(event_index(openings[:, 0], config.encoding.min_note).numpy())
    return Beginning(Start(openings, steps_per_bar=steps.per_bar), amount, guide)


def count_new_steps(primer_steps: int, num_steps: int, new_steps: int | None) -> int:
    """Returns how many steps follow a primer or an opening, at least 1.

    Args:
        primer_steps: Its own.
        num_steps: Of the melody with its primer.
        new_steps: Takes the place of `num_steps`.

    Raises:
        InvalidArgumentError: If what counts is below 1.
        MelodyError: If the primer leaves no step.
    """
    name, asked = ("num_steps", num_steps) if new_steps is None else ("new_steps", new_steps)
    if asked < 1:
        raise InvalidArgumentError(f"{name} must be at least 1, got {asked}")
    if new_steps is not None:
        return new_steps
    if num_steps <= primer_steps:
        raise MelodyError(
            f"the primer has {primer_steps} steps and num_steps, which counts them, is {num_steps}: "
            f"ask for at least {primer_steps + 1} steps"
        )
    return num_steps - primer_steps


def is_set(constraints: Constraints | None) -> TypeGuard[Constraints]:
    """Returns whether there is any constraint."""
    return constraints is not None and bool(constraints.given())


def transposition_for(config: ModelConfig, constraints: Constraints) -> int:
    """Returns by how many semitones to move what constraints ask for so that the model is at home with it.

    Events to keep say it, as a primer would; else the key and the range do.
    """
    if constraints.keep:
        return _squash(config, Melody([constraints.keep[step] for step in sorted(constraints.keep)]))[1]
    low, high = config.encoding.min_note, config.encoding.max_note
    lowest, highest = constraints.pitches or (low, high - 1)
    return placement(constraints.tones, range(lowest, highest + 1), low, high, config.transpose_to_key)


def _squash(config: ModelConfig, melody: Melody) -> tuple[Melody, int]:
    return squash(melody, config.encoding.min_note, config.encoding.max_note, config.transpose_to_key)


def _sounding_pitches(config: ModelConfig, amount: int) -> NDArray[np.int32]:
    """Returns how the model's pitches sound, [num_pitches] int32."""
    return transpose_events(np.arange(config.encoding.min_note, config.encoding.max_note, dtype=np.int32), -amount)


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
    events = [int(index) - NUM_SPECIAL_EVENTS for index in np.flatnonzero(is_allowed)]
    pitches = [event + min_note for event in events if event >= 0]
    own = {pitch: shares[pitch] for pitch in pitches if shares.get(pitch, 0) > 0}
    return own or dict.fromkeys(pitches, 1.0) or {events[0]: 1.0}
