"""Look-ahead: melodies drawn from the model's own distribution over all melodies that meet the constraints.

Plain sampling masks what must not come and renormalises step by step, so a melody learns of what is fixed only when it
is there. Here each melody is one of N particles. A particle weighs as much as the probability that the masks left at
each of its steps, sum over the allowed labels of softmax(z / T), times what potentials say; weights, as chords give
them to notes, count as soft masks. Where the particles' weights have become too unlike, they go on from the better ones
among them; in the end one is drawn by its weight. With many particles that is an exact draw from

    p(melody | constraints) = p(melody) * prod potentials / Z

where p is the sampler's distribution at its temperature, and the mean weight estimates Z without bias: the probability
that a melody of the model meets the constraints by itself. Truncation and repetition control remain what they are for
each step, before and after.

The weight of a step does not depend on the event that is drawn there, so particles are resampled before the draw: those
that go on from one place part at once.

Source: sequential Monte Carlo, Gordon et al. 1993, with the fully adapted auxiliary filter of Pitt and Shephard 1999;
for language models Lew et al. 2023, arXiv:2306.03081, and Zhao et al. 2024, arXiv:2404.17546.
"""

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.errors import ConstraintError, InvalidArgumentError
from melody_rnn.generation.beam import BeamSearch, read_back
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.potentials import Played, Potential, pace
from melody_rnn.generation.rules import FREE, Fixed, LoopState, Rules
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.line import stretches_of
from melody_rnn.sampling.sampler import Controls, fill_with_noise, gumbel
from melody_rnn.sampling.transforms import Now, Stage

DEFAULT_PARTICLES: Final = 16
MAX_PARTICLES: Final = 256
TILE_ROWS: Final = 32
_NEEDING: Final = ("rhythm", "end_on", "keep", "keep_rhythm", "keep_pitches")
"""Constraints that a melody does not meet by itself, or that come as a surprise."""
# Each particle has noise of its own; the first one's is the plain melody's.
_NEXT_PARTICLE: Final = 2**32
_RESAMPLING: Final = MAX_PARTICLES * _NEXT_PARTICLE


@dataclass(frozen=True)
class LookAhead:
    """How particles are drawn.

    Attributes:
        num_particles: Of each melody, from 2 to `MAX_PARTICLES`.
        potentials: The soft targets.
    """

    num_particles: int
    potentials: tuple[Potential, ...] = ()


class Outlook(NamedTuple):
    """What look-ahead says of a melody.

    Attributes:
        num_particles: How many particles it is one of.
        effective_sample_size: How many of them counted where fewest did, from 1 to `num_particles`.
        log_probability: The estimated logarithm, nats, of the probability that a melody of the model meets the
            constraints and has what is fixed, times what the potentials give.
    """

    num_particles: int
    effective_sample_size: float
    log_probability: float


class Drawn(NamedTuple):
    """What a run of particles gave.

    Attributes:
        events: [num_melodies, new_steps] int32, without the primers.
        outlooks: Of each melody.
    """

    events: NDArray[np.int32]
    outlooks: tuple[Outlook, ...]


def count_particles(asked: int | None, constraints: Collection[str], is_soft: bool) -> int:
    """Returns how many particles a melody has: as many as were asked for, or else as the constraints need.

    Args:
        asked: How many; None for what is needed.
        constraints: Their names, as `Constraints.given` has them.
        is_soft: Whether there are soft targets.
    """
    is_needed = is_soft or any(name in constraints for name in _NEEDING)
    return asked or (DEFAULT_PARTICLES if is_needed else 1)


