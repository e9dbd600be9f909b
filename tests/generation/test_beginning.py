"""Constraints and repetition control in whole runs of a tiny model."""

import itertools

import numpy as np
import pytest

from melody_rnn.errors import ConstraintError
from melody_rnn.generation.request import plan
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Schedule
from tests.sampling.rules import broken_rules

CASES = [
    {"key": "D dorian"},
    {"key": "Eb", "scale": "minor pentatonic", "end_on": "tonic"},
    {"pitch_range": "E4..A4", "max_leap": 2},
    {"pitch_range": "C6..G6", "max_leap": 3, "max_rest": 1},
    {"max_rest": 0},
    {"rhythm": "x..x..x."},
    {"rhythm": "..x.", "max_leap": 4, "end_on": "G"},
    {"keep": {0: 64, 1: -2, 2: -1, 17: 67, 18: -2, 19: 69}, "max_leap": 5},
    {"keep": {0: -2, 1: -2}, "key": "F", "max_rest": 3, "end_on": "tonic"},
]


@pytest.mark.parametrize("given", CASES, ids=str)
def test_constraints_hold_without_a_primer(tiny_model, given):
    constraints = Constraints(**given)
    melodies = tiny_model.generate(num_outputs=50, num_steps=33, seed=3, temperature=1.5, constraints=constraints)
    assert len({tuple(melody) for melody in melodies}) > 25
    assert [broken_rules(list(melody), constraints) for melody in melodies] == [set()] * 50


@pytest.mark.parametrize(
    ("primer", "given"),
    [
        ("A5:2 C6:3 E6:1", {"key": "A minor", "max_leap": 4, "end_on": "tonic", "rhythm": "x.x..x.."}),
        ("D3:2 R:3", {"pitch_range": "D3..A3", "max_rest": 3}),
        ([62, -1, -2], {"max_rest": 1, "keep": {7: 65, 8: -2}}),
        ([62, -2], {"keep": {2: -2}, "end_on": "D"}),
    ],
    ids=str,
)
def test_constraints_hold_after_a_primer_wherever_it_sounds(tiny_model, primer, given):
    constraints = Constraints(**given)
    melodies = tiny_model.generate(
        num_outputs=40, new_steps=26, primer=primer, seed=3, temperature=1.5, constraints=constraints
    )
    num_given = len(list(melodies[0])) - 26
    for melody in melodies:
        events = list(melody)
        assert broken_rules(events[num_given:], constraints, primer=events[:num_given]) == set()


def test_truncation_and_repetition_leave_constraints_alone(tiny_model):
    constraints = Constraints(key="C major pentatonic", max_leap=4, rhythm="x.x.", end_on="C")
    sampler = SamplerSettings(0.7, top_k=3, typical_p=0.5, eta=0.1, no_repeat_ngram=2, max_same_pitch=1)
    melodies = tiny_model.generate(num_outputs=40, num_steps=32, seed=3, sampler=sampler, constraints=constraints)
    assert [broken_rules(list(melody), constraints) for melody in melodies] == [set()] * 40


def test_what_constrains_nothing_changes_nothing(tiny_model):
    plain = [list(melody) for melody in tiny_model.generate(num_outputs=5, num_steps=40, seed=3)]
    for constraints in (None, Constraints(), Constraints(pitch_range=(0, 127), max_leap=60, max_rest=60)):
        given = tiny_model.generate(num_outputs=5, num_steps=40, seed=3, constraints=constraints)
        assert [list(melody) for melody in given] == plain
    settings = {"repetition_penalty": 1.0, "max_same_pitch": 99, "typical_p": 1.0, "epsilon": 0.0, "eta": 0.0}
    neutral = SamplerSettings(**settings, dynamic_temperature=(1.0, 1.0), top_p=1.0, min_p=0.0)
    given = tiny_model.generate(num_outputs=5, num_steps=40, seed=3, sampler=neutral)
    assert [list(melody) for melody in given] == plain


def test_melody_k_is_the_same_however_many_are_asked_for(tiny_model):
    constraints = Constraints(key="G", max_leap=7, end_on="tonic")
    few, many = (tiny_model.generate(num_outputs=n, num_steps=20, seed=3, constraints=constraints) for n in (3, 40))
    assert [list(melody) for melody in few] == [list(melody) for melody in many[:3]]


