import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Schedule, Steps, parse_schedule


def test_a_range_leads_evenly_over_what_is_generated():
    schedule = parse_schedule("0.6..1.2")
    assert schedule == Schedule((0.6, 1.2), over="part")
    np.testing.assert_allclose(schedule.over_steps(Steps(9, 4)), [0.6, 0.8, 1.0, 1.2], rtol=1e-6)
    np.testing.assert_allclose(schedule.over_steps(Steps(9, 1)), [0.6], rtol=1e-6)
    np.testing.assert_allclose(parse_schedule("0..2..1").over_steps(Steps(0, 5)), [0, 1, 2, 1.5, 1])


def test_bars_have_a_value_each_and_the_last_one_holds():
    schedule = parse_schedule("1.0, 0.7,0.5")
    assert schedule == Schedule((1.0, 0.7, 0.5), over="bars")
    # Generation begins at the last step of a bar of four.
    np.testing.assert_allclose(schedule.over_steps(Steps(7, 11, 4)), [1] + [0.7] * 4 + [0.5] * 6)


def test_a_number_is_a_number():
    assert parse_schedule("0.9") == 0.9
    assert parse_schedule("0") == 0


@pytest.mark.parametrize("text", ["0.6..1.2", "1,0.7,0.7,1", "0..2..1"])
def test_schedules_round_trip(text):
    assert str(parse_schedule(text)) == text


@pytest.mark.parametrize("text", ["", "warm", "1..", "..1", "1,,2", "1,", "0.6-1.2", "1..2,3"])
def test_what_is_no_schedule(text):
    with pytest.raises(InvalidArgumentError, match=r"must be a number, FROM\.\.TO over the generated part"):
        parse_schedule(text)


@pytest.mark.parametrize("text", ["-1", "0.6..-1", "1,-0.5", "nan", "1..inf"])
def test_temperatures_below_zero_or_beyond_numbers(text):
    with pytest.raises(InvalidArgumentError, match="finite number of at least 0"):
        parse_schedule(text)


def test_a_schedule_becomes_an_array_for_each_melody():
    controls = SamplerSettings(temperature=Schedule((1.0, 2.0))).controls(3, Steps(1, 5))
    assert controls.values["temperature"].shape == (3, 5)
    tile = controls.of_rows(np.array([0, 0]), 8)
    np.testing.assert_allclose(tile.values["temperature"], [[1, 1.25, 1.5, 1.75, 2, 2, 2, 2]] * 2)
    np.testing.assert_allclose(tile.at(2).values["temperature"], [1.5, 1.5])


def test_an_array_has_a_temperature_for_each_step():
    each = np.arange(6.0).reshape(2, 3)
    both = SamplerSettings(temperature=each).controls(2, Steps(1, 3)).values["temperature"]
    np.testing.assert_array_equal(both, each)
    one = SamplerSettings(temperature=each[:1]).controls(2, Steps(1, 3)).values["temperature"]
    np.testing.assert_array_equal(one, each[[0, 0]])
    for num_melodies, steps in ((3, Steps(1, 3)), (2, Steps(1, 4)), (2, None)):
        with pytest.raises(InvalidArgumentError, match=r"must be an array \[1 or .*\], got \[2, 3\]"):
            SamplerSettings(temperature=each).controls(num_melodies, steps)
