"""Which chords go with the beats of a melody: a chain of chords, scored by notes, place and the chord before.

Chords are degrees: a root's distance from the tonic, and major or minor. So every tune counts for every key, and there
are four groups of keys: major (with lydian), mixolydian, dorian and minor (with phrygian and locrian). A sequence of
chords, one a beat, has as its score the sum of what `harmony.json` says of

- `note`: each quarter note of a note that is the chord's root, third or fifth, is another one of the key, or is none of
  the key; `seventh` is added for the seventh of the dominant;
- `onset`: a note that begins on the beat and is the root, third, fifth or none of them;
- `degree`: each chord that is new, and the first one, by the group of the key; `rare` for degrees not listed;
- `move`: a new chord by the chord before it;
- `stay`: the chord before that goes on, by where in the bar;
- `first`, `place`: a chord at the beginning, and at each place of a section's bars, by its function: tonic, dominant
  (V), subdominant (IV, iv, ii, II) or modal (bVII, v).

The best sequence is found exactly (Viterbi). It is a conditional random field: its few numbers are those under which
the chords that people wrote are likeliest (`models/harmony.py` has learnt them).

Source: Lafferty, McCallum and Pereira 2001, Conditional random fields; for melodies and chords, Simon, Morris and Basu
2008, MySong.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.keys import Key, key_of_tonic, spell

GROUPS: Final = ("major", "mixolydian", "dorian", "minor")
"""Keys with parameters of their own."""
_GROUP_OF_MODE: Final = {"lydian": "major", "phrygian": "minor", "locrian": "minor"}
NUM_CHORDS: Final = 2 * NOTES_PER_OCTAVE
"""Major triads on the twelve distances from the tonic, then minor ones."""
DEGREES: Final[Mapping[str, int]] = {
    "I": 0,
    "II": 2,
    "bIII": 3,
    "III": 4,
    "IV": 5,
    "V": 7,
    "bVI": 8,
    "VI": 9,
    "bVII": 10,
    "i": 12,
    "ii": 14,
    "iii": 16,
    "iv": 17,
    "v": 19,
    "vi": 21,
}
"""The chords that have a name here, by their numbers."""
_DOMINANT: Final = DEGREES["V"]
_FUNCTIONS: Final = {
    "tonic": ("I", "i"),
    "dominant": ("V",),
    "subdominant": ("IV", "iv", "ii", "II"),
    "modal": ("bVII", "v"),
}
MOVES: Final = (
    ("V", "tonic"),
    ("bVII", "tonic"),
    ("IV", "tonic"),
    ("v", "tonic"),
    ("ii", "V"),
    ("II", "V"),
    ("VI", "ii"),
    ("VI", "II"),
    ("III", "vi"),
    ("V", "IV"),
    ("IV", "V"),
    ("tonic", "V"),
    ("tonic", "IV"),
    ("tonic", "bVII"),
    ("vi", "IV"),
    ("vi", "ii"),
    ("bVII", "V"),
    ("V", "vi"),
)
"""Moves from chord to chord that have a parameter; 'tonic' is the chord on the tonic of the group."""
_TONIC_OF_GROUP: Final = {"major": "I", "mixolydian": "I", "dorian": "i", "minor": "i"}
_THIRDS: Final = (4, 3)
_FIFTH, _SEVENTH, _LEADING_TONE = 7, 10, 11
PLACES: Final = (
    "first bar",
    "last bar",
    "end of last bar",
    "bar before last",
    "end of bar before last",
    "fourth bar",
    "end of fourth bar",
    "fifth bar",
    "third bar",
    "end of third bar",
    "pickup",
    "other bar",
)
"""Where in a section a beat is; the third, fourth and fifth bars are those of any eight."""
STRESSES: Final = ("odd bar", "even bar", "middle of bar", "other beat", "pickup")
"""Where in the bar a beat is, and in a section whether the bar is its first, third and so on, or another one."""
# Chosen on train tunes of corpus:tunebooks, whose keys are known.
_LAST_IS_TONIC: Final = 12.0
_MOST_BEATS_FOR_KEY: Final = 1024
_FILE: Final = Path(__file__).with_name("harmony.json")


class Beats(NamedTuple):
    """A melody as its beats.

    Attributes:
        notes: [num_beats, 12], how many quarter notes each pitch class sounds.
        onsets: [num_beats, 12], 1 for the pitch class of a note that begins with the beat.
        places: [num_beats], places in `PLACES`.
        stresses: [num_beats], places in `STRESSES`.
    """

    notes: NDArray[np.float64]
    onsets: NDArray[np.float64]
    places: NDArray[np.intp]
    stresses: NDArray[np.intp]

    def cut(self, first: int = 0, end: int | None = None) -> "Beats":
        """Returns the beats from one on, up to another one."""
        return Beats(self.notes[first:end], self.onsets[first:end], self.places[first:end], self.stresses[first:end])


class Potentials(NamedTuple):
    """What chords score in a group of keys; chords by their numbers, pitch classes from the tonic.

    Attributes:
        notes: [chord, pitch class], of a quarter note.
        onsets: [chord, pitch class], of a note that begins with the beat.
        places: [place, chord].
        first: [chord], at the beginning.
        moves: [stress, chord before, chord].
    """

    notes: NDArray[np.float64]
    onsets: NDArray[np.float64]
    places: NDArray[np.float64]
    first: NDArray[np.float64]
    moves: NDArray[np.float64]

    def of_beats(self, beats: Beats, tonic: int) -> NDArray[np.float64]:
        """Returns what each chord scores at each beat whatever the chords beside it, [num_beats, chord]."""
        notes, onsets = (np.roll(part, -tonic, axis=1) for part in (beats.notes, beats.onsets))
        scores: NDArray[np.float64] = notes @ self.notes.T + onsets @ self.onsets.T + self.places[beats.places]
        if len(scores):
            scores[0] += self.first
        return scores


def group_of(key: Key) -> str:
    """Returns the group whose parameters a key has."""
    return _GROUP_OF_MODE.get(key.mode, key.mode)


def tonic_chord(key: Key) -> int:
    """Returns the number of the chord on the tonic."""
    return DEGREES[_TONIC_OF_GROUP[group_of(key)]]


def chord_symbol(chord: int, key: Key, has_seventh: bool = False) -> str:
    """Returns a chord's symbol, spelled as in a key."""
    quality, root = divmod(chord, NOTES_PER_OCTAVE)
    return spell(key.tonic + root, key) + "m" * quality + "7" * has_seventh


