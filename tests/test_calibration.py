import numpy as np
import pytest

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.errors import OutputError
from melody_rnn.evaluation.calibration import (
    NUM_BINS,
    Calibration,
    Predictions,
    fit_temperature,
    make_bins,
    nats_per_event,
    predict,
    reliability,
    write_diagram,
)
from melody_rnn.music.meters import COMMON_TIME


def drawn_at(temperature, num_events=40_000):
    """Returns predictions of four labels, two of which mean one event, and events drawn at a temperature."""
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(num_events, 4)).astype(np.float32) * 3
    p = np.exp(logits / temperature)
    labels = (rng.random((num_events, 1)) > np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    label_events = np.tile(np.array([-2, -1, 60, -2], np.int32), (num_events, 1))
    return Predictions(logits, label_events, label_events[0][labels])


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7])
def test_the_temperature_that_events_were_drawn_at_is_found(temperature):
    predictions = drawn_at(temperature)
    fitted = fit_temperature(predictions)
    assert fitted == pytest.approx(temperature, rel=0.03)
    for other in (fitted * 0.9, fitted * 1.1):
        assert nats_per_event(predictions, other) > nats_per_event(predictions, fitted)


def test_the_right_temperature_is_calibrated_and_others_are_not():
    predictions = drawn_at(2.0)
    assert reliability(predictions, 2.0).calibration_error < 0.01
    assert reliability(predictions, 1.0).calibration_error > 0.1


def test_nats_and_confidence_are_of_events_not_labels():
    logits = np.log(np.array([[0.3, 0.1, 0.35, 0.25]], np.float32))
    predictions = Predictions(logits, np.array([[-2, -1, 60, -2]], np.int32), np.array([-2], np.int32))
    at_one = reliability(predictions, 1.0)
    assert at_one.nats_per_event == pytest.approx(-np.log(0.55), rel=1e-5)
    assert at_one.calibration_error == pytest.approx(0.45, rel=1e-5)


def test_bins_by_hand():
    confidences = np.array([0.01, 1 / NUM_BINS, 0.07, 0.5, 0.5, 1.0])
    bins = make_bins(confidences, np.array([True, False, True, True, False, True]))
    counts = {place: part.num_events for place, part in enumerate(bins) if part.num_events}
    assert counts == {0: 2, 1: 1, 7: 2, NUM_BINS - 1: 1}
    assert (bins[7].confidence, bins[7].accuracy) == (0.5, 0.5)
    assert (bins[0].accuracy, bins[3].accuracy) == (0.5, 0.0)


def test_predictions_are_the_model_s_own(tiny_model):
    events = [[60, -2, 64, 62, -1, -2], [67, 65]]
    melodies = [StoredMelody(str(k), np.array(row, np.int8), COMMON_TIME, "test") for k, row in enumerate(events)]
    predictions = predict(tiny_model, melodies)
    assert predictions.events.tolist() == [*events[0][1:], 65]
    np.testing.assert_allclose(predictions.logits[:5], tiny_model.logits(events[0])[:-1], atol=1e-5)
    np.testing.assert_allclose(predictions.logits[5:], tiny_model.logits(events[1])[:-1], atol=1e-5)


def test_the_diagram_is_a_picture_of_both(tmp_path):
    predictions = drawn_at(2.0, 500)
    calibration = Calibration(2.0, reliability(predictions, 1.0), reliability(predictions, 2.0))
    write_diagram(tmp_path / "new" / "d.png", "tiny", calibration)
    assert (tmp_path / "new" / "d.png").read_bytes().startswith(b"\x89PNG")
    write_diagram(tmp_path / "d.SVG", "tiny", calibration)
    assert "<svg" in (tmp_path / "d.SVG").read_text()
    with pytest.raises(OutputError, match="cannot be written"):
        write_diagram(tmp_path / "d.SVG" / "d.png", "tiny", calibration)
