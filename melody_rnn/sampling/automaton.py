"""Constraints as a finite automaton, so that a melody never comes to a point where it could not go on.

A melody's state is what the constraints must know of its past: the last note's pitch, for how long nothing has
sounded, and whether the last note could end a tune. Going backward from the end, the states from which the rest of the
melody can still be had are found before anything is sampled; sampling then masks the events that lead elsewhere. So
constraints that look ahead, such as the last note, are met for certain, and those that cannot be had together are known
at once.

Source: Pachet and Roy 2011, 'Markov constraints: steerable generation of Markov sequences' (Constraints 16:148-172).
Probabilities are renormalised step by step, not over all melodies that meet the constraints; that is what
`generation.lookahead` is for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.errors import ConstraintError, InvalidArgumentError
from melody_rnn.events import NO_EVENT, NOTE_OFF, NOTES_PER_OCTAVE, NUM_SPECIAL_EVENTS, event_index
from melody_rnn.music.pitches import note_name
from melody_rnn.sampling.constraints import ONSET, Constraints
from melody_rnn.sampling.line import Line, stretches_of
from melody_rnn.sampling.schedule import Steps

_HOLD, _OFF = (int(event_index(event)) for event in (NO_EVENT, NOTE_OFF))
_WEAK, _STRONG, _SHORT = range(3)
"""Kinds of steps: one whose note cannot end a tune, one whose note can, and one at which that note must not end yet."""
_MOST_STATES: Final = 2**27
"""Of all steps together; and most numbers in a table."""


class Close(NamedTuple):
    """How a last note ends a tune.

    Attributes:
        onsets: The steps at which it may begin, counted from the melody's start.
        num_steps: How long it must last at least.
    """

    onsets: tuple[int, ...]
    num_steps: int


@dataclass(frozen=True)
class Situation:
    """Where constrained steps begin, and what the model can play.

    An event's index is 0 for no event, 1 for note off, 2 and up for the model's pitches.

    Attributes:
        pitches: [num_pitches] int32, how the model's pitches sound, lowest first.
        steps: The steps that are constrained.
        last_pitch: The last note before them as it sounds, or None.
        rest_steps: Steps without a note that lie right before them.
        must_act: Whether the first of them must not be 'no event'.
        close: Where a last note that `end_on` asks for begins and how long it is; None for anywhere. Where the
            other constraints leave no melody that closes so, it may be anywhere after all.
    """

    pitches: NDArray[np.int32]
    steps: Steps
    last_pitch: int | None = None
    rest_steps: int = 0
    must_act: bool = False
    close: Close | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no note lies before, so that 'no event' is a rest."""
        return self.last_pitch is None


class Guide(NamedTuple):
    """An automaton as the compiled loop takes it, and where each melody stands in it.

    Attributes:
        following: [num_kinds * num_states, num_events] int32, the state after each event, for each kind of steps;
            `num_states` where there is none.
        is_allowed: [steps, num_events] bool, what each step allows whatever the state.
        is_viable: [steps, num_states + 1] bool, whether the melody can be ended from a state after each step.
        state: [batch] int32.
        kinds: [steps] int32, the kind of each step; None where all are of one.
    """

    following: Any
    is_allowed: Any
    is_viable: Any
    state: Any
    kinds: Any = None

    def of_rows(self, rows: NDArray[np.int64], num_steps: int) -> "Guide":
        """Returns the guide of some melodies, padded to `num_steps` that are never taken."""
        missing = (0, num_steps - len(self.is_allowed))
        is_allowed, is_viable = (np.pad(mask, [missing, (0, 0)]) for mask in (self.is_allowed, self.is_viable))
        kinds = None if self.kinds is None else np.pad(self.kinds, missing)
        return Guide(self.following, is_allowed, is_viable, self.state[rows], kinds)

    def event_mask(self, step: Array, state: Array) -> Array:
        """Returns which events can come next, [batch, num_events] bool, for states [batch] int32."""
        take = namespace(state).take
        following = take(self.following, self._row(step, state), axis=0)
        return self.is_allowed[step] & take(self.is_viable[step], following, axis=0)

    def advance(self, step: Array, state: Array, event_index: Array) -> Array:
        """Returns the states after the events of a step, all [batch] int32."""
        xp, row = namespace(state), self._row(step, state)
        return xp.take(xp.reshape(self.following, [-1]), row * self.following.shape[1] + event_index, axis=0)

    def _row(self, step: Array, state: Array) -> Array:
        num_states = self.is_viable.shape[1] - 1
        # A note that is fixed beforehand may break a constraint; the melody goes on from a state that there is.
        known = namespace(state).minimum(state, max(num_states - 1, 0))
        return known if self.kinds is None else self.kinds[step] * num_states + known


