"""A dataset that a tiny network learns in seconds, and a run of it as a program of its own."""

import sys
from dataclasses import replace

import numpy as np
import tensorflow as tf

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.training import TrainingSettings, load_teacher, resume, train
from melody_rnn.training.devices import make_strategy

CONFIG = ModelConfig("tiny", EncodingConfig("lookback", 60, 72, (4, 8)), NetworkConfig((12, 8), dropout=0.2))
SETTINGS = TrainingSettings(batch_size=16, learning_rate=5e-3, schedule="cosine", transposition=2, epochs=6, seed=3)


def scales(split, num_melodies, lengths=(40, 44, 48)):
    """Scales that only a model with a memory can continue: up and down by turns.

    Of such lengths batches are padded to one, and loops are compiled once.
    """
    up_and_down = [60, -2, 62, -2, 64, -2, 65, -2, 67, -2, 65, -2, 64, -2, 62, -2] * 4
    return [
        StoredMelody(
            f"{split}{i}", np.array(np.roll(up_and_down, 2 * i)[: lengths[i % 3]], np.int8), COMMON_TIME, split
        )
        for i in range(num_melodies)
    ]


def dataset(lengths=(40, 44, 48)):
    melodies = (*scales("train", 80, lengths), *scales("validation", 8, lengths), *scales("test", 8, lengths))
    return Dataset(melodies, digest="scales")


def main(folder, verb, strategy="one", *teachers):
    """Starts or resumes a run; with a strategy without dropout, whose random numbers each device has of its own."""
    if strategy == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    devices = make_strategy(strategy)
    if verb == "resume":
        resume(folder, dataset(), strategy=devices)
    elif verb == "start":
        train(CONFIG, replace(SETTINGS, epochs=40), dataset(), folder)
    else:
        config = replace(CONFIG, network=replace(CONFIG.network, dropout=0.0))
        settings = replace(SETTINGS, epochs=int(verb))
        train(config, settings, dataset(), folder, strategy=devices, teachers=list(map(load_teacher, teachers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
