"""midi_out/: what its README says of the gallery holds."""

import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest

from melody_rnn.formats.reading import read_score
from melody_rnn.tunes.files import read_tunes
from melody_rnn.tunes.outline import outline_of
from melody_rnn.tunes.progression import parse_progression

MIDI_OUT = Path(__file__).parents[1] / "midi_out"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("make_gallery", MIDI_OUT / "make_gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notes(path):
    return read_score(path).parts[0].notes


def test_a_piece_made_anew_is_the_one_that_ships(gallery, tmp_path):
    exhibit = next(exhibit for exhibit in gallery.EXHIBITS if exhibit.name == "finished")
    anew = gallery.make(exhibit, tmp_path)
    shipped = MIDI_OUT / "gallery" / "finished.mid"
    assert notes(anew) == notes(shipped), "the default model makes something else: make gallery"
    assert anew.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    # The version may have gone on since.
    made_of = [json.loads(read_score(path).text) | {"version": None} for path in (anew, shipped)]
    assert made_of[0] == made_of[1]


def test_every_piece_is_there_and_made_as_the_readme_says(gallery):
    readme = (MIDI_OUT / "README.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"\[(\w+)\.mid\].*\n\n    melody-rnn generate -n 1 (.*)\n", readme))
    assert commands == {exhibit.name: exhibit.options for exhibit in gallery.EXHIBITS}
    for name, options in commands.items():
        assert all((MIDI_OUT / "gallery" / file).is_file() for file in (f"{name}.png", f"{name}_sheet.png"))
        about = json.loads(read_score(MIDI_OUT / "gallery" / f"{name}.mid").text)
        for option in ("temperature", "seed"):
            asked = re.search(rf"--{option} (\S+)", options)
            assert (float(asked[1]) if asked else 1.0) == about[option]


def test_an_evening_is_two_pages_of_tunes_over_their_chords(gallery):
    assert gallery.evening_text() in (MIDI_OUT / "README.md").read_text(encoding="utf-8")
    pdf = (MIDI_OUT / "gallery" / "evening.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2
    tunes = read_tunes(MIDI_OUT / "gallery" / "evening.abc")
    assert [tune.title for tune in tunes] == [title for title, _ in gallery.EVENING]
    for tune, (_, options) in zip(tunes, gallery.EVENING, strict=True):
        asked = parse_progression(shlex.split(options)[-1])
        assert tune.chords == asked.over(outline_of(tune))
