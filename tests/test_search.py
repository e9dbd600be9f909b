"""The searches of the facade: best-of, beam search, Magenta's beam search, and traces of what was sampled."""

from itertools import pairwise

import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError, ModelError, OutputError
from melody_rnn.generation.beam import StochasticBeam
from melody_rnn.generation.result import rank
from melody_rnn.generation.trace import save_traces
from melody_rnn.model import MelodyRNN
from melody_rnn.presets import Preset
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.sampler import SamplerSettings

PRIMER = [36, -2, 96, -1, -2, 43]
# Amid what the tiny model's own melodies have, so that likely and typical differ.
REAL_NATS = 2.45


@pytest.fixture(scope="module")
def typical_model(tiny_model):
    preset = Preset(tiny_model.config, {60: 0.25, 67: 0.75}, nats_per_event=REAL_NATS)
    return MelodyRNN(preset, tiny_model.network)


def test_ranking():
    assert rank([3.0, 1.0, 2.0, 1.0], "likely", None) == [1, 3, 2, 0]
    assert rank([3.0, 1.0, 2.0, 1.0], "typical", 1.9) == [2, 1, 3, 0]
    assert rank([3.0, 1.0, 4.0, 1.0], "real", None) == [2, 0, 1, 3]
    with pytest.raises(InvalidArgumentError, match="by must be one of likely, typical, real, got 'loud'"):
        rank([], "loud", None)
    with pytest.raises(ModelError, match="melody-rnn evaluate"):
        rank([], "typical", None)


@pytest.mark.parametrize("by", ["likely", "typical"])
def test_best_of_keeps_the_best_candidates(typical_model, by):
    arguments = {"new_steps": 20, "primer": PRIMER, "seed": 4, "temperature": 1.3}
    best = typical_model.best_of(30, 3, by, **arguments)
    candidates = typical_model.generate(num_outputs=30, **arguments)
    traces = typical_model.trace(candidates, outlines=candidates.outlines)
    nats = np.array([trace.nats_per_event for trace in traces])
    order = np.argsort(nats if by == "likely" else abs(nats - REAL_NATS), kind="stable")
    assert nats.min() < REAL_NATS - 0.2
    assert nats.max() > REAL_NATS + 0.2
    assert list(best.candidates) == order[:3].tolist()
    assert list(best) == [candidates[candidate] for candidate in best.candidates]
    assert list(best.nats_per_event) == pytest.approx(nats[order[:3]])


def test_settings_and_constraints_reach_the_candidates(tiny_model):
    constraints = Constraints(max_rest=1, max_leap=3)
    sampler = SamplerSettings(max_same_pitch=2)
    best = tiny_model.best_of(8, 8, num_steps=40, seed=1, sampler=sampler, constraints=constraints, top_k=6)
    plain = tiny_model.generate(num_outputs=8, num_steps=40, seed=1, sampler=sampler, constraints=constraints, top_k=6)
    assert sorted(tune.events for tune in best) == sorted(tune.events for tune in plain)


def test_best_of_needs_enough_candidates_and_a_figure_for_typical(tiny_model):
    with pytest.raises(InvalidArgumentError, match="num_candidates must be at least 4, got 3"):
        tiny_model.best_of(3, 4)
    with pytest.raises(ModelError, match="nats_per_event"):
        tiny_model.best_of(3, 1, "typical")


def test_beam_search_says_what_the_melodies_cost(tiny_model):
    found = tiny_model.beam_search(16, 4, new_steps=12, primer=PRIMER)
    assert [list(tune)[:6] for tune in found] == [PRIMER] * 4
    nats = list(found.nats_per_event)
    assert nats == sorted(nats)
    traces = tiny_model.trace(found, outlines=found.outlines)
    assert nats == pytest.approx([trace.nats_per_event for trace in traces])
    sampled = tiny_model.best_of(50, 1, new_steps=12, primer=PRIMER, seed=0)
    assert nats[0] < sampled.nats_per_event[0]


def test_without_a_primer_the_openings_compete(tiny_model):
    found = tiny_model.beam_search(64, 64, num_steps=3)
    assert {tune.events[0] for tune in found} == {60, 67}
    shares = {60: np.log(0.25), 67: np.log(0.75)}
    scores = [shares[tune.events[0]] - 2 * nats for tune, nats in zip(found, found.nats_per_event, strict=True)]
    assert scores == sorted(scores, reverse=True)
    again = tiny_model.beam_search(64, 1, num_steps=3)
    assert again[0] == found[0]


def test_beams_keep_to_constraints(tiny_model):
    def keeps(melody):
        notes = [event for event in melody if event >= 0]
        return all(abs(a - b) <= 2 for a, b in pairwise(notes))

    constraints = Constraints(max_leap=2)
    for primer in (None, [60, -2, 64]):
        free = tiny_model.stochastic_beam_search(StochasticBeam(2, 2), 6, new_steps=30, primer=primer, seed=1)
        assert not all(keeps(list(tune)[2:]) for tune in free)
        found = tiny_model.stochastic_beam_search(
            StochasticBeam(2, 2), 6, new_steps=30, primer=primer, seed=1, constraints=constraints
        )
        best = tiny_model.beam_search(12, 12, new_steps=8, primer=primer, constraints=constraints)
        assert all(keeps(list(tune)[2:]) for tune in [*found, *best])


