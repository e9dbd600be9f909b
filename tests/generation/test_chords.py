"""Chords on their way from what is asked for to every engine, search and stream, and into the tunes."""

import dataclasses
from functools import cache

import keras
import numpy as np
import pytest

from melody_rnn import Constraints, MelodyRNN
from melody_rnn.config import CONFIGS, NetworkConfig
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.generation.beam import StochasticBeam
from melody_rnn.generation.chords import read_chords
from melody_rnn.generation.potentials import density
from melody_rnn.generation.request import plan
from melody_rnn.music.chord_keys import key_of_chords
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.presets import Preset, make_network
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.tune import Chord, Section, Tune

CHORDS = (Chord(0, "C"), Chord(16, "Am7"), Chord(32, "D/F#"), Chord(40, "N.C."), Chord(48, "G"))
OTHERS = (Chord(0, "F#m"), Chord(24, "Bdim"))
BANK = OutlineBank([Outline(num_steps=64, sections=(Section(0, "A", 2), Section(32, "B")), key=Key(1))], 4)


@cache
def model(name, engine="auto"):
    keras.utils.set_random_seed(3)
    network = {"chords_rnn": NetworkConfig((16,), embedding_size=16)}.get(name, NetworkConfig((16,)))
    config = dataclasses.replace(CONFIGS[name], network=network)
    weights = make_network(config)
    for variable in weights.variables:
        variable.assign(variable * 3.0)
    bank = BANK if config.encoding.knows_form else None
    made = MelodyRNN(Preset(config, {60: 0.5, 67: 0.5}, outlines=bank), weights)
    if engine == "litert":
        return MelodyRNN(made._preset, None, made._any_step, "litert")
    return made


MODELS = ["basic_improv", "attention_improv", "chord_pitches_improv", "chords_rnn"]


@pytest.mark.parametrize("name", MODELS)
def test_both_engines_write_the_same_tunes_over_chords(name):
    asked = {"num_outputs": 4, "seed": 5, "num_steps": 64, "chords": CHORDS, "trace": True}
    compiled, stepped = (model(name, engine).generate(**asked) for engine in ("auto", "litert"))
    assert [tune.events for tune in compiled] == [tune.events for tune in stepped]
    assert all(tune.chords == CHORDS for tune in compiled)
    np.testing.assert_allclose(compiled.nats_per_event, stepped.nats_per_event, atol=1e-4)
    elsewhere = model(name).generate(**{**asked, "chords": OTHERS})
    without = model(name).generate(**{key: value for key, value in asked.items() if key != "chords"})
    assert len({tuple(tune.events for tune in result) for result in (compiled, elsewhere, without)}) == 3
    assert all(tune.chords == () for tune in without)


@pytest.mark.parametrize("name", ["attention_improv", "chords_rnn"])
def test_the_next_event_hangs_on_the_chord_of_its_own_step(name):
    """A chord changes what is said of the events from its first step on, and nothing before."""
    tune = Tune(tuple([60, -2, 64, -2] * 8), key=Key(0))
    later = {"chords": (Chord(0, "C"), Chord(20, "G"))}
    rows = [
        model(name).trace([dataclasses.replace(tune, chords=chords)], transpose=0)[0].log_likelihoods
        for chords in ((Chord(0, "C"),), later["chords"])
    ]
    differ = np.flatnonzero(rows[0][1:] != rows[1][1:]) + 1
    # What comes next is announced to ours alone.
    assert differ[0] == (1 if name == "chords_rnn" else 20)
    assert set(range(20, 32)) <= set(differ)


def test_what_was_written_is_scored_as_it_was_written():
    for name in MODELS:
        result = model(name).generate(num_outputs=2, seed=1, num_steps=48, chords=CHORDS[:3], trace=True)
        again = [trace.nats_per_event for trace in model(name).trace(result.tunes, outlines=result.outlines)]
        np.testing.assert_allclose(again, result.nats_per_event, atol=1e-5)
    # Without an outline, a tune's own chords count.
    tune = result.tunes[0]
    scores = model(name).log_likelihoods([tune, dataclasses.replace(tune, chords=()), tune.transpose(12)])
    assert scores[0] != scores[1]
    assert scores[0] == pytest.approx(scores[2], abs=1e-3)


def test_a_stream_is_the_first_tune():
    for name in ("basic_improv", "chords_rnn"):
        asked = {"seed": 4, "num_steps": 64, "chords": CHORDS}
        stream = model(name).stream(**asked)
        list(stream)
        (tune,) = model(name, "litert").generate(**asked)
        assert stream.tune() == tune
        assert tune.chords == CHORDS


