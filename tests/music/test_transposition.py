import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from note_seq import Melody

from melody_rnn.music.transposition import home_transposition, major_key, transpose

events = st.lists(st.one_of(st.just(-2), st.just(-1), st.integers(0, 127)), min_size=1, max_size=60)


@settings(deadline=None)
@given(events, st.sampled_from([(48, 84, 0), (0, 128, None), (60, 72, 7)]))
def test_going_home_is_note_seqs_squash(given_events, home):
    melody = Melody(given_events)
    before = list(melody)
    assert home_transposition(before, *home) == (amount := melody.squash(*home))
    assert transpose(before, amount, *home[:2]).tolist() == list(melody)


@settings(deadline=None)
@given(events, st.integers(-140, 140))
def test_transposing_is_note_seqs(given_events, amount):
    melody = Melody(given_events)
    before = list(melody)
    melody.transpose(amount)
    assert transpose(before, amount).tolist() == list(melody)


@given(events)
def test_the_major_key_is_note_seqs(given_events):
    assert major_key(given_events) == Melody(given_events).get_major_key()


def test_arrays_of_any_shape():
    assert transpose(np.array([[60, -2], [127, -1]]), 2).tolist() == [[62, -2], [117, -1]]
