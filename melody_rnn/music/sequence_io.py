"""Music files to note sequences, and melodies' sequences to MIDI files."""

import io
import itertools
import re
import warnings
from pathlib import Path

import mido
import note_seq
import pretty_midi
from note_seq import NoteSequence, abc_parser, midi_io, musicxml_reader

from melody_rnn.errors import InputFileError, OutputError
from melody_rnn.files import write_whole

MIDI_SUFFIXES = (".mid", ".midi")
MUSICXML_SUFFIXES = (".musicxml", ".xml", ".mxl")
ABC_SUFFIXES = (".abc",)
SUFFIXES = (*MIDI_SUFFIXES, *MUSICXML_SUFFIXES, *ABC_SUFFIXES)
_MAX_BYTES = 64 * 2**20
# Beyond this a file's times are damage; pretty_midi would make a table with an entry for each tick.
_MAX_TICKS = 10_000_000


def read_sequence(path: str | Path) -> NoteSequence:
    """Reads a MIDI, MusicXML or ABC file (of an ABC tune book, the first tune).

    Raises:
        InputFileError: If the file is missing, unreadable or not what its name says.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputFileError(f"{path}: unknown kind of music file; give one of {', '.join(SUFFIXES)}")
    data = read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if suffix in MIDI_SUFFIXES:
                return _sequence_from_midi(data)
            if suffix in MUSICXML_SUFFIXES:
                return musicxml_reader.musicxml_file_to_sequence_proto(str(path))
            return _sequence_from_abc(data)
        except InputFileError as error:
            raise InputFileError(f"{path}: {error}") from error
        # The readers raise whatever a damaged file makes their innards raise.
        except Exception as error:
            kind = {".abc": "ABC"}.get(suffix, "MIDI" if suffix in MIDI_SUFFIXES else "MusicXML")
            reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else type(error).__name__
            raise InputFileError(f"{path}: not a readable {kind} file ({reason})") from error


def read_bytes(path: Path) -> bytes:
    """Returns a file's bytes.

    Raises:
        InputFileError: If it is missing, a folder, empty, larger than any music file, or not ours to read.
    """
    try:
        if path.is_dir():
            raise InputFileError(f"{path}: is a folder; give a file")
        if path.stat().st_size > _MAX_BYTES:
            raise InputFileError(f"{path}: larger than {_MAX_BYTES // 2**20} MiB, which no file of this kind is")
        data = path.read_bytes()
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
    if not data:
        raise InputFileError(f"{path}: is empty")
    return data


def write_midi(sequence: NoteSequence, path: str | Path, text: str | None = None, overwrite: bool = False) -> Path:
    """Writes a sequence as a MIDI file, whole or not at all.

    Args:
        sequence: The notes.
        path: Where; its folder must exist. A file that has the very same bytes already is left alone.
        text: A text meta event to carry at the start; `read_midi_text` reads it back.
        overwrite: Whether another file of that name may be replaced.

    Returns:
        The path.

    Raises:
        OutputError: If the file cannot be written, or exists with other contents.
    """
    path = Path(path)
    data = midi_bytes(sequence, text)
    try:
        if path.exists() and path.read_bytes() == data:
            return path
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already; name another file")
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def write_new(folder: Path, stem: str, data: bytes, suffix: str = ".mid") -> Path:
    """Writes a file that replaces no other: of taken names the next free one, STEM-2.mid and so on, is used.

    A file that has the very same bytes already is left alone.

    Returns:
        The path.

    Raises:
        OutputError: If the file or its folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for copy in itertools.count(1):
            path = folder / (f"{stem}{suffix}" if copy == 1 else f"{stem}-{copy}{suffix}")
            if not path.exists():
                write_whole(path, data)
                break
            if path.read_bytes() == data:
                break
    except OSError as error:
        raise OutputError(f"{folder}: {stem}{suffix} cannot be written there ({error.strerror})") from error
    return path


def midi_bytes(sequence: NoteSequence, text: str | None = None) -> bytes:
    """Returns the bytes that `write_midi` writes."""
    midi = note_seq.note_sequence_to_pretty_midi(sequence)
    if text is not None:
        # MIDI texts are bytes of no given code; ASCII means the same in all of them.
        midi.text_events.append(pretty_midi.Text(text.encode("ascii", "backslashreplace").decode("ascii"), 0.0))
    buffer = io.BytesIO()
    midi.write(buffer)
    return buffer.getvalue()


def read_midi_text(path: str | Path) -> list[str]:
    """Returns the text meta events of a MIDI file.

    Raises:
        InputFileError: If it is no readable MIDI file.
    """
    data = read_bytes(Path(path))
    try:
        tracks = mido.MidiFile(file=io.BytesIO(data)).tracks
    except Exception as error:
        raise InputFileError(f"{path}: not a readable MIDI file") from error
    return [message.text for track in tracks for message in track if message.type == "text"]


def _sequence_from_midi(data: bytes) -> NoteSequence:
    if not data.startswith(b"MThd"):
        raise InputFileError("not a MIDI file (it does not start with MThd)")
    midi = mido.MidiFile(file=io.BytesIO(data))
    if midi.ticks_per_beat < 1:
        raise InputFileError(f"its division of {midi.ticks_per_beat} ticks a quarter note is not supported")
    if max((sum(message.time for message in track) for track in midi.tracks), default=0) > _MAX_TICKS:
        raise InputFileError(f"lasts more than {_MAX_TICKS} ticks; it is damaged")
    return midi_io.midi_to_note_sequence(data)


def read_tunes(path: Path) -> tuple[dict[int | None, NoteSequence], list[str]]:
    """Reads all tunes of an ABC file by number, and why each other one could not be read.

    Raises:
        InputFileError: If the file cannot be read, or holds no tune.
    """
    try:
        return _tunes_from_abc(read_bytes(path))
    except InputFileError as error:
        raise InputFileError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    # As in `read_sequence`.
    except Exception as error:
        raise InputFileError(f"{path}: not a readable ABC file ({type(error).__name__})") from error


def _sequence_from_abc(data: bytes) -> NoteSequence:
    tunes, _ = _tunes_from_abc(data)
    return next(iter(tunes.values()))


def _tunes_from_abc(data: bytes) -> tuple[dict[int | None, NoteSequence], list[str]]:
    text = data.decode("utf-8", "replace")
    # A tune begins at its X: line; note_seq reports tunes that it cannot parse without raising.
    if not re.search(r"^X:", text, re.MULTILINE):
        raise InputFileError("not a readable ABC file (no tune starts with X:)")
    tunes, problems = abc_parser.parse_abc_tunebook(text)
    if not tunes:
        raise InputFileError(f"no tune in it could be read ({problems[0] if problems else 'it is empty'})")
    return {number: tunes[number] for number in sorted(tunes)}, [" ".join(str(p).split()) for p in problems]
