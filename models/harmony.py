"""Learns the parameters of the harmoniser from chord symbols that people wrote, and writes them into the package.

usage: python models/harmony.py FOLDER... [--folds N] [--output FILE]

Reads all .abc files of the folders. Tunes with a key and at least four chords count; settings of one tune (30 % of
their runs of twelve intervals are the same) are on one side of every split. What is learnt is the conditional random
field of `melody_rnn/music/harmony.py`, by the likelihood of the chords written, given the notes, with a normal prior
around what a musician would guess (`guess`). With --folds it is first cross-validated.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from melody_rnn.data.splits import group, shingles
from melody_rnn.errors import MelodyRNNError
from melody_rnn.formats.reading import score_sources
from melody_rnn.music import harmony
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.harmony import GROUPS, NUM_CHORDS, Beats, Potentials, group_of, parameter_names, potentials_of
from melody_rnn.tunes.from_score import tunes_of_score
from melody_rnn.tunes.harmony import beat_steps, beats_of
from melody_rnn.tunes.tune import Tune

MIN_CHORDS: Final = 4
MIN_SHARED: Final = 0.3
BATCH: Final = 48
PRECISION: Final = 4.0
"""Of the prior around each parameter."""
ITERATIONS: Final = 40
_FIELDS: Final = Potentials._fields
Array = NDArray[Any]


NOTES: Final = {"root": 1.1, "third": 1.0, "fifth": 0.9, "seventh": 0.4, "key": -0.9, "other": -1.6}
ONSETS: Final = {"root": 0.3, "third": 0.2, "fifth": 0.2, "other": -0.2}
SHARES: Final = {
    "major": {"I": 40, "V": 24, "IV": 20, "vi": 5, "ii": 4, "II": 1, "iii": 1},
    "mixolydian": {"I": 40, "bVII": 18, "IV": 15, "V": 6, "ii": 3, "v": 2, "vi": 2, "i": 1},
    "dorian": {"i": 40, "bVII": 26, "IV": 4, "V": 4, "bIII": 4, "v": 3, "I": 3, "ii": 1.5},
    "minor": {"i": 40, "bVII": 14, "V": 14, "bIII": 8, "iv": 8, "bVI": 6, "v": 4, "IV": 2, "I": 1},
}
"""How many chords in a hundred are of a degree, about."""
RARE: Final = 0.2
MOVES: Final = {
    "V tonic": 0.7,
    "bVII tonic": 0.6,
    "ii V": 1.0,
    "II V": 1.0,
    "VI ii": 1.5,
    "III vi": 1.5,
    "V IV": -0.8,
}
STAYS: Final = {"odd bar": -0.6, "even bar": 0.0, "middle of bar": 2.0, "other beat": 4.0, "pickup": 2.0}
PLACES: Final = {
    "first bar tonic": 0.5,
    "end of last bar tonic": 1.5,
    "last bar dominant": 0.4,
    "end of bar before last dominant": 0.6,
    "end of bar before last modal": 0.3,
    "end of fourth bar dominant": 0.4,
    "end of fourth bar modal": 0.3,
    "fifth bar tonic": 0.3,
}


class Chorded(NamedTuple):
    """A tune whose chords are known.

    Attributes:
        tune: The tune.
        beats: Its beats, pitch classes from the tonic.
        roots: [num_beats], the root's distance from the tonic; -1 where no chord is known.
        qualities: [num_beats], 0 major, 1 minor, 2 another one.
        family: The number of the tune of which it is a setting.
    """

    tune: Tune
    beats: Beats
    roots: Array
    qualities: Array
    family: int = 0

    @property
    def group(self) -> str:
        """The group of its key."""
        assert self.tune.key is not None
        return group_of(self.tune.key)

    @property
    def is_known(self) -> Array:
        """[num_beats], where a chord is known, pickups left out."""
        return (self.roots >= 0) & (self.beats.stresses != harmony.STRESSES.index("pickup"))

    @property
    def allowed(self) -> Array:
        """[num_beats, chord], the chords that the symbols stand for; all where none is known."""
        chords = np.arange(NUM_CHORDS)
        fits = (chords % 12 == self.roots[:, None]) & (
            (self.qualities[:, None] == 2) | (chords // 12 == self.qualities[:, None])
        )
        return np.where(self.is_known[:, None], fits, True)

    def right(self, chords: Array) -> tuple[int, int, int]:
        """Returns on how many beats chords have the root and quality, on how many the root, and of how many beats."""
        root = (chords % 12 == self.roots) & self.is_known
        both = root & ((self.qualities == 2) | (chords // 12 == self.qualities))
        return int(both.sum()), int(root.sum()), int(self.is_known.sum())


def main() -> None:
    """Reads tunes, says how good the model is on others, learns it of all and writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate over so many parts")
    parser.add_argument("--output", type=Path, default=Path(harmony.__file__).with_name("harmony.json"))
    arguments = parser.parse_args()
    tunes = read_chorded(arguments.folders)
    beats = sum(int(tune.is_known.sum()) for tune in tunes)
    print(f"{len(tunes)} tunes with chords, {beats:,} beats", flush=True)
    start = np.array([guess(name) for name in parameter_names()])
    if arguments.folds:
        rows = np.array(cross_validated(tunes, start, arguments.folds))
        both, root, count = rows.sum(0)
        print(f"cross-validated: root and quality of {both / count:.1%} of the beats, the root of {root / count:.1%}")
    learnt = learn(tunes, start)
    parameters = {name: round(float(value), 2) for name, value in zip(parameter_names(), learnt, strict=True)}
    about = {"tunes": len(tunes), "beats": beats, "folders": [folder.name for folder in arguments.folders]}
    arguments.output.write_text(json.dumps({"learnt_from": about, "parameters": parameters}, indent=1) + "\n")


