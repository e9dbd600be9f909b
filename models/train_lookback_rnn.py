"""Trains the shipped lookback_rnn from pip-installed tunes alone, and writes its model card.

usage: python models/train_lookback_rnn.py [--epochs N] [--output FOLDER]
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import music21
import numpy as np

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS
from melody_rnn.data import dataset as datasets
from melody_rnn.data.build import build_dataset
from melody_rnn.metrics import bigram_nats, unigram_nats
from melody_rnn.training import squash_all, train

SEED = 0
CARD = """# lookback_rnn

Traditional fiddle tunes: {test_nats:.3f} nats per event on held-out tunes.

Magenta's lookback_rnn configuration (lookback encoding, two LSTM layers of {layers} units), dropout {dropout},
trained on dance tunes and songs as they are written, in C major or its relative minor.

| held-out tunes (test split) | nats per event |
| --- | --- |
| unigram (event frequencies) | {unigram:.3f} |
| bigram (which event follows which) | {bigram:.3f} |
| this model | {test_nats:.3f} |

The model's figure is the probability of the label that note_seq gives each event; an event that a lookback label
also stands for has at least that probability. On the train split it is {train_nats:.3f}. The baselines count the
train split, each event plus one.

- Command: `make models` (`python models/train_lookback_rnn.py --epochs {epochs}`), seed {seed}.
- Data: `corpus:tunebooks`, that is Aird's Airs, O'Neill's tunes of 1850, Ryan's Mammoth Collection and a few smaller
  books out of music21 {music21}, whose files are checked against known checksums. Of {tunes} tunes
  {melodies} melodies were kept ({split}), {steps} steps; dropped by rule:
  {dropped}. Tunes that share 30 % of their twelve-interval shingles are on one side
  of the split; {near_leaks:.1f} % of the held-out tunes still share that much with train tunes taken together.
  Digest of the dataset: `{digest}`.
- Terms of the data: the tunes are from books of the 18th and 19th century and of 1903, in the public domain; music21
  distributes these transcriptions with the permission of their encoders (its corpus/license.txt). No tune is stored in
  the model's folder.
- Parameters: {parameters}. Training took {minutes:.0f} minutes on two CPU cores.
- Opening notes: the first notes of the train split's tunes that begin on the first beat.
- What to expect: jigs, reels and hornpipes with clear bars. In 6/8 and 9/8 its lookbacks of 16 and 32 steps miss the
  bar lines, as Magenta's do.
"""


def main() -> None:
    """Builds the dataset, trains, evaluates, saves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "lookback_rnn")
    arguments = parser.parse_args()
    report = build_dataset(["corpus:tunebooks"], arguments.dataset, overwrite=True)
    print(f"{report.num_tunes} tunes, {report.num_melodies} melodies; dropped: {report.dropped}", flush=True)
    dataset = datasets.load(arguments.dataset)
    config = CONFIGS["lookback_rnn"]
    config = replace(config, network=replace(config.network, dropout=0.25))
    start = time.monotonic()
    preset, network = train(config, dataset, arguments.epochs, SEED)
    minutes = (time.monotonic() - start) / 60
    model = MelodyRNN(preset, network)
    events = {name: [m.events for m in squash_all(config, dataset.split(name))] for name in ("train", "test")}
    card = CARD.format(
        test_nats=nats_per_event(model, events["test"]),
        train_nats=nats_per_event(model, events["train"]),
        unigram=unigram_nats(events["train"], events["test"]),
        bigram=bigram_nats(events["train"], events["test"]),
        layers=config.network.layer_sizes[0],
        dropout=config.network.dropout,
        epochs=arguments.epochs,
        seed=SEED,
        music21=music21.__version__,
        digest=report.digest,
        tunes=report.num_tunes,
        melodies=report.num_melodies,
        dropped=", ".join(f"{count} {rule.replace('_', ' ')}" for rule, count in sorted(report.dropped.items())),
        near_leaks=100 * report.leaks["near"],
        split=", ".join(f"{len(dataset.split(name))} {name}" for name in ("train", "validation", "test")),
        steps=report.num_steps,
        parameters=network.count_params(),
        minutes=minutes,
    )
    MelodyRNN(replace(preset, card=card), network).save_preset(arguments.output)
    print(card)


def nats_per_event(model: MelodyRNN, melodies: list[np.ndarray]) -> float:
    """Returns the mean of minus the log-likelihood of every event after each melody's first."""
    totals = [model.log_likelihoods([m.tolist() for m in melodies[i : i + 64]]) for i in range(0, len(melodies), 64)]
    return -sum(map(sum, totals)) / sum(len(events) - 1 for events in melodies)


if __name__ == "__main__":
    main()
