"""What the original's page on Melody RNN tells its readers to run, in its order."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from note_seq import NoteSequence

from melody_rnn import MelodyRNN
from melody_rnn.cli.main import cli
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.data.tfrecords import read_records
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.magenta.bundles import read_bundle
from melody_rnn.magenta.examples import write_examples
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.tunes.files import read_tune

BASIC = Path(__file__).parents[2] / "data" / "basic_rnn.mag"
HPARAMS = "--hparams=batch_size=4,rnn_layer_sizes=[8,6],attn_length=5"


def notes(path):
    return read_tune(path).pitches


def test_from_a_folder_of_music_to_melodies_of_its_own_model(run, music, tmp_path, capsys):
    records = tmp_path / "notesequences.tfrecord"
    run("convert_dir_to_note_sequences", "--input_dir", music, "--output_file", records, "--recursive")
    assert "wrote 12 sequences" in capsys.readouterr().err
    examples = tmp_path / "examples"
    run("melody_rnn_create_dataset", "--config=attention_rnn", f"--input={records}", f"--output_dir={examples}")
    counts = {path.name: len(list(read_records(path))) for path in examples.iterdir()}
    assert set(counts) == {"training_melodies.tfrecord", "eval_melodies.tfrecord"}
    assert sum(counts.values()) == 12
    assert counts["training_melodies.tfrecord"] >= 8

    run_dir = tmp_path / "run"
    train = ["melody_rnn_train", "--config=attention_rnn", f"--run_dir={run_dir}", HPARAMS, "--summary_frequency=2"]
    on_training = f"--sequence_example_file={examples / 'training_*.tfrecord'}"
    run(*train, on_training, "--num_training_steps=5")
    said = capsys.readouterr().err
    assert ["step 2:" in said, "step 4:" in said, "step 5:" in said] == [True, True, False]
    assert "trained to step 5" in said
    run(*train, on_training, "--num_training_steps=7", "--num_checkpoints=1")
    assert "step 6: loss" in capsys.readouterr().err
    assert [row["step"] for row in json.loads((run_dir / "history.json").read_text())] == [5, 7]
    events = [tf.compat.v1.Event.FromString(r) for f in (run_dir / "train").iterdir() for r in read_records(f)]
    losses = {event.step for event in events for value in event.summary.value if value.tag == "loss"}
    assert losses == {2, 4, 6}
    run(*train, f"--sequence_example_file={examples / 'training_melodies.tfrecord'}", "--eval", "--num_eval_examples=2")
    assert "step 7, 2 melodies: loss" in capsys.readouterr().err

    from_run = ["--config=attention_rnn", f"--run_dir={run_dir}", HPARAMS]
    bundle = tmp_path / "mine.mag"
    save = ["--save_generator_bundle", f"--bundle_file={bundle}", "--bundle_description=Of a test"]
    run("melody_rnn_generate", *from_run, *save)
    assert "Of a test" in read_bundle(bundle).description
    melody = [60, -2, 64, -2, 67, -1, 72, -2]
    likelihoods = [m.log_likelihood(melody) for m in (MelodyRNN.from_bundle(bundle), trained(run_dir))]
    assert likelihoods[0] == pytest.approx(likelihoods[1], abs=1e-3)
    for source, name in ((from_run, "from_run"), ([f"--bundle_file={bundle}"], "from_bundle")):
        output = f"--output_dir={tmp_path / name}"
        run("melody_rnn_generate", *source, output, "--num_outputs=10", "--num_steps=20", "--primer_melody=[67, -2,]")
        files = sorted((tmp_path / name).iterdir())
        assert [path.stem.rpartition("_")[2] for path in files] == [f"{i:02}" for i in range(1, 11)]
        assert all(notes(path)[0] == 67 for path in files)


def test_evaluation_goes_on_while_a_run_does(run, tmp_path, capsys, monkeypatch):
    examples = tmp_path / "examples.tfrecord"
    melody = StoredMelody("a:0.0", np.array([60, -2, 62, -2] * 8, np.int8), COMMON_TIME, "train")
    write_examples(examples, [melody] * 4)
    command = [
        "melody_rnn_train",
        "--config=basic_rnn",
        f"--run_dir={tmp_path / 'run'}",
        f"--sequence_example_file={examples}",
        "--hparams=rnn_layer_sizes=[4]",
    ]
    trained_for = iter(["--num_training_steps=2", "--num_training_steps=3"])

    def train_meanwhile(_seconds):
        flags = next(trained_for)
        run(*command, flags)
        # The first is cut short: the run's end, as it says, is still to come.
        if flags.endswith("2"):
            path = tmp_path / "run" / "run.json"
            path.write_text(path.read_text().replace('"steps": 2', '"steps": 3'))

    monkeypatch.setattr("melody_rnn.magenta.commands.train.time.sleep", train_meanwhile)
    run(*command, "--eval")
    said = [line for line in capsys.readouterr().err.splitlines() if "melodies: loss" in line or "waiting" in line]
    assert [line.partition(":")[2].partition(",")[0].split()[:2] for line in said] == [
        ["waiting", "for"],
        ["step", "2"],
        ["waiting", "for"],
        ["step", "3"],
    ]


def trained(run_dir):
    return MelodyRNN.from_preset(run_dir / "model")


def test_converting_keeps_where_music_is_from(run, music, tmp_path, capsys):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "tunes.abc").write_text("X:1\nK:C\nCDEF|\n\nX:2\nK:C\nQ:x\n{C|\n\nX:7\nK:G\nGABc|\n")
    records = tmp_path / "x" / "book.tfrecord"
    run("convert_dir_to_note_sequences", f"--input_dir={tmp_path / 'book'}", f"--output_file={records}")
    sequences = [NoteSequence.FromString(record) for record in read_records(records)]
    assert [len(sequence.notes) for sequence in sequences][-1] == 4
    assert {sequence.filename for sequence in sequences} == {"tunes.abc"}
    assert {sequence.collection_name for sequence in sequences} == {"book"}
    assert len({sequence.id for sequence in sequences}) == len(sequences)
    assert sequences[0].id.startswith("/id/abc/book/")
    capsys.readouterr()
    run("convert_dir_to_note_sequences", f"--input_dir={music}", f"--output_file={records}")
    said = capsys.readouterr().err
    assert "broken.mid: not a readable MIDI file" in said
    assert "notes.txt: not one of" in said
    assert "below: not one of" in said
    names = [NoteSequence.FromString(record).filename for record in read_records(records)]
    assert names == [f"tune{number:02}.mid" for number in range(10)]


def test_a_primer_file_brings_its_tempo_and_without_one_melodies_begin_with_a_middle_c(run, music, tmp_path, capsys):
    bundle = ["melody_rnn_generate", f"--bundle_file={BASIC}", "--num_outputs=1"]
    run(
        *bundle,
        f"--output_dir={tmp_path / 'a'}",
        f"--primer_midi={music / 'tune03.mid'}",
        "--num_steps=140",
        "--qpm=70",
    )
    (path,) = (tmp_path / "a").iterdir()
    given = list(read_tune(music / "tune03.mid"))
    assert notes(path)[: len([e for e in given if e >= 0])] == [event for event in given if event >= 0]
    assert read_tune(path).qpm == 120
    run(*bundle, f"--output_dir={tmp_path / 'b'}", "--num_steps=16", "--qpm=90", "--temperature=0")
    (path,) = (tmp_path / "b").iterdir()
    assert notes(path)[0] == 60
    assert read_tune(path).qpm == 90
    assert "no primer given" in capsys.readouterr().err


def test_beam_search_finds_likelier_melodies(run, tmp_path):
    bundle = [f"--bundle_file={BASIC}", "--num_outputs=4", "--num_steps=32", "--primer_melody=[60, -2, 64, -2]"]
    scores = []
    for flags in ([], ["--beam_size=4", "--branch_factor=8", "--steps_per_iteration=4"]):
        output = tmp_path / str(len(flags))
        run("melody_rnn_generate", *bundle, *flags, f"--output_dir={output}")
        melodies = [read_tune(path) for path in sorted(output.iterdir())]
        assert len(melodies) == 4
        scores.append(sum(MelodyRNN.from_bundle(BASIC).log_likelihoods(melodies)))
    assert scores[1] > scores[0]


def test_a_bundle_is_tuned_on_music_of_one_s_own(music, tmp_path):
    data, bundle = str(tmp_path / "data"), str(BASIC)

    def melody_rnn(*arguments):
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False)
        return result.output

    melody_rnn("dataset", "build", "--input", str(music), "--output", data, "--workers", "1")
    tune = ["train", "--verbose", "--from", bundle, "--dataset", data, "--run-dir"]
    melody_rnn(*tune, str(tmp_path / "still"), "--steps", "1", "--hparams", "learning_rate=1e-9")
    before = read_bundle(bundle).weights
    model = MelodyRNN.from_preset(tmp_path / "still" / "model")
    assert model.config.name == "basic_rnn"
    for name, variable in model.network.variables_by_name().items():
        np.testing.assert_allclose(variable.numpy(), before[name], rtol=0, atol=1e-6)
    melody_rnn(*tune, str(tmp_path / "tuned"), "--epochs", "8", "--hparams", "learning_rate=1e-2,dropout=0")
    losses = {
        name: min(row["val_loss"] for row in json.loads((tmp_path / name / "history.json").read_text()))
        for name in ("still", "tuned")
    }
    assert losses["tuned"] < 0.8 * losses["still"]
    message = r"--from gives a basic_rnn; it can become .*; leave out --model lookback_rnn"
    with pytest.raises(InvalidArgumentError, match=message):
        melody_rnn(*tune, str(tmp_path / "other"), "--model", "lookback_rnn")
