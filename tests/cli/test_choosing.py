"""The options that say how events are chosen, in one process as far as they can be."""

import json

import pytest
from click.testing import CliRunner

from melody_rnn.cli.choosing import Choosing
from melody_rnn.cli.generate import command
from melody_rnn.cli.main import cli
from melody_rnn.errors import MelodyRNNError
from melody_rnn.formats.reading import read_score
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Schedule
from tests.sampling.rules import broken_rules


def choosing_of(*arguments):
    return Choosing.taken_from(command.make_context("generate", [*arguments], **cli.context_settings).params)


def test_settings_are_those_of_the_sampler():
    text = (
        "-t 0.6..1.2 --dynamic-temperature 1.2..0.8 --top-k 9 --top-p 0.9 --min-p 0.01 --typical-p 0.9 --epsilon 0.001 "
        "--eta 0.002 --repetition-penalty 1.1 --no-repeat-ngram 5 --max-same-pitch 3"
    )
    expected = SamplerSettings(
        Schedule((0.6, 1.2)), 9, 0.9, 0.01, 0.9, 0.001, 0.002, (1.2, 0.8), 1.1, no_repeat_ngram=5, max_same_pitch=3
    )
    assert choosing_of(*text.split()).sampler() == expected
    assert choosing_of().sampler() == SamplerSettings()


def test_constraints_are_as_given():
    text = "--key D --scale dorian --range C4..C6 --max-leap 12 --max-rest 8 --rhythm x..x..x. --end-on tonic"
    expected = Constraints("D", "dorian", "C4..C6", 12, 8, "x..x..x.", "tonic")
    assert choosing_of(*text.split()).constraints == expected
    assert choosing_of().constraints == Constraints()


def test_the_help_has_sections():
    text = CliRunner().invoke(cli, ["generate", "--help"]).output
    places = [text.index(part) for part in ("\nOptions:", "--num-outputs", "--help", "\nHow events are chosen:")]
    places += [text.index(part) for part in ("  -t, ", "--eta ", "\nWhat melodies must be like:", "  --keep FILE")]
    assert places == sorted(places)


def test_a_run_with_everything(run, tmp_path):
    (tmp_path / "tune.abc").write_text(
        "X:1\nM:6/8\nL:1/8\nQ:3/8=60\nK:D\nD2E F2G | A3 d3 | c2B A2G | F3 E3 | D2E F2G | A3 d3 | d2c B2c | d3 D3 |\n"
    )
    keys = ["--keep", "tune.abc:bars 1-2,8", "--key", "D major", "--end-on", "tonic", "--max-leap", "12"]
    sampler = ["-t", "1,0.7", "--max-same-pitch", "2", "--num-steps", "96"]
    result = run("generate", "-n", 4, "--seed", 3, "--json", "--plot", *keys, *sampler)
    assert (result.returncode, result.stderr) == (0, "")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    tune = [62, -2, -2, -2, 64, -2, 66, -2, -2, -2, 67, -2, 69, -2, -2, -2, -2, -2, 74, -2, -2, -2, -2, -2]
    last = [74, -2, -2, -2, -2, -2, 62, -2, -2, -2, -2, -2]
    keep = dict(enumerate(tune)) | dict(enumerate(last, start=84))
    constraints = Constraints(key="D major", end_on="tonic", max_leap=12, keep=keep)
    for row in rows:
        assert broken_rules(row["events"], constraints) == set()
        assert (row["steps_per_bar"], row["temperature"]) == (12, "1,0.7")
    assert len({tuple(row["events"]) for row in rows}) == 4
    about = json.loads(read_score(tmp_path / rows[0]["file"]).text)
    assert about["keep"] == "tune.abc:bars 1-2,8"
    # What is orange in the picture.
    assert about["given"] == [[0, 24], [84, 96]]
    assert (about["key"], about["end_on"], about["max_leap"]) == ("D major", "tonic", 12)
    assert (about["temperature"], about["max_same_pitch"], about["meter"]) == ("1,0.7", 2, "6/8")


def test_variations_and_ways_between_tunes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\nC2E2 G2E2 | D2F2 A2F2 | E2G2 c2G2 | F2D2 C4 |\n")
    (tmp_path / "b.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nc B A G | A G F E | F E D C | B, C2 z |\n")
    (tmp_path / "c.abc").write_text("X:1\nM:3/4\nL:1/4\nK:C\nc B A | G F E |\n")
    run = ["generate", "--num-steps", "64", "--look-ahead", "4", "--json"]

    def rows(*arguments):
        output = CliRunner().invoke(cli, [*run, *arguments], catch_exceptions=False).stdout
        return [json.loads(line) for line in output.splitlines()]

    (row,) = rows("-n", "1", "--vary", "a.abc:bars 2-3", "--vary-rhythm")
    notes = [event for event in row["events"][16:48] if event >= 0]
    assert notes == [62, 65, 69, 65, 64, 67, 72, 67]
    first, *_, last = rows("-n", "3", "--seed", "2", "--between", "a.abc", "b.abc")
    ends = ([60, 64, 67, 64], [62, 65, 69, 65], [64, 67, 72, 67], [65, 62, 60]), ([72, 71, 69, 67], [69, 67, 65, 64])
    for row, bars in zip((first, last), ends, strict=True):
        found = [[event for event in row["events"][bar : bar + 16] if event >= 0] for bar in range(0, 64, 16)]
        assert sum(own in found for own in bars) >= len(bars) // 2
    for arguments, message in (
        (["--vary-rhythm"], "give --vary too"),
        (["--vary", "a.abc:1", "--vary-rhythm", "--vary-pitches"], "leave nothing that changes"),
        (["--between", "a.abc", "c.abc"], "a way is between tunes whose bars are alike"),
        (["--between", "a.abc", "b.abc", "--best-of", "4"], "does not go with a search"),
    ):
        with pytest.raises(MelodyRNNError, match=message):
            rows(*arguments)


def test_what_is_copied_is_told_and_forbidden(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = ["generate", "-n", "3", "--seed", "1", "--bars", "8", "--copied", "--json"]
    rows = [json.loads(line) for line in CliRunner().invoke(cli, run, catch_exceptions=False).stdout.splitlines()]
    runs = [row["copied"]["notes"] if row["copied"] else 0 for row in rows]
    limit = max(sorted(runs)[1], 7)
    assert max(runs) > limit
    for row in rows:
        if row["copied"]:
            notes = [event for event in row["events"][row["copied"]["start"] : row["copied"]["end"]] if event >= 0]
            assert len(notes) == row["copied"]["notes"]
            assert 0 < row["copied"]["unseen_share"] < 1
    result = CliRunner().invoke(cli, [*run, "--max-copied", str(limit)], catch_exceptions=False)
    fewer = [json.loads(line) for line in result.stdout.splitlines()]
    assert all((row["copied"]["notes"] if row["copied"] else 0) <= limit for row in fewer)
    assert [row["events"] for row in rows if row["events"] in [own["events"] for own in fewer]] == [
        row["events"] for row, own in zip(rows, runs, strict=True) if own <= limit
    ]
