import numpy as np
import pytest

from melody_rnn.config import EncodingConfig
from melody_rnn.errors import GenerationError
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.loop import CPU_TILES, SamplingLoop
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.softmax import log_softmax

PLAIN = EncodingConfig("one_hot")


def repeated(events, num_melodies):
    """Returns one primer for each melody, [num_melodies, steps] int32."""
    return np.tile(np.asarray(events, np.int32), (num_melodies, 1))


@pytest.fixture(scope="module")
def loop(tiny_model):
    return SamplingLoop(tiny_model.encoding, tiny_model.network)


def sample(loop, num_melodies, new_steps=40, primer=(60,), seed=7, ends_note=False, **settings):
    start = Start.of_streams(repeated(primer, num_melodies), new_steps, PLAIN, ends_note)
    return loop(start, new_steps, SamplerSettings(**settings).controls(num_melodies), seed)


def test_melody_k_is_the_same_however_many_are_asked_for(loop):
    many = sample(loop, 70)
    assert len({row.tobytes() for row in many}) == 70
    for fewer in (1, 2, 3, CPU_TILES[1], 3 * CPU_TILES[1], 33):
        np.testing.assert_array_equal(sample(loop, fewer), many[:fewer])


def test_longer_melodies_begin_as_shorter_ones(loop):
    np.testing.assert_array_equal(sample(loop, 2, new_steps=150)[:, :40], sample(loop, 2, new_steps=40))


def test_another_seed_gives_other_melodies(loop):
    assert not np.array_equal(sample(loop, 2), sample(loop, 2, seed=8))


def test_the_loop_is_the_same_without_xla(loop, tiny_model):
    plain = SamplingLoop(tiny_model.encoding, tiny_model.network, is_compiled=False)
    others = {"typical_p": 0.9, "epsilon": 0.01, "eta": 0.02, "dynamic_temperature": (1.2, 0.8)}
    repetition = {"repetition_penalty": 1.3, "no_repeat_ngram": [2, 3, 4], "max_same_pitch": 1}
    for settings in (
        {},
        {"temperature": [0.4, 1.0, 2.0], "top_k": 9, "top_p": 0.9, "min_p": 0.02},
        others | repetition,
    ):
        np.testing.assert_array_equal(sample(plain, 3, **settings), sample(loop, 3, **settings))


def test_greedy_choices_are_the_likeliest_events(loop, tiny_model):
    primer = [60, -2, 64, -2, -2, 67]
    events = sample(loop, 1, new_steps=20, primer=primer, temperature=0)[0].tolist()
    assert sample(loop, 1, new_steps=20, primer=primer, temperature=0, seed=99)[0].tolist() == events
    melody = primer + events
    meanings = tiny_model.encoding.encode_stream(np.array([melody], np.int32)).label_events.numpy()[0]
    likeliest = tiny_model.logits(melody).argmax(axis=1)
    for t in range(len(primer), len(melody)):
        assert melody[t] == meanings[t, likeliest[t - 1]]


def test_a_primer_of_many_steps_counts_as_if_it_had_been_sampled(loop):
    events = sample(loop, 1, new_steps=30)[0]
    noise_free = {"temperature": 0}
    whole = sample(loop, 1, new_steps=12, primer=[60, *events[:29]], **noise_free)[0]
    longer = sample(loop, 1, new_steps=11, primer=[60, *events[:29], whole[0]], **noise_free)[0]
    np.testing.assert_array_equal(whole[1:], longer)


def test_a_primer_that_ends_its_note_is_followed_by_a_note_on_or_off(loop):
    free, forced = sample(loop, 64), sample(loop, 64, ends_note=True)
    assert (free[:, 0] == -2).any()
    assert (forced[:, 0] != -2).all()
    assert (forced[:, 1:] == -2).any()


def test_one_temperature_a_melody(loop):
    mixed = sample(loop, 3, temperature=[1.0, 0.0, 2.0])
    for k, temperature in enumerate([1.0, 0.0, 2.0]):
        np.testing.assert_array_equal(mixed[k], sample(loop, 3, temperature=temperature)[k])


def test_top_k_of_one_is_greedy(loop):
    np.testing.assert_array_equal(sample(loop, 2, top_k=1, temperature=3.0), sample(loop, 2, temperature=0))


def test_sampled_frequencies_follow_the_model(loop, tiny_model):
    first = sample(loop, 6000, new_steps=1)[:, 0]
    state = tiny_model.encoding.encode_stream(np.array([[60]], np.int32)).state
    meanings = tiny_model.encoding.label_events(state).numpy()[0]
    p = np.exp(log_softmax(tiny_model.logits([60])[-1:])[0])
    for event in np.unique(meanings):
        expected = p[meanings == event].sum()
        assert abs((first == event).mean() - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 6000)


def test_progress_is_told(loop):
    done = []
    start = Start.of_streams(repeated([60], 70), 5, PLAIN)
    loop(start, 5, SamplerSettings().controls(70), 0, done.append)
    assert sum(done) == 70
    assert len(done) == 3


def test_logits_that_are_not_finite_stop_it(tiny_config):
    from melody_rnn.encodings import make_encoding
    from melody_rnn.presets import make_network

    network = make_network(tiny_config)
    network.logits_layer.bias.assign(np.full(network.num_classes, np.nan))
    broken = SamplingLoop(make_encoding(tiny_config.encoding), network)
    with pytest.raises(GenerationError, match="not finite"):
        sample(broken, 2)
