"""melody-rnn generate: melodies as MIDI files."""

import json
import math
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn import __version__
from melody_rnn.cli import copying, options, rendering
from melody_rnn.cli.choosing import SAMPLER_NAMES, Choosing, ChoosingCommand, constraint_options, sampler_options
from melody_rnn.cli.kinds import KindsType, midi_type_option
from melody_rnn.cli.search import DEFAULT_OUTPUTS, Search, facts, find, search_options
from melody_rnn.cli.surprise import MAX_ROWS, Surprise, print_rows
from melody_rnn.config import MAX_FIRST, MAX_SEED, MAX_STEPS
from melody_rnn.errors import InvalidArgumentError, OutputError, printable
from melody_rnn.model_source import find_model
from melody_rnn.music.chord_scales import DEFAULT_STRENGTH, MAX_STRENGTH

if TYPE_CHECKING:
    from melody_rnn.formats.accompaniment import Accompaniment
    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.instruments import Instrument
    from melody_rnn.music.meters import Meter
    from melody_rnn.tunes.outline import Outline
    from melody_rnn.tunes.progression import Progression
    from melody_rnn.tunes.tune import Section, Tune

TEMPO = options.FiniteNumber(lambda x: 2 <= x <= 10_000, "a number from 2 to 10000")
TUNES_AT_ONCE: Final = 1024
"""Tunes that are generated and written before the next ones; a multiple of the engines' tiles."""
_DIGITS: Final = len(str(MAX_FIRST))
QPM = options.FiniteNumber(lambda x: 3.6 <= x <= 10_000, "a number from 3.6 to 10000, which MIDI files hold")


@dataclass(frozen=True)
class Options:
    """What the command was asked for, checked."""

    model: str | None
    num_outputs: int
    first_index: int | None
    form: str | None
    bars: int | None
    num_steps: int | None
    new_steps: int | None
    primer: str | None
    primer_midi: Path | None
    number: int | None
    choosing: Choosing
    search: Search
    copied: bool
    max_copied: int | None
    trace: Path | None
    seed: int | None
    meter: "Meter | None"
    pickup_steps: int | None
    tempo: float | None
    qpm: float | None
    instrument: "Instrument | None"
    program: int | None
    velocity: int
    output_dir: Path
    kinds: tuple[str, ...]
    midi_type: int
    sheet: bool
    audio: bool
    plot: bool
    device: str
    chords: "str | Progression | None"
    chord_strength: float | None
    accompaniment: "Accompaniment | None"

    outline: "Outline | None" = None

    @property
    def is_whole(self) -> bool:
        """Whether whole tunes are asked for, not streams."""
        return self.num_steps is None and self.new_steps is None and find_model(self.model).knows_form

    @property
    def model_name(self) -> str:
        """The model's name for file names and tables."""
        return find_model(self.model).name


