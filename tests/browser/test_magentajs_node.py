"""Exported models under Node: the real Magenta.js continues primers as we do."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS, NetworkConfig
from melody_rnn.events import NO_EVENT
from melody_rnn.magenta.bundles.magentajs import write_magentajs
from melody_rnn.music.transposition import home_transposition, transpose
from melody_rnn.presets import Preset, make_network
from melody_rnn.sampling.softmax import softmax

NEAR_TIE = 1e-4
NEW_STEPS = 64


@pytest.fixture
def continue_in_node(node_modules, serve, tmp_path):
    """Returns a function that exports a model and gives what Magenta.js makes of each primer."""

    def run(model, primers, **export_options):
        write_magentajs(tmp_path / "js", model.config, model.network.weights_by_name(), **export_options)
        with serve(tmp_path / "js") as url:
            job = {
                "url": url,
                "steps": NEW_STEPS,
                "primers": [{"notes": to_notes(primer), "steps": len(primer)} for primer in primers],
            }
            script = Path(__file__).parent / "continue.js"
            done = subprocess.run(
                ["node", script], input=json.dumps(job), capture_output=True, text=True, timeout=300, check=False
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def to_notes(events):
    """Returns [pitch, start, end) of each note, in steps."""
    notes, pitch, start = [], None, 0
    for step, event in enumerate([*events, -1]):
        if event == NO_EVENT:
            continue
        if pitch is not None:
            notes.append([pitch, start, step])
        pitch, start = (event, step) if event >= 0 else (None, step)
    return notes


def test_notes_of_events():
    assert to_notes([60, -2, 62, -1, -2, 64, -2]) == [[60, 0, 2], [62, 2, 3], [64, 5, 7]]


def in_key(config, events):
    home = config.encoding.min_note, config.encoding.max_note
    amount = home_transposition(events, *home, config.transpose_to_key)
    return transpose(events, amount, *home).tolist()


def assert_continued_alike(model, primers, results):
    assert len(results) == len(primers)
    low = model.config.encoding.min_note
    for primer, result in zip(primers, results, strict=True):
        ours = list(model.generate(new_steps=NEW_STEPS, primer=primer, temperature=0)[0])[len(primer) :]
        theirs = [step["label"] - 2 + (low if step["label"] >= 2 else 0) for step in result["steps"]]
        assert result["notes"] == to_notes(theirs)
        np.testing.assert_allclose(result["probabilities"], softmax(model.logits(primer)[-1:])[0], rtol=0, atol=1e-5)
        differing = [step for step in range(NEW_STEPS) if ours[step] != theirs[step]]
        # Two correct programs may part where the two likeliest events are nearly as likely.
        assert not differing or result["steps"][differing[0]]["margin"] < NEAR_TIE


@pytest.mark.parametrize("name", ["basic_rnn", "mono_rnn"])
def test_magentajs_continues_ten_primers_as_we_do(name, golden, continue_in_node):
    model = MelodyRNN.from_preset(name)
    # Two bars each. Magenta.js does not transpose, so it gets them in the model's key.
    primers = [in_key(model.config, case["events"][:32]) for case in golden(name)[1]]
    assert len(primers) == 10
    results = continue_in_node(model, primers)
    assert_continued_alike(model, primers, results)


def test_an_embedding_and_several_shards_are_the_same_there(continue_in_node):
    keras.utils.set_random_seed(3)
    config = replace(CONFIGS["basic_rnn"], network=NetworkConfig((8, 6), embedding_size=7), transpose_to_key=None)
    network = make_network(config)
    for variable in network.variables:
        variable.assign(variable * 3.0)
    model = MelodyRNN(Preset(config), network)
    primers = [[60, -2, 64, -2, 67, -1, -2, -2], [48, 83, -2, 50]]
    assert_continued_alike(model, primers, continue_in_node(model, primers, shard_bytes=1001))
