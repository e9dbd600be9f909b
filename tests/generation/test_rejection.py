"""Tunes that copy no more than so much: the first ones of a run that do not."""

from dataclasses import replace

import pytest

from melody_rnn.errors import ConstraintError, InvalidArgumentError, ModelError
from melody_rnn.model import MelodyRNN
from melody_rnn.tunes.copied import TrainingIndex, TuneName

ASKED = {"num_steps": 48, "seed": 4}


@pytest.fixture(scope="module")
def model(tiny_model):
    """A model that is taken to be trained on every third of the melodies that it makes."""
    tunes = tiny_model.generate(num_outputs=12, **ASKED)[::3]
    index = TrainingIndex.of(tunes, [TuneName(f"{number}") for number in range(len(tunes))])
    return MelodyRNN(replace(tiny_model._preset, training_tunes=index), tiny_model.network)


def test_the_first_tunes_that_copy_no_more(model):
    every = model.generate(num_outputs=60, **ASKED)
    lengths = model.training_tunes.run_lengths(every)
    assert all(lengths[number] > 8 for number in (0, 3, 6, 9))
    expected = [number for number, length in enumerate(lengths) if length <= 8][:5]
    tunes = model.generate(num_outputs=5, max_copied=8, **ASKED)
    assert tunes.candidates == tuple(expected)
    assert [tune.events for tune in tunes] == [every[number].events for number in expected]
    assert [tune.origin.index for tune in tunes] == [number + 1 for number in expected]


def test_the_best_of_those(model):
    best = model.best_of(4, 2, "likely", max_copied=8, **ASKED)
    first = model.generate(num_outputs=4, max_copied=8, **ASKED)
    assert set(best.candidates) <= set(first.candidates)
    every = model.generate(num_outputs=max(best.candidates) + 1, **ASKED)
    assert [tune.events for tune in best] == [every[number].events for number in best.candidates]


def test_what_cannot_be_had(model, tiny_model):
    primer = model.generate(num_outputs=1, **ASKED)[0].events[:40]
    with pytest.raises(ConstraintError, match=r"of \d+ tunes 0 share no more than 8 notes in a row"):
        model.generate(num_outputs=1, max_copied=8, primer=primer, **ASKED)
    with pytest.raises(InvalidArgumentError, match="max_copied must be at least 7 notes, got 3"):
        model.generate(num_outputs=1, max_copied=3)
    with pytest.raises(ModelError, match="no index"):
        tiny_model.generate(num_outputs=1, max_copied=9)


def test_the_index_goes_where_the_model_goes(model, tmp_path):
    model.save_to_preset(tmp_path / "model")
    again = MelodyRNN.from_preset(tmp_path / "model", engine="tensorflow")
    assert again.training_tunes.to_bytes() == model.training_tunes.to_bytes()
    again.save_to_preset(tmp_path / "again")
    kept = MelodyRNN.from_preset(tmp_path / "again", engine="litert")
    assert (
        kept.generate(num_outputs=3, max_copied=8, **ASKED).candidates
        == model.generate(num_outputs=3, max_copied=8, **ASKED).candidates
    )