def plan_look_ahead(
    asked: int | None, constraints: Constraints | None, potentials: tuple[Potential, ...], temperature: Array
) -> LookAhead | None:
    """Returns how far to look ahead, or None for plain sampling.

    Args:
        asked: How many particles; None for as many as constraints need.
        constraints: What melodies must be like.
        potentials: The soft targets.
        temperature: The sampler's, an array; at 0 there is one melody only, whatever comes.

    Raises:
        InvalidArgumentError: If `asked` is out of its range, or leaves potentials without effect.
    """
    if asked is not None and not 1 <= asked <= MAX_PARTICLES:
        raise InvalidArgumentError(f"look_ahead must be from 1 to {MAX_PARTICLES}, got {asked}")
    given = constraints.given() if constraints else {}
    count = count_particles(asked, given, bool(potentials))
    is_greedy = bool((np.asarray(temperature) == 0).any())
    if potentials and (count == 1 or is_greedy):
        why = "at temperature 0 there is one melody" if is_greedy else "look_ahead is 1"
        raise InvalidArgumentError(
            f"{potentials[0].name} is a soft target, which needs particles to choose from: {why}"
        )
    if count == 1 or is_greedy:
        return None
    line = stretches_of(constraints.keep_pitches or {}) if constraints else []
    return LookAhead(count, (*potentials, *([pace(line)] if line else [])))


class _Scores(NamedTuple):
    """What is known of particles, each but the last [rows] float64.

    Attributes:
        log_weight: Since the last resampling, and before it the mean of its melody.
        potential: What the potentials said of it last.
        fewest: The least effective sample size of its melody.
        lost: The step at which no particle of its melody could go on; -1 for none.
        steering: As in `LoopState`; it is carried here since it changes between two particles' parting and the draw.
    """

    log_weight: Array
    potential: Array
    fewest: Array
    lost: Array
    steering: Any = ()


