import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melody_rnn.evaluation.two_sample.features import GROUPS, NAMES, SENTENCES, columns, measure
from melody_rnn.evaluation.two_sample.reference import page
from melody_rnn.evaluation.two_sample.surprise import Listener
from melody_rnn.features.anatomy import Anatomy, best_major_key, longest_run, numbered, steps_per_beat
from melody_rnn.features.groups import MEASURED
from melody_rnn.features.repetition import loop_bars, shared_notes
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter, parse_meter
from melody_rnn.tunes.tune import Tune
from tests.two_sample.toy_tunes import plain_tune, random_notes

C, D, E, F, G = 60, 62, 64, 65, 67
ODD_TUNES = {
    "nothing": Tune(()),
    "silence": Tune((-2,) * 40),
    "one note": Tune((C, *[-2] * 15)),
    "three notes": Tune((C, D, E)),
    "pickup only": Tune((*[-2] * 12, C, D, E, F), pickup_steps=4),
    "late": Tune((*[-2] * 80, C, -2, D, E, -1, -2, F)),
    "5/8": random_notes(1, 100, Meter(5, 8)),
    "9/8": random_notes(2, 9 * 18 - 2, Meter(9, 8), 2),
    "3/16": random_notes(3, 50, Meter(3, 16)),
    "one pitch": Tune((C, -2) * 64),
}


def of(tune):
    values = measure([Anatomy.of(tune), Anatomy.of(plain_tune(1))], [False, True], np.array([0, 1]))
    return dict(zip(NAMES, values[0].tolist(), strict=True))


@pytest.mark.parametrize("tune", ODD_TUNES.values(), ids=ODD_TUNES)
def test_every_tune_has_every_feature_or_nan(tune):
    anatomy = Anatomy.of(tune)
    for group, measure_group in MEASURED:
        assert measure_group(anatomy).keys() == group.sentences.keys(), group.name
    assert Listener([anatomy])(anatomy).keys() == GROUPS[-1].sentences.keys()
    assert not np.isinf(list(of(tune).values())).any()


def test_each_feature_has_its_own_name_and_sentence():
    assert len(SENTENCES) == sum(len(group.sentences) for group in GROUPS) == len(NAMES)
    assert len(set(SENTENCES.values())) == len(NAMES)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
    assert [name for group in GROUPS for name in NAMES[columns(group)]] == list(NAMES)


def test_the_page_of_the_documentation_is_that_of_the_code():
    assert (Path(__file__).parents[2] / "docs" / "two-sample-features.md").read_text() == page()


@pytest.mark.parametrize("amount", [-5, 1, 12])
def test_features_are_the_same_in_every_key(amount):
    for tune in (plain_tune(2), random_notes(3), replace(plain_tune(4), key=None)):
        np.testing.assert_allclose(list(of(tune.transpose(amount)).values()), list(of(tune).values()))


def test_pitches_and_intervals():
    row = of(Tune((C, -2, D, -2, E, -2, G, -2, C, -2, -2, -2, -2, -2, -2, -2), key=Key(0)))
    assert (row["pitch_range"], row["pitch_class_1"], row["pitch_chromatic"]) == (7, 0.4, 0)
    assert row["pitch_tonic_time"] == (2 + 8) / 16
    assert (row["interval_2"], row["interval_3"], row["interval_7"]) == (0.5, 0.25, 0.25)
    assert row["interval_longest_run"] == 3
    assert row["interval_leap_down"] == 0.25
    assert row["interval_changes"] == pytest.approx(1 / 3)


def test_rhythm():
    row = of(Tune((C, -2, D, -2, E, -2, -2, G, -2, -2, -2, -2, C, -1, -2, -2)))
    assert row["rhythm_8th"] == 0.4
    assert row["rhythm_dotted_8th"] == 0.2
    assert row["rhythm_place_7"] == 1
    assert row["rhythm_place_8"] == 0
    assert row["rhythm_rests"] == 3 / 16
    # Off the beat are D, which stops in time, and G, which is held over the third beat.
    assert row["rhythm_held_over_beats"] == 0.5
    assert row["rhythm_beats_struck"] == 0.75