def test_searches_and_look_ahead_hear_chords():
    improv = model("basic_improv")
    asked = {"num_steps": 32, "primer": [60, -2, 62, -2]}
    for search in (
        lambda **chords: improv.beam_search(8, **asked, **chords),
        lambda **chords: improv.stochastic_beam_search(StochasticBeam(2, 2, 1), seed=1, **asked, **chords),
        lambda **chords: improv.generate(seed=1, look_ahead=8, constraints=Constraints(end_on="C"), **asked, **chords),
        lambda **chords: improv.generate(seed=1, potentials=[density("4,4")], **asked, **chords),
    ):
        assert search(chords=CHORDS[:2])[0].events != search(chords=OTHERS)[0].events


def test_whole_tunes_are_in_the_key_of_their_chords():
    in_d = (Chord(0, "D"), Chord(16, "G"), Chord(32, "A7"), Chord(48, "D"))
    result = model("chords_rnn").generate(num_outputs=2, seed=1, chords=in_d)
    assert all(tune.key == Key(2) and tune.chords == in_d and len(tune) == 64 for tune in result)
    (asked,) = model("chords_rnn").generate(seed=1, chords=in_d, key="A major")
    assert asked.key == Key(3)
    (tune,) = model("chords_rnn").generate(seed=1, chords=Tune((60,), chords=in_d))
    assert tune.chords == in_d


def test_a_stream_is_played_where_the_model_is_at_home_with_its_chords():
    in_d = (Chord(0, "D"), Chord(16, "G"), Chord(32, "A7"), Chord(48, "D"))
    (request,) = plan(CONFIGS["chords_rnn"], None, 1, 0, {"num_steps": 64, "chords": in_d})
    assert request.outlines[0].transposition == -2
    (improv,) = plan(CONFIGS["basic_improv"], None, 1, 0, {"num_steps": 64, "chords": in_d})
    assert improv.outlines[0].transposition == 0


def test_chords_can_be_laid_on_what_is_drawn():
    def lay(outline, num_steps):
        return [Chord(step, "G") if step else Chord(0, "D") for step in range(0, num_steps, outline.steps_per_bar)]

    (tune,) = model("chords_rnn").generate(seed=1, chords=lay)
    assert [chord.step for chord in tune.chords] == [0, 16, 32, 48]


def test_a_model_that_hears_none_and_is_not_nudged_writes_the_same_events():
    for name in ("basic_rnn", "lookback_rnn"):
        keras.utils.set_random_seed(3)
        config = dataclasses.replace(CONFIGS[name], network=NetworkConfig((8,)), transpose_to_key=None)
        plain = MelodyRNN(Preset(config), make_network(config))
        asked = {"seed": 2, "num_steps": 64, "primer": [60, -2, 62, -2]}
        (one,), (other,) = plain.generate(**asked), plain.generate(**asked, chords=CHORDS, chord_strength=0.0)
        assert one.events == other.events
        assert (one.chords, other.chords) == ((), CHORDS)


BAD = {
    "'H7' is no chord symbol": [(0, "C"), (16, "H7")],
    "the chord D/F# begins at step 32, from 0, and the melody has 32 steps": CHORDS,
    "in order": [(8, "C"), (8, "G")],
    "pairs of a step and a symbol": ["C", "G"],
    "pairs of a step and a symbol, got \\('C', 0\\)": [("C", 0)],
    "from 0": [(-1, "C")],
    "no chord symbols": Tune((60,)),
    "8 steps a quarter note": Tune((60,), chords=CHORDS, steps_per_quarter=8),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_is_refused_in_one_line(message):
    with pytest.raises((InvalidArgumentError, MelodyError), match=message) as caught:
        model("basic_improv").generate(num_steps=32, chords=BAD[message])
    assert "\n" not in str(caught.value)


def test_no_chords_are_none():
    assert read_chords(None) is None


@pytest.mark.parametrize(
    ("symbols", "key"),
    [
        ("G C D7 G", Key(1)),
        ("Am F G Am", Key(0, "minor")),
        ("Dm Gm A7 Dm", Key(-1, "minor")),
        ("C F G7 C", Key(0)),
        ("Em D Em D Em", Key(1, "minor")),
        ("N.C. F Bb C F", Key(-1)),
    ],
)
def test_the_key_of_chords(symbols, key):
    assert key_of_chords([(parse_chord(symbol), 16) for symbol in symbols.split()]) == key
    assert key_of_chords([(None, 16)]) is None
