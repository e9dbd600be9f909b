from pathlib import Path

import numpy as np
import pytest
from note_seq import Melody

import melody_rnn
from melody_rnn import MelodyRNN
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, ModelError
from melody_rnn.tunes.tune import Tune

ROOT = Path(__file__).parents[1]


def test_the_public_surface():
    names = [
        "Constraints",
        "Dataset",
        "Evaluation",
        "Generated",
        "MelodyRNN",
        "MelodyRNNError",
        "Outline",
        "SamplerSettings",
        "Schedule",
        "Stream",
        "Trace",
        "TrainingSettings",
        "Transform",
        "Tune",
        "__version__",
        "build_dataset",
        "evaluate",
        "harmonize",
        "list_presets",
        "load_dataset",
        "measure_temperatures",
        "namespace",
        "outline_of",
        "read_tunes",
        "train",
    ]
    assert melody_rnn.__all__ == names
    assert all(getattr(melody_rnn, name) for name in names)
    public = [name for name in dir(MelodyRNN) if not name.startswith("_")]
    assert public == [
        "beam_search",
        "best_of",
        "calibration_temperature",
        "config",
        "critic",
        "encoding",
        "engine",
        "from_bundle",
        "from_magenta_run",
        "from_preset",
        "generate",
        "label_log_likelihoods",
        "log_likelihood",
        "log_likelihoods",
        "logits",
        "nats_per_event",
        "network",
        "outlines",
        "sampler",
        "save_bundle",
        "save_litert",
        "save_magentajs",
        "save_to_preset",
        "stochastic_beam_search",
        "stream",
        "sums_labels",
        "trace",
        "training_tunes",
    ]


def test_primers_come_out_as_they_went_in(tiny_model):
    # Far outside the model's octave, and with octave leaps that squashing folds.
    primer = [36, -2, 96, -1, -2, 43]
    sequence = Tune.from_melody(Melody(primer)).to_sequence()
    for given in (primer, Melody(primer), "[36, -2, 96, -1, -2, 43]", sequence):
        for melody in tiny_model.generate(num_outputs=2, new_steps=30, primer=given, seed=1):
            assert list(melody)[:6] == primer
            assert len(melody) == 36


def test_continuations_are_transposed_back(tiny_model):
    low = list(tiny_model.generate(new_steps=60, primer=[60, 64, 67, 60], seed=3)[0])
    high = list(tiny_model.generate(new_steps=60, primer=[85, 89, 92, 85], seed=3)[0])
    assert [event + 25 if event >= 0 else event for event in low] == high


def test_a_file_or_note_primer_ends_its_last_note(tiny_model):
    for primer in ("C4 E4:2", Tune.from_melody(Melody([60, -2, 64, -2])).to_sequence()):
        melodies = tiny_model.generate(num_outputs=40, new_steps=4, primer=primer, seed=0)
        length = 6 if isinstance(primer, str) else 4
        assert all(list(melody)[length] != -2 for melody in melodies)
    free = tiny_model.generate(num_outputs=40, new_steps=4, primer=[60, -2, 64, -2], seed=0)
    assert any(list(melody)[4] == -2 for melody in free)


def test_without_a_primer_openings_follow_the_stored_distribution(tiny_model):
    first = [next(iter(melody)) for melody in tiny_model.generate(num_outputs=400, num_steps=2, seed=5)]
    assert set(first) == {60, 67}
    assert abs(np.mean(np.array(first) == 67) - 0.75) < 0.1
    few = tiny_model.generate(num_outputs=3, num_steps=20, seed=5)
    many = tiny_model.generate(num_outputs=20, num_steps=20, seed=5)
    assert [list(melody) for melody in few] == [list(melody) for melody in many[:3]]


def test_lengths(tiny_model):
    assert len(tiny_model.generate(num_steps=17, primer=[60, -2], seed=0)[0]) == 17
    assert len(tiny_model.generate(new_steps=17, primer=[60, -2], seed=0)[0]) == 19


def test_label_log_likelihoods_are_sums_over_labels_after_the_first(tiny_model):
    # Every degree of C major, so that the key is beyond doubt.
    events = [60, 62, 64, 65, 67, -2, 69, 71, -1, 60]
    logits = tiny_model.logits(events)
    labels = tiny_model.encoding.encode_stream(np.array([events], np.int32)).labels.numpy()[0]
    log_p = logits - np.log(np.exp(logits.astype(np.float64)).sum(axis=1, keepdims=True))
    expected = log_p[np.arange(9), labels[1:]].sum()
    up_a_fifth_and_two_octaves = [event + 31 if event >= 0 else event for event in events]
    found = tiny_model.label_log_likelihoods([events, up_a_fifth_and_two_octaves])
    assert found == pytest.approx([expected] * 2, abs=1e-4)


def test_log_likelihoods_of_different_lengths_are_those_of_each(tiny_model):
    melodies = [[60, 62, 64], [60], [67, -2, -2, 65, 64, -1, 60]]
    assert tiny_model.log_likelihoods(melodies) == pytest.approx([tiny_model.log_likelihood(m) for m in melodies])
    assert tiny_model.log_likelihood([60]) == 0


