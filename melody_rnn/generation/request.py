"""What a run is asked for, worked out once: primer, outlines, steps, and where the model plays it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypedDict

from melody_rnn.config import MAX_STEPS, ModelConfig
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_QPM
from melody_rnn.generation.chords import AskedChords, ChordsLike, read_chords
from melody_rnn.generation.outlines import Shape, draw_outlines
from melody_rnn.music.chord_scales import DEFAULT_STRENGTH, MAX_STRENGTH
from melody_rnn.music.forms import MAX_BARS, Form, parse_form
from melody_rnn.music.keys import Key, key_of_tonic
from melody_rnn.music.meters import COMMON_TIME, Meter, parse_meter
from melody_rnn.music.placement import placement
from melody_rnn.music.scales import Scale, parse_scale
from melody_rnn.music.tempos import usual_qpm
from melody_rnn.music.transposition import home_transposition, major_key
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.schedule import Steps
from melody_rnn.tunes.outline import Outline, stream_outline
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.primers import PrimerLike, read_primer
from melody_rnn.tunes.tune import Tune

DEFAULT_NUM_STEPS: Final = 128


@dataclass(frozen=True)
class Request:
    """What the melodies of a run are asked for; those of one request are sampled together.

    Attributes:
        config: The model's.
        primer: What every melody begins with, or None.
        outlines: The outline of each melody.
        numbers: The number of each melody in the run, from 0.
        lengths: Steps of each melody, the given ones included.
        num_given: Steps before the first one that is generated: the primer's, or those up to an opening.
        qpm: Quarter notes a minute; None for what `tempo` says.
        tempo: Beats of each tune's meter a minute; None for what is usual.
        constraints: What holds for the generated steps, or None. Melodies that have any are alike in meter, pickup,
            length and transposition.
        chord_strength: Nats by which a note that fits its chord is preferred.
    """

    config: ModelConfig
    primer: Tune | None
    outlines: tuple[Outline, ...]
    numbers: tuple[int, ...]
    lengths: tuple[int, ...]
    num_given: int
    qpm: float | None
    tempo: float | None
    constraints: Constraints | None
    chord_strength: float = 0.0

    @property
    def num_new_steps(self) -> int:
        """Steps that are generated, of the longest melody."""
        return max(self.lengths) - self.num_given

    def of_one(self, count: int) -> "Request":
        """Returns the request for so many melodies like the first one."""
        return replace(
            self,
            outlines=self.outlines[:1] * count,
            numbers=self.numbers[:1] * count,
            lengths=self.lengths[:1] * count,
        )

    def by_length(self) -> "list[Request]":
        """Returns the request as one for each length of its melodies."""
        groups: dict[int, list[int]] = {}
        for place, length in enumerate(self.lengths):
            groups.setdefault(length, []).append(place)
        return [
            replace(
                self,
                outlines=tuple(self.outlines[place] for place in places),
                numbers=tuple(self.numbers[place] for place in places),
                lengths=(length,) * len(places),
            )
            for length, places in groups.items()
        ]

    def steps(self, place: int = 0) -> Steps:
        """Returns the generated steps of one of the melodies."""
        return Steps(self.num_given, self.lengths[place] - self.num_given, self.outlines[place].steps_per_bar)

    def tune(self, place: int, events: Sequence[int]) -> Tune:
        """Returns one of the melodies as a tune.

        Args:
            place: Which one.
            events: All its events as it sounds.
        """
        outline = self.outlines[place]
        num_given = self.num_given if self.primer else 0
        kept = (self.constraints.keep if self.constraints else None) or {}
        given = [True] * num_given + [False] * (len(events) - num_given)
        for step in kept.keys() & range(len(events)):
            given[step] = True
        tune = Tune(
            tuple(events),
            outline.meter,
            outline.pickup_steps,
            self._key(outline, events),
            self._qpm(outline),
            outline.sections,
            outline.jump,
            steps_per_quarter=self.config.steps_per_quarter,
            ends_note=outline.num_steps is not None,
            has_triplets=self.config.encoding.knows_form,
            given=tuple(given) if any(given) else (),
            chords=outline.chords or (self.primer.chords if self.primer else ()),
        )
        return replace(tune, title=self.primer.title, program=self.primer.program) if self.primer else tune

    def _qpm(self, outline: Outline) -> float:
        if self.tempo is not None:
            return self.tempo * float(outline.meter.tempo_beat)
        return self.qpm or (DEFAULT_QPM if outline.num_steps is None else usual_qpm(outline.meter))

    def _key(self, outline: Outline, events: Sequence[int]) -> Key:
        """Returns the key of the constraints, of the outline, of the primer, or that in which the model plays."""
        tones = self.constraints.tones if self.constraints else None
        if tones is not None:
            return tones.signature
        if outline.key is not None:
            return outline.key
        if self.primer is not None and self.primer.key is not None:
            return self.primer.key
        home = self.config.transpose_to_key
        return key_of_tonic(major_key(events) if home is None else home - outline.transposition)


class Asked(TypedDict, total=False):
    """What melodies are asked for, all of it optional.

    Without `num_steps` and `new_steps`, a model that knows form writes whole tunes: form, meter, key, range and length
    of each are drawn from what its training tunes have, as far as they are not given. With either of them, or by any
    other model, melodies are streams of so many steps.

    Attributes:
        num_steps: Steps of each melody with its primer, from the start of the first bar; 128 for models without form.
        new_steps: Steps to generate after the primer; takes the place of `num_steps`.
        meter: Such as '6/8', which encodings that know bars keep to. Streams have the primer's, or 4/4.
        pickup_steps: Without a primer, steps of a pickup before the first whole bar; 0 for none.
        qpm: Quarter notes a minute; where not given the primer's, else 120 for streams, and for whole tunes what is
            usual in their meter. The model does not hear it.
        tempo: The same in beats of the meter: dotted quarters in 6/8, halves in 2/2.
        constraints: What the generated steps must be like. Without a primer they also say where the model plays a
            stream: it is transposed so that their key is the one it knows best.
        form: Of a whole tune as it is played, such as 'AABB', or 'A8A8B16B16' with the bars of each part.
        bars: Of a whole tune as it is played.
        key: Of a whole tune, such as 'D major'.
        pitches: The lowest and the highest MIDI pitch that a whole tune may have.
        outline: Of all whole tunes, in place of form, bars, key and pitches; as `melody_rnn.tunes.outline.outline_of`
            gives that of a tune. Where the model plays it is worked out here.
        outlines: One for each whole tune, as the model's bank has them; they are taken as they are.
        num_outlines: How many outlines are drawn for whole tunes: tune k has that of k modulo this number. One for each
            tune where not given.
        chords: A progression, or its text as `melody_rnn.tunes.progression.parse_progression` reads it, which is
            repeated to fill the tune: '| G | C G | D7 | G |'. Or chords as `Tune.chords` has them: each holds from its
            step, counted from the start of the first bar, up to the next one's; of whole tunes as they are written. Or
            a tune, whose chords they are; or what makes them of each outline and its number of steps. What is written
            carries them. Where nothing else says the key, it is that of the chords, and the meter and the form those of
            the tune that a progression was read from.
        chord_strength: Nats by which a note that fits its chord is preferred (`melody_rnn.tunes.chord_weights`); where
            not given, `DEFAULT_STRENGTH`, and nothing for models that hear the chords.
    """

    num_steps: int | None
    new_steps: int | None
    meter: Meter | str | None
    pickup_steps: int | None
    qpm: float | None
    tempo: float | None
    constraints: Constraints | None
    form: Form | str | None
    bars: int | None
    key: Key | str | None
    pitches: tuple[int, int] | None
    outline: Outline | None
    outlines: Sequence[Outline] | None
    num_outlines: int | None
    chords: ChordsLike | None
    chord_strength: float | None


class AskedWithPrimer(Asked, total=False):
    """The same with the primer.

    Attributes:
        primer: What every melody begins with; see `MelodyRNN.generate`.
    """

    primer: PrimerLike | None


_OF_TUNES: Final = ("form", "bars", "key", "pitches", "outline", "outlines", "num_outlines")


def is_stream(asked: Mapping[str, object]) -> bool:
    """Returns whether streams are asked for and not whole tunes."""
    return asked.get("num_steps") is not None or asked.get("new_steps") is not None


def plan(
    config: ModelConfig, bank: OutlineBank | None, num_outputs: int, seed: int, asked: AskedWithPrimer, first: int = 0
) -> list[Request]:
    """Works out what a run is asked for.

    Args:
        config: The model's.
        bank: What the model's training tunes have for forms; None for a model that knows none.
        num_outputs: How many melodies.
        seed: Of the run, for what is drawn.
        asked: What they are asked for.
        first: The number of the first melody in its run.

    Returns:
        One request; several where constraints hold for whole tunes that are not alike.

    Raises:
        InvalidArgumentError: If an argument is out of its range, or they contradict each other.
        MelodyError: If the primer has no note, or leaves no step to generate.
    """
    of_tunes = [name for name in _OF_TUNES if asked.get(name) is not None]
    if of_tunes and is_stream(asked):
        raise InvalidArgumentError(f"{of_tunes[0]} is for whole tunes, num_steps and new_steps are for streams")
    if of_tunes and bank is None:
        raise InvalidArgumentError(f"{config.name} knows no form, so {of_tunes[0]} means nothing to it; use tunes_rnn")
    meter = asked.get("meter")
    meter = parse_meter(meter) if isinstance(meter, str) else meter
    primer = asked.get("primer")
    given = None if primer is None else read_primer(primer, config.steps_per_quarter, meter)
    constraints = asked.get("constraints")
    if asked.get("tempo") is not None and asked.get("qpm") is not None:
        raise InvalidArgumentError("tempo and qpm both say how fast it is; give one of them")
    chords = read_chords(asked.get("chords"), config.steps_per_quarter)
    if chords is not None and given is None and asked.get("outline") is None:
        meter = meter or chords.meter
    run = _Run(
        config,
        given,
        asked.get("qpm"),
        asked.get("tempo"),
        constraints if constraints and constraints.given() else None,
        chords,
        _chord_strength(config, chords, asked.get("chord_strength")),
    )
    if is_stream(asked) or bank is None:
        return [run.stream(range(first, first + num_outputs), meter, asked)]
    outline, outlines = asked.get("outline"), asked.get("outlines")
    if outlines is not None:
        if len(of_tunes) > 1 or len(outlines) != num_outputs or not all(own.num_steps for own in outlines):
            raise InvalidArgumentError(
                f"outlines must be {num_outputs}, one a tune, each with its end, and no form beside"
            )
        return run.tunes(outlines, first)
    if outline is None:
        shape = _shape(asked, meter)
        if run.chords is not None:
            led = run.chords.asked_of(shape)
            # A primer brings its meter and its key.
            shape = led if given is None else replace(led, meter=shape.meter, key=shape.key)
        drawn = draw_outlines(bank, shape, _drawn_numbers(asked, range(first, first + num_outputs)), seed, given)
        return run.tunes(drawn, first)
    if len(of_tunes) > 1 or meter not in (None, outline.meter):
        raise InvalidArgumentError("an outline says all of the form; leave out form, bars, key, pitches and meter")
    if outline.num_steps is None:
        raise InvalidArgumentError("the outline of a whole tune must say where it ends, in num_steps")
    return run.tunes([replace(outline, transposition=run.home(outline))] * num_outputs, first)


def _drawn_numbers(asked: Asked, numbers: range) -> Sequence[int]:
    """Returns by which number the outline of each tune is drawn."""
    num_outlines = asked.get("num_outlines")
    if num_outlines is None:
        return numbers
    if num_outlines < 1:
        raise InvalidArgumentError(f"num_outlines must be at least 1, got {num_outlines}")
    return [number % num_outlines for number in numbers]


def _shape(asked: Asked, meter: Meter | None) -> Shape:
    """Returns what whole tunes are asked for, read."""
    bars, form, key = asked.get("bars"), asked.get("form"), asked.get("key")
    if bars is not None and not 1 <= bars <= MAX_BARS:
        raise InvalidArgumentError(f"bars must be from 1 to {MAX_BARS}, got {bars}")
    if isinstance(form, str):
        form = parse_form(form, bars)
    if isinstance(key, str):
        try:
            key = parse_scale(key).signature
        except MelodyError as error:
            raise InvalidArgumentError(str(error)) from None
    return Shape(form, bars, meter, asked.get("pickup_steps"), key, asked.get("pitches"))


@dataclass(frozen=True)
class _Run:
    """What all melodies of a run have in common."""

    config: ModelConfig
    primer: Tune | None
    qpm: float | None
    tempo: float | None
    constraints: Constraints | None
    chords: AskedChords | None
    chord_strength: float

    def stream(self, numbers: range, meter: Meter | None, asked: Asked) -> Request:
        """Returns the request for melodies without form, by their numbers in the run."""
        config, primer, pickup_steps = self.config, self.primer, asked.get("pickup_steps")
        meter = meter or (primer.meter if primer else COMMON_TIME)
        own_pickup = primer.pickup_steps if primer and primer.meter == meter else 0
        outline = stream_outline(meter, own_pickup if pickup_steps is None else pickup_steps, config.steps_per_quarter)
        if primer and outline.pickup_steps != own_pickup:
            raise InvalidArgumentError("pickup_steps is for melodies without a primer; a primer brings its own")
        num_given = self._count_given(outline)
        num_steps = asked.get("num_steps")
        num_steps = DEFAULT_NUM_STEPS if num_steps is None else num_steps
        length = num_given + count_new_steps(num_given, num_steps, asked.get("new_steps"))
        if length <= outline.first_step:
            raise InvalidArgumentError(
                f"a pickup of {outline.pickup_steps} steps begins after {outline.first_step} steps of silence, which "
                f"count: ask for more steps than {length}"
            )
        outline = replace(outline, transposition=self._stream_transposition(outline, length))
        return self._request([outline] * len(numbers), numbers, [length] * len(numbers))

    def _stream_transposition(self, outline: Outline, length: int) -> int:
        """Returns by how many semitones to move a stream; where nothing else says it, the chords do."""
        config = self.config
        if self.primer is not None or self.constraints is not None or self.chords is None:
            return _transposition(config, self.primer, self.constraints)
        return self.home(replace(outline, key=self.chords.key(replace(outline, num_steps=length))))

    def home(self, outline: Outline) -> int:
        """Returns by how many semitones to move an outline so that the model is at home with it."""
        if self.primer is not None or (self.constraints and self.constraints.kept_events()):
            return _transposition(self.config, self.primer, self.constraints)
        encoding, home = self.config.encoding, self.config.transpose_to_key
        lowest, highest = outline.pitches or (encoding.min_note, encoding.max_note - 1)
        scale = None if outline.key is None or home is None else Scale(outline.key.tonic, outline.key.pitch_classes)
        return placement(scale, range(lowest, highest + 1), encoding.min_note, encoding.max_note, home)

    def tunes(self, outlines: Sequence[Outline], first: int = 0) -> list[Request]:
        """Returns the requests for whole tunes, numbered from `first` on."""
        if self.primer is not None:
            amount = _transposition(self.config, self.primer, self.constraints)
            outlines = [outline.transposed(outline.transposition - amount) for outline in outlines]
        groups: dict[object, list[int]] = {}
        for number, outline in enumerate(outlines, start=first):
            alike = (outline.meter, outline.pickup_steps, outline.num_steps, outline.transposition)
            groups.setdefault(alike if self.constraints else None, []).append(number)
        requests = []
        for numbers in groups.values():
            own = [outlines[number - first] for number in numbers]
            lengths = [outline.num_steps or 0 for outline in own]
            num_given = self._count_given(own[0])
            if min(lengths) <= num_given:
                raise MelodyError(
                    f"the primer has {num_given} steps and a tune of this form {min(lengths)} as it is written: "
                    "ask for a longer form, or give a shorter primer"
                )
            requests.append(self._request(own, numbers, lengths))
        return requests

    def _request(self, outlines: Sequence[Outline], numbers: Sequence[int], lengths: Sequence[int]) -> Request:
        return Request(
            config=self.config,
            primer=self.primer,
            outlines=tuple(self._with_chords(outlines, lengths)),
            numbers=tuple(numbers),
            lengths=tuple(lengths),
            num_given=self._count_given(outlines[0]),
            qpm=self.qpm or (self.primer.tempo if self.primer else None),
            tempo=self.tempo,
            constraints=self.constraints,
            chord_strength=self.chord_strength,
        )

    def _with_chords(self, outlines: Sequence[Outline], lengths: Sequence[int]) -> Sequence[Outline]:
        """Returns outlines with the chords that are asked for; without any as they are."""
        if self.chords is None:
            return outlines
        laid = {pair: self.chords.on(*pair) for pair in set(zip(outlines, lengths, strict=True))}
        return [laid[pair] for pair in zip(outlines, lengths, strict=True)]

    def _count_given(self, outline: Outline) -> int:
        """Returns how many steps lie before the first that is generated.

        Without a primer an opening is drawn: on the first step, or with constraints after the silence before a pickup.
        """
        if self.primer is not None:
            return len(self.primer)
        return 1 + (outline.first_step if self.constraints else 0)


def _chord_strength(config: ModelConfig, chords: AskedChords | None, asked: float | None) -> float:
    """Returns how much chords weigh the notes of a model."""
    if asked is None:
        return DEFAULT_STRENGTH if chords is not None and not config.encoding.knows_chords else 0.0
    if chords is None:
        raise InvalidArgumentError("chord_strength says how much chords count; give chords, too")
    if not 0 <= asked <= MAX_STRENGTH:
        raise InvalidArgumentError(f"chord_strength must be from 0 to {MAX_STRENGTH:g}, got {asked:g}")
    return float(asked)


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
    total = num_steps if new_steps is None else num_given + new_steps
    if total > MAX_STEPS:
        raise InvalidArgumentError(f"a melody has at most {MAX_STEPS} steps with its primer, and {total} are asked for")
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

    A primer and events to keep say it together, or else the key and the range of the constraints do.
    """
    low, high = config.encoding.min_note, config.encoding.max_note
    given = [*(primer.events if primer else ()), *(constraints.kept_events() if constraints else ())]
    if given:
        return home_transposition(given, low, high, config.transpose_to_key)
    if constraints is None:
        return 0
    lowest, highest = constraints.pitches or (low, high - 1)
    return placement(constraints.tones, range(lowest, highest + 1), low, high, config.transpose_to_key)
