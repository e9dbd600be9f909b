"""`Tune`: a melody with its meter, key and form, the one currency of the package."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_QPM, DEFAULT_STEPS_PER_QUARTER, MAX_PITCH, MIN_PITCH, NO_EVENT
from melody_rnn.music.chords import transpose_chord
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter, meter_of_bar

if TYPE_CHECKING:
    from note_seq import Melody, NoteSequence

    from melody_rnn.formats.accompaniment import Accompaniment


class Chord(NamedTuple):
    """A chord symbol as people write it, such as Am7 or D/F#, and the step where it begins."""

    step: int
    symbol: str


def transpose_chords(chords: Sequence[Chord], amount: int, key: Key | None) -> tuple[Chord, ...]:
    """Returns chords `amount` semitones higher, spelled as in `key`, which they are moved into."""
    return tuple(chord._replace(symbol=transpose_chord(chord.symbol, amount, key)) for chord in chords)


@dataclass(frozen=True)
class Ending:
    """How a section ends on passes before its last one.

    Attributes:
        passes: On which passes, from 1.
        start: The step of the tune from which on it takes the place of what the section has there.
        events: Its events.
        chords: Its chord symbols, their steps counted from its own first one.
    """

    passes: tuple[int, ...]
    start: int
    events: tuple[int, ...]
    chords: tuple[Chord, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of a tune. It goes up to the next section's start.

    Attributes:
        start: Its first step.
        label: What people call it: A, B, ... Sections of one label, one after the other, are passes of the same.
        times: How often it is played.
        endings: How passes before the last one end, where they end otherwise.
    """

    start: int
    label: str = "A"
    times: int = 1
    endings: tuple[Ending, ...] = ()


class Jump(NamedTuple):
    """A da capo or dal segno: after step `after`, steps `start` to `end` (exclusive) are played again."""

    after: int
    start: int
    end: int


@dataclass(frozen=True)
class Origin:
    """What made a tune.

    Attributes:
        model: The model's name.
        seed: Of the run; None for searches that need none.
        index: The tune's number in its run, from 1.
        settings: All that was asked for, as JSON data.
        version: Of melody_rnn.
        engine: What ran the model, 'litert' or 'tensorflow'; empty if that is not known.
    """

    model: str
    seed: int | None = None
    index: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    engine: str = ""


@dataclass(frozen=True)
class Tune:
    """A melody as music: events, bars, key and form.

    A tune is written or played. A written one has every section once, with the ending of its last pass; its sections
    tell how often they are played and how earlier passes end. In a played one all of that is performed. Two tunes are
    equal if they are the same music, whatever made them.

    Attributes:
        events: Events, one a step: -2 no event, -1 note off, 0..127 note on. The first is at the start of a bar: where
            the tune begins with a pickup, 'no event' stands before it.
        meter: The meter of all bars.
        pickup_steps: Steps of the pickup; 0 where the tune begins with a whole bar.
        key: The key, or None if it is not known.
        qpm: The tempo in quarter notes a minute, or None if it is not known.
        sections: In order; if there are none, the whole tune is one section.
        jump: The da capo or dal segno, or None.
        chords: Chord symbols with the steps at which they begin.
        title: The title, or an empty string.
        program: General MIDI instrument, 0 to 127.
        steps_per_quarter: How many steps a quarter note has.
        ends_note: Whether the last note is not to go on if something is added, because its length is known.
        has_triplets: Whether notes on the first, second and fourth sixteenth of a quarter stand for a triplet.
        given: [num_steps], whether each step was given to the model and not generated; empty if nothing was.
        probabilities: [num_steps], of each event at temperature 1 under the model, NaN where it has none; empty if they
            are not known.
        origin: The model, seed and settings that made the tune, or None.
        remarks: What reading the tune left out or decided, a sentence each.
    """

    events: tuple[int, ...]
    meter: Meter = COMMON_TIME
    pickup_steps: int = 0
    key: Key | None = None
    qpm: float | None = None
    sections: tuple[Section, ...] = ()
    jump: Jump | None = None
    chords: tuple[Chord, ...] = ()
    title: str = ""
    program: int = 0
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER
    ends_note: bool = field(default=False, compare=False)
    has_triplets: bool = field(default=False, compare=False)
    given: tuple[bool, ...] = field(default=(), compare=False)
    probabilities: tuple[float, ...] = field(default=(), compare=False)
    origin: Origin | None = field(default=None, compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.events and not NO_EVENT <= min(self.events) <= max(self.events) <= MAX_PITCH:
            outside = next(event for event in self.events if not NO_EVENT <= event <= MAX_PITCH)
            raise MelodyError(f"the event {outside} is outside {NO_EVENT}..{MAX_PITCH}")
        if not 0 <= self.pickup_steps < self.steps_per_bar:
            raise InvalidArgumentError(
                f"pickup_steps must be less than a bar, from 0 to {self.steps_per_bar - 1}, got {self.pickup_steps}"
            )
        for name in ("given", "probabilities"):
            if len(getattr(self, name)) not in (0, len(self.events)):
                raise InvalidArgumentError(
                    f"{name} must have one value for each of the {len(self.events)} steps, "
                    f"got {len(getattr(self, name))}"
                )

    def __iter__(self) -> Iterator[int]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    @classmethod
    def from_melody(cls, melody: "Melody", meter: Meter | None = None, qpm: float | None = None) -> "Tune":
        """Returns a note_seq Melody as a tune; `to_melody` is the inverse.

        Args:
            melody: The melody, from the start of a bar.
            meter: Its meter; where not given, the plainest one of its bars.
            qpm: Quarter notes a minute, or None.

        Raises:
            MelodyError: If an event is out of range.
        """
        meter = meter or meter_of_bar(melody.steps_per_bar, melody.steps_per_quarter)
        events = tuple(int(event) for event in melody)
        return cls(events, meter, qpm=qpm, steps_per_quarter=melody.steps_per_quarter)

    @cached_property
    def steps_per_bar(self) -> int:
        """Steps in a bar."""
        return self.meter.steps_per_bar(self.steps_per_quarter)

    @property
    def first_step(self) -> int:
        """The step where the music begins: 0, or that of the pickup."""
        return self.steps_per_bar - self.pickup_steps if self.pickup_steps else 0

    @property
    def num_bars(self) -> float:
        """Bars of the tune without its pickup; no whole number if the last bar is not whole."""
        return (len(self.events) - (self.steps_per_bar if self.pickup_steps else 0)) / self.steps_per_bar

    @property
    def tempo(self) -> float:
        """Quarter notes a minute; the usual 120 where nobody said."""
        return DEFAULT_QPM if self.qpm is None else self.qpm

    @property
    def form(self) -> str:
        """The labels of the sections as they are played, such as AABB."""
        return "".join(section.label * section.times for section in self.sections)

    @property
    def pitches(self) -> list[int]:
        """The MIDI pitches of its notes, in the order in which they begin."""
        return [event for event in self.events if event >= MIN_PITCH]

    def transpose(self, amount: int) -> "Tune":
        """Returns the tune `amount` semitones higher, key and chord symbols too; what leaves 0..127 moves by octaves.

        Probabilities and what made the tune are kept.
        """
        from melody_rnn.music.transposition import transpose

        key = self.key and self.key.transpose(amount)

        def moved(events: Sequence[int]) -> tuple[int, ...]:
            return tuple(transpose(events, amount).tolist())

        sections = tuple(
            replace(
                section,
                endings=tuple(
                    replace(ending, events=moved(ending.events), chords=transpose_chords(ending.chords, amount, key))
                    for ending in section.endings
                ),
            )
            for section in self.sections
        )
        chords = transpose_chords(self.chords, amount, key)
        return replace(self, events=moved(self.events), chords=chords, key=key, sections=sections)

    def played(self) -> "Tune":
        """Returns the tune with repeats, endings and da capo performed; a tune without them as it is."""
        from melody_rnn.tunes.performance import perform

        return perform(self)

    def written(self) -> "Tune":
        """Returns the tune with passes of one section brought together; the inverse of `played`."""
        from melody_rnn.tunes.performance import fold

        return fold(self)

    def to_melody(self) -> "Melody":
        """Returns the events as a note_seq Melody, from the start of the first bar."""
        from note_seq import Melody

        return Melody(list(self.events), steps_per_bar=self.steps_per_bar, steps_per_quarter=self.steps_per_quarter)

    def to_sequence(self, velocity: int = 100, accompaniment: "Accompaniment | None" = None) -> "NoteSequence":
        """Returns the played tune as a note_seq NoteSequence, with its meter, key, tempo and chord symbols.

        Args:
            velocity: How hard the melody's notes are struck, 1 to 127.
            accompaniment: How its chords are played with it, or None.
        """
        from melody_rnn.formats.note_sequences import sequence_from_score
        from melody_rnn.tunes.to_score import score_of

        score = score_of(self.played(), fills_last_bar=True)
        if accompaniment is not None:
            from melody_rnn.formats.accompaniment import accompany

            score = accompany(score, accompaniment)
        return sequence_from_score(score, velocity)

    def write(
        self, path: str | Path, overwrite: bool = True, accompaniment: "Accompaniment | str | None" = None
    ) -> Path:
        """Writes the tune as a file of the kind that its name says.

        Sound and MIDI have the tune as it is played, notation has it as it is written.

        Args:
            path: A name that ends in .mid, .abc, .musicxml, .xml or .mxl, in .svg, .png or .pdf for sheet music, or in
                .wav, .flac, .ogg or .mp3 for sound. Its folder must exist.
            overwrite: Whether a file of that name may be replaced.
            accompaniment: How sound and MIDI play its chords, such as 'auto', 'waltz' or 'ballad,guitar'; None for the
                melody alone.

        Returns:
            The path.

        Raises:
            InvalidArgumentError: If the name ends in none of them, or the accompaniment is none.
            MelodyError: If it has no chords to accompany it with, or not so in its meter.
            OutputError: If the file cannot be written, or is there and may not be replaced.
        """
        from melody_rnn.tunes.files import write_tune

        return write_tune(self, path, overwrite, accompaniment)


def section_ends(sections: Sequence[Section], num_steps: int) -> list[int]:
    """Returns the step after the last one of each section of a tune of so many steps."""
    return [*(section.start for section in sections), num_steps][1:]


def letter(number: int) -> str:
    """Returns the label of section `number`, from 0: A to Z, then A1 and so on."""
    round_, place = divmod(number, 26)
    return chr(ord("A") + place) + (str(round_) if round_ else "")
