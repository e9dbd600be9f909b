"""Without any option, tunes and their files are what they were when these digests were taken, to the last bit."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn import MelodyRNN, SamplerSettings
from melody_rnn.tunes.files import tune_bytes

SEED, NUM_TUNES = 3, 4
GOLDEN = {
    # Of the weights with the digest f70dcf9e; others have others.
    "whole": {"events": "bf7756350418fa36", "mid": "fd4c914eaaa24461", "abc": "e9c378dd4da6ed31"},
    "stream": {"events": "17873345e96d12af", "mid": "18e2a915aa3a4454", "abc": "080f0f2c12757797"},
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
