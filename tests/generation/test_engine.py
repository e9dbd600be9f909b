"""Both engines choose the same events; `benchmarks/engines.py` compares more of them."""

import dataclasses
import itertools
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule
from melody_rnn.config import CONFIGS, MAGENTA_NAMES, NetworkConfig
from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.generation import engine
from melody_rnn.generation.beam import StochasticBeam
from melody_rnn.generation.potentials import contour, density
from melody_rnn.litert.description import digest
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import parse_meter
from melody_rnn.presets import Preset, make_network, save_to_preset
from melody_rnn.tunes.outline import BarPlan, Outline
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.tune import Section

MODELS = [*MAGENTA_NAMES, "forms"]
OUTLINES = [
    Outline(num_steps=96, sections=(Section(0, "A", 2), Section(32, "B"), Section(64, "A")), key=Key(1)),
    Outline(parse_meter("6/8"), 2, 60, (Section(0, "A", 2), Section(36, "B")), key=Key(2), pitches=(62, 78)),
    Outline(
        parse_meter("3/4"),
        num_steps=48,
        sections=(Section(0),),
        bars=tuple(BarPlan(kind, distance) for kind, distance in ((1, 0), (2, 1), (4, 2), (3, 2))),
        key=Key(-1, "minor"),
    ),
]
"""What a model that knows form draws from."""
EVERY_SETTING = SamplerSettings(
    temperature=Schedule((0.6, 1.6)),
    dynamic_temperature=(1.3, 0.7),
    top_k=20,
    top_p=0.97,
    min_p=0.01,
    typical_p=0.97,
    epsilon=0.001,
    eta=0.002,
    repetition_penalty=1.2,
    no_repeat_ngram=4,
    max_same_pitch=2,
    dry=0.5,
    p_less=0.3,
    top_n_sigma=2.5,
    top_h=0.95,
    xtc=(0.2, 0.2),
    surprise=Schedule((0.5, 0.9), "bars"),
)
CONSTRAINTS = Constraints(key="D dorian", pitch_range="D4..D6", max_leap=9, end_on="tonic")
SETTINGS = {
    "none": {},
    "all": {"sampler": EVERY_SETTING, "constraints": CONSTRAINTS},
    "greedy": {"temperature": 0.0, "primer": "C4 D4 E4:2 R:2", "meter": "3/4"},
}
NO_TENSORFLOW = """
import sys
from melody_rnn import Constraints, MelodyRNN, SamplerSettings
model = MelodyRNN.from_preset("lookback_rnn")
sampler = SamplerSettings(top_p=0.9, repetition_penalty=1.2)
tunes = model.best_of(4, 2, primer="C4 D4 E4", sampler=sampler, constraints=Constraints(key="C major"), trace=True)
model.log_likelihoods(tunes)
assert {tune.origin.engine for tune in tunes} == {"litert"}
print(*{"tensorflow", "keras"} & set(sys.modules))
"""


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Returns what loads a model with an engine: a shipped one, or 'forms', which knows form and has random weights."""
    folder = tmp_path_factory.mktemp("models") / "forms"
    config = dataclasses.replace(
        CONFIGS["tunes_rnn"], network=NetworkConfig((32, 32), embedding_size=32, residual=True)
    )
    keras.utils.set_random_seed(4)
    network = make_network(config)
    for variable in network.variables:
        variable.assign(variable * 2.0)
    save_to_preset(folder, Preset(config, {60: 0.5, 67: 0.5}, outlines=OutlineBank(OUTLINES, 4)), network)

    @cache
    def load(name, engine):
        return MelodyRNN.from_preset(folder if name == "forms" else name, engine)

    return load


def run_both(load, name, run):
    """Returns what a run gives with both engines."""
    return [run(load(name, engine)) for engine in ("litert", "tensorflow")]


def check_same(runs):
    # Another processor may round two choices that are all but equal apart.
    assert sum(ours != theirs for ours, theirs in zip(*runs, strict=True)) <= 1
    assert [{tune.origin.engine for tune in run} for run in runs] == [{"litert"}, {"tensorflow"}]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_engines_choose_the_same_events(load, name, setting):
    check_same(
        run_both(load, name, lambda model: model.generate(num_outputs=8, num_steps=64, seed=5, **SETTINGS[setting]))
    )


def test_the_documentations_own_transform_runs_in_both_engines(load):
    page = (Path(__file__).parents[2] / "docs" / "choosing.md").read_text(encoding="utf-8")
    program, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(program, names)
    sampler = SamplerSettings(top_p=0.95, transforms=[names["low"]])
    runs = run_both(load, "lookback_rnn", lambda model: model.generate(num_outputs=8, seed=1, sampler=sampler))
    check_same(runs)
    plain = load("lookback_rnn", "litert").generate(num_outputs=8, seed=1, top_p=0.95)
    mean, plain_mean = (np.mean([pitch for tune in run for pitch in tune.pitches]) for run in (runs[0], plain))
    assert mean < plain_mean - 2


@pytest.mark.parametrize("setting", ["none", "all"])
def test_engines_write_the_same_whole_tunes(load, setting):
    runs = run_both(load, "forms", lambda model: model.generate(num_outputs=9, seed=5, **SETTINGS[setting]))
    check_same(runs)
    assert len({len(tune) for tune in runs[0]}) > 1


@pytest.mark.parametrize("name", ["lookback_rnn", "attention_rnn", "forms"])
def test_engines_search_the_same(load, name):
    asked = {"num_steps": 40, "constraints": Constraints(key="C major", max_leap=9)}
    check_same(run_both(load, name, lambda model: model.beam_search(6, 3, **asked)))
    sampler, beam = SamplerSettings(0.8, top_p=0.9, no_repeat_ngram=4), StochasticBeam(2, 2, 3)
    runs = run_both(load, name, lambda model: model.stochastic_beam_search(beam, 5, 3, sampler, **asked))
    check_same(runs)
    np.testing.assert_allclose(*(run.tempered_log_likelihoods for run in runs), rtol=1e-4)


def test_engines_search_the_same_whole_tunes(load):
    check_same(run_both(load, "forms", lambda model: model.beam_search(4, 2, seed=2)))
    check_same(run_both(load, "forms", lambda model: model.stochastic_beam_search(StochasticBeam(2, 2, 2), 3, seed=2)))


LOOKING_AHEAD = {
    "what is kept": {
        "constraints": Constraints(
            keep=dict.fromkeys(range(40, 44), -2) | {44: 62},
            keep_rhythm={20: 60, 21: -2, 22: 60, 23: -1},
            keep_pitches={24: 60, 25: -2, 26: 62, 27: -2, 28: 64, 30: 65, 31: -2},
            max_leap=12,
            max_rest=8,
            end_on="D",
        ),
        "sampler": SamplerSettings(surprise=0.8, dry=0.5, top_p=0.97, no_repeat_ngram=4),
        "primer": "C4 D4 E4:2 R:2",
        "num_steps": 64,
    },
    "soft targets": {
        "constraints": Constraints(rhythm="x.x.xx.."),
        "potentials": [density("4,2"), contour("C4..C5")],
        "num_steps": 48,
    },
    "whole tunes": {"constraints": Constraints(end_on="D", max_rest=4), "form": "AAB"},
}


@pytest.mark.parametrize("asked", LOOKING_AHEAD)
def test_engines_look_ahead_to_the_same(load, asked):
    def run(model):
        given = LOOKING_AHEAD[asked] | {"guide": (load("attention_rnn", model.engine), 0.3)}
        return model.generate(num_outputs=3, seed=8, look_ahead=8, **given)

    ours, theirs = run_both(load, "forms", run)
    check_same([ours, theirs])
    for own, other in zip(ours.outlooks, theirs.outlooks, strict=True):
        assert own.effective_sample_size == pytest.approx(other.effective_sample_size, rel=0.01)
        assert own.log_probability == pytest.approx(other.log_probability, abs=0.01)


@pytest.mark.parametrize("name", MODELS)
def test_engines_replay_the_same(load, name):
    melodies = ["C4 D4 E4:2 R:2 G4", "C5:16", [60, -2, 60, -2, -1, -2, 64]]
    litert, tensorflow = load(name, "litert"), load(name, "tensorflow")
    np.testing.assert_allclose(litert.log_likelihoods(melodies), tensorflow.log_likelihoods(melodies), rtol=1e-4)
    np.testing.assert_allclose(litert.logits(melodies[0]), tensorflow.logits(melodies[0]), atol=2e-3)
    for ours, theirs in zip(litert.trace(melodies), tensorflow.trace(melodies), strict=True):
        np.testing.assert_array_equal(ours.label_events, theirs.label_events)
        np.testing.assert_allclose(ours.event_probabilities, theirs.event_probabilities, atol=1e-4)


def test_a_traced_run_says_what_was_drawn(load):
    runs = run_both(load, "forms", lambda model: model.generate(num_outputs=3, seed=5, trace=True))
    for ours, theirs in zip(*(run.traces for run in runs), strict=True):
        np.testing.assert_array_equal(ours.draws.labels, theirs.draws.labels)
        np.testing.assert_allclose(ours.draws.probabilities, theirs.draws.probabilities, rtol=1e-3)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ["forms", "attention_rnn"])
def test_a_stream_is_the_first_tune_of_a_run(load, name, setting):
    model, asked = load(name, "litert"), {"seed": 6} | SETTINGS[setting]
    (tune,) = model.generate(look_ahead=1, **asked)
    stream = model.stream(**asked)
    events = list(stream)
    assert tune.events == stream.events
    assert tune.events[-len(events) :] == tuple(events)
    assert [stream.tune(), stream.tune().origin, stream.tune().given] == [tune, tune.origin, tune.given]


def test_a_section_played_again_may_break_constraints(load):
    asked = {"seed": 2, "outlines": [OUTLINES[0]] * 6, "constraints": Constraints(max_leap=1, max_rest=0)}
    runs = run_both(load, "forms", lambda model: model.generate(num_outputs=6, look_ahead=1, **asked))
    check_same(runs)
    assert all(tune.events[64:96] == tune.events[:32] for tune in runs[0])
    leaps = [abs(a - b) for tune in runs[0] for a, b in itertools.pairwise(p for p in tune.events[:64] if p >= 0)]
    assert max(leaps) <= 1


@pytest.mark.parametrize("name", ["forms", "attention_rnn"])
def test_melody_k_is_the_same_however_many_are_asked_for(load, name):
    model = load(name, "litert")
    many = model.generate(num_outputs=70, seed=3)
    for fewer in (1, 2, 33):
        assert list(model.generate(num_outputs=fewer, seed=3)) == list(many[:fewer])


def test_small_work_never_imports_tensorflow():
    result = subprocess.run([sys.executable, "-c", NO_TENSORFLOW], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == ""


def test_the_work_decides_which_engine_runs_a_model(load, monkeypatch):
    monkeypatch.setattr(engine, "MAX_LITERT_STEPS", 80)
    model = load("basic_rnn", "auto")
    assert model.generate(num_outputs=5, num_steps=16)[0].origin.engine == "litert"
    assert model.generate(num_outputs=6, num_steps=16)[0].origin.engine == "tensorflow"
    assert load("basic_rnn", "litert").generate(num_outputs=6, num_steps=16)[0].origin.engine == "litert"


def test_without_a_step_of_its_own_a_model_runs_by_tensorflow(tiny_folder):
    assert MelodyRNN.from_preset(tiny_folder, "auto").generate(num_steps=8)[0].origin.engine == "litert"
    (tiny_folder / "step.tflite").write_bytes(b"damaged")
    assert MelodyRNN.from_preset(tiny_folder, "auto").generate(num_steps=8)[0].origin.engine == "tensorflow"
    with pytest.raises(ModelError, match=r"step\.tflite: not the step file that step\.json describes"):
        MelodyRNN.from_preset(tiny_folder, "litert")


@pytest.mark.parametrize("content", [b"no LiteRT file", b"TFL3" * 99, None])
def test_a_step_that_is_described_and_none_is_passed_over(tiny_folder, content):
    description = json.loads((tiny_folder / "step.json").read_text())
    if content is None:
        # That of another model, described as this one's.
        content = (Path(__file__).parents[2] / "models" / "basic_rnn" / "step.tflite").read_bytes()
    (tiny_folder / "step.tflite").write_bytes(content)
    (tiny_folder / "step.json").write_text(json.dumps(description | {"step_digest": digest(content)}))
    with pytest.raises(ModelError, match=r"step\.tflite: .*; save the model anew"):
        MelodyRNN.from_preset(tiny_folder, "litert")
    assert MelodyRNN.from_preset(tiny_folder, "auto").engine == "tensorflow"


def test_unknown_engines_are_told():
    with pytest.raises(InvalidArgumentError, match="engine must be one of auto, litert, tensorflow, got 'onnx'"):
        MelodyRNN.from_preset(engine="onnx")