class Automaton:
    """The automaton of constraints in a situation."""

    def __init__(self, constraints: Constraints, situation: Situation) -> None:
        """Builds it.

        Raises:
            ConstraintError: If no melody meets the constraints; the message names as few of them as are to blame.
            InvalidArgumentError: If the rhythm does not fit the bar, or events to keep lie outside the constrained
                steps or the model's pitches.
        """
        constraints.check_bar(situation.steps.per_bar)
        self._situation = situation
        self._tables = _Tables(constraints, situation, constraints.given())
        if situation.close and not self._tables.is_possible:
            self._tables = _Tables(constraints, replace(situation, close=None), constraints.given())
        if not self._tables.is_possible:
            raise ConstraintError(_explain(constraints, situation))

    def opening_mask(self) -> NDArray[np.bool_]:
        """Returns which events can open a melody that has no primer, [num_events] bool."""
        return self._tables.first_mask()

    def guide_after(self, events: NDArray[np.int32]) -> Guide:
        """Returns the guide for the steps after the openings of melodies without a primer, [batch] event indices."""
        tables = self._tables
        kinds = None if tables.kinds is None else tables.kinds[1:]
        return Guide(tables.following, tables.is_allowed[1:], tables.is_viable[2:], tables.first_states[events], kinds)

    def guide(self, num_melodies: int) -> Guide:
        """Returns the guide for all constrained steps."""
        tables = self._tables
        states = np.full(num_melodies, tables.start, np.int32)
        return Guide(tables.following, tables.is_allowed, tables.is_viable[1:], states, tables.kinds)

    def guide_from(self, step: int, pitch: int | None, rest_steps: int, num_before: int) -> Guide:
        """Returns the guide for a melody that comes to the constrained steps from notes that nobody knew beforehand.

        The automaton must be that of a situation without notes before. What lies before counts as far as it leaves
        anything possible: a leap from it into the range may be as wide as it must.

        Args:
            step: The first step that is guided, counted from the melody's start.
            pitch: The last note's as it sounds, or None.
            rest_steps: Steps without a note that lie right before the step.
            num_before: How many steps before the constrained ones the guide is to have; they are never taken.
        """
        tables, first = self._tables, self._situation.steps.first
        state = tables.state_of(pitch, rest_steps)
        if not tables.has_way(step - first, state):
            state = tables.start
        padding = [(num_before, 0), (0, 0)]
        is_allowed, is_viable = np.pad(tables.is_allowed, padding), np.pad(tables.is_viable[1:], padding)
        kinds = None if tables.kinds is None else np.pad(tables.kinds, padding[0])
        return Guide(tables.following, is_allowed, is_viable, np.array([state], np.int32), kinds)