@click.command(name="generate", cls=ChoosingCommand)
@options.model_option
@click.option(
    "-n",
    "--num-outputs",
    type=click.IntRange(1, options.MAX_COUNT),
    help=f"How many melodies. [default: {DEFAULT_OUTPUTS}, or 1 with --best-of or --beam-size]",
)
@click.option(
    "--first-index",
    type=click.IntRange(1, MAX_FIRST),
    metavar="N",
    help="Write the melodies from the N-th of the run on, so that several machines can each make a range of one run. "
    "Needs --seed; names of files then have eight digits.",
)
@click.option(
    "--form",
    metavar="LETTERS",
    help="The form of whole tunes: AABB, ABAC, or with the bars of each part, A8A8B16B16. [default: as tunes have it]",
)
@click.option("--bars", type=click.IntRange(1, 512), metavar="N", help="Bars of whole tunes, repeats counted.")
@click.option(
    "--num-steps",
    type=click.IntRange(1, MAX_STEPS),
    help="A stream of so many sixteenths, the primer included, not a whole tune. [default: 128 for models that know no "
    "form]",
)
@click.option("--new-steps", type=click.IntRange(1, MAX_STEPS), help="A stream: so many sixteenths after the primer.")
@click.option(
    "--primer",
    metavar="TEXT",
    help='What all start with: "C4 D4 E4:2 R:2" (notes, and lengths in '
    'sixteenths; 4 if left out) or events, "[60, -2, 62, -2]" (-2 holds, -1 ends a note).',
)
@click.option(
    "--primer-midi",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The same from a .mid, .musicxml, .mxl or .abc file: its top voice.",
)
@options.tune_option
@sampler_options
@search_options
@constraint_options
@click.option(
    "--chords",
    metavar="TEXT|FILE",
    help='The chords, by bars: "| G | C G | D7 . . C | % |" (a dot for each further beat, % for the bar before, N.C. '
    'for none), repeated to fill the tune; "A: | G | B: | Em | D |" for each part. Or a file with chord symbols, whose '
    "meter and form the tune then has.",
)
@click.option(
    "--chord-strength",
    type=options.FiniteNumber(lambda x: 0 <= x <= MAX_STRENGTH, f"a number from 0 to {MAX_STRENGTH:g}"),
    metavar="NATS",
    help="How much notes are to fit the chords: their notes on the beats, their scale elsewhere. "
    f"[default: {DEFAULT_STRENGTH:g}, 0 for models that hear chords]",
)
@rendering.accompaniment_option
@click.option("--seed", type=options.SEED, help="Makes a run repeatable. [default: a fresh one]")
@click.option(
    "--meter",
    type=options.MeterType(),
    metavar="N/M",
    help="The bars that tunes_rnn keeps to, and that are written: 6/8 for jigs. "
    "[default: the primer file's, --keep's, or what tunes have; 4/4 for streams]",
)
@click.option(
    "--pickup-steps",
    type=click.IntRange(0, MAX_STEPS),
    metavar="N",
    help="Begin with a pickup of N sixteenths before the first whole bar. [default: the primer's, --keep's, or what "
    "tunes have; none for streams]",
)
@click.option(
    "--tempo",
    type=TEMPO,
    metavar="BEATS",
    help="Beats a minute: dotted quarters in 6/8, halves in 2/2. [default: the primer file's, --keep's, or as usual]",
)
@click.option("--qpm", type=QPM, help="The same in quarter notes a minute.")
@click.option(
    "--for",
    "instrument",
    type=options.InstrumentType(),
    metavar="INSTRUMENT",
    help="For whom a whole tune is: its range is kept, and it plays. fiddle, whistle, flute, recorder, mandolin, banjo "
    "or voice.",
)
@click.option(
    "--program",
    type=options.ProgramType(),
    help="Who plays: fiddle, tin whistle, or another of General MIDI's 128 instruments, by name or number from 0. "
    "[default: the primer file's, or piano]",
)
@click.option(
    "--velocity", type=click.IntRange(1, 127), default=100, show_default=True, help="How hard notes are struck."
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    default=Path("midi_out"),
    show_default=True,
    help="Where the files go; nothing there is overwritten.",
)
@click.option(
    "--copied",
    is_flag=True,
    help="Say how many notes in a row each tune shares, by intervals and durations, with a tune that the model was "
    "trained on, with which, and how many tunes that it was not trained on share.",
)
@click.option(
    "--trace",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Write what the model and the sampler made of every step too, as arrays for NumPy.",
)
@click.option(
    "--to",
    "kinds",
    type=KindsType(),
    metavar="KINDS",
    default="mid",
    show_default=True,
    help="Which files to write of each melody: mid, abc, musicxml, mxl, svg, png or pdf (sheet music), wav, flac, "
    "ogg or mp3; several with commas between.",
)
@midi_type_option
@click.option("--sheet", is_flag=True, help="Write the sheet music of all melodies too, as one .pdf.")
@rendering.audio_option
@rendering.plot_option
@options.device_option
@options.json_option
@options.verbose_option
def command(as_json: bool, verbose: bool, **arguments: Any) -> None:  # fmt: skip
    """Write tunes as MIDI files, or as sheet music, notation and sound.

    \b
    melody-rnn generate                                        ten tunes
    melody-rnn generate --form AABB --meter 6/8 --key "D major" --for fiddle
    melody-rnn generate -n 3 --num-steps 256 --temperature 0.8 a stream, without form
    melody-rnn generate --primer-midi part.abc --form AABB     finish a tune
    melody-rnn generate --model attention_rnn.mag --seed 7     a Magenta bundle
    melody-rnn generate --best-of 64 --best-by typical         the most typical of 64
    melody-rnn generate --temperature 0.6..1.2 --no-repeat-ngram 5
    melody-rnn generate --key "D dorian" --range D4..D6 --end-on tonic
    melody-rnn generate --keep "tune.mid:bars 1-2,7-8"         new bars between
    melody-rnn generate --chords "| G | C G | D7 | G |" --render-chords --to mid,pdf
    melody-rnn generate --copied --max-copied 12               nothing long by heart
    melody-rnn generate --meter 6/8 --to mid,abc,pdf --sheet   sheet music, too
    """
    choosing = Choosing.taken_from(arguments)
    search = Search(**{field.name: arguments.pop(field.name) for field in fields(Search)})
    arguments["num_outputs"] = arguments["num_outputs"] or (1 if search.is_any else DEFAULT_OUTPUTS)
    asked = Options(choosing=choosing, search=search, **arguments)
    _check(asked)
    _check_range(asked)
    if search.beam_size is not None and asked.max_copied is not None:
        raise InvalidArgumentError("--max-copied is for sampling, and --beam-size searches; give one of them")
    if asked.max_copied is not None and asked.num_outputs > options.MAX_SIDE_BY_SIDE:
        raise InvalidArgumentError(
            f"with --max-copied -n is at most {options.MAX_SIDE_BY_SIDE:,}, got {asked.num_outputs:,}"
        )
    if search.beam_size is not None and choosing.ahead:
        option = "--" + next(iter(choosing.ahead)).replace("_", "-")
        raise InvalidArgumentError(f"{option} is for sampling, and --beam-size searches; give one of them")
    if search.beam_size is not None and choosing.guide is not None:
        raise InvalidArgumentError("--guide is for sampling, and --beam-size searches; give one of them")
    choosing.looking_ahead()
    search.check(asked.num_outputs, [name for name in (*SAMPLER_NAMES, "seed") if _is_given(name)])
    is_sampled = not search.is_deterministic
    brought = find_model(asked.model).brought_settings
    choosing = choosing.after(brought) if is_sampled else replace(choosing, settings={})
    asked = replace(asked, choosing=choosing)
    primer = _read_primer(asked)
    asked = _read_chords(asked)
    if asked.choosing.sources and not asked.choosing.keep and asked.seed is None:
        asked = replace(asked, seed=secrets.randbelow(MAX_SEED + 1))
    on_the_way = partial(_read_kept, asked, primer)
    asked = on_the_way(0)
    model = _load(asked, primer, verbose)
    if asked.copied:
        copying.check(model, asked.model_name)
    shown: list[dict[str, Any]] = []
    num_tunes = 0
    for rows in _generate(asked, primer, model, as_json, on_the_way):
        # Of a run of many, the table has the first ones.
        shown += rows[: MAX_ROWS + 1 - len(shown)]
        num_tunes += len(rows)
    if not as_json:
        _print_table(asked, shown, num_tunes, Surprise(model.nats_per_event))
        if asked.copied:
            copying.explain(model)