class Particles:
    """Draws melodies with look-ahead, by either engine."""

    def __init__(self, beams: BeamSearch) -> None:
        """Makes it from the engine's searches, which know how to go on with some of a batch's melodies."""
        self._beams = beams
        self._searches: dict[object, Any] = {}

    def __call__(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        look_ahead: LookAhead,
        guide: Guide | None = None,
        transpositions: NDArray[np.int32] | None = None,
        on_done: Callable[[int], object] | None = None,
    ) -> Drawn:
        """Draws one continuation for each row of `start.events`.

        Args:
            start: The primers.
            new_steps: Number of events to draw, at least 1.
            controls: The sampler's settings, one value a melody.
            seed: Of the run; melody k depends on it and on k.
            look_ahead: How.
            guide: The constraints, for `new_steps` steps.
            transpositions: [num_melodies] int32, by how many semitones the model plays above what sounds; 0 if None.
            on_done: Called with the number of melodies each time that some are done, from any thread.

        Raises:
            ConstraintError: If no particle of a melody has any probability left; the message names the step.
            GenerationError: If the network gives logits that are not finite.
        """
        num_melodies = len(start.events)
        if transpositions is None:
            transpositions = np.zeros(num_melodies, np.int32)
        if look_ahead.potentials and start.fixed is None:
            # What is fixed keeps the past, which potentials see.
            start = replace(start, fixed=_nothing_fixed(num_melodies, new_steps))
        tile = max(1, TILE_ROWS // look_ahead.num_particles)

        def one_tile(first: int) -> Drawn:
            rows = np.minimum(np.arange(first, first + tile), num_melodies - 1)
            drawn = self._draw_tile(start, new_steps, controls, seed, look_ahead, guide, transpositions, rows)
            if on_done:
                on_done(min(tile, num_melodies - first))
            return drawn

        starts = range(0, num_melodies, tile)
        if len(starts) == 1:
            parts = [one_tile(0)]
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                parts = list(pool.map(one_tile, starts))
        events = np.concatenate([part.events for part in parts])[:num_melodies]
        return Drawn(events, tuple(outlook for part in parts for outlook in part.outlooks)[:num_melodies])

    def _draw_tile(
        self,
        start: Start,
        new_steps: int,
        controls: Controls,
        seed: int,
        look_ahead: LookAhead,
        guide: Guide | None,
        transpositions: NDArray[np.int32],
        melodies: NDArray[np.int64],
    ) -> Drawn:
        """Draws some melodies of a run."""
        beams, width = self._beams, look_ahead.num_particles
        max_steps = -(-new_steps // beams.steps_per_compilation) * beams.steps_per_compilation
        noise = np.empty((len(melodies) * width, max_steps, beams.num_classes), np.float32)
        uniform = np.empty((len(melodies), max_steps + 1), np.float32)
        for place, number in enumerate(start.numbers[melodies].tolist()):
            for particle in range(width):
                fill_with_noise(noise[place * width + particle], seed, number + particle * _NEXT_PARTICLE)
            fill_with_noise(uniform[place : place + 1].T, seed, number + _RESAMPLING)
        rows = np.repeat(melodies, width)
        state, begun = beams.begun(start, rows, max_steps, guide, controls)
        tile = _Tile(start, rows, new_steps, transpositions[rows, np.newaxis], width, look_ahead.potentials)
        given = (state, controls.of_rows(rows, max_steps), *begun, np.array(start.ends_note))
        search = self._search(look_ahead, start.events.shape[1], tile.num_bars)
        others = (tile.transpositions, tile.steps_per_bar, np.array(new_steps, np.int32))
        events, parents, scores = beams.checked(search(*given, noise, uniform[:, 1:], *others))
        return tile.draw(events[:new_steps], parents[:new_steps], _Scores(*scores), uniform[:, 0])

    def _search(self, look_ahead: LookAhead, num_given: int, num_bars: int) -> Callable[..., tuple[Array, ...]]:
        """Returns what runs particles, compiled where the engine compiles."""
        key = (look_ahead, num_given, num_bars) if look_ahead.potentials else look_ahead.num_particles
        if key not in self._searches:
            beams, width, potentials = self._beams, look_ahead.num_particles, look_ahead.potentials

            def search(
                state: LoopState,
                controls: Controls,
                guide: Guide | None,
                fixed: Fixed | None,
                cues: Array,
                ends_note: Array,
                noise: Array,
                uniform: Array,
                transpositions: Array,
                steps_per_bar: Array,
                new_steps: Array,
            ) -> tuple[Array, ...]:
                rules = Rules(controls, guide, fixed, ends_note, beams.min_note)
                perturbations, xp = gumbel(noise), namespace(noise)
                num_rows = noise.shape[0]

                def choose(step: Array, state: LoopState, logits: Array, meanings: Array, scores: Array) -> Any:
                    known = _Scores(*scores)
                    restricted = rules.restrict(step, state, logits, meanings)
                    now = state._replace(steering=known.steering).now(step, meanings)
                    weighted = rules.weigh(step, logits, meanings)
                    gained = log_share(logits, restricted, controls.at(step), now, weighted)
                    log_weight, potential = known.log_weight + xp.asarray(gained, xp.float64), known.potential
                    if potentials:
                        played = Played(
                            _sounding(state.past, transpositions),
                            num_given + step,
                            num_given,
                            num_given + new_steps,
                            num_bars,
                            steps_per_bar,
                        )
                        potential = total(potentials, played)
                        log_weight = log_weight + _change(known.potential, potential)
                    known = known._replace(log_weight=log_weight, potential=potential)
                    parent, known = resample(step, known, width, uniform[:, step], scores[0])
                    logits, restricted, meanings = (
                        xp.take(part, parent, axis=0) for part in (logits, restricted, meanings)
                    )
                    state = state._replace(steering=known.steering).of_rows(parent)
                    choice = rules.draw(step, state, logits, restricted, meanings, perturbations[:, step])
                    return parent, choice.event, tuple(known._replace(steering=choice.steering))

                zeros = np.zeros(num_rows)
                lost = np.full(num_rows, -1.0)
                first = tuple(_Scores(zeros, zeros, np.full(num_rows, float(width)), lost, state.steering))
                events, parents, scores, is_finite = beams.run(choose, rules, state, cues, first, new_steps)
                return events, parents, scores[:4], is_finite

            self._searches[key] = beams.compiled(search)
        found: Callable[..., tuple[Array, ...]] = self._searches[key]
        return found


def log_share(logits: Array, restricted: Array, controls: Controls, now: Now, weighted: Array | None = None) -> Array:
    """Returns the logarithm of the weight that is left of a step's distribution, [batch] float32.

    Without weights that is the probability of what may be chosen, at most 0.

    Args:
        logits: [batch, num_classes] float32, the network's own.
        restricted: [batch, num_classes] float32, -inf for labels that must not be chosen.
        controls: Of the step; its temperature and repetition control make the distribution.
        now: What transforms know of the step.
        weighted: [batch, num_classes] float32, the logits with the weights of soft wishes; None for the logits.
    """
    xp = namespace(logits)

    def share(stages: tuple[Stage, ...]) -> Array:
        applied = controls.apply(stages, logits, now)
        left = applied
        if weighted is not None and weighted is not logits:
            # The weights are tempered as the logits are, and so is what is drawn. What is no note weighs nothing, by
            # which both distributions can be compared.
            own, is_still = controls.apply(stages, weighted, now), now.label_events < 0
            before, after = (
                xp.logsumexp(xp.where(is_still, part, -float("inf")), axis=1, keepdims=True) for part in (applied, own)
            )
            left = own + before - after
        left = xp.where(restricted > -float("inf"), left, -float("inf"))
        return xp.logsumexp(left, axis=1) - xp.logsumexp(applied, axis=1)

    if not controls.counts_onsets:
        return share(("temperature",))
    controlled = share(("repetition", "temperature"))
    # What is fixed beforehand goes before repetition control, which then has no say.
    return xp.where(controlled > -float("inf"), controlled, share(("temperature",)))


def resample(step: Array, scores: _Scores, width: int, uniform: Array, before: Array) -> tuple[Array, _Scores]:
    """Lets particles go on from the better ones where fewer than half of them count: systematic resampling.

    Args:
        step: [] int32.
        scores: Of particles, those of a melody in a row.
        width: Particles of each melody.
        uniform: [num_melodies] float32 in [0, 1).
        before: [rows] float64, the logarithms of the weights before this step, which stay where none is left.

    Returns:
        From which row each particle goes on, [rows] int32, and the scores of the particles that do.

    Source: Kitagawa 1996, 'Monte Carlo filter and smoother', appendix.
    """
    xp = namespace(scores.log_weight)
    by_melody = xp.reshape(scores.log_weight, [-1, width])
    is_left = xp.max(by_melody, axis=1, keepdims=True) > -float("inf")
    by_melody = xp.where(is_left, by_melody, xp.reshape(before, [-1, width]))
    shares = xp.softmax(by_melody)
    size = 1.0 / xp.sum(shares * shares, axis=1, keepdims=True)
    bounds = xp.sum(xp.where(_is_up_to(width), shares[:, np.newaxis], 0.0), axis=2)
    uniform = xp.asarray(uniform, xp.float64)[:, np.newaxis]
    places = (np.arange(width) + uniform) / width * bounds[:, -1:]
    chosen = xp.sum(xp.asarray(bounds[:, np.newaxis] <= places[:, :, np.newaxis], xp.int32), axis=2)
    own = xp.asarray(np.arange(width, dtype=np.int32)[np.newaxis] + xp.zeros_like(chosen), xp.int32)
    is_due = size < width / 2
    firsts = xp.arange(scores.log_weight.shape[0])[::width][:, np.newaxis]
    parent = xp.reshape(xp.where(is_due, chosen, own) + firsts, [-1])
    mean = xp.logsumexp(by_melody, axis=1, keepdims=True) - np.log(width)
    log_weight = xp.reshape(xp.where(is_due, mean, by_melody), [-1])
    fewest = xp.minimum(xp.reshape(scores.fewest, [-1, width]), size)
    lost = xp.reshape(scores.lost, [-1, width])
    is_lost = (lost < 0) & ~is_left
    lost = xp.where(is_lost, xp.asarray(step, xp.float64), lost)
    return parent, scores._replace(
        log_weight=log_weight,
        potential=xp.take(scores.potential, parent, axis=0),
        fewest=xp.reshape(fewest, [-1]),
        lost=xp.reshape(lost, [-1]),
    )


def _is_up_to(width: int) -> NDArray[np.bool_]:
    """Returns whether particle j comes up to particle i, [1, i, j] bool."""
    return np.tril(np.ones((1, width, width), bool))


def total(potentials: tuple[Potential, ...], played: Played) -> Array:
    """Returns the sum of potentials of what is played, [batch] float64."""
    xp = namespace(played.events)
    values = [xp.asarray(potential.function(played), xp.float64) for potential in potentials]
    return sum(values[1:], values[0])


def _change(before: Array, after: Array) -> Array:
    """Returns by how much a potential has changed; -inf stays."""
    xp = namespace(after)
    return xp.where(before > -float("inf"), after - xp.where(before > -float("inf"), before, 0.0), -float("inf"))


def _sounding(events: Array, transpositions: Array) -> Array:
    return namespace(events).where(events >= 0, events - transpositions, events)


def _nothing_fixed(num_melodies: int, new_steps: int) -> Fixed:
    events = np.full((num_melodies, new_steps), FREE, np.int32)
    return Fixed(events, np.zeros_like(events), np.tile(np.array([0, 127], np.int32), (num_melodies, 1)))


@dataclass(frozen=True)
class _Tile:
    """Some melodies of a run, each in as many rows as it has particles."""

    start: Start
    rows: NDArray[np.int64]
    new_steps: int
    transpositions: NDArray[np.int32]
    width: int
    potentials: tuple[Potential, ...]

    @property
    def steps_per_bar(self) -> NDArray[np.int32]:
        """Of each row, [rows, 1] int32."""
        return self.start.steps_per_bar[self.rows, np.newaxis]

    @property
    def num_bars(self) -> int:
        """In how many bars of the run something new lies, at most."""
        num_given, bars = self.start.events.shape[1], self.start.steps_per_bar
        return int(((num_given + self.new_steps - 1) // bars - num_given // bars).max()) + 1

    def draw(
        self, events: NDArray[np.int32], parents: NDArray[np.int32], scores: _Scores, uniform: NDArray[np.float32]
    ) -> Drawn:
        """Draws one particle of each melody by its weight.

        Args:
            events: [new_steps, rows] int32.
            parents: [new_steps, rows] int32, from which row each particle went on before its event.
            scores: Of the particles after the last step.
            uniform: [num_melodies] float32 in [0, 1).

        Raises:
            ConstraintError: If a melody has no particle left.
        """
        _, paths = read_back(events, parents, np.arange(len(self.rows)))
        log_weight, lost = scores.log_weight, scores.lost.copy()
        if self.potentials:
            log_weight = log_weight + _change(scores.potential, total(self.potentials, self._played(paths)))
            is_over = ~np.isfinite(log_weight.reshape(-1, self.width)).any(axis=1)
            lost = np.where((lost < 0) & np.repeat(is_over, self.width), self.new_steps - 1, lost)
        if (lost >= 0).any():
            self._fail(int(np.flatnonzero(lost >= 0)[0]), lost, scores.log_weight)
        by_melody = log_weight.reshape(-1, self.width)
        shares = np.exp(by_melody - by_melody.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        bounds = shares.cumsum(axis=1)
        chosen = (bounds <= uniform[:, np.newaxis] * bounds[:, -1:]).sum(axis=1)
        sizes = np.minimum(scores.fewest.reshape(-1, self.width)[:, 0], 1 / (shares**2).sum(axis=1))
        most = by_melody.max(axis=1)
        means = most + np.log(np.exp(by_melody - most[:, np.newaxis]).mean(axis=1))
        outlooks = (Outlook(self.width, *pair) for pair in zip(sizes.tolist(), means.tolist(), strict=True))
        return Drawn(paths.reshape(-1, self.width, self.new_steps)[np.arange(len(chosen)), chosen], tuple(outlooks))

    def _played(self, paths: NDArray[np.int32]) -> Played:
        given = self.start.events[self.rows]
        events = _sounding(np.concatenate([given, paths], axis=1), self.transpositions)
        num_steps = np.array(events.shape[1], np.int32)
        return Played(events, num_steps, given.shape[1], num_steps, self.num_bars, self.steps_per_bar)

    def _fail(self, row: int, lost: NDArray[np.float64], log_weight: NDArray[np.float64]) -> None:
        step = self.start.events.shape[1] + int(lost[row])
        first = row - row % self.width
        reached = log_weight[first : first + self.width].max()
        names = " and ".join(potential.name for potential in self.potentials) or "the constraints"
        raise ConstraintError(
            f"none of {self.width} particles meets {names} at step {step} "
            f"(bar {step // int(self.start.steps_per_bar[self.rows[row]]) + 1}); what came before had a probability of "
            f"about e^{reached:.0f}: ask for less, or for more particles"
        )
