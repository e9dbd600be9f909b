"""Options of `generate` that say how events are chosen: the sampler's settings, and musical constraints."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from melody_rnn.cli.options import MAX_COUNT, FiniteNumber, together
from melody_rnn.cli.search import Search
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.schedule import Schedule, parse_schedule
from melody_rnn.sampling.transforms import TRANSFORMS, Transform
from melody_rnn.tunes.excerpts import events_of_bars, parse_bars

if TYPE_CHECKING:
    from melody_rnn.generation.variation import Kept, Variation
    from melody_rnn.sampling.sampler import SamplerSettings
    from melody_rnn.tunes.tune import Tune

_KEEP: Final = re.compile(r"(.+):\s*bars?\s+(.+)")
F = TypeVar("F", bound=Callable[..., Any])


class _Scheduled(click.ParamType[float | Schedule]):
    """A setting's value or a schedule of them."""

    name = "number|schedule"

    def __init__(self, transform: Transform) -> None:
        self._transform = transform

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Schedule:
        if not isinstance(value, str):
            return float(value)
        limit = self._transform.limit
        try:
            found = parse_schedule(value, self._transform.name)
        except InvalidArgumentError as error:
            self.fail(str(error), param, ctx)
        if not all(map(limit.is_valid, found.values if isinstance(found, Schedule) else [found])):
            self.fail(f"must be {limit.words}, got {value}", param, ctx)
        return found


class _Pair(click.ParamType[tuple[float, float]]):
    """Two numbers with two dots or a comma between."""

    name = "pair"

    def __init__(self, transform: Transform) -> None:
        self._transform = transform

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        limit, form = self._transform.limit, self._transform.metavar
        try:
            first, second = (float(part) for part in str(value).split(".." if ".." in form else ","))
        except ValueError:
            self.fail(f"must be {limit.words}, {form}, got {value}", param, ctx)
        for number in (first, second):
            if not math.isfinite(number) or not limit.is_valid(number):
                self.fail(f"must be {limit.words}, got {value}", param, ctx)
            if number > MAX_COUNT:
                self.fail(f"must be at most {MAX_COUNT:,}, got {value}", param, ctx)
        return first, second


def _option(transform: Transform) -> Callable[[F], F]:
    """Returns the option of one of the sampler's settings."""
    flag, limit = "--" + transform.name.replace("_", "-"), transform.limit
    if transform.name == "temperature":
        return click.option("-t", flag, type=_Scheduled(transform), help=f"{transform.help} [default: 1]")
    if transform.by_step:
        return click.option(flag, type=_Scheduled(transform), help=transform.help)
    if transform.width > 1:
        return click.option(flag, type=_Pair(transform), metavar=transform.metavar, help=transform.help)
    kind = FiniteNumber(limit.is_valid, limit.words) if limit.whole is None else click.IntRange(*limit.whole)
    return click.option(flag, type=kind, help=transform.help)


