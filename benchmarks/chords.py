"""What `--chords` costs and gains: nats per event, and how many notes on strong beats are the chord's.

usage: python benchmarks/chords.py [--model NAME] [--num N] [--ahead-num N] [--particles N] [--seed N]
                                   [--real FOLDER]

Prints a table for twelve progressions in 4/4, 3/4 and 6/8: N whole tunes AABB of each, 1,008 a row in all, without
chords (counted over those that they would have had), with weights of several strengths, and with look-ahead. The tunes
of a progression are one batch. Nats per event are the model's own at temperature 1, which knows no chords. The last row
is of the tunes of a folder of ABC files with the chords that people wrote over them. Shares on strong beats are those
of all meters, then of duple (4/4, 2/2, 2/4), of 3/4, and of 6/8 and 9/8.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from melody_rnn import MelodyRNN
from melody_rnn.errors import MelodyRNNError
from melody_rnn.formats.reading import score_sources
from melody_rnn.music.chord_scales import chord_scale
from melody_rnn.music.keys import Key
from melody_rnn.tunes.chord_weights import chord_at, key_of
from melody_rnn.tunes.from_score import tunes_of_score
from melody_rnn.tunes.progression import parse_progression
from melody_rnn.tunes.tune import Tune

PROGRESSIONS = (
    ("4/4", "| G | C | D7 | G |"),
    ("4/4", "| Am | F | C | G |"),
    ("4/4", "| D | Bm | G | A7 |"),
    ("4/4", "| Dm7 G7 | Cmaj7 | F Dm7 | G7 C |"),
    ("3/4", "| G | Em | C | D7 |"),
    ("3/4", "| Am | Dm | E7 | Am |"),
    ("3/4", "| F | Dm | Gm7 | C7 |"),
    ("3/4", "| D | A7 | Bm F#m | G A7 |"),
    ("6/8", "| D | G | A7 | D |"),
    ("6/8", "| Em | D | C | B7 |"),
    ("6/8", "| G | Am D7 | G C | D7 G |"),
    ("6/8", "| A | E7 | F#m D | E7 A |"),
)
STRENGTHS = (1.0, 2.0, 3.0, 5.0)
METERS = {"duple": ("4/4", "2/2", "2/4"), "3/4": ("3/4",), "6/8": ("6/8", "9/8")}


class Count(NamedTuple):
    """Of notes over chords: all, those on strong beats, those of them that are the chord's, and those of its scale."""

    notes: int
    strong: int
    chord: int
    scale: int


def count(tune: Tune) -> Count:
    """Returns the notes of a tune as it is written over its chords."""
    key = tune.key or key_of(tune.chords, len(tune)) or Key(0)
    strong = tune.meter.strong_steps(tune.steps_per_quarter)
    found = np.zeros(4, int)
    for step, event in enumerate(tune.events):
        chord = chord_at(tune.chords, step) if event >= 0 else None
        if chord is not None:
            is_strong = step % tune.steps_per_bar in strong
            is_chord, is_scale = event % 12 in chord.tones, event % 12 in chord_scale(chord, key)
            found += (1, is_strong, is_strong and is_chord, is_scale)
    return Count(*found.tolist())


def row(name: str, tunes: Iterable[Tune], nats: str, seconds: float | None = None) -> str:
    """Returns a row of the table."""
    counts = {meter: np.zeros((0, 4), int) for meter in METERS}
    for tune in tunes:
        meter = next(name for name, meters in METERS.items() if str(tune.meter) in meters)
        counts[meter] = np.append(counts[meter], [count(tune)], axis=0)
    every = np.concatenate(list(counts.values()))
    shares = [f"{own[:, 2].sum() / max(own[:, 1].sum(), 1):.1%}" for own in (every, *counts.values())]
    notes, strong, _, scale = every.sum(axis=0)
    spent = "" if seconds is None else f"{seconds / len(every):.2f}"
    cells = (name, len(every), nats, *shares, f"{scale / notes:.1%}", f"{strong / len(every):.1f}", spent)
    return f"| {' | '.join(map(str, cells))} |"


def real_tunes(folder: Path) -> Iterator[Tune]:
    """Yields the tunes of a folder's ABC files that have chord symbols in the usual meters."""
    for path in sorted(folder.rglob("*.abc")):
        for source in score_sources(path):
            try:
                (tune, *_) = tunes_of_score(source.read())
            except MelodyRNNError:
                continue
            if len(tune.chords) > 3 and str(tune.meter) in sum(METERS.values(), ()):
                yield tune


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--num", type=int, default=84, help="tunes of each progression")
    parser.add_argument("--ahead-num", type=int, help="the same with look-ahead; where not given, as many")
    parser.add_argument("--particles", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="of ABC files whose tunes have chord symbols")
    arguments = parser.parse_args()
    model = MelodyRNN.from_preset(arguments.model)
    titles = ("chords", "tunes", "nats an event", "chord's on strong beats", *METERS, "of its scale", "strong notes")
    print(f"| {' | '.join((*titles, 's a tune'))} |")
    print(f"| --- |{' ---: |' * len(titles)}")
    ways = [("none", 0.0, 1), *((f"strength {strength:g}", strength, 1) for strength in STRENGTHS)]
    ways += [(f"strength {strength:g}, look-ahead", strength, arguments.particles) for strength in (1.0, 3.0)]
    plain = 0.0
    for name, strength, particles in ways:
        made, nats, began = [], [], time.perf_counter()
        for meter, text in PROGRESSIONS:
            progression = parse_progression(text)
            asked = {"form": "AABB", "meter": meter, "key": progression.key()}
            num = arguments.num if particles == 1 else arguments.ahead_num or arguments.num
            if strength:
                asked |= {"chords": progression, "chord_strength": strength}
            result = model.generate(num_outputs=num, seed=arguments.seed, look_ahead=particles, **asked)
            pairs = zip(result.tunes, result.outlines, strict=True)
            made += [tune if tune.chords else replace(tune, chords=progression.over(own)) for tune, own in pairs]
            bare = [replace(own, chords=()) for own in result.outlines]
            nats += [trace.nats_per_event for trace in model.trace(result.tunes, outlines=bare)]
        plain = plain or float(np.mean(nats))
        cost = f"{np.mean(nats):.3f} ({np.mean(nats) - plain:+.3f})"
        print(row(name, made, cost, time.perf_counter() - began), flush=True)
    if arguments.real:
        print(row("real tunes, written chords", real_tunes(arguments.real), ""), flush=True)


if __name__ == "__main__":
    main()