class _Tables:
    """What the automaton knows, for some of the constraints.

    A state is place * num_rests + rest. `rest` counts steps without a note, the largest value is one too many. What no
    constraint asks for is not told apart. A place is where a melody stands among the notes: first come the last notes
    that it can have, by the index of their pitch, num_pitches for what lies before the constrained steps. Where the
    order of some notes is kept, which together are the line, these exist once more for each stretch of it that lies
    behind; then come the notes of the line, each the last one that the melody had. Where the end is a close, each state
    exists a second time, for a last note that can be the tune's.

    Attributes:
        following, is_allowed, kinds: As in `Guide`.
        is_viable: [steps + 1, num_states + 1] bool, as in `Guide`, but before the first step too.
        has_pitch: Whether any pitch is left for the first note; a melody must have a note to be one.
        start: The state before the first step.
        first_states: [num_events] int32, the states after the first step.
    """

    def __init__(self, constraints: Constraints, situation: Situation, active: Collection[str]) -> None:
        self._situation, steps = situation, situation.steps
        self._max_leap = constraints.max_leap if "max_leap" in active else None
        self._max_rest = constraints.max_rest if "max_rest" in active else None
        if self._max_rest is not None and self._max_rest >= situation.rest_steps + steps.num_steps:
            self._max_rest = None
        self._ending = constraints.last_pitch_class if "end_on" in active else None
        self._num_pitches = len(situation.pitches)
        self._num_lasts = 1 if self._max_leap is None and self._ending is None else self._num_pitches + 1
        self._num_rests = 1 if self._max_rest is None else self._max_rest + 2
        in_line = constraints.keep_pitches if constraints.keep_pitches and "keep_pitches" in active else {}
        self._line = _line(in_line, situation, self._num_lasts)
        close = None if self._ending is None else situation.close
        self._num_plain = len(self._line.last) * self._num_rests
        self.num_states = self._num_plain if close is None else 2 * self._num_plain
        num_kinds = (1 if close is None else 3) * (1 if self._line.is_empty else 2)
        num_events = NUM_SPECIAL_EVENTS + self._num_pitches
        if self.num_states * max(steps.num_steps, num_kinds * num_events) > _MOST_STATES:
            words = " and ".join(constraints.given()[name] for name in active)
            raise InvalidArgumentError(f"{words} need too much memory for {steps.num_steps} steps: ask for fewer")
        self.start = (self._num_lasts - 1) * self._num_rests + min(situation.rest_steps, self._num_rests - 1)
        blocks = [self._follow(is_in_line) for is_in_line in ((False,) if self._line.is_empty else (False, True))]
        kinds = self._line.is_inside * len(blocks[1:])
        if close is not None:
            kinds = 3 * kinds + _kinds(close, steps)
            blocks = list(map(self._follow_closing, blocks))
        self.following = np.concatenate(blocks)
        self.kinds: NDArray[np.int32] | None = kinds if num_kinds > 1 else None
        self.first_states = self._following_at(0)[self.start].copy()
        if situation.is_empty:
            self.first_states[_HOLD] = self.first_states[_OFF]
        self.has_pitch = bool((_allowed_pitches(constraints, situation, active) & self._leaps()[-1]).any())
        self.is_allowed = _allowed_steps(constraints, situation, active)
        self.is_viable = self._look_back()

    @property
    def is_possible(self) -> bool:
        """Whether any melody can be had."""
        return self.has_pitch and bool(self.first_mask().any())

    def first_mask(self) -> NDArray[np.bool_]:
        """Returns which events the first step can have, [num_events] bool."""
        mask: NDArray[np.bool_] = self.is_allowed[0] & self.is_viable[1][self.first_states]
        return mask

    def state_of(self, pitch: int | None, rest_steps: int) -> int:
        """Returns the state in which a last note, as it sounds, and so many steps of rest leave a melody."""
        places = np.flatnonzero(self._situation.pitches == pitch)
        last = int(places[0]) if self._num_lasts > 1 and len(places) else self._num_lasts - 1
        return last * self._num_rests + min(rest_steps, self._num_rests - 1)

    def has_way(self, step: int, state: int) -> bool:
        """Returns whether a melody can go on from a state before a step, counted from the first constrained one."""
        return bool(self.is_viable[step, state])

    def dead_end(self) -> int | None:
        """Returns the first step at which no event is possible, or None if it is the end that cannot be met."""
        reached = np.zeros(self.num_states + 1, bool)
        reached[self.first_states[self.is_allowed[0]]] = True
        for step in range(1, len(self.is_allowed) + 1):
            reached[:-1] &= self._is_due(step)
            if not reached[:-1].any():
                return step - 1
            if step < len(self.is_allowed):
                following = self._following_at(step)[reached[:-1]][:, self.is_allowed[step]]
                reached[:] = False
                reached[following] = True
        return None

    def _follow(self, is_in_line: bool) -> NDArray[np.int32]:
        """Returns `following` at steps of the line or at others, [num_plain, num_events] int32."""
        line, none = self._line, self._num_plain
        states = np.arange(none)
        place, rest = np.divmod(states, self._num_rests)
        longer = np.where(rest + 1 < self._num_rests - 1, states + 1, none)
        holding = states if self._num_rests == 1 else np.where(rest > 0, longer, states)
        ending = states if self._num_rests == 1 else longer
        new_lasts = np.arange(self._num_pitches) if self._num_lasts > 1 else np.zeros(self._num_pitches, int)
        places, is_possible = line.base[:, None] + new_lasts, self._leaps()[line.last]
        if is_in_line:
            is_possible &= line.next_pitch[:, None] == np.arange(self._num_pitches)
            places = np.broadcast_to(line.next_place[:, None], is_possible.shape)
        onsets = np.where(is_possible, places * self._num_rests, none)[place]
        return np.concatenate([holding[:, None], ending[:, None], onsets], axis=1).astype(np.int32)

    def _is_due(self, step: int) -> NDArray[np.bool_]:
        """Returns in which states a melody may come to a step, counted from the first, [num_states] bool.

        Where a stretch of the line ends, all its notes have been.
        """
        due = self._line.due.get(step)
        places = np.full(len(self._line.last), due is None)
        if due is not None:
            places[due] = True
        return np.resize(np.repeat(places, self._num_rests), self.num_states)

    def _following_at(self, step: int) -> NDArray[np.int32]:
        """Returns the states after each event of a step, [num_states, num_events] int32."""
        first = 0 if self.kinds is None else int(self.kinds[step]) * self.num_states
        return self.following[first : first + self.num_states]

    def _follow_closing(self, plain: NDArray[np.int32]) -> NDArray[np.int32]:
        """Returns `following` for each kind of steps, with the states that know whether the last note can be a close.

        Plain states come first, then the same ones whose last note can; [3 * num_states, num_events] int32.
        """
        num_events = plain.shape[1]
        blocks = []
        for kind in (_WEAK, _STRONG, _SHORT):
            for can_close in (False, True):
                closes = np.full(num_events, kind == _STRONG)
                closes[_HOLD] = can_close
                closes[_OFF] = can_close and kind != _SHORT
                following = plain + closes * self._num_plain
                blocks.append(np.where(plain == self._num_plain, self.num_states, following))
        return np.concatenate(blocks).astype(np.int32)

    def _leaps(self) -> NDArray[np.bool_]:
        """Returns which pitches may follow the last one, [num_lasts, num_pitches] bool."""
        if self._max_leap is None:
            return np.ones((self._num_lasts, self._num_pitches), bool)
        pitches, before = self._situation.pitches, self._situation.last_pitch
        leaps = np.abs(np.append(pitches, before or 0)[:, None] - pitches) <= self._max_leap
        leaps[-1] |= before is None
        return leaps

    def _look_back(self) -> NDArray[np.bool_]:
        """Returns `is_viable`, from the last step to the first."""
        is_viable = np.zeros((len(self.is_allowed) + 1, self.num_states + 1), bool)
        is_viable[-1, :-1] = self._endings() & self._is_due(len(self.is_allowed))
        for step in reversed(range(len(self.is_allowed))):
            following = self._following_at(step)[:, self.is_allowed[step]]
            is_viable[step, :-1] = is_viable[step + 1][following].any(axis=1) & self._is_due(step)
        return is_viable

    def _endings(self) -> NDArray[np.bool_]:
        """Returns whether a melody may end in each state, [num_states] bool."""
        if self._ending is None:
            return np.ones(self.num_states, bool)
        before = self._situation.last_pitch
        is_ending = np.append(self._situation.pitches, before or 0) % NOTES_PER_OCTAVE == self._ending
        is_ending[-1] &= before is not None
        plain = np.repeat(is_ending[self._line.last], self._num_rests)
        return plain if self.num_states == self._num_plain else np.concatenate([np.zeros_like(plain), plain])


