"""The report under docs/: what it must show, and that it says how it was made."""

import csv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "temperature"


@pytest.mark.parametrize("metric", ["out_of_key", "distinct_4grams"])
def test_diversity_and_mistakes_rise_with_temperature(metric):
    with (REPORT / "metrics.csv").open(newline="") as file:
        rows = {row["temperature"]: row for row in csv.DictReader(file) if row["metric"] == metric}
    cold, plain, hot = (rows[temperature] for temperature in ("0.6", "1", "1.4"))
    assert float(cold["high"]) < float(plain["low"])
    assert float(plain["high"]) < float(hot["low"])
    assert {row["num_melodies"] for row in (cold, plain, hot)} == {"1000"}


def test_the_command_on_top_is_the_makefile_s():
    page = (REPORT / "report.html").read_text("utf-8")
    command = page.partition("<pre>")[2].partition("</pre>")[0]
    assert command.startswith("melody-rnn temperature ")
    assert f"$(BIN)/{command}\n" in (ROOT / "Makefile").read_text()
