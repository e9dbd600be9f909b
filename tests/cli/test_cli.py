"""The command as a user runs it, from an empty folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from melody_rnn.cli.main import cli
from melody_rnn.cli.manual import manual
from melody_rnn.cli.reference import reference
from melody_rnn.formats.reading import read_score
from melody_rnn.tunes.files import read_tune

ROOT = Path(__file__).parents[2]
COMMANDS = list(cli.list_commands(None))


def test_ranges_of_a_run_are_its_files(run, tmp_path):
    common = ["generate", "--model", "basic_rnn", "--num-steps", 16, "--seed", 5, "--to", "mid,abc"]
    for folder, first, count in (("whole", 1, 5), ("range", 4, 2)):
        result = run(*common, "-n", count, "--first-index", first, "-o", folder)
        assert (result.returncode, result.stderr) == (0, "")
    made = {path.name: path.read_bytes() for path in (tmp_path / "range").iterdir()}
    assert set(made) == {f"basic_rnn_seed5_0000000{k}.{kind}" for k in (4, 5) for kind in ("mid", "abc")}
    assert all((tmp_path / "whole" / name).read_bytes() == data for name, data in made.items())
    for wrong, why in ((["--first-index", 2], "--seed"), (["--first-index", 2, "--seed", 1, "--best-of", 4], "search"),
                       (["--first-index", 10**7, "--seed", 1, "-n", 2], "at most at melody")):  # fmt: skip
        told = run("generate", "--model", "basic_rnn", *wrong)
        assert (told.returncode, told.stderr.count("\n")) == (2, 1)
        assert why in told.stderr


def test_generate_writes_what_it_says(run, tmp_path):
    result = run("generate", "-n", 3, "--num-steps", 40, "--seed", 5, "--temperature", 0.8, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["file"] for row in rows] == [f"midi_out/tunes_rnn_seed5_0{k}.mid" for k in (1, 2, 3)]
    for index, row in enumerate(rows, start=1):
        assert set(row) == {
            "file",
            "files",
            "events",
            "written",
            "num_steps",
            "meter",
            "steps_per_bar",
            "pickup_steps",
            "key",
            "qpm",
            "sections",
            "seed",
            "index",
            "temperature",
            "log_likelihood",
        }
        assert (row["index"], row["seed"], row["temperature"]) == (index, 5, 0.8)
        assert len(row["events"]) == row["num_steps"] == 40
        about = json.loads(read_score(tmp_path / row["file"]).text)
        assert about["model"] == "tunes_rnn"
        assert (about["seed"], about["index"], about["temperature"]) == (5, index, 0.8)
        assert about["version"]
        written = list(read_tune(tmp_path / row["file"]))
        assert [e for e in written if e >= 0] == [e for e in row["events"] if e >= 0]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.mid")}
    again = run("generate", "-n", 2, "--num-steps", 40, "--seed", 5, "--temperature", 0.8)
    assert again.returncode == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.mid")} == before
    assert "nats/event" in again.stdout
    assert "in midi_out: tunes_rnn, " in again.stdout
    assert "--seed 5 makes them again" in again.stdout
    assert "tunes_rnn_seed5_02.mid " in again.stdout
    scored = run("score", "--json", "--melody", json.dumps(rows[0]["events"]))
    assert json.loads(scored.stdout)["log_likelihood"] == pytest.approx(rows[0]["log_likelihood"], abs=1e-3)


def test_other_settings_with_the_same_seed_overwrite_nothing(run, tmp_path):
    for temperature in (0.5, 1.5):
        assert run("generate", "-n", 1, "--seed", 1, "--num-steps", 20, "-t", temperature).returncode == 0
    assert sorted(path.name for path in (tmp_path / "midi_out").iterdir()) == [
        "tunes_rnn_seed1_01-2.mid",
        "tunes_rnn_seed1_01.mid",
    ]


def test_a_primer_file_sets_the_tempo_and_comes_first(run, tmp_path):
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nQ:1/4=90\nK:C\nC D E F |\n")
    result = run("generate", "-n", 1, "--primer-midi", "tune.abc", "--new-steps", 16, "--seed", 2, "--json")
    assert result.returncode == 0, result.stderr
    row = json.loads(result.stdout)
    assert row["events"][:16] == [60, -2, -2, -2, 62, -2, -2, -2, 64, -2, -2, -2, 65, -2, -2, -2]
    assert row["events"][16] != -2
    assert read_tune(tmp_path / row["file"]).qpm == row["qpm"] == 90


def test_a_meter_is_kept_and_written(run, tmp_path):
    result = run("generate", "-n", 1, "--meter", "6/8", "--num-steps", 24, "--seed", 2, "--json")
    assert result.returncode == 0, result.stderr
    row = json.loads(result.stdout)
    assert row["steps_per_bar"] == 12
    assert str(read_tune(tmp_path / row["file"]).meter) == row["meter"] == "6/8"
    scored = json.loads(run("score", "--json", "--meter", "6/8", "--melody", json.dumps(row["events"])).stdout)
    assert scored["log_likelihood"] == pytest.approx(row["log_likelihood"], abs=1e-3)
    in_other_bars = json.loads(run("score", "--json", "--melody", json.dumps(row["events"])).stdout)
    assert in_other_bars["log_likelihood"] != pytest.approx(row["log_likelihood"], abs=1e-3)


def test_every_kind_of_file_holds_the_same_tune(run, tmp_path):
    arguments = ("--meter", "6/8", "--pickup-steps", 2, "--num-steps", 60, "--seed", 2, "--key", "D dorian")
    result = run("generate", "-n", 1, *arguments, "--to", "mid,abc,musicxml,mxl", "--json")
    assert result.returncode == 0, result.stderr
    row = json.loads(result.stdout)
    assert (row["pickup_steps"], row["key"], row["sections"]) == (2, "D dorian", [])
    assert row["files"] == [f"midi_out/tunes_rnn_seed2_01.{kind}" for kind in ("mid", "abc", "musicxml", "mxl")]
    for file in row["files"]:
        tune = read_tune(tmp_path / file)
        assert (str(tune.meter), tune.pickup_steps) == ("6/8", 2)
        assert tune.pitches == [event for event in row["events"] if event >= 0]
        assert str(tune.key) == ("C major" if file.endswith(".mid") else "D dorian")


def test_sheet_music_of_a_run_is_one_pdf(run, tmp_path):
    result = run("generate", "-n", 3, "--num-steps", 32, "--seed", 1, "--to", "svg,png,pdf", "--sheet")
    assert (result.returncode, result.stderr) == (0, "sheet music of all: midi_out/tunes_rnn_seed1.pdf\n")
    names = {path.name for path in (tmp_path / "midi_out").iterdir()}
    assert len(names) == 10
    assert (tmp_path / "midi_out" / "tunes_rnn_seed1.pdf").read_bytes().startswith(b"%PDF")


def test_import_bundle_score_and_models(run, tmp_path):
    bundle = ROOT / "tests" / "data" / "basic_rnn.mag"
    case = json.loads(bundle.with_suffix(".json").read_text())["cases"][0]
    assert run("import-bundle", bundle, "mine").returncode == 0
    again = run("import-bundle", bundle, "mine")
    assert (again.returncode, again.stderr) == (2, "melody-rnn: mine exists already; name a new folder\n")
    result = run("score", "--model", "mine", "--melody", json.dumps(case["events"]), "--json")
    row = json.loads(result.stdout)
    assert row["log_likelihood"] == pytest.approx(case["log_likelihood"], abs=1e-3)
    assert row["label_log_likelihood"] == pytest.approx(case["log_likelihood"], abs=1e-3)
    assert row["num_events"] == len(case["events"])
    assert row["nats_per_event"] == pytest.approx(-case["log_likelihood"] / (len(case["events"]) - 1), abs=1e-4)
    models = [json.loads(line) for line in run("models", "--json").stdout.splitlines()]
    assert [model["name"] for model in models if model["is_default"]] == ["tunes_rnn"]
    assert "lookback_rnn" in run("models").stdout


def test_export_to_a_bundle_and_back(run, tmp_path):
    melody = json.dumps([60, -2, 64, -2, 67, -1, 72, -2])
    result = run("export", "--format", "mag", "attention_rnn", "mine.mag", "--description", "Of a test")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "mine.mag: a bundle of Magenta's attention_rnn; play it with melody_rnn_generate --bundle_file=mine.mag\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.mag"]
    scores = [
        json.loads(run("score", "--json", "--model", model, "--melody", melody).stdout)["log_likelihood"]
        for model in ("attention_rnn", "mine.mag")
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


def test_export_to_magentajs(run, tmp_path):
    result = run("export", "--format", "magentajs", "basic_rnn", "js")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("js: a checkpoint of Magenta.js")
    assert json.loads((tmp_path / "js" / "config.json").read_text())["type"] == "MusicRNN"
    assert [path.name for path in tmp_path.iterdir()] == ["js"]


def test_temperature_writes_a_report_with_the_command_that_made_it(run, tmp_path):
    arguments = ["temperature", "-n", 4, "--num-steps", 40, "--temperatures", "0.5..1.5:0.5,0", "-o", "reports/first"]
    result = run(*arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted({row["temperature"] for row in rows}) == [0, 0.5, 1, 1.5]
    assert {"entropy", "distinct_4grams", "out_of_key", "similarity"} < {row["metric"] for row in rows}
    text = (tmp_path / "reports" / "first" / "report.html").read_text("utf-8")
    assert f"melody-rnn {' '.join(map(str, arguments))} --json" in text
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["first"]


def test_devices(run):
    result = run("devices")
    assert (result.returncode, result.stderr) == (0, "")
    assert "CPU:0" in result.stdout


LIGHT_MISTAKES = [
    (["generate", "--model", "nope"], "unknown model 'nope'"),
    (["generate", "--model", "missing.mag"], "missing.mag: no such file"),
    (["generate", "--temperature", "-1"], "must be a finite number of at least 0, got -1"),
    (["generate", "--temperature", "nan"], "got nan"),
    (["generate", "--meter", "6-8"], "'6-8' is no meter: write beats"),
    (["generate", "--meter", "1/32"], "a bar of 1/32 is no whole number of steps"),
    (["generate", "--temperature", "inf"], "got inf"),
    (["generate", "--temperature", "warm"], "got warm"),
    (["generate", "--top-p", "0"], "must be above 0 and at most 1, got 0"),
    (["generate", "--top-p", "1.5"], "must be above 0 and at most 1, got 1.5"),
    (["generate", "--num-outputs", "0"], "0 is not in the range 1<=x<=1000000"),
    (["generate", "--qpm", "0"], "must be a number from 3.6 to 10000"),
    (["generate", "--program", "fidle"], "a number from 0 to 127 or a name, such as fiddle"),
    (["generate", "--output-dir", "file/below"], "is a file"),
    (["generate", "--primer", "C4", "--primer-midi", "a.mid"], "give one of them"),
    (["generate", "--beam-size", "0"], "0 is not in the range 1<=x<=10000"),
    (["generate", "--best-of", "8", "--beam-size", "8"], "two ways to search; give one of them"),
    (["generate", "--best-by", "typical"], "give --best-of too"),
    (["generate", "--branch-factor", "2"], "need --beam-size"),
    (["generate", "--best-of", "8", "-n", "9"], "--best-of must be at least the 9 of -n, got 8"),
    (["generate", "--beam-size", "8", "-n", "9"], "--beam-size must be at least the 9 of -n, got 8"),
    (["generate", "--beam-size", "8", "--top-p", "0.9"], "--beam-size samples nothing, so --top-p changes nothing"),
    (["generate", "--trace", "trace.json"], "--trace must name a .npz file, got trace.json"),
    (["generate", "--temperature", "0.6..-1"], "must be a finite number of at least 0, got -1"),
    (["generate", "--temperature", "1,,0.7"], "or a number for each bar, such as 1,0.7,0.7, got 1,,0.7"),
    (["generate", "--guide", "basic_rnn"], "must be a model and a strength, such as basic_rnn:0.5, got 'basic_rnn'"),
    (["generate", "--guide", "nix:0.5"], "unknown model 'nix'"),
    (["generate", "--guide", "basic_rnn:1", "--beam-size", "2"], "--guide is for sampling, and --beam-size searches"),
    (["generate", "--surprise", "0.5", "--beam-size", "2", "-n", "1"], "--surprise changes nothing"),
    (["generate", "--xtc", "0.5"], "must be two numbers from 0 to 1, SHARE,PROBABILITY, got 0.5"),
    (["generate", "--dynamic-temperature", "1.2"], "must be two finite numbers of at least 0, SURE..UNSURE"),
    (["generate", "--key", "D dorain"], "there is no scale 'dorain'; those there are: major, minor"),
    (["generate", "--scale", "dorian"], "the scale 'dorian' needs a key"),
    (["generate", "--range", "C6..C4"], "the range must be its lowest and its highest note"),
    (["generate", "--rhythm", "x-x-"], "rhythm must be made of 'x'"),
    (["generate", "--end-on", "tonic"], "end_on 'tonic' needs a key"),
    (["generate", "--keep", "tune.mid"], "--keep must be a file and its bars"),
    (["generate", "--keep", "tune.mid:bars 2-1"], "bars must be numbers and ranges"),
    (["generate", "--nonsense"], "No such option '--nonsense'. (see"),
    (["generate", "--tempos", "90"], "Did you mean '--tempo'?"),
    (["generate", "--temprature", "1"], "'--temperature'"),
    (["render", "a.mid", "--out", "b"], "Did you mean '--output-dir'?"),
    (["convrt"], "No such command 'convrt'. Did you mean convert?"),
    (["score"], "nothing to score"),
    (["render"], "nothing to read"),
    (["render", "missing.mid"], "missing.mid: no such file"),
    (["evaluate", "-d", ".", "--reliability", "d.png"], "give --calibrate too"),
    (["evaluate", "-d", ".", "--calibrate", "--reliability", "d.pdf"], "must name a .png or .svg file, got d.pdf"),
    (["import-bundle", "missing.mag", "x"], "no such file"),
    (["export", "--format", "mag", "nope", "x.mag"], "unknown model 'nope'"),
    (["export", "--format", "mag", "basic_rnn", "file"], "file exists already"),
    (["export", "--format", "mag", "basic_rnn", "missing/x.mag"], "there is no folder missing"),
    (["export", "basic_rnn", "x.mag"], "Missing option '-f' / '--format'"),
    (["compose"], "No such command"),
    (["temperature", "--temperatures", "warm"], "'warm': write 0.2..2.0, 0.2..2.0:0.1 (with the step) or 0.5,1,1.5"),
    (["temperature", "--temperatures", "2..1"], "'2..1': write 0.2..2.0"),
    (["temperature", "--temperatures", "0..1:0"], "'0..1:0': write 0.2..2.0"),
    (["temperature", "--temperatures", "1,-0.5"], "each must be at least 0, got 1,-0.5"),
    (["temperature", "--temperatures", "1..inf"], "'1..inf': write 0.2..2.0"),
    (["temperature", "--temperatures", "0..1:1e-9"], "0..1:1e-9 are more than 50; take a greater step"),
    (["temperature", "--num-outputs", "3"], "3 is not in the range 4<=x<=10000"),
    (["temperature", "--corpus", "nowhere"], "nowhere: no such folder"),
    (["temperature", "--corpus", "corpus:none"], "'corpus:none' is no corpus"),
    (["temperature", "--output-dir", "file/below"], "is no folder"),
    (["temperature", "--output-dir", ".", "--overwrite"], "which is no part of a report"),
]
NOTE_MISTAKES = [
    (["generate", "--primer", "[-2]"], "no note"),
    (["generate", "--primer", "[200]"], "200 is outside"),
    (["generate", "--primer", "C4:8", "--num-steps", "8"], "the primer has 8 steps"),
    (["generate", "--primer-midi", "missing.mid"], "missing.mid: cannot be read"),
    (["generate", "--primer-midi", "page.mid"], "page.mid: not a MIDI file"),
    (["generate", "--rhythm", "x..x..", "--meter", "4/4"], "has 6 steps, which do not divide a bar of 16"),
    (["generate", "--keep", "missing.mid:bars 1"], "missing.mid: cannot be read"),
    (["score", "empty.mid"], "empty.mid: is empty"),
]
HEAVY_MISTAKES = [
    (["temperature", "--corpus", "folder"], "no melody to make a dataset of: there was no file in the inputs"),
    (["generate", "--model", "page.mag"], "page.mag"),
    (["generate", "--device", "gpu"], "no GPU"),
    (["generate", "--form", "A-B"], "the form must be letters"),
    (["generate", "--form", "AABB", "--bars", "30"], "cannot be shared evenly"),
    (["generate", "--form", "AABB", "--num-steps", "64"], "form is for whole tunes"),
    (["generate", "--form", "AABB", "--model", "basic_rnn"], "basic_rnn knows no form"),
    (["generate", "--tempo", "100", "--qpm", "90"], "give one of them"),
    (["generate", "--for", "fiddle", "--num-steps", "64"], "--for is for whole tunes"),
    (
        ["generate", "--num-steps", "64", "--key", "D", "--end-on", "C"],
        "the key 'D' and end_on 'C' together leave no way",
    ),
    (["generate", "--model", "noise.mag"], "noise.mag"),
    (["import-bundle", "--config", "basic_rnn", "missing", "x"], "missing: no such checkpoint"),
    (["export", "--format", "mag", "tunes_rnn", "x.mag"], "tunes_rnn cannot be exported"),
    (["export", "--format", "magentajs", "attention_rnn", "js"], "attention_rnn cannot be exported to Magenta.js"),
]


def check_mistake(run, tmp_path, arguments, message):
    (tmp_path / "folder").mkdir()
    for name, data in {
        "file": b"",
        "empty.mid": b"",
        "page.mid": b"<html>",
        "page.mag": b"<!DOCTYPE html><html>404</html>",
        "noise.mag": bytes(range(256)) * 8,
    }.items():
        (tmp_path / name).write_bytes(data)
    before = sorted(tmp_path.rglob("*"))
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("melody-rnn")
    assert result.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("arguments", "message"), LIGHT_MISTAKES + NOTE_MISTAKES + HEAVY_MISTAKES)
def test_mistakes_give_one_line_and_write_nothing(run, tmp_path, arguments, message):
    check_mistake(run, tmp_path, arguments, message)


WATCHED = ["tensorflow", "keras", "note_seq", "numpy", "matplotlib", "soundfile", "rich"]
LOAD_NOTHING = [
    ["--help"],
    ["--version"],
    ["models"],
    *([name, "--help"] for name in COMMANDS),
    *(arguments for arguments, _ in LIGHT_MISTAKES),
]
SPY = f"""
import json, os, sys
class Ended(BaseException):
    pass
