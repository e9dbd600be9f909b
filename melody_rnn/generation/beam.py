"""Beam search: continuations side by side, the best of which go on.

`BeamSearch.best` is deterministic: it keeps the likeliest melodies, by the model's own probabilities of events (all
labels that stand for an event together, temperature 1). All melodies of a search are equally long, so dividing by their
length changes no order; nats per event are what such a division gives. `BeamSearch.stochastic` is Magenta's: branches
are sampled, and scored by the sampler's own, tempered distribution of labels.

Both share one loop. The state that it carries from step to step is gathered by parents, and the melodies are read off
backwards from the last step.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.encodings.encoding import index_events
from melody_rnn.errors import GenerationError
from melody_rnn.events import NO_EVENT
from melody_rnn.generation.loop import Arrays, Fixed, LoopState, Rules, Start, compiled_states_after
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.repetition import last_onsets
from melody_rnn.sampling.sampler import Controls, draw, fill_with_noise, gumbel, transform
from melody_rnn.sampling.temperature import event_log_likelihoods, log_softmax

TILE_ROWS: Final = 32
"""Stochastic beams are sampled in tiles of about so many rows, so that no melody depends on how many there are."""
# Below any sum of log-likelihoods, above what stands for none.
_IMPOSSIBLE: Final = -1e30
Chosen = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""For each row of the next step: its parent's row, its event, and its score."""
Choose = Callable[[tf.Tensor, LoopState, tf.Tensor, tf.Tensor, tf.Tensor], Chosen]
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