def test_a_stochastic_beam_of_one_is_generate(tiny_model):
    sampler = SamplerSettings(temperature=0.8, no_repeat_ngram=3)
    found = tiny_model.stochastic_beam_search(StochasticBeam(), 3, new_steps=20, primer=PRIMER, seed=9, sampler=sampler)
    plain = tiny_model.generate(num_outputs=3, new_steps=20, primer=PRIMER, seed=9, sampler=sampler)
    assert list(found) == list(plain)
    wide = tiny_model.stochastic_beam_search(StochasticBeam(4, 4, 2), 3, new_steps=20, primer=PRIMER, seed=9)
    scores = zip(wide.tempered_log_likelihoods, found.tempered_log_likelihoods, strict=True)
    assert all(of_wide > of_one for of_wide, of_one in scores)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (lambda model: model.beam_search(0), "beam_size must be at least 1, got 0"),
        (lambda model: model.beam_search(2, 3), "beam_size must be at least 3, got 2"),
        (lambda model: model.beam_search(2, num_steps=0), "num_steps must be at least 1, got 0"),
        (lambda model: model.stochastic_beam_search(StochasticBeam(1, 0)), "branch_factor must be at least 1, got 0"),
        (lambda model: model.best_of(2, on_done=None, seed=-1), "seed must be"),
    ],
)
def test_bad_arguments(tiny_model, search, message):
    with pytest.raises(InvalidArgumentError, match=message):
        search(tiny_model)


def traced(model, **arguments):
    generated = model.generate(trace=True, **arguments)
    assert list(generated) == list(model.generate(**arguments))
    return generated, generated.traces


def test_a_trace_tells_how_each_event_was_drawn(tiny_model):
    melodies, traces = traced(tiny_model, num_outputs=70, new_steps=12, primer=PRIMER, seed=3, temperature=0.7, top_k=5)
    replayed = tiny_model.trace(melodies, outlines=melodies.outlines)
    for melody, trace, plain in zip(melodies, traces, replayed, strict=True):
        np.testing.assert_array_equal(trace.events, list(melody))
        np.testing.assert_array_equal(trace.log_likelihoods, plain.log_likelihoods)
        draws = trace.draws
        assert (draws.labels[:6] == -1).all()
        assert np.isnan(draws.probabilities[:6]).all()
        meant = trace.label_events[np.arange(6, 18), draws.labels[6:]]
        np.testing.assert_array_equal(meant, trace.events[6:])
        assert (np.isfinite(draws.logits[6:]).sum(axis=1) == 5).all()
        # Temperature and top-k, by hand.
        logits = np.where(np.isfinite(draws.logits[6:]), trace.logits[6:] / 0.7, -np.inf).astype(np.float64)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        own = (p * (trace.label_events[6:] == trace.events[6:, np.newaxis])).sum(axis=1)
        np.testing.assert_allclose(draws.probabilities[6:], own, rtol=1e-3)
        assert (draws.entropies[6:] < trace.entropies[6:] + 1e-6).all()


def test_at_temperature_one_events_are_drawn_as_the_model_has_them(tiny_model):
    _, (trace,) = traced(tiny_model, num_outputs=1, num_steps=20, seed=3)
    np.testing.assert_allclose(trace.draws.probabilities[1:], trace.probabilities[1:], rtol=1e-3)
    np.testing.assert_allclose(trace.draws.entropies[1:], trace.entropies[1:], rtol=1e-3)


def test_constraints_show_in_the_draws(tiny_model):
    _, traces = traced(tiny_model, num_outputs=3, num_steps=20, seed=3, constraints=Constraints(max_leap=1))
    assert all(np.isneginf(trace.draws.logits[1:]).any() for trace in traces)
    assert all((trace.draws.probabilities[1:] > 0).all() for trace in traces)


def test_the_traces_of_the_best_are_theirs(tiny_model):
    best = tiny_model.best_of(9, 2, num_steps=20, seed=3, trace=True)
    assert [list(tune) for tune in best] == [trace.events.tolist() for trace in best.traces]
    assert all(trace.draws is not None for trace in best.traces)
    np.testing.assert_array_equal(best[0].probabilities, best.traces[0].probabilities)


def test_traces_are_written_without_pickle(tiny_model, tmp_path):
    _, traces = traced(tiny_model, num_outputs=3, num_steps=20, seed=3)
    save_traces(tmp_path / "new" / "trace.npz", traces)
    with np.load(tmp_path / "new" / "trace.npz", allow_pickle=False) as archive:
        shapes = {name: (str(array.dtype), array.shape) for name, array in archive.items()}
        np.testing.assert_array_equal(archive["drawn_labels"][2], traces[2].draws.labels)
    assert shapes == {
        "events": ("int32", (3, 20)),
        "log_likelihoods": ("float32", (3, 20)),
        "probabilities": ("float32", (3, 20)),
        "entropies": ("float32", (3, 20)),
        "ranks": ("int32", (3, 20)),
        "event_probabilities": ("float32", (3, 20, 130)),
        "logits": ("float32", (3, 20, 16)),
        "label_events": ("int32", (3, 20, 16)),
        "drawn_labels": ("int32", (3, 20)),
        "drawn_logits": ("float32", (3, 20, 16)),
        "drawn_probabilities": ("float32", (3, 20)),
        "num_steps": ("int64", (3,)),
        "drawn_entropies": ("float32", (3, 20)),
    }
    with pytest.raises(OutputError, match="exists already"):
        save_traces(tmp_path / "new" / "trace.npz", traces)
    with pytest.raises(OutputError, match="cannot be written"):
        save_traces(tmp_path / "new" / "trace.npz" / "below.npz", traces)
