import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melody_rnn.evaluation import musical_metrics as metrics
from melody_rnn.evaluation.musical_metrics import (
    METRICS,
    DistinctGrams,
    Notes,
    PairwiseSimilarity,
    describe,
    longest_shared,
)
from melody_rnn.music.meters import meter_of_bar
from melody_rnn.tunes.tune import Tune


def notes(*events, steps_per_bar=16):
    return Notes.of(Tune(events, meter_of_bar(steps_per_bar)))


def line(*pitches, steps=2):
    """Notes of equal length."""
    return notes(*(event for pitch in pitches for event in (pitch, *[-2] * (steps - 1))))


ALL = np.ones((1, 1), bool)
events_of_melodies = st.lists(st.sampled_from([-2, -2, -1, 55, 57, 60, 61, 66, 67, 74]), min_size=1, max_size=40)


def test_notes_of_a_melody():
    melody = notes(-2, 60, -2, 64, -1, -2, 67, -2)
    assert melody.pitches.tolist() == [60, 64, 67]
    assert melody.starts.tolist() == [1, 3, 6]
    assert melody.ends.tolist() == [3, 4, 8]
    assert melody.moves == [(4, 1), (3, 2)]


def test_out_of_key_counts_from_the_best_key():
    assert metrics.out_of_key(line(62, 64, 66, 67, 69, 71, 73, 74)) == 0
    assert metrics.out_of_key(line(60, 62, 64, 65, 67, 69, 71, 66)) == pytest.approx(1 / 8)
    assert metrics.out_of_key(line(*range(60, 72))) == pytest.approx(5 / 12)


def test_leaps():
    melody = line(60, 66, 60, 70, 59, 72, 59, 60)
    assert metrics.dissonant_leaps(melody) == pytest.approx(4 / 7)
    assert metrics.wide_leaps(melody) == pytest.approx(2 / 7)
    assert metrics.wide_leaps(line(60, 72)) == 0


def test_stuck_notes_are_those_from_the_fifth_on():
    assert metrics.stuck_notes(line(60, 60, 60, 60, 62)) == 0
    assert metrics.stuck_notes(line(60, 60, 60, 60, 60, 60, 62, 60)) == pytest.approx(2 / 8)


def test_rhythm_against_the_bar():
    assert metrics.off_eighths(notes(60, -2, 60, 60)) == pytest.approx(1 / 3)
    # The second bar of nine steps begins an eighth note anew.
    assert metrics.off_eighths(notes(*[60, *[-2] * 8] * 2, steps_per_bar=9)) == 0
    assert metrics.held_over_bars(notes(60, -2, -2, -2, -2, 62, -2, -2, 60, -2, steps_per_bar=4)) == pytest.approx(
        1 / 2
    )
    assert metrics.held_over_bars(notes(60, -2, -2, -1, -2, 62, -2, -2, -2, steps_per_bar=4)) == pytest.approx(1 / 2)


def test_texture():
    assert metrics.rests(notes(-2, 60, -2, -1, -2, 60, -2, -2)) == pytest.approx(3 / 8)
    assert metrics.notes_per_bar(notes(60, -2, 60, -2, 60, -2, steps_per_bar=4)) == pytest.approx(2)
    assert metrics.pitch_class_entropy(line(60, 72, 62, 50)) == pytest.approx(1)
    assert metrics.pitch_class_entropy(line(*range(60, 72))) == pytest.approx(math.log2(12))


def test_longest_repeat_is_transposed_and_does_not_overlap():
    assert metrics.longest_repeat(line(60, 62, 64, 65, 67, 69, 71, 72)) == 3
    assert metrics.longest_repeat(line(60, 60, 60, 60, 60)) == 2
    assert metrics.longest_repeat(notes(60, 62, -2, 64, -2, 65, -2, 66, -2)) == 1
    assert metrics.longest_repeat(line(60)) == 0


def test_what_is_not_defined_is_nan():
    for metric in METRICS:
        value = metric.measure(notes(-2, -2))
        assert math.isnan(value) or metric.name in ("rests", "notes_per_bar", "longest_repeat")
    assert metrics.rests(notes(-2, -2)) == 1


