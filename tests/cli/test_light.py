"""Small work never loads TensorFlow or the whole of note_seq."""

import subprocess
import sys
from pathlib import Path

import pytest

from melody_rnn import MelodyRNN
from melody_rnn.kept_steps import FOLDER_VARIABLE
from melody_rnn.tunes.files import read_tune

HEAVY = ["tensorflow", "keras", "note_seq", "pandas", "scipy", "bokeh"]
SPY = f"""
import os, sys
from importlib import import_module
module, sys.argv = sys.argv[1], sys.argv[1:]
leave = os._exit
def tell(status):
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
    sys.stderr.flush()
    leave(status)
os._exit = tell
import_module(module).main()
"""
GENERATE = ["melody_rnn.cli", "generate", "-m", "lookback_rnn", "--num-steps", "24"]
DATA = Path(__file__).parents[1] / "data"
MODEL = Path(__file__).parents[2] / "models" / "lookback_rnn"


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs a program and says which heavy libraries it loaded."""

    def program(*arguments):
        command = [sys.executable, "-c", SPY, *map(str, arguments)]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert result.returncode == 0, result.stderr
        return result.stderr.splitlines()[-1]

    return program


@pytest.mark.parametrize(
    "options",
    [
        ["-n", "2", "--to", "mid,abc,musicxml"],
        ["-n", "2", "--temperature", "0.6..1.2", "--top-p", "0.9", "--no-repeat-ngram", "4", "--trace", "trace.npz"],
        ["--key", "D dorian", "--end-on", "tonic", "--primer", "C4 D4 E4"],
        ["--best-of", "4"],
        ["--beam-size", "3"],
        ["--beam-size", "2", "--branch-factor", "2", "--steps-per-iteration", "2"],
    ],
    ids=" ".join,
)
def test_generate(run, tmp_path, options):
    assert run(*GENERATE, *options) == "[]"
    tunes = [read_tune(path) for path in (tmp_path / "midi_out").glob("*.mid")]
    assert {tune.origin.engine for tune in tunes} == {"litert"}


def test_score_render_and_convert(run, tmp_path):
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n")
    assert run("melody_rnn.cli", "score", "-m", "lookback_rnn", "tune.abc", "--per-step") == "[]"
    assert run("melody_rnn.cli", "render", "--format", "svg", "--model", "lookback_rnn", "tune.abc") == "[]"
    assert run("melody_rnn.cli", "convert", "tune.abc", "--to", "mid,musicxml") == "[]"


def test_the_drop_in_command(run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model").symlink_to(MODEL)
    options = ["--config=lookback_rnn", "--run_dir=run", "--output_dir=out", "--num_outputs=2", "--num_steps=32"]
    assert run("melody_rnn.magenta.commands.generate", *options) == "[]"
    assert len(list((tmp_path / "out").glob("*.mid"))) == 2


def test_a_bundle_needs_tensorflow_once(run, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    bundle = DATA / "lookback_rnn.mag"
    MelodyRNN.from_bundle(bundle, "litert")
    dropped_in = ["--config=lookback_rnn", f"--bundle_file={bundle}", "--output_dir=out", "--num_outputs=2"]
    assert run("melody_rnn.magenta.commands.generate", *dropped_in) == "[]"
    assert run("melody_rnn.cli", "generate", "-m", bundle, "-n", "2", "--output-dir", "out") == "[]"
    origins = [read_tune(path).origin for path in (tmp_path / "out").glob("*.mid")]
    assert [origin.engine for origin in origins] == ["litert"] * 4


def test_a_step_that_is_damaged_is_passed_over(run, tiny_folder):
    (tiny_folder / "step.tflite").write_bytes(b"damaged")
    assert "tensorflow" in run("melody_rnn.cli", "generate", "-m", "tiny", "-n", "1", "--num-steps", "16")
