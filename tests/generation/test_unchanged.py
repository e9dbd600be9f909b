"""Without any option, tunes and their files are what they were when these digests were taken, to the last bit."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn import MelodyRNN, SamplerSettings
from melody_rnn.tunes.files import tune_bytes

SEED, NUM_TUNES = 3, 4
GOLDEN = {
    # Of the weights with the digest a7b0f446; others have others.
    "whole": {"events": "4a9a37596c9f6924", "mid": "4b56d47246465667", "abc": "e8581e37a7cf7aab"},
    "stream": {"events": "9fbc6ac69522126d", "mid": "ce7d5d738fbdd9d2", "abc": "79e06459842a4b78"},
}
ASKED = {"whole": {}, "stream": {"num_steps": 128}}


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def digests(tunes):
    # What made a tune stands in its files, the program's version too.
    bare = [replace(tune, origin=None) for tune in tunes]
    found = {kind: digest(*(tune_bytes([tune], kind) for tune in bare)) for kind in ("mid", "abc")}
    return {"events": digest(*(np.array(tune.events, np.int16).tobytes() for tune in tunes)), **found}


@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_without_options_everything_is_as_it_was(engine):
    model = MelodyRNN.from_preset("tunes_rnn", engine)
    for name, asked in ASKED.items():
        assert digests(model.generate(num_outputs=NUM_TUNES, seed=SEED, **asked)) == GOLDEN[name]


def test_without_options_the_distribution_is_the_models_own():
    model = MelodyRNN.from_preset("tunes_rnn", "litert")
    plain, given = (
        model.generate(num_outputs=2, seed=SEED, num_steps=32, trace=True, sampler=sampler)
        for sampler in (None, SamplerSettings(temperature=1.0))
    )
    for ours, theirs in zip(plain.traces, given.traces, strict=True):
        largest = ours.logits[1:].max(axis=1, keepdims=True)
        np.testing.assert_array_equal(ours.draws.logits[1:], ours.logits[1:] - largest)
        np.testing.assert_array_equal(ours.draws.logits[1:], theirs.draws.logits[1:])
