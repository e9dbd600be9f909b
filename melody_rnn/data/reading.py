"""Music files of any kind to pieces."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from melody_rnn.data.abc import AbcTune, decode_text, read_tune, split_tunebook
from melody_rnn.formats.grid import Pad
from melody_rnn.data.pieces import Key, Meter, Piece, PieceNote
from melody_rnn.data.repeats import Repeats
from melody_rnn.data.tfrecords import SUFFIX as RECORDS_SUFFIX
from melody_rnn.data.tfrecords import is_record_file, read_note_sequence, read_records
from melody_rnn.errors import InputFileError
from melody_rnn.events import DEFAULT_QPM
from melody_rnn.music.tempos import quarter_clock

if TYPE_CHECKING:
    from note_seq import NoteSequence

ABC_SUFFIX: Final = ".abc"
SUFFIXES: Final = (ABC_SUFFIX, ".mid", ".midi", ".musicxml", ".xml", ".mxl", RECORDS_SUFFIX)
_MAX_ABC_BYTES: Final = 512 * 2**20
_SEMITONES_PER_FIFTH: Final = 7
# Times in seconds carry rounding errors; notes on the boundary between two steps must not be sorted by them.
_DECIMALS: Final = 6


def is_music(path: Path) -> bool:
    """Returns whether a file is of a kind that `read_pieces` reads; TFRecords may have any name."""
    return path.suffix.lower() in SUFFIXES or is_record_file(path)


def holds_tunes(path: Path) -> bool:
    """Returns whether a file may hold more than one tune."""
    suffix = path.suffix.lower()
    return suffix in (ABC_SUFFIX, RECORDS_SUFFIX) or suffix not in SUFFIXES


def read_pieces(
    path: Path, repeats: Repeats, first: int = 0, stride: int = 1
) -> Iterator[tuple[int, str, Callable[[], Piece]]]:
    """Yields (index, title, reader) of each `stride`-th tune of a file from tune `first` on.

    A reader raises InputFileError. Only ABC files and TFRecords hold more than one tune.

    Raises:
        InputFileError: If the file itself cannot be read.
    """
    if not holds_tunes(path):
        yield 0, "", lambda: _read_sequence_file(path)
        return
    if path.suffix.lower() != ABC_SUFFIX:
        yield from _read_record_file(path, first, stride)
        return
    num_tunes = 0
    for tune in split_tunebook(decode_text(_read_abc(path))):
        num_tunes += 1
        if tune.index >= first and not (tune.index - first) % stride:
            yield tune.index, tune.title, _tune_reader(tune, repeats)
    if not num_tunes:
        raise InputFileError("no tune in it starts with X:")


def piece_from_sequence(sequence: "NoteSequence") -> Piece:
    """Returns a NoteSequence as a piece: its instruments without drums, times in quarter notes.

    A first bar that has a shorter meter of its own, as notation programs write a pickup, is taken for one.
    """
    tempos = _tempos(sequence)
    clock = quarter_clock(tempos)

    def quarters(seconds: float) -> float:
        return round(clock(seconds), _DECIMALS)

    parts: dict[int, list[PieceNote]] = {}
    for note in sequence.notes:
        if note.velocity and not note.is_drum:
            own = PieceNote(quarters(note.start_time), quarters(note.end_time), note.pitch)
            parts.setdefault(note.instrument, []).append(own)
    meters = [Meter(quarters(m.time), m.numerator, m.denominator) for m in sequence.time_signatures]
    meters, pads = _merge_pickup(sorted(meters))
    changes = tuple(quarters(time) for (_, before), (time, qpm) in pairwise(tempos) if qpm != before)
    title = sequence.sequence_metadata.title
    return Piece(
        tuple(tuple(parts[number]) for number in sorted(parts)), tuple(meters), changes, pads, _key(sequence), title
    )


def _read_sequence_file(path: Path) -> Piece:
    from melody_rnn.music.sequence_io import read_sequence  # note_seq takes seconds to import.

    try:
        return piece_from_sequence(read_sequence(path))
    except InputFileError as error:
        # The report names the file beside the reason.
        raise InputFileError(str(error).removeprefix(f"{path}: ")) from error


def _read_record_file(path: Path, first: int, stride: int) -> Iterator[tuple[int, str, Callable[[], Piece]]]:
    index = None
    for number, record in enumerate(read_records(path, first, stride)):
        index = first + number * stride
        yield index, "", _record_reader(record)
    if index is None and not first:
        raise InputFileError("no record in it")


def _record_reader(record: bytes) -> Callable[[], Piece]:
    def read() -> Piece:
        sequence = read_note_sequence(record)
        piece = piece_from_sequence(sequence)
        return replace(piece, title=piece.title or sequence.filename)

    return read


def _read_abc(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_ABC_BYTES:
            raise InputFileError(f"larger than {_MAX_ABC_BYTES // 2**20} MiB; cut it into several files")
        return path.read_bytes()
    except OSError as error:
        raise InputFileError(f"cannot be read ({error.strerror})") from error


def _tune_reader(tune: AbcTune, repeats: Repeats) -> Callable[[], Piece]:
    return lambda: read_tune(tune, repeats)


def _tempos(sequence: "NoteSequence") -> list[tuple[float, float]]:
    """Returns (seconds, qpm) of each tempo, the first at 0."""
    tempos = sorted((tempo.time, tempo.qpm) for tempo in sequence.tempos if tempo.qpm > 0)
    if not tempos or tempos[0][0] > 0:
        tempos.insert(0, (0.0, DEFAULT_QPM))
    return tempos


def _merge_pickup(meters: list[Meter]) -> tuple[list[Meter], tuple[Pad, ...]]:
    if len(meters) > 1 and meters[0].start == 0 and meters[0].denominator and meters[1].denominator:
        first, second = (4 * meter.numerator / meter.denominator for meter in meters[:2])
        if first < second and abs(meters[1].start - first) < 10**-3:
            return [meters[1]._replace(start=0.0), *meters[2:]], (Pad(0.0, second - first),)
    return meters, ()


def _key(sequence: "NoteSequence") -> Key | None:
    if not sequence.key_signatures:
        return None
    signature = sequence.key_signatures[0]
    tonic = int(signature.key) % 12
    relative_major = tonic + (3 if signature.mode == signature.MINOR else 0)
    sharps = (relative_major * _SEMITONES_PER_FIFTH) % 12
    return Key(sharps - 12 if sharps > 6 else sharps, tonic)
