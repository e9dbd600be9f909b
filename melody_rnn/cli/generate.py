"""melody-rnn generate: melodies as MIDI files."""

import json
import re
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from melody_rnn import __version__
from melody_rnn.cli import listening, options
from melody_rnn.cli.choosing import SAMPLER_NAMES, Choosing, ChoosingCommand, constraint_options, sampler_options
from melody_rnn.cli.search import DEFAULT_OUTPUTS, Search, find, search_options
from melody_rnn.cli.startup import load_note_seq, load_tensorflow
from melody_rnn.errors import InvalidArgumentError, MelodyError, OutputError

if TYPE_CHECKING:
    from note_seq import Melody

    from melody_rnn.generation.trace import Trace
    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.meters import Meter
    from melody_rnn.music.primers import Primer

POSITIVE = options.FiniteNumber(lambda x: x > 0, "a finite number above 0")


@dataclass(frozen=True)
class Request:
    """What the command was asked for, checked."""

    model: str | None
    num_outputs: int
    num_steps: int
    new_steps: int | None
    primer: str | None
    primer_midi: Path | None
    choosing: Choosing
    search: Search
    trace: Path | None
    seed: int | None
    meter: "Meter | None"
    qpm: float | None
    program: int
    velocity: int
    output_dir: Path
    audio: bool
    plot: bool
    device: str


@click.command(name="generate", cls=ChoosingCommand)
@options.model_option
@click.option(
    "-n",
    "--num-outputs",
    type=click.IntRange(min=1),
    help=f"How many melodies. [default: {DEFAULT_OUTPUTS}, or 1 with --best-of or --beam-size]",
)
@click.option(
    "--num-steps",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Length of each in sixteenth notes, the primer included.",
)
@click.option(
    "--new-steps", type=click.IntRange(min=1), help="Length of what follows the primer; replaces --num-steps."
)
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
@sampler_options
@search_options
@constraint_options
@click.option("--seed", type=options.SEED, help="Makes a run repeatable. [default: a fresh one]")
@click.option(
    "--meter",
    type=options.MeterType(),
    metavar="N/M",
    help="The bars that tunes_rnn keeps to, and that are written: 6/8 for jigs. "
    "[default: the primer file's, --keep's, or 4/4]",
)
@click.option("--qpm", type=POSITIVE, help="Quarter notes a minute. [default: the primer file's, --keep's, or 120]")
@click.option("--program", type=click.IntRange(0, 127), default=0, show_default=True, help="General MIDI instrument.")
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
    "--trace",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Write what the model and the sampler made of every step too, as arrays for NumPy.",
)
@listening.audio_option
@listening.plot_option
@options.device_option
@options.json_option
@options.verbose_option
def command(as_json: bool, verbose: bool, **arguments: Any) -> None:  # fmt: skip
    """Write melodies as MIDI files.

    \b
    melody-rnn generate                                        ten melodies
    melody-rnn generate -n 3 --num-steps 256 --temperature 0.8
    melody-rnn generate --primer-midi tune.mid --new-steps 64  go on from a file
    melody-rnn generate --model attention_rnn.mag --seed 7     a Magenta bundle
    melody-rnn generate --best-of 64 --best-by typical         the most typical of 64
    melody-rnn generate --temperature 0.6..1.2 --no-repeat-ngram 5
    melody-rnn generate --key "D dorian" --range D4..D6 --end-on tonic
    melody-rnn generate --keep "tune.mid:bars 1-2,7-8"         new bars between
    """
    choosing = Choosing.taken_from(arguments)
    search = Search(**{field.name: arguments.pop(field.name) for field in fields(Search)})
    arguments["num_outputs"] = arguments["num_outputs"] or (1 if search.is_any else DEFAULT_OUTPUTS)
    request = Request(choosing=choosing, search=search, **arguments)
    _check(request)
    search.check(request.num_outputs, [name for name in (*SAMPLER_NAMES, "seed") if _is_given(name)])
    if search.is_deterministic:
        request = replace(request, choosing=replace(choosing, settings={}))
    load_note_seq(verbose)
    primer = _read_primer(request)
    request = _read_kept(request, primer)
    load_tensorflow(verbose)
    rows = _generate(request, primer, as_json)
    if not as_json:
        _print_table(request, rows)


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _check(request: Request) -> None:
    if request.primer is not None and request.primer_midi is not None:
        raise InvalidArgumentError("--primer and --primer-midi both say how to begin; give one of them")
    options.check_model(request.model)
    options.check_output_dir(request.output_dir)
    if request.trace is not None and request.trace.suffix != ".npz":
        raise InvalidArgumentError(f"--trace must name a .npz file, got {request.trace}")
    if request.trace is not None and request.trace.exists():
        raise OutputError(f"{request.trace} exists already; name a new file")


