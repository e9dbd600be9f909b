"""Piano rolls: a tune as a picture, bars across and pitches up."""

import io
import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.pitches import note_name
from melody_rnn.tunes.tune import Tune

PictureFormat = Literal["png", "svg"]

PRIMER_COLOUR: Final = "#d1660a"
GENERATED_COLOUR: Final = "#1b5fa8"
BLACK_KEY_COLOUR: Final = "#f0f1f4"
BAR_COLOUR: Final = "#7d828c"
_BEAT_COLOUR: Final = "#d3d6dc"
BLACK_KEYS: Final = (1, 3, 6, 8, 10)
# Between notes, so that a repeated one does not look like a long one.
_GAP_STEPS: Final = 0.3
_FAINTEST: Final = 0.12
_BAR_INCHES: Final = 1.3
_SEMITONE_INCHES: Final = 0.105
_MAX_BARS: Final = 512
_MAX_TITLE: Final = 80
_LEAST_SEMITONES: Final = 14


class RollWords(NamedTuple):
    """What a legend says, in the reader's language."""

    primer: str = "primer"
    generated: str = "generated"
    probability: str = "probability"
    point: str = "."


_ENGLISH: Final = RollWords()


class RollNote(NamedTuple):
    """A note as a piano roll shows it.

    Attributes:
        pitch: MIDI pitch.
        start_step: The step at which it begins.
        end_step: The step at which it is over.
        is_given: Whether it was given and not generated.
        probability: How probable its begin was, or None if that is not known.
    """

    pitch: int
    start_step: int
    end_step: int
    is_given: bool
    probability: float | None

    @property
    def opacity(self) -> float:
        """From nearly transparent at probability 0 to solid at 1 and where the probability is not known."""
        return 1.0 if self.probability is None else _FAINTEST + (1 - _FAINTEST) * self.probability


def roll_notes(tune: Tune) -> list[RollNote]:
    """Returns the notes of a tune, with their probabilities where they were generated and these are known."""
    changes = [step for step, event in enumerate(tune.events) if event != NO_EVENT]
    notes = []
    for start, end in pairwise([*changes, len(tune)]):
        if tune.events[start] >= 0:
            is_given = bool(tune.given) and tune.given[start]
            known = tune.probabilities[start] if tune.probabilities and not is_given else math.nan
            probability = min(max(known, 0.0), 1.0) if math.isfinite(known) else None
            notes.append(RollNote(tune.events[start], start, end, is_given, probability))
    return notes


def draw_piano_roll(
    axes: Axes,
    notes: Sequence[RollNote],
    steps: range,
    meter: Meter = COMMON_TIME,
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER,
    pitches: range | None = None,
    first_bar: int = 1,
) -> None:
    """Draws some steps of a melody.

    Args:
        axes: What to draw on.
        notes: The melody's notes, from `roll_notes`; those outside `steps` are left out.
        steps: The steps to show, from the first one of a bar.
        meter: Where the lines of bars and beats are; a bar has a whole number of steps.
        steps_per_quarter: Steps in a quarter note.
        pitches: The pitches to show; those of the notes where not given.
        first_bar: The number of the bar at step 0: 0 where the tune begins with a pickup.
    """
    pitches = pitches or pitch_range(notes)
    _draw_grid(axes, steps, meter, steps_per_quarter, pitches, first_bar)
    for note in notes:
        start, end = max(note.start_step, steps.start), min(note.end_step, steps.stop)
        if start < end:
            colour = PRIMER_COLOUR if note.is_given else GENERATED_COLOUR
            axes.add_patch(
                Rectangle(
                    (start, note.pitch - 0.44),
                    end - start - _GAP_STEPS,
                    0.88,
                    facecolor=to_rgba(colour, note.opacity),
                    edgecolor=colour,
                    linewidth=0.8,
                    zorder=3,
                )
            )


