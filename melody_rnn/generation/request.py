"""What a run is asked for, worked out once: primer, bars, steps, and where the model plays it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from melody_rnn.config import ModelConfig
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_QPM
from melody_rnn.music.keys import Key, key_of_tonic
from melody_rnn.music.meters import COMMON_TIME, Meter, parse_meter
from melody_rnn.music.placement import placement
from melody_rnn.music.transposition import home_transposition, major_key
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.schedule import Steps
from melody_rnn.tunes.primers import PrimerLike, read_primer
from melody_rnn.tunes.tune import Tune


@dataclass(frozen=True)
class Request:
    """What every melody of a run has in common.

    Attributes:
        config: The model's.
        primer: What every melody begins with, or None.
        meter: The meter of every melody.
        pickup_steps: Steps of the pickup that every melody begins with; 0 for none.
        qpm: Quarter notes a minute.
        steps: The steps that are generated: those after the primer, or after the opening note.
        constraints: What holds for them, or None.
        transposition: Semitones from what sounds to what the model plays.
    """

    config: ModelConfig
    primer: Tune | None
    meter: Meter
    pickup_steps: int
    qpm: float
    steps: Steps
    constraints: Constraints | None
    transposition: int

    @property
    def silent_steps(self) -> int:
        """Steps of silence before the pickup, where there is no primer that has them."""
        return self.steps.per_bar - self.pickup_steps if self.pickup_steps and not self.primer else 0

    def tune(self, events: Sequence[int], new_steps: int) -> Tune:
        """Returns a melody of the run as a tune.

        Args:
            events: The whole melody as it sounds.
            new_steps: How many of its last steps were generated.
        """
        num_given = len(events) - new_steps if self.primer else 0
        kept = (self.constraints.keep if self.constraints else None) or {}
        given = tuple(step < num_given or step in kept for step in range(len(events)))
        tune = Tune(
            tuple(events),
            self.meter,
            self.pickup_steps,
            self._key(events),
            self.qpm,
            steps_per_quarter=self.config.steps_per_quarter,
            given=given if any(given) else (),
        )
        if self.primer is None:
            return tune
        return replace(tune, title=self.primer.title, program=self.primer.program, chords=self.primer.chords)

    def _key(self, events: Sequence[int]) -> Key:
        """Returns the key of the constraints, of the primer, or that in which the model plays."""
        tones = self.constraints.tones if self.constraints else None
        if tones is not None:
            return tones.signature
        if self.primer is not None and self.primer.key is not None:
            return self.primer.key
        home = self.config.transpose_to_key
        return key_of_tonic(major_key(events) if home is None else home - self.transposition)


def plan(
    config: ModelConfig,
    primer: PrimerLike = None,
    num_steps: int = 128,
    new_steps: int | None = None,
    meter: Meter | str | None = None,
    pickup_steps: int | None = None,
    qpm: float | None = None,
    constraints: Constraints | None = None,
) -> Request:
    """Works out what a run is asked for.

    Args:
        config: The model's.
        primer: What every melody begins with; see `read_primer`.
        num_steps: Steps of each melody with its primer.
        new_steps: Steps to generate after the primer; takes the place of `num_steps`.
        meter: A meter, or text such as '6/8'; where not given the primer's, or 4/4.
        pickup_steps: Steps of a pickup to begin with; where not given the primer's.
        qpm: Quarter notes a minute; where not given the primer's, or 120.
        constraints: What the generated steps must be like.

    Raises:
        InvalidArgumentError: If an argument is out of its range.
        MelodyError: If the primer has no note, or leaves no step to generate.
    """
    wanted = parse_meter(meter) if isinstance(meter, str) else meter
    given = None if primer is None else read_primer(primer, config.steps_per_quarter, wanted)
    meter = wanted or (given.meter if given else COMMON_TIME)
    steps_per_bar = meter.steps_per_bar(config.steps_per_quarter)
    own_pickup = given.pickup_steps if given and given.meter == meter else 0
    pickup_steps = own_pickup if pickup_steps is None else pickup_steps
    if not 0 <= pickup_steps < steps_per_bar:
        raise InvalidArgumentError(
            f"pickup_steps must be less than a bar, from 0 to {steps_per_bar - 1}, got {pickup_steps}"
        )
    if given and pickup_steps != own_pickup:
        raise InvalidArgumentError("pickup_steps is for melodies without a primer; a primer brings its own")
    num_given = len(given) if given else 1 + (steps_per_bar - pickup_steps if pickup_steps else 0)
    constraints = constraints if constraints is not None and constraints.given() else None
    return Request(
        config=config,
        primer=given,
        meter=meter,
        pickup_steps=pickup_steps,
        qpm=qpm or (given.tempo if given else DEFAULT_QPM),
        steps=Steps(num_given, count_new_steps(num_given, num_steps, new_steps), steps_per_bar),
        constraints=constraints,
        transposition=_transposition(config, given, constraints),
    )


def count_new_steps(num_given: int, num_steps: int, new_steps: int | None) -> int:
    """Returns how many steps follow a primer or an opening, at least 1.

    Args:
        num_given: Its own.
        num_steps: Of the melody with its primer.
        new_steps: Takes the place of `num_steps`.

    Raises:
        InvalidArgumentError: If what counts is below 1.
        MelodyError: If the primer leaves no step.
    """
    name, asked = ("num_steps", num_steps) if new_steps is None else ("new_steps", new_steps)
    if asked < 1:
        raise InvalidArgumentError(f"{name} must be at least 1, got {asked}")
    if new_steps is not None:
        return new_steps
    if num_steps <= num_given:
        raise MelodyError(
            f"the primer has {num_given} steps and num_steps, which counts them, is {num_steps}: "
            f"ask for at least {num_given + 1} steps"
        )
    return num_steps - num_given


def _transposition(config: ModelConfig, primer: Tune | None, constraints: Constraints | None) -> int:
    """Returns by how many semitones to move what sounds so that the model is at home with it.

    A primer says it, or else events to keep; else the key and the range of the constraints do.
    """
    low, high = config.encoding.min_note, config.encoding.max_note
    if primer is not None:
        return home_transposition(primer.events, low, high, config.transpose_to_key)
    if constraints is None:
        return 0
    if constraints.keep:
        kept = [event for _, event in sorted(constraints.keep.items())]
        return home_transposition(kept, low, high, config.transpose_to_key)
    lowest, highest = constraints.pitches or (low, high - 1)
    return placement(constraints.tones, range(lowest, highest + 1), low, high, config.transpose_to_key)
