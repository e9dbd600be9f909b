"""Trains the critic of a model that knows form, and says how well it tells the model's tunes from held-out ones.

usage: python models/train_critic.py [--model NAME] [--dataset FOLDER] [--rounds N] [--seed SEED]

Generates N tunes for each tune of the train split, of its meter and length, trains a critic on both, and writes it into
the model's folder as critic.npz. `generate --best-of --best-by real` uses it. What is printed is of the validation and
test split, which it has not seen.
"""

import argparse
from pathlib import Path

import numpy as np

from melody_rnn import MelodyRNN
from melody_rnn.data import dataset as datasets
from melody_rnn.evaluation.critics import train_critic
from melody_rnn.evaluation.two_sample.classifier import weighted_aucs
from melody_rnn.evaluation.two_sample.matching import generate_alike
from melody_rnn.presets import find_preset, write_critic
from melody_rnn.tunes.tune import Tune

# Seeds of the runs that it learns from, far from those that people and benchmarks give.
_FIRST_SEED = 10_000_000


def main() -> None:
    """Trains, writes and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = find_preset(arguments.model)
    model, dataset = MelodyRNN.from_preset(folder), datasets.load(arguments.dataset)
    real = [melody.tune for melody in dataset.split("train")]
    held_out = [melody.tune for split in ("validation", "test") for melody in dataset.split(split)]
    generated: list[Tune] = []
    for number in range(arguments.rounds):
        generated += generate_alike(model, real, _FIRST_SEED + number)
    critic = train_critic(generated, real, arguments.seed)
    write_critic(folder, critic)
    judged = critic.judge([*generate_alike(model, held_out, _FIRST_SEED - 1), *held_out])
    num = len(held_out)
    is_real = np.arange(2 * num) >= num
    (auc,) = weighted_aucs(judged, is_real, np.zeros(2 * num, np.int64), np.ones((1, 2 * num)))
    print(
        f"{len(real):,} real and {len(generated):,} generated tunes; AUC {auc:.3f} of {num:,} held-out and as many new"
    )


if __name__ == "__main__":
    main()
