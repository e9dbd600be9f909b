"""Streams that are steered; `test_engine.py` compares those that are not with `generate`."""

from itertools import islice, pairwise

import pytest

from melody_rnn import Constraints, MelodyRNN, SamplerSettings
from melody_rnn.errors import ConstraintError, InvalidArgumentError

PRIMER = "C4 D4 E4 F4"


@pytest.fixture(scope="module")
def model():
    return MelodyRNN.from_preset("lookback_rnn", "litert")


def test_settings_hold_from_the_next_event_on(model):
    stream = model.stream(PRIMER, seed=3, num_steps=96)
    plain = model.generate(seed=3, num_steps=96, primer=PRIMER)[0]
    begun = list(islice(stream, 30))
    stream.steer(temperature=0.0)
    assert stream.events[16:] == plain.events[16:46] == tuple(begun)
    rest = tuple(stream)
    sure = model.generate(temperature=0.0, num_steps=96, primer=stream.events[:46])[0]
    assert rest == sure.events[46:] != plain.events[46:]
    assert stream.sampler == SamplerSettings(0.0)
    assert stream.tune().events == stream.events
    assert (stream.tune().origin.seed, plain.origin.seed) == (None, 3)


def test_repetition_control_knows_the_notes_before_it_was_asked_for(model):
    stream = model.stream([60, 62, 64, 60, 62], seed=1, new_steps=1)
    stream.steer(SamplerSettings(0.0), no_repeat_ngram=2)
    (event,) = model.generate(seed=1, new_steps=1, primer=[60, 62, 64, 60, 62], sampler=stream.sampler)[0].events[5:]
    assert next(stream) == event


def test_constraints_hold_from_the_next_bar_on(model):
    wanted = Constraints(key="F# major", pitch_range="F#4..F#5", max_leap=5, max_rest=2, end_on="tonic")
    for seed in range(5):
        stream, free = (model.stream(PRIMER, seed=seed, num_steps=128) for _ in range(2))
        begun = list(islice(stream, 20))
        stream.constrain(wanted)
        events = begun + list(stream)
        assert events[:32] == list(islice(free, 32))
        held = [event for event in events[32:] if event >= 0]
        assert {pitch % 12 for pitch in held} <= set(wanted.tones.pitch_classes)
        assert all(66 <= pitch <= 78 for pitch in held)
        assert all(abs(high - low) <= 5 for low, high in pairwise(held))
        assert held[-1] % 12 == 6


def test_constraints_end_with_a_bar(model):
    stream = model.stream(PRIMER, seed=2, num_steps=64, constraints=Constraints(rhythm="x"))
    events = list(islice(stream, 3))
    stream.constrain(None)
    events += list(stream)
    assert min(events[:16]) >= 0 > min(events[16:])


def test_what_cannot_be_is_told_at_once_and_changes_nothing(model):
    stream, plain = (model.stream(PRIMER, seed=4, num_steps=64) for _ in range(2))
    events = list(islice(stream, 5))
    with pytest.raises(ConstraintError, match="no note possible"):
        stream.constrain(Constraints(key="C major", pitch_range="F#4..F#4"))
    with pytest.raises(InvalidArgumentError, match="keep must have steps that are generated, from 32 to 63, got 20"):
        stream.constrain(Constraints(keep={20: 60}))
    with pytest.raises(InvalidArgumentError, match="temperature must be"):
        stream.steer(temperature=-1.0)
    assert not stream.is_steered
    assert events + list(stream) == list(plain)


def test_a_whole_tune_can_be_steered_and_keeps_its_form():
    stream = MelodyRNN.from_preset("tunes_rnn", "litert").stream(seed=5, form="ABA", meter="3/4", key="G major")
    events = list(islice(stream, 20))
    stream.steer(temperature=1.4, repetition_penalty=1.2)
    stream.constrain(Constraints(max_leap=2, max_rest=0))
    tune = stream.tune()
    assert tune.sections == () and tune.events == tuple(events)
    assert list(stream) and stream.tune().form == "ABA" == stream.outline.form
    starts = [section.start for section in stream.tune().sections]
    assert stream.events[starts[2] :] == stream.events[starts[0] : starts[1]]


def test_a_stopped_stream_gives_what_there_is(model):
    stream = model.stream(seed=1, num_steps=64)
    events = tuple(islice(stream, 10))
    stream.stop()
    assert list(stream) == []
    assert events == stream.events == stream.tune().events == model.generate(seed=1, num_steps=64)[0].events[:10]


def test_a_model_without_a_step_file_streams_too(tiny_model):
    assert list(tiny_model.stream(seed=1, num_steps=20)) == list(tiny_model.generate(seed=1, num_steps=20)[0])
