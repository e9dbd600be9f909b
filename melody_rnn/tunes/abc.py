"""ABC tune books to melodies, through symusic's reader (which carries abcmidi).

The reader plays ornaments, swings hornpipes and expands repeats; a melody model wants the tune as it is written, so
all of that is taken out of the text first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import symusic
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NO_EVENT, NOTE_OFF

_TUNE_START: Final = re.compile(r"^X:", re.MULTILINE)
_FIELD: Final = re.compile(r"^[A-Za-z]:")
# The header's fields that change which notes sound and where bars begin.
_KEPT_FIELDS: Final = ("X", "M", "L", "K")
_CHORD_SYMBOL, _GRACE_NOTES, _NAMED_DECORATION = r'"[^"\n]*"', r"\{[^}\n]*\}", r"![^!\n]*!|\+[a-zA-Z()<>.]+\+"
_SHORT_DECORATION: Final = r"[~uvHJLMOPRSTu.](?=[\^_=A-Ga-g\[])"
_NOT_NOTES: Final = re.compile(
    "|".join((_CHORD_SYMBOL, _GRACE_NOTES, _NAMED_DECORATION, r"%.*", r"\\$", _SHORT_DECORATION))
)
_BAR_LINES: Final = re.compile(r":+\||\|:+|:+:+|\|\]|\[\||\|+")
_ENDINGS: Final = re.compile(
    r"(\||^|\s)\[?\s*[1-9](?:[,-][1-9])*(?=[\s^_=A-Ga-gz(\"|])"  # |1, [1 after a space, 1-3
    r"|\[[1-9]"
)
_COMMON_TIME: Final = {"C": Fraction(4, 4), "C|": Fraction(2, 2)}
_SHORTEST_PICKUP: Final = 1 / 64


@dataclass(frozen=True)
class AbcTune:
    """A tune as it is played once through.

    Attributes:
        title: Its first title.
        events: [num_steps] int8 melody events, bar lines on multiples of `steps_per_bar`.
        steps_per_bar: Steps in a bar.
    """

    title: str
    events: NDArray[np.int8]
    steps_per_bar: int


def split_tunes(text: str) -> Iterator[str]:
    """Yields the texts of a tune book's tunes, each from its X: line on."""
    starts = [match.start() for match in _TUNE_START.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[start:end]


def read_tune(text: str, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> AbcTune:
    """Reads one tune.

    Raises:
        MelodyError: If it has no notes, changes its meter, or its bar is no whole number of steps.
    """
    header, body = _split_header(text)
    meters = re.findall(r"\[?M:\s*([^\]\s%]+)", text)
    if len(set(meters)) > 1:
        raise MelodyError("its meter changes")
    meter = _parse_meter(meters[0] if meters else "4/4")
    steps_per_bar = meter * 4 * steps_per_quarter
    if steps_per_bar.denominator != 1:
        raise MelodyError("its bar is no whole number of steps")
    body = _plain(body)
    notes = _play(header, body)
    events = _to_events(notes, _pickup_quarters(header, body, float(4 * meter)), steps_per_quarter)
    title = re.search(r"^T:\s*(.*?)\s*$", text, re.MULTILINE)
    return AbcTune(title.group(1) if title else "", events, int(steps_per_bar))


def _split_header(text: str) -> tuple[str, str]:
    """Returns the header's fields that matter, the key last as it must be, and the lines of music."""
    header: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        is_field = _FIELD.match(line)
        if is_field and not body and "K" not in header:
            header |= {line[0]: line} if line[0] in _KEPT_FIELDS and line[0] not in header else {}
        elif (is_field and line[0] in "KL") or (not is_field and "K" in header):
            body.append(line)
    key = header.pop("K", "K:C")
    return "\n".join((*header.values(), key)), "\n".join(body)


def _plain(body: str) -> str:
    """Returns music without ornaments, chord symbols, comments and repeats."""
    lines = []
    for line in body.splitlines():
        if not _FIELD.match(line):
            line = _BAR_LINES.sub("|", _ENDINGS.sub(r"\1", _BAR_LINES.sub("|", _NOT_NOTES.sub("", line))))
        if line.strip():
            lines.append(line)
    return "\n".join(lines)


def _play(header: str, body: str) -> list[tuple[float, float, int]]:
    """Returns the (start, end, pitch) of each note, in quarter notes, by start."""
    try:
        score = symusic.Score.from_abc(f"{header}\n{body}\n")
    except Exception as error:
        raise MelodyError("the ABC reader cannot read it") from error
    ticks = score.ticks_per_quarter
    notes = [(note.start / ticks, note.end / ticks, note.pitch) for track in score.tracks[:1] for note in track.notes]
    if not notes:
        raise MelodyError("it has no notes")
    return sorted(notes)


def _pickup_quarters(header: str, body: str, quarters_per_bar: float) -> float:
    """Returns how many quarter notes of rest make the first, incomplete bar a whole one."""
    first_bar = body.lstrip(" |\n").partition("|")[0]
    try:
        length = max(end for _, end, _ in _play(header, f"{first_bar}|"))
    except MelodyError:
        return 0.0
    missing = quarters_per_bar - length
    return missing if _SHORTEST_PICKUP < missing < quarters_per_bar else 0.0


def _to_events(notes: list[tuple[float, float, int]], pickup: float, steps_per_quarter: int) -> NDArray[np.int8]:
    """Returns the melody's events; of notes that fall onto one step, as triplets of sixteenths do, the highest."""

    def step(quarters: float) -> int:
        return int((quarters + pickup) * steps_per_quarter + 0.5)

    events = np.full(max(step(end) for _, end, _ in notes) or 1, NO_EVENT, np.int8)
    for _, end, _ in notes:
        if step(end) < len(events):
            events[step(end)] = NOTE_OFF
    for start, _, pitch in notes:
        if step(start) < len(events):
            events[step(start)] = max(pitch, int(events[step(start)]))
    return events


def _parse_meter(text: str) -> Fraction:
    try:
        meter = _COMMON_TIME[text] if text in _COMMON_TIME else Fraction(text)
    except (ValueError, ZeroDivisionError):
        meter = Fraction(0)
    if not 0 < meter <= 8:
        raise MelodyError("its meter is unknown")
    return meter
