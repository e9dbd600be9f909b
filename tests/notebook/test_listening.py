import json

import pytest

from melody_rnn.formats.reading import read_score
from melody_rnn.music.meters import Meter
from melody_rnn.music.transposition import major_key
from melody_rnn.notebook.composing import compose, file_name, move_to_key, picture, sheet, sound, temperature_of
from melody_rnn.notebook.listening import ListeningRoom
from melody_rnn.tunes.files import midi_of
from melody_rnn.tunes.tune import Tune


@pytest.fixture
def room(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(ListeningRoom, "_loaded", lambda self: tiny_model)
    return ListeningRoom(folder=tmp_path)


def test_tunes_of_one_seed_differ_by_temperature_alone(tiny_model):
    tunes = compose(tiny_model, [0.5, 1.5, 0.5], num_bars=2, primer="C4 D4", seed=3)
    assert tunes[0].events == tunes[2].events != tunes[1].events
    (expected,) = tiny_model.generate(1, num_steps=32, primer="C4 D4", temperature=0.5, seed=3)
    assert tunes[0].events == expected.events
    assert sum(tunes[0].given) == 8
    assert file_name(tunes[0]) == "tiny_seed3_T0.5"
    assert len(tunes[0].probabilities) == 32


@pytest.mark.parametrize(("primer", "num_steps"), [(None, 24), ("C4:12", 36), ("C4:20", 36)])
def test_tunes_end_with_a_bar(tiny_model, primer, num_steps):
    (tune,) = compose(tiny_model, [1.0], 2, primer, meter=Meter(6, 8), seed=1)
    assert len(tune) == num_steps
    assert tune.steps_per_bar == 12


@pytest.mark.parametrize(("tonic", "first"), [(0, 60), (2, 62), (7, 55), (11, 59)])
def test_moving_to_a_key_takes_the_short_way(tonic, first):
    moved = move_to_key(Tune((60, 62, 64, 65, 67, 69, 71, 72, -2, -1)), tonic)
    assert moved.events[0] == first
    assert moved.events[-2:] == (-2, -1)
    assert major_key(moved.events) == tonic


def test_the_controls_are_used(room, tiny_model):
    room.temperature.value = 0.7
    room.primer.value = "C4 E4"
    room.bars.value = 3
    room.meter.value = "3/4"
    room.instrument.value = 40
    room.qpm.value = 90
    room.generate()
    (expected,) = tiny_model.generate(1, num_steps=36, primer="C4 E4", temperature=0.7, seed=1, meter="3/4")
    assert room.tune.events == expected.events
    assert (room.tune.program, room.tune.qpm) == (40, 90)
    assert room.roll.value == picture(room.tune)
    assert room.player.value == sound(room.tune)
    assert room.sheet.value == sheet(room.tune)
    assert "<svg" in room.sheet.value
    assert not any(button.disabled for button in room._buttons)
    first = room.seed.value
    room.generate()
    assert room.seed.value != first


def test_a_mistake_is_shown_and_keeps_what_was_there(room):
    room.generate()
    tune = room.tune
    room.primer.value = "<H9>"
    room.generate()
    assert "&#x27;&lt;H9&gt;&#x27; is no note" in room.status.value
    assert room.tune is tune
    assert not any(button.disabled for button in room._buttons)


@pytest.mark.parametrize("version", [7, 8])
def test_an_uploaded_file_is_the_primer_until_another_is_typed(room, version):
    data = midi_of(Tune((64, -2, 65, -2) * 3, Meter(6, 8)))
    files = {"a<b.mid": {"content": data}} if version == 7 else ({"name": "a<b.mid", "content": memoryview(data)},)
    room.upload = type("Upload", (), {"value": files})
    room._run(room._read_upload)
    assert room.status.value == "primer: a&lt;b.mid, 12 steps in 6/8"
    assert room.meter.value == "6/8"
    room.generate()
    assert room.tune.events[:11] == (64, -2, 65, -2, 64, -2, 65, -2, 64, -2, 65)
    assert sum(room.tune.given) == 12
    room.primer.value = "C4"
    room.generate()
    assert sum(room.tune.given) == 4


def test_what_is_no_music_is_refused(room):
    room.upload = type("Upload", (), {"value": ({"name": "x.mid", "content": memoryview(b"<html>")},)})
    room._run(room._read_upload)
    assert ">x.mid: not a MIDI file" in room.status.value


def test_saved_files_say_how_they_were_made(room, tmp_path):
    room.save()
    assert room.status.value == "nothing to save yet: press Generate"
    room.primer.value = "C4 D4"
    room.generate()
    room.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny_seed1_T1.mid", "tiny_seed1_T1.wav"]
    about = json.loads(read_score(tmp_path / "tiny_seed1_T1.mid").text)
    assert (about["seed"], about["temperature"], about["given"], about["meter"]) == (1, 1.0, [[0, 8]], "4/4")
    assert (tmp_path / "tiny_seed1_T1.wav").read_bytes() == sound(room.tune, "wav")


def test_a_comparison_is_a_card_a_temperature(room):
    for box, temperature in zip(room.compared_temperatures, (0.2, 0.9, 2.0), strict=True):
        box.value = temperature
    room.compare()
    assert [temperature_of(tune) for tune in room.compared] == [0.2, 0.9, 2.0]
    cards = room.comparison.children[1].children
    assert [card.children[0].value for card in cards] == ["<b>T = 0.2</b>", "<b>T = 0.9</b>", "<b>T = 2</b>"]
    assert [card.children[2].value for card in cards] == [sound(tune) for tune in room.compared]