def _check_range(asked: Options) -> None:
    if asked.first_index is None:
        return
    if asked.search.is_any:
        raise InvalidArgumentError("--first-index is for a run that samples each tune by itself; leave the search out")
    if asked.seed is None:
        raise InvalidArgumentError("--first-index says which melodies of a run to make; give --seed, which run it is")
    if asked.first_index - 1 + asked.num_outputs > MAX_FIRST:
        raise InvalidArgumentError(f"--first-index and -n must end at most at melody {MAX_FIRST:,} of the run")


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _check(asked: Options) -> None:
    if asked.instrument is not None and not asked.is_whole:
        raise InvalidArgumentError("--for is for whole tunes; give --range and --program for a stream of steps")
    if asked.number is not None and (asked.primer_midi, asked.chords) == (None, None) and not asked.choosing.sources:
        raise InvalidArgumentError("--tune says which tune of a file to take; give --primer-midi, --keep or --chords")
    if asked.choosing.between is not None:
        others = {
            "a search": asked.search.is_any,
            "a primer": asked.primer is not None or asked.primer_midi is not None,
            "--max-copied": asked.max_copied is not None,
            "--first-index": asked.first_index is not None,
        }
        other = next((name for name, is_given in others.items() if is_given), None)
        if other is not None:
            raise InvalidArgumentError(f"--between says what each tune has, and does not go with {other}")
    if asked.primer is not None and asked.primer_midi is not None:
        raise InvalidArgumentError("--primer and --primer-midi both say how to begin; give one of them")
    find_model(asked.model)
    if asked.choosing.guide is not None:
        find_model(asked.choosing.guide[0])
    if asked.meter is not None:
        asked.meter.steps_per_bar(find_model(asked.model).steps_per_quarter)
    options.check_output_dir(asked.output_dir)
    if asked.trace is not None and asked.trace.suffix != ".npz":
        raise InvalidArgumentError(f"--trace must name a .npz file, got {asked.trace}")
    if asked.trace is not None and asked.trace.exists():
        raise OutputError(f"{asked.trace} exists already; name a new file")


