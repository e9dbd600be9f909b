"""The manners of the command line: several files, books of tunes, figures in words, long tables."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from rich.table import Table

from melody_rnn.cli.generate import _bars as bars_of
from melody_rnn.cli.main import cli
from melody_rnn.cli.surprise import MAX_ROWS, Surprise, print_rows
from melody_rnn.errors import InputFileError
from melody_rnn.formats.reading import read_score
from melody_rnn.formats.score import at_tempo
from melody_rnn.tunes.files import read_tune

BOOK = """X:1
T:First
M:6/8
L:1/8
Q:3/8=60
K:D
DFA ABA | dFG AGF |

X:2
T:Second
M:4/4
L:1/8
K:G
|:G2B2 d2B2 | A2c2 e2c2 :|
"""


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(BOOK)
    return path


def run(*arguments):
    """Runs the command in this process; its mistakes are click's or the package's own exceptions."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def score_options(saved_tiny):
    return ["score", "--model", saved_tiny]


def test_the_package_is_the_command():
    result = subprocess.run([sys.executable, "-m", "melody_rnn", "models"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert "tunes_rnn" in result.stdout


def test_a_tune_of_a_book_is_taken_and_named(book):
    assert read_tune(book, number=2).title == "Second"
    assert read_tune(book).remarks == ("2 tunes; this is number 1, First",)
    with pytest.raises(InputFileError, match=r"book\.abc: has 2 tunes, so there is no number 3"):
        read_tune(book, number=3)


@pytest.mark.parametrize("command", [["render", "--format", "svg"], ["convert", "--to", "mid"]])
def test_what_can_be_done_is_done_and_the_others_are_named(command, book, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run(*command, "missing.mid", book, empty, "--tune", 2, "--output-dir", tmp_path / "out")
    assert isinstance(result.exception, InputFileError)
    assert str(result.exception) == f"{empty}: there is no music file in this folder (2 of 3 files could not be read)"
    assert "missing.mid: no such file" in result.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_scores_of_folders_and_bad_files(score_options, book):
    (book.parent / "bad.mid").write_text("<html>")
    result = run(*score_options, book.parent, "missing.abc", "--tune", 2, "--json")
    assert isinstance(result.exception, InputFileError)
    assert [json.loads(line)["name"] for line in result.stdout.splitlines()] == [str(book)]
    assert "bad.mid: not a MIDI file" in result.stderr
    assert f"{book}: 2 tunes; this is number 2, Second" in result.stderr
    assert f"{book}: its form is AA; each part is taken once, as written" in result.stderr


def test_tempo_counts_the_beats_of_the_meter(book):
    score = read_score(book, 1)
    assert score.tempos[0].qpm == 90
    assert at_tempo(score, 40).tempos[0].qpm == 60
    assert at_tempo(read_score(book, 2), 40).tempos[0].qpm == 40


@pytest.mark.parametrize(("meter", "qpm"), [("6/8", 135), ("4/4", 90), ("2/2", 180)])
def test_a_run_s_tempo_counts_them_too(meter, qpm, tmp_path):
    options = ["-n", 1, "--num-steps", 24, "--seed", 1, "--meter", meter, "--tempo", 90, "-o", tmp_path]
    result = run("generate", *options, "--json")
    assert json.loads(result.stdout)["qpm"] == qpm


def test_notes_that_fall_together_are_told(score_options, tmp_path):
    path = tmp_path / "fast.abc"
    path.write_text("X:1\nT:Fast\nM:4/4\nL:1/32\nK:C\n(3CDE F2 G4 A8 z8|c32|\n")
    result = run(*score_options, path, "--json")
    assert f"{path}: 2 notes fall onto another's step and are left out, as in fast triplets" in result.stderr


def test_surprise_in_words(capsys):
    surprise = Surprise(0.6)
    assert [surprise.word(nats) for nats in (0.2, 0.6, 1.2, None)] == ["low", "typical", "high", "-"]
    surprise.explain()
    assert "real tunes have about 0.60" in capsys.readouterr().out
    assert Surprise(None).word(0.6) == "-"


def test_a_long_table_is_cut(capsys):
    print_rows(Table("number"), [(f"row{number}",) for number in range(5_000)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < MAX_ROWS
    assert lines[-1] == "... and 4,980 more; --json has all of them"


def test_a_played_tune_is_scored_as_written_which_is_said(score_options, book, tmp_path):
    written = read_tune(book, number=2)
    played = written.write(tmp_path / "played.mid")
    result = run(*score_options, played, "--json")
    assert f"{played}: its form is AA; each part is taken once, as written" in result.stderr
    assert (json.loads(result.stdout)["num_events"], len(read_tune(played))) == (len(written), 2 * len(written))


def test_paths_are_not_broken(score_options, book, tmp_path):
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    path = read_tune(book).write(folder / "tune.mid")
    result = run(*score_options, path, "--per-step")
    assert [str(path) in line for line in result.stdout.splitlines()].count(True) == 2


def test_the_files_of_a_run_are_named(tmp_path):
    result = run("generate", "-n", 1, "--num-steps", 64, "--seed", 1, "--to", "mid,png", "--plot", "-o", tmp_path)
    assert ", each as .mid, .png, _roll.png: " in " ".join(result.stdout.split())
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("steps", "pickup", "sections", "bars"), [(94, 0, [{}], "8"), (104, 2, [{}], "8"), (94, 0, [], "7.83")]
)
def test_bars_of_a_whole_tune_are_whole(steps, pickup, sections, bars):
    assert bars_of({"num_steps": steps, "steps_per_bar": 12, "pickup_steps": pickup, "sections": sections}) == bars
