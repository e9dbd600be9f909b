"""From files to a dataset: read, extract, drop duplicates, group, split, measure, save."""

import dataclasses
import os
import time
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import melody_rnn
from melody_rnn.data import dataset, splits
from melody_rnn.data.cluster import Cluster
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import Inputs, SourceFile, find_inputs
from melody_rnn.data.pool import ReaderPool
from melody_rnn.data.report import FileReport, FormReport, RejectedRow, Report, SplitReport
from melody_rnn.data.shards import Progress, gather
from melody_rnn.data.sources import SUFFIXES, is_source
from melody_rnn.data.splits import SPLITS, SplitRules
from melody_rnn.errors import InputFileError, InvalidArgumentError
from melody_rnn.music.forms import DEFAULT_PART_BARS
from melody_rnn.tunes.outline import Outline, outline_of

DEFAULT_TIMEOUT_SECONDS: Final = 8.0
DEFAULT_MEMORY_BYTES: Final = 2**30


def build_dataset(
    inputs: Sequence[str | Path],
    output: str | Path,
    rules: ExtractionRules | None = None,
    split_rules: SplitRules | None = None,
    *,
    num_workers: int | None = None,
    cluster: Cluster | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Builds a dataset of the melodies in files, folders and corpora.

    Args:
        inputs: Files, folders and names such as 'corpus:tunebooks'.
        output: The folder to write the dataset to.
        rules: What makes a melody; Magenta's rules where not given.
        split_rules: How melodies are grouped and split.
        num_workers: How many processes read files; by default one for each processor.
        cluster: A cluster that reads the files instead; the dataset is the same.
        timeout_seconds: How long a tune may take to be read; after that it is left out.
        memory_bytes: How much memory a reader may take; a file that needs more is left out.
        overwrite: Whether a dataset that is at `output` may be replaced.
        progress: Called with the number of files done and of all files, after each.

    Returns:
        What was read, kept and dropped.

    Raises:
        InputFileError: If an input cannot be read, or no melody is left; the message says why.
        InvalidArgumentError: If a corpus is unknown or an argument out of its limits.
        OutputError: If the dataset cannot be written.
        ClusterError: If the cluster cannot be reached or is lost.
    """
    started = time.perf_counter()
    output = Path(output)
    dataset.check_output(output, overwrite)
    stored, report = collect(
        inputs,
        rules or ExtractionRules(),
        split_rules or SplitRules(),
        num_workers=num_workers,
        cluster=cluster,
        timeout_seconds=timeout_seconds,
        memory_bytes=memory_bytes,
        progress=progress,
    )
    reports = {"report.json": report.to_json(), "rejected.jsonl": report.rejected_jsonl()}
    report.digest = dataset.save(stored, output, reports, overwrite)
    if cluster is not None:
        cluster.forget()
    report.num_bytes = sum(file.stat().st_size for file in output.iterdir())
    report.seconds = time.perf_counter() - started
    return report


def collect(
    inputs: Sequence[str | Path],
    rules: ExtractionRules,
    split_rules: SplitRules,
    *,
    num_workers: int | None = None,
    cluster: Cluster | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    progress: Progress | None = None,
) -> tuple[Dataset, Report]:
    """Reads the melodies of files, folders and corpora; the arguments are those of `build_dataset`.

    Returns:
        The dataset, not saved, and what was read, kept and dropped.

    Raises:
        InputFileError: If an input cannot be read, or no melody is left; the message says why.
        InvalidArgumentError: If a corpus is unknown or an argument out of its limits.
    """
    if num_workers is not None and num_workers < 1:
        raise InvalidArgumentError(f"num_workers must be at least 1, got {num_workers}")
    found = find_inputs(inputs)
    report = Report(num_files=len(found.files), notices=[c.corpus.terms for c in found.corpora if not c.corpus.is_free])
    music = _music_files(found.files, report)
    if cluster is not None:
        shard = cluster.read(music, rules, timeout_seconds, memory_bytes, progress)
    else:
        with ReaderPool(rules, num_workers or os.cpu_count() or 1, timeout_seconds, memory_bytes) as pool:
            shard = gather(pool.read(music), rules.steps_per_quarter, len(music), progress)
    report.add(shard.report)
    melodies = _split(shard.melodies, split_rules, report)
    if not melodies:
        raise InputFileError(f"no melody to make a dataset of: {report.why_empty()}")
    stored = Dataset(melodies, _details(rules, split_rules, found))
    _finish(report, stored)
    return stored, report


def _music_files(files: Sequence[SourceFile], report: Report) -> list[SourceFile]:
    music = []
    for file in files:
        if not file.path.is_file():
            detail = "no file, but a link to nothing, a device or a folder that may not be read"
            loss = RejectedRow(file.name, None, "", "unreadable", detail)
        elif not is_source(file.path):
            loss = RejectedRow(file.name, None, "", "other_kind", f"not one of {', '.join(SUFFIXES)}")
        else:
            music.append(file)
            continue
        report.reject(loss)
        report.files.append(FileReport(file.name, dropped={loss.rule: 1}))
    return music


def _split(candidates: Sequence[StoredMelody], rules: SplitRules, report: Report) -> tuple[StoredMelody, ...]:
    ids = [candidate.id for candidate in candidates]
    dropped = splits.drop_duplicates(ids, [candidate.events for candidate in candidates])
    rows = {row.file: row for row in report.files}
    for number, original in dropped.items():
        lost = candidates[number]
        detail = f"the same as {ids[original]}"
        report.reject(RejectedRow(lost.source, lost.tune_number, lost.title, "duplicate", detail))
        row = rows[lost.source]
        row.melodies -= 1
        row.dropped["duplicate"] = row.dropped.get("duplicate", 0) + 1
    kept = sorted((c for number, c in enumerate(candidates) if number not in dropped), key=lambda c: c.id)
    melodies = [candidate.events for candidate in kept]
    shingle_sets = splits.shingles(melodies)
    groups = splits.group(shingle_sets, [f"{c.source}:{c.tune_number}" for c in kept], rules.min_shared)
    names = splits.assign([candidate.id for candidate in kept], groups, rules)
    report.leaks = splits.leaks(melodies, shingle_sets, names, rules.min_shared)
    sizes = Counter(groups)
    report.num_groups, report.largest_group = len(sizes), max(sizes.values(), default=0)
    return tuple(dataclasses.replace(own, split=name) for own, name in zip(kept, names, strict=True))


def _details(rules: ExtractionRules, split_rules: SplitRules, found: Inputs) -> dict[str, Any]:
    corpora = [
        {"name": c.name, "music21": c.version, "sha256": dict(c.corpus.books), "terms": c.corpus.terms}
        for c in found.corpora
    ]
    return {
        "rules": dataclasses.asdict(rules),
        "split_rules": dataclasses.asdict(split_rules),
        "corpora": corpora,
        "readers": {"melody-rnn": melody_rnn.__version__, "symusic": metadata.version("symusic")},
        "is_free": all(c.corpus.is_free for c in found.corpora),
    }


def _forms(melodies: Sequence[StoredMelody]) -> FormReport:
    """Returns what forms melodies have."""
    counts: Counter[str] = Counter()
    result = FormReport()
    for melody in melodies:
        form, outline = melody.form, outline_of(melody.tune)
        if form.sections and not form.is_truncated:
            counts[_form_name(outline)] += 1
        else:
            result.unknown += 1
        result.endings += any(section.endings for section in form.sections)
        result.jumps += form.jump is not None
        result.pickups += melody.pickup_steps > 0
    result.forms = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return result


def _form_name(outline: Outline) -> str:
    parts = outline.parts()
    is_usual = all(part.bars == DEFAULT_PART_BARS for part in parts)
    return "".join((part.label if is_usual else f"{part.label}{part.bars}") * part.times for part in parts)


def _finish(report: Report, stored: Dataset) -> None:
    report.forms = _forms(stored.melodies)
    report.num_melodies, report.num_steps = len(stored.melodies), stored.num_steps
    report.num_with_inferred_chords = sum(melody.has_inferred_chords for melody in stored.melodies)
    report.num_with_chords = sum(bool(melody.chords) for melody in stored.melodies) - report.num_with_inferred_chords
    for name in SPLITS:
        part = stored.split(name)
        steps = sum(len(melody.events) for melody in part)
        report.splits[name] = SplitReport(len(part), steps, round(steps / stored.num_steps, 4))
