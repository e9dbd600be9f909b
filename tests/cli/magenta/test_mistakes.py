import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.errors import MelodyRNNError
from melody_rnn.magenta.examples import write_examples
from melody_rnn.music.meters import COMMON_TIME

BUNDLE = Path(__file__).parents[2] / "data" / "lookback_rnn.mag"
GENERATE, CREATE, TRAIN, CONVERT = (
    "melody_rnn_generate",
    "melody_rnn_create_dataset",
    "melody_rnn_train",
    "convert_dir_to_note_sequences",
)
FROM_BUNDLE = [GENERATE, f"--bundle_file={BUNDLE}", "--output_dir=new"]
ON_EXAMPLES = [TRAIN, "--config=basic_rnn", "--sequence_example_file=examples.tfrecord", "--run_dir=new"]
MISTAKES = [
    ([GENERATE], "give a model: --bundle_file, --run_dir or --checkpoint_file"),
    ([*FROM_BUNDLE, "--run_dir=x"], "but not both"),
    ([GENERATE, "--run_dir=x"], "exactly one of --config and --melody_encoder_decoder"),
    ([GENERATE, "--run_dir=x", "--config=drum_kit"], "--config must be one of basic_rnn"),
    ([GENERATE, "--run_dir=x", "--melody_encoder_decoder=x"], "must be one of onehot, lookback, key"),
    ([GENERATE, "--run_dir=x", "--config=basic_rnn"], "x/train: no such checkpoint"),
    ([GENERATE, "--checkpoint_file=examples.tfrecord", "--config=basic_rnn"], "its checkpoint is damaged"),
    ([GENERATE, "--bundle_file=missing.mag"], "missing.mag: cannot be read"),
    ([GENERATE, "--save_generator_bundle", "--run_dir=x"], "needs --bundle_file"),
    ([GENERATE, "--save_generator_bundle", "--bundle_file=x.mag"], "needs --run_dir or --checkpoint_file"),
    ([GENERATE, "--save_generator_bundle", "--bundle_file=n/x", "--run_dir=x", "--config=basic_rnn"], "no folder n"),
    ([*FROM_BUNDLE, "--temperature=-1"], "--temperature must be a finite number of at least 0"),
    ([*FROM_BUNDLE, "--temperature=warm"], "--temperature=warm"),
    ([*FROM_BUNDLE, "--num_outputs=-1"], "num_outputs"),
    ([*FROM_BUNDLE, "--num_steps", "many"], "num_steps"),
    ([*FROM_BUNDLE, "--qpm=nan"], "--qpm must be"),
    ([*FROM_BUNDLE, "--output_dir="], "--output_dir must not be empty"),
    ([*FROM_BUNDLE, "--primer_melody=[60,"], "--primer_melody must be a list of whole numbers"),
    ([*FROM_BUNDLE, "--primer_melody=__import__('os').getpid()"], "--primer_melody must be a list of whole numbers"),
    ([*FROM_BUNDLE, "--primer_melody=" + "[" * 10_000], "--primer_melody must be a list of whole numbers"),
    ([*FROM_BUNDLE, "--primer_melody=[-2]"], "no note"),
    ([*FROM_BUNDLE, "--primer_melody=[60, 62]", "--num_steps=2"], "the primer has 2 steps and num_steps"),
    ([*FROM_BUNDLE, "--primer_midi=missing.mid"], "missing.mid: cannot be read"),
    ([*FROM_BUNDLE, "--hparams=rnn_layer_sizes=[64,64]"], "rnn_layer_sizes=[64, 64], but the weights are of [48, 32]"),
    ([*FROM_BUNDLE, "--hparams=attn_length=40"], "attn_length=40, but the weights are of 0"),
    ([*FROM_BUNDLE, "--hparams=speed=3"], "hparams: unknown name 'speed'"),
    ([*FROM_BUNDLE, "--hparams=batch_size"], "hparams must be name=value"),
    ([*FROM_BUNDLE, "--hparams=residual_connections=True"], "residual_connections can only be false"),
    ([*FROM_BUNDLE, "--tempo=3"], "Unknown command line flag 'tempo'"),
    ([*FROM_BUNDLE, "--save_generator_bundle=perhaps"], "save_generator_bundle"),
    ([*FROM_BUNDLE, "--nosave_generator_bundle", "false"], "'false' belongs to no flag"),
    ([*FROM_BUNDLE, "--log=LOUD"], "--log"),
    ([CREATE, "--config=basic_rnn"], "--input is missing"),
    ([CREATE, "--config=basic_rnn", "--input=x"], "--output_dir is missing"),
    ([CREATE, "--config=basic_rnn", "--input=x", "--output_dir=new", "--eval_ratio=2"], "--eval_ratio must be from 0"),
    ([CREATE, "--config=basic_rnn", "--input=x", "--output_dir=new"], "x: no such file"),
    ([CREATE, "--config=basic_rnn", "--input=examples.tfrecord", "--output_dir=new"], "no melody to make a dataset of"),
    ([TRAIN, "--config=basic_rnn"], "--sequence_example_file is missing"),
    ([TRAIN, "--config=basic_rnn", "--sequence_example_file=x*"], "no file x*"),
    ([*ON_EXAMPLES, "--run_dir="], "--run_dir is missing"),
    ([*ON_EXAMPLES, "--num_training_steps=-1"], "num_training_steps"),
    ([*ON_EXAMPLES, "--eval"], "new: no weights came in 0 seconds; train first"),
    ([*ON_EXAMPLES, "--hparams=learning_rate=0"], "learning_rate must be a finite number above 0"),
    ([CONVERT], "--input_dir is missing"),
    ([CONVERT, "--input_dir=x"], "--output_file is missing"),
    ([CONVERT, "--input_dir=x", "--output_file=y"], "--input_dir: x is no folder"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with a file of examples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("melody_rnn.magenta.commands.train.WAIT_SECONDS", 0)
    write_examples(
        tmp_path / "examples.tfrecord", [StoredMelody("a:0.0", np.array([60, -2], np.int8), COMMON_TIME, "train")]
    )
    return tmp_path


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
def test_mistakes_give_one_line_and_write_nothing(run, folder, arguments, words):
    with pytest.raises(MelodyRNNError) as error:
        run(*arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert [path.name for path in folder.iterdir()] == ["examples.tfrecord"]


def test_a_run_of_another_configuration_is_not_gone_on_with(run, folder):
    run(*ON_EXAMPLES, "--hparams=rnn_layer_sizes=[4]", "--num_training_steps=1")
    for arguments, words in (
        (["--hparams=rnn_layer_sizes=[5]"], "another network than --config and --hparams"),
        (["--hparams=rnn_layer_sizes=[4]", "--config=mono_rnn"], "another name than --config"),
    ):
        with pytest.raises(MelodyRNNError, match=words):
            run(*ON_EXAMPLES, *arguments, "--num_training_steps=2")
    with pytest.raises(MelodyRNNError, match="new/model: a model of basic_rnn, not of mono_rnn"):
        run(GENERATE, "--run_dir=new", "--config=mono_rnn")


def test_a_run_of_magenta_s_is_not_gone_on_with(run, folder):
    (folder / "new" / "train").mkdir(parents=True)
    (folder / "new" / "train" / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"')
    with pytest.raises(MelodyRNNError, match="new: holds a run of Magenta's"):
        run(*ON_EXAMPLES, "--num_training_steps=2")


WATCHED = ["tensorflow", "keras", "note_seq", "numpy"]
PROGRAM = f"""
import os, sys
leave = os._exit
def tell(status):
    print([name for name in {WATCHED} if name in sys.modules], file=sys.stderr)
    sys.stderr.flush()
    leave(status)
os._exit = tell
from melody_rnn.magenta.commands.MODULE import main
main()
"""


@pytest.mark.parametrize(
    ("module", "arguments", "status"),
    [
        ("generate", ["--help"], 0),
        ("train", ["-h"], 0),
        ("convert", ["--noheavy"], 2),
        ("create_dataset", ["--config=drum_kit"], 2),
    ],
)
def test_help_and_mistakes_load_no_heavy_library(module, arguments, status):
    program = [sys.executable, "-c", PROGRAM.replace("MODULE", module), *arguments]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    *message, loaded = result.stderr.splitlines()
    assert (result.returncode, loaded) == (status, "[]")
    assert len(message) == (status == 2)
    if not status:
        assert "--hparams: Comma-separated name=value pairs" in result.stdout