sampler_options = together(
    *map(_option, TRANSFORMS),
    click.option(
        "--guide",
        metavar="MODEL:G",
        help="A second model: logits z become z + G (z - z of the guide). With G above 0 tunes are less like the "
        "guide's, with -0.5 as much like its as like the model's.",
    ),
)
constraint_options = together(
    click.option(
        "--key",
        metavar="TEXT",
        help='Only notes of a key: "D dorian", "F# minor", Ddor, "re mayor"; or D with --scale.',
    ),
    click.option(
        "--scale",
        metavar="TEXT",
        help='The scale on the note that --key names, or its notes: "D E F# A B". An unknown name lists all.',
    ),
    click.option("--range", "pitch_range", metavar="LOW..HIGH", help="Only notes from one to the other, C4..C6."),
    click.option("--max-leap", type=click.IntRange(0, MAX_COUNT), help="Most semitones from one note to the next."),
    click.option("--max-rest", type=click.IntRange(0, MAX_COUNT), help="Most sixteenths in a row without a note."),
    click.option(
        "--rhythm",
        metavar="PATTERN",
        help='Where notes begin in each bar, a sign a sixteenth: "x..x..x." (x: a note, .: none). It is repeated to '
        "fill the bar.",
    ),
    click.option("--end-on", metavar="NOTE", help='What the last note is: "tonic" of --key, or a name such as D.'),
    click.option(
        "--contour",
        metavar="NOTES",
        help="Where the tune lies, softly: a mean pitch a bar, C4,E4,G4,C5 (the last one holds), or evenly, C4..G5.",
    ),
    click.option(
        "--density",
        metavar="COUNTS",
        help="How many notes a bar has, softly: 4,8,8,4 (the last one holds), or evenly, 2..8.",
    ),
    click.option(
        "--look-ahead",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Draw each melody from N that know what is to come: kept bars, the end, the rhythm. 1 chooses step by "
        "step. [default: 16 with --keep, --vary, --between, --end-on, --rhythm, --contour or --density, else 1]",
    ),
    click.option(
        "--keep",
        metavar="FILE:bars LIST",
        help='Keep bars of a tune, write the others: "tune.mid:bars 1-2,7-8". It brings its meter and tempo.',
    ),
    click.option(
        "--vary",
        metavar="FILE:SHARE",
        help='The same tune, by so much different: "tune.mid:0.3" writes that share of its bars anew, 0..0.6 from none '
        'to that many, 0,0,0.5 one a bar; "tune.mid:bars 3-4" or "notes 5-8" those. The seed says which a share is.',
    ),
    click.option(
        "--vary-by",
        type=click.Choice(["bars", "notes"]),
        help="Whether --vary's share is one of bars or of notes. [default: bars]",
    ),
    click.option("--vary-pitches", is_flag=True, help="With --vary: only pitches change, the rhythm stays."),
    click.option("--vary-rhythm", is_flag=True, help="With --vary: only the rhythm changes, the same notes follow."),
    click.option(
        "--between",
        nargs=2,
        type=click.Path(path_type=Path),
        metavar="FILE FILE",
        help="The -n tunes are on the way from one tune to another: more and more bars are those of the other, the "
        "rest is written anew. The seed says which bars go first.",
    ),
    click.option(
        "--max-copied",
        type=click.IntRange(1, MAX_COUNT),
        metavar="N",
        help="Leave out tunes that share more than N notes in a row, by intervals and durations, with a tune that the "
        "model was trained on.",
    ),
)
SAMPLER_NAMES: Final = tuple(transform.name for transform in TRANSFORMS)
_CONSTRAINT_NAMES: Final = ("key", "scale", "pitch_range", "max_leap", "max_rest", "rhythm", "end_on")
_AHEAD_NAMES: Final = ("contour", "density", "look_ahead")


_SECTIONS: Final = {
    "How events are chosen": (*SAMPLER_NAMES, "guide"),
    "How melodies are searched for": tuple(field.name for field in fields(Search)),
    "What melodies must be like": (
        *_CONSTRAINT_NAMES,
        "keep",
        "vary",
        "vary_by",
        "vary_pitches",
        "vary_rhythm",
        "between",
        *_AHEAD_NAMES,
        "max_copied",
    ),
}


