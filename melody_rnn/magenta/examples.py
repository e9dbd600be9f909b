"""Melodies to train on as records of a TFRecord: ours, one byte an event, and Magenta's encoded ones.

Ours are tf.train.Examples of `events` (bytes, an int8 each), `steps_per_bar`, `id`, and where there are chord symbols
`chords` (bytes, a symbol each) and `chord_steps`. Events are encoded when training reads them, so one file serves every
model. Magenta's are tf.train.SequenceExamples of `inputs`, a float vector a step,
and `labels`, made for one encoding.

Source: Magenta's `make_sequence_example` (pipelines/pipelines_common.py).
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.data.splits import Split
from melody_rnn.data.tfrecords import read_records, write_records
from melody_rnn.encodings import Encoding
from melody_rnn.encodings.chords import ChordEncoding
from melody_rnn.errors import InputFileError, unnamed
from melody_rnn.events import MAX_PITCH, NO_EVENT, NOTE_OFF
from melody_rnn.magenta.chord_inputs import decode_chords
from melody_rnn.music.meters import COMMON_TIME, meter_of_bar
from melody_rnn.tunes.tune import Chord

_MOST_STEPS_PER_BAR = 255


def write_examples(path: Path, melodies: Sequence[StoredMelody]) -> int:
    """Writes melodies as a TFRecord, whole or not at all; `read_examples` is the inverse.

    Returns:
        The number of melodies.

    Raises:
        OutputError: If the file cannot be written.
    """
    return write_records(path, (_to_example(melody).SerializeToString() for melody in melodies))


def read_examples(paths: Sequence[Path], encoding: Encoding, split: Split) -> Dataset:
    """Reads melodies that `write_examples` or Magenta's melody_rnn_create_dataset wrote.

    Args:
        paths: TFRecord files.
        encoding: The encoding of Magenta's records.
        split: The split that the melodies come into.

    Raises:
        InputFileError: If a file cannot be read, or its records are not melodies in this encoding.
    """
    melodies: list[StoredMelody] = []
    total = hashlib.sha256()
    for path in paths:
        try:
            for index, record in enumerate(read_records(path)):
                total.update(hashlib.sha256(record).digest())
                melody = _from_record(record, f"{path.name}:{index}", encoding, split)
                # Magenta's encoders leave melodies of one event without inputs.
                if len(melody.events) > 1:
                    melodies.append(melody)
        except InputFileError as error:
            raise InputFileError(f"{path}: {unnamed(error, path)}") from error
    return Dataset(tuple(melodies), digest=total.hexdigest())


def _to_example(melody: StoredMelody) -> Any:
    example = tf.train.Example()
    feature = example.features.feature
    feature["events"].bytes_list.value.append(melody.events.astype(np.int8).tobytes())
    feature["steps_per_bar"].int64_list.value.append(melody.steps_per_bar)
    feature["id"].bytes_list.value.append(melody.id.encode("utf-8"))
    if melody.chords:
        feature["chords"].bytes_list.value.extend(chord.symbol.encode("utf-8") for chord in melody.chords)
        feature["chord_steps"].int64_list.value.extend(chord.step for chord in melody.chords)
    return example


def _from_record(record: bytes, name: str, encoding: Encoding, split: Split) -> StoredMelody:
    try:
        # The two protos share field numbers: what the one calls its features is the other's context.
        example = tf.train.SequenceExample.FromString(record)
    except DecodeError as error:
        raise InputFileError(f"record {name} is no example; make the file with melody_rnn_create_dataset") from error
    lists, feature = example.feature_lists.feature_list, example.context.feature
    if "events" in feature and "steps_per_bar" in feature:
        events = np.frombuffer(b"".join(feature["events"].bytes_list.value), np.int8)
        bars = list(feature["steps_per_bar"].int64_list.value)
        if len(bars) == 1 and 1 <= bars[0] <= _MOST_STEPS_PER_BAR and _are_events(events):
            own_id = b"".join(feature["id"].bytes_list.value).decode("utf-8", "replace")
            chords = _chords(feature["chords"].bytes_list.value, feature["chord_steps"].int64_list.value)
            if all(0 <= chord.step < len(events) for chord in chords):
                return StoredMelody(own_id or name, events, meter_of_bar(bars[0]), split, chords=chords)
    elif "inputs" in lists and "labels" in lists:
        inputs = [np.array(step.float_list.value, np.float32) for step in lists["inputs"].feature]
        labels = [int(label) for step in lists["labels"].feature for label in step.int64_list.value]
        if len(inputs) == len(labels) > 0:
            if any(step.shape != (encoding.input_size,) for step in inputs):
                raise InputFileError(_other_sizes(inputs, labels, encoding))
            melody, chords = encoding, ()
            if isinstance(encoding, ChordEncoding):
                own = encoding.input_size - encoding.melody.input_size
                chords = decode_chords(np.stack([step[:own] for step in inputs]), encoding.config.chords)
                inputs, melody = [step[own:] for step in inputs], encoding.melody
            events = _decode(inputs[0], labels, melody)
            return StoredMelody(name, events, COMMON_TIME, split, chords=chords)
    raise InputFileError(f"record {name} holds no melody; make the file with melody_rnn_create_dataset")


def _other_sizes(inputs: Sequence[NDArray[np.float32]], labels: Sequence[int], encoding: Encoding) -> str:
    return (
        f"inputs of {len(inputs[0])} numbers and labels up to {max(labels)}, but the configuration has "
        f"{encoding.input_size} and {encoding.num_classes - 1}; give the --config that they were made with"
    )


def _chords(symbols: Sequence[bytes], steps: Sequence[int]) -> tuple[Chord, ...]:
    """Returns chords, those of them that have both a symbol and a step."""
    pairs = zip(steps, symbols, strict=False)
    return tuple(Chord(int(step), symbol.decode("utf-8", "replace")) for step, symbol in pairs)


def _are_events(events: NDArray[np.int8]) -> bool:
    return bool(len(events) and events.min() >= NO_EVENT and events.max() <= MAX_PITCH)


def _decode(first_inputs: NDArray[np.float32], labels: Sequence[int], encoding: Encoding) -> NDArray[np.int8]:
    """Returns the melody of Magenta's inputs after the first event and its labels of the others."""
    if not all(0 <= label < encoding.num_classes for label in labels):
        raise InputFileError(_other_sizes([first_inputs], labels, encoding))
    plain = encoding.label_events(encoding.initial_state(1)).numpy()[0].tolist()
    num_lookbacks = encoding.num_classes - (encoding.config.max_note - encoding.config.min_note) - 2
    distances = encoding.config.lookback_distances[:num_lookbacks]
    num_plain = encoding.num_classes - num_lookbacks
    events = [_first_event(first_inputs, encoding)]
    for label in labels:
        if label < num_plain:
            events.append(plain[label])
        else:
            distance = distances[label - num_plain]
            events.append(events[-distance] if distance <= len(events) else NO_EVENT)
    return np.array(events, np.int8)


def _first_event(first_inputs: NDArray[np.float32], encoding: Encoding) -> int:
    """Returns the event after which the encoding's inputs are these."""
    candidates: list[int] = [NO_EVENT, NOTE_OFF, *range(encoding.config.min_note, encoding.config.max_note)]
    vectors = encoding.encode_stream(tf.constant([[event] for event in candidates])).inputs[:, 0].numpy()
    nearest = int(np.abs(vectors - first_inputs).sum(axis=1).argmin())
    return candidates[nearest]