def end(status):
    raise Ended
os._exit = end
before = set(sys.modules)
from melody_rnn.cli import main
told, sys.stderr = sys.stderr, sys.stdout
for arguments in json.load(sys.stdin):
    sys.argv = ["melody-rnn", *arguments]
    try:
        main()
    except Ended:
        print(json.dumps(sorted((set(sys.modules) - before).intersection({WATCHED}))), file=told)
    before = set(sys.modules)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """What each of them is the first to load, one after the other in one process."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "file").write_text("")
    result = subprocess.run(
        [sys.executable, "-c", SPY],
        input=json.dumps(LOAD_NOTHING),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(map(tuple, LOAD_NOTHING), map(json.loads, result.stderr.splitlines()), strict=True))


@pytest.mark.parametrize("arguments", LOAD_NOTHING)
def test_help_and_mistakes_load_no_heavy_library(loaded, arguments):
    assert loaded[tuple(arguments)] == []


def test_examples_in_the_help_keep_their_lines():
    assert "\\b" not in reference()
    assert "  melody-rnn score tune.mid other.abc\n" in reference()


def test_the_reference_is_the_help():
    assert (ROOT / "docs" / "cli.md").read_text() == reference()


def test_the_manual_page_is_the_help_and_roff_understands_it(run):
    page = manual()
    assert (ROOT / "docs" / "melody-rnn.1").read_text("utf-8") == page, (
        "python -m melody_rnn.cli.manual > docs/melody-rnn.1"
    )
    assert all(f".B melody\\-rnn {name.replace('-', chr(92) + '-')}\n" in page for name in COMMANDS)
    starts = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert starts <= {".TH", ".SH", ".B", ".PP", ".TP", ".nf", ".fi"}


def test_the_command_alone_shows_the_help(run):
    result = run()
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == run("--help").stdout
