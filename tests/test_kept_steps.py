from pathlib import Path

import numpy as np
import pytest

from melody_rnn import MelodyRNN
from melody_rnn.kept_steps import FOLDER_VARIABLE, kept_step

DATA = Path(__file__).parent / "data"


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    return DATA / "lookback_rnn.mag"


def test_a_kept_step_is_the_bundles(bundle):
    wanted, made = MelodyRNN.from_bundle(bundle), MelodyRNN.from_bundle(bundle, "auto")
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
    assert MelodyRNN.from_bundle(bundle, "litert").generate(1, num_steps=8)[0].origin.engine == "litert"
    assert kept_step(bundle) is None


def test_a_step_that_is_damaged_or_of_another_bundle_is_not_used(bundle, tmp_path):
    own = tmp_path / "own.mag"
    own.write_bytes(bundle.read_bytes())
    MelodyRNN.from_bundle(own, "litert")
    (step,) = (tmp_path / "cache").glob("*/step.tflite")
    whole = step.read_bytes()
    step.write_bytes(b"damaged")
    assert kept_step(own) is None
    step.write_bytes(whole)
    assert kept_step(own) is not None
    own.write_bytes((DATA / "basic_rnn.mag").read_bytes())
    assert kept_step(own) is None
