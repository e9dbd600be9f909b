import json
import math
import re

import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli


@pytest.fixture
def arguments(saved_tiny):
    return ["score", "--model", str(saved_tiny), "--melody", "[60, -2, 64, -1, 67, 60]", "--per-step"]


def test_each_step_as_json(arguments, tiny_model):
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    row = json.loads(result.stdout)
    assert row["label_log_likelihood"] < row["log_likelihood"]
    (trace,) = tiny_model.trace([[60, -2, 64, -1, 67, 60]])
    assert [step["event"] for step in row["steps"]] == [60, -2, 64, -1, 67, 60]
    assert {key: row["steps"][0][key] for key in ("probability", "entropy", "rank", "likeliest")} == {
        "probability": None,
        "entropy": None,
        "rank": None,
        "likeliest": [],
    }
    for number, step in enumerate(row["steps"][1:], start=1):
        assert step["probability"] == pytest.approx(float(trace.probabilities[number]), rel=1e-5)
        assert step["log_likelihood"] == pytest.approx(math.log(step["probability"]), abs=1e-5)
        assert step["rank"] == trace.ranks[number]
        assert [part["probability"] for part in step["likeliest"]] == sorted(
            (part["probability"] for part in step["likeliest"]), reverse=True
        )


def test_each_step_as_a_table(arguments):
    lines = CliRunner().invoke(cli, arguments).stdout.splitlines()
    assert re.split(r"\s{2,}", lines[0].strip())[1:4] == ["log-likelihood", "of labels", "nats/event"]
    (header,) = (number for number, line in enumerate(lines) if "likeliest" in line)
    assert [line.split()[:2] for line in lines[header + 1 : header + 6]] == [
        ["1", "hold"],
        ["2", "E4"],
        ["3", "off"],
        ["4", "G4"],
        ["5", "C4"],
    ]
