"""What decides about the next event besides the network: constraints, repetition, temperature, truncation, the draw.

It is the same code in the compiled loop and around the LiteRT step, on tensors and on NumPy arrays.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, event_index, namespace
from melody_rnn.events import NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.repetition import append_onset, last_onset_bars, last_onsets
from melody_rnn.sampling.sampler import Controls, draw
from melody_rnn.sampling.surprise import no_steering, take_in
from melody_rnn.sampling.transforms import Now

FREE: Final = NO_EVENT - 1
"""Stands for a step of which nothing is fixed."""
ACT: Final = NO_EVENT - 3
"""Stands for a step at which something must begin or end."""
RING: Final = NO_EVENT - 4
"""Stands for a step at which no note begins."""
PITCH_CLASS: Final = NO_EVENT - 14
"""Stands for a note of pitch class 0, one less for class 1, and so on."""
ONSET: Final = NO_EVENT - 2
"""Stands for a step at which some note must begin."""


class LoopState(NamedTuple):
    """Where a batch of melodies stands between two steps.

    Attributes:
        event: [batch] int32, the last event, which neither state knows yet.
        encoding_state: The encoding's state; None before the first event.
        rnn_state: The network's state; None before the first event.
        onsets: [batch, MAX_ONSETS] int32, the notes so far; nothing where no setting needs them.
        place: [batch] int32, the constraints' state; nothing without constraints.
        past: [batch, all_steps] int32, the events so far; nothing where no step repeats another for certain.
        steering: [batch, STEERING_SIZE] float32, how surprising they were; nothing where no setting needs it.
        onset_bars: [batch, MAX_ONSETS] int32, the bars of `onsets`; nothing where no setting needs them.
        clock: [batch, 2] int32, steps in a bar, and the number of the next step; nothing where `onset_bars` is.
    """

    event: Array
    encoding_state: Any = None
    rnn_state: Any = None
    onsets: Any = ()
    place: Any = ()
    past: Any = ()
    steering: Any = ()
    onset_bars: Any = ()
    clock: Any = ()

    def of_rows(self, rows: Array) -> "LoopState":
        """Returns what the rules know of `rows` [batch] int32; event, encoding and network stay as they are."""
        take = namespace(rows).take
        others = (part if isinstance(part, tuple) else take(part, rows, axis=0) for part in self[3:])
        return LoopState(*self[:3], *others)

    def bar(self) -> Any:
        """Returns the bar of the next step, [batch] int32; nothing where no setting needs it."""
        return self.clock if isinstance(self.clock, tuple) else self.clock[:, 1] // self.clock[:, 0]

    def now(self, step: Array, meanings: Array) -> Now:
        """Returns what transforms know of a step.

        Args:
            step: [] int32, of the new steps.
            meanings: [batch, num_classes] int32, the event that each label stands for.
        """
        return Now(meanings, self.onsets, step, self.onset_bars, self.bar(), self.steering)


def state_after(
    events: NDArray[np.int32],
    steps_per_bar: NDArray[np.int32],
    controls: Controls,
    new_steps: int | None = None,
    states: tuple[Any, Any] = (None, None),
) -> LoopState:
    """Returns where melodies stand after their first events, but for the constraints.

    Args:
        events: [batch, num_given] int32, from the start of the first bar; the last one is not known to the states yet.
        steps_per_bar: [batch] int32.
        controls: The settings, which say what the state must know.
        new_steps: How many follow at most, where the events so far must be known; else None.
        states: The encoding's and the network's.
    """
    state = LoopState(events[:, -1], *states)
    if controls.counts_onsets:
        state = state._replace(onsets=last_onsets(events))
    if controls.counts_bars:
        clock = np.stack([steps_per_bar, np.full_like(steps_per_bar, events.shape[1])], axis=1)
        state = state._replace(onset_bars=last_onset_bars(events, steps_per_bar), clock=clock)
    if controls.is_steered:
        state = state._replace(steering=no_steering(len(events)))
    if new_steps is not None:
        state = state._replace(past=np.pad(events, [(0, 0), (0, new_steps)], constant_values=NO_EVENT))
    return state


class Sampled(NamedTuple):
    """How the events of a run were chosen.

    Attributes:
        events: [num_melodies, new_steps] int32, without the primers.
        labels: [num_melodies, new_steps] int32, the label that was drawn at each step.
        logits: [num_melodies, new_steps, num_classes] float32, what it was drawn from: with constraints, repetition
            control, temperature and truncation.
        said: [num_melodies, all_steps - 1, num_classes] float32, the network's own logits before each event after the
            first; None where they are not known.
        label_events: [num_melodies, all_steps, num_classes] int32, the event that each label stands for at every step;
            None likewise.
    """

    events: NDArray[np.int32]
    labels: NDArray[np.int32]
    logits: NDArray[np.float32]
    said: NDArray[np.float32] | None = None
    label_events: NDArray[np.int32] | None = None


class Choice(NamedTuple):
    """How a batch of melodies chose an event.

    Attributes:
        event: [batch] int32.
        label: [batch] int32, the label that was drawn.
        logits: [batch, num_classes] float32, what it was drawn from.
        steering: As in `LoopState`, with the event.
    """

    event: Array
    label: Array
    logits: Array
    steering: Any = ()


class Fixed(NamedTuple):
    """What is fixed of the new steps before they are sampled.

    Attributes:
        events: [batch, new_steps] int32, the event of each step, or `FREE`, `ONSET`, `ACT` or `RING`.
        repeats: [batch, new_steps] int32, how many steps ago the event lies that a step repeats; 0 for none.
        pitches: [batch, 2] int32, the lowest and the highest pitch that may sound.
        weights: [batch, new_steps, 12] float32, nats by which a note of each pitch class is more likely than the model
            has it, before the temperature; None for none.
    """

    events: Any
    repeats: Any
    pitches: Any
    weights: Any = None

    def of_rows(self, rows: NDArray[np.int64], num_steps: int) -> "Fixed":
        """Returns what is fixed of some melodies, padded to `num_steps` that are never taken."""
        padding = [(0, 0), (0, num_steps - self.events.shape[1])]
        events = np.pad(self.events[rows], padding, constant_values=FREE)
        weights = None if self.weights is None else np.pad(self.weights[rows], [*padding, (0, 0)])
        return Fixed(events, np.pad(self.repeats[rows], padding), self.pitches[rows], weights)

    def weigh(self, step: Array, logits: Array, meanings: Array) -> Array:
        """Returns logits [batch, num_classes] with the weights of a step added; without weights as they are."""
        if self.weights is None:
            return logits
        xp = namespace(logits)
        own = xp.take_along_axis(self.weights[:, step], xp.maximum(meanings, 0) % NOTES_PER_OCTAVE, axis=1)
        return logits + xp.where(meanings >= 0, own, 0.0)

    def hold(self, step: Array, past: Array, free: Array, raw: Array, meanings: Array) -> Array:
        """Returns logits in which a step has what is fixed of it.

        Args:
            step: [] int32, of the new steps.
            past: [batch, all_steps] int32, the events so far.
            free: [batch, num_classes] float32, the logits where nothing is fixed.
            raw: [batch, num_classes] float32, the network's own.
            meanings: [batch, num_classes] int32, the event that each label stands for.
        """
        xp, position = namespace(free), step + past.shape[1] - self.events.shape[1]
        distance = self.repeats[:, step, np.newaxis]
        repeated = xp.take_along_axis(past, position - distance, axis=1)
        wanted = xp.where(distance > 0, repeated, self.events[:, step, np.newaxis])
        is_outside = (meanings >= 0) & ((meanings < self.pitches[:, :1]) | (meanings > self.pitches[:, 1:]))
        free = xp.where(is_outside, -float("inf"), free)
        is_note = (meanings >= 0) & ~is_outside
        is_held = xp.where(wanted == ONSET, is_note, meanings == wanted)
        is_of_class = is_note & (meanings % NOTES_PER_OCTAVE == PITCH_CLASS - wanted)
        is_held = xp.where(wanted <= PITCH_CLASS, is_of_class, is_held)
        held = xp.where(is_held, raw, -float("inf"))
        others = xp.where(meanings == NO_EVENT, -float("inf"), free)
        # Where constraints allow nothing else, what sounds goes on after all.
        acting = xp.where(xp.max(others, axis=1, keepdims=True) > -float("inf"), others, free)
        ringing = xp.where(meanings >= 0, -float("inf"), free)
        by_choice = xp.where(wanted == ACT, acting, xp.where(wanted == RING, ringing, held))
        return xp.where(wanted == FREE, free, by_choice)


class Rules(NamedTuple):
    """What decides with the network about the next event.

    Attributes:
        controls: The sampler's settings.
        guide: The constraints, or None.
        fixed: What is fixed beforehand, or None; it goes before all else.
        ends_note: [] bool, whether the first new event must be a note on or a note off.
        min_note: The encoding's.
    """

    controls: Controls
    guide: Guide | None
    fixed: Fixed | None
    ends_note: Array
    min_note: int

    def restrict(self, step: Array, state: LoopState, logits: Array, meanings: Array) -> Array:
        """Returns logits with weights, constraints, repetition control and what is fixed applied, in this order.

        Args:
            step: [] int32, of the new steps.
            state: Of the melodies before the event.
            logits: [batch, num_classes] float32.
            meanings: [batch, num_classes] int32, the event that each label stands for.

        Returns:
            [batch, num_classes] float32, -inf for labels that must not be chosen.
        """
        raw = logits = self.weigh(step, logits, meanings)
        is_forbidden = (meanings == NO_EVENT) & self.ends_note & (step == 0)
        logits = namespace(logits).where(is_forbidden, -float("inf"), logits)
        if self.guide:
            mask = self.guide.event_mask(step, state.place)
            logits = constrain(logits, mask, event_index(meanings, self.min_note))
        logits = self.controls.apply(("repetition",), logits, state.now(step, meanings))
        return self.fixed.hold(step, state.past, logits, raw, meanings) if self.fixed else logits

    def weigh(self, step: Array, logits: Array, meanings: Array) -> Array:
        """Returns logits with the weights of what is fixed; the arguments are those of `restrict`."""
        return self.fixed.weigh(step, logits, meanings) if self.fixed else logits

    def advance(self, step: Array, state: LoopState, event: Array) -> LoopState:
        """Returns a state with the event [batch] int32 of a step taken in, but for the encoding's and the network's."""
        past = state.past
        if self.fixed:
            xp = namespace(event)
            own = xp.arange(past.shape[1]) == step + past.shape[1] - self.fixed.events.shape[1]
            past = xp.where(own, event[:, np.newaxis], past)
        onsets = append_onset(state.onsets, event) if self.controls.counts_onsets else state.onsets
        onset_bars, clock = state.onset_bars, state.clock
        if self.controls.counts_bars:
            onset_bars = append_onset(onset_bars, event, state.bar())
            clock = clock + np.array([0, 1], np.int32)
        place = self.guide.advance(step, state.place, event_index(event, self.min_note)) if self.guide else state.place
        return state._replace(event=event, onsets=onsets, place=place, past=past, onset_bars=onset_bars, clock=clock)

    def choose(self, step: Array, state: LoopState, logits: Array, meanings: Array, noise: Array) -> Choice:
        """Draws an event; the arguments are those of `restrict`, and the noise of `draw`."""
        return self.draw(step, state, logits, self.restrict(step, state, logits, meanings), meanings, noise)

    def draw(
        self, step: Array, state: LoopState, logits: Array, restricted: Array, meanings: Array, noise: Array
    ) -> Choice:
        """Draws an event from what `restrict` returned."""
        controls, now = self.controls.at(step), state.now(step, meanings)
        drawn_from = controls.apply(("temperature", "truncation"), restricted, now)
        label = draw(drawn_from, noise)
        event = namespace(meanings).take_along_axis(meanings, label[:, np.newaxis], axis=1)[:, 0]
        steering = state.steering
        if controls.is_steered:
            target = controls.values["surprise"]
            steering = take_in(steering, target, logits, restricted, drawn_from, meanings, event)
        return Choice(event, label, drawn_from, steering)


def constrain(logits: Array, event_mask: Array, label_index: Array) -> Array:
    """Masks the labels [batch, num_classes] whose event, given by its index, is masked [batch, num_events]."""
    xp = namespace(logits)
    return xp.where(xp.take_along_axis(event_mask, label_index, axis=1), logits, -float("inf"))
