"""The input pipeline: melodies of like length in batches, encoded on the way."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig, ModelConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.encodings import Encoding
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NO_EVENT
from melody_rnn.generation.guidance import cues_for
from melody_rnn.music.transposition import home_transposition
from melody_rnn.training.devices import Strategy
from melody_rnn.training.settings import TrainingSettings
from melody_rnn.tunes.outline import BarKind, Known, Outline, outline_of
from melody_rnn.tunes.outline_bank import OutlineBank

# Compiled loops are made anew for each length, so that training batches are padded to a multiple of this.
_LENGTH_MULTIPLE = 16
# Lengths are compared give or take this share, so that melodies meet others in each epoch.
_LENGTH_NOISE = 0.05
# How often training leaves out the form, the plan of the bars, the key, and the lowest and highest pitch.
_UNKNOWN_FORM: Final = 0.2
_UNKNOWN_PLAN: Final = 0.4
_UNKNOWN_KEY: Final = 0.2
_UNKNOWN_PITCHES: Final = 0.5
_MOST_NOISE: Final = 5
Batch = tuple[NDArray[np.int32], ...]


class Example(NamedTuple):
    """A melody to train on.

    Attributes:
        melody: The melody; its events are what the network is to say.
        outline: What is known of it beforehand.
        heard: The events that the network hears, if others than those.
        is_written: Whether a teacher wrote it, so that its events are not what is to be said, but what teachers say.
    """

    melody: StoredMelody
    outline: Outline
    heard: NDArray[np.int8] | None = None
    is_written: bool = False


class Written(NamedTuple):
    """Tunes that teachers wrote (`training.written`).

    Attributes:
        originals: [num_tunes] int32, which melody of the train split each has the outline and the first event of.
        events: [num_events] int8, the events of all tunes, one after the other; each is as long as its original.
    """

    originals: NDArray[np.int32]
    events: NDArray[np.int8]

    def examples(self, originals: Sequence[Example]) -> list[Example]:
        """Returns the tunes, with the outlines of the melodies that they were written to."""
        ends = np.cumsum([len(originals[place].melody.events) for place in self.originals])
        return [
            originals[place]._replace(melody=replace(originals[place].melody, events=events), is_written=True)
            for place, events in zip(self.originals.tolist(), np.split(self.events, ends[:-1]), strict=True)
        ]


def opening_pitches(melodies: Sequence[StoredMelody]) -> dict[int, float]:
    """Returns the share of each pitch among the first events of melodies that begin on the first beat."""
    counts = Counter(int(melody.events[0]) for melody in melodies if melody.events[0] >= 0)
    total = sum(counts.values())
    return {pitch: count / total for pitch, count in sorted(counts.items())}


def outlined(encoding: Encoding, melodies: Sequence[StoredMelody], known: Known = "plan") -> list[Example]:
    """Returns melodies, in the model's range, with as much of their outlines as is known and the encoding reads."""
    if not encoding.config.knows_form:
        return [Example(melody, Outline(melody.meter, chords=melody.chords)) for melody in melodies]
    return [Example(melody, _outline(melody).known(known)) for melody in melodies]


def outline_bank(originals: Sequence[StoredMelody], config: ModelConfig) -> OutlineBank:
    """Returns the outlines of melodies, as they sound, that are whole tunes with sections and a key."""
    low, high = config.encoding.min_note, config.encoding.max_note
    outlines = []
    for melody in originals:
        if melody.form.sections and not melody.form.is_truncated and melody.key is not None:
            amount = home_transposition(melody.events, low, high, config.transpose_to_key)
            outlines.append(outline_of(melody.tune, amount).part(chords=False))
    return OutlineBank(outlines, config.steps_per_quarter)


def _outline(melody: StoredMelody) -> Outline:
    outline = outline_of(melody.tune)
    return outline.part(form=False) if melody.form.is_truncated else outline


def label_frequencies(
    encoding: Encoding, melodies: Sequence[StoredMelody], settings: TrainingSettings
) -> NDArray[np.float64]:
    """Returns how often each label comes in a run's first epoch, as shares [num_classes] of the labels and one each.

    Args:
        encoding: How melodies are encoded.
        melodies: The train split, in the model's range.
        settings: Batch size, transposition and seed.
    """
    counts = np.ones(encoding.num_classes)
    examples, _ = _begin_epoch(encoding, outlined(encoding, melodies), settings, 0)
    moved = [example.melody for example in examples]
    for _, (_, labels, _), weights in evaluation_batches(encoding, moved, settings.batch_size):
        counts += np.bincount(np.ravel(labels), np.ravel(weights), len(counts))
    frequencies: NDArray[np.float64] = counts / counts.sum()
    return frequencies


