import pytest

from melody_rnn.evaluation.temperature_report.real_tunes import RealTunes
from melody_rnn.evaluation.temperature_report.table import measure_temperatures


@pytest.fixture(scope="session")
def real_tunes(tiny_model):
    """'Real' tunes that are the model's own at temperature 1."""
    melodies = tiny_model.generate(num_outputs=24, num_steps=32, seed=8)
    return RealTunes("24 tunes out of a <hat>", melodies, melodies[:3])


@pytest.fixture(scope="session")
def table(tiny_model, real_tunes):
    return measure_temperatures(tiny_model, [2.0, 0.25, 1.0], 20, 32, real_tunes, seed=4)
