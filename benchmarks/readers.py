"""What three programs read in the tunes of corpus:tunebooks: our ABC reader, abc2midi (in symusic) and music21.

usage: python benchmarks/readers.py [--every N] [--without-music21] [--processes N]

Compares the notes as they are written: pitch, onset and end of each. Repeats, chord symbols, grace notes and
decorations are taken out of the text before anybody reads it, because abc2midi performs them. Prints a table, and every
tune in which ours and abc2midi differ, with the kind of the difference and who is right by the ABC standard 2.1.
"""

import argparse
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import Pool
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from melody_rnn.data.corpora import find_corpus
from melody_rnn.formats.abc import AbcTune, read_abc_tune, split_tunebook

TOLERANCE: Final = 0.05
"""Quarter notes: abc2midi counts in whole ticks, and strikes the notes of a chord a few ticks apart."""
FIELD: Final = re.compile(r"[A-Za-z+]:(?![|:])|%%")
UNPLAYED: Final = re.compile(r'(\[[A-Za-z]:[^]]*\])|"[^"]*"|\{[^}]*\}|![^!|]*!|[~.H-WYh-w]')
REPEATS: Final = re.compile(r":*\|+:+|:+\||::")
ENDING: Final = re.compile(r"(\|\s*\]?\s*)\[?\d[\d,-]*(?![/\d])|\[\d[\d,-]*")


class Heard(NamedTuple):
    """A note, in quarter notes from the first one on."""

    start: float
    pitch: int
    end: float


Line = list[Heard]


class Kind(NamedTuple):
    """A kind of difference: how its text looks, and who is right."""

    name: str
    pattern: re.Pattern[str]
    right: str


KINDS: Final = (
    Kind("a chord between plus signs", re.compile(r"\+[A-Ga-g0-9]+\+"), "ours (10.1)"),
    Kind("codes of e-mail, =3D and =20", re.compile("=(?:3D|20)"), "ours"),
    Kind("a tuplet of 5, 7 or 9 in 3/4, where abc2midi counts three", re.compile(r"\([579](?!:)"), "ours (4.13)"),
    Kind(
        "notes of a chord with lengths of their own", re.compile(r"\[[^]:]*[A-Ga-g][',]*[\d/][^]:]*\]"), "ours (4.17)"
    ),
    Kind("a tie to another note than the next", re.compile(r"-"), "ours (4.11)"),
    Kind("broken rhythm beside a note written short", re.compile(r"[<>]"), "open (4.4)"),
    Kind("a sign or quote that is not closed", re.compile(r'"|!'), "open"),
    Kind("another", re.compile(""), "to be looked at"),
)


class Result(NamedTuple):
    """What came of a tune: its name, how each other reader compares, and the first difference to abc2midi."""

    name: str
    title: str
    outcomes: dict[str, str]
    kind: Kind | None
    difference: str


def main() -> None:
    """Reads, compares, and prints a table and a list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="take each N-th tune only")
    parser.add_argument("--without-music21", action="store_true", help="leave out the slowest reader")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    tunes = [
        (name, tune)
        for name, path in find_corpus("corpus:tunebooks").files.items()
        for tune in split_tunebook(path.read_bytes())
    ][:: arguments.every]
    readers = ["abc2midi"] if arguments.without_music21 else ["abc2midi", "music21"]
    with Pool(arguments.processes, silence) as pool:
        results = pool.map(partial(compare, readers=readers), tunes, chunksize=16)
    report(results, readers)


def silence() -> None:
    """Keeps what abc2midi prints about each tune off the terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


def report(results: Sequence[Result], readers: Sequence[str]) -> None:
    """Prints how often readers agree with ours, and each tune where abc2midi does not."""
    console = Console(width=120)
    words = ("agrees", "differs", "reads nothing", "we read nothing")
    table = Table("reader", *words, title=f"{len(results)} tunes of corpus:tunebooks, against our reader")
    for reader in readers:
        counts = Counter(result.outcomes[reader] for result in results)
        table.add_row(reader, *(str(counts[word]) for word in words))
    console.print(table)
    differing = Table("tune", "title", "kind", "right", "first difference", title="Where abc2midi differs")
    for result in results:
        if result.kind:
            differing.add_row(result.name, result.title, result.kind.name, result.kind.right, result.difference)
    console.print(differing)
    kinds = Counter(result.kind.name for result in results if result.kind)
    for name, count in kinds.most_common():
        console.print(f"{count:4}  {name}")


