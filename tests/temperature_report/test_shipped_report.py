"""The report under docs/: it is of the shipped model as it samples today, and says how it was made."""

import csv
from pathlib import Path

import pytest

from melody_rnn import MelodyRNN
from melody_rnn.evaluation.temperature_report.table import measure_temperatures

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "temperature"
NUM_OUTPUTS = 16


@pytest.fixture(scope="module")
def rows():
    with (REPORT / "metrics.csv").open(newline="") as file:
        return {(row["temperature"], row["metric"]): row for row in csv.DictReader(file)}


def test_its_figures_are_what_a_few_new_melodies_come_to(rows):
    table = measure_temperatures(MelodyRNN.from_preset(), [0.6, 1.4], NUM_OUTPUTS, seed=1)
    for own in table.rows:
        for metric in ("entropy", "largest_probability", "out_of_key", "distinct_4grams"):
            row = rows[own.label, metric]
            # The interval is of 95 percent, and of a mean of many more.
            error = (float(row["high"]) - float(row["low"])) / 3.92 * (int(row["num_melodies"]) / NUM_OUTPUTS) ** 0.5
            assert abs(own.estimates[metric].value - float(row["value"])) < 4 * error, (own.label, metric)


@pytest.mark.parametrize("metric", ["out_of_key", "distinct_4grams"])
def test_diversity_and_mistakes_rise_with_temperature(rows, metric):
    cold, plain, hot = (rows[temperature, metric] for temperature in ("0.6", "1", "1.4"))
    assert float(cold["high"]) < float(plain["low"])
    assert float(plain["high"]) < float(hot["low"])
    assert {row["num_melodies"] for row in (cold, plain, hot)} == {"1000"}


def test_the_command_on_top_is_the_makefile_s():
    page = (REPORT / "report.html").read_text("utf-8")
    command = page.partition("<pre>")[2].partition("</pre>")[0]
    assert command.startswith("melody-rnn temperature ")
    assert f"$(BIN)/{command}\n" in (ROOT / "Makefile").read_text()
