"""Chords by their degrees: potentials, the best sequence, and the key."""

import itertools

import numpy as np
import pytest

from melody_rnn.music.harmony import (
    DEGREES,
    GROUPS,
    NUM_CHORDS,
    PLACES,
    STRESSES,
    Beats,
    best_chords,
    chord_symbol,
    find_key,
    group_of,
    parameter_names,
    parameters,
    potentials,
    potentials_of,
    tonic_chord,
)
from melody_rnn.music.keys import Key, key_of_tonic


def beats_of_pitches(pitches):
    """Returns beats of one quarter note each, all of them other beats of other bars."""
    notes = np.eye(12)[np.array(pitches) % 12]
    return Beats(
        notes,
        notes,
        np.full(len(pitches), PLACES.index("other bar")),
        np.full(len(pitches), STRESSES.index("odd bar")),
    )


def test_the_parameters_that_ship_are_all_there():
    assert list(parameters()) == parameter_names()
    assert all(np.isfinite(value) for value in parameters().values())


def test_potentials_are_linear_in_the_parameters():
    rng = np.random.default_rng(0)
    one, other = ({name: rng.normal() for name in parameter_names()} for _ in range(2))
    both = {name: one[name] + 2 * other[name] for name in one}
    for group in GROUPS:
        for part, first, second in zip(*(potentials_of(own, group) for own in (both, one, other)), strict=True):
            np.testing.assert_allclose(part, first + 2 * second)


@pytest.mark.parametrize("group", GROUPS)
def test_viterbi_finds_what_trying_all_finds(group):
    key = key_of_tonic(2, group)
    beats = beats_of_pitches([2, 9, 6, 2])
    likely = [DEGREES[degree] for degree in ("I", "i", "IV", "V", "v", "bVII")]
    allowed = np.zeros((4, NUM_CHORDS), bool)
    allowed[:, likely] = True
    found, score = best_chords(beats, key, allowed)
    own = potentials(group)
    scores = own.of_beats(beats, key.tonic)
    moves = own.moves[beats.stresses]

    def total(chords):
        return sum(scores[beat, chord] for beat, chord in enumerate(chords)) + sum(
            moves[beat, chords[beat - 1], chords[beat]] for beat in range(1, len(chords))
        )

    best = max(itertools.product(likely, repeat=4), key=total)
    assert score == pytest.approx(total(found))
    assert tuple(found) == best


def test_only_what_is_allowed_comes():
    allowed = np.zeros((3, NUM_CHORDS), bool)
    allowed[:, DEGREES["vi"]] = True
    found, _ = best_chords(beats_of_pitches([0, 4, 7]), Key(0), allowed)
    assert found.tolist() == [DEGREES["vi"]] * 3


def test_a_chord_before_is_gone_on_with():
    beats = beats_of_pitches([7])
    beats = beats._replace(stresses=np.array([STRESSES.index("other beat")]))
    for before in ("I", "V"):
        assert best_chords(beats, Key(0), before=DEGREES[before])[0].tolist() == [DEGREES[before]]


@pytest.mark.parametrize("key", [Key(0), Key(2), Key(-3), Key(1, "dorian"), Key(0, "minor"), Key(3, "mixolydian")])
def test_the_key_is_found_from_the_notes(key):
    scale = sorted(key.pitch_classes, key=lambda pitch: (pitch - key.tonic) % 12)
    one, two, three, four, five, six, seven = scale
    tune = [one, three, five, one, seven, two, five, five, six, four, three, two, one, three, five, one]
    assert find_key(beats_of_pitches(tune), 60 + tune[-1]).tonic == key.tonic


def test_chords_are_spelled_as_in_the_key():
    assert chord_symbol(DEGREES["bVII"], Key(-3)) == "Db"
    assert chord_symbol(DEGREES["V"], Key(-3, "minor"), has_seventh=True) == "G7"
    assert chord_symbol(DEGREES["iii"], Key(4)) == "G#m"


def test_every_mode_has_a_group_and_a_tonic():
    assert [group_of(Key(0, mode)) for mode in ("lydian", "phrygian", "locrian", "dorian")] == [
        "major",
        "minor",
        "minor",
        "dorian",
    ]
    assert tonic_chord(Key(0, "mixolydian")) == DEGREES["I"]
    assert tonic_chord(Key(0, "phrygian")) == DEGREES["i"]