def test_logits_take_the_melody_as_it_is(tiny_model):
    logits = tiny_model.logits([60, -2, 64])
    assert logits.shape == (3, 16)
    assert logits.dtype == np.float32
    with pytest.raises(MelodyError, match="pitches from 60 to 71, got pitch 72"):
        tiny_model.logits([60, 72])
    with pytest.raises(MelodyError, match="no event"):
        tiny_model.logits([])


def test_presets_round_trip(tiny_model, tmp_path):
    tiny_model.save_to_preset(tmp_path / "tiny")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "README.md",
        "generation.json",
        "model.weights.h5",
        "preset.json",
        "step.json",
        "step.tflite",
    ]
    loaded = MelodyRNN.from_preset(tmp_path / "tiny")
    assert loaded.config == tiny_model.config
    before, after = (model.generate(num_outputs=3, num_steps=30, seed=2) for model in (tiny_model, loaded))
    assert [list(melody) for melody in before] == [list(melody) for melody in after]


def test_bundles_become_presets(golden, tmp_path):
    bundle, cases = golden("lookback_rnn")
    MelodyRNN.from_bundle(bundle).save_to_preset(tmp_path / "mine")
    loaded = MelodyRNN.from_preset(tmp_path / "mine")
    assert loaded.label_log_likelihoods([cases[0]["events"]])[0] == pytest.approx(cases[0]["log_likelihood"], abs=1e-3)
    # A bundle stores no opening notes: middle C.
    assert next(iter(loaded.generate(num_steps=4, seed=0)[0])) == 60


def test_the_default_model_ships_and_its_tunes_are_no_noise():
    model = MelodyRNN.from_preset()
    melodies = model.generate(num_outputs=8, num_steps=128, seed=0)
    notes = [sum(event >= 0 for event in melody) for melody in melodies]
    assert min(notes) >= 16
    nats = [-ll / 127 for ll in model.log_likelihoods(melodies)]
    assert 0.5 < np.mean(nats) < 1.6
    low, high = model.config.encoding.min_note, model.config.encoding.max_note
    rng = np.random.default_rng(0)
    noise = [[60, *rng.integers(low, high, 127).tolist()] for _ in range(4)]
    assert min(-ll / 127 for ll in model.log_likelihoods(noise)) > 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_outputs": 0}, InvalidArgumentError, "num_outputs must be at least 1, got 0"),
        ({"num_steps": 0}, InvalidArgumentError, "num_steps must be at least 1, got 0"),
        ({"new_steps": 0}, InvalidArgumentError, "new_steps must be at least 1, got 0"),
        ({"seed": -1}, InvalidArgumentError, "seed must be from 0 to 2147483647, got -1"),
        ({"temperature": -1}, InvalidArgumentError, "temperature"),
        ({"temperature": [1.0, 1.0]}, InvalidArgumentError, "temperature must be one number or one for each of the 1"),
        ({"primer": []}, MelodyError, "no note"),
        ({"primer": [-2, -1]}, MelodyError, "no note"),
        ({"primer": [128]}, MelodyError, "128"),
        ({"primer": [60] * 20, "num_steps": 20}, MelodyError, "ask for at least 21 steps"),
    ],
)
def test_bad_arguments(tiny_model, arguments, error, message):
    with pytest.raises(error, match=message):
        tiny_model.generate(**arguments)


def test_unknown_models_are_named():
    with pytest.raises(ModelError, match=r"unknown model 'nope'.*lookback_rnn"):
        MelodyRNN.from_preset("nope")
    with pytest.raises(InputFileError, match=r"nope\.mag: no such file"):
        MelodyRNN.from_preset("nope.mag")


def test_a_preset_is_a_bundle_too():
    bundle = ROOT / "tests" / "data" / "lookback_rnn.mag"
    tunes = [MelodyRNN.from_preset(str(bundle)).generate([60, 62], num_steps=20, temperature=0)]
    tunes.append(MelodyRNN.from_bundle(bundle).generate(primer=[60, 62], num_steps=20, temperature=0))
    tunes.append(MelodyRNN.from_preset(bundle, "litert").generate([60, 62], num_steps=20, temperature=0))
    assert list(tunes[0]) == list(tunes[1]) == list(tunes[2])


def test_the_primer_comes_first_and_a_number_is_none(tiny_model):
    assert list(tiny_model.generate("C4 E4", num_steps=12, seed=1)[0])[:8] == [60, -2, -2, -2, 64, -2, -2, -2]
    ten = 10
    with pytest.raises(MelodyError, match=r"a melody must be a tune, events.* got 10"):
        tiny_model.generate(ten)


def test_an_event_is_as_likely_as_all_its_labels(tiny_model):
    melody = [60, -2, 62, -2] * 12
    (trace,) = tiny_model.trace([melody])
    of_events, of_labels = tiny_model.log_likelihoods([melody])[0], tiny_model.label_log_likelihoods([melody])[0]
    assert of_events == pytest.approx(trace.log_likelihoods[1:].sum(), rel=1e-5)
    assert of_labels < of_events - 0.1
    assert not tiny_model.sums_labels
