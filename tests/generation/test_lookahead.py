"""Look-ahead against enumeration, by a network that is a table, and in both engines."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from melody_rnn import MelodyRNN
from melody_rnn.config import EncodingConfig
from melody_rnn.errors import ConstraintError, InvalidArgumentError
from melody_rnn.generation import lookahead
from melody_rnn.generation.beam import BeamSearch
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.lookahead import LookAhead, Particles, plan_look_ahead
from melody_rnn.generation.potentials import BarTargets, Played, Potential, contour, density, pace
from melody_rnn.generation.rules import FREE, Fixed
from melody_rnn.sampling.automaton import Automaton, Close, Situation
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.line import stretches_of
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Steps
from melody_rnn.sampling.softmax import log_softmax

CONFIG = EncodingConfig("one_hot", 60, 72)
EVENTS = np.array([-2, -1, 60, 61, 62], np.int32)
NUM_STEPS, WIDTH = 5, 32
LOGITS = np.random.default_rng(5).normal(0, 1.5, (NUM_STEPS, 5, 5)).astype(np.float32)
"""By step, last event and next event."""


class Table(BeamSearch):
    """The seam of an engine, with `LOGITS` in place of a network."""

    def _states(self, primers, steps_per_bar, cues):
        return (), ()

    def run(self, choose, rules, state, cues, scores, new_steps):
        written = []
        for step in range(int(new_steps)):
            logits = LOGITS[step, np.searchsorted(EVENTS, state.event)]
            meanings = np.tile(EVENTS, (len(logits), 1))
            parent, event, scores = choose(step, state, logits, meanings, scores)
            state = rules.advance(step, state.of_rows(parent), event)
            written.append((event, parent))
        return (*(np.stack(part) for part in zip(*written, strict=True)), scores, True)


@pytest.fixture
def particles(monkeypatch):
    monkeypatch.setattr(lookahead, "TILE_ROWS", 500 * WIDTH)
    return Particles(Table(CONFIG, 5))


def drawn(particles, guide=None, potentials=(), num_melodies=1500, seed=1, **settings):
    start = Start.of_streams(np.full((num_melodies, 1), 60, np.int32), NUM_STEPS, CONFIG, steps_per_bar=3)
    controls = SamplerSettings(**settings).controls(num_melodies)
    return particles(start, NUM_STEPS, controls, seed, LookAhead(WIDTH, tuple(potentials)), guide)


def enumerated(is_met, temperature=1.0, potential=lambda line: 0.0):
    """Returns the probability of each melody times its potential, and zero where constraints are not met."""
    log_probabilities = log_softmax(LOGITS / temperature)
    joint = {}
    for line in itertools.product(EVENTS.tolist(), repeat=NUM_STEPS):
        if is_met(line):
            places = np.searchsorted(EVENTS, [60, *line])
            steps = log_probabilities[np.arange(NUM_STEPS), places[:-1], places[1:]]
            joint[line] = float(np.exp(steps.sum(dtype=np.float64) + potential(line)))
    return joint


def agree(result, joint):
    """Compares frequencies with enumeration: melodies that are too rare are taken together."""
    lines, counts = np.unique(result.events, axis=0, return_counts=True)
    found = {tuple(line): count for line, count in zip(lines.tolist(), counts.tolist(), strict=True)}
    assert set(found) <= set(joint)
    total, num = sum(joint.values()), len(result.events)
    expected = {line: num * value / total for line, value in joint.items()}
    often = [line for line, value in expected.items() if value >= 6]
    observed = [found.get(line, 0) for line in often]
    wanted = [expected[line] for line in often]
    if num - sum(wanted) > 1:
        observed, wanted = [*observed, num - sum(observed)], [*wanted, num - sum(wanted)]
    assert len(often) > 10
    # The estimate of the constraint's probability has no bias.
    estimates = np.exp([outlook.log_probability for outlook in result.outlooks])
    error = estimates.std() / np.sqrt(num)
    assert abs(estimates.mean() - total) < 4 * error + 1e-6
    return chisquare(observed, np.array(wanted, np.float64) * (num / np.sum(wanted, dtype=np.float64))).pvalue


def ends_on_d(line):
    notes = [event for event in (60, *line) if event >= 0]
    return notes[-1] == 62


def guide_of(constraints, close=None, num_melodies=1500):
    pitches = np.arange(60, 63, dtype=np.int32)
    return Automaton(constraints, Situation(pitches, Steps(1, NUM_STEPS, 3), 60, close=close)).guide(num_melodies)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_melodies_have_the_models_probability_given_their_end(particles, temperature):
    result = drawn(particles, guide_of(Constraints(end_on="D")), temperature=temperature)
    joint = enumerated(ends_on_d, temperature)
    assert agree(result, joint) > 0.001
    # One particle is drawn step by step, which is another distribution.
    monotone = Particles(particles._beams)
    start = Start.of_streams(np.full((1500, 1), 60, np.int32), NUM_STEPS, CONFIG, steps_per_bar=3)
    one = monotone(
        start,
        NUM_STEPS,
        SamplerSettings(temperature=temperature).controls(1500),
        1,
        LookAhead(1),
        guide_of(Constraints(end_on="D")),
    )
    assert agree(one, joint) < 1e-6


def test_melodies_lead_into_what_is_kept(particles):
    kept = {3: 62, 4: -2}
    result = drawn(particles, guide_of(Constraints(keep=kept)))
    assert agree(result, enumerated(lambda line: line[2:4] == (62, -2))) > 0.001


def test_a_kept_rhythm_leaves_the_pitches(particles):
    rhythm = {2: 60, 3: -2, 5: 60}
    result = drawn(particles, guide_of(Constraints(keep_rhythm=rhythm)))
    joint = enumerated(lambda line: line[1] >= 0 and line[2] == -2 and line[4] >= 0)
    assert agree(result, joint) > 0.001


def test_kept_pitches_leave_the_rhythm(particles):
    kept = {1: -2, 2: 62, 3: 60, 5: 61}
    result = drawn(particles, guide_of(Constraints(keep_pitches=kept)), [pace(stretches_of(kept))])

    def notes(events):
        return [event for event in events if event >= 0]

    joint = enumerated(lambda line: notes(line[:3]) == [62, 60] and line[4] == 61)
    assert agree(result, joint) > 0.001


def test_a_close_is_a_long_last_note_on_a_strong_beat(particles):
    close = Close((2, 4), 2)

    def closes(line):
        events = (60, *line)
        last = max(step for step, event in enumerate(events) if event >= 0)
        is_long = all(event == -2 for event in events[last + 1 : last + 2])
        # A step that is short of one strong beat is so for the other, too.
        return events[last] == 62 and last in close.onsets and is_long and events[5 if last == 2 else last] != -1

    result = drawn(particles, guide_of(Constraints(end_on="D"), close))
    assert agree(result, enumerated(closes)) > 0.001


def test_a_close_that_cannot_be_leaves_the_pitch():
    guide = guide_of(Constraints(end_on="D", rhythm="..x"), Close((3,), 2), 1)
    assert guide.kinds is None


def test_potentials_weigh_whole_melodies(particles):
    def many(played: Played):
        return -0.5 * np.sum(played.events == 61, axis=1) * (played.num_played > 2)

    own = Potential("few C#", many)
    result = drawn(particles, potentials=[own, density(BarTargets((1.0, 2.0)))])

    def value(line):
        events = (60, *line)
        notes = [sum(event >= 0 for event in events[max(first, 1) : first + 3]) for first in (0, 3)]
        return -0.5 * line.count(61) - (notes[0] - 2 / 3) ** 2 / 2 - (notes[1] - 2) ** 2 / 2

    assert agree(result, enumerated(lambda line: True, potential=value)) > 0.001


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_weights_of_notes_weigh_whole_melodies(particles, temperature):
    weights = np.random.default_rng(6).normal(0, 1.5, (NUM_STEPS, 12)).astype(np.float32)
    fixed = Fixed(
        np.full((1500, NUM_STEPS), FREE, np.int32),
        np.zeros((1500, NUM_STEPS), np.int32),
        np.tile(np.array([0, 127], np.int32), (1500, 1)),
        np.tile(weights, (1500, 1, 1)),
    )
    start = Start.of_streams(np.full((1500, 1), 60, np.int32), NUM_STEPS, CONFIG, steps_per_bar=3)
    controls = SamplerSettings(temperature=temperature).controls(1500)
    result = particles(replace(start, fixed=fixed), NUM_STEPS, controls, 1, LookAhead(WIDTH))

    def gained(line):
        return sum(weights[step, event % 12] / temperature for step, event in enumerate(line) if event >= 0)

    joint = enumerated(lambda line: True, temperature, gained)
    agree(result, joint)
    estimates = [outlook.log_probability for outlook in result.outlooks]
    assert np.exp(estimates).mean() == pytest.approx(sum(joint.values()), rel=0.05)


def test_a_target_that_no_particle_meets_is_named(particles):
    def never(played: Played):
        return np.where(played.num_played > 3, -np.inf, np.zeros(len(played.events)))

    with pytest.raises(ConstraintError, match=r"none of 32 particles meets silence at step 4 \(bar 2\)"):
        drawn(particles, potentials=[Potential("silence", never)], num_melodies=3)


def test_melody_k_is_the_same_however_many_are_asked_for(particles, monkeypatch):
    many = drawn(particles, guide_of(Constraints(end_on="D"), num_melodies=40), num_melodies=40)
    monkeypatch.setattr(lookahead, "TILE_ROWS", 2 * WIDTH)
    few = drawn(particles, guide_of(Constraints(end_on="D"), num_melodies=3), num_melodies=3)
    np.testing.assert_array_equal(few.events, many.events[:3])


@pytest.mark.parametrize("text", ["x", "C4..", "1e9"])
def test_targets_that_are_none(text):
    with pytest.raises(InvalidArgumentError, match="contour must be"):
        contour(text)


def test_particles_are_for_what_needs_them():
    warm = np.ones(1)
    assert plan_look_ahead(None, None, (), warm) is None
    assert plan_look_ahead(None, Constraints(key="C"), (), warm) is None
    assert plan_look_ahead(None, Constraints(rhythm="x."), (), warm) == LookAhead(lookahead.DEFAULT_PARTICLES)
    assert plan_look_ahead(8, None, (), warm) == LookAhead(8)
    assert plan_look_ahead(None, Constraints(rhythm="x."), (), np.zeros(1)) is None
    with pytest.raises(InvalidArgumentError, match="from 1 to 256, got 0"):
        plan_look_ahead(0, None, (), warm)
    with pytest.raises(InvalidArgumentError, match="density is a soft target"):
        plan_look_ahead(1, None, (density("4"),), warm)


def test_the_compiled_particles_end_tunes(tiny_model):
    constraints = Constraints(key="C", end_on="tonic")
    given = {"seed": 3, "num_steps": 32, "potentials": [density("4,2"), contour("C4..B4")]}
    tunes = tiny_model.generate(num_outputs=3, constraints=constraints, look_ahead=4, **given)
    for tune, outlook in zip(tunes, tunes.outlooks, strict=True):
        last = max(step for step, event in enumerate(tune.events) if event >= 0)
        assert tune.events[last] % 12 == 0
        assert last in (16, 24)
        assert outlook.num_particles == 4
        assert 1 <= outlook.effective_sample_size <= 4
        assert outlook.log_probability < 0
    again = tiny_model.generate(constraints=constraints, look_ahead=4, **given)
    assert again[0].events == tunes[0].events


@pytest.mark.parametrize(
    ("potential", "message"),
    [
        (density("4,200"), "density 200 cannot be met: a bar has 16 steps here"),
        (density("12..17"), "density 17 cannot be met"),
        (contour("C9"), r"contour C9 cannot be met: the model plays C3\.\.B5 here"),
        (contour("0..60"), "contour C-1 cannot be met"),
    ],
)
def test_targets_that_cannot_be_met(potential, message):
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    with pytest.raises(InvalidArgumentError, match=message):
        model.generate(num_steps=32, seed=1, potentials=[potential])
    model.generate(num_steps=32, seed=1, potentials=[density("16"), contour("C3..B5")])
