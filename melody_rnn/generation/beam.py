"""Beam search: continuations side by side, the best of which go on.

`BeamSearch.best` is deterministic: it keeps the likeliest melodies, by the model's own probabilities of events (all
labels that stand for an event together, temperature 1). All melodies of a search are equally long, so dividing by their
length changes no order; nats per event are what such a division gives. `BeamSearch.stochastic` is Magenta's: branches
are sampled, and scored by the sampler's own, tempered distribution of labels.

Both share one loop. The state that it carries from step to step is gathered by parents, and the melodies are read off
backwards from the last step.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.config import EncodingConfig
from melody_rnn.errors import GenerationError
from melody_rnn.events import NUM_SPECIAL_EVENTS, index_event
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.rules import Fixed, LoopState, Rules, state_after
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.sampler import Controls, SamplerSettings, fill_with_noise, gumbel
from melody_rnn.sampling.softmax import event_log_likelihoods, log_softmax

TILE_ROWS: Final = 32
"""Stochastic beams are sampled in tiles of about so many rows, so that no melody depends on how many there are."""
# Below any sum of log-likelihoods, above what stands for none.
_IMPOSSIBLE: Final = -1e30
Chosen = tuple[Array, Array, Array]
"""For each row of the next step: its parent's row, its event, and its score."""
Choose = Callable[[Array, LoopState, Array, Array, Array], Chosen]
"""From the step, the state before it, the logits, what the labels mean, and the scores."""


class Continuations(NamedTuple):
    """What a search found, best first.

    Attributes:
        starts: [num_found] int64, which row of the start each melody continues.
        events: [num_found, new_steps] int32, without the primers.
        scores: [num_found] float64, nats.
    """

    starts: NDArray[np.int64]
    events: NDArray[np.int32]
    scores: NDArray[np.float64]


class StochasticBeam(NamedTuple):
    """Magenta's beam.

    Attributes:
        beam_size: How many melodies go on after each iteration.
        branch_factor: Into how many each of them branches.
        steps_per_iteration: Steps that branches are sampled for before the best are chosen.
    """

    beam_size: int = 1
    branch_factor: int = 1
    steps_per_iteration: int = 1