def find_key(beats: Beats, last_pitch: int) -> Key:
    """Returns the key in which a melody's best chords score most, an end on the tonic counted.

    Of equals it is the first in `GROUPS`, from C up. Of a long melody the beginning is looked at.
    """
    beats = beats.cut(end=_MOST_BEATS_FOR_KEY)
    keys = [key_of_tonic(tonic, group) for group in GROUPS for tonic in range(NOTES_PER_OCTAVE)]
    last = last_pitch % NOTES_PER_OCTAVE
    return max(keys, key=lambda key: best_chords(beats, key)[1] + _LAST_IS_TONIC * (key.tonic == last))


def best_chords(
    beats: Beats, key: Key, allowed: NDArray[np.bool_] | None = None, before: int | None = None
) -> tuple[NDArray[np.intp], float]:
    """Returns the chords that score most, one a beat, and their score.

    Args:
        beats: At least one.
        key: The key.
        allowed: [num_beats, chord], which chords may come; all where not given. Each beat must have one.
        before: The chord before the first beat, where the melody goes on from one.
    """
    own = potentials(group_of(key))
    scores = own.of_beats(beats, key.tonic)
    if before is not None:
        scores[0] += own.moves[beats.stresses[0], before] - own.first
    if allowed is not None:
        scores[~allowed] = -np.inf
    total, came_from = scores[0], np.zeros(scores.shape, np.intp)
    places = np.arange(NUM_CHORDS)
    for beat in range(1, len(scores)):
        ways = total[:, np.newaxis] + own.moves[beats.stresses[beat]]
        came_from[beat] = ways.argmax(0)
        total = ways[came_from[beat], places] + scores[beat]
    chords = np.empty(len(scores), np.intp)
    chords[-1] = total.argmax()
    for beat in range(len(scores) - 1, 0, -1):
        chords[beat - 1] = came_from[beat, chords[beat]]
    return chords, float(total.max())


