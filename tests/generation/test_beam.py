import heapq
import itertools
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import GenerationError
from melody_rnn.generation.beam import StochasticBeam
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.compiled_beam import CompiledBeamSearch
from melody_rnn.generation.loop import SamplingLoop
from melody_rnn.generation.replayer import CompiledReplayer
from melody_rnn.generation.trace import trace_melodies
from melody_rnn.music.meters import Meter
from melody_rnn.presets import make_network
from melody_rnn.sampling.sampler import SamplerSettings, draw, fill_with_noise, gumbel
from melody_rnn.sampling.softmax import log_softmax
from melody_rnn.sampling.transforms import Now
from melody_rnn.tunes.outline import Outline

EVENTS = [-2, -1, *range(60, 72)]
# Long enough for both lookbacks to mean something, so that several labels mean one event.
PRIMER = (60, 64, -2, 67, 60, -1, 64, -2, 60)
NO_SCORE = np.zeros(1)
PLAIN = EncodingConfig("one_hot")


def start_of(events, new_steps, config=PLAIN, **more):
    return Start.of_streams(np.array(events, np.int32), new_steps, config, **more)


def repeated(events, num_melodies):
    """Returns one primer for each melody, [num_melodies, steps] int32."""
    return np.tile(np.asarray(events, np.int32), (num_melodies, 1))


@pytest.fixture(scope="module")
def search(tiny_model):
    return CompiledBeamSearch(tiny_model.encoding, tiny_model.network)


@pytest.fixture(scope="module")
def tracer(tiny_model):
    return partial(trace_melodies, CompiledReplayer(tiny_model.encoding, tiny_model.network))


def log_likelihoods(model, melodies, first):
    """Returns the log-likelihood of each melody's events from `first` on, summed label by label, float64."""
    encoded = model.encoding.encode_stream(tf.constant(melodies, tf.int32))
    logits = model.network(encoded.inputs[:, :-1]).numpy().astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    own = (p * (encoded.label_events.numpy()[:, 1:] == melodies[:, 1:, np.newaxis])).sum(axis=2)
    return np.log(own[:, first - 1 :]).sum(axis=1)


def test_a_wide_enough_beam_finds_the_likeliest_of_all_melodies(search, tiny_model):
    every = np.array([[*PRIMER, *rest] for rest in itertools.product(EVENTS, repeat=3)])
    scores = log_likelihoods(tiny_model, every, len(PRIMER))
    order = np.argsort(-scores)[:50]
    found = search.best(start_of([PRIMER], 3), 3, len(EVENTS) ** 2, NO_SCORE)
    np.testing.assert_array_equal(found.events[:50], every[order, len(PRIMER) :])
    np.testing.assert_allclose(found.scores[:50], scores[order], atol=1e-5)


def test_starts_compete_with_their_own_scores(search, tiny_model):
    starts, shares = np.array([[60], [67], [64]], np.int32), np.log([0.2, 0.5, 0.3])
    every = np.array([[start, *rest] for start in (60, 67, 64) for rest in itertools.product(EVENTS, repeat=2)])
    scores = log_likelihoods(tiny_model, every, 1) + np.repeat(shares, len(EVENTS) ** 2)
    order = np.argsort(-scores)[:30]
    found = search.best(start_of(starts, 2), 2, 3 * len(EVENTS), shares)
    melodies = np.concatenate([starts[found.starts], found.events], axis=1)
    np.testing.assert_array_equal(melodies[:30], every[order])
    np.testing.assert_allclose(found.scores[:30], scores[order], atol=1e-5)
    # A beam narrower than the starts keeps the likeliest.
    assert set(search.best(start_of(starts, 2), 2, 1, shares).starts) == {1}


def test_a_beam_of_one_takes_the_likeliest_event_each_time(search, tracer):
    found = search.best(start_of([PRIMER], 20), 20, 1, NO_SCORE)
    melody = [*PRIMER, *found.events[0].tolist()]
    (trace,) = tracer([melody], [Outline()])
    assert set(trace.ranks[len(PRIMER) :]) == {1}


def test_wider_beams_find_likelier_melodies_here_and_none_twice(search):
    best = [search.best(start_of([PRIMER], 12), 12, width, NO_SCORE) for width in (1, 8, 64)]
    assert best[0].scores[0] <= best[1].scores[0] <= best[2].scores[0]
    assert len({row.tobytes() for row in best[2].events}) == 64
    assert (np.diff(best[2].scores) <= 0).all()


def test_a_beam_wider_than_there_are_melodies_gives_those_that_there_are(search):
    found = search.best(start_of([[60]], 1), 1, 40, NO_SCORE)
    assert sorted(found.events[:, 0]) == EVENTS
    assert np.exp(found.scores).sum() == pytest.approx(1, abs=1e-6)


