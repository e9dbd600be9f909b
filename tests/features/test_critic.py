"""Critics: the forest is the one that was trained, comes back from its bytes, and tells tunes apart."""

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.ensemble import GradientBoostingClassifier

from melody_rnn.archives import pack_arrays, unpack_arrays
from melody_rnn.cli.main import cli
from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.evaluation import critics
from melody_rnn.features.critic import _ARRAYS, Critic
from melody_rnn.features.groups import NAMES
from melody_rnn.model import MelodyRNN
from melody_rnn.presets import find_preset, read_critic, write_critic
from tests.two_sample.toy_tunes import plain_tune, random_notes


@pytest.fixture(scope="module")
def critic():
    """A critic that takes plain tunes for real."""
    generated, real = ([make(seed) for seed in range(40)] for make in (random_notes, plain_tune))
    return critics.train_critic(generated, real)


def test_the_forest_is_scikit_learns(monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, len(NAMES)))
    rows[:, 3] = np.round(rows[:, 3])
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 5] = np.nan
    real = rows[:, 0] + rows[:, 3] * rows[:, 7] > 0
    forests = []
    fit = GradientBoostingClassifier.fit

    def kept(self, filled, *others):
        forests.append((self, filled))
        return fit(self, filled, *others)

    monkeypatch.setattr(GradientBoostingClassifier, "fit", kept)
    critic = critics.fit(rows[~real], rows[real], seed=3)
    ((forest, filled),) = forests
    expected = forest.decision_function(filled)
    judged = critic.judge_features(np.concatenate([rows[~real], rows[real]]))
    np.testing.assert_allclose(judged, expected, atol=1e-4)
    assert judged.std() > 1


def test_unknown_tunes_are_told_apart(critic):
    real = critic.judge([plain_tune(seed) for seed in range(100, 120)])
    generated = critic.judge([random_notes(seed) for seed in range(100, 120)])
    assert real.min() > generated.max()
    assert real.min() > 0 > generated.max()


def test_bytes(critic):
    again = Critic.from_bytes(critic.to_bytes())
    assert again.to_bytes() == critic.to_bytes()
    tunes = [plain_tune(1), random_notes(2)]
    np.testing.assert_array_equal(again.judge(tunes), critic.judge(tunes))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("columns", np.uint16(len(NAMES)), "a feature that there is none of"),
        ("values", np.float32(np.nan), "not finite"),
        ("names", np.uint8(0), "train it anew"),
    ],
)
def test_foreign_critics(critic, name, value, message):
    arrays = unpack_arrays(critic.to_bytes(), _ARRAYS, 2**20)
    arrays[name] = arrays[name].copy()
    arrays[name].flat[1] = value
    with pytest.raises(ModelError, match=message):
        Critic.from_bytes(pack_arrays(arrays))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"", lambda data: data[:99] + b"x" + data[100:]]
)
def test_damaged_critics(critic, damage):
    with pytest.raises(ModelError, match="no critic"):
        Critic.from_bytes(damage(critic.to_bytes()))


def test_arrays_that_do_not_fit(critic):
    arrays = unpack_arrays(critic.to_bytes(), _ARRAYS, 2**20)
    for name in ("missing", "columns", "thresholds", "values", "start"):
        with pytest.raises(ModelError, match="do not fit"):
            Critic.from_bytes(pack_arrays(arrays | {name: arrays[name][:-1]}))


def test_a_critic_in_a_folder(critic, tmp_path):
    assert read_critic(tmp_path) is None
    write_critic(tmp_path, critic)
    stored = read_critic(tmp_path)
    assert stored is not None
    assert stored.to_bytes() == critic.to_bytes()
    (tmp_path / "critic.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"critic\.npz: no critic"):
        read_critic(tmp_path)


def test_the_shipped_critic_ranks_candidates():
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    best = model.best_of(7, 2, "real", seed=3, bars=8)
    candidates = model.generate(num_outputs=7, seed=3, bars=8, num_outlines=2)
    assert candidates.outlines[0] != candidates.outlines[1]
    assert candidates.outlines == (candidates.outlines[:2] * 4)[:7]
    log_odds = model.critic.judge(candidates)
    places = [2 * int(log_odds[::2].argmax()), 1 + 2 * int(log_odds[1::2].argmax())]
    places.sort(key=lambda place: -log_odds[place])
    assert list(best.candidates) == places
    assert list(best) == [candidates[place] for place in places]
    np.testing.assert_allclose(best.real_log_odds, log_odds[places])


def test_the_most_real_by_given_outlines():
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    own = model.generate(num_outputs=2, seed=7, bars=8).outlines
    best = model.best_of(6, 2, "real", seed=3, outlines=own)
    candidates = model.generate(num_outputs=6, seed=3, outlines=own * 3)
    log_odds = model.critic.judge(candidates)
    assert set(best.candidates) == {2 * int(log_odds[::2].argmax()), 1 + 2 * int(log_odds[1::2].argmax())}
    assert set(best.outlines) == set(own)
    with pytest.raises(InvalidArgumentError, match="outlines must be 2, one for each tune that is kept, got 3"):
        model.best_of(6, 2, "real", outlines=(*own, own[0]))
    best = model.best_of(4, 2, "real", seed=3, outline=own[0])
    log_odds = model.critic.judge(model.generate(num_outputs=4, seed=3, outline=own[0]))
    assert list(best.candidates) == np.argsort(-log_odds)[:2].tolist()


def test_a_number_of_outlines():
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    plain, alike = (model.generate(num_outputs=3, seed=1, num_outlines=own) for own in (None, 3))
    assert list(plain) == list(alike)
    with pytest.raises(InvalidArgumentError, match="num_outlines must be at least 1"):
        model.generate(num_outlines=0)
    with pytest.raises(InvalidArgumentError, match="num_outlines is for whole tunes"):
        model.generate(num_outlines=1, num_steps=32)


def test_the_shipped_critic_hears_a_high_temperature():
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    cool, hot = (model.critic.judge(model.generate(num_outputs=12, seed=5, temperature=own)) for own in (1, 1.6))
    assert np.median(cool) > np.median(hot) + 1


def test_who_cannot_be_judged(tiny_model, tmp_path):
    with pytest.raises(InvalidArgumentError, match="judges whole tunes"):
        tiny_model.best_of(4, 1, "real", num_steps=32)
    arguments = ["generate", "--best-of", "4", "-n", "1", "--output-dir", str(tmp_path)]
    result = CliRunner().invoke(cli, [*arguments, "--num-steps", "32", "--best-by", "real"])
    assert isinstance(result.exception, InvalidArgumentError)
    assert not list(tmp_path.iterdir())
    model = MelodyRNN.from_preset(find_preset("tunes_rnn"), "litert")
    model.critic = None
    with pytest.raises(ModelError, match="has no critic"):
        model.best_of(4, 1, "real")


def test_most_real_by_the_command(tmp_path):
    arguments = ["generate", "--best-of", "4", "-n", "2", "--best-by", "real", "--bars", "8", "--seed", "1"]
    result = CliRunner().invoke(cli, [*arguments, "--output-dir", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count('"real_log_odds"') == 2
    assert len(list(tmp_path.glob("*.mid"))) == 2
