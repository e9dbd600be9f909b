import os
import random
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from note_seq import Melody

from melody_rnn.errors import InputFileError, MelodyError, OutputError
from melody_rnn.music import sequence_io
from melody_rnn.music.melodies import melody_from_sequence, melody_to_sequence

EVENTS = [60, -2, 62, -1, 64, -2, -2, 67]
ABC = "X:1\nT:Test\nM:4/4\nL:1/8\nK:C\nC2 D2 E2 F2 | G8 |\n"
MUSICXML = """<?xml version="1.0"?><score-partwise version="3.0"><part-list><score-part id="P1"><part-name>x</part-name>
</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats>
<beat-type>4</beat-type></time></attributes><note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration>
<voice>1</voice><type>whole</type></note></measure></part></score-partwise>"""


@pytest.fixture
def sequence():
    return melody_to_sequence(Melody(EVENTS))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.one_of(st.just(-2), st.just(-1), st.integers(0, 127)), max_size=40),
    qpm=st.sampled_from([33.0, 87.3, 120.0, 240.0]),
)
def test_midi_round_trip(tmp_path, events, qpm):
    melody = Melody([60, *events, 72])
    path = sequence_io.write_midi(melody_to_sequence(melody, qpm), tmp_path / "a.mid", overwrite=True)
    extracted = melody_from_sequence(sequence_io.read_sequence(path))
    # A second note off in a row leaves no trace in a MIDI file.
    assert list(extracted.melody) == without_idle_note_offs(list(melody))
    assert extracted.qpm == pytest.approx(qpm, rel=1e-5)


def without_idle_note_offs(events):
    sounding, result = False, []
    for event in events:
        result.append(-2 if event == -1 and not sounding else event)
        sounding = event >= 0 or (sounding and event == -2)
    return result


def test_text_round_trip(sequence, tmp_path):
    text = '{"model": "lookback_rnn", "seed": 7}'
    path = sequence_io.write_midi(sequence, tmp_path / "a.mid", text)
    assert sequence_io.read_midi_text(path) == [text]


def test_the_same_sequence_gives_the_same_bytes(sequence):
    assert sequence_io.midi_bytes(sequence, "x") == sequence_io.midi_bytes(sequence, "x")


def test_nothing_is_overwritten(sequence, tmp_path):
    path = tmp_path / "a.mid"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        sequence_io.write_midi(sequence, path)
    assert path.read_bytes() == b"mine"
    sequence_io.write_midi(sequence, path, overwrite=True)
    assert sequence_io.write_midi(sequence, path) == path


def test_new_files_take_the_next_free_name(tmp_path):
    names = [sequence_io.write_new(tmp_path / "new", "a", data).name for data in (b"1", b"2", b"1", b"3", b"2")]
    assert names == ["a.mid", "a-2.mid", "a.mid", "a-3.mid", "a-2.mid"]


def test_an_interrupted_write_leaves_nothing(sequence, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        sequence_io.write_midi(sequence, tmp_path / "a.mid")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(sequence, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        sequence_io.write_midi(sequence, tmp_path / "a.mid")
    with pytest.raises(OutputError, match="No space left on device"):
        sequence_io.write_new(tmp_path, "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_files_get_the_usual_permissions(sequence, tmp_path):
    reference = tmp_path / "reference"
    reference.write_text("")
    path = sequence_io.write_midi(sequence, tmp_path / "a.mid")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(reference.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "text", "events"),
    [("a.abc", ABC, [60, -2, -2, -2, 62, -2, -2, -2]), ("a.musicxml", MUSICXML, [60, *[-2] * 15])],
)
def test_other_formats(tmp_path, name, text, events):
    (tmp_path / name).write_text(text)
    extracted = melody_from_sequence(sequence_io.read_sequence(tmp_path / name))
    assert list(extracted.melody)[: len(events)] == events


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.mid", None, "cannot be read"),
        ("a.mid", b"", "is empty"),
        ("a.mid", b"<html>not found</html>", "not a MIDI file"),
        ("a.mid", b"MThd\0\0\0\6\0\0", "not a readable MIDI file"),
        ("a.mid", b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "ticks"),
        ("a.txt", b"x", "unknown kind"),
        ("a.abc", b"hello", "no tune starts with X:"),
        ("a.xml", b"<score", "not a readable MusicXML file"),
        ("a.mxl", b"PK\3\4", "not a readable MusicXML file"),
    ],
)
def test_unreadable_files(tmp_path, name, data, message):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputFileError, match=message) as caught:
        sequence_io.read_sequence(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.mid").mkdir()
    with pytest.raises(InputFileError, match="is a folder"):
        sequence_io.read_sequence(tmp_path / "a.mid")


def test_mutated_midi_files_give_a_melody_or_one_line(sequence, tmp_path):
    rng = random.Random(0)
    original = sequence_io.midi_bytes(sequence, "text")
    path = Path(tmp_path) / "a.mid"
    outcomes = set()
    for _ in range(300):
        data = bytearray(original)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data[: rng.randint(1, len(data))] if rng.random() < 0.3 else data))
        try:
            melody_from_sequence(sequence_io.read_sequence(path))
            outcomes.add("melody")
        except (InputFileError, MelodyError) as error:
            assert "\n" not in str(error)
            outcomes.add("error")
    assert outcomes == {"melody", "error"}
