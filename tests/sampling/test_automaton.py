import itertools

import numpy as np
import pytest

from melody_rnn.errors import ConstraintError, InvalidArgumentError
from melody_rnn.sampling.automaton import Automaton, Situation
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.schedule import Steps
from tests.sampling.rules import broken_rules

PITCHES = np.array([60, 62, 67], np.int32)
EVENTS = [-2, -1, *PITCHES.tolist()]
CASES = [
    {"key": "C minor pentatonic"},
    {"pitch_range": (61, 67)},
    {"max_leap": 5},
    {"max_leap": 0},
    {"max_rest": 0},
    {"max_rest": 1},
    {"max_rest": 2},
    {"rhythm": "x.."},
    {"end_on": "D"},
    {"keep": {4: 67, 6: -2}},
    {"key": "C", "end_on": "tonic", "max_rest": 1, "max_leap": 5},
    {"keep": {6: 67}, "max_leap": 5, "rhythm": "x.x"},
    {"keep_pitches": {3: 60, 4: -2, 5: 67, 6: -2}},
    {"keep_pitches": {4: -2, 5: 62}},
    {"keep_pitches": {3: 62, 5: 67, 6: -1}, "max_leap": 5, "max_rest": 1},
    {"keep_pitches": {3: 62, 4: -2, 5: 60}, "end_on": "D"},
    {"keep_pitches": {3: -2, 4: -2, 6: 62}, "rhythm": "..x", "max_leap": 5},
    {"keep_pitches": {3: 62, 5: 62}, "keep": {4: 62, 6: -1}},
    {"keep_pitches": {3: 62, 4: -2, 5: 67}, "keep": {4: 62}, "max_rest": 0},
    {"rhythm": ".x.", "end_on": "D", "max_leap": 2, "max_rest": 1},
]
KEPT_FROM_THE_START = [{"keep": {0: -2, 3: 62}}, {"keep_pitches": {0: -2, 1: 60, 2: 62}}, {"keep_pitches": {1: 60}}]


def index(event):
    return EVENTS.index(event)


@pytest.mark.parametrize("given", CASES, ids=str)
@pytest.mark.parametrize("primer", [(60, -2, -2), (67, -1, -2), (62, -1, 60)])
def test_the_events_that_are_left_are_those_that_can_be_gone_on_with(given, primer):
    constraints = Constraints(**given)
    lines = [
        line
        for line in itertools.product(EVENTS, repeat=4)
        if not broken_rules(line, constraints, primer, steps_per_bar=3)
    ]
    sounding = [event for event in primer if event >= 0]
    rest = 2 if primer[1] == -1 and primer[2] == -2 else 0
    situation = Situation(PITCHES, Steps(3, 4, 3), sounding[-1], rest)
    if not lines:
        with pytest.raises(ConstraintError):
            Automaton(constraints, situation)
        return
    guide = Automaton(constraints, situation).guide(1)
    for length in range(4):
        for prefix in {line[:length] for line in lines}:
            state = guide.state
            for step, event in enumerate(prefix):
                state = guide.advance(step, state, np.array([index(event)]))
            left = np.flatnonzero(guide.event_mask(length, state)[0])
            assert {EVENTS[i] for i in left} == {line[length] for line in lines if line[:length] == prefix}


