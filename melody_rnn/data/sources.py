"""What datasets are made of, as scores: music files of any kind, and TFRecords of NoteSequences."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from melody_rnn.data.tfrecords import SUFFIX as RECORDS_SUFFIX
from melody_rnn.data.tfrecords import is_record_file, read_note_sequence, read_records
from melody_rnn.errors import InputFileError, unnamed
from melody_rnn.formats import reading
from melody_rnn.formats.reading import ScoreSource, score_sources
from melody_rnn.formats.score import Score

SUFFIXES: Final = (*reading.SUFFIXES, RECORDS_SUFFIX)


def is_source(path: Path) -> bool:
    """Returns whether `read_sources` reads a file: music by its name, or a TFRecord, which may have any name."""
    return reading.is_music(path) or (not path.name.startswith("._") and is_record_file(path))


def holds_many(path: Path) -> bool:
    """Returns whether a file may hold more than one score."""
    return reading.holds_many(path) or _is_record_file(path)


def read_sources(path: Path, first: int = 0, stride: int = 1) -> Iterator[ScoreSource]:
    """Yields each `stride`-th score of a file from score `first` on, not read yet.

    Raises:
        InputFileError: If the file itself cannot be read; the message does not name it.
    """
    try:
        if _is_record_file(path):
            yield from _records(path, first, stride)
            return
        for source in score_sources(path):
            if source.index >= first and not (source.index - first) % stride:
                yield source
    except InputFileError as error:
        raise InputFileError(unnamed(error, path)) from error


def _is_record_file(path: Path) -> bool:
    return path.suffix.lower() not in reading.SUFFIXES


def _records(path: Path, first: int, stride: int) -> Iterator[ScoreSource]:
    index = None
    for number, record in enumerate(read_records(path, first, stride)):
        index = first + number * stride
        yield ScoreSource(index, "", _reader(record))
    if index is None and not first:
        raise InputFileError("no record in it")


def _reader(record: bytes) -> Callable[[], Score]:
    def read() -> Score:
        from melody_rnn.formats.note_sequences import score_from_sequence

        sequence = read_note_sequence(record)
        score = score_from_sequence(sequence)
        return replace(score, title=score.title or sequence.filename)

    return read
