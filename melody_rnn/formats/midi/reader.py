"""MIDI files to scores, through symusic.

Tracks are parts. The meters give the bars; a short first meter that lasts one bar, as notation programs write a pickup,
makes a short first bar. The first tempo is that of the beginning, wherever it stands.
"""

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from melody_rnn.errors import InputFileError
from melody_rnn.formats.measures import first_bar_is_pickup, measure
from melody_rnn.formats.midi import CHORD_PREFIX
from melody_rnn.formats.midi.meta import MARKER, TEXT, TRACK_NAME, MetaEvent, first_track_meta, num_tracks
from melody_rnn.formats.score import (
    ACCOMPANIMENT,
    MAX_PARTS,
    ChordSymbol,
    KeyChange,
    MeterChange,
    Note,
    Part,
    Score,
    TempoChange,
)
from melody_rnn.music.keys import MAX_SHARPS, Key
from melody_rnn.music.meters import Meter

MAX_NOTES: Final = 200_000
"""Notes beyond which a file is no tune that anybody reads."""
_MAX_QUARTERS: Final = 100_000
_MAX_TICKS_PER_QUARTER: Final = 0x7FFF
_SLOWEST_QPM, _FASTEST_QPM = 3.5, 100_000.0
_FULL_VELOCITY: Final = 100


def read_midi(data: bytes) -> Score:
    """Reads a MIDI file of type 0 or 1.

    Args:
        data: The file's bytes.

    Raises:
        InputFileError: If it is no MIDI file that can be read, or far larger than any tune; the message does not name
            the file.
    """
    if not data.startswith(b"MThd"):
        raise InputFileError("not a MIDI file (it does not start with MThd)")
    division = int.from_bytes(data[12:14], "big")
    if not 1 <= division <= _MAX_TICKS_PER_QUARTER:
        raise InputFileError("its times are in frames a second (SMPTE), not in ticks a quarter note; export it anew")
    file = _parse(data)
    ticks = _clock(division)
    tracks = [track for track in file.tracks if len(track.notes)]
    if len(tracks) > MAX_PARTS:
        raise InputFileError(f"{len(tracks)} tracks with notes; at most {MAX_PARTS} are read")
    num_notes = sum(len(track.notes) for track in tracks)
    last = max((int(track.end()) for track in tracks), default=0)
    if num_notes > MAX_NOTES or last > _MAX_QUARTERS * division:
        raise InputFileError(
            f"{num_notes} notes in {last // division} quarter notes; at most {MAX_NOTES} in {_MAX_QUARTERS} are read"
        )
    meters = _meters(file, ticks)
    meters, pickup = first_bar_is_pickup(meters)
    end = max([ticks(last), *(change.start for change in meters)])
    meta = first_track_meta(data)
    bars, end = measure(
        meters, pickup, end, [(ticks(event.tick), event.text) for event in meta if event.kind == MARKER]
    )
    return Score(
        parts=tuple(_part(track, ticks) for track in tracks),
        bars=bars,
        end=end,
        meters=tuple(meters),
        keys=tuple(KeyChange(ticks(k.time), _key(int(k.key), int(k.tonality))) for k in file.key_signatures),
        tempos=_tempos(file, ticks),
        chords=_chords(meta, ticks),
        title=_title(meta, len(tracks), num_tracks(data)),
        text=next((event.text for event in meta if event.kind == TEXT and _is_about(event.text)), ""),
    )


def _parse(data: bytes) -> Any:
    import symusic  # It starts a search for its sound fonts and programs when imported.

    try:
        return symusic.Score.from_midi(data, sanitize_data=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InputFileError(f"not a readable MIDI file ({reason})") from error


def _clock(division: int) -> Callable[[int], Fraction]:
    """Returns the function from ticks to quarter notes."""

    @lru_cache(maxsize=65_536)
    def quarters(tick: int) -> Fraction:
        return Fraction(tick, division)

    return quarters


def _part(track: Any, ticks: Callable[[int], Fraction]) -> Part:
    columns = track.notes.numpy()
    starts, lengths = columns["time"].tolist(), columns["duration"].tolist()
    pitches, velocities = columns["pitch"].tolist(), columns["velocity"].tolist()
    rows = zip(starts, lengths, pitches, velocities, strict=True)
    name = track.name.strip()
    has_strengths = name.startswith(ACCOMPANIMENT)
    notes = [
        Note(ticks(start), ticks(start + max(length, 1)), pitch, 0, velocity / _FULL_VELOCITY if has_strengths else 1.0)
        for start, length, pitch, velocity in rows
        if velocity and pitch >= 0
    ]
    notes.sort(key=lambda note: (note.start, -note.pitch))
    return Part(tuple(notes), name, min(max(int(track.program), 0), 127), bool(track.is_drum))


def _meters(file: Any, ticks: Callable[[int], Fraction]) -> list[MeterChange]:
    """Returns the meters that can be, the first at 0; of several at one time the last one."""
    found: dict[Fraction, Meter] = {}
    for signature in file.time_signatures:
        meter = Meter(int(signature.numerator), int(signature.denominator))
        if meter.is_usual:
            found[ticks(int(signature.time))] = meter
    changes = [MeterChange(start, meter) for start, meter in sorted(found.items())]
    kept: list[MeterChange] = []
    for change in changes:
        if not kept or kept[-1].meter != change.meter:
            kept.append(change)
    return kept


def _tempos(file: Any, ticks: Callable[[int], Fraction]) -> tuple[TempoChange, ...]:
    changes: list[TempoChange] = []
    for tempo in file.tempos:
        # Rounded, for a file holds whole microseconds a quarter.
        qpm = round(60e6 / tempo.mspq, 3) if tempo.mspq else 0.0
        if _SLOWEST_QPM <= qpm <= _FASTEST_QPM and not (changes and changes[-1].qpm == qpm):
            changes.append(TempoChange(ticks(int(tempo.time)), qpm))
    return tuple(changes)


def _key(sharps: int, tonality: int) -> Key | None:
    if abs(sharps) > MAX_SHARPS or tonality not in (0, 1):
        return None
    return Key(sharps, "minor" if tonality else "major")


def _chords(meta: Sequence[MetaEvent], ticks: Callable[[int], Fraction]) -> tuple[ChordSymbol, ...]:
    return tuple(
        ChordSymbol(ticks(event.tick), event.text.removeprefix(CHORD_PREFIX))
        for event in meta
        if event.kind == TEXT and event.text.startswith(CHORD_PREFIX)
    )


def _title(meta: Sequence[MetaEvent], num_parts: int, num_chunks: int) -> str:
    """Returns the name of a first track without notes; that of one with notes names an instrument."""
    name = next((event.text.strip() for event in meta if event.kind == TRACK_NAME), "")
    return name if num_parts < num_chunks else ""


def _is_about(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
