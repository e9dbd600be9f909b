import json

import pytest
from note_seq import Melody

from melody_rnn.music.melodies import melody_to_sequence
from melody_rnn.music.meters import Meter
from melody_rnn.music.sequence_io import midi_bytes, read_midi_text
from melody_rnn.notebook.listening import ListeningRoom
from melody_rnn.notebook.pieces import compose, move_to_key


@pytest.fixture
def room(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(ListeningRoom, "_loaded", lambda self: tiny_model)
    return ListeningRoom(folder=tmp_path)


def test_pieces_of_one_seed_differ_by_temperature_alone(tiny_model):
    pieces = compose(tiny_model, [0.5, 1.5, 0.5], num_bars=2, primer="C4 D4", seed=3)
    assert list(pieces[0].melody) == list(pieces[2].melody) != list(pieces[1].melody)
    (expected,) = tiny_model.generate(1, 32, primer="C4 D4", temperature=0.5, seed=3)
    assert list(pieces[0].melody) == list(expected)
    assert pieces[0].primer_steps == 8
    assert pieces[0].name == "tiny_seed3_T0.5"
    assert len(pieces[0].probabilities) == 32


@pytest.mark.parametrize(("primer", "num_steps"), [(None, 24), ("C4:12", 36), ("C4:20", 36)])
def test_pieces_end_with_a_bar(tiny_model, primer, num_steps):
    (piece,) = compose(tiny_model, [1.0], 2, primer, meter=Meter(6, 8), seed=1)
    assert len(piece.melody) == num_steps
    assert piece.melody.steps_per_bar == 12


@pytest.mark.parametrize(("tonic", "first"), [(0, 60), (2, 62), (7, 55), (11, 59)])
def test_moving_to_a_key_takes_the_short_way(tonic, first):
    scale = Melody([60, 62, 64, 65, 67, 69, 71, 72, -2, -1])
    moved = move_to_key(scale, tonic)
    assert moved[0] == first
    assert list(moved)[-2:] == [-2, -1]
    assert moved.get_major_key() == tonic


def test_the_controls_are_used(room, tiny_model):
    room.temperature.value = 0.7
    room.primer.value = "C4 E4"
    room.bars.value = 3
    room.meter.value = "3/4"
    room.instrument.value = 40
    room.qpm.value = 90
    room.generate()
    (expected,) = tiny_model.generate(1, 36, primer="C4 E4", temperature=0.7, seed=1, steps_per_bar=12)
    assert list(room.piece.melody) == list(expected)
    assert room.piece.sequence.notes[0].program == 40
    assert room.piece.sequence.tempos[0].qpm == 90
    assert room.roll.value == room.piece.png()
    assert room.player.value == room.piece.wav
    assert not any(button.disabled for button in room._buttons)
    first = room.seed.value
    room.generate()
    assert room.seed.value != first


def test_a_mistake_is_shown_and_keeps_what_was_there(room):
    room.generate()
    piece = room.piece
    room.primer.value = "<H9>"
    room.generate()
    assert "&#x27;&lt;H9&gt;&#x27; is no note" in room.status.value
    assert room.piece is piece
    assert not any(button.disabled for button in room._buttons)


@pytest.mark.parametrize("version", [7, 8])
def test_an_uploaded_file_is_the_primer_until_another_is_typed(room, version):
    data = midi_bytes(melody_to_sequence(Melody([64, -2, 65, -2] * 3, steps_per_bar=12), meter=Meter(6, 8)))
    files = {"a<b.mid": {"content": data}} if version == 7 else ({"name": "a<b.mid", "content": memoryview(data)},)
    room.upload = type("Upload", (), {"value": files})
    room._run(room._read_upload)
    assert room.status.value == "primer: a&lt;b.mid, 12 steps in 6/8"
    assert room.meter.value == "6/8"
    room.generate()
    assert list(room.piece.melody)[:11] == [64, -2, 65, -2] * 2 + [64, -2, 65]
    assert room.piece.primer_steps == 12
    room.primer.value = "C4"
    room.generate()
    assert room.piece.primer_steps == 4


def test_what_is_no_music_is_refused(room):
    room.upload = type("Upload", (), {"value": ({"name": "x.mid", "content": memoryview(b"<html>")},)})
    room._run(room._read_upload)
    assert "not a MIDI file" in room.status.value


def test_saved_files_say_how_they_were_made(room, tmp_path):
    room.save()
    assert room.status.value == "nothing to save yet: press Generate"
    room.primer.value = "C4 D4"
    room.generate()
    room.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny_seed1_T1.mid", "tiny_seed1_T1.wav"]
    about = json.loads(read_midi_text(tmp_path / "tiny_seed1_T1.mid")[0])
    assert (about["seed"], about["temperature"], about["primer_steps"], about["meter"]) == (1, 1.0, 8, "4/4")
    assert (tmp_path / "tiny_seed1_T1.wav").read_bytes() == room.piece.wav


def test_a_comparison_is_a_card_a_temperature(room):
    for box, temperature in zip(room.compared_temperatures, (0.2, 0.9, 2.0), strict=True):
        box.value = temperature
    room.compare()
    assert [piece.about["temperature"] for piece in room.compared] == [0.2, 0.9, 2.0]
    cards = room.comparison.children[1].children
    assert [card.children[0].value for card in cards] == ["<b>T = 0.2</b>", "<b>T = 0.9</b>", "<b>T = 2</b>"]
    assert [card.children[2].value for card in cards] == [piece.wav for piece in room.compared]
