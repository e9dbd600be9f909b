import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from melody_rnn.errors import OutputError
from melody_rnn.generation.rules import ACT, ONSET, PITCH_CLASS, RING, LoopState, Rules
from melody_rnn.litert.run import open_file
from melody_rnn.sampling.limits import MAX_ONSETS
from melody_rnn.sampling.repetition import last_onsets
from melody_rnn.sampling.sampler import SamplerSettings, gumbel

BATCH = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("export") / "tiny"
    tiny_model.save_litert(folder, "A tiny model.")
    return folder


def run(folder, given):
    """Returns the sampler's outputs by name, settings that are not given being neutral."""
    file = open_file((folder / "sampler.tflite").read_bytes())
    description = json.loads((folder / "sampler.json").read_text())
    for info in description["inputs"]:
        shape = [BATCH if size is None else size for size in info["shape"]]
        file.interpreter.resize_tensor_input(file.inputs[info["name"]], shape)
    file.interpreter.allocate_tensors()
    for info in description["inputs"]:
        name, shape = info["name"], [BATCH if size is None else size for size in info["shape"]]
        value = given[name] if name in given else description["neutral"][name]
        file.interpreter.set_tensor(file.inputs[name], np.broadcast_to(value, shape).astype(np.float32))
    file.interpreter.invoke()
    return {name: file.interpreter.get_tensor(index) for name, index in file.outputs.items()}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.0},
        {"temperature": [0.5, 1, 2, 1, 1, 0], "top_k": 7, "top_p": 0.9, "min_p": 0.05},
        {"typical_p": 0.8, "epsilon": 0.01, "eta": 0.02},
        {"p_less": 0.5, "top_n_sigma": 1.5, "top_h": 0.9},
        {"repetition_penalty": 1.4, "no_repeat_ngram": 3, "max_same_pitch": 2},
        {"surprise": 0.9, "top_p": 0.9},
        {"xtc": (0.5, 0.2), "top_p": 0.99},
        {"dry": [0.8, -0.8, 2, 0.1, 0, -2]},
    ],
)
def test_the_sampler_chooses_as_the_loop_does(folder, tiny_model, settings):
    rng = np.random.default_rng(3)
    num_classes = tiny_model.encoding.num_classes
    logits = (2 * rng.standard_normal((BATCH, num_classes))).astype(np.float32)
    label_events = np.tile([-2, -1, *range(60, 72), -2, 64], (BATCH, 1)).astype(np.int32)
    noise = rng.random((BATCH, num_classes), np.float32)
    onsets = last_onsets(rng.choice([60, 62, 64, -2], size=(BATCH, 40)).astype(np.int32))
    steering = np.tile(np.array([9, -2, 6, 8, 1.5], np.float32), (BATCH, 1))
    given = {"logits": logits, "label_events": label_events, "noise": noise, "last_notes": onsets + 1, "is_allowed": 1}
    bars = np.sort(rng.integers(0, 8, (BATCH, MAX_ONSETS)), axis=1).astype(np.int32)
    given |= {"steering": steering, "last_bars": bars + 1, "bar": 7}
    found = run(folder, given | settings)
    rules = Rules(SamplerSettings(**settings).controls(BATCH), None, None, False, 60)
    clock = np.tile(np.array([1, 7], np.int32), (BATCH, 1))
    state = LoopState(None, onsets=onsets, steering=steering, onset_bars=bars, clock=clock)
    choice = rules.choose(0, state, logits, label_events, gumbel(noise))
    np.testing.assert_array_equal(found["label"], choice.label)
    np.testing.assert_array_equal(found["event"], choice.event)
    # LiteRT knows no infinity here.
    lowest = np.finfo(np.float32).min
    np.testing.assert_allclose(np.maximum(found["drawn_from"], lowest), np.maximum(choice.logits, lowest), atol=1e-5)
    if rules.controls.is_steered:
        np.testing.assert_allclose(found["next_steering"], choice.steering, rtol=1e-4)
    if rules.controls.counts_onsets:
        np.testing.assert_array_equal(found["next_notes"] - 1, rules.advance(0, state, choice.event).onsets)


@pytest.mark.parametrize(
    ("fixed", "possible"),
    [(64, {64}), (ONSET, set(range(61, 64))), (ACT, {-1, *range(61, 64)}), (RING, {-2, -1}), (PITCH_CLASS - 2, {62})],
)
def test_what_is_fixed_of_a_step_comes_for_certain(folder, fixed, possible):
    rng = np.random.default_rng(5)
    label_events = np.array([-2, -1, *range(60, 72), -2, 64])
    given = {"logits": 0, "label_events": label_events, "noise": 0, "last_notes": 0, "is_allowed": 1, "fixed": fixed}
    given |= {"steering": 0, "last_bars": 0, "bar": 0, "lowest": 61, "highest": 63}
    drawn = set()
    for _ in range(20):
        given["noise"] = rng.random((BATCH, len(label_events)))
        drawn |= set(run(folder, given)["event"].astype(int).tolist())
    # A single event comes though it lies outside the range.
    assert drawn == possible


def test_only_what_is_allowed_is_drawn(folder, tiny_model):
    num_classes = tiny_model.encoding.num_classes
    is_allowed = np.zeros((BATCH, 14))
    is_allowed[:, 5] = 1
    given = {"logits": 0, "noise": 0.5, "last_notes": np.zeros(MAX_ONSETS), "is_allowed": is_allowed}
    given |= {"steering": 0, "last_bars": 0, "bar": 0}
    given["label_events"] = np.array([-2, -1, *range(60, 72), -2, 64])[:num_classes]
    assert set(run(folder, given)["event"]) == {63.0}


def test_the_folder_is_new(folder, tiny_model):
    assert (folder / "README.md").read_text() == "# tiny\n\nA tiny model.\n"
    with pytest.raises(OutputError, match="exists already"):
        tiny_model.save_litert(folder)


def test_the_program_of_the_documentation_writes_a_melody(folder):
    page = (Path(__file__).parents[2] / "docs" / "litert.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = program.replace("lookback_rnn_litert", str(folder))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    melody = json.loads(result.stdout)
    assert len(melody) == 64
    assert set(melody) <= {-2, -1, *range(60, 72)}
    assert len(set(melody)) > 3
