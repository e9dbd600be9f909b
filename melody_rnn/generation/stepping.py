"""Sampling, searching and replaying by a step file: the rules of `generation.rules` around it, without TensorFlow.

A step gives each row of a batch the same bits however many rows there are, so melody k of a run is the same however
many are asked for, and tiles need no padding.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.errors import GenerationError
from melody_rnn.generation.beam import BeamSearch, Choose
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.guidance import GuidedRun, GuidedStep, begin_run
from melody_rnn.generation.rules import Choice, LoopState, Rules, Sampled, state_after
from melody_rnn.generation.trace import Replay, Replayer
from melody_rnn.litert.description import Step
from melody_rnn.litert.run import StepResult, StepRun
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.sampler import Controls, fill_with_noise, gumbel

TILE_ROWS: Final = 32
"""Melodies that are sampled together; a step of more costs no less a melody."""


class SteppingLoop:
    """Samples continuations by a model's step; the methods are those of `SamplingLoop`."""

    def __init__(self, step: Step | GuidedStep, config: EncodingConfig) -> None:
        """Makes the loop.

        Args:
            step: The model's step, or with its guide's.
            config: The model's encoding.
        """
        self._step = step
        self._config = config

    def __call__(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None = None,
        guide: Guide | None = None,
    ) -> NDArray[np.int32]:
        """See `SamplingLoop`."""
        return self._sampled(False, start, new_steps, controls, seed, on_done, guide).events

    def traced(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None = None,
        guide: Guide | None = None,
    ) -> Sampled:
        """See `SamplingLoop.traced`."""
        return self._sampled(True, start, new_steps, controls, seed, on_done, guide)

    def _sampled(
        self,
        is_traced: bool,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        on_done: Callable[[int], object] | None,
        guide: Guide | None,
    ) -> Sampled:
        num_melodies = len(start.events)

        def one_tile(first: int) -> Sampled:
            rows = np.arange(first, min(first + TILE_ROWS, num_melodies))
            own_guide = guide and guide.of_rows(rows, new_steps)
            fixed = start.fixed and start.fixed.of_rows(rows, new_steps)
            min_note = self._config.min_note
            rules = Rules(controls.of_rows(rows, new_steps), own_guide, fixed, start.ends_note, min_note)
            sampled = self._sample(is_traced, start, rows, new_steps, rules, seed)
            if on_done:
                on_done(len(rows))
            return sampled

        starts = range(0, num_melodies, TILE_ROWS)
        if len(starts) == 1:
            return one_tile(0)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            tiles = list(pool.map(one_tile, starts))
        parts: Any = (None if part[0] is None else np.concatenate(part) for part in zip(*tiles, strict=True))
        return Sampled(*parts)

    def _sample(
        self, is_traced: bool, start: Start, rows: NDArray[np.int64], new_steps: int, rules: Rules, seed: int
    ) -> Sampled:
        noise = np.empty((len(rows), new_steps, self._step.description.num_classes), np.float32)
        for number, melody_noise in zip(start.numbers[rows].tolist(), noise, strict=True):
            fill_with_noise(melody_noise, seed, number)
        walk, perturbations = Walk(self._step, start, rows, new_steps, rules), gumbel(noise)
        # What a model and its guide say together is not what a trace tells.
        is_told = is_traced and not isinstance(self._step, GuidedStep)
        choices, said = [], list(walk.said)
        for step in range(new_steps):
            choices.append(walk.choose(perturbations[:, step])[:3])
            said += walk.said if is_told else ()
        sampled = Sampled(*(np.stack(part, axis=1) for part in zip(*choices, strict=True)))
        if not is_told:
            return sampled
        logits, label_events, _ = (np.stack(part, axis=1) for part in zip(*said, strict=True))
        return sampled._replace(said=logits, label_events=_from_first(self._step, label_events))


