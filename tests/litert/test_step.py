import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InputFileError, ModelError
from melody_rnn.litert.convert import convert_step
from melody_rnn.litert.description import DESCRIPTION_FILE, STEP_FILE, StateInfo, StepDescription, read_step
from melody_rnn.litert.run import StepRun, check_step
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import parse_meter
from melody_rnn.presets import make_network
from melody_rnn.tunes.cues import cues_of_all
from melody_rnn.tunes.outline import BarKind, BarPlan, Outline
from melody_rnn.tunes.tune import Chord, Section

WEIGHTS = b"weights"
CONFIGS = [
    ModelConfig("one_hot", EncodingConfig("one_hot", 60, 72), NetworkConfig((8, 6))),
    ModelConfig("lookback", EncodingConfig("lookback", 60, 72, (4, 8)), NetworkConfig((8, 6))),
    ModelConfig("bars", EncodingConfig("lookback", 60, 72, (1, 2), "bar", max_bar_steps=8), NetworkConfig((8,))),
    ModelConfig("key", EncodingConfig("key", 60, 72, (4, 8)), NetworkConfig((8, 6), attention_length=5)),
    ModelConfig(
        "stack",
        EncodingConfig("key", 60, 72, (4, 8)),
        NetworkConfig((8, 6), attention_length=5, attention_layout="stack"),
    ),
    ModelConfig(
        "tune",
        EncodingConfig("tune", 60, 72, (1, 2), "bar", max_bar_steps=8),
        NetworkConfig((6, 6), embedding_size=6, residual=True),
    ),
    ModelConfig("triads", EncodingConfig("key", 60, 72, (4, 8), chords="triads"), NetworkConfig((8,))),
    ModelConfig("pitches", EncodingConfig("one_hot", 60, 72, chords="pitches"), NetworkConfig((8,))),
    ModelConfig(
        "tones",
        EncodingConfig("tune", 60, 72, (1, 2), "bar", max_bar_steps=8, chords="tones"),
        NetworkConfig((6, 6), embedding_size=6),
    ),
]

OUTLINES = [
    Outline(parse_meter("2/4"), chords=(Chord(3, "Am7"), Chord(9, "N.C."), Chord(11, "D/F#"), Chord(20, "Gsus4"))),
    Outline(parse_meter("3/8"), 2, 30, (Section(0, "A"), Section(18, "B")), key=Key(1)),
    Outline(
        parse_meter("1/4"),
        num_steps=28,
        bars=(BarPlan(BarKind.NEW), *[BarPlan(BarKind.SAME, 1)] * 3, BarPlan(BarKind.RHYTHM, 3), BarPlan(), BarPlan()),
        pitches=(61, 70),
    ),
]


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda config: config.name)
def model(request):
    keras.utils.set_random_seed(1)
    encoding, network = make_encoding(request.param.encoding), make_network(request.param)
    return encoding, network, convert_step(request.param, encoding, network, WEIGHTS)


@pytest.fixture(scope="module")
def step():
    encoding, network = make_encoding(CONFIGS[0].encoding), make_network(CONFIGS[0])
    return convert_step(CONFIGS[0], encoding, network, WEIGHTS)


@pytest.fixture
def folder(tmp_path, step):
    step.write(tmp_path)
    (tmp_path / "weights.h5").write_bytes(WEIGHTS)
    return tmp_path


def random_events(num_melodies, num_steps):
    choices = [-2, -2, -2, -1, *range(60, 72)]
    return np.random.default_rng(2).choice(choices, size=(num_melodies, num_steps)).astype(np.int32)


def run_over(step, events, steps_per_bar, cues):
    run = StepRun(step, np.asarray(steps_per_bar))
    said = [run(event, cues[:, place + 1]) for place, event in enumerate(events.T)]
    return [np.stack(part, axis=1) for part in zip(*said, strict=True)]


def test_it_says_what_the_encoding_and_the_network_say(model):
    encoding, network, step = model
    events, bars = random_events(3, 30), [outline.steps_per_bar for outline in OUTLINES]
    cues = cues_of_all(OUTLINES, 31, encoding.config)
    logits, label_events, labels = run_over(step, events, bars, cues)
    encoded = encoding.encode(tf.constant(events), tf.constant(bars), tf.constant(cues))
    np.testing.assert_allclose(logits, network(encoded.inputs), atol=1e-5)
    np.testing.assert_array_equal(labels, encoded.labels)
    np.testing.assert_array_equal(label_events[:, :-1], encoded.label_events[:, 1:])
    np.testing.assert_array_equal(encoded.label_events[0, 0], step.description.first_label_events)


