"""melody-rnn render, and what generate writes beside its MIDI files, as a user runs them."""

import json

import numpy as np
import pytest
import soundfile

from melody_rnn.formats.midi.writer import midi_bytes
from melody_rnn.formats.reading import read_score
from melody_rnn.tunes.tune import Tune


def write_tune(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Tune((60, -2, -2, -2, 64, -2, -2, -2)).write(path)


def check_sound(path, seconds):
    samples, rate = soundfile.read(path)
    assert len(samples) / rate == pytest.approx(seconds, abs=0.001)
    assert 10 ** (-6 / 20) <= np.abs(samples).max() <= 10 ** (-0.5 / 20)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_in_a_folder_out(run, tmp_path):
    write_tune(tmp_path / "tunes" / "a.mid")
    write_tune(tmp_path / "tunes" / "deep" / "b.mid")
    (tmp_path / "tunes" / "notes.txt").write_text("not music")
    arguments = ["render", "tunes", "--output-dir", "out", "--format", "ogg", "--format", "svg", "--json"]
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"file": "tunes/a.mid", "written": ["out/a.ogg", "out/a.svg"]},
        {"file": "tunes/deep/b.mid", "written": ["out/deep/b.ogg", "out/deep/b.svg"]},
    ]
    assert files_below(tmp_path / "out") == ["a.ogg", "a.svg", "deep/b.ogg", "deep/b.svg"]
    check_sound(tmp_path / "out" / "deep" / "b.ogg", 1 + 2)


def test_a_file_is_written_beside_its_source_and_not_twice(run, tmp_path):
    write_tune(tmp_path / "a.mid")
    for _ in range(2):
        result = run("render", "a.mid")
        assert (result.returncode, result.stdout, result.stderr) == (0, "a.wav\n", "")
    assert files_below(tmp_path) == ["a.mid", "a.wav"]
    check_sound(tmp_path / "a.wav", 3)
    assert run("render", "a.mid", "--synth", "sine").stdout == "a-2.wav\n"
    # Vorbis's encoder draws a number for each stream.
    assert [run("render", "a.mid", "--format", "ogg").stdout for _ in range(2)] == ["a.ogg\n"] * 2


def test_one_bad_file_of_a_folder_is_named_and_the_others_are_written(run, tmp_path):
    write_tune(tmp_path / "tunes" / "good.mid")
    (tmp_path / "tunes" / "bad.mid").write_text("<html>")
    (tmp_path / "tunes" / "worse.mid").write_text("")
    result = run("render", "tunes", "-o", "out")
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "tunes/bad.mid: not a MIDI file (it does not start with MThd)",
        "melody-rnn: tunes/worse.mid: is empty (2 of 3 files could not be read)",
    ]
    assert files_below(tmp_path / "out") == ["good.wav"]


def test_generate_writes_sound_and_picture(run, tmp_path):
    arguments = ["generate", "-n", 1, "--num-steps", 32, "--seed", 1, "--primer", "C4 D4 E4 F4"]
    result = run(*arguments, "--audio", "--plot", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    row = json.loads(result.stdout)
    assert row["audio"] == "midi_out/tunes_rnn_seed1_01.wav"
    assert row["plot"] == "midi_out/tunes_rnn_seed1_01.png"
    samples, rate = soundfile.read(tmp_path / row["audio"])
    assert 3 < len(samples) / rate <= 4 + 2
    assert (tmp_path / row["plot"]).read_bytes().startswith(b"\x89PNG")
    assert json.loads(read_score(tmp_path / row["file"]).text)["primer_steps"] == 16
    with_model = run("render", row["file"], "-f", "svg", "--model", "tunes_rnn")
    assert (with_model.returncode, with_model.stderr) == (0, "")
    picture = (tmp_path / "midi_out" / "tunes_rnn_seed1_01.svg").read_text()
    assert ">primer<" in picture
    assert ">generated, probability 1<" in picture


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render", "tune.mid", "--soundfont", "missing.sf2"], "missing.sf2: no such file"),
        (["render", "tune.mid", "--soundfont", "tune.mid"], "tune.mid: not a soundfont"),
        (["render", "tune.mid", "--format", "mp4"], "'mp4' is not one of"),
        (["render", "tune.mid", "--format", "png", "--model", "nope"], "unknown model 'nope'"),
        (["render", "tune.mid", "--output-dir", "tune.mid/below"], "is a file"),
        (["render", "empty"], "no music file in this folder"),
        (["render", "drums.mid", "--format", "png"], "drums.mid: there is no note in it"),
        (["render", "silent.mid"], "silent.mid: there is no note in it"),
    ],
)
def test_mistakes_give_one_line_and_write_nothing(run, tmp_path, arguments, message):
    write_tune(tmp_path / "tune.mid")
    (tmp_path / "empty").mkdir()
    drums = Tune((40, -2)).to_sequence()
    drums.notes[0].is_drum = True
    (tmp_path / "drums.mid").write_bytes(midi_bytes(drums))
    del drums.notes[:]
    (tmp_path / "silent.mid").write_bytes(midi_bytes(drums))
    before = files_below(tmp_path)
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert files_below(tmp_path) == before
