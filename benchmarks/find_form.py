"""How often the form that is found by comparing bars is the one that was written: the figures in docs/datasets.md.

usage: python benchmarks/find_form.py [--input corpus:NAME|FOLDER ...] [--split SPLIT ...]

Plays the tunes of a corpus with their repeats, forgets their sections, finds them again (`dataset build --find-form`),
and compares. A tune is right if the steps at which passes of its repeated sections begin are the same; what is played
once between them counts as one section, because nothing tells where it parts. Melodies that were cut off, and those
with a da capo, of which signs tell what bars cannot, are counted apart.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from melody_rnn.data.build import collect
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.splits import SPLITS, SplitRules
from melody_rnn.tunes.found_form import find_form
from melody_rnn.tunes.tune import Tune

KINDS = ("repeats", "repeats with endings", "no repeats", "da capo")
RESULTS = ("right", "repeats missed", "repeats made up", "other repeats")
Passes = frozenset[tuple[int, ...]]


def main() -> None:
    """Reads, plays, finds and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", default=["corpus:tunebooks"])
    parser.add_argument("--split", nargs="+", choices=SPLITS, default=["validation", "test"])
    arguments = parser.parse_args()
    dataset, _ = collect(arguments.input, ExtractionRules(max_steps=None), SplitRules())
    tunes = [melody.tune for melody in dataset.melodies if melody.split in arguments.split]
    counts = Counter((kind_of(tune), result_of(tune)) for tune in tunes)
    table = Table("tunes with", "tunes", *RESULTS, title=f"{', '.join(arguments.split)}: {len(tunes):,} tunes")
    for kind in KINDS:
        add_row(table, kind, [counts[kind, result] for result in RESULTS])
    plain = [sum(counts[kind, result] for kind in KINDS[:-1]) for result in RESULTS]
    add_row(table, "all without da capo", plain)
    Console(width=110).print(table)


def kind_of(tune: Tune) -> str:
    """Returns which of the kinds a written tune is."""
    if tune.jump:
        return "da capo"
    if any(section.endings for section in tune.sections):
        return "repeats with endings"
    return "repeats" if any(section.times > 1 for section in tune.sections) else "no repeats"


def result_of(tune: Tune) -> str:
    """Returns how the form that is found in a played tune compares with the written one."""
    written = passes(tune)
    found = passes(find_form(replace(tune.played(), sections=())))
    if found == written:
        return "right"
    if found < written:
        return "repeats missed"
    return "repeats made up" if found > written else "other repeats"


def passes(tune: Tune) -> Passes:
    """Returns, for each repeated section of a written tune, the steps at which its passes begin as it is played."""
    starts = [section.start for section in tune.played().sections]
    found, number = set(), 0
    for section in tune.sections:
        if section.times > 1:
            found.add(tuple(starts[number : number + section.times]))
        number += section.times
    return frozenset(found)


def add_row(table: Table, name: str, counts: Sequence[int]) -> None:
    """Adds a kind's row."""
    total = sum(counts)
    shares = (f"{count:,} ({100 * count / max(total, 1):.1f} %)" for count in counts)
    table.add_row(name, f"{total:,}", *shares)


if __name__ == "__main__":
    main()
