"""How many beats of melodies get the chord that people wrote: the figures in docs/harmonize.md.

usage: python benchmarks/harmonize.py FOLDER... [--note-seq N] [--hide-key]

Reads the tunes with chords in all .abc files of the folders, forgets the chords, finds some, and compares them beat by
beat: root and quality (major or minor), and the root alone. Pickups and beats without a chord are left out. Beside the
harmoniser stand the tonic alone, a rule (of each bar that one of I, IV and V, in minor keys i, iv and V, which most of
its notes are of; the last is the tonic's), and note_seq's chord inference, which is slow and so sees N tunes.
Intervals are 95 %, families of settings resampled. As a ceiling, what two people wrote for the same notes: settings in
one family of the same meter and length, of which most notes agree.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from melody_rnn.music.harmony import NUM_CHORDS, group_of, tonic_chord
from melody_rnn.tunes.harmony import beat_steps, harmonize
from melody_rnn.tunes.tune import Tune

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from harmony import Chorded, chorded, read_chorded

NUM_RESAMPLED = 2_000
MOST_NOTES = 0.7
TRIADS = [{root % 12, (root + (4 if root < 12 else 3)) % 12, (root + 7) % 12} for root in range(NUM_CHORDS)]
Method = Callable[[Chorded], Any]


def main() -> None:
    """Reads, harmonises, compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--note-seq", type=int, default=50, help="how many tunes note_seq's chord inference sees")
    parser.add_argument("--hide-key", action="store_true", help="forget the keys, too, and find them")
    arguments = parser.parse_args()
    tunes = read_chorded(arguments.folders)
    console = Console(width=110)
    methods: dict[str, Method] = {
        "harmonize": lambda tune: harmonised(tune, arguments.hide_key),
        "tonic alone": lambda tune: np.full(len(tune.roots), own_tonic(tune)),
        "I, IV, V by rule": by_rule,
    }
    show(console, tunes, methods, "all tunes")
    for own in dict.fromkeys(tune.group for tune in tunes):
        show(console, [tune for tune in tunes if tune.group == own], methods, own)
    if arguments.note_seq:
        some = np.random.default_rng(0).permutation(len(tunes))[: arguments.note_seq]
        methods["note_seq's chord inference"] = by_note_seq
        show(console, [tunes[place] for place in some], methods, f"{len(some)} tunes")
    show_ceiling(console, tunes)


def show(console: Console, tunes: Sequence[Chorded], methods: dict[str, Method], title: str) -> None:
    """Prints what methods come to on tunes."""
    counts = {name: np.array([tune.right(method(tune)) for tune in tunes]) for name, method in methods.items()}
    beats = int(counts["harmonize"][:, 2].sum())
    table = Table(
        "", "root and quality", "root", "less than harmonize", title=f"{title}: {len(tunes):,}, {beats:,} beats"
    )
    families = [tune.family for tune in tunes]
    own = resampled(counts["harmonize"], families)
    for name, rows in counts.items():
        drawn = resampled(rows, families)
        table.add_row(
            name,
            *(interval(rows[:, kind].sum() / rows[:, 2].sum(), drawn[:, kind] / drawn[:, 2]) for kind in (0, 1)),
            ""
            if name == "harmonize"
            else interval(
                (counts["harmonize"][:, 0].sum() - rows[:, 0].sum()) / beats,
                own[:, 0] / own[:, 2] - drawn[:, 0] / drawn[:, 2],
            ),
        )
    console.print(table)


def interval(value: float, drawn: Any) -> str:
    """Returns a share with its interval, in per cent."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{100 * value:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def resampled(rows: Any, families: Sequence[int]) -> Any:
    """Returns the sums of rows over families drawn anew, [NUM_RESAMPLED, columns]; the same draws each time."""
    _, places = np.unique(families, return_inverse=True)
    sums = np.zeros((places.max() + 1, rows.shape[1]))
    np.add.at(sums, places, rows)
    draws = np.random.default_rng(0).integers(len(sums), size=(NUM_RESAMPLED, len(sums)))
    return sums[draws].sum(1)


def harmonised(tune: Chorded, hides_key: bool) -> Any:
    """Returns the harmoniser's chords."""
    bare = replace(tune.tune, key=None) if hides_key else tune.tune
    found = replace(harmonize(bare, replaces=True), key=tune.tune.key)
    own = chorded(found)
    return np.where(own.roots < 0, -1, own.roots + 12 * own.qualities)