@settings(max_examples=40, deadline=None)
@given(events_of_melodies, st.integers(-12, 12))
def test_metrics_are_the_same_in_every_key(events, amount):
    moved = [event + amount if event >= 0 else event for event in events]
    for metric in METRICS:
        assert metric.measure(notes(*moved)) == pytest.approx(metric.measure(notes(*events)), nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(events_of_melodies)
def test_longest_repeat_is_the_longest(events):
    moves = notes(*events).moves
    runs = ((a, b, n) for n in range(1, len(moves) + 1) for a in range(len(moves)) for b in range(a + n, len(moves)))
    found = [n for a, b, n in runs if b + n <= len(moves) and moves[a : a + n] == moves[b : b + n]]
    assert metrics.longest_repeat(notes(*events)) == max(found, default=0)


def random_melodies(number, seed=0):
    rng = np.random.default_rng(seed)
    return [notes(*rng.choice([-2, 60, 62, 64], 14 + i)) for i in range(number)]


def test_distinct_grams_are_what_is_expected_of_a_random_choice():
    melodies = random_melodies(5)
    grams = [[tuple(m.moves[i : i + 4]) for i in range(len(m.moves) - 3)] for m in melodies]
    choices = [[*a, *b] for a, b in itertools.combinations(grams, 2)]
    expected = np.mean([len(set(choice)) for choice in choices]) / np.mean([len(choice) for choice in choices])
    assert DistinctGrams(melodies, 2)(np.ones((1, 5), bool)) == pytest.approx(expected)
    pair = np.array([[True, False, False, True, False]])
    assert DistinctGrams(melodies, 2)(pair) == pytest.approx(len({*grams[0], *grams[3]}) / len(grams[0] + grams[3]))


def test_distinct_grams_of_copies_and_of_too_few_notes():
    tune = line(60, 62, 64, 65, 67, 69)
    assert DistinctGrams([tune] * 3, 3)(np.ones((1, 3), bool)) == pytest.approx(1 / 3)
    assert np.isnan(DistinctGrams([line(60)], 1)(ALL)).all()


def test_similarity_is_the_edit_distance_over_the_longer_melody():
    melodies = [line(60, 62, 64, 65), line(50, 52, 54, 56, 58), line(60, 62)]
    # Moves: 2 2 1, 2 2 2 2, 2. Shared: 2 of 4, 1 of 3, 1 of 4.
    similarity = PairwiseSimilarity(melodies)
    assert similarity(np.ones((1, 3), bool)) == pytest.approx((2 / 4 + 1 / 3 + 1 / 4) / 3)
    sets = np.array([[True, True, False], [True, False, False]])
    assert similarity(sets) == pytest.approx([2 / 4, np.nan], nan_ok=True)


def test_no_more_melodies_are_compared_than_memory_holds(monkeypatch):
    monkeypatch.setattr(metrics, "_MAX_COMPARED", 2)
    melodies = [line(60, 62, 64, 65), line(50, 52, 54, 56, 58), line(60, 61)]
    assert PairwiseSimilarity(melodies)(np.ones((1, 3), bool)) == pytest.approx(2 / 4)


def test_longest_shared_is_the_longest():
    melodies, others = random_melodies(6), random_melodies(3, seed=1)

    def runs(melody, length):
        intervals = melody.intervals.tolist()
        return {tuple(intervals[i : i + length]) for i in range(len(intervals) - length + 1)}

    expected = [
        max((n for n in range(1, 30) if any(runs(own, n) & runs(other, n) for other in others)), default=0)
        for own in melodies
    ]
    assert longest_shared(melodies, others).tolist() == expected
    assert longest_shared([line(60, 62, 65), line(60)], [line(70, 72, 75, 80)]).tolist() == [2, 0]
    assert longest_shared([line(60, 62)], []).tolist() == [0]


@pytest.mark.parametrize("measure", [*(m.measure for m in METRICS), DistinctGrams, PairwiseSimilarity, longest_shared])
def test_every_metric_has_a_definition_and_a_source(measure):
    definition, source = describe(measure)
    assert definition.endswith(".") and source.endswith(".")
    assert "Source" not in definition and "Args" not in definition
