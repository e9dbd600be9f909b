"""A loop of one's own: fits the network of a shipped model to a few tunes with Keras, and samples before and after.

usage: python examples/fit.py FILE ...
"""

import sys

import keras
import numpy as np

from melody_rnn import MelodyRNN, read_tunes

model = MelodyRNN.from_preset("lookback_rnn", engine="tensorflow")
tunes = [tune for path in sys.argv[1:] for tune in read_tunes(path) if len(tune) >= 65]
low, high = model.config.encoding.min_note, model.config.encoding.max_note

# Excerpts of four bars, an octave at a time within the model's range; each event is to be told from those before it.
excerpts = [tune.events[start : start + 65] for tune in tunes for start in range(0, len(tune) - 64, 16)]
events = np.array(excerpts, np.int32)
events = np.where(events >= high, events - 12 * (1 + (events - high) // 12), events)
events = np.where((events >= 0) & (events < low), events + 12 * (1 + (low - 1 - events) // 12), events)
encoded = model.encoding.encode_stream(events)
inputs, labels = encoded.inputs[:, :-1], encoded.labels[:, 1:]

before = model.generate(seed=1, num_steps=64)[0]
model.network.summary()
model.network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.network.fit(inputs, labels, epochs=3, batch_size=32)
model.network.save("fitted.keras")  # keras.models.load_model reads it again
after = model.generate(seed=1, num_steps=64)[0]
model.save_to_preset("fitted")  # and MelodyRNN.from_preset("fitted") this
print(before.pitches, after.pitches, sep="\n")
