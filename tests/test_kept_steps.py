"""Steps of bundles in the user's cache."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from melody_rnn import MelodyRNN, kept_steps
from melody_rnn.kept_steps import FOLDER_VARIABLE, keep_step, kept_step
from melody_rnn.litert.description import digest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def made():
    """A bundle's description and step, as `from_bundle` makes them; nothing is kept."""
    model = MelodyRNN.from_bundle(DATA / "lookback_rnn.mag", "litert")
    return model._preset, model._step


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A bundle, with an empty cache."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    path = tmp_path / "own.mag"
    path.write_bytes((DATA / "lookback_rnn.mag").read_bytes())
    return path


def test_a_kept_step_is_the_bundles(bundle):
    wanted, made = MelodyRNN.from_bundle(bundle), MelodyRNN.from_bundle(bundle, "litert")
    kept = MelodyRNN.from_bundle(bundle, "auto")
    assert kept_step(bundle) == (made._preset, made._step) == (kept._preset, kept._step)
    assert (kept.config, kept._preset.card) == (wanted.config, wanted._preset.card)
    melody = "C4 D4 E4:2 R:2 G4 C5"
    np.testing.assert_allclose(kept.logits(melody), wanted.logits(melody), atol=2e-3)
    weights = zip(kept.network.weights_by_name().values(), wanted.network.weights_by_name().values(), strict=True)
    assert all(np.array_equal(*pair) for pair in weights)


@pytest.mark.parametrize("cache", ["", "a file/cache"])
def test_where_nothing_can_be_kept_a_bundle_runs_all_the_same(bundle, cache, tmp_path, monkeypatch):
    (tmp_path / "a file").write_bytes(b"")
    monkeypatch.setenv(FOLDER_VARIABLE, cache and str(tmp_path / cache))
    assert MelodyRNN.from_bundle(bundle, "litert").generate(num_outputs=1, num_steps=8)[0].origin.engine == "litert"
    assert kept_step(bundle) is None


def test_a_step_that_is_damaged_or_of_another_bundle_is_not_used(bundle, made, tmp_path):
    keep_step(bundle, *made)
    (step,) = (tmp_path / "cache").glob("*/step.tflite")
    whole = step.read_bytes()
    for damaged in (b"damaged", whole[:-1], b""):
        step.write_bytes(damaged)
        assert kept_step(bundle) is None
    step.write_bytes(whole)
    assert kept_step(bundle) == made
    bundle.write_bytes((DATA / "basic_rnn.mag").read_bytes())
    assert kept_step(bundle) is None


def test_steps_are_kept_in_the_users_cache(bundle, made, tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    keep_step(bundle, *made)
    assert kept_step(bundle) == made
    assert list((tmp_path / "xdg" / "melody_rnn" / "steps").glob("*/step.tflite"))


@pytest.mark.skipif(os.name != "posix", reason="other systems know homes from elsewhere")
def test_who_has_no_home_keeps_nothing(bundle, made, tmp_path, monkeypatch):
    import pwd

    monkeypatch.chdir(tmp_path)
    for variable in (FOLDER_VARIABLE, "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda user: {}[user])
    keep_step(bundle, *made)
    assert kept_step(bundle) is None
    assert list(tmp_path.iterdir()) == [bundle]


def test_of_too_many_steps_the_longest_unused_is_removed(bundle, made, monkeypatch):
    preset, step = made
    monkeypatch.setattr(kept_steps, "MAX_KEPT_BYTES", int(2.5 * len(step.content)))
    oldest, older, newest = (bundle.with_name(f"{name}.mag") for name in ("oldest", "older", "newest"))

    def keep(path):
        path.write_text(path.stem)
        description = dataclasses.replace(step.description, weights_digest=digest(path.read_bytes()))
        keep_step(path, preset, dataclasses.replace(step, description=description))

    for days, path in enumerate((oldest, older), start=1):
        keep(path)
        os.utime(kept_steps._folder_of(path), (86_400 * days,) * 2)
    assert kept_step(oldest)
    keep(newest)
    assert [kept_step(path) is not None for path in (oldest, older, newest)] == [True, False, True]