class BeamSearch(ABC):
    """Searches for continuations with a model.

    Attributes:
        num_classes: Number of the model's labels.
        min_note: Its lowest pitch.
        steps_per_compilation: What runs is made for multiples of so many steps.
    """

    steps_per_compilation = 1

    def __init__(self, config: EncodingConfig, num_classes: int) -> None:
        """Makes the search.

        Args:
            config: The model's encoding.
            num_classes: Number of its labels.
        """
        self.num_classes = num_classes
        self.min_note = config.min_note
        num_events = NUM_SPECIAL_EVENTS + config.max_note - config.min_note
        self._events = np.array([index_event(index, config.min_note) for index in range(num_events)], np.int32)

    def best(
        self,
        start: Start,
        new_steps: int,
        beam_size: int,
        start_scores: NDArray[np.float64],
        guide: Guide | None = None,
    ) -> Continuations:
        """Finds the likeliest continuations that a beam finds; where the beam holds every melody, the likeliest of all.

        Args:
            start: One or more primers, all searched together.
            new_steps: Number of events to add, at least 1.
            beam_size: How many melodies go on after each step, at least 1.
            start_scores: Log-likelihood of each primer, [num_starts] nats.
            guide: The constraints, for `new_steps` steps; the likelihoods remain the model's own.

        Returns:
            Up to `beam_size` different melodies with their log-likelihoods at temperature 1, their start's included.

        Raises:
            GenerationError: If the network gives logits that are not finite.
        """
        likeliest = np.argsort(-start_scores, kind="stable")[:beam_size]
        rows = np.resize(likeliest, beam_size)
        scores = np.where(np.arange(beam_size) < len(likeliest), start_scores[rows], -np.inf)
        state, given = self.begun(start, rows, new_steps, guide)
        result = self._search_best(state, *given, np.array(start.ends_note), scores, np.array(new_steps, np.int32))
        events, parents, scores = self.checked(result)
        is_found = np.isfinite(scores)
        starts, sampled = read_back(events, parents, np.flatnonzero(is_found))
        return Continuations(rows[starts], sampled, scores[is_found])

    def stochastic(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        settings: StochasticBeam,
        guide: Guide | None = None,
    ) -> Continuations:
        """Samples one continuation for each row of `start.events` with a beam of its own, as Magenta does.

        The first iteration may be shorter, so that all others have `steps_per_iteration` steps. With one branch and a
        beam of one this is plain sampling.

        Args:
            start: The primers.
            new_steps: Number of events to sample, at least 1.
            controls: The sampler's settings, one value a melody.
            seed: Of the run; melody k depends on it and on k.
            settings: The beam.
            guide: The constraints, for `new_steps` steps.

        Returns:
            For each row the best melody, with the log-likelihood of its labels under the sampler's distribution.

        Raises:
            GenerationError: If the network gives logits that are not finite.

        Source: Magenta's `beam_search` (common/beam_search.py) and `_generate_events` (models/shared/
        events_rnn_model.py), whose score also counts the primer: the same for all, so it decides nothing.
        """
        num_melodies, width = len(start.events), settings.beam_size * settings.branch_factor
        tile = max(1, TILE_ROWS // width)
        tiles = (range(first, first + tile) for first in range(0, num_melodies, tile))
        parts = [self._sample_tile(start, new_steps, controls, seed, settings, guide, melodies) for melodies in tiles]
        events, scores = (np.concatenate(part)[:num_melodies] for part in zip(*parts, strict=True))
        return Continuations(np.arange(num_melodies), events, scores)

    def _sample_tile(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        settings: StochasticBeam,
        guide: Guide | None,
        melodies: range,
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Returns the best events of some melodies of a run; those beyond the last row of the start repeat it."""
        width = settings.beam_size * settings.branch_factor
        noise = np.empty((len(melodies), new_steps, width, self.num_classes), np.float32)
        own = np.minimum(melodies, len(start.events) - 1)
        for number, melody_noise in zip(start.numbers[own].tolist(), noise, strict=True):
            fill_with_noise(melody_noise.reshape(new_steps * width, -1), seed, number)
        by_step = noise.transpose(1, 0, 2, 3).reshape(new_steps, len(melodies) * width, -1)
        rows = np.repeat(own, width)
        row_controls = controls.of_rows(rows, new_steps)
        state, begun = self.begun(start, rows, new_steps, guide, controls)
        given = (state, row_controls, *begun, np.array(start.ends_note), by_step)
        events, parents, scores = self.checked(
            self._search_stochastic(*given, *(np.array(number, np.int32) for number in settings))
        )
        best = scores.reshape(-1, width).argmax(axis=1) + np.arange(0, len(rows), width)
        return read_back(events, parents, best)[1], scores[best]

    def _search_best(
        self,
        state: LoopState,
        guide: Guide | None,
        fixed: Fixed | None,
        cues: Array,
        ends_note: Array,
        scores: Array,
        new_steps: Array,
    ) -> tuple[Array, ...]:
        beam_size, num_events = scores.shape[0], self._events.shape[0]
        controls, xp = SamplerSettings().controls(1), namespace(scores)
        rules = Rules(controls, guide, fixed, ends_note, self.min_note)

        def choose(step: Array, state: LoopState, logits: Array, meanings: Array, scores: Array) -> Chosen:
            log_probabilities = rules.restrict(step, state, log_softmax(logits), meanings)[:, np.newaxis]
            events = self._events[np.newaxis]
            log_likelihoods = event_log_likelihoods(log_probabilities, meanings[:, np.newaxis], events)
            totals = scores[:, np.newaxis] + xp.asarray(log_likelihoods, xp.float64)
            best, places = xp.top_k(xp.reshape(totals, [-1]), beam_size)
            # What cannot be goes on as a copy of the best, out of the race.
            is_possible = best > _IMPOSSIBLE
            places = xp.where(is_possible, places, places[0])
            best = xp.where(is_possible, best, -float("inf"))
            return places // num_events, xp.take(self._events, places % num_events, axis=0), best

        return self.run(choose, rules, state, cues, scores, new_steps)

    def _search_stochastic(
        self,
        state: LoopState,
        controls: Controls,
        guide: Guide | None,
        fixed: Fixed | None,
        cues: Array,
        ends_note: Array,
        noise: Array,
        beam_size: Array,
        branch_factor: Array,
        steps_per_iteration: Array,
    ) -> tuple[Array, ...]:
        new_steps, num_rows, _ = noise.shape
        xp = namespace(beam_size)
        width, rows = beam_size * branch_factor, xp.arange(num_rows)
        rules = Rules(controls, guide, fixed, ends_note, self.min_note)

        def choose(step: Array, state: LoopState, logits: Array, meanings: Array, scores: Array) -> Chosen:
            event, label, logits, _ = rules.choose(step, state, logits, meanings, gumbel(noise[step]))
            own = xp.take_along_axis(log_softmax(logits), label[:, np.newaxis], axis=1)[:, 0]
            scores = scores + xp.asarray(own, xp.float64)
            _, best = xp.top_k(xp.reshape(scores, [-1, width]), beam_size)
            branches = xp.tile(best, [1, branch_factor]) + rows[::width, np.newaxis]
            steps_left = new_steps - 1 - step
            is_iteration_over = (steps_left % steps_per_iteration == 0) & (steps_left > 0)
            parent = xp.where(is_iteration_over, xp.reshape(branches, [-1]), rows)
            return parent, xp.take(event, parent, axis=0), xp.take(scores, parent, axis=0)

        return self.run(choose, rules, state, cues, np.zeros(num_rows), np.array(new_steps, np.int32))

    def compiled(self, search: Callable[..., tuple[Array, ...]]) -> Callable[..., tuple[Array, ...]]:
        """Returns a function of arrays that calls `run`, made fast if the engine can."""
        return search

    @abstractmethod
    def run(
        self, choose: Choose, rules: Rules, state: LoopState, cues: Array, scores: Array, new_steps: Array
    ) -> tuple[Array, ...]:
        """Returns events and parents [new_steps, rows] int32, the last scores [rows], and whether all was finite."""

    @abstractmethod
    def _states(
        self, primers: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]
    ) -> tuple[Any, Any]:
        """Returns the states of the encoding and of the network before the last event of each primer.

        Args:
            primers: [rows, num_given].
            steps_per_bar: [rows].
            cues: [rows, num_given, num_cues], of the given steps.
        """

    def begun(
        self,
        start: Start,
        rows: NDArray[np.int64],
        new_steps: int,
        guide: Guide | None,
        controls: Controls | None = None,
    ) -> tuple[LoopState, tuple[Guide | None, Fixed | None, Array]]:
        """Returns where rows of a start stand before their last event, and what they keep to: guide, fixed, cues.

        `controls` are the sampler's settings, where there are any; they say what the state must know.
        """
        primers, bars, cues = start.events[rows], start.steps_per_bar[rows], start.cues[rows]
        num_given = primers.shape[1]
        states = self._states(primers, bars, cues[:, :num_given])
        own_guide = guide and guide.of_rows(rows, new_steps)
        fixed = start.fixed and start.fixed.of_rows(rows, new_steps)
        controls = controls or SamplerSettings().controls(1)
        state = state_after(primers, bars, controls, new_steps if fixed else None, states)
        state = state._replace(place=own_guide.state) if own_guide else state
        return state, (own_guide, fixed, cues[:, num_given:])

    def checked(self, result: tuple[Array, ...]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Returns what `run` gave as arrays, without the last.

        Raises:
            GenerationError: If the network gave logits that are not finite.
        """
        events, parents, scores, is_finite = map(np.asarray, result)
        if not is_finite:
            raise GenerationError("the model gave logits that are not finite; its weights are damaged")
        return events, parents, scores


def read_back(
    events: NDArray[np.int32], parents: NDArray[np.int32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Follows rows of the last step back to the first.

    Returns:
        The row that each started from, [num_rows] int64, and its events [num_rows, steps] int32.
    """
    steps = []
    for event, parent in zip(events[::-1], parents[::-1], strict=True):
        steps.append(event[rows])
        rows = parent[rows].astype(np.int64)
    return rows, np.stack(steps[::-1], axis=1)
