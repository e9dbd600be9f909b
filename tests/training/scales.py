"""A dataset that a tiny network learns in seconds, and a run of it as a program of its own."""

import sys
from dataclasses import replace

import numpy as np

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.training import TrainingSettings, resume, train

CONFIG = ModelConfig("tiny", EncodingConfig("lookback", 60, 72, (4, 8)), NetworkConfig((12, 8), dropout=0.2))
SETTINGS = TrainingSettings(batch_size=16, learning_rate=5e-3, schedule="cosine", transposition=2, epochs=6, seed=3)


def scales(split, num_melodies):
    """Scales that only a model with a memory can continue: up and down by turns."""
    up_and_down = [60, -2, 62, -2, 64, -2, 65, -2, 67, -2, 65, -2, 64, -2, 62, -2]
    return [
        StoredMelody(f"{split}{i}", np.array(np.roll(up_and_down * (2 + i % 3), 2 * i), np.int8), 16, split)
        for i in range(num_melodies)
    ]


def dataset():
    return Dataset((*scales("train", 80), *scales("validation", 8), *scales("test", 8)), digest="scales")


if __name__ == "__main__":
    folder = sys.argv[1]
    if sys.argv[2] == "start":
        train(CONFIG, replace(SETTINGS, epochs=40), dataset(), folder)
    else:
        resume(folder, dataset())
