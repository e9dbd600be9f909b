import json
import re
import xml.etree.ElementTree as ET
import zipfile

import pytest

from melody_rnn.formats.reading import read_score
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import Meter
from melody_rnn.music.transposition import major_key
from melody_rnn.notebook.composing import compose, file_name, move_to_key, temperature_of
from melody_rnn.notebook.listening import ListeningRoom
from melody_rnn.notebook.roll import roll_svg
from melody_rnn.notebook.showing import MAX_FLAC_SECONDS, bar_times, player_html, player_sound, tune_html
from melody_rnn.notebook.spanish import in_spanish
from melody_rnn.notebook.wish import on_tonic, parse_number
from melody_rnn.notebook.words import WORDS
from melody_rnn.tunes.files import midi_of, read_tune
from melody_rnn.tunes.piano_roll import BAR_COLOUR, PRIMER_COLOUR, roll_notes
from melody_rnn.tunes.primers import parse_primer
from melody_rnn.tunes.tune import Section, Tune


@pytest.fixture
def room(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(ListeningRoom, "_loaded", lambda self: tiny_model)
    return ListeningRoom(folder=tmp_path)


def test_tunes_of_one_seed_differ_by_temperature_alone(tiny_model):
    tunes = compose(tiny_model, [0.5, 1.5, 0.5], num_bars=2, primer="C4 D4", seed=3)
    assert tunes[0].events == tunes[2].events != tunes[1].events
    (expected,) = tiny_model.generate(num_steps=32, primer="C4 D4", temperature=0.5, seed=3)
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


def test_a_tune_moves_to_a_tonic_the_short_way():
    tune = Tune((60, 62, 64, 65, 67, 69, 71, 72))
    assert [on_tonic(tune, tonic).events[0] for tonic in ("C", "D", "G", "B")] == [60, 62, 55, 59]


def test_what_the_controls_show_is_used(room, tiny_model):
    room.temperature.value, room.primer.value, room.bars.value = "0,7", "do4 E4", "3"
    room.meter.value, room.instrument.value, room.tempo.value = "3/4", "fiddle", "90"
    room.is_in_range.value = False
    room.generate()
    (expected,) = tiny_model.generate(num_steps=36, primer="C4 E4", temperature=0.7, seed=1, meter="3/4")
    assert room.tune.events == expected.events
    assert (room.tune.program, room.tune.qpm) == (110, 90)
    assert room.result.value.endswith(tune_html(room.tune, room.sheet.name))
    assert room.slider.value == 0.7
    assert not any(button.disabled for button in room._buttons)


def test_a_seed_that_is_typed_is_kept(room):
    room.generate()
    room.generate()
    assert room.seed.value != "1"
    room.seed.value = "5"
    assert not room.is_fresh.value
    room.generate()
    assert (room.seed.value, room.tune.origin.seed) == ("5", 5)


def test_tempo_instrument_and_key_keep_the_tune(room):
    room.generate()
    before = room.tune
    room.tempo.value, room.instrument.value, room.key.value = "200", "harp", "D"
    assert room.tune.origin == before.origin
    assert (room.tune.qpm, room.tune.program) == (200, 46)
    moved = {after - own for own, after in zip(before.pitches, room.tune.pitches, strict=True)}
    assert len(moved) == 1
    assert room.result.value.endswith(tune_html(room.tune, room.sheet.name))


def test_chords_weigh_the_next_tune_and_are_accompanied(room, tiny_model, tmp_path):
    room.bars.value, room.chords.value, room.is_in_range.value = "2", "| G | D7 |", False
    room.generate()
    (expected,) = tiny_model.generate(new_steps=31, seed=1, chords="| G | D7 |")
    assert room.tune.events == expected.events
    assert room.tune.chords == expected.chords != ()
    assert "D7" in re.sub("<[^>]+>|\\s", "", room.sheet.value)
    tune, alone = room.tune, room.result.value
    room.is_accompanied.value = True
    assert (room.tune, room.result.value != alone) == (tune, True)
    room.save()
    assert len(read_score(next(tmp_path.glob("*.mid"))).parts) > 1
    room.chords.value = "| C |"
    assert room.tune == tune
    room.is_accompanied.value = False
    assert room.result.value == alone


def test_undo_brings_back_the_tune_and_its_controls(room):
    room.temperature.value, room.primer.value = "0.5", "C4 D4"
    room.generate()
    room.tempo.value = "90"
    first = room.result.value
    room.temperature.value, room.primer.value, room.tempo.value = "1.5", "E4", ""
    room.generate()
    assert room.result.value != first
    room.undo()
    # The tempo was taken from the tune that was there.
    assert room.tempo.value == ""
    room.tempo.value = "90"
    assert (room.result.value, room.seed.value) == (first, "1")
    assert (room.temperature.value, room.slider.value, room.primer.value) == ("0.5", 0.5, "C4 D4")
    room.undo()
    assert "there is no tune before this one" in room.status.value


def test_undo_brings_back_the_file(room):
    upload(room, "good.mid", midi_of(Tune((64, -2, 65, -2))))
    room.generate()
    room.primer.value = "C4"
    room.generate()
    room.undo()
    assert (room.primer.value, sum(room.tune.given)) == ("", 4)
    assert "good.mid" in room.file.value
    room.generate()
    assert room.tune.events[:3] == (64, -2, 65)


def test_bars_are_kept_and_shown_in_orange(tmp_path):
    room = ListeningRoom(folder=tmp_path)
    room.form.value, room.bars.value, room.meter.value = "AB", "8", "4/4"
    room.generate()
    before = room.tune
    first = 16 if before.pickup_steps else 0
    room.keep.value = "1,3"
    room.generate()
    assert "color" not in room.status.value, room.status.value
    assert room.tune.events != before.events
    for bar in range(8):
        steps = slice(first + bar * 16, first + bar * 16 + 16)
        is_kept = bar in (0, 2)
        assert set(room.tune.given[steps]) <= {is_kept}
        assert not is_kept or room.tune.events[steps] == before.events[steps]
    assert PRIMER_COLOUR in roll_svg(room.tune)


@pytest.mark.parametrize(
    ("control", "text", "message"),
    [
        ("primer", "<H9>", "&#x27;&lt;H9&gt;&#x27; is no note"),
        ("temperature", "9", "temperature must be a number from 0 to 5, got &#x27;9&#x27;"),
        ("bars", "2,5", "bars must be a whole number from 1 to 512"),
        ("seed", "-1", "seed must be a whole number from 0 to"),
        ("keep", "1-x", "keep bars"),
        ("chords", "| G | Xq |", "is no chord symbol that is known"),
    ],
)
def test_a_mistake_is_shown_until_it_is_mended(room, control, text, message):
    if control != "keep":
        room.generate()
    tune, shown = room.tune, room.result.value
    getattr(room, control).value = text
    for _ in range(2):
        room.generate()
        assert message in room.status.value
        assert (room.tune, room.result.value) == (tune, shown)
    assert not any(button.disabled for button in room._buttons)


def upload(room, name, data, version=8):
    files = {name: {"content": data}} if version == 7 else ({"name": name, "content": memoryview(data)},)
    room.upload = type("Upload", (), {"value": files})
    room._run(room._read_upload)


@pytest.mark.parametrize("version", [7, 8])
def test_an_uploaded_file_is_the_primer_until_another_is_typed(room, version):
    upload(room, "a<b.mid", midi_of(Tune((64, -2, 65, -2) * 3, Meter(6, 8))), version)
    assert room.status.value == "primer: a&lt;b.mid, 12 steps in 6/8"
    assert "a&lt;b.mid" in room.file.value
    assert room.meter.value == "6/8"
    room.generate()
    assert room.tune.events[:11] == (64, -2, 65, -2, 64, -2, 65, -2, 64, -2, 65)
    assert sum(room.tune.given) == 12
    room.primer.value = "C4"
    room.generate()
    assert sum(room.tune.given) == 4
    assert not room.file.value


def test_after_a_failed_upload_nothing_goes_on_with_the_file_before(room):
    upload(room, "good.mid", midi_of(Tune((64, -2, 65, -2))))
    room.generate()
    tune = room.tune
    upload(room, "bad.mid", b"<html>")
    for _ in range(2):
        assert ">bad.mid: not a MIDI file" in room.status.value
        assert room.tune is tune
        room.generate()
    room.primer.value = "C4"
    room.generate()
    assert sum(room.tune.given) == 4


def test_saved_files_say_how_they_were_made(room, tmp_path):
    room.save()
    assert "nothing to save yet: press Generate" in room.status.value
    room.primer.value, room.bars.value = "C4 D4", "2"
    room.generate()
    room.save()
    names = ["tiny_seed1_T1.mid", "tiny_seed1_T1.pdf", "tiny_seed1_T1.wav"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert room.status.value.count("text-decoration: underline") == 3
    about = json.loads(read_score(tmp_path / "tiny_seed1_T1.mid").text)
    assert (about["seed"], about["temperature"], about["given"], about["meter"]) == (1, 1.0, [[0, 8]], "4/4")


def test_temperatures_and_variations_stand_side_by_side(room):
    room.bars.value = "2"
    for box, temperature in zip(room.compared_temperatures, ("0,2", "0.9", "2"), strict=True):
        box.value = temperature
    room.compare()
    assert [temperature_of(tune) for tune in room.compared] == [0.2, 0.9, 2.0]
    cards = room.comparison.children[1].children
    assert [re.search("<b>(.*?)</b>", card.children[0].value)[1] for card in cards] == ["T = 0.2", "T = 0.9", "T = 2"]
    room.vary()
    assert len({tune.events for tune in room.compared}) == 3


def test_a_variation_is_taken_and_left_again(room):
    room.bars.value, room.instrument.value = "2", "harp"
    room.generate()
    own = room.tune
    room.vary()
    room.tempo.value = "70"
    room.comparison.children[1].children[2].children[1].click()
    assert room.tune.events == room.compared[2].events
    assert (room.tempo.value, room.tune.qpm, room.instrument.value) == ("", 120, "harp")
    room.undo()
    assert room.tune.events == own.events


def kept_tunes(room, *names):
    """Generates and keeps a tune for each name."""
    for name in names:
        room.generate()
        room.favourite_name.value = name
        room.keep_favourite()
    return list(room.shelf.favourites.tunes.values())


def test_favourites_are_kept_under_names(room):
    room.keep_favourite()
    assert "nothing to save yet" in room.status.value
    shelf = room.shelf
    assert shelf.export.disabled
    room.bars.value = "2"
    first, second, third = kept_tunes(room, "One", "One", "")
    assert list(shelf.favourites.tunes) == ["One", "One 2", third.title]
    assert third.title.startswith("tiny, T = 1, seed")
    room.keep_favourite()
    assert len(shelf.favourites.tunes) == 3
    shelf.list.value, shelf.name.value = "One 2", "Another"
    shelf.rename.click()
    assert list(shelf.favourites.tunes) == ["One", "Another", third.title]
    shelf.rename.click()
    assert "there is no other name yet" in shelf.status.value
    shelf.list.value = "One"
    shelf.show.click()
    assert (room.tune.events, room.tune.title) == (first.events, "One")
    shelf.remove.click()
    assert [tune.events for tune in shelf.favourites.tunes.values()] == [second.events, third.events]


def test_favourites_are_compared_without_their_names(room):
    room.bars.value = "2"
    kept_tunes(room, "Heron", "Otter")
    shelf = room.shelf
    assert (shelf.first.value, shelf.second.value) == ("Heron", "Otter")
    orders = set()
    for _ in range(20):
        shelf.blind.click()
        shown = [place.children[0].value for place in shelf.stage.children[0].children]
        assert not any(name in player for player in shown for name in ("Heron", "Otter"))
        own = [audio_of(player_html(shelf.favourites.tunes[name], "")) for name in ("Heron", "Otter")]
        order = [own.index(audio_of(player)) for player in shown]
        orders.add(tuple(order))
        better = ("Heron", "Otter")[order[0]]
        shelf.choices[0].click()
        assert f"You prefer {better} to" in shelf.status.value
    assert orders == {(0, 1), (1, 0)}
    assert sum(shelf.favourites.wins.values()) == 20
    shelf.second.value = "Heron"
    shelf.blind.click()
    assert "A and B are the same favourite" in shelf.status.value


def audio_of(page):
    return re.search('src="(.*?)"', page)[1]


def test_all_favourites_are_exported(room, tmp_path):
    room.bars.value = "2"
    tunes = kept_tunes(room, "a/b", "A:B", "favourites")
    room.shelf.export.click()
    folder = tmp_path / "favourites"
    names = ["A_B 2.mid", "a_b.mid", "favourites 2.mid", "favourites.pdf", "favourites.zip"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert read_tune(folder / "a_b.mid").events == tunes[0].events
    with zipfile.ZipFile(folder / "favourites.zip") as archive:
        assert sorted(archive.namelist()) == names[:-1]
        assert archive.read("favourites.pdf") == (folder / "favourites.pdf").read_bytes()
    assert room.shelf.status.value.count("download=") == 2
    room.shelf.export.click()
    assert len(list(folder.iterdir())) == len(names)


def test_the_room_writes_whole_tunes(tmp_path):
    room = ListeningRoom(folder=tmp_path)
    room.form.value, room.meter.value, room.key.value, room.scale.value = "AABB", "6/8", "D", "dorian"
    room.instrument.value = "whistle"
    room.ends_on_tonic.value = True
    room.generate()
    tune = room.tune
    assert (tune.form, str(tune.meter), tune.key.tonic) == ("AABB", "6/8", 2)
    assert {pitch % 12 for pitch in tune.pitches} <= {2, 4, 5, 7, 9, 11, 0}
    assert 62 <= min(tune.pitches) <= max(tune.pitches) <= 83
    assert tune.pitches[-1] % 12 == 2
    assert MelodyRNN.from_preset().outlines is not None


def test_the_picture_has_all_notes_and_no_small_print():
    tune = Tune((60, -2, 62, -1, 64, -2, -2, -2), probabilities=(0.5,) * 8, given=(True,) * 2 + (False,) * 6)
    root = ET.fromstring(roll_svg(tune))
    notes = [element for element in root.iter() if element.get("class") == "note"]
    assert len(notes) == len(roll_notes(tune))
    assert [note.get("fill") == PRIMER_COLOUR for note in notes] == [True, False, False]
    assert float(root.get("font-size")) >= 9


@pytest.mark.parametrize(("pickup", "num_rows"), [(0, 2), (4, 2)])
def test_a_pickup_takes_no_row_of_its_own(pickup, num_rows):
    events = [60, -2, -2, -2] * 4 * 16
    lead = [-2] * (16 - pickup) + [62] + [-2] * (pickup - 1) if pickup else []
    tune = Tune(tuple(lead + events), pickup_steps=pickup)
    root = ET.fromstring(roll_svg(tune))
    numbers = [element.text for element in root.iter() if element.text and element.text.isdigit()]
    assert numbers == [str(number) for number in range(1, 17)]
    notes = [element for element in root.iter() if element.get("class") == "note"]
    assert len(notes) == 64 + bool(pickup)
    width = float(root.get("width"))
    assert all(34 <= float(note.get("x")) < width for note in notes)
    bars = [element.get("y") for element in root.iter() if element.get("fill") == BAR_COLOUR]
    assert len(set(bars)) == num_rows


def test_the_sheet_follows_bars_as_they_are_played():
    tune = Tune((60, *[-2] * 31), qpm=120, sections=(Section(0, "A", 2),))
    assert bar_times(tune) == ([0.0, 2.0, 4.0, 6.0], [0, 1, 0, 1])


def test_sound_comes_before_sheet_music_and_never_over_another_tunes(room, monkeypatch):
    shown = []
    monkeypatch.setattr("melody_rnn.notebook.stored.update_display", lambda page, **_: shown.append(page.data))
    monkeypatch.setattr("melody_rnn.notebook.stored.display", lambda *_, **__: None)
    room.generate()
    room.result.show()
    room.sheet.show()
    height = re.search('viewBox="0 0 [0-9.]+ ([0-9.]+)"', room.sheet.value)[1]
    room.generate()
    emptied, tune, sheet = shown
    assert f"/ {height}" in emptied
    assert "<svg" not in emptied
    assert "<audio" in tune
    assert 'class="measure' not in tune
    assert f'id="{room.sheet.name}"' in sheet
    assert f'data-sheet="{room.sheet.name}"' in tune
    assert sheet.count('class="measure') > 0


def test_long_tunes_have_a_small_sound():
    tune = Tune((60, 62, 64, 65) * 8)
    assert player_sound(tune)[1][:4] == b"fLaC"
    assert player_sound(tune, is_small=True)[0] == "audio/mpeg"
    long = Tune((60, *[-2] * 15) * (MAX_FLAC_SECONDS // 2))
    kind, data = player_sound(long)
    assert (kind, len(data) < 700_000) == ("audio/mpeg", True)


def test_numbers_with_a_comma():
    assert parse_number(" 0,8", "T", 0, 2) == 0.8


def test_both_languages_have_all_words():
    places = {name: sorted(re.findall(r"{(\w+)", text)) for name, text in WORDS["en"].items()}
    assert places.items() <= {name: sorted(re.findall(r"{(\w+)", text)) for name, text in WORDS["es"].items()}.items()


def test_mistakes_in_spanish(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(ListeningRoom, "_loaded", lambda self: tiny_model)
    room = ListeningRoom(folder=tmp_path, language="es")
    room.primer.value = "H9"
    room.generate()
    assert "&#x27;H9&#x27; no es una nota" in room.status.value
    room.primer.value = "sol4"
    room.generate()
    assert ">sol4</text>" in room.result.value
    assert "temperatura 1, semilla 1" in room.status.value
    room.temperature.value = "9"
    room.generate()
    assert "temperatura: hace falta un número de 0 a 5, no" in room.status.value
    with pytest.raises(ValueError, match="no note") as caught:
        parse_primer("C4 X", 4, None)
    assert in_spanish(str(caught.value)).startswith("'X' no es una nota")
