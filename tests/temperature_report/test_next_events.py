import numpy as np
import pytest

from melody_rnn.evaluation.temperature_report.next_events import read_next_events


@pytest.fixture(scope="module")
def melodies(tiny_model):
    return tiny_model.generate(num_outputs=5, num_steps=12, seed=3)


def test_at_temperature_1_they_are_the_model_s_own(tiny_model, melodies):
    read = read_next_events(tiny_model, melodies, 1.0)
    assert [part.shape for part in read] == [(5, 11)] * 3
    trace = tiny_model.trace(melodies, transpose=0)[2]
    assert read.entropies[2] == pytest.approx(trace.entropies[1:], rel=1e-5)
    assert read.largest[2] == pytest.approx(trace.event_probabilities[1:].max(axis=1), rel=1e-5)
    assert read.log_likelihoods[2] == pytest.approx(trace.log_likelihoods[1:], rel=1e-6)


def test_entropy_rises_and_the_largest_falls_with_temperature(tiny_model, melodies):
    parts = [read_next_events(tiny_model, melodies, temperature) for temperature in (0.0, 0.5, 1.0, 2.0)]
    # Step by step this holds of labels; two that stand for one event can together grow likelier than the first.
    assert (np.diff([part.entropies.mean() for part in parts]) > 0).all()
    assert (np.diff([part.largest.mean() for part in parts]) < 0).all()
    assert parts[0].largest == pytest.approx(np.ones((5, 11)))
    assert (parts[0].log_likelihoods == parts[3].log_likelihoods).all()


def test_infinite_heat_leaves_each_event_its_share_of_labels(tiny_model, melodies):
    # 12 pitches, note off and no event have a label each, and two lookbacks stand for one of these.
    read = read_next_events(tiny_model, melodies, 1e6)
    assert np.unique(np.round(read.largest * 16, 3)).tolist() == [2, 3]
