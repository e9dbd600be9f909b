"""The generate command's searches and traces, with a tiny model."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
from click.testing import CliRunner

from melody_rnn.cli import options
from melody_rnn.cli.main import cli
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.formats.reading import read_score


@pytest.fixture
def generate(tiny_folder, tmp_path, monkeypatch):
    """Returns a function that generates in an empty folder and gives the rows."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        given = ["generate", "--model", "tiny", "--num-steps", "20", *map(str, arguments)]
        result = CliRunner().invoke(cli, given)
        if result.exception:
            raise result.exception
        return [json.loads(line) for line in result.stdout.splitlines()] if "--json" in arguments else result.stdout

    return run


def test_best_of(generate, tiny_model, tmp_path):
    rows = generate("--best-of", 12, "-n", 2, "--seed", 5, "--json")
    best = tiny_model.best_of(12, 2, num_steps=20, seed=5)
    assert [row["events"] for row in rows] == [list(tune) for tune in best]
    assert [row["candidate"] for row in rows] == [candidate + 1 for candidate in best.candidates]
    assert [row["nats_per_event"] for row in rows] == pytest.approx(best.nats_per_event)
    about = json.loads(read_score(tmp_path / rows[0]["file"]).text)
    assert (about["best_of"], about["candidate"], about["seed"]) == (12, rows[0]["candidate"], 5)
    assert "the best of 12, temperature 0.5, seed 5" in generate("--best-of", 12, "--seed", 5, "-t", 0.5)
    with pytest.raises(ModelError, match="nats_per_event"):
        generate("--best-of", 12, "--best-by", "typical")


def test_all_phases_of_long_work_are_shown(generate, monkeypatch):
    told = []

    @contextmanager
    def progress_bar(title):
        yield lambda done, total: told.append((title, done, total))

    monkeypatch.setattr(options, "progress_bar", progress_bar)
    generate("-n", 5, "--seed", 5)
    titles = list(dict.fromkeys(title for title, _, _ in told))
    assert titles == ["Sampling", "Scoring", "Writing"]
    assert {(title, 5, 5) for title in titles} <= set(told)


def test_a_beam_gives_one_melody_and_the_same_each_time(generate, tmp_path):
    (row,) = generate("--beam-size", 8, "--primer", "C4:2 E4:2", "--json")
    assert (row["seed"], row["temperature"], row["file"]) == (None, None, "midi_out/tiny_beam8_01.mid")
    about = json.loads(read_score(tmp_path / row["file"]).text)
    assert about["beam_size"] == 8
    assert "seed" not in about
    assert "a beam of 8, the same each time" in generate("--beam-size", 8, "--primer", "C4:2 E4:2")
    assert len(list((tmp_path / "midi_out").iterdir())) == 1


def test_magenta_s_beam(generate, tiny_model):
    (row,) = generate("--beam-size", 2, "--branch-factor", 3, "--seed", 4, "-t", 0.7, "--json")
    assert row["seed"] == 4
    (wider,) = generate("--beam-size", 4, "--branch-factor", 8, "--seed", 4, "-t", 0.7, "--json")
    assert wider["tempered_log_likelihood"] > row["tempered_log_likelihood"]
    (plain,) = generate("--beam-size", 1, "--branch-factor", 1, "--seed", 4, "--json")
    assert plain["events"] == list(tiny_model.generate(num_steps=20, seed=4)[0])


@pytest.mark.parametrize(
    ("search", "num_melodies", "is_sampled"),
    [((), 10, True), (("--best-of", 12, "-n", 2), 2, True), (("--beam-size", 8), 1, False)],
)
def test_traces(generate, tmp_path, search, num_melodies, is_sampled):
    rows = generate(*search, "--trace", "new/trace.npz", "--json")
    with np.load(tmp_path / "new" / "trace.npz") as archive:
        assert archive["events"].tolist() == [row["events"] for row in rows]
        assert archive["probabilities"].shape == (num_melodies, 20)
        assert ("drawn_labels" in archive) == is_sampled
    with pytest.raises(OutputError, match="exists already"):
        generate(*search, "--trace", "new/trace.npz")