def _read_primer(request: Request) -> "Primer | None":
    from melody_rnn.music.primers import parse_primer, primer_from_sequence
    from melody_rnn.music.sequence_io import read_sequence

    if request.primer is not None:
        primer = parse_primer(request.primer)
    elif request.primer_midi is not None:
        sequence = read_sequence(request.primer_midi)
        try:
            primer = primer_from_sequence(sequence)
        except MelodyError as error:
            raise MelodyError(f"{request.primer_midi}: {error}") from error
        if primer.is_polyphonic:
            click.echo(f"{request.primer_midi}: several notes at once; the top voice is the primer", err=True)
    else:
        return None
    if request.new_steps is None and len(primer.events) >= request.num_steps:
        raise MelodyError(
            f"the primer has {len(primer.events)} steps and --num-steps, which counts them, is {request.num_steps}: "
            f"ask for more, or for --new-steps"
        )
    return primer


def _read_kept(request: Request, primer: "Primer | None") -> Request:
    """Returns the request with the bars to keep, and with their meter and tempo where nothing else says them."""
    kept = request.choosing.read_kept()
    if kept is not None:
        meter = request.meter or (primer.meter if primer and primer.meter else kept.meter)
        qpm = request.qpm or (primer.qpm if primer and primer.qpm else kept.qpm)
        request = replace(request, meter=meter, qpm=qpm)
    steps_per_bar = _meter(request, primer).steps_per_bar()
    return replace(request, choosing=request.choosing.with_kept(kept, steps_per_bar))


def _generate(request: Request, primer: "Primer | None", as_json: bool) -> list[dict[str, Any]]:
    """Generates and writes the melodies, and returns what a row of output says about each."""
    from melody_rnn.generation.trace import save_traces
    from melody_rnn.model import fresh_seed

    options.use_device(request.device)
    model = options.load_model(request.model)
    seed = None
    if not request.search.is_deterministic:
        seed = fresh_seed() if request.seed is None else request.seed
    traces: list[Trace] = []
    common = {
        "num_steps": request.num_steps,
        "new_steps": request.new_steps,
        "primer": primer,
        "steps_per_bar": _meter(request, primer).steps_per_bar(),
        "constraints": request.choosing.constraints,
    }
    with _progress_bar(request.search.best_of or request.num_outputs) as on_done:
        sampling = {"seed": seed, "on_done": on_done, "sampler": request.choosing.sampler()}
        on_trace = traces.extend if request.trace else None
        found = find(model, request.search, request.num_outputs, common, sampling, on_trace)
    rows = []
    melodies = [melody for melody, _ in found]
    log_likelihoods = model.log_likelihoods(melodies)
    pictured = _trace_for_pictures(request, model, primer, melodies)
    told = zip(found, log_likelihoods, pictured, strict=True)
    for index, ((melody, facts), log_likelihood, probabilities) in enumerate(told, start=1):
        path = _write(request, primer, melody, seed, index, facts)
        row = {
            "file": str(path),
            "events": [int(event) for event in melody],
            "num_steps": len(melody),
            "seed": seed,
            "index": index,
            "steps_per_bar": melody.steps_per_bar,
            "temperature": request.choosing.temperature,
            "log_likelihood": log_likelihood,
            **facts,
        }
        row.update(_write_beside(request, primer, melody, probabilities, path))
        rows.append(row)
        if as_json:
            click.echo(json.dumps(row))
    if request.trace:
        save_traces(request.trace, traces)
    return rows


