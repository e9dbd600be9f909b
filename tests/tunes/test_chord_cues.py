"""What the chords of an outline say of each step."""

from dataclasses import replace

import numpy as np

from melody_rnn.config import CONFIGS
from melody_rnn.tunes.chord_cues import NO_CHORD, ChordCue, chord_cues_of
from melody_rnn.tunes.cues import CUES, cue_names, cues_of_all
from melody_rnn.tunes.outline import Cadence, Outline, PlannedEnding, outline_of
from melody_rnn.tunes.tune import Chord, Section, Tune

CHORDS = (Chord(2, "G7"), Chord(5, "N.C."), Chord(6, "Am/E"), Chord(8, "what?"))


def rows(outline, num_steps=10, max_steps=3):
    return [ChordCue(*row) for row in chord_cues_of(outline, num_steps, max_steps).tolist()]


def bits(*pitch_classes):
    return sum(1 << pitch_class for pitch_class in pitch_classes)


def test_a_chord_holds_up_to_the_next_and_the_next_one_is_announced():
    found = rows(Outline(chords=CHORDS))
    assert found[0] == ChordCue(next_root=8, next_quality=1, to_next=2)
    assert found[2] == ChordCue(8, bits(7, 11, 2, 5), 8, 1, NO_CHORD, 0, 3)
    assert found[3].to_next == 2
    assert found[5] == ChordCue(NO_CHORD, next_root=10, next_quality=2, to_next=1)
    assert found[6] == ChordCue(10, bits(9, 0, 4), 5, 2, 0, 0, 2)
    # What is no chord symbol is not known, to the end.
    assert found[8] == found[9] == ChordCue()


def test_nothing_is_known_without_chords_which_is_not_no_chord():
    assert set(rows(Outline())) == {ChordCue()}
    assert set(rows(Outline(chords=(Chord(0, "N.C."),)))) == {ChordCue(NO_CHORD)}


def test_chords_move_with_the_model():
    moved = rows(Outline(chords=CHORDS, transposition=-7))
    assert moved[2] == ChordCue(1, bits(0, 4, 7, 10), 1, 1, NO_CHORD, 0, 3)
    # As an outline that is transposed itself, and stays where the model plays it.
    outline = Outline(chords=CHORDS, transposition=3).transposed(3)
    assert outline.chords[2] == Chord(6, "Cm/G")
    np.testing.assert_array_equal(chord_cues_of(outline, 10, 3), rows(Outline(chords=CHORDS, transposition=3)))


def test_a_chord_that_is_said_again_changes_nothing():
    said_again = (Chord(0, "C"), Chord(4, "C"), Chord(8, "F"))
    assert rows(Outline(chords=said_again), max_steps=9) == rows(Outline(chords=said_again[::2]), max_steps=9)


def test_encodings_read_those_that_they_know():
    outline = Outline(chords=CHORDS)
    widths = {name: cues_of_all([outline], 4, config.encoding).shape for name, config in CONFIGS.items()}
    assert widths["basic_rnn"] == (1, 4, 0)
    assert widths["tunes_rnn"] == (1, 4, len(CUES))
    assert widths["basic_improv"] == (1, 4, len(ChordCue._fields))
    assert widths["chords_rnn"] == (1, 4, len(CUES) + len(ChordCue._fields))
    for name, config in CONFIGS.items():
        assert len(cue_names(config.encoding)) == widths[name][2]
    of_form = cues_of_all([outline], 4, CONFIGS["chords_rnn"].encoding)[..., : len(CUES)]
    np.testing.assert_array_equal(of_form, cues_of_all([Outline()], 4, CONFIGS["tunes_rnn"].encoding))


def test_an_outline_has_its_tunes_chords_as_far_as_they_are_known():
    tune = Tune((60, -2, 62, -2) * 4, chords=(Chord(0, "C"), Chord(8, "G")))
    outline = outline_of(tune)
    assert outline.chords == outline.known("meter").chords == tune.chords
    assert outline.part(chords=False).chords == ()


def test_an_ending_has_the_chords_of_the_last_pass_and_the_next_pass_its_own():
    chords = (Chord(0, "C"), Chord(20, "F"), Chord(28, "G"))
    outline = Outline(num_steps=32, sections=(Section(0), Section(16, "B", 2)), chords=chords)
    ending = PlannedEnding(1, (1,), 24, 8, Cadence(60, 4))
    after = outline.with_ending(ending)
    assert after.chords == (*chords, Chord(32, "C"), Chord(36, "F"), Chord(44, "G"))
    assert replace(outline, chords=()).with_ending(ending).chords == ()
