"""Whole tunes, by a model of random weights."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.model import MelodyRNN
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.presets import Preset, make_network
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.tunes.outline import Cadence, Outline, PlannedEnding, outline_of
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.tune import Jump, Section, Tune

ENCODING = EncodingConfig("tune", 48, 84, (1, 2), lookback_unit="bar")
AABB = (Section(0, "A", 2), Section(32, "B", 2))


def outlines():
    plain = Outline(
        num_steps=64,
        sections=AABB,
        cadences=(Cadence(67, 4), Cadence(60, 8)),
        key=Key(0),
        pitches=(58, 74),
        opening=64,
    )
    jig = replace(
        plain,
        meter=Meter(6, 8),
        pickup_steps=2,
        num_steps=58,
        sections=(Section(10, "A", 2), Section(34, "B", 2)),
        opening=None,
        key=Key(1),
        pitches=(62, 79),
        transposition=-7,
        cadences=(Cadence(74, 2), Cadence(67, 4)),
    )
    return [plain, jig]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    config = ModelConfig("tiny", ENCODING, NetworkConfig((8,), embedding_size=8, residual=True))
    preset = Preset(config, {60: 0.5, 67: 0.5}, outlines=OutlineBank(outlines(), 4), outline_nats_per_event=1.0)
    return MelodyRNN(preset, make_network(config))


def test_tunes_have_the_forms_of_the_bank(model):
    tunes = model.generate(num_outputs=24, seed=3)
    assert {tune.meter for tune in tunes} == {Meter(4, 4), Meter(6, 8)}
    for tune, outline in zip(tunes, tunes.outlines, strict=True):
        assert (len(tune), tune.sections, tune.key) == (outline.num_steps, outline.sections, outline.key)
        assert tune.form == "AABB"
        assert set(tune.events[: tune.first_step]) <= {-2}
        assert tune.events[tune.first_step] >= 0
        # Sections end on their cadences, and nothing begins after those.
        for first, end, pitch in outline.last_notes():
            assert tune.events[first] % 12 == pitch % 12
            assert max(tune.events[first + 1 : end], default=-2) < 0
    assert len({tune.events for tune in tunes}) == 24


def test_endings_before_the_last_pass(model):
    ending = PlannedEnding(0, (1,), 32, 10, Cadence(62, 2))
    own = [replace(outline, endings=(ending,) if outline.pickup_steps else ()) for outline in outlines()]
    tunes = model.generate(num_outputs=6, seed=3, outlines=own * 3)
    plain = model.generate(num_outputs=6, seed=3, outlines=outlines() * 3)
    assert [tune.events for tune in tunes] == [tune.events for tune in plain]
    assert not any(section.endings for tune in tunes[::2] for section in tune.sections)
    for tune in tunes[1::2]:
        (first,) = tune.sections[0].endings
        assert (first.passes, first.start, len(first.events)) == ((1,), 32, 10)
        assert first.events[8] % 12 == 62 % 12
        assert first.events[9] < 0
        assert len(tune.played()) > len(tune)
    assert len({tune.sections[0].endings for tune in tunes[1::2]}) == 3
    again = model.generate(num_outputs=2, seed=3, outlines=own)[1]
    assert again.sections == tunes[1].sections
    constrained = model.generate(num_outputs=2, seed=3, outlines=own, constraints=Constraints(max_leap=5))[1]
    assert not constrained.sections[0].endings


def test_tune_k_is_the_same_however_many_are_asked_for(model):
    many = model.generate(num_outputs=20, seed=5)
    assert [tune.events for tune in model.generate(num_outputs=3, seed=5)] == [tune.events for tune in many[:3]]
    assert [tune.events for tune in model.generate(num_outputs=3, seed=6)] != [tune.events for tune in many[:3]]


def test_a_form_that_no_tune_has_is_made(model):
    for tune in model.generate(num_outputs=4, seed=1, form="ABAC", bars=16, meter="6/8"):
        assert (tune.form, tune.num_bars) == ("ABAC", pytest.approx(16, abs=0.5))
        starts = [section.start for section in tune.sections]
        assert tune.events[starts[0] : starts[1]] == tune.events[starts[2] : starts[3]]


def test_a_form_that_is_asked_for_has_no_da_capo(model):
    with_jump = [replace(outline, jump=Jump(outline.num_steps, 0, 8)) for outline in outlines()]
    own = MelodyRNN(replace(model._preset, outlines=OutlineBank(with_jump, 4)), model.network)
    assert any(tune.jump for tune in own.generate(num_outputs=4, seed=1))
    assert not any(tune.jump for tune in own.generate(num_outputs=4, seed=1, form="A2A2B2B2"))
    assert not any(tune.jump for tune in own.generate(num_outputs=4, seed=1, bars=8))


def test_a_key_and_a_range_are_kept(model):
    for tune in model.generate(num_outputs=6, seed=1, key="E major", pitches=(64, 76)):
        assert tune.key == Key(4)
        assert 64 <= min(tune.pitches) <= max(tune.pitches) <= 76


def test_constraints_hold_for_whole_tunes_one_by_one(model):
    constraints = Constraints(max_leap=3)
    tunes = model.generate(num_outputs=8, seed=2, constraints=constraints)
    assert max(np.abs(np.diff(tune.pitches)).max() for tune in tunes) <= 3
    assert len({len(tune) for tune in tunes}) == 2
    assert model.generate(seed=2, constraints=constraints)[0].events == tunes[0].events


def test_a_primer_is_a_beginning_or_a_part(model):
    part = Tune((60, -2, 62, -2, 64, -2, 65, -2, 67, -2, 65, -2, 64, -2, 62, -2) * 2)
    for tune in model.generate(num_outputs=2, seed=1, primer=part, form="AABB", bars=8):
        assert tune.events[:32] == part.events
        assert (tune.form, len(tune)) == ("AABB", 64)
    with pytest.raises(MelodyError, match="the primer has 32 steps and a tune of this form 32"):
        model.generate(primer=part, form="AA", bars=4)


def test_outlines_of_ones_own(model):
    own = outline_of(Tune((60, -2, -2, -2) * 16, sections=AABB, key=Key(0)))
    assert all(tune.sections == AABB for tune in model.generate(num_outputs=2, outline=own))
    given = model.generate(num_outputs=2, seed=1, outlines=outlines())
    assert [tune.meter for tune in given] == [Meter(4, 4), Meter(6, 8)]


def test_searches_make_whole_tunes(model):
    best = model.best_of(6, 2, seed=1)
    assert [tune.form for tune in best] == ["AABB", "AABB"]
    distances = [abs(nats - 1.0) for nats in best.nats_per_event]
    assert distances == sorted(distances)
    assert model.beam_search(3)[0].form == "AABB"


def test_traces_are_of_what_was_known(model):
    tunes = model.generate(num_outputs=3, seed=4, trace=True)
    for trace in tunes.traces:
        drawn = trace.draws.probabilities
        free = np.isfinite(drawn) & (drawn < 1)
        assert free.sum() > 20
    assert model.generate(num_outputs=3, seed=4, num_steps=40)[0].sections == ()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"form": "AABB", "num_steps": 64}, "form is for whole tunes"),
        ({"bars": 0}, "bars must be from 1 to 512"),
        ({"key": "H"}, "begin with a note"),
        ({"tempo": 90, "qpm": 90}, "give one of them"),
        ({"outline": Outline()}, "must say where it ends"),
        ({"outlines": outlines()}, "outlines must be 1"),
        ({"pickup_steps": 16}, "less than a bar"),
    ],
)
def test_what_cannot_be_asked_for(model, asked, message):
    with pytest.raises(InvalidArgumentError, match=message):
        model.generate(**asked)