def own_tonic(tune: Chorded) -> int:
    """Returns the number of the tonic's chord."""
    assert tune.tune.key is not None
    return tonic_chord(tune.tune.key)


def by_rule(tune: Chorded) -> Any:
    """Returns for each bar the one of three chords that most of its notes are of."""
    per_bar = tune.tune.steps_per_bar // beat_steps(tune.tune)
    assert tune.tune.key is not None
    chords = [0, 5, 7] if group_of(tune.tune.key) in ("major", "mixolydian") else [12, 17, 7]
    found = []
    for first in range(0, len(tune.roots), per_bar):
        notes = tune.beats.notes[first : first + per_bar].sum(0)
        fits = [sum(notes[pitch] for pitch in TRIADS[chord]) for chord in chords]
        found += [chords[int(np.argmax(fits))]] * per_bar
    found[-per_bar:] = [chords[0]] * per_bar
    return np.array(found[: len(tune.roots)])


def by_note_seq(tune: Chorded) -> Any:
    """Returns what note_seq's chord inference finds, with its own numbers of chords a bar, or one."""
    from functools import cache

    from note_seq import chord_inference, quantize_note_sequence

    # It is made anew for each tune, and the same.
    if not hasattr(chord_inference._key_chord_transition_distribution, "cache_info"):
        once = cache(lambda *numbers: make(key_chords(numbers[0]), *numbers[1:]))
        key_chords, make = (
            chord_inference._key_chord_distribution,
            chord_inference._key_chord_transition_distribution,
        )
        keep = lambda _, key_change_prob, chord_change_prob: once(0.01, key_change_prob, chord_change_prob)  # noqa: E731
        keep.cache_info = once.cache_info  # type: ignore[attr-defined]
        chord_inference._key_chord_transition_distribution = keep
    own = tune.tune
    sequence = quantize_note_sequence(replace(own, sections=(), jump=None, chords=(), pickup_steps=0).to_sequence(), 4)
    usual = (own.meter.numerator, own.meter.denominator) in chord_inference._DEFAULT_TIME_SIGNATURE_CHORDS_PER_BAR
    chord_inference.infer_chords_for_sequence(sequence, None if usual else 1)
    from melody_rnn.tunes.tune import Chord

    symbols = [Chord(text.quantized_step, text.text.replace("+", "aug")) for text in sequence.text_annotations]
    found = chorded(replace(own, chords=tuple(sorted(symbols))))
    return np.where(found.roots < 0, -1, found.roots + 12 * found.qualities)


def show_ceiling(console: Console, tunes: Sequence[Chorded]) -> None:
    """Prints how often two people wrote the same chord."""
    families = defaultdict(list)
    for tune in tunes:
        families[tune.family, tune.tune.meter, tune.group, len(tune.roots)].append(tune)
    rows, numbers = [], []
    for (family, *_), settings in families.items():
        for one, other in combinations(settings, 2):
            if same_notes(one.tune, other.tune) >= MOST_NOTES:
                known = replace_known(one, other)
                rows.append(known.right(one.roots + 12 * np.maximum(one.qualities, 0)))
                numbers.append(family)
    if rows:
        counts = np.array(rows)
        drawn = resampled(counts, numbers)
        both, root = (
            interval(counts[:, kind].sum() / counts[:, 2].sum(), drawn[:, kind] / drawn[:, 2]) for kind in (0, 1)
        )
        console.print(
            f"{len(rows)} pairs of settings: root and quality the same on {both} % of the beats, root {root} %"
        )


def replace_known(one: Chorded, other: Chorded) -> Chorded:
    """Returns another setting with chords known only where both have one."""
    return other._replace(roots=np.where(one.roots < 0, -1, other.roots))


def same_notes(one: Tune, other: Tune) -> float:
    """Returns the share of notes that two tunes have on the same step, as distances from the tonic."""
    assert one.key is not None
    assert other.key is not None
    notes = [
        {(step, (event - tune.key.tonic) % 12) for step, event in enumerate(tune.events) if event >= 0}  # type: ignore[union-attr]
        for tune in (one, other)
    ]
    return len(notes[0] & notes[1]) / max(len(notes[0] | notes[1]), 1)


if __name__ == "__main__":
    main()