def _line(events: Mapping[int, int], situation: Situation, num_lasts: int) -> Line:
    """Returns the notes whose order is kept, if the model can play them and their steps are generated."""
    stretches = stretches_of(events)
    indices = []
    for stretch in stretches:
        _check_step("keep_pitches", stretch.first, situation)
        _check_step("keep_pitches", stretch.end - 1, situation)
        indices += [_index_of("keep_pitches", pitch, stretch.first, situation) for pitch in stretch.pitches]
    return Line(stretches, np.array(indices, int) - NUM_SPECIAL_EVENTS, situation.steps, num_lasts)


def _kinds(close: Close, steps: Steps) -> NDArray[np.int32]:
    """Returns the kind of each step, [steps] int32."""
    kinds = np.full(steps.num_steps, _WEAK, np.int32)
    for onset in close.onsets:
        kinds[max(onset + 1 - steps.first, 0) : max(onset + close.num_steps - steps.first, 0)] = _SHORT
    for onset in close.onsets:
        if 0 <= onset - steps.first < steps.num_steps:
            kinds[onset - steps.first] = _STRONG
    return kinds


def _allowed_pitches(constraints: Constraints, situation: Situation, active: Collection[str]) -> NDArray[np.bool_]:
    """Returns the pitches that key and range leave, [num_pitches] bool."""
    is_allowed = np.ones(len(situation.pitches), bool)
    if constraints.tones and "key" in active:
        is_allowed &= np.isin(situation.pitches % NOTES_PER_OCTAVE, sorted(constraints.tones.pitch_classes))
    if constraints.pitches and "pitch_range" in active:
        low, high = constraints.pitches
        is_allowed &= (situation.pitches >= low) & (situation.pitches <= high)
    return is_allowed


