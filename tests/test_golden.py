"""Every golden case that the original Magenta computed: likelihood, next-event distributions, greedy continuation."""

import numpy as np
import pytest

from melody_rnn import MelodyRNN
from melody_rnn.config import IMPROV_NAMES
from melody_rnn.sampling.softmax import softmax, temper
from melody_rnn.tunes.tune import Chord, Tune

NEAR_TIE = 1e-4


@pytest.fixture(scope="module", params=["basic_rnn", "mono_rnn", "lookback_rnn", "attention_rnn", "attention_rnn_2016"])
def name(request):
    return request.param


def probabilities(logits, temperature):
    return softmax(temper(logits[np.newaxis], temperature))[0]


def test_label_log_likelihoods_are_magentas(name, golden):
    bundle, cases = golden(name)
    scored = [case for case in cases if "log_likelihood" in case]
    ours = MelodyRNN.from_bundle(bundle).label_log_likelihoods([case["events"] for case in scored])
    np.testing.assert_allclose(ours, [case["log_likelihood"] for case in scored], rtol=0, atol=1e-3)


def test_distributions_are_magentas(name, golden):
    bundle, cases = golden(name)
    model = MelodyRNN.from_bundle(bundle)
    for case in cases:
        logits = model.logits(case["squashed"])
        np.testing.assert_allclose(probabilities(logits[0], 1.0), case["softmax_first_T1"], atol=1e-5)
        np.testing.assert_allclose(probabilities(logits[-1], 1.0), case["softmax_last_T1"], atol=1e-5)
        np.testing.assert_allclose(probabilities(logits[-1], 0.6), case["softmax_last_T0.6"], atol=1e-5)


def test_greedy_continuations_are_magentas(name, golden):
    bundle, cases = golden(name)
    model = MelodyRNN.from_bundle(bundle)
    for case in [case for case in cases if "greedy_events" in case]:
        primer, expected = case["events"], case["greedy_events"][-64:]
        melody = list(model.generate(new_steps=64, primer=primer, temperature=0)[0])
        assert melody[: len(primer)] == primer
        continuation = melody[len(primer) :]
        differing = [i for i in range(64) if continuation[i] != expected[i]]
        # Two correct programs may part where the two likeliest events are nearly as likely.
        assert not differing or is_near_tie(model, case, expected[: differing[0]])


def is_near_tie(model, case, agreed):
    events = case["squashed"] + [event + case["transpose"] if event >= 0 else event for event in agreed]
    first, second = np.sort(probabilities(model.logits(events)[-1], 1.0))[-1:-3:-1]
    return first - second < NEAR_TIE


@pytest.fixture(scope="module", params=IMPROV_NAMES)
def improv(request):
    return request.param


def over_chords(case, events):
    """Returns events as a tune over the chords of a case."""
    return Tune(tuple(events), chords=chords_of(case))


def chords_of(case):
    chords = [Chord(step, symbol) for step, symbol in enumerate(case["chords"])]
    return tuple(chord for step, chord in enumerate(chords) if not step or chord.symbol != chords[step - 1].symbol)


def test_label_log_likelihoods_over_chords_are_magentas(improv, golden):
    bundle, cases = golden(improv)
    scored = [case for case in cases if "log_likelihood" in case]
    assert len(scored) >= 8
    tunes = [over_chords(case, case["events"]) for case in scored]
    model = MelodyRNN.from_bundle(bundle)
    expected = [case["log_likelihood"] for case in scored]
    np.testing.assert_allclose(model.label_log_likelihoods(tunes), expected, rtol=0, atol=1e-3)
    # Without its chords it would be another.
    others = model.label_log_likelihoods([case["events"] for case in scored])
    assert sum(abs(one - other) > 0.1 for one, other in zip(others, expected, strict=True)) >= len(scored) // 2


def test_distributions_over_chords_are_magentas(improv, golden):
    bundle, cases = golden(improv)
    model = MelodyRNN.from_bundle(bundle)
    for case in cases:
        logits = model.logits(over_chords(case, case["squashed"]))
        np.testing.assert_allclose(probabilities(logits[0], 1.0), case["softmax_first_T1"], atol=1e-5)
        np.testing.assert_allclose(probabilities(logits[-1], 1.0), case["softmax_last_T1"], atol=1e-5)
        np.testing.assert_allclose(probabilities(logits[-1], 0.6), case["softmax_last_T0.6"], atol=1e-5)


@pytest.mark.parametrize("engine", ["tensorflow", "litert"])
def test_greedy_continuations_over_chords_are_magentas(improv, engine, golden):
    bundle, cases = golden(improv)
    model = MelodyRNN.from_bundle(bundle, engine)
    for case in [case for case in cases if any(event >= 0 for event in case["events"])]:
        primer, expected = case["events"], case["greedy_events"][len(case["events"]) :]
        (tune,) = model.generate(new_steps=len(expected), primer=primer, temperature=0, chords=chords_of(case))
        assert tune.events[: len(primer)] == tuple(primer)
        assert tune.chords == chords_of(case)
        continuation = tune.events[len(primer) :]
        differing = [i for i in range(len(expected)) if continuation[i] != expected[i]]
        if differing:
            events = [*case["squashed"], *expected[: differing[0]]]
            first, second = np.sort(probabilities(model.logits(over_chords(case, events))[-1], 1.0))[-1:-3:-1]
            assert first - second < NEAR_TIE


def test_what_is_exported_again_scores_as_it_did(improv, golden, tmp_path):
    bundle, cases = golden(improv)
    MelodyRNN.from_bundle(bundle).save_bundle(tmp_path / "again.mag")
    MelodyRNN.from_bundle(bundle).save_to_preset(tmp_path / "preset")
    tunes = [over_chords(case, case["events"]) for case in cases if "log_likelihood" in case]
    expected = [case["log_likelihood"] for case in cases if "log_likelihood" in case]
    for again in (tmp_path / "again.mag", tmp_path / "preset"):
        scores = MelodyRNN.from_preset(again).label_log_likelihoods(tunes)
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-3)
