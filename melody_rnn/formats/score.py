"""A score: what a music file holds, before a melody is taken out of it.

Times are in quarter notes from the score's start, exact, and as written: every section stands once, its endings one
after the other.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter

Mark = Literal["segno", "coda", "fine", "to_coda", "da_capo", "dal_segno"]
"""Signs that say where to go on: 'segno' and 'coda' stand at a bar's start, the others at its end."""

ACCOMPANIMENT: Final = "accompaniment"
"""How the names of parts begin that accompany a melody and are none."""
MAX_PARTS: Final = 256
"""Parts of the largest score that is read."""


class Note(NamedTuple):
    """A note, ties joined; grace notes are none.

    Attributes:
        start: Where it begins, in quarter notes.
        end: Where it ends, in quarter notes; after `start`.
        pitch: MIDI pitch as it sounds, 0 to 127.
        voice: The voice of its part, from 0 on; the first one written is 0.
        strength: How hard it is struck, as a share of how hard a melody is.
    """

    start: Fraction
    end: Fraction
    pitch: int
    voice: int = 0
    strength: float = 1.0


@dataclass(frozen=True)
class Part:
    """What one instrument, or one voice of an ABC tune, plays.

    Attributes:
        notes: By start; those that start together by voice, then from the highest down.
        name: Its name, or an empty string.
        program: General MIDI instrument, 0 to 127.
        is_drums: Whether its pitches stand for drums.
    """

    notes: tuple[Note, ...]
    name: str = ""
    program: int = 0
    is_drums: bool = False

    @property
    def is_accompaniment(self) -> bool:
        """Whether it accompanies a melody, by its name."""
        return self.name.startswith(ACCOMPANIMENT)

    @property
    def may_be_melody(self) -> bool:
        """Whether it has notes that may be a melody: it is neither drums nor an accompaniment."""
        return bool(self.notes) and not self.is_drums and not self.is_accompaniment


class Bar(NamedTuple):
    """A bar as written, and the signs that stand at it. It ends where the next one starts, the last at the score's end.

    Attributes:
        start: Where it begins, in quarter notes.
        opens_repeat: Whether a repeat begins with it (the sign ``|:``).
        times: How often what is repeated is played, if a repeat ends with it (the sign ``:|`` is 2); else 1.
        endings: The numbers over the bracket that begins with it, as 1 and 3 of ``|1,3``; empty if none begins.
        is_double: Whether a double or final bar line stands at its end, or another sign that a section ends.
        label: What is written over its start to name the section, as A; or an empty string.
        marks: What else stands at it.
    """

    start: Fraction
    opens_repeat: bool = False
    times: int = 1
    endings: tuple[int, ...] = ()
    is_double: bool = False
    label: str = ""
    marks: frozenset[Mark] = frozenset()


class MeterChange(NamedTuple):
    """A time signature and where it holds from, in quarter notes."""

    start: Fraction
    meter: Meter


class KeyChange(NamedTuple):
    """A key signature and where it holds from, in quarter notes; None where it is none of the usual ones."""

    start: Fraction
    key: Key | None


class TempoChange(NamedTuple):
    """A tempo, in quarter notes a minute, and where it holds from, in quarter notes."""

    start: Fraction
    qpm: float


class ChordSymbol(NamedTuple):
    """A chord symbol as people write it, such as Am7 or D/F#, and where it stands, in quarter notes."""

    start: Fraction
    symbol: str


@dataclass(frozen=True)
class Score:
    """A piece of music as a file holds it.

    Attributes:
        parts: In the file's order; drums too.
        bars: By start, the first at 0, gapless, at least one. A first bar shorter than its meter is a pickup.
        end: Where the last bar ends, in quarter notes.
        meters: By start, the first at 0; empty if the file has none.
        keys: By start; empty if the file has none.
        tempos: By start; empty if the file has none. The first one holds from the beginning, wherever it stands.
        chords: Chord symbols by start.
        title: The title, or an empty string.
        composer: Who made it, or an empty string.
        text: What a program wrote into the file about its making, or an empty string.
        remarks: What the reader left out or decided, a sentence each.
    """

    parts: tuple[Part, ...]
    bars: tuple[Bar, ...]
    end: Fraction
    meters: tuple[MeterChange, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    tempos: tuple[TempoChange, ...] = ()
    chords: tuple[ChordSymbol, ...] = ()
    title: str = ""
    composer: str = ""
    text: str = ""
    remarks: tuple[str, ...] = field(default=(), compare=False)


def encodable(text: str) -> str:
    """Returns a text as files can hold it: halves of surrogate pairs, which no encoding has, become question marks."""
    return text.encode("utf-8", "replace").decode()


def at_tempo(score: Score, beats_per_minute: float) -> Score:
    """Returns a score that begins at another tempo; its later tempos change in proportion.

    Args:
        score: The score.
        beats_per_minute: Beats of its first meter, as `Meter.tempo_beat` counts them; above 0.
    """
    meter = score.meters[0].meter if score.meters else COMMON_TIME
    qpm = beats_per_minute * float(meter.tempo_beat)
    if not score.tempos:
        return replace(score, tempos=(TempoChange(Fraction(0), qpm),))
    factor = qpm / score.tempos[0].qpm
    return replace(score, tempos=tuple(change._replace(qpm=change.qpm * factor) for change in score.tempos))
