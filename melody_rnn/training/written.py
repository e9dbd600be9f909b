"""Tunes that teachers write, for a student to hear them in.

What a teacher says of tunes that it was trained on is surer than what it knows: it has seen them. Of tunes that it
writes itself there are as many as one likes, and no event of them was ever learnt by heart.

Source: Kim and Rush 2016, arXiv:1606.07947 (a student trained on what its teacher writes), with the teachers' whole
distributions as targets.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.encodings import Encoding, make_encoding
from melody_rnn.errors import InputFileError
from melody_rnn.files import read_input, reason, write_whole
from melody_rnn.generation.beginning import Start
from melody_rnn.generation.loop import SamplingLoop
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.training.batches import Example, outlined, pad
from melody_rnn.training.distillation import Teacher

_TOGETHER: Final = 256
_MAX_BYTES: Final = 2**30


class Written(NamedTuple):
    """Tunes that teachers wrote.

    Attributes:
        originals: [num_tunes] int32, which melody of the train split each has the outline and the first event of.
        events: [num_events] int8, the events of all tunes, one after the other; each is as long as its original.
    """

    originals: NDArray[np.int32]
    events: NDArray[np.int8]


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
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **written._asdict())
    write_whole(path, buffer.getvalue())


def read_written(path: Path, encoding: Encoding, melodies: Sequence[StoredMelody]) -> list[Example]:
    """Reads tunes that teachers wrote, as examples.

    Args:
        path: The file.
        encoding: What reads their outlines, which are the originals'.
        melodies: Those that the tunes were written to, in the same order.

    Raises:
        InputFileError: If the file is damaged, or of other melodies.
    """
    try:
        with np.load(io.BytesIO(read_input(path, _MAX_BYTES)), allow_pickle=False) as arrays:
            written = Written(arrays["originals"], arrays["events"])
        lengths = np.array([len(melody.events) for melody in melodies])[written.originals]
        if lengths.sum() != len(written.events):
            raise ValueError("it is of other melodies")
    except (ValueError, LookupError, zipfile.BadZipFile) as error:
        raise InputFileError(
            f"{path}: not the tunes of this run ({reason(error)}); remove it to have them anew"
        ) from error
    originals = outlined(encoding, melodies)
    parts = np.split(written.events, np.cumsum(lengths)[:-1])
    return [
        originals[place]._replace(melody=replace(originals[place].melody, events=events), is_written=True)
        for place, events in zip(written.originals.tolist(), parts, strict=True)
    ]