@pytest.mark.parametrize(
    "given", [*(case for case in CASES if not {"keep", "keep_pitches"} & set(case)), *KEPT_FROM_THE_START], ids=str
)
def test_openings_are_those_that_can_be_gone_on_with(given):
    constraints = Constraints(**given)
    lines = [
        line for line in itertools.product(EVENTS, repeat=4) if not broken_rules(line, constraints, steps_per_bar=3)
    ]
    automaton = Automaton(constraints, Situation(PITCHES, Steps(0, 4, 3)))
    openings = np.flatnonzero(automaton.opening_mask())
    assert {EVENTS[i] for i in openings} == {line[0] for line in lines}
    guide = automaton.guide_after(openings)
    for opening, mask in zip(openings, guide.event_mask(0, guide.state), strict=True):
        assert {EVENTS[i] for i in np.flatnonzero(mask)} == {line[1] for line in lines if line[0] == EVENTS[opening]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"key": "F#", "max_rest": 3}, r"the key 'F#' leaves no note possible; the model plays C4..G4 here"),
        ({"pitch_range": "C5..C6"}, r"the range C5..C6 leaves no note possible; the model plays C4..G4 here"),
        (
            {"key": "D", "scale": "lydian", "pitch_range": "C4..C4"},
            r"the key 'D lydian' and the range C4..C4 together leave no note possible",
        ),
        (
            {"max_leap": 6, "pitch_range": "E4..C6", "max_rest": 3},
            r"the range E4..C6 and max_leap 6 together leave no note possible",
        ),
        (
            {"keep_pitches": {4: 60, 5: 62}, "max_rest": 9, "rhythm": ".x"},
            r"the rhythm '.x' and keep_pitches together leave no event possible at step 5 \(bar 3\)",
        ),
        ({"max_leap": 12, "end_on": "F#"}, r"end_on 'F#' leaves no way to the end"),
        (
            {"key": "C", "max_leap": 1, "max_rest": 3, "end_on": "D"},
            r"max_leap 1 and end_on 'D' together leave no way to the end",
        ),
        (
            {"key": "C", "rhythm": "x.", "keep": {5: 62}},
            r"the rhythm 'x.' and keep together leave no event possible at step 5 \(bar 3\)",
        ),
        ({"keep": {4: -1, 5: -2}, "max_rest": 1}, r"max_rest 1 and keep together leave no event possible at step 5"),
    ],
)
def test_as_few_as_are_to_blame_are_named(given, message):
    with pytest.raises(ConstraintError, match=message):
        Automaton(Constraints(**given), Situation(PITCHES, Steps(4, 6, 2), 60))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rhythm": "x.."}, "the rhythm 'x..' has 3 steps, which do not divide a bar of 2"),
        ({"keep": {3: 60}}, r"from 4 to 9, got 3 \(the primer takes it\)"),
        ({"keep": {10: 60}}, r"from 4 to 9, got 10 \(the melody is shorter\)"),
        ({"keep_pitches": {9: 60, 10: -2}}, r"keep_pitches must have steps .* from 4 to 9, got 10"),
        ({"keep_pitches": {4: -2, 5: 61}}, r"keep_pitches has C#4 at step 4, but the model plays C4..G4 here"),
        ({"keep": {5: 61}}, r"keep has C#4 at step 5, but the model plays C4..G4 here"),
    ],
)
def test_what_does_not_fit_the_melody(given, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Automaton(Constraints(**given), Situation(PITCHES, Steps(4, 6, 2), 60))


def test_a_first_step_that_must_act():
    guide = Automaton(Constraints(max_leap=2), Situation(PITCHES, Steps(4, 6), 60, must_act=True)).guide(2)
    assert guide.event_mask(0, guide.state).tolist() == [[False, True, True, True, False]] * 2
    assert guide.event_mask(1, guide.state).tolist() == [[True, True, True, True, False]] * 2
    kept = Automaton(Constraints(keep={4: -2}), Situation(PITCHES, Steps(4, 6), 60, must_act=True)).guide(1)
    assert kept.event_mask(0, kept.state).tolist() == [[True, False, False, False, False]]


def test_what_needs_too_much_memory_is_told():
    with pytest.raises(InvalidArgumentError, match="max_rest 9000 and end_on 'D' need too much memory for 20000 steps"):
        Automaton(Constraints(max_rest=9000, end_on="D"), Situation(PITCHES, Steps(0, 20_000)))


def test_a_rest_longer_than_the_melody_needs_no_states():
    situation = Situation(PITCHES, Steps(0, 8))
    assert len(Automaton(Constraints(max_rest=1000), situation).guide(1).following) == 1
    assert len(Automaton(Constraints(max_rest=7), situation).guide(1).following) == 9