def read_chorded(folders: Sequence[Path]) -> list[Chorded]:
    """Returns the tunes of folders that have a key and chords."""
    tunes = []
    for path in sorted(path for folder in folders for path in folder.rglob("*.abc")):
        for source in score_sources(path):
            try:
                tunes += tunes_of_score(source.read(), 4)
            except MelodyRNNError as error:
                print(f"{path}: {error}", file=sys.stderr)
    tunes = [tune for tune in tunes if tune.key and len(tune.chords) >= MIN_CHORDS]
    unique = list({tuple(tune.pitches): tune for tune in tunes}.values())
    sets = shingles([np.array(tune.events, np.int8) for tune in unique])
    families = group(sets, [str(number) for number in range(len(unique))], MIN_SHARED)
    return [chorded(tune, family) for tune, family in zip(unique, families, strict=True)]


def chorded(tune: Tune, family: int = 0) -> Chorded:
    """Returns a tune with the chords of its beats as degrees."""
    assert tune.key is not None
    beats, tonic, length = beats_of(tune), tune.key.tonic, beat_steps(tune)
    roots, qualities = np.full(len(beats.notes), -1), np.full(len(beats.notes), -1)
    for chord in tune.chords:
        rest = slice(-(-chord.step // length), None)
        try:
            tones = parse_chord(chord.symbol)
        except MelodyRNNError:
            tones = None
        roots[rest] = -1 if tones is None else (tones.root - tonic) % 12
        qualities[rest] = -1 if tones is None else {"major": 0, "minor": 1}.get(tones.quality, 2)
    moved = beats._replace(notes=np.roll(beats.notes, -tonic, 1), onsets=np.roll(beats.onsets, -tonic, 1))
    return Chorded(tune, moved, roots, qualities, family)


def guess(name: str) -> float:
    """Returns what a parameter is before anything is learnt."""
    kind, rest = name.split(" ", 1)
    if kind == "degree":
        own, degree = rest.split(" ")
        return float(np.log(SHARES[own].get(degree, RARE) / 100))
    return {"note": NOTES, "onset": ONSETS, "move": MOVES, "stay": STAYS, "place": PLACES}.get(kind, {}).get(rest, 0.0)


def part_of(tune: Chorded, num_parts: int) -> int:
    """Returns the part that a tune's family is in, by a hash."""
    return hashlib.sha256(str(tune.family).encode()).digest()[0] % num_parts


def cross_validated(tunes: Sequence[Chorded], start: Array, num_folds: int) -> list[tuple[int, int, int]]:
    """Returns for each tune on how many beats a model that was learnt on other tunes is right."""
    rows = []
    for fold in range(num_folds):
        learnt = learn([tune for tune in tunes if part_of(tune, num_folds) != fold], start)
        values = dict(zip(parameter_names(), learnt, strict=True))
        rows += [tune.right(decode(tune, values)) for tune in tunes if part_of(tune, num_folds) == fold]
    return rows


def decode(tune: Chorded, values: dict[str, float]) -> Array:
    """Returns the best chords of a tune."""
    own = potentials_of(values, tune.group)
    scores, moves = own.of_beats(tune.beats, 0), own.moves[tune.beats.stresses]
    total, came_from = scores[0], []
    for beat in range(1, len(scores)):
        ways = total[:, None] + moves[beat]
        came_from.append(ways.argmax(0))
        total = ways.max(0) + scores[beat]
    chords = [int(total.argmax())]
    for back in reversed(came_from):
        chords.append(int(back[chords[-1]]))
    return np.array(chords[::-1])


def learn(tunes: Sequence[Chorded], start: Array) -> Array:
    """Returns the parameters that make the chords of tunes likeliest, near where they start."""
    names = parameter_names()
    zero = dict.fromkeys(names, 0.0)
    # Potentials are linear in the parameters, so that unit vectors give the whole map.
    offsets = {own: flat(potentials_of(zero, own)) for own in GROUPS}
    maps = {
        own: np.stack([flat(potentials_of(zero | {name: 1.0}, own)) - offsets[own] for name in names]) for own in GROUPS
    }

    def loss(values: Array) -> tuple[float, Array]:
        deviation = values - start
        total, gradient = -PRECISION / 2 * deviation @ deviation, -PRECISION * deviation
        for own in GROUPS:
            rows = sorted((tune for tune in tunes if tune.group == own), key=lambda tune: len(tune.roots))
            if rows:
                shapes = potentials_of(zero, own)
                likelihood, slope = log_likelihood(rows, unflat(values @ maps[own] + offsets[own], shapes))
                total, gradient = total + likelihood, gradient + maps[own] @ flat(slope)
        return -total, -gradient

    options = {"maxiter": ITERATIONS}
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)


def flat(parts: Potentials) -> Array:
    """Returns potentials as one vector; `unflat` is the inverse."""
    return np.concatenate([part.ravel() for part in parts])


def unflat(vector: Array, like: Potentials) -> Potentials:
    """Returns a vector as potentials."""
    ends = np.cumsum([part.size for part in like])
    return Potentials(*(part.reshape(old.shape) for part, old in zip(np.split(vector, ends[:-1]), like, strict=True)))


def log_likelihood(tunes: Sequence[Chorded], own: Potentials) -> tuple[float, Potentials]:
    """Returns the log likelihood of the chords of tunes of one group, and its slope by each potential."""
    total, slope = 0.0, Potentials(*(np.zeros_like(part) for part in own))
    for first in range(0, len(tunes), BATCH):
        batch = tunes[first : first + BATCH]
        for sign, is_told in ((1, True), (-1, False)):
            total += sign * _expect(batch, own, is_told, sign, slope)
    return total, slope


def _expect(batch: Sequence[Chorded], own: Potentials, is_told: bool, sign: int, slope: Potentials) -> float:
    """Adds the expected counts of chords to a slope, and returns the log of the sum over all sequences."""
    size, most = len(batch), max(len(tune.roots) for tune in batch)
    scores = np.zeros((size, most, NUM_CHORDS))
    stresses, present = np.zeros((size, most), int), np.zeros((size, most), bool)
    for row, tune in enumerate(batch):
        count = len(tune.roots)
        found = own.of_beats(tune.beats, 0)
        scores[row, :count] = np.where(tune.allowed, found, -1e4) if is_told else found
        stresses[row, :count], present[row, :count] = tune.beats.stresses, True
    highest = scores.max(2)
    weights, moves = np.exp(scores - highest[:, :, None]), np.exp(own.moves)[stresses]
    forward, backward = np.zeros_like(scores), np.ones_like(scores)
    sums = weights[:, 0].sum(1)
    forward[:, 0] = weights[:, 0] / sums[:, None]
    total = np.log(sums) + highest[:, 0]
    for beat in range(1, most):
        reached = np.matmul(forward[:, beat - 1, None], moves[:, beat])[:, 0] * weights[:, beat]
        sums, here = reached.sum(1), present[:, beat]
        forward[:, beat] = np.where(here[:, None], reached / sums[:, None], forward[:, beat - 1])
        total += np.where(here, np.log(sums) + highest[:, beat], 0)
    for beat in range(most - 2, -1, -1):
        ahead = np.matmul(moves[:, beat + 1], (backward[:, beat + 1] * weights[:, beat + 1])[:, :, None])[:, :, 0]
        here = present[:, beat + 1, None]
        backward[:, beat] = np.where(here, ahead / ahead.sum(1, keepdims=True), 1)
    after = forward * backward
    after *= sign * present[:, :, None] / after.sum(2, keepdims=True)
    for row, tune in enumerate(batch):
        chances = after[row, : len(tune.roots)]
        slope.notes[...] += chances.T @ tune.beats.notes
        slope.onsets[...] += chances.T @ tune.beats.onsets
        np.add.at(slope.places, tune.beats.places, chances)
        slope.first[...] += chances[0]
    pairs = forward[:, :-1, :, None] * moves[:, 1:] * (backward[:, 1:] * weights[:, 1:])[:, :, None]
    pairs *= sign * present[:, 1:, None, None] / pairs.sum((2, 3), keepdims=True)
    for stress in range(len(own.moves)):
        slope.moves[stress] += pairs[stresses[:, 1:] == stress].sum(0)
    return float(total.sum())


if __name__ == "__main__":
    main()