def _read_primer(asked: Options) -> "Tune | None":
    from melody_rnn.generation.request import DEFAULT_NUM_STEPS, count_new_steps
    from melody_rnn.tunes.files import read_tune
    from melody_rnn.tunes.primers import parse_primer

    steps_per_quarter = find_model(asked.model).steps_per_quarter
    if asked.primer is not None:
        primer = parse_primer(asked.primer, steps_per_quarter, asked.meter)
    elif asked.primer_midi is not None:
        primer = read_tune(asked.primer_midi, steps_per_quarter, asked.number or 1)
        options.tell_remarks(asked.primer_midi, primer)
        options.tell_repeats(asked.primer_midi, primer)
    else:
        return None
    if not asked.is_whole:
        # The model says it, too, but after TensorFlow has loaded.
        count_new_steps(len(primer), asked.num_steps or DEFAULT_NUM_STEPS, asked.new_steps)
    return primer


def _read_chords(asked: Options) -> Options:
    """Returns the options with the chords read."""
    from melody_rnn.tunes.progression import read_progression

    if asked.chords is None:
        if asked.chord_strength is not None or asked.accompaniment is not None:
            option = "--render-chords" if asked.chord_strength is None else "--chord-strength"
            raise InvalidArgumentError(f"{option} is for chords; give --chords, too")
        return asked
    return replace(asked, chords=read_progression(str(asked.chords), asked.number or 1))


def _read_kept(asked: Options, primer: "Tune | None", number: int = 0) -> Options:
    """Returns the options with what is kept, and with its meter, pickup and tempo if nothing else says them.

    On a way between tunes they are those of one of the run, by its number, which has the form of the nearer end.
    """
    from melody_rnn.music.meters import COMMON_TIME
    from melody_rnn.tunes.outline import outline_of

    steps_per_quarter = find_model(asked.model).steps_per_quarter
    place = (number + 1) / (asked.num_outputs + 1)
    tunes = asked.choosing.read_kept(steps_per_quarter, asked.number or 1)
    kept = (tunes[0] if place <= 0.5 else tunes[-1]) if tunes else None
    if kept is not None and primer is None:
        pickup_steps = kept.pickup_steps if asked.pickup_steps is None else asked.pickup_steps
        asked = replace(
            asked, meter=asked.meter or kept.meter, qpm=asked.qpm or kept.qpm, pickup_steps=pickup_steps or None
        )
        is_its_own = (asked.meter, asked.pickup_steps or 0) == (kept.meter, kept.pickup_steps)
        if asked.is_whole and is_its_own and asked.form is None and asked.bars is None:
            # What is not kept is not to be like what was there.
            asked = replace(asked, outline=outline_of(kept).part(plan=False, pitches=False))
        if not asked.is_whole and asked.num_steps is None and asked.new_steps is None:
            asked = replace(asked, num_steps=len(kept))
    if asked.is_whole and asked.choosing.constraints.rhythm is not None and asked.meter is None and primer is None:
        asked = replace(asked, meter=COMMON_TIME)
    meter = asked.meter or (primer.meter if primer else COMMON_TIME)
    steps_per_bar = meter.steps_per_bar(steps_per_quarter)
    silence = steps_per_bar - asked.pickup_steps if asked.pickup_steps else 0
    if kept is not None and not asked.choosing.keep:
        num_steps = asked.num_steps if asked.is_whole or asked.new_steps else asked.num_steps or len(kept)
        asked = replace(asked, num_steps=num_steps)
    return replace(asked, choosing=asked.choosing.with_kept(tunes, steps_per_bar, silence, asked.seed or 0, place))


