"""The dataset doctor: what was read, kept and dropped, for the whole run and for each file."""

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from melody_rnn.data.extraction import IGNORE_TEMPO_CHANGES

_COUNTS: Final = (
    "num_tunes", "num_tunes_read", "num_truncated", "num_collapsed_notes", "num_collapsed_melodies", "num_padded_tunes",
)  # fmt: skip
"""What is counted file by file."""


@dataclass(frozen=True)
class RejectedRow:
    """Something dropped: a file, a tune of it, or a melody of that.

    Attributes:
        file: The file's name as in melody ids.
        tune: The tune's place in the file, from 0; None for the whole file.
        title: The tune's title, if known.
        rule: Which rule dropped it.
        detail: The limit and the value that it had.
    """

    file: str
    tune: int | None
    title: str
    rule: str
    detail: str


@dataclass
class FileReport:
    """A file's row: tunes in it, melodies kept, and how often each rule dropped something."""

    file: str
    tunes: int = 0
    melodies: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass
class SplitReport:
    """A split's melodies, steps and share of all steps."""

    melodies: int
    steps: int
    share: float


@dataclass
class FormReport:
    """The forms of the melodies kept.

    Attributes:
        forms: How many melodies have each form, the most frequent first: as it is played, with the bars of each part
            where they are not 8, as in AABB or A4A4B8.
        unknown: How many do not tell their form.
        endings: How many have a part that ends otherwise the first time.
        jumps: How many have a da capo or dal segno.
        pickups: How many begin with a pickup.
    """

    forms: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    endings: int = 0
    jumps: int = 0
    pickups: int = 0


@dataclass
class Report:
    """What became of a build.

    Attributes:
        num_files: Files looked at.
        num_tunes: Tunes in them.
        num_tunes_read: Tunes that could be read as music, kept or not.
        num_melodies: Melodies kept.
        num_steps: Steps in them.
        num_truncated: Melodies cut off at the most steps.
        num_collapsed_notes: Notes left out because an earlier one stands on their step.
        num_collapsed_melodies: Melodies that lost such notes.
        num_padded_tunes: Tunes with a pickup or other bar that was padded to be whole.
        dropped: How often each rule dropped something.
        num_groups: Groups of settings of one tune.
        largest_group: Melodies in the largest group.
        num_with_chords: Melodies kept with chord symbols of their source.
        num_with_inferred_chords: Melodies kept with chord symbols that were found for their notes.
        forms: The forms found.
        splits: Each split's size.
        leaks: What the splits have in common; see `melody_rnn.data.splits.leaks`.
        notices: What a user must know of the inputs' terms.
        digest: The dataset's digest.
        files: Each file's row.
        rejected: Each loss.
        num_bytes: Size of the dataset's folder.
        seconds: Wall time of the build.
    """

    num_files: int = 0
    num_tunes: int = 0
    num_tunes_read: int = 0
    num_melodies: int = 0
    num_steps: int = 0
    num_truncated: int = 0
    num_collapsed_notes: int = 0
    num_collapsed_melodies: int = 0
    num_padded_tunes: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    num_groups: int = 0
    largest_group: int = 0
    num_with_chords: int = 0
    num_with_inferred_chords: int = 0
    forms: FormReport = field(default_factory=FormReport)
    splits: dict[str, SplitReport] = field(default_factory=dict)
    leaks: Mapping[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    digest: str = ""
    files: list[FileReport] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    num_bytes: int = 0
    seconds: float = 0.0

    def reject(self, row: RejectedRow) -> None:
        """Counts a loss for its file and for the run."""
        self.rejected.append(row)
        self.dropped[row.rule] = self.dropped.get(row.rule, 0) + 1

    def add(self, other: "Report") -> None:
        """Adds what was counted of other files, and their rows."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for rule, count in other.dropped.items():
            self.dropped[rule] = self.dropped.get(rule, 0) + count
        self.files += other.files
        self.rejected += other.rejected

    @classmethod
    def from_texts(cls, report: str, rejected: str) -> "Report":
        """Returns what `to_json` and `rejected_jsonl` tell of files and of what they held, without what follows of it.

        Raises:
            ValueError, TypeError or KeyError: If they do not hold that.
        """
        data = json.loads(report)
        told = cls(
            dropped={str(rule): int(count) for rule, count in data["dropped"].items()},
            files=[FileReport(**row) for row in data["files"]],
            rejected=[RejectedRow(**json.loads(line)) for line in rejected.split("\n") if line],
        )
        for name in _COUNTS:
            setattr(told, name, int(data[name]))
        return told

    def to_json(self) -> str:
        """Returns report.json: all but what differs from run to run and the losses one by one."""
        data = dataclasses.asdict(self)
        for name in ("rejected", "seconds", "num_bytes", "digest", "files"):
            del data[name]
        rows = ",\n".join(f"    {json.dumps(dataclasses.asdict(row), ensure_ascii=False)}" for row in self.files)
        head = json.dumps(data, indent=2, ensure_ascii=False)
        return f'{head[:-2]},\n  "files": [\n{rows}\n  ]\n}}\n'

    def rejected_jsonl(self) -> str:
        """Returns rejected.jsonl: a line a loss."""
        return "".join(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n" for row in self.rejected)

    def why_empty(self) -> str:
        """Returns in a line why no melody was kept."""
        if not self.num_files:
            return "there was no file in the inputs"
        counts = Counter(self.dropped).most_common()
        reasons = ", ".join(f"{count} {rule.replace('_', ' ')}" for rule, count in counts)
        example = self.rejected[0] if self.rejected else None
        first = f"; the first: {example.file}: {example.detail}" if example else ""
        if "tempo_changes" in self.dropped and IGNORE_TEMPO_CHANGES not in first:
            first += f"; changes of tempo: {IGNORE_TEMPO_CHANGES}"
        return f"of {self.num_files} files with {self.num_tunes} tunes: {reasons or 'nothing to read'}{first}"