def plot_piano_roll(
    tune: Tune,
    title: str = "",
    bars_per_row: int = 8,
    words: RollWords = _ENGLISH,
    pitches: range | None = None,
) -> Figure:
    """Returns a picture of a whole tune as it stands, in rows of some bars as in sheet music.

    Given notes have another colour; the more probable a generated note, the more solid it is.

    Args:
        tune: The tune.
        title: What stands above; what the font does not have is left out.
        bars_per_row: At least 1.
        words: What the legend says.
        pitches: The pitches to show; those of the notes where not given.

    Raises:
        MelodyError: If there is no note, or more bars than a picture holds.
        InvalidArgumentError: If an argument is out of its range.
    """
    if bars_per_row < 1:
        raise InvalidArgumentError(f"bars_per_row must be at least 1, got {bars_per_row}")
    notes = roll_notes(tune)
    if not notes:
        raise MelodyError("there is no note in the melody to draw")
    steps_per_bar = tune.steps_per_bar
    num_bars = -(-len(tune) // steps_per_bar)
    if num_bars > _MAX_BARS:
        raise MelodyError(f"it has {num_bars} bars; at most {_MAX_BARS} are drawn")
    num_rows = -(-num_bars // bars_per_row)
    row_bars = -(-num_bars // num_rows)
    pitches = pitches or pitch_range(notes)
    width = 1.0 + max(row_bars * _BAR_INCHES * min(1.0, max(0.7, steps_per_bar / 16)), 4.5)
    row_height = len(pitches) * _SEMITONE_INCHES + 0.3
    figure = Figure(figsize=(width, num_rows * row_height + 0.55), layout="constrained", dpi=110)
    rows = figure.subplots(num_rows, 1, squeeze=False)[:, 0]
    for row, axes in enumerate(rows):
        first = row * row_bars * steps_per_bar
        steps = range(first, first + row_bars * steps_per_bar)
        first_bar = 0 if tune.pickup_steps else 1
        draw_piano_roll(axes, notes, steps, tune.meter, tune.steps_per_quarter, pitches, first_bar)
    rows[0].set_title(_one_line(title), fontsize=10, loc="left", parse_math=False)
    if handles := _legend(notes, words):
        rows[0].legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1.005, 1.0),
            ncols=len(handles),
            fontsize=8,
            frameon=False,
            handlelength=1.4,
            columnspacing=1.2,
            borderaxespad=0.2,
        )
    return figure


def picture_bytes(figure: Figure, file_format: PictureFormat = "png") -> bytes:
    """Returns a figure as the bytes of a file, the same ones for the same figure.

    Raises:
        InvalidArgumentError: If the format is unknown.
    """
    if file_format not in ("png", "svg"):
        raise InvalidArgumentError(f"the picture's format must be png or svg, got {file_format}")
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "melody_rnn", "svg.fonttype": "none"}):
        metadata: dict[str, Any] = {"Date": None} if file_format == "svg" else {}
        figure.savefig(buffer, format=file_format, metadata=metadata)
    return buffer.getvalue()


def pitch_range(notes: Sequence[RollNote]) -> range:
    """Returns the pitches that a picture of these notes shows: theirs, and some around where they are few."""
    lowest, highest = min(note.pitch for note in notes) - 1, max(note.pitch for note in notes) + 1
    missing = max(0, _LEAST_SEMITONES - (highest - lowest + 1))
    return range(lowest - missing // 2, highest + 1 + missing - missing // 2)


def _one_line(text: str) -> str:
    """Returns a title of characters that the font has, no longer than a row."""
    known = _characters()
    kept = " ".join("".join(c if ord(c) in known else " " for c in text).split())
    return kept if len(kept) <= _MAX_TITLE else f"{kept[: _MAX_TITLE - 1]}…"


@cache
def _characters() -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap())


def _draw_grid(axes: Axes, steps: range, meter: Meter, steps_per_quarter: int, pitches: range, first_bar: int) -> None:
    for pitch in pitches:
        if pitch % NOTES_PER_OCTAVE in BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=BLACK_KEY_COLOUR, linewidth=0, zorder=0)
    bar = meter.steps_per_bar(steps_per_quarter)
    beat = _steps_per_beat(meter, steps_per_quarter)
    for line in np.arange(steps.start, steps.stop + 1e-6, beat):
        is_bar = (line - steps.start) % bar == 0
        axes.axvline(line, color=BAR_COLOUR if is_bar else _BEAT_COLOUR, linewidth=1.1 if is_bar else 0.6, zorder=1)
    bars = range(steps.start, steps.stop, bar)
    axes.set_xticks(list(bars), [str(step // bar + first_bar) for step in bars], fontsize=7, ha="left")
    naturals = [pitch for pitch in pitches if pitch % NOTES_PER_OCTAVE not in BLACK_KEYS]
    axes.set_yticks(naturals, [note_name(pitch) for pitch in naturals], fontsize=6.5)
    for label, pitch in zip(axes.get_yticklabels(), naturals, strict=True):
        label.set_fontweight("bold" if pitch % NOTES_PER_OCTAVE == 0 else "normal")
    axes.set_xlim(steps.start, steps.stop)
    axes.set_ylim(pitches.start - 0.5, pitches.stop - 0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_color(BAR_COLOUR)


def _steps_per_beat(meter: Meter, steps_per_quarter: int) -> float:
    """Returns the steps between two beat lines; in compound meters such as 6/8 three of the meter's notes make one."""
    note = 4 * steps_per_quarter / meter.denominator
    return 3 * note if meter.is_compound and meter.numerator > 3 else note


def _legend(notes: Sequence[RollNote], words: RollWords) -> list[Patch]:
    has_primer = any(note.is_given for note in notes)
    handles = [Patch(facecolor=PRIMER_COLOUR, label=words.primer)] if has_primer else []
    if any(note.probability is not None for note in notes):
        for probability in (1.0, 0.5, 0.1):
            number = f"{probability:g}".replace(".", words.point)
            label = f"{words.generated}, {words.probability} {number}" if probability == 1 else number
            face = to_rgba(GENERATED_COLOUR, RollNote(0, 0, 1, False, probability).opacity)
            handles.append(Patch(facecolor=face, edgecolor=GENERATED_COLOUR, linewidth=0.8, label=label))
    elif has_primer:
        handles.append(Patch(facecolor=GENERATED_COLOUR, label=words.generated))
    return handles