def _generate(
    asked: Options, primer: "Tune | None", model: "MelodyRNN", as_json: bool, on_the_way: Callable[[int], Options]
) -> Iterator[list[dict[str, Any]]]:
    """Generates and writes the tunes, some at a time, so that a run of many takes no more memory than one of few.

    Args:
        asked: What all are asked for.
        primer: What all begin with.
        model: The model.
        as_json: Whether each row is printed.
        on_the_way: What one on a way between tunes is asked for, by its number.

    Yields:
        What a row of output says about each of some tunes.
    """
    from melody_rnn.generation.result import joined
    from melody_rnn.generation.trace import save_traces
    from melody_rnn.model import fresh_seed

    seed = None
    if not asked.search.is_deterministic:
        seed = fresh_seed() if asked.seed is None else asked.seed
    common = _asked(asked, primer)
    guide = None
    if asked.choosing.guide is not None:
        name, strength = asked.choosing.guide
        guide = _load(asked, primer, False, name), strength
    is_traced = asked.plot or asked.trace is not None
    # A search compares all of its tunes; a file of all traces or sheets has all of them.
    is_whole_run = asked.search.is_any or asked.max_copied is not None or asked.trace is not None or asked.sheet
    size = asked.num_outputs if is_whole_run else TUNES_AT_ONCE
    start = (asked.first_index or 1) - 1
    for first in range(start, start + asked.num_outputs, size):
        count = min(size, start + asked.num_outputs - first)
        with _counting("Sampling", asked.search.best_of or count) as on_done:
            sampling = {"seed": seed, "on_done": on_done, "sampler": asked.choosing.sampler()}
            sampling |= asked.choosing.looking_ahead() | {"guide": guide, "max_copied": asked.max_copied}
            if asked.choosing.between is None:
                generated = find(model, asked.search, count, common, sampling, is_traced, first)
            else:
                numbers = range(first, first + count)
                each = (_asked(on_the_way(number), primer) for number in numbers)
                parts = [
                    find(model, asked.search, 1, own, sampling, is_traced, number)
                    for own, number in zip(each, numbers, strict=True)
                ]
                generated = joined(parts, numbers)
        rows: list[dict[str, Any]] = []
        told = list(enumerate(facts(generated), start=first + 1))
        tunes = [_signed(asked, primer, tune, own, index) for tune, (index, own) in zip(generated, told, strict=True)]
        with _counting_up("Scoring", len(tunes)) as on_done:
            log_likelihoods = model.log_likelihoods(generated, on_done)
        with _counting_up("Writing", len(tunes)) as tell:
            for tune, (index, own), log_likelihood in zip(tunes, told, log_likelihoods, strict=True):
                row = _row(asked, tune, _write(asked, tune, index), log_likelihood) | own
                if asked.copied:
                    row["copied"] = copying.facts(model, tune)
                rows.append(row)
                tell(len(rows))
                if as_json:
                    click.echo(json.dumps(row))
        if asked.sheet:
            _write_sheet(asked, tunes)
        if asked.trace and generated.traces:
            save_traces(asked.trace, generated.traces)
        yield rows


def _asked(asked: Options, primer: "Tune | None") -> dict[str, Any]:
    """Returns what the model is asked for: key and range are of a whole tune, or constraints of a stream."""
    constraints = asked.choosing.constraints
    common: dict[str, Any] = {
        "primer": primer,
        "num_steps": asked.num_steps,
        "new_steps": asked.new_steps,
        "meter": asked.meter,
        "pickup_steps": asked.pickup_steps,
        "qpm": asked.qpm,
        "tempo": asked.tempo,
        "constraints": constraints,
        "form": asked.form,
        "bars": asked.bars,
        "chords": asked.chords,
        "chord_strength": asked.chord_strength,
    }
    if asked.outline is not None:
        return common | {"outline": asked.outline, "meter": None, "pickup_steps": None}
    if asked.is_whole:
        common |= {"key": constraints.signature, "pitches": _pitches(asked)}
        common["constraints"] = constraints.of_whole_tune()
    return common


