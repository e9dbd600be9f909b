import numpy as np
import pytest

from melody_rnn.errors import ModelError, OutputError
from melody_rnn.network import checkpoint as checkpoint_module
from melody_rnn.network.checkpoint import read_checkpoint
from tests.bundles.synthetic import make_checkpoint

VARIABLES = {
    "a/kernel": np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32),
    "a/bias": np.zeros(30, np.float32),
    "global_step": np.int64(12345),
}


def test_every_variable_comes_back(tmp_path):
    read = read_checkpoint(make_checkpoint(VARIABLES, tmp_path))
    assert set(read) == set(VARIABLES)
    for name, value in VARIABLES.items():
        np.testing.assert_array_equal(read[name], value)
        assert read[name].dtype == value.dtype


@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(range(256)) * 40])
def test_what_is_no_checkpoint_is_refused(content):
    with pytest.raises(ModelError, match="checkpoint is damaged"):
        read_checkpoint(content)


def test_a_flipped_byte_is_noticed_or_lies_where_it_does_no_harm(tmp_path):
    whole = make_checkpoint(VARIABLES, tmp_path)
    num_noticed = 0
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        try:
            read = read_checkpoint(bytes(damaged))
        except ModelError:
            num_noticed += 1
        else:
            assert all((read[name] == value).all() for name, value in VARIABLES.items())
    assert num_noticed > 300


def test_a_cut_checkpoint_is_refused(tmp_path):
    whole = make_checkpoint(VARIABLES, tmp_path)
    for length in range(0, len(whole), 97):
        with pytest.raises(ModelError, match="checkpoint is damaged"):
            read_checkpoint(whole[:length])


def test_more_weights_than_the_file_can_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_module, "_MOST_BYTES_PER_BYTE", 0.5)
    with pytest.raises(ModelError, match="bytes of weights, more than its file has"):
        read_checkpoint(make_checkpoint(VARIABLES, tmp_path))


def test_no_room_for_the_copy_is_the_caller_s_to_mend(monkeypatch, tmp_path):
    whole = make_checkpoint(VARIABLES, tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="missing"):
        read_checkpoint(whole)