def _meter(request: Request, primer: "Primer | None") -> "Meter":
    from melody_rnn.music.meters import Meter

    return request.meter or (primer.meter if primer and primer.meter else Meter(4, 4))


def _write(
    request: Request,
    primer: "Primer | None",
    melody: "Melody",
    seed: int | None,
    index: int,
    facts: dict[str, Any],
) -> Path:
    from melody_rnn.music.melodies import melody_to_sequence
    from melody_rnn.music.sequence_io import midi_bytes, write_new

    name = options.model_name(request.model)
    given = request.primer if request.primer_midi is None else str(request.primer_midi)
    about = {"model": name, "seed": seed, "index": index, **request.choosing.about(), "primer": given}
    about.update(request.search.about(), **facts, version=__version__)
    meter = _meter(request, primer)
    about["meter"] = str(meter)
    about["primer_steps"] = len(primer.events) if primer else None
    text = json.dumps({key: value for key, value in about.items() if value is not None})
    qpm = request.qpm or (primer.qpm if primer and primer.qpm else 120.0)
    sequence = melody_to_sequence(melody, qpm, request.program, request.velocity, meter)
    width = max(2, len(str(request.num_outputs)))
    run = f"beam{request.search.beam_size}" if seed is None else f"seed{seed}"
    stem = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}_{run}_{index:0{width}d}"
    return write_new(request.output_dir, stem, midi_bytes(sequence, text))


def _trace_for_pictures(
    request: Request, model: "MelodyRNN", primer: "Primer | None", melodies: "list[Melody]"
) -> list[list[float]]:
    """Returns how probable each event of each melody was, nothing where no picture shows it."""
    if not request.plot:
        return [[] for _ in melodies]
    amount = model.transposition(primer, request.choosing.constraints)
    return [trace.probabilities.tolist() for trace in model.trace(melodies, amount)]


def _write_beside(
    request: Request, primer: "Primer | None", melody: "Melody", probabilities: list[float], path: Path
) -> dict[str, str]:
    """Writes a melody's sound and piano roll beside its MIDI file, if they were asked for."""
    written = {}
    if request.audio:
        written["audio"] = str(listening.write_audio(path, path.parent))
    if request.plot:
        picture = listening.Picture(
            melody, _meter(request, primer), len(primer.events) if primer else 0, probabilities, path.stem
        )
        written["plot"] = str(listening.write_picture(picture, path.parent, path.stem))
    return written


def _progress_bar(num_outputs: int) -> Any:
    """Returns a context manager that gives a function to call with each number of melodies done."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def bar() -> Any:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Sampling", total=num_outputs)
            yield lambda count: progress.advance(task, count)

    return bar()


def _print_table(request: Request, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from melody_rnn.music.melodies import num_notes
    from melody_rnn.music.pitches import note_name

    table = Table(box=None, header_style="bold")
    table.add_column("file", overflow="fold")
    for title in ("bars", "notes", "range", "nats/event"):
        table.add_column(title, justify="right")
    for row in rows:
        pitches = [event for event in row["events"] if event >= 0]
        table.add_row(
            row["file"],
            f"{row['num_steps'] / row['steps_per_bar']:.3g}",
            str(num_notes(row["events"])),
            f"{note_name(min(pitches))}..{note_name(max(pitches))}" if pitches else "-",
            f"{row.get('nats_per_event', -row['log_likelihood'] / max(row['num_steps'] - 1, 1)):.2f}",
        )
    console = Console(file=sys.stdout)
    console.print(table)
    made = f"{options.model_name(request.model)}, {request.search.words}"
    if rows[0]["seed"] is None:
        console.print(f"{made}the same each time", highlight=False)
        return
    console.print(
        f"{made}temperature {request.choosing.temperature_text}, "
        f"seed {rows[0]['seed']} (--seed {rows[0]['seed']} makes them again)",
        highlight=False,
    )