def _load(asked: Options, primer: "Tune | None", verbose: bool, model: str | None = None) -> "MelodyRNN":
    """Loads the model, or another one, to be run by what is faster for so much work."""
    num_steps = asked.num_steps or options.STEPS_OF_A_TUNE
    if asked.new_steps is not None:
        num_steps = asked.new_steps + (len(primer) if primer else 0)
    return options.load_model(asked.model if model is None else model, asked.device, verbose, _count(asked) * num_steps)


def _count(asked: Options) -> int:
    """Returns how many melodies are sampled together."""
    particles = 1 if asked.search.beam_size is not None else asked.choosing.count_particles()
    return asked.search.count(asked.num_outputs) * particles


def _pitches(asked: Options) -> tuple[int, int] | None:
    """Returns the range that a whole tune keeps to."""
    own = asked.choosing.constraints.pitches
    if own is None and asked.instrument is not None:
        return asked.instrument.lowest, asked.instrument.highest
    return own


def _signed(asked: Options, primer: "Tune | None", tune: "Tune", own: dict[str, Any], index: int) -> "Tune":
    """Returns a tune that says what the command was asked for."""
    from melody_rnn.tunes.tune import Origin

    given = asked.primer if asked.primer_midi is None else str(asked.primer_midi)
    found = {name: value for name, value in own.items() if name != "look_ahead"}
    settings = {**asked.choosing.about(), "primer": given, **asked.search.about(), **found, "meter": str(tune.meter)}
    if asked.chords is not None:
        settings |= {"chords": str(asked.chords), "chord_strength": asked.chord_strength}
    settings["primer_steps"] = len(primer) if primer else None
    seed, engine = (tune.origin.seed, tune.origin.engine) if tune.origin else (None, "")
    known = {name: value for name, value in settings.items() if value is not None}
    run = f"beam of {asked.search.beam_size}" if seed is None else f"seed {seed}"
    title = tune.title or f"{asked.model_name}, {run}, {index}"
    program = tune.program if asked.instrument is None else asked.instrument.program
    program = program if asked.program is None else asked.program
    origin = Origin(asked.model_name, seed, index, known, __version__, engine)
    return replace(tune, title=title, program=program, origin=origin)


def _stem(asked: Options, tune: "Tune") -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", asked.model_name)
    seed = tune.origin.seed if tune.origin else None
    return f"{name}_beam{asked.search.beam_size}" if seed is None else f"{name}_seed{seed}"


def _write(asked: Options, tune: "Tune", index: int) -> list[Path]:
    """Writes a tune as all kinds of files that were asked for; they all have one name."""
    from melody_rnn.cli.kinds import write_kinds

    width = _DIGITS if asked.first_index else max(2, len(str(asked.num_outputs)))
    stem = f"{_stem(asked, tune)}_{index:0{width}d}"
    kinds = [*asked.kinds, *(["wav"] if asked.audio else [])]
    paths = write_kinds(tune, kinds, asked.output_dir, stem, asked.velocity, asked.midi_type, asked.accompaniment)
    if asked.plot:
        # A .png of that name may be the sheet music.
        suffix = "_roll" if "png" in kinds else ""
        paths.append(rendering.write_picture(tune, asked.output_dir, paths[0].stem + suffix))
    return paths


def _write_sheet(asked: Options, tunes: "list[Tune]") -> None:
    from melody_rnn.tunes.files import tune_bytes, write_new

    path = write_new(asked.output_dir, _stem(asked, tunes[0]), tune_bytes(tunes, "pdf"), ".pdf")
    options.tell(f"sheet music of all: {path}")


