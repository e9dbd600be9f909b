import subprocess
import sys
from pathlib import Path

import pytest
from music_files import abc, midi, musicxml
from note_seq import NoteSequence

from melody_rnn.formats.grid import Pad
from melody_rnn.data.pieces import Key, Meter, PieceNote
from melody_rnn.data.reading import piece_from_sequence, read_pieces
from melody_rnn.errors import InputFileError


def sequence(*notes: tuple[float, float, int], tempos: list[tuple[float, float]] | None = None) -> NoteSequence:
    made = NoteSequence()
    for start, end, pitch in notes:
        made.notes.add(start_time=start, end_time=end, pitch=pitch, velocity=80)
    for time, qpm in tempos or []:
        made.tempos.add(time=time, qpm=qpm)
    return made


def test_times_become_quarter_notes_through_tempo_changes():
    piece = piece_from_sequence(sequence((0, 1, 60), (1, 2, 62), (1.5, 3, 64), tempos=[(0, 60), (1, 120)]))
    assert piece.parts == ((PieceNote(0, 1, 60), PieceNote(1, 3, 62), PieceNote(2, 5, 64)),)
    assert piece.tempo_changes == (1,)


def test_a_tempo_of_zero_or_given_again_is_none():
    piece = piece_from_sequence(sequence((0, 1, 60), tempos=[(0, 60), (0.5, 0), (0.7, 60)]))
    assert piece.tempo_changes == ()
    assert piece.parts[0][0].end == 1


def test_drums_and_silent_notes_are_left_out():
    made = sequence((0, 1, 60))
    made.notes.add(pitch=40, velocity=80, end_time=1, is_drum=True)
    made.notes.add(pitch=41, velocity=0, end_time=1)
    assert [note.pitch for part in piece_from_sequence(made).parts for note in part] == [60]


def test_instruments_are_parts():
    made = sequence((0, 1, 60))
    made.notes.add(pitch=50, velocity=80, end_time=1, instrument=3)
    assert [part[0].pitch for part in piece_from_sequence(made).parts] == [60, 50]


@pytest.mark.parametrize(
    ("key", "mode", "expected"), [("G", "MAJOR", Key(1, 7)), ("E", "MINOR", Key(1, 4)), ("F", "MAJOR", Key(-1, 5))]
)
def test_keys_have_their_sharps(key: str, mode: str, expected: Key):
    made = sequence((0, 1, 60))
    signature = NoteSequence.KeySignature
    made.key_signatures.add(key=signature.Key.Value(key), mode=signature.Mode.Value(mode))
    assert piece_from_sequence(made).key == expected


def test_a_short_first_bar_with_a_meter_of_its_own_is_a_pickup():
    made = sequence((0, 0.5, 60), (0.5, 1, 62), tempos=[(0, 120)])
    made.time_signatures.add(time=0, numerator=1, denominator=4)
    made.time_signatures.add(time=0.5, numerator=3, denominator=4)
    piece = piece_from_sequence(made)
    assert piece.meters == (Meter(0, 3, 4),)
    assert piece.pads == (Pad(0, 2),)


def test_a_musicxml_pickup_is_one(tmp_path: Path):
    path = tmp_path / "a.musicxml"
    path.write_text(musicxml())
    [(_, _, reader)] = read_pieces(path, "written")
    piece = reader()
    assert piece.key == Key(1, 7)
    assert piece.meters == (Meter(0, 4, 4),)
    assert piece.pads == (Pad(0, 3),)


def test_a_midi_file_is_one_piece(tmp_path: Path):
    (tmp_path / "a.mid").write_bytes(midi())
    [(index, title, reader)] = read_pieces(tmp_path / "a.mid", "written")
    assert (index, title) == (0, "")
    assert len(reader().parts[0]) == 64


def test_a_tune_book_may_be_entered_anywhere(tmp_path: Path):
    (tmp_path / "a.abc").write_text(abc(title="One") + abc(title="Two") + abc(title="Three"))
    found = [(index, title) for index, title, _ in read_pieces(tmp_path / "a.abc", "written", first=1)]
    assert found == [(1, "Two"), (2, "Three")]
    found = [(index, title) for index, title, _ in read_pieces(tmp_path / "a.abc", "written", stride=2)]
    assert found == [(0, "One"), (2, "Three")]


def test_an_error_does_not_say_the_path_twice(tmp_path: Path):
    (tmp_path / "a.mid").write_bytes(b"no")
    [(_, _, reader)] = read_pieces(tmp_path / "a.mid", "written")
    with pytest.raises(InputFileError, match="not a MIDI file") as caught:
        reader()
    assert str(tmp_path) not in str(caught.value)


def test_reading_loads_no_tensorflow():
    code = "import sys, melody_rnn.data.build, melody_rnn.data.worker, melody_rnn.music.sequence_io; "
    code += "sys.exit('tensorflow' in sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(command, cwd=Path(__file__).parents[2]).returncode == 0
