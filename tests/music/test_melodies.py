import note_seq
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from note_seq import Melody, NoteSequence

from melody_rnn.errors import MelodyError
from melody_rnn.music import melodies

pitches = st.integers(0, 127)
events = st.lists(st.one_of(st.just(-2), st.just(-1), pitches), min_size=1, max_size=60)


@settings(deadline=None)
@given(events, st.sampled_from([(48, 84, 0), (0, 128, None), (60, 72, 7)]))
def test_squash_is_note_seqs_and_leaves_the_melody_alone(given_events, target):
    melody, expected = Melody(given_events), Melody(given_events)
    amount = expected.squash(*target)
    squashed, our_amount = melodies.squash(melody, *target)
    assert (list(squashed), our_amount) == (list(expected), amount)
    assert list(melody) == list(Melody(given_events))


@settings(deadline=None)
@given(events, st.integers(-140, 140))
def test_transposing_arrays_is_note_seqs(given_events, amount):
    expected = Melody(given_events)
    expected.transpose(amount)
    ours = melodies.transpose_events(np.array(list(Melody(given_events)), np.int32), amount)
    assert ours.tolist() == list(expected)


def monophonic(draw_steps):
    """A sequence of notes and rests at 4 steps a quarter, 120 quarters a minute."""
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=120)
    sequence.time_signatures.add(numerator=4, denominator=4)
    time = 0.0
    for rest, length, pitch in draw_steps:
        start = time + rest * 0.125
        time = start + length * 0.125
        sequence.notes.add(pitch=pitch, velocity=90, start_time=start, end_time=time)
    sequence.total_time = time
    return sequence


notes = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), pitches), min_size=1, max_size=30)


@settings(deadline=None)
@given(notes)
def test_extraction_is_note_seqs_for_one_voice(draw_steps):
    sequence = monophonic(draw_steps)
    quantised = note_seq.quantize_note_sequence(sequence, 4)
    expected = Melody()
    expected.from_quantized_sequence(quantised, gap_bars=float("inf"), ignore_polyphonic_notes=True)
    extracted = melodies.melody_from_sequence(sequence)
    assert list(extracted.melody) == list(expected)
    assert extracted.melody.start_step == expected.start_step
    assert not extracted.is_polyphonic


@settings(deadline=None)
@given(notes, st.sampled_from([60.0, 87.3, 120.0, 211.7]), st.sampled_from([12, 16]))
def test_sequences_round_trip(draw_steps, qpm, steps_per_bar):
    before = list(melodies.melody_from_sequence(monophonic([(0, 1, 60), *draw_steps])).melody)
    melody = Melody(before, steps_per_bar=steps_per_bar)
    extracted = melodies.melody_from_sequence(melodies.melody_to_sequence(melody, qpm))
    assert list(extracted.melody) == before
    assert extracted.melody.steps_per_bar == extracted.meter.steps_per_bar() == steps_per_bar
    assert extracted.qpm == pytest.approx(qpm)


def test_the_top_voice_counts():
    sequence = NoteSequence()
    for pitch, start, end in ((60, 0.0, 1.0), (64, 0.0, 0.5), (67, 0.5, 1.0), (40, 0.0, 2.0)):
        sequence.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=end)
    extracted = melodies.melody_from_sequence(sequence)
    assert list(extracted.melody) == [64, -2, -2, -2, 67, -2, -2, -2]
    assert extracted.is_polyphonic


def test_tempo_changes_do_not_move_the_grid():
    sequence = NoteSequence()
    sequence.tempos.add(time=0.0, qpm=60)
    sequence.tempos.add(time=1.0, qpm=120)
    for pitch, start, end in ((60, 0.0, 1.0), (62, 1.0, 1.5), (64, 1.5, 2.0)):
        sequence.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=end)
    extracted = melodies.melody_from_sequence(sequence)
    assert list(extracted.melody) == [60, -2, -2, -2, 62, -2, -2, -2, 64, -2, -2, -2]
    assert extracted.qpm == 60


def test_what_holds_no_melody():
    sequence = NoteSequence()
    with pytest.raises(MelodyError, match="no note"):
        melodies.melody_from_sequence(sequence)
    sequence.notes.add(pitch=40, velocity=80, start_time=0, end_time=1, is_drum=True)
    with pytest.raises(MelodyError, match="drums"):
        melodies.melody_from_sequence(sequence)
    sequence.notes.add(pitch=40, velocity=80, start_time=0, end_time=1e6)
    with pytest.raises(MelodyError, match="damaged"):
        melodies.melody_from_sequence(sequence)


def test_whether_a_note_sounds_at_the_end():
    assert melodies.is_sounding_at_end([60, -2, -2])
    assert not melodies.is_sounding_at_end([60, -1, -2])
    assert not melodies.is_sounding_at_end([-2, -2])
