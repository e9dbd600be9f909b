"""The flags of Magenta 2.1.4's commands with their defaults, as its sources define them."""

import re

import pytest

from melody_rnn.errors import MelodyError

MODEL = dict.fromkeys(["config", "melody_encoder_decoder", "generator_id", "generator_description", "hparams"])
IMPROV = dict.fromkeys(["config", "generator_id", "generator_description", "hparams"])
COMMON = {"log": "INFO", "help": "False"}
FLAGS = {
    "melody_rnn_generate": {
        **MODEL,
        **dict.fromkeys(["run_dir", "checkpoint_file", "bundle_file", "bundle_description", "primer_melody"]),
        **dict.fromkeys(["primer_midi", "qpm"]),
        "save_generator_bundle": "False",
        "output_dir": "/tmp/melody_rnn/generated",
        "num_outputs": "10",
        "num_steps": "128",
        "temperature": "1.0",
        "beam_size": "1",
        "branch_factor": "1",
        "steps_per_iteration": "1",
    },
    "melody_rnn_create_dataset": {**MODEL, "input": None, "output_dir": None, "eval_ratio": "0.1"},
    "melody_rnn_train": {
        **MODEL,
        "run_dir": "/tmp/melody_rnn/logdir/run1",
        "sequence_example_file": None,
        "num_training_steps": "0",
        "num_eval_examples": "0",
        "summary_frequency": "10",
        "num_checkpoints": "10",
        "eval": "False",
    },
    "improv_rnn_generate": {
        **IMPROV,
        **dict.fromkeys(["run_dir", "bundle_file", "bundle_description", "primer_melody", "primer_midi", "qpm"]),
        "save_generator_bundle": "False",
        "output_dir": "/tmp/improv_rnn/generated",
        "num_outputs": "10",
        "backing_chords": "C G Am F C G F C",
        "steps_per_chord": "16",
        "render_chords": "False",
        "temperature": "1.0",
        "beam_size": "1",
        "branch_factor": "1",
        "steps_per_iteration": "1",
    },
    "improv_rnn_create_dataset": {**IMPROV, "input": None, "output_dir": None, "eval_ratio": "0.1"},
    "improv_rnn_train": {
        **IMPROV,
        "run_dir": "/tmp/improv_rnn/logdir/run1",
        "sequence_example_file": None,
        "num_training_steps": "0",
        "num_eval_examples": "0",
        "summary_frequency": "10",
        "num_checkpoints": "10",
        "eval": "False",
    },
    "convert_dir_to_note_sequences": {"input_dir": None, "output_file": None, "recursive": "False"},
}


@pytest.mark.parametrize("command", FLAGS)
def test_every_flag_is_there_with_its_default(run, capsys, command):
    run(command, "--help")
    found = re.findall(r"^  --(\w+): .*?(?: \[default: (.*)\])?$", capsys.readouterr().out, re.MULTILINE)
    assert {name: default or None for name, default in found} == {**FLAGS[command], **COMMON}


@pytest.mark.parametrize(
    "forms",
    [["--num_steps=7"], ["--num_steps", "7"], ["-num_steps=7"], ["-num_steps", "7"]],
)
def test_values_may_follow_with_or_without_an_equals_sign(run, forms):
    with pytest.raises(MelodyError, match="the primer has 8 steps and num_steps, which counts them, is 7"):
        run("melody_rnn_generate", "--bundle_file=x.mag", *forms, "--primer_melody", str([60, *[-2] * 7]))
