"""Scores are written and read again without loss, by our readers and by others.

MELODY_RNN_ROUND_TRIPS sets how many scores go through each of our own formats.
"""

import importlib.util
import os
import random
import shutil
import subprocess
import warnings
from dataclasses import replace

import pytest
import symusic

from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.abc.writer import abc_text
from melody_rnn.formats.musicxml.reader import read_musicxml
from melody_rnn.formats.musicxml.writer import musicxml_bytes
from tests.formats.random_scores import random_score

NUM_SCORES = int(os.environ.get("MELODY_RNN_ROUND_TRIPS", "200"))
FIELDS = ("bars", "end", "meters", "tempos", "chords", "title", "composer")
TICKS = 480
TOLERANCE = 4
"""Ticks: programs round triplets, and some end notes a little early."""


def read_abc(text):
    (tune,) = split_tunebook(text.encode())
    return read_abc_tune(tune)


def assert_same(again, score):
    assert again.parts[0].notes == score.parts[0].notes
    assert again.parts[0].program == score.parts[0].program
    for field in FIELDS:
        assert getattr(again, field) == getattr(score, field), field


def ticks(score):
    return [(round(note.start * TICKS), note.pitch) for note in score.parts[0].notes]


def assert_near(heard, score):
    expected = ticks(score)
    assert [pitch for _, pitch in heard] == [pitch for _, pitch in expected]
    assert max(abs(a - b) for (a, _), (b, _) in zip(heard, expected, strict=True)) <= TOLERANCE


def heard_in_midi(path):
    midi = symusic.Score(path)
    return sorted((round(note.time * TICKS / midi.tpq), note.pitch) for track in midi.tracks for note in track.notes)


@pytest.fixture(params=range(25))
def plain(request):
    """A score without repeats, which programs perform, and without chord symbols, which some play."""
    return replace(random_score(random.Random(request.param), has_repeats=False), chords=())


@pytest.mark.parametrize("first", range(0, NUM_SCORES, 50))
def test_abc_comes_back_whole(first):
    for seed in range(first, min(first + 50, NUM_SCORES)):
        score = random_score(random.Random(seed))
        again = read_abc(abc_text([score]))
        assert_same(again, score)
        # K: must stand, so that no key is written as a key that is none.
        assert [change for change in again.keys if change.key] == list(score.keys)


@pytest.mark.parametrize("first", range(0, NUM_SCORES, 50))
def test_musicxml_comes_back_whole(first):
    for seed in range(first, min(first + 50, NUM_SCORES)):
        score = random_score(random.Random(seed))
        again = read_musicxml(musicxml_bytes(score))
        assert_same(again, score)
        assert again.keys == score.keys


def test_abc2midi_hears_the_same(plain, tmp_path):
    if not shutil.which("abc2midi"):
        pytest.skip("abc2midi of the Debian package abcmidi is not installed")
    book, midi = tmp_path / "tune.abc", tmp_path / "tune.mid"
    book.write_text(abc_text([plain]))
    done = subprocess.run(["abc2midi", book, "1", "-o", midi], capture_output=True, text=True, check=True)
    assert not [line for line in done.stdout.splitlines() if "Error" in line or "Warning" in line]
    assert_near(heard_in_midi(midi), plain)


def test_partitura_hears_the_same(plain, tmp_path):
    if importlib.util.find_spec("partitura") is None:
        pytest.skip("partitura is not installed")
    path = tmp_path / "tune.musicxml"
    path.write_bytes(musicxml_bytes(plain))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import partitura

        notes = partitura.load_musicxml(path).parts[0].note_array()
    # It counts from the first whole bar on.
    shift = round(plain.parts[0].notes[0].start * TICKS) - round(min(notes["onset_quarter"]) * TICKS)
    heard = sorted((round(note["onset_quarter"] * TICKS) + shift, int(note["pitch"])) for note in notes)
    assert_near(heard, plain)
    ends = sorted(round((note["onset_quarter"] + note["duration_quarter"]) * TICKS) + shift for note in notes)
    assert ends == pytest.approx([note.end * TICKS for note in plain.parts[0].notes], abs=TOLERANCE)


def test_music21_hears_the_same(plain):
    music21 = pytest.importorskip("music21")
    stream = music21.converter.parseData(musicxml_bytes(plain).decode(), format="musicxml")
    notes = [note for note in stream.recurse().notes if isinstance(note, music21.note.Note)]
    struck = [note for note in notes if note.tie is None or note.tie.type == "start"]
    assert_near([(round(note.getOffsetInHierarchy(stream) * TICKS), note.pitch.midi) for note in struck], plain)
    assert float(sum(note.quarterLength for note in notes)) == pytest.approx(
        float(sum(note.end - note.start for note in plain.parts[0].notes)), abs=0.01
    )


def test_verovio_hears_the_same(plain, tmp_path):
    import base64

    import verovio

    toolkit = verovio.toolkit()
    assert toolkit.loadData(musicxml_bytes(plain).decode())
    midi = tmp_path / "tune.mid"
    midi.write_bytes(base64.b64decode(toolkit.renderToMIDI()))
    assert_near(heard_in_midi(midi), plain)
