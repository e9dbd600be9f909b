import hashlib
import os
from pathlib import Path

import pytest

from melody_rnn.errors import InputFileError
from melody_rnn.magenta.conversion import note_sequences
from tests.data_pipeline.music_files import END_OF_TRACK, TUNE, abc, chunk, header, midi, musicxml, notes


def convert(folder: Path, is_recursive: bool = False):
    """Returns the sequences of a folder and what was said of the rest."""
    said: list[str] = []
    return list(note_sequences(folder, is_recursive, said.append)), said


def test_all_tracks_come_through_with_their_drums(tmp_path: Path):
    tracks = [notes(8), notes(4, channel=9), notes(2, channel=3)]
    data = header(num_tracks=3) + b"".join(chunk(b"MTrk", track + END_OF_TRACK) for track in tracks)
    (tmp_path / "a.mid").write_bytes(data)
    [sequence], said = convert(tmp_path)
    assert said == []
    counts: dict[tuple[int, bool], int] = {}
    for note in sequence.notes:
        counts[note.instrument, note.is_drum] = counts.get((note.instrument, note.is_drum), 0) + 1
    assert sorted((is_drum, count) for (_, is_drum), count in counts.items()) == [(False, 2), (False, 8), (True, 4)]
    assert sequence.notes[0].end_time == pytest.approx(0.5)


def test_ids_are_magenta_s(tmp_path: Path):
    folder = tmp_path / "book"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.mid").write_bytes(midi())
    (folder / "b.ABC").write_text(abc().replace("X:1", "X:7") + abc(title="Other").replace("X:1", "X:12"))
    (folder / "c.xml").write_text(musicxml())
    sequences, _ = convert(folder, is_recursive=True)
    unique = ["b.ABC_7", "b.ABC_12", "c.xml", "below/a.mid"]
    kinds = ["abc", "abc", "musicxml", "midi"]
    assert [sequence.id for sequence in sequences] == [
        f"/id/{kind}/book/{hashlib.sha1(name.encode()).hexdigest()}" for kind, name in zip(kinds, unique, strict=True)
    ]
    assert [sequence.filename for sequence in sequences] == ["b.ABC", "b.ABC", "c.xml", "below/a.mid"]
    assert {sequence.collection_name for sequence in sequences} == {"book"}
    assert [sequence.reference_number for sequence in sequences] == [7, 12, 0, 0]


def test_tunes_of_one_number_have_ids_of_their_own(tmp_path: Path):
    (tmp_path / "a.abc").write_text(abc() + abc(title="Other"))
    assert len({sequence.id for sequence in convert(tmp_path)[0]}) == 2


def test_sections_stand_once_with_their_last_ending(tmp_path: Path):
    (tmp_path / "a.abc").write_text("X:1\nL:1/4\nK:C\n|:CDEF|1GGGG:|2cccc|]\n")
    [sequence], _ = convert(tmp_path)
    assert [note.pitch for note in sequence.notes] == [60, 62, 64, 65, 72, 72, 72, 72]


def test_what_is_passed_over_is_told(tmp_path: Path):
    (tmp_path / "a.mid").write_bytes(b"MThd")
    (tmp_path / "b.abc").write_text(abc() + "X:2\nT:Silence\nK:C\nz4|\n\n" + abc(title="Other").replace("X:1", "X:3"))
    (tmp_path / "c.txt").write_text("no music")
    (tmp_path / "._d.mid").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "below").mkdir()
    sequences, said = convert(tmp_path)
    assert len(sequences) == 2
    assert [line.partition(str(tmp_path) + "/")[2].partition(":")[0] for line in said] == [
        "a.mid",
        "b.abc",
        "below",
        "c.txt",
    ]
    assert "tune 2 (Silence)" in said[1]
    assert not any("\n" in line for line in said)


@pytest.mark.parametrize("name", [b"Andr\xe9.mid", b'$HOME "it\'s".mid', "馬の歌.mid".encode(), b"-n.MID"])
def test_names_of_any_kind_are_read(tmp_path: Path, name: bytes):
    (tmp_path / os.fsdecode(name)).write_bytes(midi())
    [sequence], said = convert(tmp_path)
    assert said == []
    assert sequence.filename == name.decode("utf-8", "replace")
    assert len(sequence.notes) == len(TUNE) * 8


def test_a_missing_folder_is_an_error(tmp_path: Path):
    with pytest.raises(InputFileError, match="no such folder"):
        convert(tmp_path / "nothing")