def _row(asked: Options, tune: "Tune", paths: list[Path], log_likelihood: float) -> dict[str, Any]:
    played, written = tune.played(), tune.written()
    row = {
        "file": str(paths[0]),
        "files": [str(path) for path in paths],
        "events": list(played),
        "written": list(written),
        "num_steps": len(played),
        "meter": str(tune.meter),
        "steps_per_bar": tune.steps_per_bar,
        "pickup_steps": tune.pickup_steps,
        "key": None if tune.key is None else str(tune.key),
        "qpm": tune.tempo,
        "sections": [_section(section) for section in written.sections],
        "seed": tune.origin.seed if tune.origin else None,
        "index": tune.origin.index if tune.origin else None,
        "temperature": asked.choosing.temperature,
        "log_likelihood": log_likelihood,
    }
    if tune.chords:
        row["chords"] = [list(chord) for chord in played.chords]
    if asked.audio:
        row["audio"] = next(str(path) for path in paths if path.suffix == ".wav")
    if asked.plot:
        row["plot"] = str(paths[-1])
    return row


def _section(section: "Section") -> dict[str, Any]:
    endings = [
        {"passes": list(ending.passes), "start": ending.start, "events": list(ending.events)}
        for ending in section.endings
    ]
    return {"label": section.label, "start": section.start, "times": section.times, "endings": endings}


@contextmanager
def _counting_up(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar on a terminal; gives a function that takes how many melodies are done in all."""
    with options.progress_bar(title) as advance:
        yield lambda done: advance(done, total)


@contextmanager
def _counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar on a terminal; gives a function that takes each number of melodies that are done."""
    done = 0
    with _counting_up(title, total) as tell:
        tell(done)

        def add(count: int) -> None:
            nonlocal done
            done += count
            tell(done)

        yield add


def _print_table(asked: Options, rows: Sequence[dict[str, Any]], num_tunes: int, surprise: Surprise) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("file", overflow="fold")
    for title in ("bars", "notes", "range", "nats/event"):
        table.add_column(title, justify="right")
    table.add_column("surprise")
    if asked.copied:
        table.add_column("copied", overflow="fold")
    print_rows(table, [_cells(row, surprise) for row in rows], num_tunes)
    seed = rows[0]["seed"]
    console = Console(file=sys.stdout)
    ahead = [row["look_ahead"] for row in rows if row.get("look_ahead")]
    if ahead:
        console.print(f"each chosen among {ahead[0]['num_particles']} that lead to what was asked for", highlight=False)
    made = f"in {printable(asked.output_dir)}{_endings(rows[0])}: {printable(asked.model_name)}, {asked.search.words}"
    if seed is None:
        console.print(f"{made}the same each time", highlight=False, markup=False)
    else:
        console.print(
            f"{made}temperature {asked.choosing.temperature_text}, seed {seed} (--seed {seed} makes them again)",
            highlight=False,
            markup=False,
        )
    surprise.explain()


def _endings(row: dict[str, Any]) -> str:
    """Returns how the names of a tune's files end, if it has several."""
    names = [Path(file).name for file in row["files"]]
    stem = Path(names[0]).stem
    return f", each as {', '.join(name.removeprefix(stem) for name in names)}" if len(names) > 1 else ""


def _bars(row: dict[str, Any]) -> str:
    """Returns how many bars are played, a pickup aside; a whole tune's last bar counts, which a pickup shortens."""
    bars = row["num_steps"] / row["steps_per_bar"] - bool(row["pickup_steps"])
    return f"{math.ceil(bars) if row['sections'] else bars:.3g}"


def _cells(row: dict[str, Any], surprise: Surprise) -> tuple[str, ...]:
    from melody_rnn.music.pitches import note_name

    pitches = [event for event in row["events"] if event >= 0]
    # As `score` has it, so that a tune's figure does not hang on what else was asked for.
    nats = -row["log_likelihood"] / max(len(row["written"]) - 1, 1)
    return (
        Path(row["file"]).name,
        _bars(row),
        str(len(pitches)),
        f"{note_name(min(pitches))}..{note_name(max(pitches))}" if pitches else "-",
        f"{nats:.2f}",
        surprise.word(nats),
        *([copying.words(row["copied"])] if "copied" in row else []),
    )
