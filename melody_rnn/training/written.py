"""Tunes that teachers write, for a student to hear them in.

What a teacher says of tunes that it was trained on is surer than what it knows: it has seen them. Of tunes that it
writes itself there are as many as one likes, and no event of them was ever learnt by heart.

Source: Kim and Rush 2016, arXiv:1606.07947 (a student trained on what its teacher writes), with the teachers' whole
distributions as targets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.archives import ARCHIVE_ERRORS, pack_arrays, unpack_arrays
from melody_rnn.config import EncodingConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.encodings import Encoding, make_encoding
from melody_rnn.errors import InputFileError, OutputError
from melody_rnn.events import NO_EVENT
from melody_rnn.files import read_input, reason, write_whole
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.loop import SamplingLoop
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.training.batches import Example, Written, outlined, pad
from melody_rnn.training.distillation import Teacher

_TOGETHER: Final = 256
_MAX_BYTES: Final = 2**30
_KINDS: Final = {"originals": ("<i4", 1), "events": ("int8", 1)}


def write_tunes(teachers: Sequence[Teacher], melodies: Sequence[StoredMelody], count: int, seed: int) -> Written:
    """Has teachers write tunes by themselves, at temperature 1, to the outlines of melodies.

    Args:
        teachers: Each writes as many, give or take one.
        melodies: In the teachers' range. Each is taken as often as any other, give or take one.
        count: How many tunes, at least 1.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(len(melodies)) for _ in range(-(-count // len(melodies)))]
    drawn = np.concatenate(rounds)[:count].astype(np.int32)
    originals, events = [], []
    for number, teacher in enumerate(teachers):
        encoding = make_encoding(teacher.config.encoding)
        loop = SamplingLoop(encoding, teacher.network)
        own = drawn[number :: len(teachers)]
        own = own[np.argsort([len(melodies[place].events) for place in own], kind="stable")]
        for first in range(0, len(own), _TOGETHER):
            places = own[first : first + _TOGETHER]
            examples = outlined(encoding, [melodies[place] for place in places])
            originals.append(places)
            events += _write(encoding, loop, examples, count * number + first, seed)
    return Written(np.concatenate(originals), np.concatenate(events))


def _write(
    encoding: Encoding, loop: SamplingLoop, examples: Sequence[Example], first: int, seed: int
) -> list[NDArray[np.int8]]:
    """Returns the events of tunes to the outlines of examples; `first` is the number of the first one's noise."""
    events, _, lengths, _, steps_per_bar, cues = pad(encoding, examples)
    start = Start(events[:, :1], first + np.arange(len(examples)), steps_per_bar, cues)
    new_steps = events.shape[1] - 1
    written = loop(start, new_steps, SamplerSettings().controls(len(examples)), seed)
    whole = np.concatenate([events[:, :1], written], axis=1).astype(np.int8)
    return [row[:length] for row, length in zip(whole, lengths, strict=True)]


def save_written(path: Path, written: Written) -> None:
    """Writes tunes to a file, whole or not at all; `read_written` is its inverse.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        write_whole(path, pack_arrays(written._asdict()))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from error


def read_written(path: Path, melodies: Sequence[StoredMelody], config: EncodingConfig) -> Written:
    """Reads tunes that teachers wrote.

    Args:
        path: The file.
        melodies: Those that the tunes were written to, in the same order.
        config: The encoding, in whose range the tunes are.

    Raises:
        InputFileError: If the file is damaged, or of other melodies.
    """
    try:
        arrays = unpack_arrays(read_input(path, _MAX_BYTES), _KINDS, _MAX_BYTES)
        written = Written(arrays["originals"], arrays["events"])
        if written.originals.min() < 0:
            raise ValueError("it names a melody that is none")
        lengths = np.array([len(melody.events) for melody in melodies])[written.originals]
        if lengths.sum() != len(written.events):
            raise ValueError("it is of other melodies")
        notes = written.events[written.events >= 0]
        if written.events.min() < NO_EVENT or ((notes < config.min_note) | (notes >= config.max_note)).any():
            raise ValueError("it holds events out of range")
    except (*ARCHIVE_ERRORS, ValueError, LookupError) as error:
        why = f"not the tunes of this run ({reason(error)}); remove it to have them written anew"
        raise InputFileError(f"{path}: {why}") from error
    return written
