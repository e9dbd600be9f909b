"""Where training runs: one device, all devices of this machine, or several machines."""

import json
import os
from typing import Any, Final, Literal

import tensorflow as tf

from melody_rnn.errors import DeviceError

StrategyName = Literal["one", "mirrored", "multiworker"]
_CHIEFS: Final = (("chief", 0), ("worker", 0))
Strategy = Any
"""A `tf.distribute.Strategy`."""


def make_strategy(name: StrategyName) -> Strategy:
    """Returns how training is spread over devices, each of which has a share of every batch.

    Args:
        name: 'one' for TensorFlow's first device; 'mirrored' for all GPUs of this machine, or all logical CPUs where
            there is no GPU; 'multiworker' for the machines that the environment variable TF_CONFIG lists, which must
            each run the same command and share the run's folder. That one must be made before TensorFlow does
            anything else.

    Raises:
        DeviceError: If TF_CONFIG is missing or not what TensorFlow can use.
    """
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        return tf.distribute.MirroredStrategy([device.name for device in tf.config.list_logical_devices(kind)])
    _check_cluster()
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_chief(strategy: Strategy) -> bool:
    """Returns whether this process is the one that writes the run's folder."""
    resolver = strategy.cluster_resolver
    return resolver is None or (resolver.task_type, resolver.task_id) in _CHIEFS


def _check_cluster() -> None:
    advice = (
        'set it to {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, '
        "with this machine's index"
    )
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        workers, index = config["cluster"]["worker"], config["task"]["index"]
        is_right = isinstance(workers, list) and type(index) is int and 0 <= index < len(workers)
    except (KeyError, TypeError, ValueError):
        is_right = False
    if not is_right:
        raise DeviceError(f"several machines are listed in the environment variable TF_CONFIG: {advice}")