class ChoosingCommand(click.Command):
    """A command whose help shows these options in sections of their own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            titles = (title for title, names in _SECTIONS.items() if param.name in names)
            if record is not None:
                sections.setdefault(next(titles, "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


@dataclass(frozen=True)
class Choosing:
    """How events are chosen, as the command line says it.

    Attributes:
        settings: The sampler's settings, by name: those that were given, and those that the model brings along; none
            where nothing is sampled.
        constraints: The constraints, without what is to be kept.
        keep: The file and the bars to keep, or None.
        ahead: contour, density and look_ahead, those that were given.
        vary: The file and how much of it is written anew, or None.
        guide: A second model, as --model names one, and its strength, or None.
        between: The files between which the tunes are, or None.
    """

    settings: Mapping[str, Any]
    constraints: Constraints
    keep: tuple[Path, str] | None = None
    ahead: Mapping[str, Any] = field(default_factory=dict)
    vary: "tuple[Path, Variation] | None" = None
    guide: tuple[str, float] | None = None
    between: tuple[Path, Path] | None = None

    @classmethod
    def taken_from(cls, arguments: dict[str, Any]) -> "Choosing":
        """Takes its options out of a command's arguments.

        Raises:
            InvalidArgumentError: If a constraint is malformed.
        """
        settings = {name: arguments.pop(name) for name in SAMPLER_NAMES}
        constraints = Constraints(**{name: arguments.pop(name) for name in _CONSTRAINT_NAMES})
        keep = arguments.pop("keep")
        given = {name: value for name, value in settings.items() if value is not None}
        ahead = {name: value for name in _AHEAD_NAMES if (value := arguments.pop(name)) is not None}
        between = arguments.pop("between")
        vary = _take_vary(arguments)
        sources = {"--keep": keep, "--vary": vary, "--between": between}
        several = [name for name, own in sources.items() if own is not None]
        if len(several) > 1:
            raise InvalidArgumentError(f"{' and '.join(several)} both say what of a tune stays; give one of them")
        guide = _parse_guide(arguments.pop("guide"))
        return cls(given, constraints, None if keep is None else _parse_keep(keep), ahead, vary, guide, between)

    def after(self, brought: Mapping[str, Any]) -> "Choosing":
        """Returns the same after the settings that a model brings along: those that were given go before them."""
        return replace(self, settings={"temperature": 1.0, **brought, **self.settings})

    @property
    def temperature(self) -> float | str | None:
        """The temperature as it was given: a number, or a schedule's text; None where nothing is sampled."""
        temperature: float | Schedule | None = self.settings.get("temperature")
        return str(temperature) if isinstance(temperature, Schedule) else temperature

    @property
    def temperature_text(self) -> str:
        """The temperature as a table shows it."""
        temperature = self.temperature
        return f"{temperature:g}" if isinstance(temperature, float) else str(temperature)

    def sampler(self) -> "SamplerSettings":
        """Returns the sampler's settings."""
        from melody_rnn.sampling.sampler import SamplerSettings

        return SamplerSettings(**self.settings)

    def looking_ahead(self) -> dict[str, Any]:
        """Returns the arguments of `MelodyRNN.generate` that say how far it looks ahead, and to what.

        Raises:
            InvalidArgumentError: If a target is malformed.
        """
        potentials: list[Any] = []
        for name in [name for name in ("contour", "density") if name in self.ahead]:
            from melody_rnn.generation import potentials as makers

            potentials.append(getattr(makers, name)(self.ahead[name]))
        return {"look_ahead": self.ahead.get("look_ahead"), "potentials": tuple(potentials)}

    def count_particles(self) -> int:
        """Returns how many melodies are sampled for each one, as `plan_look_ahead` says."""
        from melody_rnn.generation.lookahead import count_particles

        given = [*self.constraints.given(), *(["keep"] if self.sources else [])]
        return count_particles(self.ahead.get("look_ahead"), given, is_soft=bool(self.ahead.keys() - {"look_ahead"}))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files of the tunes of which something stays."""
        return self.between or tuple(own[0] for own in (self.keep, self.vary) if own is not None)

    def read_kept(self, steps_per_quarter: int, number: int = 1) -> "tuple[Tune, ...]":
        """Reads the tunes of which something stays.

        Args:
            steps_per_quarter: The model's.
            number: Which tune of a tune book, or which part of another file, from 1.

        Raises:
            InputFileError: If a file cannot be read.
            MelodyError: If there is no melody in it.
        """
        from melody_rnn.tunes.files import read_tune

        return tuple(read_tune(path, steps_per_quarter, number) for path in self.sources)

    def with_kept(
        self, tunes: "Sequence[Tune]", steps_per_bar: int, first_step: int, seed: int = 0, place: float = 0.0
    ) -> "Choosing":
        """Returns the same with what stays of tunes among the constraints.

        Args:
            tunes: As `read_kept` returns them.
            steps_per_bar: Steps in a bar.
            first_step: Steps that come before the generated ones whatever is kept: silence before a pickup.
            seed: Says which bars or notes a share of them is.
            place: How far on the way from one tune to another the tune is, from 0 to 1.

        Raises:
            InvalidArgumentError: If the rhythm does not fit the bar.
            MelodyError: If there are fewer bars, or those of two tunes are not alike.
        """
        self.constraints.check_bar(steps_per_bar)
        if not tunes:
            return self
        events, rhythm, pitches = self._kept(tunes, steps_per_bar, seed, place).after(first_step)
        return replace(
            self, constraints=replace(self.constraints, keep=events, keep_rhythm=rhythm, keep_pitches=pitches)
        )

    def _kept(self, tunes: "Sequence[Tune]", steps_per_bar: int, seed: int, place: float) -> "Kept":
        from melody_rnn.generation.variation import Kept, between

        try:
            if self.keep is not None:
                return Kept(events_of_bars(tunes[0], self.keep[1], steps_per_bar), {}, {})
            return self.vary[1].kept(tunes[0], seed) if self.vary else between(tunes[0], tunes[1], place, seed)
        except MelodyError as error:
            raise MelodyError(f"{self.sources[0]}: {error}") from error

    def about(self) -> dict[str, Any]:
        """Returns what a MIDI file's text says of them."""
        keep = None if self.keep is None else f"{self.keep[0]}:bars {self.keep[1]}"
        constraints = {name: getattr(self.constraints, name) for name in _CONSTRAINT_NAMES}
        constraints["range"] = constraints.pop("pitch_range")
        vary = None if self.vary is None else f"{self.vary[0]}:{self.vary[1]}"
        return {
            **{name: str(own) if isinstance(own, Schedule) else own for name, own in self.settings.items()},
            **constraints,
            "keep": keep,
            **self.ahead,
            "vary": vary,
            "between": None if self.between is None else " ".join(map(str, self.between)),
            "guide": None if self.guide is None else f"{self.guide[0]}:{self.guide[1]:g}",
        }


