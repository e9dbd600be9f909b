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
from melody_rnn.metrics import bigram_nats, unigram_nats
from melody_rnn.training import squash_all, train
from melody_rnn.tunes.build import ExtractionRules, build_dataset
from melody_rnn.tunes.corpora import checksum, tunebooks

SEED = 0
CARD = """# lookback_rnn

Fiddle tunes of the 18th and 19th century: {test_nats:.3f} nats per event on held-out tunes.

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
  books out of music21 {music21}, SHA-256 `{checksum}`: {tunes} tunes ({split}), {steps} steps. Tunes that share 30 %
  of their twelve-interval shingles are on one side of the split.
- Terms of the data: the tunes are traditional or older than any copyright; their transcribers published them in ABC
  for free use, and music21 redistributes them. No tune is stored in the model's folder.
- Parameters: {parameters}. Training took {minutes:.0f} minutes on two CPU cores.
- Opening notes: the first notes of the train split's tunes that begin on the first beat.
- What to expect: jigs, reels and hornpipes with clear bars. In 6/8 and 9/8 its lookbacks of 16 and 32 steps miss the
  bar lines, as Magenta's do.
"""


def main() -> None:
    """Builds the dataset, trains, evaluates, saves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=45)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "lookback_rnn")
    arguments = parser.parse_args()
    sources = tunebooks()
    dataset, counts = build_dataset(sources, ExtractionRules())
    print(f"{len(sources)} files: {dict(counts)}", flush=True)
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
        checksum=checksum(sources),
        tunes=len(dataset.melodies),
        split=", ".join(f"{len(dataset.split(name))} {name}" for name in ("train", "validation", "test")),
        steps=sum(len(melody.events) for melody in dataset.melodies),
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
