"""Both engines choose the same events; `benchmarks/engines.py` compares more of them."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.generation.engine import MAX_LITERT_STEPS
from melody_rnn.presets import list_presets

MODELS = [info.name for info in list_presets()]
SETTINGS = {
    "none": {},
    "schedule": {"temperature": Schedule((0.4, 1.6))},
    "greedy": {"temperature": 0.0, "primer": "C4 D4 E4:2 R:2", "meter": "3/4"},
    "truncation": {"sampler": SamplerSettings(top_k=12, top_p=0.95, min_p=0.02, typical_p=0.9)},
    "entropy": {"sampler": SamplerSettings(epsilon=0.002, eta=0.004, dynamic_temperature=(1.3, 0.7))},
    "repetition": {"sampler": SamplerSettings(repetition_penalty=1.2, no_repeat_ngram=4, max_same_pitch=2)},
    "constraints": {"constraints": Constraints(key="D dorian", pitch_range="D4..D6", max_leap=9, end_on="tonic")},
}
NO_TENSORFLOW = """
import sys
from melody_rnn import Constraints, MelodyRNN, SamplerSettings
model = MelodyRNN.from_preset()
sampler = SamplerSettings(top_p=0.9, repetition_penalty=1.2)
tunes = model.best_of(4, 2, primer="C4 D4 E4", sampler=sampler, constraints=Constraints(key="C major"), trace=True)
model.log_likelihoods(tunes)
assert {tune.origin.engine for tune in tunes} == {"litert"}
print(*{"tensorflow", "keras"} & set(sys.modules))
"""


@cache
def load(name, engine):
    return MelodyRNN.from_preset(name, engine)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_engines_choose_the_same_events(name, setting):
    runs = [load(name, engine).generate(8, 64, seed=5, **SETTINGS[setting]) for engine in ("litert", "tensorflow")]
    num_different = sum(ours != theirs for ours, theirs in zip(*runs, strict=True))
    # Another processor may round two choices that are all but equal apart.
    assert num_different <= 1
    assert [{tune.origin.engine for tune in run} for run in runs] == [{"litert"}, {"tensorflow"}]


@pytest.mark.parametrize("name", MODELS)
def test_engines_replay_the_same(name):
    melodies = ["C4 D4 E4:2 R:2 G4", "C5:16", [60, -2, 60, -2, -1, -2, 64]]
    litert, tensorflow = load(name, "litert"), load(name, "tensorflow")
    np.testing.assert_allclose(litert.log_likelihoods(melodies), tensorflow.log_likelihoods(melodies), rtol=1e-4)
    np.testing.assert_allclose(litert.logits(melodies[0]), tensorflow.logits(melodies[0]), atol=2e-3)
    for ours, theirs in zip(litert.trace(melodies), tensorflow.trace(melodies), strict=True):
        np.testing.assert_array_equal(ours.label_events, theirs.label_events)
        np.testing.assert_allclose(ours.event_probabilities, theirs.event_probabilities, atol=1e-4)


def test_a_traced_run_says_what_was_drawn():
    runs = [load("tunes_rnn", engine).generate(2, 32, seed=5, trace=True) for engine in ("litert", "tensorflow")]
    for ours, theirs in zip(*(run.traces for run in runs), strict=True):
        np.testing.assert_array_equal(ours.draws.labels, theirs.draws.labels)
        np.testing.assert_allclose(ours.draws.probabilities, theirs.draws.probabilities, rtol=1e-3)


@pytest.mark.parametrize("name", ["tunes_rnn", "attention_rnn"])
def test_melody_k_is_the_same_however_many_are_asked_for(name):
    model = load(name, "litert")
    many = model.generate(70, 24, seed=3)
    for fewer in (1, 2, 33):
        assert list(model.generate(fewer, 24, seed=3)) == list(many[:fewer])


def test_small_work_never_imports_tensorflow():
    result = subprocess.run([sys.executable, "-c", NO_TENSORFLOW], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == ""


def test_the_work_decides_which_engine_runs_a_model():
    model = load("basic_rnn", "auto")
    assert model.generate(1, 16).tunes[0].origin.engine == "litert"
    assert model.generate(1 + MAX_LITERT_STEPS // 16, 16).tunes[0].origin.engine == "tensorflow"


def test_without_a_step_of_its_own_a_model_runs_by_tensorflow(tmp_path, tiny_model):
    tiny_model.save_preset(tmp_path / "tiny")
    assert MelodyRNN.from_preset(tmp_path / "tiny", "auto").generate(1, 8).tunes[0].origin.engine == "litert"
    (tmp_path / "tiny" / "step.tflite").write_bytes(b"damaged")
    assert MelodyRNN.from_preset(tmp_path / "tiny", "auto").generate(1, 8).tunes[0].origin.engine == "tensorflow"
    with pytest.raises(ModelError, match=r"step\.tflite: not the step file that step\.json describes"):
        MelodyRNN.from_preset(tmp_path / "tiny", "litert")


def test_unknown_engines_are_told():
    with pytest.raises(InvalidArgumentError, match="engine must be one of auto, litert, tensorflow, got 'onnx'"):
        MelodyRNN.from_preset(engine="onnx")
