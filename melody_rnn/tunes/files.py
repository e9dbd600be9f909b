"""Tunes in files: read from any kind of music file, and written as any."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, OutputError, unnamed
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.files import write_whole
from melody_rnn.formats.accompaniment import Accompaniment, parse_accompaniment
from melody_rnn.formats.reading import read_score, score_sources
from melody_rnn.tunes.from_score import fitting_grid, tunes_of_score
from melody_rnn.tunes.to_score import about_text, score_of
from melody_rnn.tunes.tune import Tune

if TYPE_CHECKING:
    from note_seq import NoteSequence

AUDIO_KINDS: Final = ("wav", "flac", "ogg", "mp3")
NOTATION_KINDS: Final = ("abc", "musicxml", "xml", "mxl")
SHEET_KINDS: Final = ("svg", "png", "pdf")
KINDS: Final = ("mid", *NOTATION_KINDS, *SHEET_KINDS, *AUDIO_KINDS)


def read_tunes(path: str | Path, steps_per_quarter: int | Sequence[int] = DEFAULT_STEPS_PER_QUARTER) -> list[Tune]:
    """Reads all tunes of a music file: those of an ABC tune book, the parts of a MIDI or MusicXML file but drums.

    Tunes are as written: each section once, with the last of its endings; `Tune.played` performs the repeats.

    Args:
        path: A .mid, .midi, .musicxml, .xml, .mxl or .abc file.
        steps_per_quarter: Steps in a quarter note; of several numbers, rising, each tune is read at the first on whose
            grid all its notes begin and end, or else at the last.

    Raises:
        InputFileError: If the file cannot be read, or no tune in it; the message names the file.
        MelodyError: If there is no note in it that could be a melody.
    """
    path = Path(path)
    grids = [steps_per_quarter] if isinstance(steps_per_quarter, int) else steps_per_quarter
    tunes: list[Tune] = []
    problems: list[InputFileError | MelodyError] = []
    for source in score_sources(path):
        try:
            score = source.read()
            tunes += tunes_of_score(score, fitting_grid(score, grids))
        except (InputFileError, MelodyError) as error:
            problems.append(error)
    if not tunes:
        raise type(problems[0])(f"{path}: {problems[0]}") from problems[0]
    if problems:
        left_out = f"{len(problems)} more of the file could not be read (the first: {problems[0]})"
        tunes[0] = replace(tunes[0], remarks=(left_out, *tunes[0].remarks))
    return tunes


def read_tune(path: str | Path, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER, number: int = 1) -> Tune:
    """Reads one tune of a music file, as `read_tunes` does; of a tune book no other tune is looked at.

    Args:
        path: The file.
        steps_per_quarter: Steps in a quarter note.
        number: Which tune of a tune book, or which part of another file, from 1.

    Raises:
        InputFileError: If the file cannot be read, or has fewer tunes; the message names the file.
        MelodyError: If there is no note in it that could be a melody.
    """
    path = Path(path)
    score = read_score(path, None if number == 1 else number)
    try:
        return tunes_of_score(score, steps_per_quarter)[0]
    except (InputFileError, MelodyError) as error:
        raise type(error)(f"{path}: {unnamed(error, path)}") from error


def tune_bytes(
    tunes: Sequence[Tune],
    kind: str,
    velocity: int = 100,
    midi_type: int = 1,
    accompaniment: Accompaniment | None = None,
) -> bytes:
    """Returns tunes as the bytes of a file.

    Args:
        tunes: One tune; several for an ABC tune book or a PDF.
        kind: One of `KINDS`.
        velocity: How hard notes are struck, 1 to 127.
        midi_type: Of a MIDI file: 1 for a track of tempos beside the notes, 0 for one track.
        accompaniment: How sound and MIDI play the chords with the melody, or None.

    Raises:
        InvalidArgumentError: If the kind is unknown, or a file of it holds one tune and there are more.
        MelodyError: If there are no chords to accompany it with, or not so in its meter.
    """
    if kind not in KINDS:
        raise InvalidArgumentError(f"the kind of file must be one of {', '.join(KINDS)}, got {kind or 'none'}")
    if len(tunes) != 1 and kind not in ("abc", "pdf"):
        raise InvalidArgumentError(f"a .{kind} file holds one tune, got {len(tunes)}")
    if kind == "mid":
        return midi_of(tunes[0], velocity, midi_type, accompaniment)
    if kind in AUDIO_KINDS:
        from melody_rnn.formats.audio import audio_bytes, render

        return audio_bytes(render(tunes[0].to_sequence(velocity, accompaniment)), kind)  # type: ignore[arg-type]
    return _notation_bytes(tunes, kind)


def midi_of(tune: Tune, velocity: int = 100, midi_type: int = 1, accompaniment: Accompaniment | None = None) -> bytes:
    """Returns a tune, as it is played, as the bytes of a MIDI file.

    Args:
        tune: The tune.
        velocity: How hard notes are struck, 1 to 127.
        midi_type: 1 for a track of tempos beside the notes, 0 for one track.
        accompaniment: How its chords are played with it, in tracks after the melody's, or None.
    """
    played = tune.played()
    return midi_of_sequence(played, played.to_sequence(velocity, accompaniment), midi_type)


def midi_of_sequence(played: Tune, sequence: "NoteSequence", midi_type: int = 1) -> bytes:
    """Returns a played tune, with all that a sequence made of it holds, as the bytes of a MIDI file."""
    from melody_rnn.formats.midi.writer import midi_bytes

    seconds_per_step = 60 / (played.tempo * played.steps_per_quarter)
    offset = played.first_step * seconds_per_step
    markers = [(section.start * seconds_per_step - offset, section.label) for section in played.sections]
    return midi_bytes(sequence, text=about_text(played), title=played.title, markers=markers, midi_type=midi_type)


def write_tune(
    tune: Tune, path: str | Path, overwrite: bool = True, accompaniment: Accompaniment | str | None = None
) -> Path:
    """Writes a tune as a file; see `Tune.write`."""
    path = Path(path)
    how = parse_accompaniment(accompaniment) if isinstance(accompaniment, str) else accompaniment
    data = tune_bytes([tune], path.suffix.lower().removeprefix("."), accompaniment=how)
    try:
        if path.exists() and not overwrite and path.read_bytes() != data:
            raise OutputError(f"{path}: exists already; name another file")
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
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
        raise OutputError(f"{folder}: {stem}{suffix} cannot be written there ({error.strerror or error})") from error
    return path


def _notation_bytes(tunes: Sequence[Tune], kind: str) -> bytes:
    scores = [score_of(tune.written()) for tune in tunes]
    if kind == "abc":
        from melody_rnn.formats.abc.writer import abc_text

        return abc_text(scores).encode()
    if kind in NOTATION_KINDS:
        from melody_rnn.formats.musicxml.writer import musicxml_bytes, mxl_bytes

        return mxl_bytes(scores[0]) if kind == "mxl" else musicxml_bytes(scores[0])
    from melody_rnn.formats.sheet import sheet_pdf, sheet_picture, sheet_png

    if kind == "pdf":
        return sheet_pdf(scores)
    return sheet_png(scores[0]) if kind == "png" else sheet_picture(scores[0]).encode()
