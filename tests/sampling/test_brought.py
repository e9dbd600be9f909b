import json

import pytest

from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.sampling.brought import Brought, brought_by
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Schedule
from melody_rnn.sampling.transforms import Transform

SETTINGS = SamplerSettings(
    Schedule((0.6, 1.2)), top_k=9, top_p=0.9, dynamic_temperature=(1.2, 0.8), surprise=Schedule((0.4, 0.9), "bars")
)


def test_settings_round_trip():
    brought = brought_by(SETTINGS, 1.06)
    assert set(brought.sampler) == {"temperature", "top_k", "top_p", "dynamic_temperature", "surprise"}
    again = Brought.from_json(json.loads(brought.to_json()))
    assert again == brought
    assert again.settings() == SETTINGS
    assert Brought.from_json(json.loads(brought_by(SamplerSettings()).to_json())) == Brought()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "must have version, sampler, calibration_temperature and no other fields"),
        ({"version": 1, "settings": {}}, "no other fields"),
        ({"version": 2}, "version 2 of the settings"),
        ({"version": 1, "sampler": [1]}, "sampler must have settings by name"),
        ({"version": 1, "sampler": {"heat": 2}}, "unknown setting 'heat'"),
        ({"version": 1, "sampler": {"top_p": 0}}, "top_p must be above 0 and at most 1, got 0"),
        ({"version": 1, "sampler": {"top_p": "0.5"}}, "top_p must be above 0"),
        ({"version": 1, "sampler": {"top_p": True}}, "top_p must be above 0"),
        ({"version": 1, "sampler": {"top_k": 2.5}}, "top_k must be a whole number"),
        ({"version": 1, "sampler": {"temperature": float("nan")}}, "temperature must be a finite number"),
        ({"version": 1, "sampler": {"temperature": "warm"}}, "the temperature must be a number, FROM..TO"),
        ({"version": 1, "sampler": {"dynamic_temperature": 1}}, "dynamic_temperature must be two finite numbers"),
        ({"version": 1, "calibration_temperature": 0}, "calibration_temperature must be a number above 0, got 0"),
    ],
)
def test_what_is_no_setting_is_named(data, message):
    with pytest.raises(ModelError, match=message):
        Brought.from_json(data)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_p": [0.5, 0.9]}, "one top_p along for all melodies"),
        ({"transforms": [Transform("mine", lambda logits, value, now: logits)]}, "cannot bring transforms along"),
    ],
)
def test_a_model_brings_one_value_along(settings, message):
    with pytest.raises(InvalidArgumentError, match=message):
        brought_by(SamplerSettings(**settings))
