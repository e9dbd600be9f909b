"""A shard: what became of some of a dataset's files, before duplicates are dropped and the rest is split.

Without a cluster all files are one shard, in memory. On a cluster each is a folder, a dataset of which every melody is
in train, with its own reports beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from melody_rnn.data import dataset
from melody_rnn.data.dataset import Dataset, StoredForm, StoredMelody
from melody_rnn.data.pool import FileResult, TuneResult
from melody_rnn.data.report import FileReport, RejectedRow, Report
from melody_rnn.errors import InputFileError
from melody_rnn.files import read_input
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord, Ending, Jump, Section

Progress = Callable[[int, int], None]
_REPORT: Final = "report.json"
_REJECTED: Final = "rejected.jsonl"
_MAX_REPORT_BYTES: Final = 2**28


@dataclass
class Shard:
    """Melodies of some files in the files' order, all in train for the time being, and what became of the rest."""

    melodies: list[StoredMelody] = field(default_factory=list)
    report: Report = field(default_factory=Report)

    def take(self, result: FileResult, steps_per_quarter: int) -> None:
        """Takes a file's melodies, and enters the rest of what became of it into the report."""
        name, report = result.source.name, self.report
        losses: list[RejectedRow] = []
        melodies: list[StoredMelody] = []
        if result.error is not None:
            losses.append(RejectedRow(name, None, "", "unreadable", result.error))
        for tune in result.tunes:
            losses += [RejectedRow(name, tune.tune, tune.title, rule, detail) for rule, detail in tune.rejections]
            rules = {rule for rule, _ in tune.rejections}
            report.num_tunes_read += not rules & {"unreadable", "timeout", "crashed"}
            report.num_padded_tunes += bool(tune.num_pads)
            for number, fields in enumerate(tune.melodies):
                report.num_truncated += fields["is_truncated"]
                report.num_collapsed_notes += fields["num_collapsed"]
                report.num_collapsed_melodies += fields["num_collapsed"] > 0
                melodies.append(_melody(f"{name}:{tune.tune}.{number}", tune, fields, steps_per_quarter))
        report.num_tunes += len(result.tunes)
        for loss in losses:
            report.reject(loss)
        dropped = Counter(loss.rule for loss in losses)
        report.files.append(FileReport(name, len(result.tunes), len(melodies), dict(dropped)))
        self.melodies += melodies

    def add(self, other: "Shard") -> None:
        """Takes what another shard has."""
        self.melodies += other.melodies
        self.report.add(other.report)


def gather(
    results: Iterable[FileResult], steps_per_quarter: int, total: int = 0, progress: Progress | None = None
) -> Shard:
    """Returns the shard of some files.

    Args:
        results: What became of each file.
        steps_per_quarter: Steps in a quarter note.
        total: How many files there are.
        progress: Called with the number of files done and of all files, after each.
    """
    shard = Shard()
    for number, result in enumerate(results, start=1):
        shard.take(result, steps_per_quarter)
        if progress:
            progress(number, total)
    return shard


def save(shard: Shard, folder: Path) -> None:
    """Writes a shard, whole or not at all; `load` is its inverse.

    Raises:
        OutputError: If it cannot be written.
    """
    reports = {_REPORT: shard.report.to_json(), _REJECTED: shard.report.rejected_jsonl()}
    dataset.save(Dataset(tuple(shard.melodies)), folder, reports, overwrite=True)


def load(folder: Path) -> Shard:
    """Reads a shard that `save` wrote.

    Raises:
        InputFileError: If there is none, or it is damaged.
    """
    melodies = dataset.load(folder).melodies
    texts = [read_input(folder / name, _MAX_REPORT_BYTES, may_be_empty=True) for name in (_REPORT, _REJECTED)]
    try:
        return Shard(list(melodies), Report.from_texts(*(text.decode() for text in texts)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputFileError(f"{folder}: the shard's reports are damaged ({error})") from error


def _melody(melody_id: str, tune: TuneResult, fields: Mapping[str, Any], steps_per_quarter: int) -> StoredMelody:
    return StoredMelody(
        melody_id,
        np.array(fields["events"], np.int8),
        Meter(*fields["meter"]),
        "train",
        tune.title,
        Key(*fields["key"]) if fields["key"] else None,
        fields["pickup_steps"],
        steps_per_quarter,
        StoredForm(
            _sections(fields["sections"]), Jump(*fields["jump"]) if fields["jump"] else None, fields["is_truncated"]
        ),
        tuple(Chord(*chord) for chord in fields["chords"]),
        fields["has_inferred_chords"],
    )


def _sections(rows: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    """Returns sections out of JSON data; their endings keep no chord symbols."""
    return tuple(
        Section(
            row["start"],
            row["label"],
            row["times"],
            tuple(Ending(tuple(e["passes"]), e["start"], tuple(e["events"])) for e in row["endings"]),
        )
        for row in rows
    )
