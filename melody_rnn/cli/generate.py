"""melody-rnn generate: melodies as MIDI files."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from melody_rnn import __version__
from melody_rnn.cli import listening, options
from melody_rnn.cli.startup import load_note_seq, load_tensorflow
from melody_rnn.errors import InvalidArgumentError, MelodyError

if TYPE_CHECKING:
    from note_seq import Melody

    from melody_rnn.model import MelodyRNN
    from melody_rnn.music.meters import Meter
    from melody_rnn.music.primers import Primer

_MAX_SEED = 2**31 - 1
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
    settings: dict[str, Any]
    seed: int | None
    meter: "Meter | None"
    qpm: float | None
    program: int
    velocity: int
    output_dir: Path
    audio: bool
    plot: bool
    device: str


@click.command(name="generate")
@options.model_option
@click.option(
    "-n", "--num-outputs", type=click.IntRange(min=1), default=10, show_default=True, help="How many melodies."
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
@click.option(
    "-t",
    "--temperature",
    default=1.0,
    show_default=True,
    type=options.FiniteNumber(lambda x: x >= 0, "a finite number of at least 0"),
    help="Below 1 surer and more conservative, above 1 more diverse with more mistakes, 0 always the likeliest.",
)
@click.option("--top-k", type=click.IntRange(min=1), help="Choose among the k likeliest only.")
@click.option(
    "--top-p",
    type=options.FiniteNumber(lambda p: 0 < p <= 1, "above 0 and at most 1"),
    help="Choose among the likeliest that together have this probability.",
)
@click.option(
    "--min-p",
    type=options.FiniteNumber(lambda p: 0 <= p <= 1, "from 0 to 1"),
    help="Leave out what is less than this share as likely as the likeliest.",
)
@click.option("--seed", type=click.IntRange(0, _MAX_SEED), help="Makes a run repeatable. [default: a fresh one]")
@click.option(
    "--meter",
    type=options.MeterType(),
    metavar="N/M",
    help="The bars that tunes_rnn keeps to, and that are written: 6/8 for jigs. [default: the primer file's, or 4/4]",
)
@click.option("--qpm", type=POSITIVE, help="Quarter notes a minute. [default: the primer file's, or 120]")
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
    """
    setting_names = ("temperature", "top_k", "top_p", "min_p")
    settings = {name: arguments.pop(name) for name in setting_names}
    request = Request(settings=settings, **arguments)
    _check(request)
    load_note_seq(verbose)
    primer = _read_primer(request)
    load_tensorflow(verbose)
    rows = _generate(request, primer, as_json)
    if not as_json:
        _print_table(request, rows)


def _check(request: Request) -> None:
    if request.primer is not None and request.primer_midi is not None:
        raise InvalidArgumentError("--primer and --primer-midi both say how to begin; give one of them")
    options.check_model(request.model)
    options.check_output_dir(request.output_dir)


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


def _generate(request: Request, primer: "Primer | None", as_json: bool) -> list[dict[str, Any]]:
    """Generates and writes the melodies, and returns what a row of output says about each."""
    from melody_rnn.model import fresh_seed

    options.use_device(request.device)
    model = options.load_model(request.model)
    seed = fresh_seed() if request.seed is None else request.seed
    with _progress_bar(request.num_outputs) as on_done:
        melodies = model.generate(
            num_outputs=request.num_outputs,
            num_steps=request.num_steps,
            new_steps=request.new_steps,
            primer=primer,
            seed=seed,
            steps_per_bar=_meter(request, primer).steps_per_bar(),
            on_done=on_done,
            **request.settings,
        )
    rows = []
    log_likelihoods = model.log_likelihoods(melodies)
    for index, (melody, log_likelihood) in enumerate(zip(melodies, log_likelihoods, strict=True), start=1):
        path = _write(request, primer, melody, seed, index)
        row = {
            "file": str(path),
            "events": [int(event) for event in melody],
            "num_steps": len(melody),
            "seed": seed,
            "index": index,
            "steps_per_bar": melody.steps_per_bar,
            "temperature": request.settings["temperature"],
            "log_likelihood": log_likelihood,
        }
        row.update(_write_beside(request, model, primer, melody, path))
        rows.append(row)
        if as_json:
            click.echo(json.dumps(row))
    return rows


def _meter(request: Request, primer: "Primer | None") -> "Meter":
    from melody_rnn.music.meters import Meter

    return request.meter or (primer.meter if primer and primer.meter else Meter(4, 4))


def _write(request: Request, primer: "Primer | None", melody: "Melody", seed: int, index: int) -> Path:
    from melody_rnn.music.melodies import melody_to_sequence
    from melody_rnn.music.sequence_io import midi_bytes, write_new

    name = options.model_name(request.model)
    given = request.primer if request.primer_midi is None else str(request.primer_midi)
    about = {"model": name, "seed": seed, "index": index, **request.settings, "primer": given, "version": __version__}
    meter = _meter(request, primer)
    about["meter"] = str(meter)
    about["primer_steps"] = len(primer.events) if primer else None
    text = json.dumps({key: value for key, value in about.items() if value is not None})
    qpm = request.qpm or (primer.qpm if primer and primer.qpm else 120.0)
    sequence = melody_to_sequence(melody, qpm, request.program, request.velocity, meter)
    width = max(2, len(str(request.num_outputs)))
    stem = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}_seed{seed}_{index:0{width}d}"
    return write_new(request.output_dir, stem, midi_bytes(sequence, text))


def _write_beside(
    request: Request, model: "MelodyRNN", primer: "Primer | None", melody: "Melody", path: Path
) -> dict[str, str]:
    """Writes a melody's sound and piano roll beside its MIDI file, if they were asked for."""
    written = {}
    if request.audio:
        written["audio"] = str(listening.write_audio(path, path.parent))
    if request.plot:
        probabilities = model.trace([melody], model.transposition(primer))[0].probabilities.tolist()
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
            f"{-row['log_likelihood'] / max(row['num_steps'] - 1, 1):.2f}",
        )
    console = Console(file=sys.stdout)
    console.print(table)
    console.print(
        f"{options.model_name(request.model)}, temperature {request.settings['temperature']:g}, "
        f"seed {rows[0]['seed']} (--seed {rows[0]['seed']} makes them again)",
        highlight=False,
    )