def test_repetition():
    one, two, other = [C, -2] * 8, [D, -2] * 8, [E, -2, F, -2] + [G, -2] * 6
    row = of(Tune((*one, *two, *one, *two, *other, *two, *one, *two)))
    assert row["repeat_exact_2"] == pytest.approx(4 / 6)
    assert row["repeat_exact_4"] == pytest.approx(3 / 4)
    assert row["repeat_rhythm_1"] == 1
    assert row["repeat_distinct"] == 3 / 8
    assert row["repeat_loop_2"] == 2
    assert row["repeat_shape_1"] == pytest.approx(5 / 7)
    assert row["repeat_longest_bars"] == 3


def test_loops_and_shared_notes():
    assert loop_bars(np.array([0, 1, 0, 1, 0, 5, 0, 5]), 2) == 3
    assert loop_bars(np.array([0]), 2) == 0
    bars = np.array([[C, -2, D, -2], [C, -2, E, F], [-2, -2, -2, -2]])
    np.testing.assert_allclose(shared_notes(bars), [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]])


def test_phrases_and_ends():
    row = of(plain_tune(5))
    assert row["phrase_last_8"] == row["phrase_longest_16"] == row["end_length"] == 2
    assert row["phrase_tonic_8"] == row["end_is_tonic"] == row["end_on_beat"] == 1
    assert row["phrase_density_8"] == pytest.approx(5 / 8)
    assert (row["end_place"], row["end_left"], row["begin_pickup"]) == (0.5, 0.5, 0)
    assert math.isnan(row["phrase_notes_24"])


def test_bars_are_counted_after_the_pickup():
    tune = plain_tune(5)
    later = Tune((*[-2] * 14, G, -2, *tune.events[:-2]), pickup_steps=2, key=tune.key)
    row = of(later)
    assert (row["begin_pickup"], row["begin_pickup_notes"], row["begin_degree"]) == (0.5, 1, 7)
    assert row["phrase_last_8"] == 2
    assert row["end_length"] == 1.5
    assert row["repeat_bar_5_1"] == row["repeat_bar_13_9"] == 1


def test_who_has_heard_a_tune_is_less_surprised():
    heard, new = Anatomy.of(random_notes(1)), Anatomy.of(random_notes(2))
    listener = Listener([heard])
    for kind in ("pitch", "rhythm"):
        assert listener(heard)[f"surprise_{kind}"] < listener(new)[f"surprise_{kind}"]


def test_no_tune_is_measured_by_itself():
    tunes = [Anatomy.of(random_notes(seed)) for seed in (1, 1, 2)]
    column = NAMES.index("surprise_pitch")
    apart = measure(tunes, [True] * 3, np.array([0, 1, 2]))[:, column]
    together = measure(tunes, [True] * 3, np.array([0, 0, 1]))[:, column]
    assert apart[0] == apart[1] < together[0]


@pytest.mark.parametrize(
    ("meter", "expected"), [("4/4", 4), ("2/2", 8), ("6/8", 6), ("9/8", 6), ("3/8", 6), ("2/4", 4), ("3/4", 4)]
)
def test_beats(meter, expected):
    assert steps_per_beat(parse_meter(meter), 4) == expected


def test_the_key_is_that_in_which_most_time_is_spent():
    assert best_major_key(np.array([60, 62, 64, 66, 67, 69, 71]), np.ones(7, np.int64)) == 7
    assert best_major_key(np.array([62, 66, 69]), np.ones(3, np.int64)) == 2


def test_runs_and_numbers():
    assert longest_run(np.array([True, True, False, True])) == 2
    assert longest_run(np.zeros(0, np.bool_)) == 0
    assert numbered(np.array([[1, 2], [3, 4], [1, 2]])).tolist() == [0, 1, 0]
