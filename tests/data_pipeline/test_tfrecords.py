import os
import shutil
import struct
import subprocess
import sys

import pytest
import tensorflow as tf
from note_seq import NoteSequence

from melody_rnn.data.build import build_dataset
from melody_rnn.data.dataset import load
from melody_rnn.data.tfrecords import is_record_file, read_records, write_records
from melody_rnn.errors import InputFileError, OutputError

RECORDS = [b"", b"one", bytes(range(256)) * 40]


def scale(pitches, name):
    """Returns a NoteSequence of eighth notes."""
    sequence = NoteSequence(filename=name)
    sequence.tempos.add(qpm=120)
    for i, pitch in enumerate(pitches):
        sequence.notes.add(pitch=pitch, velocity=80, start_time=i / 4, end_time=(i + 1) / 4)
    return sequence.SerializeToString()


@pytest.fixture
def path(tmp_path):
    """A TFRecord that TensorFlow wrote."""
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    return path


def test_tensorflow_s_files_are_read(path):
    assert list(read_records(path)) == RECORDS
    assert list(read_records(path, first=2)) == RECORDS[2:]
    assert list(read_records(path, first=9)) == []
    assert list(read_records(path, stride=2)) == RECORDS[::2]
    assert list(read_records(path, first=1, stride=2)) == RECORDS[1::2]


def test_notesequences_are_read_without_all_of_note_seq():
    code = "import sys; from melody_rnn.data.tfrecords import read_note_sequence"
    code += "; own = read_note_sequence(sys.stdin.buffer.read()); assert 'note_seq' not in sys.modules; import note_seq"
    code += "; assert isinstance(own, note_seq.NoteSequence)"
    code += "; print(own.filename, own.notes[0].pitch, own.key_signatures[0].mode == own.key_signatures[0].MINOR)"
    sequence = NoteSequence(filename="tune")
    sequence.notes.add(pitch=61)
    sequence.key_signatures.add(mode=NoteSequence.KeySignature.MINOR)
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, input=sequence.SerializeToString(), capture_output=True, check=True)
    assert done.stdout.split() == [b"tune", b"61", b"True"]


def test_tensorflow_reads_what_is_written(tmp_path):
    path = tmp_path / "new" / "x.tfrecord"
    assert write_records(path, iter(RECORDS)) == 3
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(path))] == RECORDS
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_is_known_by_its_beginning(path, tmp_path):
    renamed = path.rename(tmp_path / "notes-00000-of-00001")
    assert is_record_file(renamed)
    (tmp_path / "other").write_bytes(b"MThd and what else belongs there")
    assert not is_record_file(tmp_path / "other")
    assert not is_record_file(tmp_path / "missing")


def test_damage_is_told(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputFileError, match="ends within record 2"):
        list(read_records(path))
    path.write_bytes(whole[:5])
    with pytest.raises(InputFileError, match=r"damaged one \(at record 0\)"):
        list(read_records(path))
    path.write_bytes(struct.pack("<QI", 2**60, 0) + whole)
    with pytest.raises(InputFileError, match="no TFRecord"):
        list(read_records(path))
    path.unlink()
    with pytest.raises(InputFileError, match="cannot be read"):
        list(read_records(path))


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path):
    def fail():
        yield b"one"
        raise OSError(28, os.strerror(28))

    (tmp_path / "x.tfrecord").write_bytes(b"before")
    with pytest.raises(OutputError, match="No space left"):
        write_records(tmp_path / "x.tfrecord", fail())
    assert [file.name for file in tmp_path.iterdir()] == ["x.tfrecord"]
    assert (tmp_path / "x.tfrecord").read_bytes() == b"before"


def test_a_dataset_is_built_of_note_sequences_under_any_name(tmp_path):
    up_and_down = [60, 62, 64, 65, 67, 69, 67, 65, 64, 62]
    records = [scale(up_and_down * 8, "a.mid"), b"no proto", scale([71 - p % 12 for p in up_and_down] * 8, "b.mid")]
    write_records(tmp_path / "x.tfrecord", records)
    shutil.copy(tmp_path / "x.tfrecord", tmp_path / "notes-00000-of-00001")
    for name in ("x.tfrecord", "notes-00000-of-00001"):
        report = build_dataset([tmp_path / name], tmp_path / "data", overwrite=True, num_workers=1)
        assert (report.num_tunes, report.num_melodies) == (3, 2)
        assert report.dropped == {"unreadable": 1}
        assert [(melody.id, melody.title) for melody in load(tmp_path / "data").melodies] == [
            (f"{name}:0.0", "a.mid"),
            (f"{name}:2.0", "b.mid"),
        ]
