import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from melody_rnn.data.sources import holds_many, is_source, read_sources
from melody_rnn.data.tfrecords import write_records
from melody_rnn.errors import InputFileError
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from tests.data_pipeline.music_files import abc, midi, musicxml


def test_every_kind_is_known_by_its_name(tmp_path: Path):
    for name in ("a.mid", "a.MIDI", "a.Abc", "a.mxl", "a.XML", "a.musicxml", "a.tfrecord"):
        assert is_source(tmp_path / name)
        assert holds_many(tmp_path / name) == (name.lower() in ("a.abc", "a.tfrecord"))


def test_what_is_no_music_and_what_macos_leaves_beside_files_is_none(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    write_records(tmp_path / "x.tfrecord", [b"one"])
    (tmp_path / "x.tfrecord").rename(tmp_path / "._x")
    for name in ("a.png", "._a.mid", "._a.abc", "._x", "._x.tfrecord"):
        assert not is_source(tmp_path / name)


def test_a_file_of_one_piece_is_one_source(tmp_path: Path):
    (tmp_path / "a.mid").write_bytes(midi())
    [source] = read_sources(tmp_path / "a.mid")
    assert (source.index, source.title) == (0, "")
    assert len(source.read().parts[0].notes) == 64


def test_a_musicxml_pickup_is_a_short_first_bar(tmp_path: Path):
    (tmp_path / "a.musicxml").write_text(musicxml())
    [source] = read_sources(tmp_path / "a.musicxml")
    score = source.read()
    assert [key for _, key in score.keys] == [Key(1)]
    assert [meter for _, meter in score.meters] == [Meter(4, 4)]
    assert [bar.start for bar in score.bars[:3]] == [0, Fraction(1), Fraction(5)]


def test_a_tune_book_may_be_entered_anywhere(tmp_path: Path):
    (tmp_path / "a.abc").write_text(abc(title="One") + abc(title="Two") + abc(title="Three"))
    found = [(source.index, source.title) for source in read_sources(tmp_path / "a.abc", first=1)]
    assert found == [(1, "Two"), (2, "Three")]
    found = [(source.index, source.title) for source in read_sources(tmp_path / "a.abc", stride=2)]
    assert found == [(0, "One"), (2, "Three")]


def test_records_may_be_entered_anywhere(tmp_path: Path):
    write_records(tmp_path / "x.tfrecord", [b""] * 5)
    assert [source.index for source in read_sources(tmp_path / "x.tfrecord", 1, 2)] == [1, 3]
    write_records(tmp_path / "x.tfrecord", [])
    with pytest.raises(InputFileError, match="no record in it"):
        list(read_sources(tmp_path / "x.tfrecord"))


@pytest.mark.parametrize("name", ["a.mid", "a.abc", "a.musicxml", "a.mxl"])
def test_an_error_does_not_name_the_file(tmp_path: Path, name: str):
    for data in (b"no", b""):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputFileError) as caught:
            next(read_sources(tmp_path / name)).read()
        assert str(tmp_path) not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_reading_loads_no_tensorflow_and_no_note_seq():
    code = "import sys, melody_rnn.data.build, melody_rnn.data.worker, melody_rnn.formats.note_sequences; "
    code += "sys.exit(bool({'tensorflow', 'note_seq'} & set(sys.modules)))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(command, cwd=Path(__file__).parents[2]).returncode == 0
