import math
import threading

import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.musical_metrics import Notes, pitch_class_entropy
from melody_rnn.evaluation.temperature_report.estimates import Estimate
from melody_rnn.evaluation.temperature_report.table import COLUMNS, Row, TemperatureTable, measure_temperatures


def test_rows_are_what_the_model_does_at_each_temperature(table, tiny_model):
    assert [row.temperature for row in table.rows] == [0.25, 1.0, 2.0]
    assert [row.label for row in (*table.rows, table.real)] == ["0.25", "1", "2", "real tunes"]
    melodies = tiny_model.generate(
        num_outputs=60, num_steps=32, temperature=[0.25] * 20 + [1.0] * 20 + [2.0] * 20, seed=4
    )
    for i, row in enumerate(table.rows):
        own = melodies[20 * i : 20 * i + 20]
        entropies = [pitch_class_entropy(Notes.of(melody)) for melody in own]
        assert row.estimates["pitch_class_entropy"].value == pytest.approx(sum(entropies) / 20)
    nats = sum(trace.nats_per_event for trace in tiny_model.trace(melodies[20:40], transpose=0)) / 20
    assert table.rows[1].estimates["log_likelihood"].value == pytest.approx(-nats, rel=1e-5)


def test_temperature_does_what_it_says(table):
    entropies = [row.estimates["entropy"].value for row in table.rows]
    assert entropies == sorted(entropies)
    diversity = [row.estimates["distinct_4grams"].value for row in table.rows]
    assert diversity[0] < diversity[1]


def test_the_nearest_is_the_one_that_the_real_tunes_are_from(table):
    assert table.nearest is table.rows[1]
    assert [row.temperature for row in table.by_distance] == [1.0, 2.0, 0.25]
    assert table.distance(table.nearest) < 0.5


def test_all_figures_lie_in_their_intervals(table):
    for row in (*table.rows, table.real):
        assert set(row.estimates) == {column.name for column in COLUMNS}
        for name, own in row.estimates.items():
            if math.isfinite(own.value):
                assert own.low <= own.value <= own.high, name


def test_without_real_tunes_nothing_is_held_against_them(tiny_model):
    counts, lock = [], threading.Lock()

    def on_done(count):
        with lock:
            counts.append(count)

    table = measure_temperatures(tiny_model, [1.0, 0.0], 4, 20, on_done=on_done)
    assert (table.real, table.nearest, table.by_distance) == (None, None, [])
    assert "longest_shared" not in {column.name for column in table.columns}
    assert table.rows[0].estimates["entropy"].value == pytest.approx(0, abs=1e-6)
    assert sum(counts) == 2 * 4 * 2


def test_what_cannot_be_measured_is_refused(tiny_model):
    with pytest.raises(InvalidArgumentError, match="a temperature and 4 melodies, got 1 and 3"):
        measure_temperatures(tiny_model, [1.0], 3)
    with pytest.raises(InvalidArgumentError, match="got 0 and 5"):
        measure_temperatures(tiny_model, [], 5)
    with pytest.raises(InvalidArgumentError, match="temperature"):
        measure_temperatures(tiny_model, [-1.0], 5)


def test_distance_is_in_units_of_the_real_tunes_spread():
    def row(temperature, value, rests):
        return Row(temperature, 9, {"out_of_key": Estimate(value, 0, 1, 0.5), "rests": Estimate(rests, 0, 1, 1e-16)})

    real = row(None, 0.25, 0.0)
    table = TemperatureTable((row(0.5, 0.75, 0.5), row(1.0, 0.5, math.nan)), real, "", 4, 16, 16, 0)
    # Real tunes do not differ in their rests, which therefore do not count.
    assert [table.distance(row) for row in table.rows] == [1.0, 0.5]
    assert table.nearest is table.rows[1]
