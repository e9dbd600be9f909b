import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melody_rnn.sampling.repetition import (
    append_onset,
    forbid_repeated_ngrams,
    forbid_same_pitch,
    last_onset_bars,
    last_onsets,
    penalise_repeats,
    weigh_repeats,
)
from melody_rnn.sampling.softmax import softmax

# The last label means what the fourth does, as a lookback label can.
EVENTS = np.array([[-2, -1, 60, 62, 64, 62]], np.int32)
P = np.array([[0.3, 0.1, 0.2, 0.1, 0.1, 0.2]], np.float32)
Z = np.log(P)
pitches = st.lists(st.sampled_from([60, 62, 64]), max_size=12)


def onsets_of(*events):
    return last_onsets(np.array([events], np.int32).reshape(1, -1))


def kept(logits):
    return np.isfinite(logits)[0].tolist()


def test_onsets_are_the_notes_of_a_melody():
    events = [-2, 60, -2, 62, -1, 60]
    onsets = onsets_of()
    for event in events:
        onsets = append_onset(onsets, np.array([event], np.int32))
    np.testing.assert_array_equal(onsets, onsets_of(*events))
    assert onsets[0, -4:].tolist() == [-1, 60, 62, 60]
    assert onsets_of(*range(100), *range(100))[0].tolist() == [*range(72, 100), *range(100)]


def test_a_penalty_divides_the_odds_among_notes_for_each_time():
    p = softmax(penalise_repeats(Z, EVENTS, onsets_of(62, -2, 62, 60), 2.0))[0]
    np.testing.assert_allclose(p[:2], P[0, :2], atol=1e-6)
    weights = np.array([0.2 / 2, 0.1 / 4, 0.1, 0.2 / 4])
    np.testing.assert_allclose(p[2:], 0.6 * weights / weights.sum(), atol=1e-6)


def test_a_penalty_forgets():
    long_ago = [62, *[60] * 16]
    p = softmax(penalise_repeats(Z, EVENTS, onsets_of(*long_ago), 2.0))[0]
    assert p[3] / p[4] == pytest.approx(1, abs=1e-5)


@settings(deadline=None)
@given(pitches, st.integers(2, 8))
def test_ngrams_are_those_of_a_plain_search(melody, n):
    seen = {tuple(melody[i : i + n]) for i in range(len(melody) - n + 1)}
    expected = [True, True, *((*melody[-(n - 1) :], pitch) not in seen for pitch in (60, 62, 64, 62))]
    if len(melody) < n - 1 or not any(expected[2:]):
        expected = [True] * 6
    assert kept(forbid_repeated_ngrams(Z, EVENTS, onsets_of(*melody), n)) == expected


@settings(deadline=None)
@given(pitches, st.integers(1, 4))
def test_a_pitch_is_not_played_too_often_in_a_row(melody, most):
    is_full = len(melody) >= most and len(set(melody[-most:])) == 1
    expected = [True, True, *(not (is_full and pitch == melody[-1]) for pitch in (60, 62, 64, 62))]
    assert kept(forbid_same_pitch(Z, EVENTS, onsets_of(*melody), most)) == expected


@pytest.mark.parametrize("transform", [forbid_repeated_ngrams, forbid_same_pitch])
def test_rhythm_survives(transform):
    onsets = onsets_of(62, 62)
    p = softmax(transform(Z, EVENTS, onsets, 2))[0]
    np.testing.assert_allclose(p, [0.3, 0.1, 0.4, 0, 0.2, 0], atol=1e-6)


@pytest.mark.parametrize("transform", [forbid_repeated_ngrams, forbid_same_pitch])
def test_where_no_note_would_be_left_nothing_changes(transform):
    only = np.where(np.isin(EVENTS, [-2, 62]), Z, -np.inf)
    np.testing.assert_array_equal(transform(only, EVENTS, onsets_of(62, 62), 2), only)
    no_notes = np.where(EVENTS < 0, Z, -np.inf)
    np.testing.assert_array_equal(transform(no_notes, EVENTS, onsets_of(62, 62), 2), no_notes)


def test_one_value_a_melody():
    z, events, onsets = (np.tile(x, (2, 1)) for x in (Z, EVENTS, onsets_of(62, 60, 62)))
    both = np.isfinite(forbid_repeated_ngrams(z, events, onsets, np.array([2, 3], np.int32)))
    assert both.tolist() == [[True, True, False, True, True, True], [True] * 6]
    both = np.isfinite(forbid_same_pitch(z, events, onsets, np.array([2, 1], np.int32)))
    assert both.tolist() == [[True] * 6, [True, True, True, False, True, False]]
    penalised = penalise_repeats(z, events, onsets, np.array([1.0, 2.0], np.float32))
    np.testing.assert_allclose(penalised[0], Z[0], atol=1e-6)
    assert penalised[1, 3] < Z[0, 3]


def test_the_bars_of_a_melodys_notes():
    events = [[-2, 60, -2, 62, -1, 60], [64, -2, -2, -2, 62, 60]]
    bars = last_onset_bars(np.array(events, np.int32), np.array([2, 4], np.int32))
    assert bars[:, -4:].tolist() == [[-1, 0, 1, 2], [-1, 0, 1, 1]]
    last = append_onset(bars, np.array([62, -2], np.int32), np.array([3, 1], np.int32))
    assert last[:, -4:].tolist() == [[0, 1, 2, 3], [-1, 0, 1, 1]]


def weighed(bars, dry, pitches=(60, 62, 64, 62, 60, 62), bar=2):
    """Returns by how many nats each label changes, from before what the pitches among themselves are shifted by."""
    onsets, onset_bars = (np.full((1, 128), -1, np.int32) for _ in range(2))
    onsets[0, -len(pitches) :], onset_bars[0, -len(pitches) :] = pitches, bars
    changed = weigh_repeats(Z, EVENTS, onsets, onset_bars, np.array([bar], np.int32), np.array([dry], np.float32))
    np.testing.assert_allclose(softmax(changed)[0, :2], P[0, :2], rtol=1e-5)
    change = (changed - Z)[0]
    return change[2:] - change[2]


@pytest.mark.parametrize("dry", [0.7, -0.7])
def test_what_would_repeat_notes_of_a_bar_is_weighed(dry):
    # 60 62 was followed by 64, all in one bar each.
    np.testing.assert_allclose(weighed([1, 1, 1, 1, 2, 2], dry), [0, 0, -dry, 0], atol=1e-5)
    longer = weighed([1] * 4 + [2] * 3, dry, (60, 62, 64, 62, 60, 62, 64))
    np.testing.assert_allclose(longer, [0, -1.75 * dry, 0, -1.75 * dry], atol=1e-5)


@pytest.mark.parametrize("bars", [[0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2], [1, 1, 1, 1, 1, 2], [1, 1, 1, 1, 1, 1]])
def test_bar_lines_break_repeats(bars):
    np.testing.assert_allclose(weighed(bars, 1.0), 0, atol=1e-5)


def test_a_step_without_another_pitch_stays_as_it_is():
    only = np.array([[-2, -1, 64, 64, 64, 64]], np.int32)
    onsets = onsets_of(60, 62, 64, 60, 62)
    bars = last_onset_bars(np.array([[60, 62, 64, 60, 62]], np.int32), np.array([16], np.int32))
    changed = weigh_repeats(Z, only, onsets, bars, np.array([0], np.int32), 50)
    np.testing.assert_allclose(softmax(changed), P, rtol=1e-3)