def _parse_keep(text: str) -> tuple[Path, str]:
    match = _KEEP.fullmatch(text.strip())
    if not match:
        raise InvalidArgumentError(f"--keep must be a file and its bars, such as 'tune.mid:bars 1-2,7-8', got {text!r}")
    parse_bars(match[2])
    return Path(match[1]), match[2]


def _parse_guide(text: str | None) -> tuple[str, float] | None:
    if text is None:
        return None
    name, _, strength = text.rpartition(":")
    try:
        number = float(strength)
    except ValueError:
        number = math.nan
    if not name or not math.isfinite(number):
        raise InvalidArgumentError(f"--guide must be a model and a strength, such as basic_rnn:0.5, got {text!r}")
    return name, number


def _take_vary(arguments: dict[str, Any]) -> "tuple[Path, Variation] | None":
    """Takes --vary and what goes with it out of a command's arguments."""
    text, by = arguments.pop("vary"), arguments.pop("vary_by")
    kept = {"--vary-pitches": "rhythm", "--vary-rhythm": "pitches"}
    given = [option for option in kept if arguments.pop(option[2:].replace("-", "_"))]
    if text is None and (given or by):
        raise InvalidArgumentError(f"{(given or ['--vary-by'])[0]} says how --vary varies a tune; give --vary too")
    if len(given) > 1:
        raise InvalidArgumentError(f"{' and '.join(given)} leave nothing that changes; give one of them")
    if text is None:
        return None
    from melody_rnn.generation.variation import parse_variation

    path, _, amount = text.rpartition(":")
    if not path:
        raise InvalidArgumentError(f"--vary must be a file and a share of it, such as 'tune.mid:0.3', got {text!r}")
    keeps: Any = kept[given[0]] if given else None
    return Path(path), parse_variation(amount, by or "bars", keeps)