def _allowed_steps(constraints: Constraints, situation: Situation, active: Collection[str]) -> NDArray[np.bool_]:
    """Returns what each step allows whatever the state, [steps, num_events] bool."""
    steps = situation.steps
    is_allowed = np.ones((steps.num_steps, NUM_SPECIAL_EVENTS + len(situation.pitches)), bool)
    is_onset = np.arange(is_allowed.shape[1]) >= NUM_SPECIAL_EVENTS
    is_allowed[:, is_onset] = _allowed_pitches(constraints, situation, active)
    if constraints.rhythm and "rhythm" in active:
        places = (steps.first + np.arange(steps.num_steps)) % steps.per_bar % len(constraints.rhythm)
        is_allowed &= is_onset == (np.array(list(constraints.rhythm)) == ONSET)[places, None]
    kept = constraints.keep if constraints.keep and "keep" in active else {}
    for step, event in kept.items():
        is_kept = np.arange(is_allowed.shape[1]) == _index_of("keep", event, step, situation)
        is_allowed[step - steps.first] &= is_kept
    of_rhythm = constraints.keep_rhythm if constraints.keep_rhythm and "keep_rhythm" in active else {}
    for step, event in of_rhythm.items():
        _check_step("keep_rhythm", step, situation)
        is_allowed[step - steps.first] &= is_onset if event >= 0 else np.arange(len(is_onset)) == event_index(event, 0)
    in_line = constraints.keep_pitches if constraints.keep_pitches and "keep_pitches" in active else {}
    for stretch in stretches_of(in_line):
        own = slice(stretch.first - steps.first, stretch.end - steps.first)
        is_allowed[own, NUM_SPECIAL_EVENTS:] &= np.isin(situation.pitches, stretch.pitches)
    if situation.must_act and steps.first not in {**kept, **of_rhythm}:
        is_allowed[0, _HOLD] = False
    return is_allowed


def _index_of(name: str, event: int, step: int, situation: Situation) -> int:
    """Returns the index of an event to keep."""
    _check_step(name, step, situation)
    if event < 0:
        return int(event_index(event))
    places = np.flatnonzero(situation.pitches == event)
    if not len(places):
        raise InvalidArgumentError(f"{name} has {note_name(event)} at step {step}, but {_playable(situation)}")
    return int(places[0]) + NUM_SPECIAL_EVENTS


def _check_step(name: str, step: int, situation: Situation) -> None:
    first, end = situation.steps.first, situation.steps.first + situation.steps.num_steps
    if not first <= step < end:
        raise InvalidArgumentError(
            f"{name} must have steps that are generated, from {first} to {end - 1}, got {step} "
            f"({'the primer takes it' if step < first else 'the melody is shorter'})"
        )


def _playable(situation: Situation) -> str:
    low, high = int(situation.pitches.min()), int(situation.pitches.max())
    return f"the model plays {note_name(low)}..{note_name(high)} here"


def _explain(constraints: Constraints, situation: Situation) -> str:
    """Returns the message about constraints that leave nothing, with as few of them as do so together."""
    names = constraints.given()
    guilty = list(names)
    for name in names:
        fewer = [other for other in guilty if other != name]
        if not _Tables(constraints, situation, fewer).is_possible:
            guilty = fewer
    blamed = " and ".join(names[name] for name in guilty)
    verb = "leaves" if len(guilty) == 1 else "together leave"
    tables = _Tables(constraints, situation, guilty)
    if not tables.has_pitch:
        return f"{blamed} {verb} no note possible; {_playable(situation)}"
    step = tables.dead_end()
    if step is None:
        return f"{blamed} {verb} no way to the end; {_playable(situation)}"
    at = situation.steps.first + step
    return f"{blamed} {verb} no event possible at step {at} (bar {at // situation.steps.per_bar + 1})"