def training_batches(
    encoding: Encoding,
    melodies: Sequence[StoredMelody],
    settings: TrainingSettings,
    first_step: int,
    strategy: Strategy | None = None,
    views: Sequence[Encoding] | None = None,
    written: Written | None = None,
) -> tf.data.Dataset:
    """Returns the endless stream of encoded training batches from a step of the run on.

    What batch a step gets is a function of the seed and the step alone, so that a resumed run sees what an
    uninterrupted one does.

    Args:
        encoding: How melodies are encoded.
        melodies: The train split, in the model's range.
        settings: Batch size, transposition and seed.
        first_step: Where the stream begins, counted from the start of the run.
        strategy: The devices that share each batch; one device where not given.
        views: With teachers, their encodings: batches have the weights [batch, steps] of what teachers say too, and
            then each encoding's (inputs, label_events).
        written: Tunes that teachers wrote to these melodies: to each melody of a batch come `written_per_melody` of
            them, of like lengths.
    """
    batch_size = min(settings.batch_size, len(melodies))
    per_epoch = num_batches(len(melodies), batch_size)
    reader = _reader((encoding, *(views or ())))
    all_known = outlined(reader, melodies)
    others = written.examples(all_known) if written is not None else []
    by_length = sorted(others, key=lambda example: len(example.melody.events))
    per_melody = settings.written_per_melody if by_length else 0

    def generate() -> Iterator[Sequence[Example]]:
        epoch, skipped = divmod(first_step, per_epoch)
        while True:
            moved, rng = _begin_epoch(reader, all_known, settings, epoch)
            noise = rng.uniform(1 - _LENGTH_NOISE, 1 + _LENGTH_NOISE, len(moved))
            order = np.argsort(noise * [len(example.melody.events) for example in moved], kind="stable")
            for index in rng.permutation(per_epoch)[skipped:]:
                rows = order[index * batch_size : (index + 1) * batch_size]
                batch = [moved[row] for row in rows]
                if by_length:
                    share = index * batch_size / len(melodies), min(1.0, (index + 1) * batch_size / len(melodies))
                    own = np.random.default_rng([settings.seed, epoch, int(index)])
                    places = own.uniform(*share, per_melody * len(batch)) * len(by_length)
                    heard = _varied(reader, [by_length[int(place)] for place in places], settings, own)
                    # Each device gets as many of both.
                    batch = [
                        example
                        for row, melody in enumerate(batch)
                        for example in (melody, *heard[row * per_melody : (row + 1) * per_melody])
                    ]
                yield batch
            epoch, skipped = epoch + 1, 0

    num_rows = batch_size * (1 + per_melody)
    return _shared(encoding, generate, None, num_rows, _LENGTH_MULTIPLE, strategy, views)


def evaluation_batches(
    encoding: Encoding,
    melodies: Sequence[StoredMelody],
    batch_size: int,
    strategy: Strategy | None = None,
    known: Known = "form",
) -> tf.data.Dataset:
    """Returns every melody once, by length, in encoded batches.

    Args:
        encoding: How melodies are encoded.
        melodies: At least one.
        batch_size: Melodies in a batch.
        strategy: The devices that share each batch; one device where not given.
        known: How much of each melody's outline is known.
    """
    ordered = outlined(encoding, sorted(melodies, key=lambda melody: (len(melody.events), melody.id)), known)
    batches = [ordered[first : first + batch_size] for first in range(0, len(ordered), batch_size)]
    return _shared(encoding, lambda: iter(batches), len(batches), min(batch_size, len(ordered)), 1, strategy)