@lru_cache(maxsize=len(GROUPS))
def potentials(group: str) -> Potentials:
    """Returns the potentials of a group of keys, as they ship."""
    return potentials_of(parameters(), group)


@lru_cache(maxsize=1)
def parameters() -> Mapping[str, float]:
    """Returns the parameters that ship, by name."""
    found: dict[str, float] = json.loads(_FILE.read_text())["parameters"]
    return found


def parameter_names() -> list[str]:
    """Returns the names of all parameters."""
    names = [f"note {kind}" for kind in ("root", "third", "fifth", "seventh", "key", "other")]
    names += [f"onset {kind}" for kind in ("root", "third", "fifth", "other")]
    names += [f"degree {group} {degree}" for group in GROUPS for degree in (*DEGREES, "rare")]
    names += [f"move {one} {other}" for one, other in MOVES]
    names += [f"stay {stress}" for stress in STRESSES]
    names += [f"first {function}" for function in _FUNCTIONS]
    return names + [f"place {place} {function}" for place in PLACES for function in _FUNCTIONS]


def potentials_of(values: Mapping[str, float], group: str) -> Potentials:
    """Returns the potentials of a group of keys; they are linear in the values of `parameter_names`."""
    tonic = DEGREES[_TONIC_OF_GROUP[group]]
    in_key = set(key_of_tonic(0, group).pitch_classes) | ({_LEADING_TONE} if group == "minor" else set())
    notes = np.empty((NUM_CHORDS, NOTES_PER_OCTAVE))
    onsets = np.full((NUM_CHORDS, NOTES_PER_OCTAVE), values["onset other"])
    for chord in range(NUM_CHORDS):
        quality, root = divmod(chord, NOTES_PER_OCTAVE)
        notes[chord] = [values["note key" if pitch in in_key else "note other"] for pitch in range(NOTES_PER_OCTAVE)]
        if chord == _DOMINANT:
            notes[chord, (root + _SEVENTH) % NOTES_PER_OCTAVE] += values["note seventh"]
        for distance, kind in ((0, "root"), (_THIRDS[quality], "third"), (_FIFTH, "fifth")):
            notes[chord, (root + distance) % NOTES_PER_OCTAVE] = values[f"note {kind}"]
            onsets[chord, (root + distance) % NOTES_PER_OCTAVE] = values[f"onset {kind}"]
    new = np.full(NUM_CHORDS, values[f"degree {group} rare"])
    for degree, chord in DEGREES.items():
        new[chord] = values[f"degree {group} {degree}"]
    first, places = new.copy(), np.zeros((len(PLACES), NUM_CHORDS))
    for function, degrees in _FUNCTIONS.items():
        for chord in (DEGREES[degree] for degree in degrees):
            first[chord] += values[f"first {function}"]
            places[:, chord] = [values[f"place {place} {function}"] for place in PLACES]
    moves = np.tile(new, (len(STRESSES), NUM_CHORDS, 1))
    for before, after in MOVES:
        one, other = (tonic if name == "tonic" else DEGREES[name] for name in (before, after))
        moves[:, one, other] += values[f"move {before} {after}"]
    for stress, name in enumerate(STRESSES):
        np.fill_diagonal(moves[stress], values[f"stay {name}"])
    return Potentials(notes, onsets, places, first, moves)