class Walk:
    """A batch of melodies on their way, one event of each at a time.

    Attributes:
        rules: By which the next events are chosen; `change_rules` sets others.
        state: Where the melodies stand.
        said: What the model said of the next events at the last choice; at first, of those that were given.
    """

    def __init__(
        self, step: Step | GuidedStep, start: Start, rows: NDArray[np.int64], new_steps: int, rules: Rules
    ) -> None:
        """Begins before the first new event.

        Args:
            step: The model's step.
            start: What the melodies start from.
            rows: [batch], which of them walk here.
            new_steps: How many events will be chosen, at most.
            rules: Those of `rows`.
        """
        primers, self._cues, self._steps_per_bar = start.events[rows], start.cues[rows], start.steps_per_bar[rows]
        self._run, self.said = _run_over(step, primers[:, :-1], self._steps_per_bar, self._cues)
        self._num_given, self._new_steps, self._num_chosen = primers.shape[1], new_steps, 0
        self.rules, self.state = rules, self._state_after(primers, rules)

    def choose(self, perturbation: NDArray[np.float32]) -> Choice:
        """Chooses the next event of each melody.

        Args:
            perturbation: [batch, num_classes] float32 from `gumbel`.

        Raises:
            GenerationError: If the model gives logits that are not finite.
        """
        step = self._num_chosen
        said = self._run(self.state.event, self._cues[:, self._num_given + step])
        _check_finite(said.logits)
        self.said = [said]
        # Temperatures near 0 make logits overflow to -inf, which is what they should be.
        with np.errstate(over="ignore"):
            choice = self.rules.choose(step, self.state, said.logits, said.label_events, perturbation)
        self.state = self.rules.advance(step, self.state, choice.event)._replace(steering=choice.steering)
        self._num_chosen += 1
        return choice

    def change_rules(self, rules: Rules, events: NDArray[np.int32]) -> None:
        """Goes on by other rules.

        Args:
            rules: Their guide says where the melodies stand in it; its steps, as all others, are the new ones.
            events: [batch, steps] int32, all events so far.
        """
        state = self._state_after(events, rules)
        if rules.controls.is_steered and self.rules.controls.is_steered:
            state = state._replace(steering=self.state.steering)
        self.rules, self.state = rules, state

    def _state_after(self, events: NDArray[np.int32], rules: Rules) -> LoopState:
        """Returns where the melodies stand after all their events [batch, steps] so far."""
        num_left = self._new_steps - self._num_chosen
        state = state_after(events, self._steps_per_bar, rules.controls, num_left if rules.fixed else None)
        return state._replace(place=rules.guide.state) if rules.guide else state


class SteppingBeamSearch(BeamSearch):
    """Searches for continuations by a model's step."""

    def __init__(self, step: Step | GuidedStep, config: EncodingConfig) -> None:
        """Makes the search; the arguments are those of `SteppingLoop`."""
        super().__init__(config, step.description.num_classes)
        self._step = step

    def _states(
        self, primers: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]
    ) -> tuple[Any, Any]:
        return (), _run_over(self._step, primers[:, :-1], steps_per_bar, cues)[0]

    def run(
        self,
        choose: Choose,
        rules: Rules,
        state: LoopState,
        cues: NDArray[np.int32],
        scores: NDArray[np.float64],
        new_steps: NDArray[np.int32],
    ) -> tuple[Any, ...]:
        """See `BeamSearch`."""
        run: StepRun | GuidedRun = state.rnn_state
        written = []
        for step in range(int(new_steps)):
            said = run(state.event, cues[:, step])
            _check_finite(said.logits)
            with np.errstate(over="ignore"):
                parent, event, scores = choose(step, state, said.logits, said.label_events, scores)
            if (parent != np.arange(len(parent))).any():
                run.reorder(parent)
                state = state.of_rows(parent)
            state = rules.advance(step, state, event)
            written.append((event, parent))
        return (*(np.stack(part) for part in zip(*written, strict=True)), scores, True)


class SteppingReplayer(Replayer):
    """Replays melodies by a model's step."""

    def __init__(self, step: Step, config: EncodingConfig) -> None:
        """Makes the replayer; the arguments are those of `SteppingLoop`."""
        super().__init__(config)
        self._step = step

    def _replay(self, events: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]) -> Replay:
        run = StepRun(self._step, steps_per_bar)
        said = [run(event, cues[:, step + 1]) for step, event in enumerate(events.T)]
        logits, label_events, labels = (np.stack(part, axis=1) for part in zip(*said, strict=True))
        return Replay(logits[:, :-1], labels[:, 1:], _from_first(self._step, label_events[:, :-1]))


def _run_over(
    step: Step | GuidedStep, events: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]
) -> tuple[StepRun | GuidedRun, list[StepResult]]:
    """Returns a run that has taken in events [batch, num_given], and what it said of each next one.

    Cues are of every step, from the first one on.
    """
    run = begin_run(step, steps_per_bar)
    return run, [run(event, cues[:, place + 1]) for place, event in enumerate(events.T)]


def _from_first(step: Step | GuidedStep, label_events: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns what labels stand for at every step [batch, steps, num_classes], given that of all but the first."""
    first = np.array(step.description.first_label_events, np.int32)
    return np.concatenate([np.tile(first, (len(label_events), 1, 1)), label_events], axis=1)


def _check_finite(logits: NDArray[np.float32]) -> None:
    if not np.isfinite(logits).all():
        raise GenerationError("the model gave logits that are not finite; its weights are damaged")