def test_a_row_has_the_same_bits_in_any_batch(model):
    encoding, _, step = model
    events, cues = random_events(33, 12), cues_of_all(OUTLINES * 11, 13, encoding.config)
    many, _, _ = run_over(step, events, np.full(33, 4), cues)
    for batch_size in (1, 2, 5, 32):
        few, _, _ = run_over(step, events[:batch_size], np.full(batch_size, 4), cues[:batch_size])
        np.testing.assert_array_equal(few, many[:batch_size])


def test_everything_is_float32_of_an_axis_or_more(model):
    interpreter = tf.lite.Interpreter(model_content=model[2].content)
    details = interpreter.get_input_details() + interpreter.get_output_details()
    assert {detail["dtype"] for detail in details} == {np.float32}
    assert all(len(detail["shape"]) for detail in details)


def test_the_description_names_all_in_the_order_of_the_file(model):
    description = model[2].description
    interpreter = tf.lite.Interpreter(model_content=model[2].content)
    signature = interpreter.get_signature_runner()
    for infos, details, by_name in (
        (description.inputs, interpreter.get_input_details(), signature.get_input_details()),
        (description.outputs, interpreter.get_output_details(), signature.get_output_details()),
    ):
        assert [by_name[info.name]["index"] for info in infos] == [detail["index"] for detail in details]
    shapes = {info.name: info.shape for info in (*description.inputs, *description.outputs)}
    assert all(shapes[state.input] == shapes[state.output] for state in description.states)
    assert StepDescription.from_json(description.to_json()) == description


def test_a_step_comes_back_from_its_folder(folder, step):
    assert read_step(folder, CONFIGS[0], folder / "weights.h5") == step


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "weights.h5").write_bytes(b"others"), "other weights than weights.h5"),
        (lambda folder: (folder / STEP_FILE).write_bytes(b"TFL3"), "not the step file that step.json describes"),
        (lambda folder: (folder / DESCRIPTION_FILE).write_text("{"), "step.json: no description"),
        (lambda folder: (folder / DESCRIPTION_FILE).write_text("[]"), "step.json: no description"),
        (lambda folder: replace_version(folder, 0), "step.json: a step file of version 0, and this program reads"),
        (lambda folder: (folder / STEP_FILE).unlink(), "step.tflite: cannot be read"),
    ],
)
def test_what_does_not_belong_to_its_weights_is_told(folder, change, message):
    change(folder)
    with pytest.raises((InputFileError, ModelError), match=message):
        read_step(folder, CONFIGS[0], folder / "weights.h5")


def test_what_belongs_to_another_configuration_is_told(folder):
    with pytest.raises(ModelError, match=r"step\.tflite: of another configuration"):
        read_step(folder, CONFIGS[1], folder / "weights.h5")


def test_what_is_no_litert_file_is_told(step):
    with pytest.raises(ModelError, match="no LiteRT file"):
        StepRun(dataclasses.replace(step, content=b"nothing of the kind"), np.array([4]))


def test_a_file_that_is_not_what_its_description_says_is_told(step):
    check_step(step)
    description = step.description
    wide = dataclasses.replace(description.inputs[0], shape=(None, 2))
    for change, message in (
        ({"inputs": description.inputs[1:]}, "other inputs than its description says"),
        ({"inputs": (wide, *description.inputs[1:])}, "other inputs than its description says"),
        ({"outputs": description.outputs[1:]}, "other outputs than its description says"),
        ({"states": (StateInfo("state", "state_99", "next_99"),)}, "no description of a model's step"),
        ({"states": (StateInfo("state", "event", "logits"), *description.states)}, "no description of a model's step"),
        ({"states": ()}, "no description of a model's step"),
        ({"first_label_events": description.first_label_events[1:]}, "no description of a model's step"),
        ({"inputs": description.inputs * 2}, "no description of a model's step"),
    ):
        with pytest.raises(ModelError, match=message):
            check_step(dataclasses.replace(step, description=dataclasses.replace(description, **change)))


def replace_version(folder, version):
    data = json.loads((folder / DESCRIPTION_FILE).read_text())
    (folder / DESCRIPTION_FILE).write_text(json.dumps(data | {"version": version}))
