import numpy as np
import pytest

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS, EncodingConfig
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.generation.guidance import check_guide, fold, guided
from melody_rnn.sampling.softmax import softmax

CONFIG = EncodingConfig("one_hot", 60, 72)


def test_labels_of_one_event_move_together():
    meanings, guide_meanings = np.array([[-2, 60, 62, 60]], np.int32), np.array([[60, -2, -2, 71]], np.int32)
    p, guide_p = np.array([[0.4, 0.2, 0.3, 0.1]], np.float32), np.array([[0.6, 0.1, 0.2, 0.1]], np.float32)
    found = guided(np.log(p) + 3, meanings, np.log(guide_p), guide_meanings, 0.5)
    # The guide has no 62, which stays.
    difference = np.log([0.4 / 0.3, 0.3 / 0.6, 1, 0.3 / 0.6])
    np.testing.assert_allclose(found[0], np.log(p[0]) + 3 + 0.5 * difference, rtol=1e-5)


def test_a_strength_of_minus_one_is_the_guide():
    rng = np.random.default_rng(1)
    meanings = np.tile(np.arange(60, 66, dtype=np.int32), (3, 1))
    logits, guide_logits = (rng.normal(0, 2, (3, 6)).astype(np.float32) for _ in range(2))
    found = guided(logits, meanings, guide_logits, meanings, -1.0)
    np.testing.assert_allclose(softmax(found), softmax(guide_logits), rtol=1e-4)


def test_notes_are_heard_in_the_guides_range():
    events = np.array([-2, -1, 47, 59, 60, 71, 72, 84, 95], np.int32)
    assert fold(events, CONFIG).tolist() == [-2, -1, 71, 71, 60, 71, 60, 60, 71]


@pytest.mark.parametrize("asked", [{"num_steps": 48}, {"bars": 8}], ids=["stream", "whole tunes"])
def test_both_engines_are_guided_to_the_same_events(asked):
    runs = []
    for engine in ("litert", "tensorflow"):
        model, guide = (MelodyRNN.from_preset(name, engine) for name in ("tunes_rnn", "basic_rnn"))
        made = model.generate(num_outputs=3, seed=2, guide=(guide, 0.5), trace=True, **asked)
        assert {tune.origin.engine for tune in made} == {engine}
        assert all(np.isfinite(trace.draws.entropies[-20:]).all() for trace in made.traces)
        runs.append([tune.events for tune in made])
    assert runs[0] == runs[1]
    assert runs[0] != [
        tune.events for tune in MelodyRNN.from_preset("tunes_rnn", "litert").generate(num_outputs=3, seed=2, **asked)
    ]


def test_a_stream_is_guided_as_a_run_is():
    model, guide = (MelodyRNN.from_preset(name, "litert") for name in ("tunes_rnn", "lookback_rnn"))
    asked = {"seed": 5, "form": "AABA", "meter": "6/8", "guide": (guide, 0.7)}
    (tune,) = model.generate(**asked)
    stream = model.stream(**asked)
    assert tuple(stream) == tune.events
    assert stream.tune() == tune != model.generate(**asked | {"guide": None})[0]
    with pytest.raises(InvalidArgumentError, match="strength must be from -1 to 10, got 11"):
        model.stream(guide=(guide, 11.0))


def test_a_guide_of_no_strength_changes_nothing():
    model, guide = (MelodyRNN.from_preset(name, "litert") for name in ("lookback_rnn", "basic_rnn"))
    asked = {"num_outputs": 2, "num_steps": 48, "seed": 4}
    assert list(model.generate(**asked, guide=(guide, 0.0))) == list(model.generate(**asked))


@pytest.mark.parametrize(
    ("guide", "strength", "message"),
    [
        ("basic_rnn", 11, "strength must be from -1 to 10, got 11"),
        ("basic_rnn", float("nan"), "strength must be from -1 to 10, got nan"),
    ],
)
def test_what_cannot_guide_is_named(guide, strength, message):
    with pytest.raises(InvalidArgumentError, match=message):
        check_guide(CONFIGS["tunes_rnn"], CONFIGS[guide], strength)
