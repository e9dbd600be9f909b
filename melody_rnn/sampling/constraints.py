"""What a melody must be like, as a person says it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import MAX_PITCH, NO_EVENT
from melody_rnn.music.keys import Key
from melody_rnn.music.pitches import note_name, parse_note_name, parse_pitch_class, pitch_class_name
from melody_rnn.music.scales import Scale, parse_scale

TONIC: Final = "tonic"
ONSET: Final = "x"
NO_ONSET: Final = "."


@dataclass(frozen=True)
class Constraints:
    """What every generated melody must be like; None leaves a constraint out.

    They speak of events and pitches as they sound, hold for all that comes after the primer, and are never broken:
    what cannot be had together is an error before anything is generated. The primer's last note counts for the first
    leap, and its last rest for the first rest. Bars are counted from the melody's start, primer included.

    Attributes:
        key: The notes that may begin, such as 'D dorian', or the tonic alone, 'D'; see `music.scales.parse_scale`.
        scale: The scale's name, where the key is the tonic alone; or the notes themselves, 'D E F# A B'.
        pitch_range: Lowest and highest pitch, both allowed: 'C4..C6', or a pair of MIDI pitches.
        max_leap: Most semitones from one note to the next, at least 0.
        max_rest: Most steps in a row without a note, at least 0; a melody may begin with a rest.
        rhythm: Where notes begin, the same in every bar: 'x' a note begins, '.' none does, one a step. Its length
            must divide the bar, or be the bar's.
        end_on: What the last note must be, in any octave: 'tonic' of the key or scale, or a name such as 'D'.
        keep: Events by step, counted from the melody's start: these come out exactly.
        keep_rhythm: The same, but of notes any pitch will do: where notes begin, hold and end is kept.
        keep_pitches: The same, but of neighbouring steps only which notes begin there, and in which order, is kept: on
            which of these steps they begin, and how long they sound, is free.
    """

    key: str | None = None
    scale: str | None = None
    pitch_range: str | tuple[int, int] | None = None
    max_leap: int | None = None
    max_rest: int | None = None
    rhythm: str | None = None
    end_on: str | None = None
    keep: Mapping[int, int] | None = None
    keep_rhythm: Mapping[int, int] | None = None
    keep_pitches: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("max_leap", "max_rest"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise InvalidArgumentError(f"{name} must be a whole number of at least 0, got {value}")
        if self.rhythm is not None and not {ONSET} <= set(self.rhythm) <= {ONSET, NO_ONSET}:
            raise InvalidArgumentError(
                f"rhythm must be made of {ONSET!r} (a note begins), once at least, and {NO_ONSET!r} (none does), "
                f"got {self.rhythm!r}"
            )
        for name in ("keep", "keep_rhythm", "keep_pitches"):
            for step, event in (getattr(self, name) or {}).items():
                if step < 0:
                    raise InvalidArgumentError(f"{name} must have steps of at least 0, got {step}")
                if not NO_EVENT <= event <= MAX_PITCH:
                    raise InvalidArgumentError(f"{name} must have events from {NO_EVENT} to {MAX_PITCH}, got {event}")
        # Reading the texts is what checks them.
        _ = self.tones, self.pitches, self.last_pitch_class

    @property
    def tones(self) -> Scale | None:
        """The notes of the key and scale."""
        if self.key is None and self.scale is None:
            return None
        try:
            return parse_scale(self.key, self.scale)
        except MelodyError as error:
            raise InvalidArgumentError(str(error)) from None

    @property
    def signature(self) -> Key | None:
        """The key whose signature suits the notes of the key and scale."""
        return None if self.tones is None else self.tones.signature

    def of_whole_tune(self) -> "Constraints":
        """Returns the constraints that are left for a whole tune, whose outline has the key and the range.

        A tune in a key may leave it for a note; only a scale forbids all others.
        """
        end_on = self.end_on
        if end_on == TONIC and self.tones is not None:
            end_on = pitch_class_name(self.tones.tonic)
        own = replace(self, pitch_range=None, end_on=end_on)
        return own if self.scale is not None else replace(own, key=None)

    @property
    def pitches(self) -> tuple[int, int] | None:
        """The lowest and the highest pitch that may sound."""
        if self.pitch_range is None:
            return None
        if isinstance(self.pitch_range, str):
            names = self.pitch_range.split("..")
            try:
                pitches = [parse_note_name(name.strip()) for name in names]
            except MelodyError as error:
                raise InvalidArgumentError(f"the range {self.pitch_range!r}: {error}") from None
        else:
            pitches = [int(pitch) for pitch in self.pitch_range]
        if len(pitches) != 2 or pitches[0] > pitches[1]:
            raise InvalidArgumentError(
                f"the range must be its lowest and its highest note, such as C4..C6, got {self.pitch_range!r}"
            )
        return pitches[0], pitches[1]

    @property
    def last_pitch_class(self) -> int | None:
        """The pitch class of the last note."""
        if self.end_on is None:
            return None
        if self.end_on == TONIC:
            if self.tones is None:
                raise InvalidArgumentError(
                    f"end_on {TONIC!r} needs a key that says what the tonic is, such as 'D dorian'"
                )
            return self.tones.tonic
        try:
            return parse_pitch_class(self.end_on)
        except MelodyError as error:
            raise InvalidArgumentError(f"end_on must be {TONIC!r} or a note, but {error}") from None

    def kept_events(self) -> list[int]:
        """Returns the events whose pitches are kept, in their order."""
        return [event for _, event in sorted({**(self.keep_pitches or {}), **(self.keep or {})}.items())]

    def check_bar(self, steps_per_bar: int) -> None:
        """Checks that the rhythm fits a bar.

        Raises:
            InvalidArgumentError: If it does not.
        """
        if self.rhythm is not None and steps_per_bar % len(self.rhythm):
            raise InvalidArgumentError(
                f"the rhythm {self.rhythm!r} has {len(self.rhythm)} steps, which do not divide a bar of {steps_per_bar}"
            )

    def given(self) -> dict[str, str]:
        """Returns the constraints that are given, by field, as a message calls them; key and scale are one, 'key'."""
        tones = " ".join(text for text in (self.key, self.scale) if text is not None)
        low, high = self.pitches or (0, 0)
        named = {
            "key": (self.tones, f"the key {tones!r}" if self.key is not None else f"the scale {tones!r}"),
            "pitch_range": (self.pitches, f"the range {note_name(low)}..{note_name(high)}"),
            "max_leap": (self.max_leap, f"max_leap {self.max_leap}"),
            "max_rest": (self.max_rest, f"max_rest {self.max_rest}"),
            "rhythm": (self.rhythm, f"the rhythm {self.rhythm!r}"),
            "end_on": (self.end_on, f"end_on {self.end_on!r}"),
            "keep": (self.keep or None, "keep"),
            "keep_rhythm": (self.keep_rhythm or None, "keep_rhythm"),
            "keep_pitches": (self.keep_pitches or None, "keep_pitches"),
        }
        return {name: words for name, (value, words) in named.items() if value is not None}