class BeamSearch:
    """Searches for continuations with an encoding and a network."""

    def __init__(self, encoding: Encoding, network: MelodyNetwork) -> None:
        """Makes the search."""
        self._encoding = encoding
        self._network = network
        self._batch_axes = _batch_axes(lambda size: (encoding.initial_state(size), network.initial_state(size)))
        self._events = index_events(encoding.config)
        self._best = tf.function(self._search_best, autograph=False)
        self._stochastic = tf.function(self._search_stochastic, autograph=False)
        self._forward = compiled_states_after(encoding, network)

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
        state, given = self._begun(start, rows, new_steps, guide)
        result = self._best(state, *given, tf.constant(start.ends_note), tf.constant(scores), tf.constant(new_steps))
        events, parents, scores = self._checked(result)
        is_found = np.isfinite(scores)
        starts, sampled = _read_back(events, parents, np.flatnonzero(is_found))
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
        noise = np.empty((len(melodies), new_steps, width, self._encoding.num_classes), np.float32)
        own = np.minimum(melodies, len(start.events) - 1)
        for number, melody_noise in zip(start.numbers[own].tolist(), noise, strict=True):
            fill_with_noise(melody_noise.reshape(new_steps * width, -1), seed, number)
        by_step = noise.transpose(1, 0, 2, 3).reshape(new_steps, len(melodies) * width, -1)
        rows = np.repeat(own, width)
        row_controls = controls.of_rows(rows, new_steps)
        state, begun = self._begun(start, rows, new_steps, guide)
        if controls.counts_onsets:
            state = state._replace(onsets=last_onsets(start.events[rows]))
        given = (state, row_controls, *begun, tf.constant(start.ends_note), by_step)
        events, parents, scores = self._checked(self._stochastic(*given, *map(tf.constant, settings)))
        best = scores.reshape(-1, width).argmax(axis=1) + np.arange(0, len(rows), width)
        return _read_back(events, parents, best)[1], scores[best]

    def _search_best(
        self,
        state: LoopState,
        guide: Guide | None,
        fixed: Fixed | None,
        cues: tf.Tensor,
        ends_note: tf.Tensor,
        scores: tf.Tensor,
        new_steps: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        beam_size, num_events = scores.shape[0], self._events.shape[0]
        controls = Controls(temperature=tf.constant(1.0))
        rules = Rules(controls, guide, fixed, ends_note, self._encoding.config.min_note)

        def choose(
            step: tf.Tensor, state: LoopState, logits: tf.Tensor, meanings: tf.Tensor, scores: tf.Tensor
        ) -> Chosen:
            log_probabilities = rules.restrict(step, state, log_softmax(logits), meanings)[:, tf.newaxis]
            events = self._events[tf.newaxis]
            log_likelihoods = event_log_likelihoods(log_probabilities, meanings[:, tf.newaxis], events)
            totals = scores[:, tf.newaxis] + tf.cast(log_likelihoods, tf.float64)
            best, places = tf.math.top_k(tf.reshape(totals, [-1]), beam_size)
            # What cannot be goes on as a copy of the best, out of the race.
            is_possible = best > _IMPOSSIBLE
            places = tf.where(is_possible, places, places[0])
            best = tf.where(is_possible, best, tf.constant(-float("inf"), tf.float64))
            return places // num_events, tf.gather(self._events, places % num_events), best

        return self._run(choose, rules, state, cues, scores, new_steps)

    def _search_stochastic(
        self,
        state: LoopState,
        controls: Controls,
        guide: Guide | None,
        fixed: Fixed | None,
        cues: tf.Tensor,
        ends_note: tf.Tensor,
        noise: tf.Tensor,
        beam_size: tf.Tensor,
        branch_factor: tf.Tensor,
        steps_per_iteration: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        new_steps, num_rows, _ = noise.shape
        width, rows = beam_size * branch_factor, tf.range(num_rows)
        rules = Rules(controls, guide, fixed, ends_note, self._encoding.config.min_note)

        def choose(
            step: tf.Tensor, state: LoopState, logits: tf.Tensor, meanings: tf.Tensor, scores: tf.Tensor
        ) -> Chosen:
            logits = transform(rules.restrict(step, state, logits, meanings), controls.at(step))
            label = draw(logits, gumbel(noise[step]))
            event = tf.gather(meanings, label, axis=1, batch_dims=1)
            scores += tf.cast(tf.gather(log_softmax(logits), label, axis=1, batch_dims=1), tf.float64)
            _, best = tf.math.top_k(tf.reshape(scores, [-1, width]), beam_size)
            branches = tf.tile(best, [1, branch_factor]) + rows[::width, tf.newaxis]
            steps_left = new_steps - 1 - step
            is_iteration_over = (steps_left % steps_per_iteration == 0) & (steps_left > 0)
            parent = tf.where(is_iteration_over, tf.reshape(branches, [-1]), rows)
            return parent, tf.gather(event, parent), tf.gather(scores, parent)

        return self._run(choose, rules, state, cues, tf.zeros([num_rows], tf.float64), tf.constant(new_steps))

    def _run(
        self,
        choose: Choose,
        rules: Rules,
        state: LoopState,
        cues: tf.Tensor,
        scores: tf.Tensor,
        new_steps: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        """Returns events and parents [new_steps, rows] int32, the last scores [rows], and whether all was finite."""
        encoding, network, num_rows = self._encoding, self._network, scores.shape[0]

        def body(
            step: tf.Tensor, state: LoopState, scores: tf.Tensor, written: Arrays, check: tf.Tensor
        ) -> tuple[Any, ...]:
            inputs, encoding_state = encoding.step(state.event, state.encoding_state, cues[:, step])
            logits, rnn_state = network.step(inputs, state.rnn_state)
            check += 0.0 * logits
            parent, event, scores = choose(step, state, logits, encoding.label_events(encoding_state), scores)
            states = _gather((encoding_state, rnn_state), self._batch_axes, parent)
            others = tf.nest.map_structure(lambda tensor: tf.gather(tensor, parent), tuple(state[3:]))
            state = rules.advance(step, LoopState(event, *states, *others), event)
            written = tuple(array.write(step, row) for array, row in zip(written, (event, parent), strict=True))
            return step + 1, state, scores, written, check

        arrays = tuple(tf.TensorArray(tf.int32, new_steps, element_shape=[num_rows]) for _ in range(2))
        first = (tf.constant(0), state, scores, arrays, tf.zeros([num_rows, encoding.num_classes]))
        _, _, scores, written, check = tf.while_loop(lambda step, *_: step < new_steps, body, first)
        return (*(array.stack() for array in written), scores, tf.reduce_all(check == 0))

    def _begun(
        self, start: Start, rows: NDArray[np.int64], new_steps: int, guide: Guide | None
    ) -> tuple[LoopState, tuple[Guide | None, Fixed | None, tf.Tensor]]:
        """Returns where rows of a start stand before their last event, and what they keep to: guide, fixed, cues."""
        primers, bars, cues = start.events[rows], start.steps_per_bar[rows], start.cues[rows]
        num_given = primers.shape[1]
        if num_given > 1:
            states = self._forward(primers[:, :-1], bars, cues[:, :num_given])
        else:
            states = self._encoding.initial_state(len(rows), bars), self._network.initial_state(len(rows))
        own_guide = guide and guide.of_rows(rows, new_steps)
        fixed = start.fixed and start.fixed.of_rows(rows, new_steps)
        past = np.pad(primers, [(0, 0), (0, new_steps)], constant_values=NO_EVENT) if fixed else ()
        state = LoopState(tf.constant(primers[:, -1]), *states, place=own_guide.state if own_guide else (), past=past)
        return state, (own_guide, fixed, tf.constant(cues[:, num_given:]))

    def _checked(self, result: tuple[tf.Tensor, ...]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        events, parents, scores, is_finite = (tensor.numpy() for tensor in result)
        if not is_finite:
            raise GenerationError("the model gave logits that are not finite; its weights are damaged")
        return events, parents, scores


def _batch_axes(make_state: Callable[[int], Any]) -> Any:
    """Returns which axis of each tensor of a state is the batch, or -1 where it has none."""

    def axis(of_two: tf.Tensor, of_three: tf.Tensor) -> int:
        return next(
            (i for i, (two, three) in enumerate(zip(of_two.shape, of_three.shape, strict=True)) if two != three), -1
        )

    return tf.nest.map_structure(axis, make_state(2), make_state(3))


def _gather(state: Any, batch_axes: Any, rows: tf.Tensor) -> Any:
    """Returns a state with `rows` [batch] int32 of its batch."""
    return tf.nest.map_structure(
        lambda tensor, axis: tensor if axis < 0 else tf.gather(tensor, rows, axis=axis), state, batch_axes
    )


def _read_back(
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