def _shared(
    encoding: Encoding,
    batches: Callable[[], Iterator[Sequence[Example]]],
    count: int | None,
    batch_size: int,
    length_multiple: int,
    strategy: Strategy | None,
    views: Sequence[Encoding] | None = None,
) -> tf.data.Dataset:
    """Returns batches padded and encoded, each in as many equal shares as there are devices.

    Args:
        encoding: How melodies are encoded.
        batches: Gives the melodies of each batch.
        count: How many batches there are; None where they never end.
        batch_size: Melodies that a batch is filled up to.
        length_multiple: As for `pad`.
        strategy: The devices.
        views: As for `training_batches`.
    """
    reader = _reader((encoding, *(views or ())))

    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        num_shares = context.num_replicas_in_sync
        share = -(-batch_size // num_shares)
        own = num_shares // context.num_input_pipelines
        first = own * context.input_pipeline_id

        def generate() -> Iterator[Batch]:
            for examples in batches():
                padded = pad(reader, examples, num_shares * share, length_multiple)
                for index in range(first, first + own):
                    rows = slice(index * share, (index + 1) * share)
                    yield tuple(part[rows] for part in padded)

        shapes = ([None, None], [None, None], [None], [None], [None], [None, None, reader.num_cues])
        signature = tuple(tf.TensorSpec(shape, tf.int32) for shape in shapes)
        shares = tf.data.Dataset.from_generator(generate, output_signature=signature)
        num_own = tf.data.INFINITE_CARDINALITY if count is None else count * own
        shares = shares.apply(tf.data.experimental.assert_cardinality(num_own))
        return _encoded(encoding, shares, share, count is None, views)

    return (strategy or tf.distribute.get_strategy()).distribute_datasets_from_function(make)


def num_batches(num_melodies: int, batch_size: int) -> int:
    """Returns how many batches hold so many melodies."""
    return -(-num_melodies // batch_size)


def pad(encoding: Encoding, examples: Sequence[Example], batch_size: int = 0, length_multiple: int = 1) -> Batch:
    """Pads melodies to one length.

    Args:
        encoding: What reads the outlines.
        examples: At least one.
        batch_size: Rows to come to, at least; rows without a melody have length 1.
        length_multiple: The steps after the first event come to a multiple of this.

    Returns:
        Events [batch, steps], what is heard of them [batch, steps], lengths [batch], whether teachers wrote them
        [batch], steps_per_bar [batch] and cues [batch, steps + 1, num_cues], all int32.
    """
    melodies, outlines = [example.melody for example in examples], [example.outline for example in examples]
    num_rows = max(batch_size, len(melodies))
    lengths = np.ones(num_rows, np.int32)
    lengths[: len(melodies)] = [len(melody.events) for melody in melodies]
    num_steps = 1 + -(-(max(lengths) - 1) // length_multiple) * length_multiple
    events = np.full((num_rows, num_steps), NO_EVENT, np.int32)
    heard = events.copy()
    steps_per_bar = np.full(num_rows, melodies[0].steps_per_bar, np.int32)
    is_written = np.zeros(num_rows, np.int32)
    for row, (melody, _, own, is_taught) in enumerate(examples):
        events[row, : len(melody.events)] = melody.events
        heard[row, : len(melody.events)] = melody.events if own is None else own
        steps_per_bar[row] = melody.steps_per_bar
        is_written[row] = is_taught
    cues = np.zeros((num_rows, num_steps + 1, encoding.num_cues), np.int32)
    cues[: len(melodies)] = encoding.cues(outlines, int(num_steps) + 1)
    return events, heard, lengths, is_written, steps_per_bar, cues


def _encoded(
    encoding: Encoding,
    batches: tf.data.Dataset,
    batch_size: int,
    is_compiled: bool,
    views: Sequence[Encoding] | None,
) -> tf.data.Dataset:
    """Returns (inputs, (events, labels, label_events), weights) for each batch, steps from the second event on.

    With teachers the weights of what they say follow, and for each of `views` (inputs, label_events) in that encoding.
    Where they wrote some of the tunes, they are heard of those alone, and the events count in the others alone.

    Compiling makes encoding several times as fast; it takes half a second for each length, where lengths are few and
    come again.
    """
    encodings = (encoding, *(views or ()))
    compiled = [tf.function(each.encode, jit_compile=is_compiled, autograph=False) for each in encodings]

    def encode(
        events: tf.Tensor,
        heard: tf.Tensor,
        lengths: tf.Tensor,
        is_written: tf.Tensor,
        steps_per_bar: tf.Tensor,
        cues: tf.Tensor,
    ) -> tuple[object, ...]:
        events, lengths = tf.ensure_shape(events, [batch_size, None]), tf.ensure_shape(lengths, [batch_size])
        encoded = []
        for each, encode_all in zip(encodings, compiled, strict=True):
            inputs, labels, label_events, _ = encode_all(heard, steps_per_bar, cues_for(each.num_cues, cues))
            inputs = tf.ensure_shape(inputs[:, :-1], [batch_size, None, each.input_size])
            labels = tf.ensure_shape(labels, [batch_size, None])
            label_events = tf.ensure_shape(label_events, [batch_size, None, each.num_classes])
            encoded.append((inputs, labels[:, 1:], label_events[:, 1:]))
        (inputs, labels, label_events), *others = encoded
        present = tf.sequence_mask(lengths - 1, tf.shape(events)[1] - 1, tf.float32)
        from_teachers = tf.cast(is_written, tf.float32)[:, tf.newaxis]
        weights = present * (1.0 - from_teachers)
        batch = inputs, (events[:, 1:], labels, label_events), weights
        if views is None:
            return batch
        taught = tf.where(tf.reduce_any(is_written > 0), present * from_teachers, present)
        return *batch, taught, *((other[0], other[2]) for other in others)

    return batches.map(encode, num_parallel_calls=1, deterministic=True).prefetch(2)


def _reader(encodings: Sequence[Encoding]) -> Encoding:
    """Returns the encoding whose cues batches hold: the first of those that read most.

    Raises:
        InvalidArgumentError: If another reads chords and it does not.
    """
    reader = max(encodings, key=lambda encoding: encoding.num_cues)
    if any(encoding.config.knows_chords for encoding in encodings) and not reader.config.knows_chords:
        raise InvalidArgumentError(
            "of teachers and student one knows form and no chords, another chords and no form; chords_rnn knows both"
        )
    return reader


def _begin_epoch(
    encoding: Encoding, examples: Sequence[Example], settings: TrainingSettings, epoch: int
) -> tuple[list[Example], np.random.Generator]:
    """Returns an epoch's melodies, transposed and with some of what is known left out, and what the rest draws from."""
    rng = np.random.default_rng([settings.seed, epoch])
    return _varied(encoding, examples, settings, rng), rng


def _varied(
    encoding: Encoding, examples: Sequence[Example], settings: TrainingSettings, rng: np.random.Generator
) -> list[Example]:
    """Returns melodies transposed, and with some of what is known left out."""
    config, most = encoding.config, settings.transposition
    moved = [_transpose(example, config, most, rng) for example in examples]
    if settings.input_noise:
        moved = [_noisy(example, config, settings.input_noise, rng) for example in moved]
    if encoding.config.knows_form:
        known = rng.random((len(moved), 4)) >= [_UNKNOWN_FORM, _UNKNOWN_PLAN, _UNKNOWN_KEY, _UNKNOWN_PITCHES]
        moved = [
            example._replace(outline=example.outline.part(*row))
            for example, row in zip(moved, known.tolist(), strict=True)
        ]
    if encoding.config.knows_chords and settings.unknown_chords:
        are_known = rng.random(len(moved)) >= settings.unknown_chords
        moved = [
            example._replace(outline=example.outline.part(chords=is_known))
            for example, is_known in zip(moved, are_known.tolist(), strict=True)
        ]
    return moved


def _noisy(example: Example, config: EncodingConfig, share: float, rng: np.random.Generator) -> Example:
    """Returns a melody of which, every other time, some notes are heard as others.

    A bar that the plan says to be the same as another is to be the same as that one was heard.
    """
    melody, outline, *_ = example
    heard = melody.events.astype(np.int8)
    notes = np.flatnonzero(heard >= 0)
    wrong = notes[rng.random(len(notes)) < share]
    if rng.random() < 0.5 or not len(wrong):
        return example
    moves = rng.integers(1, _MOST_NOISE + 1, len(wrong)) * rng.choice([-1, 1], len(wrong))
    heard[wrong] = np.clip(heard[wrong] + moves, config.min_note, config.max_note - 1)
    truth, bar = melody.events.copy(), melody.steps_per_bar
    for number, plan in enumerate(outline.bars):
        if plan.kind == BarKind.SAME:
            start, end = number * bar, min((number + 1) * bar, len(heard))
            source = start - plan.distance * bar
            heard[start:end] = truth[start:end] = heard[source : source + end - start]
    return example._replace(melody=replace(melody, events=truth), heard=heard)


def _transpose(example: Example, config: EncodingConfig, most: int, rng: np.random.Generator) -> Example:
    if not most:
        return example
    melody, outline, *_ = example
    is_note = melody.events >= 0
    pitches = melody.events[is_note].astype(int)
    lowest = max(-most, config.min_note - pitches.min(initial=config.max_note))
    highest = min(most, config.max_note - 1 - pitches.max(initial=config.min_note))
    amount = int(rng.integers(lowest, max(highest, lowest) + 1))
    events = np.where(is_note, melody.events + amount, melody.events).astype(np.int8)
    moved = replace(outline, transposition=outline.transposition + amount)
    return example._replace(melody=replace(melody, events=events), outline=moved)
