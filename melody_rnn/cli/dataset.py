"""melody-rnn dataset: melodies to train on, out of music files."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from melody_rnn.cli import options
from melody_rnn.errors import InvalidArgumentError, printable

if TYPE_CHECKING:
    from melody_rnn.data.splits import SplitRules


_MOST_FORMS: Final = 8


class SplitType(click.ParamType["SplitRules"]):
    """Shares of the splits, such as 80/10/10, or none for all in train."""

    name = "shares"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "SplitRules":
        """Returns the rules, or fails with what they must be."""
        from melody_rnn.data.splits import SplitRules

        if str(value).lower() == "none":
            return SplitRules(train=1.0, validation=0.0)
        try:
            train, validation, test = (float(part) for part in str(value).split("/"))
        except ValueError:
            train = validation = test = -1.0
        if not (train > 0 and validation >= 0 and test >= 0 and abs(train + validation + test - 100) < 1e-6):
            self.fail(
                f"must be the percentages of train, validation and test, such as 80/10/10, or none, got {value}",
                param,
                ctx,
            )
        return SplitRules(train=train / 100, validation=validation / 100)


@click.group(name="dataset")
def command() -> None:
    """Datasets to train on."""


@command.command(name="build")
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    required=True,
    metavar="FOLDER|FILE|corpus:NAME",
    help="Music to read: .mid, .abc, .musicxml, .mxl or .xml, folders of them at any depth, TFRecords of "
    "NoteSequences (.tfrecord), or a corpus out of "
    "music21: corpus:tunebooks (free), corpus:essen (non-commercial). May be given several times.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The dataset's folder.")
@click.option("--overwrite", is_flag=True, help="Replace a dataset that is there.")
@click.option(
    "--steps-per-quarter",
    type=click.IntRange(1, 48),
    default=4,
    show_default=True,
    help="Steps in a quarter note; 12 hold triplets too.",
)
@click.option(
    "--min-bars", type=click.IntRange(0, 10_000), default=7, show_default=True, help="Shorter melodies are dropped."
)
@click.option(
    "--min-pitch-classes",
    type=click.IntRange(0, 12),
    default=5,
    show_default=True,
    help="Melodies of fewer different ones are dropped.",
)
@click.option(
    "--max-steps",
    type=click.IntRange(0, options.MAX_COUNT),
    default=512,
    show_default=True,
    help="Longer melodies are cut off; 0 for never.",
)
@click.option(
    "--gap-bars",
    type=options.FiniteNumber(lambda x: 0 < x <= 10_000, "above 0 and at most 10000"),
    default=1.0,
    show_default=True,
    help="A silence so long ends a melody.",
)
@click.option(
    "--polyphony",
    type=click.Choice(["discard", "skyline"]),
    default="discard",
    show_default=True,
    help="Where notes start together: drop the melody, or keep the highest.",
)
@click.option(
    "--collapsed",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="Where notes one after the other fall onto one step: drop the melody, or keep the first.",
)
@click.option(
    "--repeats",
    type=click.Choice(["written", "expanded"]),
    default="written",
    show_default=True,
    help="Whether each section is taken once, with its last ending, or repeats are played.",
)
@click.option(
    "--split",
    type=SplitType(),
    metavar="A/B/C|none",
    default="80/10/10",
    show_default=True,
    help="Percentages of train, validation and test; none puts every tune into train.",
)
@click.option(
    "--find-form",
    is_flag=True,
    help="Where a file tells no form, as in MIDI, find repeats by comparing bars, and take each section once.",
)
@click.option(
    "--chords",
    type=click.Choice(["keep", "infer"]),
    default="keep",
    show_default=True,
    help="Chord symbols: keep those that are written, or find some for melodies that have none, too.",
)
@click.option("--ignore-tempo-changes", is_flag=True, help="Let melodies go on where the tempo changes.")
@click.option("--no-pad", is_flag=True, help="Do not fill up pickups, so that bar lines may lie off the grid.")
@click.option(
    "--workers", type=click.IntRange(1, options.MAX_WORKERS), help="Processes that read. [default: one a processor]"
)
@click.option(
    "--cluster",
    metavar="ADDRESS|FILE",
    help="Let a Dask cluster read instead: its scheduler's address, as tcp://HOST:8786, or its scheduler file (.json). "
    "The inputs and the output must lie where all its machines see them.",
)
@options.json_option
def build(
    inputs: tuple[str, ...], output: Path, overwrite: bool, cluster: str | None, as_json: bool, **arguments: Any
) -> None:
    """Make a dataset of the melodies in music files.

    Says for every file what was kept and what was dropped by which rule: as a table, and in report.json and
    rejected.jsonl in the dataset's folder. Settings of one tune come into the same of the splits train, validation and
    test; of a few tunes each split has at least one.

    \b
    melody-rnn dataset build --input tunes/ --output data/mine
    melody-rnn dataset build --input corpus:tunebooks --output data/tunebooks
    melody-rnn dataset build --input lakh/ --output data/lakh --cluster tcp://10.0.0.1:8786
    """
    if cluster is not None:
        options.check_packages(["distributed"], "builds on a cluster", "cluster")
        if arguments["workers"] is not None:
            raise InvalidArgumentError("--workers is for this machine, and --cluster reads elsewhere; give one of them")
    from melody_rnn.data.build import build_dataset
    from melody_rnn.data.cluster import Cluster
    from melody_rnn.data.extraction import ExtractionRules

    num_workers, split_rules = arguments.pop("workers"), arguments.pop("split")
    rules = ExtractionRules(
        split_at_tempo_changes=not arguments.pop("ignore_tempo_changes"),
        pad_bars=not arguments.pop("no_pad"),
        finds_form=arguments.pop("find_form"),
        infers_chords=arguments.pop("chords") == "infer",
        **{**arguments, "max_steps": arguments["max_steps"] or None},
    )
    with options.progress_bar("Reading") as advance:
        report = build_dataset(
            inputs,
            output,
            rules,
            split_rules,
            num_workers=num_workers,
            cluster=None if cluster is None else Cluster(cluster, output),
            overwrite=overwrite,
            progress=advance,
        )
    for notice in report.notices:
        options.tell(f"Note: {notice}")
    if as_json:
        data = dataclasses.asdict(report)
        click.echo(json.dumps({key: value for key, value in data.items() if key not in ("files", "rejected")}))
    else:
        _print_report(report, output)


def _print_forms(console: Any, report: Any) -> None:
    from rich.table import Table

    forms = report.forms
    if not forms.forms:
        return
    table = Table(box=None, header_style="bold")
    table.add_column("form, as played")
    table.add_column("melodies", justify="right")
    most = list(forms.forms.items())
    for form, count in most[:_MOST_FORMS]:
        table.add_row(form, f"{count:,}")
    rest = sum(count for _, count in most[_MOST_FORMS:])
    if rest:
        table.add_row(f"{len(most) - _MOST_FORMS} others", f"{rest:,}")
    table.add_row("not known", f"{forms.unknown:,}")
    console.print(table)
    console.print(
        f"{forms.pickups:,} melodies begin with a pickup, {forms.endings:,} have first and second endings, "
        f"{forms.jumps:,} a da capo or dal segno. Parts without a number have 8 bars.",
        highlight=False,
        soft_wrap=True,
    )


def _print_report(report: Any, output: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from melody_rnn.data.splits import Split

    console = Console()
    table = Table(box=None, header_style="bold")
    for title in ("", "melodies", "steps", "share"):
        table.add_column(title, justify="left" if not title else "right")
    for name in get_args(Split):
        row = report.splits[name]
        table.add_row(name, f"{row.melodies:,}", f"{row.steps:,}", f"{100 * row.share:.1f} %")
    table.add_row("kept", f"{report.num_melodies:,}", f"{report.num_steps:,}", "")
    console.print(table)
    _print_forms(console, report)
    if report.num_with_chords or report.num_with_inferred_chords:
        console.print(
            f"{report.num_with_chords:,} melodies have chord symbols that are written, "
            f"{report.num_with_inferred_chords:,} such that were inferred.",
            highlight=False,
            soft_wrap=True,
        )
    if report.dropped:
        losses = Table(box=None, header_style="bold")
        losses.add_column("dropped, by rule")
        losses.add_column("number", justify="right")
        for rule, count in sorted(report.dropped.items(), key=lambda item: -item[1]):
            losses.add_row(rule.replace("_", " "), f"{count:,}")
        console.print(losses)
    if report.num_collapsed_notes:
        console.print(
            f"{report.num_collapsed_notes:,} notes in {report.num_collapsed_melodies:,} melodies fall onto another's "
            "step, as in fast triplets, and are left out.",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"{report.num_files:,} files, {report.num_tunes:,} tunes, {report.num_tunes_read:,} of them read; "
        f"{report.num_truncated:,} melodies cut off, {report.num_padded_tunes:,} tunes padded to whole bars.\n"
        f"In test and validation {report.leaks['exact']:.0f} melodies are also in train, and "
        f"{100 * report.leaks['near']:.1f} % share much with it.\n"
        f"{printable(output)}: {report.num_bytes / 1e6:.2f} MB in {report.seconds:.1f} s; "
        f"what was dropped is listed in {printable(output / 'rejected.jsonl')}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