def compare(named: tuple[str, AbcTune], readers: Sequence[str]) -> Result:
    """Reads a tune with ours and other readers."""
    name, tune = named
    plain = replace(tune, lines=tuple(plain_line(line) for line in tune.lines if is_read(line)))
    text = "\n".join(["X:1", "T:tune", *plain.lines, ""])
    ours = quietly(lambda: read_ours(plain))
    outcomes, kind, difference = {}, None, ""
    for reader in readers:
        theirs = quietly(partial(READERS[reader], text))
        outcomes[reader] = outcome(ours, theirs)
        if reader == "abc2midi" and outcomes[reader] == "differs":
            difference = first_difference(ours, theirs)
            kind = next(kind for kind in KINDS if any(kind.pattern.search(line) for line in music_lines(plain)))
    return Result(f"{name}:{tune.number or tune.index}", tune.title, outcomes, kind, difference)


def is_read(line: str) -> bool:
    """Returns whether a line is music or a field that says how it reads; abc2midi makes R:hornpipe swing."""
    return not FIELD.match(line) or line[0] in "KLMV"


def plain_line(line: str) -> str:
    """Returns a line of music without what only some readers perform."""
    if FIELD.match(line):
        return line
    line = UNPLAYED.sub(lambda match: match[1] or "", line)
    return ENDING.sub(lambda match: match[1] or "|", REPEATS.sub("||", line))


def music_lines(tune: AbcTune) -> list[str]:
    """Returns the lines of a tune that are no fields."""
    return [line for line in tune.lines if not FIELD.match(line)]


def quietly(read: Callable[[], Line]) -> Line:
    """Returns what is read; nothing where a reader gives up, in whatever way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return from_first(read())
        except Exception:
            return []


def read_ours(tune: AbcTune) -> Line:
    """Returns the notes of a tune by our reader."""
    score = read_abc_tune(tune)
    return [Heard(float(note.start), note.pitch, float(note.end)) for part in score.parts for note in part.notes]


def read_abc2midi(text: str) -> Line:
    """Returns the notes of a tune by the abc2midi that symusic brings along."""
    import symusic

    score = symusic.Score.from_abc(text)
    return [
        Heard(note.time / score.tpq, note.pitch, note.end / score.tpq) for track in score.tracks for note in track.notes
    ]


def read_music21(text: str) -> Line:
    """Returns the notes of a tune by music21, tied ones joined."""
    import music21

    line: Line = []
    open_ties: dict[int, int] = {}
    stream = music21.converter.parseData(text, format="abc")
    for element in stream.flatten().notes:
        for note in getattr(element, "notes", (element,)):
            start, pitch = float(element.offset), note.pitch.midi
            tie = note.tie.type if note.tie else ""
            if tie in ("stop", "continue") and pitch in open_ties:
                held = open_ties[pitch]
                line[held] = line[held]._replace(end=start + float(element.quarterLength))
            else:
                line.append(Heard(start, pitch, start + float(element.quarterLength)))
            if tie == "start":
                open_ties[pitch] = len(line) - 1
    return line


READERS: Final[dict[str, Callable[[str], Line]]] = {"abc2midi": read_abc2midi, "music21": read_music21}


def from_first(line: Line) -> Line:
    """Returns a line by start, counted from its first note on, the notes of a chord from the lowest up."""
    ordered, chord = list[Heard](), list[Heard]()
    for note in sorted(line):
        if chord and not near(note.start, chord[0].start):
            ordered += sorted(chord, key=lambda member: member.pitch)
            chord = []
        chord.append(note)
    ordered += sorted(chord, key=lambda member: member.pitch)
    first = ordered[0].start if ordered else 0.0
    return [Heard(start - first, pitch, end - first) for start, pitch, end in ordered]


def outcome(ours: Line, theirs: Line) -> str:
    """Returns in a word how two readings compare."""
    if not theirs:
        return "reads nothing"
    if not ours:
        return "we read nothing"
    return "differs" if first_difference(ours, theirs) else "agrees"


def first_difference(ours: Line, theirs: Line) -> str:
    """Returns where two lines part first; an empty string where they are the same."""
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
        if mine.pitch != other.pitch or not near(mine.start, other.start) or not near(mine.end, other.end):
            return f"note {index}: {shown(mine)}, {shown(other)}"
    return "" if len(ours) == len(theirs) else f"{len(ours)} notes, {len(theirs)}"


def near(first: float, second: float) -> bool:
    """Returns whether two times are the same but for rounding."""
    return abs(first - second) <= TOLERANCE


def shown(note: Heard) -> str:
    """Returns a note in short."""
    return f"{note.pitch} {note.start:.5g}-{note.end:.5g}"


if __name__ == "__main__":
    main()
