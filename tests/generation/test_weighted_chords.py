"""`generate(chords=...)` by models that do not hear chords: notes weighed, forms filled, and both engines alike."""

import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.model import MelodyRNN
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.chord_weights import chord_at
from melody_rnn.tunes.progression import parse_progression, progression_of, read_progression
from melody_rnn.tunes.tune import Chord, Section, Tune

TEXT = "| G | C G | D7 | G |"


@pytest.fixture(scope="module")
def model():
    return MelodyRNN.from_preset("tunes_rnn", engine="litert")


def share_on_strong_beats(tunes):
    strong = [
        event % 12 in chord_at(tune.chords, step).tones
        for tune in tunes
        for step, event in enumerate(tune.events)
        if event >= 0 and step % tune.steps_per_bar in tune.meter.strong_steps() and chord_at(tune.chords, step)
    ]
    return sum(strong) / len(strong)


def test_strength_brings_chord_notes_onto_strong_beats(model):
    asked = {"num_outputs": 4, "seed": 1, "chords": TEXT, "form": "A4A4", "meter": "4/4"}
    shares = [share_on_strong_beats(model.generate(chord_strength=nats, **asked)) for nats in (0.0, 3.0, 50.0)]
    assert shares[0] < shares[1] <= shares[2]
    assert shares[1] > 0.8
    assert shares[2] > 0.99


def test_tunes_carry_their_chords_and_are_in_their_key(model):
    (tune,) = model.generate(seed=1, chords="| Am | Dm | E7 | Am |", meter="6/8", form="AABB")
    assert tune.key == Key(0, "minor")
    assert [chord.symbol for chord in tune.chords if chord.step < 4 * 12 + tune.steps_per_bar] [:4] == [
        "Am", "Dm", "E7", "Am"
    ]  # fmt: skip
    assert {section.start for section in tune.sections[1:]} <= {step - step % 12 for step, _ in tune.chords} | {
        chord.step - tune.pickup_steps for chord in tune.chords
    }
    played = tune.played()
    assert [chord.symbol for chord in played.chords].count("E7") == 8


def test_a_form_is_found_that_the_chords_fill(model):
    for tune in model.generate(num_outputs=3, seed=2, chords="G C D7 G " * 2):
        assert parse_progression("G C D7 G " * 2).fits(model_outline(tune))
    (tune,) = model.generate(seed=2, chords="A: | G | C | D |  B: | Em | C | D |")
    assert set(tune.form) == {"A", "B"}
    assert round(tune.num_bars) % 3 == 0
    (tune,) = model.generate(seed=2, chords="| G | C | D7 | G | Em |")
    assert round(tune.num_bars) % 5 == 0


def model_outline(tune):
    return progression_of(tune).source


def test_over_the_chords_of_a_file(model, tmp_path):
    sections = (Section(0, "A", 2), Section(48, "B", 1))
    chords = (Chord(0, "D"), Chord(12, "G"), Chord(24, "A7"), Chord(36, "D"), Chord(48, "Bm"), Chord(72, "D"))
    own = Tune((62, -2, -2) * 32, Meter(3, 4), key=Key(2), sections=sections, chords=chords)
    path = own.write(tmp_path / "waltz.abc")
    (tune,) = model.generate(seed=1, chords=read_progression(str(path)))
    assert (tune.meter, tune.form, tune.num_bars, tune.key) == (Meter(3, 4), "AAB", 8, Key(2))
    moved = [(chord.step - tune.steps_per_bar * bool(tune.pickup_steps), chord.symbol) for chord in tune.chords]
    assert moved == [tuple(chord) for chord in chords]


@pytest.mark.parametrize("look_ahead", [1, 4])
def test_both_engines_weigh_alike(look_ahead):
    asked = {"num_outputs": 2, "seed": 5, "num_steps": 33, "chords": TEXT, "look_ahead": look_ahead}
    tunes = [MelodyRNN.from_preset("basic_rnn", engine).generate(**asked) for engine in ("litert", "tensorflow")]
    assert [tune.events for tune in tunes[0]] == [tune.events for tune in tunes[1]]
    assert tunes[0][0].chords == (Chord(0, "G"), Chord(16, "C"), Chord(24, "G"), Chord(32, "D7"))


def test_searches_and_streams_have_chords(model):
    stream = model.stream(seed=1, num_steps=32, chords=TEXT)
    events = list(stream)
    assert stream.tune().chords[:2] == (Chord(0, "G"), Chord(16, "C"))
    assert len(events) >= 31
    (best,) = model.beam_search(2, seed=1, num_steps=16, chords="| G |", chord_strength=100)
    assert share_on_strong_beats([best]) == 1


def test_strength_needs_chords_and_limits(model):
    with pytest.raises(InvalidArgumentError, match="give chords, too"):
        model.generate(chord_strength=2.0)
    with pytest.raises(InvalidArgumentError, match="from 0 to 1000, got -1"):
        model.generate(chords=TEXT, chord_strength=-1)
    with pytest.raises(InvalidArgumentError, match="do not fill"):
        model.generate(chords="| G | C | D |", form="AABB")


def test_without_strength_nothing_is_weighed(model):
    asked = {"seed": 4, "num_steps": 64, "key": None, "meter": "4/4", "qpm": 120.0}
    plain = MelodyRNN.from_preset("basic_rnn", "litert")
    free = plain.generate(**{name: value for name, value in asked.items() if value is not None})
    same = plain.generate(chords="| C |", chord_strength=0, **{n: v for n, v in asked.items() if v is not None})
    moved = {one - other for one, other in zip(free[0].pitches, same[0].pitches, strict=True)}
    assert len(moved) == 1