def test_a_primer_that_ends_its_note_is_followed_by_a_note_on_or_off(search):
    start = start_of([PRIMER], 2, ends_note=True)
    found = search.best(start, 2, 200, NO_SCORE)
    assert (found.events[:, 0] != -2).all()
    assert (found.events[:, 1] == -2).any()
    sampled = search.stochastic(
        start_of(repeated(PRIMER, 40), 2, ends_note=True), 2, controls(40), 0, StochasticBeam(2, 2, 1)
    )
    assert (sampled.events[:, 0] != -2).all()


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig("key", EncodingConfig("key", 60, 72, (2, 4)), NetworkConfig((6, 5), attention_length=3)),
        ModelConfig(
            "tune", EncodingConfig("tune", 60, 72, (1, 2), "bar"), NetworkConfig((6,), embedding_size=6, residual=True)
        ),
    ],
    ids=lambda config: config.name,
)
def test_scores_are_those_of_the_melodies_replayed(config):
    # Only right if each melody kept its own states through all the branching.
    keras.utils.set_random_seed(1)
    encoding, network = make_encoding(config.encoding), make_network(config)
    for variable in network.variables:
        variable.assign(variable * 3.0)
    search, tracer = CompiledBeamSearch(encoding, network), partial(trace_melodies, CompiledReplayer(encoding, network))
    starts = start_of([PRIMER[:6], PRIMER[1:7]], 15, config.encoding, steps_per_bar=3)
    found = search.best(starts, 15, 6, np.log([0.5, 0.5]))
    assert len({(start, row.tobytes()) for start, row in zip(found.starts.tolist(), found.events, strict=True)}) == 6
    melodies = np.concatenate([starts.events[found.starts], found.events], axis=1).tolist()
    replayed = [
        trace.log_likelihoods[6:].sum() + np.log(0.5) for trace in tracer(melodies, [Outline(Meter(3, 16))] * 6)
    ]
    np.testing.assert_allclose(found.scores, replayed, rtol=1e-4)


def controls(num_melodies, **settings):
    return SamplerSettings(**settings).controls(num_melodies)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.6, "top_k": 5}, {"temperature": [0.5, 1.0, 2.0, 1.0, 0.0]}])
def test_one_branch_of_one_is_plain_sampling(search, tiny_model, settings):
    start = start_of(repeated(PRIMER, 5), 40)
    found = search.stochastic(start, 40, controls(5, **settings), 7, StochasticBeam(1, 1, 3))
    loop = SamplingLoop(tiny_model.encoding, tiny_model.network)
    np.testing.assert_array_equal(found.events, loop(start, 40, controls(5, **settings), 7))


def magenta_beam_search(extend, num_steps, beam_size, branch_factor, steps_per_iteration):
    """Magenta's algorithm with lists: `extend` adds a step to all sequences and to their scores."""

    def branches(beam, steps):
        branched = [(list(sequence), score) for sequence, score in beam * branch_factor]
        for _ in range(steps):
            branched = extend(branched)
        return branched

    def prune(beam, size):
        return [beam[i] for i in heapq.nlargest(size, range(len(beam)), key=lambda i: beam[i][1])]

    first = (num_steps - 1) % steps_per_iteration + 1
    beam = branches([([], 0.0)] * beam_size, first)
    for _ in range((num_steps - first) // steps_per_iteration):
        beam = branches(prune(beam, beam_size), steps_per_iteration)
    return prune(beam, 1)[0]


@pytest.mark.parametrize("beam", [(2, 3, 2), (3, 1, 1), (1, 4, 3), (2, 2, 20)])
def test_the_stochastic_beam_is_magenta_s(search, tiny_model, beam):
    settings, new_steps, index = {"temperature": 0.7, "top_p": 0.9}, 8, 1
    width = beam[0] * beam[1]
    noise = np.empty((new_steps * width, tiny_model.encoding.num_classes), np.float32)
    fill_with_noise(noise, 5, index)

    def extend(branched):
        step = len(branched[0][0])
        melodies = tf.constant([[*PRIMER, *sequence] for sequence, _ in branched], tf.int32)
        encoded = tiny_model.encoding.encode_stream(melodies)
        raw = tiny_model.network(encoded.inputs)[:, -1]
        logits = controls(width, **settings).apply(("temperature", "truncation"), raw, Now((), (), 0))
        labels = draw(logits, gumbel(noise[step * width : (step + 1) * width])).numpy()
        meanings, tempered = tiny_model.encoding.label_events(encoded.state).numpy(), log_softmax(logits).numpy()
        return [
            ([*sequence, meanings[row, label]], score + float(tempered[row, label]))
            for row, ((sequence, score), label) in enumerate(zip(branched, labels, strict=True))
        ]

    sequence, score = magenta_beam_search(extend, new_steps, *beam)
    found = search.stochastic(
        start_of(repeated(PRIMER, 2), new_steps), new_steps, controls(2, **settings), 5, StochasticBeam(*beam)
    )
    assert found.events[index].tolist() == sequence
    assert found.scores[index] == pytest.approx(score, abs=1e-4)


def test_melody_k_is_the_same_however_many_beams_there_are(search):
    many, few = (
        search.stochastic(start_of(repeated(PRIMER, n), 10), 10, controls(n), 3, StochasticBeam(2, 4, 2)).events
        for n in (9, 2)
    )
    assert len({row.tobytes() for row in many}) == 9
    np.testing.assert_array_equal(many[:2], few)


def test_logits_that_are_not_finite_stop_it(tiny_config):
    network = make_network(tiny_config)
    network.logits_layer.bias.assign(np.full(network.num_classes, np.nan))
    broken = CompiledBeamSearch(make_encoding(tiny_config.encoding), network)
    with pytest.raises(GenerationError, match="not finite"):
        broken.best(start_of([[60]], 3), 3, 2, NO_SCORE)
    with pytest.raises(GenerationError, match="not finite"):
        broken.stochastic(start_of(repeated([60], 2), 3), 3, controls(2), 0, StochasticBeam(2, 2, 1))
