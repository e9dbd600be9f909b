"""Training over several devices against one: two logical CPUs, and two processes that talk over loopback."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melody_rnn.data.dataset import Dataset
from melody_rnn.errors import DeviceError
from melody_rnn.presets import load_preset
from melody_rnn.training import train
from melody_rnn.training.devices import make_strategy
from tests.training.scales import CONFIG, SETTINGS, dataset, scales

PROGRAM = Path(__file__).with_name("scales.py")
EPOCHS = 2


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run on one device, without dropout."""
    config = replace(CONFIG, network=replace(CONFIG.network, dropout=0.0))
    return train(config, replace(SETTINGS, epochs=EPOCHS), dataset(), tmp_path_factory.mktemp("alone") / "run")


def start(folder, strategy, config=None):
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | ({"TF_CONFIG": json.dumps(config)} if config else {})
    command = [sys.executable, PROGRAM, folder, str(EPOCHS), strategy]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_as_alone(folder, alone):
    history = json.loads((folder / "history.json").read_text())
    assert len(history) == EPOCHS
    for row, expected in zip(history, alone.history, strict=True):
        assert row == pytest.approx(expected, abs=1e-4)
    for one, other in zip(*(load_preset(m)[1].get_weights() for m in (folder / "model", alone.model)), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-3)


def test_two_devices_do_together_what_one_does_alone(tmp_path, alone):
    process = start(tmp_path / "run", "mirrored")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert_as_alone(tmp_path / "run", alone)


def test_two_machines_do_together_what_one_does_alone(tmp_path, alone):
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            port = stack.enter_context(socket.socket())
            port.bind(("127.0.0.1", 0))
            ports.append(port.getsockname()[1])
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    configs = [{"cluster": cluster, "task": {"type": "worker", "index": index}} for index in range(2)]
    processes = [start(tmp_path / "run", "multiworker", config) for config in configs]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    assert_as_alone(tmp_path / "run", alone)


@pytest.mark.parametrize("text", [None, "", "{}", '{"cluster": {"worker": ["a:1"]}, "task": {"index": 1}}'])
def test_machines_that_are_not_listed(monkeypatch, text):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(DeviceError, match="several machines are listed in the environment variable TF_CONFIG"):
        make_strategy("multiworker")


def test_mixed_precision_without_a_gpu_is_refused(tmp_path):
    with pytest.raises(DeviceError, match="mixed_precision is for GPUs"):
        train(CONFIG, replace(SETTINGS, mixed_precision=True), dataset(), tmp_path / "run")


def test_mixed_precision_trains_float32_weights(tmp_path, monkeypatch):
    for module in ("network.recurrence", "training.run"):
        monkeypatch.setattr(f"melody_rnn.{module}.runs_on_cpu", lambda: False)
    few = Dataset((*scales("train", 16), *scales("validation", 4)))
    plain, mixed = (
        train(CONFIG, replace(SETTINGS, epochs=1, mixed_precision=is_mixed), few, tmp_path / str(is_mixed))
        for is_mixed in (False, True)
    )
    assert mixed.history != plain.history
    assert mixed.history[0] == pytest.approx(plain.history[0], abs=0.01)
    assert {weight.dtype for weight in load_preset(mixed.model)[1].get_weights()} == {np.dtype("float32")}