def test_contradictions_are_told_before_anything_is_sampled(tiny_model):
    with pytest.raises(ConstraintError, match="the key 'D' and end_on 'C' together leave no way to the end"):
        tiny_model.generate(num_steps=20, constraints=Constraints(key="D", end_on="C", max_leap=12))


def test_keys_and_ranges_are_brought_to_where_the_model_plays(tiny_config, tiny_model):
    def amount(**given):
        return plan(tiny_config, None, 1, 0, {"constraints": Constraints(**given)})[0].outlines[0].transposition

    assert [amount(key=key) for key in ("C", "D", "D dorian", "E minor", "Bb mixolydian")] == [0, -2, 0, 5, -3]
    assert amount(pitch_range="C6..C7") == -24
    assert amount(pitch_range="D6..C7", key="D") == -26
    assert amount(max_leap=4) == 0
    # As a primer of the same notes would be.
    primed = plan(tiny_config, None, 1, 0, {"primer": [90, 92]})[0]
    assert amount(keep={0: 90, 5: 92}) == primed.outlines[0].transposition != 0


@pytest.mark.parametrize("settings", [{"no_repeat_ngram": 3}, {"max_same_pitch": 2}, {"repetition_penalty": 9.0}])
def test_repetition_control_counts_the_primer(tiny_model, settings):
    primer = [60, -2, 62, -2, 64, -2]

    def repeats(**sampler):
        melodies = tiny_model.generate(
            num_outputs=60, new_steps=40, primer=primer, seed=1, sampler=SamplerSettings(**sampler)
        )
        onsets = [[event for event in melody if event >= 0] for melody in melodies]
        trigrams = [list(zip(line, line[1:], line[2:], strict=False)) for line in onsets]
        return {
            "no_repeat_ngram": np.mean([len(set(three)) < len(three) for three in trigrams]),
            "max_same_pitch": np.mean([any(len(set(three)) == 1 for three in line) for line in trigrams]),
            "repetition_penalty": np.mean([np.mean([a == b for a, b in itertools.pairwise(line)]) for line in onsets]),
        }

    (name,) = settings
    before, after = repeats()[name], repeats(**settings)[name]
    assert before > 0.05
    assert after == 0 if name != "repetition_penalty" else after < 0.6 * before


def test_a_schedule_changes_the_temperature_from_step_to_step(tiny_model):
    greedy, free = (
        [list(m) for m in tiny_model.generate(num_outputs=4, new_steps=32, primer=[60] * 8, seed=1, **settings)]
        for settings in ({"temperature": 0}, {})
    )
    by_bar = tiny_model.generate(
        num_outputs=4, new_steps=32, primer=[60] * 8, seed=1, meter="4/4", temperature=Schedule((0.0, 1.0), over="bars")
    )
    for melody, cold in zip(by_bar, greedy, strict=True):
        assert list(melody)[:16] == cold[:16]
    assert [list(melody) for melody in by_bar] != greedy
    constant = tiny_model.generate(
        num_outputs=4, new_steps=32, primer=[60] * 8, seed=1, temperature=Schedule((1.0, 1.0))
    )
    assert [list(melody) for melody in constant] == free
    by_step = np.where(np.arange(32) < 5, 0.0, 1.0)[np.newaxis]
    stepped = tiny_model.generate(num_outputs=4, new_steps=32, primer=[60] * 8, seed=1, temperature=by_step)
    assert [list(melody)[:13] for melody in stepped] == [melody[:13] for melody in greedy]


def test_shortcuts_take_the_place_of_the_samplers_settings(tiny_model):
    sampler = SamplerSettings(temperature=2.0, max_same_pitch=2)
    short = tiny_model.generate(num_outputs=3, num_steps=30, seed=1, temperature=0.5, sampler=sampler)
    whole = tiny_model.generate(
        num_outputs=3, num_steps=30, seed=1, sampler=SamplerSettings(temperature=0.5, max_same_pitch=2)
    )
    assert [list(melody) for melody in short] == [list(melody) for melody in whole]
