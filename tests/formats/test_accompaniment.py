"""The accompaniment of chord symbols: what is played, when, how it moves, and what is left silent."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.formats.accompaniment import Accompaniment, accompany, parse_accompaniment
from melody_rnn.formats.audio import SAMPLE_RATE, render
from melody_rnn.formats.midi.reader import read_midi
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.files import read_tunes, tune_bytes
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.progression import parse_progression
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Chord, Section, Tune

CHORDS = "| G | C D7 | Em Am7 | D7 | F#m7b5 B7 | Em | C/E D9 | G |"


def tune(meter=(4, 4), text=CHORDS, qpm=180.0, pickup=0, pitches=(67, 71, 74, 79), bars=8):
    meter = Meter(*meter)
    steps = meter.steps_per_bar()
    silent = steps - pickup if pickup else 0
    num_steps = bars * steps + (steps if pickup else 0)
    outline = Outline(meter, pickup, num_steps, (Section(silent),))
    events = [pitches[step // 2 % len(pitches)] if step % 2 == 0 else -2 for step in range(num_steps)]
    events[:silent] = [-2] * silent
    return Tune(tuple(events), meter, pickup, qpm=qpm, chords=parse_progression(text).over(outline))


def played(own, style="auto", player="piano"):
    score = accompany(score_of(own.played(), fills_last_bar=True), Accompaniment(style, player))
    melody, chords, bass = score.parts
    return score, melody, chords, bass


def sounding(part, time):
    return {note.pitch for note in part.notes if note.start <= time < note.end}


@pytest.mark.parametrize("player", ["piano", "guitar"])
@pytest.mark.parametrize("meter", [(4, 4), (2, 2), (3, 4), (6, 8), (2, 4), (5, 4), (7, 8), (9, 8), (3, 8), (12, 8)])
@pytest.mark.parametrize("qpm", [60.0, 180.0])
def test_only_notes_of_the_chord_on_the_grid(player, meter, qpm):
    own = tune(meter, "| G | Am7 | D7 | C/E |" if meter == (3, 8) else CHORDS, qpm)
    score, melody, chords, bass = played(own, player=player)
    assert melody == score_of(own.played(), fills_last_bar=True).parts[0]
    spans = [*own.chords, Chord(len(own), "N.C.")]
    for chord, following in pairwise(spans):
        tones = parse_chord(chord.symbol)
        for part, classes in ((chords, set(tones.tones)), (bass, {*tones.tones, tones.bass})):
            notes = [n for n in part.notes if chord.step <= 4 * n.start < following.step]
            assert {note.pitch % 12 for note in notes} <= classes
            assert all(4 * note.end <= following.step for note in notes)
        first = [note.pitch % 12 for note in bass.notes if 4 * note.start == chord.step]
        assert first == [tones.bass]
    for part in (chords, bass):
        assert all((note.start * 8).denominator == 1 and note.end > note.start for note in part.notes)
        assert all(0.4 <= note.strength < 0.8 for note in part.notes)
        # One string or key is struck once at a time.
        for pitch in {note.pitch for note in part.notes}:
            own_notes = [note for note in part.notes if note.pitch == pitch]
            assert all(one.end <= other.start for one, other in pairwise(own_notes))
    assert score.end == score_of(own.played(), fills_last_bar=True).end


def test_voices_move_little_and_lie_under_the_melody():
    _, _, chords, bass = played(tune())
    groups = {}
    for note in chords.notes:
        groups.setdefault(note.start, []).append(note.pitch)
    voicings = [sorted(group) for _, group in sorted(groups.items())]
    moves = [sum(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairwise(voicings)]
    assert max(moves) <= 9
    assert np.mean(moves) <= 3
    assert max(max(group) for group in voicings) < 67
    assert min(min(group) for group in voicings) >= 48
    assert max(note.pitch for note in bass.notes) < min(min(group) for group in voicings) + 6
    assert all(31 <= note.pitch <= 58 for note in bass.notes)


@pytest.mark.parametrize(
    ("meter", "style", "bass", "chords"),
    [
        ((4, 4), "reel", [0, 2], [1, 3]),
        ((3, 4), "waltz", [0], [1, 2]),
        ((2, 4), "march", [0, 1], [0.5, 1.5]),
        ((6, 8), "jig", [0, 1.5], [1, 2.5]),
    ],
)
def test_patterns(meter, style, bass, chords):
    own = tune(meter, "| G |", bars=4)
    _, _, high, low = played(own)
    bar = Meter(*meter).quarters
    for part, places in ((low, bass), (high, chords)):
        for number in range(3):
            starts = {float(n.start - number * bar) for n in part.notes if number * bar <= n.start < (number + 1) * bar}
            assert sorted(starts) == places
    assert played(own, style)[2:] == (high, low)
    fifth = [note.pitch % 12 for note in low.notes if note.start == 3 * bar / 2]
    assert fifth in ([], [2])


def test_slow_tunes_have_a_ballad():
    own = tune((4, 4), "| G |", qpm=66, bars=2)
    _, _, chords, bass = played(own)
    assert played(own, "ballad")[2] == chords
    assert [note.start for note in chords.notes if note.start < 4] == [Fraction(k, 2) for k in range(1, 8)]
    assert [float(note.end - note.start) for note in bass.notes] == [4, 4]


def test_the_end_is_held_and_pickups_and_rests_are_silent():
    own = tune((3, 4), "| G | N.C. | D7 | G |", pickup=4, bars=4)
    score, _, chords, bass = played(own)
    for part in (chords, bass):
        assert min(note.start for note in part.notes) >= 1
        assert not sounding(part, Fraction(5))
        last = [note for note in part.notes if note.end == score.end]
        assert {note.start for note in last} == {score.end - 3}
    assert {note.pitch % 12 for note in chords.notes if note.end == score.end} == {7, 11, 2}


def test_repeats_are_played():
    own = tune((4, 4), "| G | C | D7 | G |", bars=4)
    twice = Tune(own.events, own.meter, qpm=180, sections=(Section(0, "A", 2),), chords=own.chords)
    _, _, chords, _ = played(twice)
    first = [note for note in chords.notes if note.start < 12]
    again = [n._replace(start=n.start - 16, end=n.end - 16) for n in chords.notes if 16 <= n.start < 28]
    assert first == again


@pytest.mark.parametrize("midi_type", [0, 1])
def test_the_melody_is_what_is_read_again(midi_type):
    own = tune()
    data = tune_bytes([own], "mid", 90, midi_type, Accompaniment())
    score = read_midi(data)
    assert [part.program for part in score.parts] == [0, 0, 32]
    if midi_type == 1:
        assert [part.is_accompaniment for part in score.parts] == [False, True, True]
        assert 0.4 < min(note.strength for note in score.parts[1].notes) < 0.5
    assert data == tune_bytes([own], "mid", 90, midi_type, Accompaniment())


def test_an_accompaniment_is_no_tune(tmp_path):
    own = tune((6, 8), "| G | D7 |", pickup=2)
    path = own.write(tmp_path / "tune.mid", accompaniment="jig,guitar")
    (found,) = read_tunes(path)
    plain = own.write(tmp_path / "plain.mid")
    assert [found] == read_tunes(plain)
    assert found.chords == own.chords
    assert accompany(read_midi(path.read_bytes()), Accompaniment()).parts[1].program == 0


def test_what_sounds_is_the_chords():
    own = Tune((91, *[-2] * 31), qpm=120.0, chords=(Chord(0, "A"), Chord(16, "Dm")))
    sound = render(own.to_sequence(accompaniment=Accompaniment("ballad")), "sine")[:, 0]
    alone = render(own.to_sequence(), "sine")[:, 0]

    def level(samples, pitch, first, last):
        part = samples[int(first * SAMPLE_RATE) : int(last * SAMPLE_RATE)]
        times = np.arange(len(part)) / SAMPLE_RATE
        return abs(np.mean(part * np.exp(-2j * np.pi * 440 * 2 ** ((pitch - 69) / 12) * times)))

    assert level(sound, 61, 2.2, 3.9) < 0.1 * max(level(sound, pitch, 0.2, 1.9) for pitch in (49, 61))
    assert level(sound, 38, 2.2, 3.9) > 20 * level(alone, 38, 2.2, 3.9)
    assert level(sound, 45, 0.2, 1.9) > 20 * level(alone, 45, 0.2, 1.9)


def test_unknown_symbols_are_silent():
    own = tune((4, 4), "| G |", bars=4)
    own = Tune(own.events, own.meter, qpm=180, chords=(Chord(0, "G"), Chord(16, "Hmpf"), Chord(32, "D7")))
    _, _, chords, bass = played(own)
    assert not sounding(chords, Fraction(9, 2))
    assert not sounding(bass, Fraction(9, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", Accompaniment()),
        ("guitar", Accompaniment(player="guitar")),
        ("waltz", Accompaniment("waltz")),
        ("Ballad, Guitar", Accompaniment("ballad", "guitar")),
        ("guitar jig", Accompaniment("jig", "guitar")),
    ],
)
def test_what_is_asked_for(text, expected):
    assert parse_accompaniment(text) == expected


@pytest.mark.parametrize("text", ["", "polka", "jig,reel", "piano,guitar", "x" * 5000, "\x1b[31m"])
def test_what_is_none(text):
    with pytest.raises(InvalidArgumentError, match="must be a style") as raised:
        parse_accompaniment(text)
    assert len(str(raised.value)) < 300
    assert str(raised.value).isprintable()


def test_what_cannot_be():
    with pytest.raises(MelodyError, match="no chord symbols"):
        accompany(score_of(Tune((60, -2) * 8)), Accompaniment())
    with pytest.raises(MelodyError, match="a waltz is in 3/4 or 3/8, and the tune in 4/4"):
        played(tune(), "waltz")
