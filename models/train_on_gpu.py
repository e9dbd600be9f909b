"""Trains tunes_rnn on a GPU by JAX: many teachers at once, tunes that they write, and students that hear them there.

usage: python models/train_on_gpu.py --dataset data/tunes --test data/tunebooks --output runs/gpu

`melody-rnn train` does the same steps in TensorFlow, one model after the other. Here all teachers, and then all
students, are one more dimension of the same arrays, so that they take hardly longer than one alone. It needs JAX, which
is no dependency of the package. Encoding and network are written once more, for arrays of JAX; before anything is
trained they are compared with the package's, and the program ends if they differ.

Prints the nats per event of every model on the test split, writes the students as folders for `melody-rnn`, and
`nats.json`: differences from the student without teachers, over resampled tunes.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tensorflow as tf
from jax_tunes import (
    BATCH,
    CONFIG,
    UNKNOWN,
    Array,
    Arrays,
    Key,
    Params,
    Tunes,
    adam,
    arrays_of,
    cosine,
    encoded,
    epoch,
    evaluate,
    event_probabilities,
    forget,
    fresh,
    logits_of,
    nats,
    no_moments,
    sized,
    stacked,
    steps_first,
    tunes_of,
    vectors,
    write,
)

from melody_rnn.data.dataset import StoredMelody, load
from melody_rnn.data.index import training_index
from melody_rnn.data.squashing import squash_all
from melody_rnn.encodings import make_encoding
from melody_rnn.presets import Preset, make_network, save_to_preset
from melody_rnn.training.batches import opening_pitches, outline_bank, outlined, pad

ENCODING: Final = make_encoding(CONFIG.encoding)
UNITS: Final = 160
SIZED: Final = sized(UNITS)
BUCKETS: Final = (144, 208, 304, 512)
RATE: Final = 3e-3
NUM_RESAMPLED: Final = 10_000


class Student(NamedTuple):
    """How a student learns: its dropout, and the weights of the three parts of its loss.

    Attributes:
        name: For what is printed.
        dropout: Share of outputs that are dropped.
        events: Weight of the train split's events.
        heard: Weight of the teachers in the train split.
        written: Weight of the teachers in what they wrote.
    """

    name: str
    dropout: float
    events: float
    heard: float
    written: float


FIRST_RUN: Final = (
    Student("alone", 0.4, 1, 0, 0),
    Student("heard", 0.4, 0.5, 0.5, 0),
    Student("written", 0.2, 0.5, 0, 1),
    Student("both", 0.05, 0.25, 0.25, 1),
)
SECOND_RUN: Final = (Student("tunes_rnn", 0.05, 0.5, 0, 1),)
"""Goes on from the last of the first run."""


@partial(jax.jit, donate_argnums=(0, 1))
def teach(params: Params, moments: Any, step: Array, rate: Array, tunes: Tunes, rows: Array, keys: Key) -> Any:
    """Takes a step of every teacher, each on its own tunes, rows [teachers, batch]."""

    def loss(params: Params, batch: Tunes, key: Key) -> Array:
        first, second = jax.random.split(key)
        batch = forget(batch, jax.random.uniform(first, (len(batch.weight), 4)) >= UNKNOWN)
        columns, copies, target, weight = steps_first(*batch)
        logits = logits_of(params, vectors(columns), 0.4, second)
        return (nats(event_probabilities(logits, copies), target) * weight).sum() / weight.sum()

    def one(params: Params, moments: Any, rows: Array, key: Key) -> Any:
        gradients = jax.grad(loss)(params, tunes.at(rows), key)
        return adam(params, gradients, moments, step, rate)

    return jax.vmap(one)(params, moments, rows, keys)


@partial(jax.jit, donate_argnums=(0, 1))
def study(
    params: Params,
    moments: Any,
    step: Array,
    rate: Array,
    teachers: Params,
    batch: Tunes,
    is_written: Array,
    key: Key,
    ways: Array,
) -> Any:
    """Takes a step of every student, all on the same tunes; `ways` [students, 4] are the numbers of `Student`."""
    first, second = jax.random.split(key)
    batch = forget(batch, jax.random.uniform(first, (len(batch.weight), 4)) >= UNKNOWN)
    columns, copies, target, weight = steps_first(*batch)
    inputs = vectors(columns)
    soft = jax.vmap(lambda teacher: event_probabilities(logits_of(teacher, inputs), copies))(teachers).mean(0)
    entropy = (soft * jnp.log(jnp.maximum(soft, 1e-30))).sum(-1)
    real, written = weight * ~is_written, weight * is_written

    def loss(params: Params, way: Array, key: Key) -> Array:
        own = event_probabilities(logits_of(params, inputs, way[0], key), copies)
        divergence = entropy - (soft * jnp.log(jnp.maximum(own, 1e-30))).sum(-1)
        parts = nats(own, target) * real / real.sum(), divergence * real / real.sum()
        return way[1] * parts[0].sum() + way[2] * parts[1].sum() + way[3] * (divergence * written).sum() / written.sum()

    def one(params: Params, moments: Any, way: Array, key: Key) -> Any:
        return adam(params, jax.grad(loss)(params, way, key), moments, step, rate)

    return jax.vmap(one)(params, moments, ways, jax.random.split(second, len(ways)))


def check(melodies: list[StoredMelody]) -> None:
    """Ends the program if encoding or network differ from the package's."""
    network = make_network(SIZED)
    params = {name: jnp.asarray(weight) for name, weight in network.weights_by_name().items()}
    for melody in melodies:
        events, heard, _, _, bars, cues = pad(ENCODING, outlined(ENCODING, [melody]))
        found = ENCODING.encode(tf.constant(heard), tf.constant(bars), tf.constant(cues))
        tunes = encoded(arrays_of([melody], events.shape[1]))
        inputs = vectors(tunes.columns)
        if not np.array_equal(inputs, found.inputs[:, :-1]):
            raise SystemExit(f"{melody.id}: encoded otherwise than the package does")
        own = logits_of(params, *steps_first(inputs))[:, 0]
        if not np.allclose(own, network(found.inputs[:, :-1])[0], atol=1e-3):
            raise SystemExit(f"{melody.id}: the network gives other logits than the package's")


def train_teachers(train: dict[int, Tunes], count: int, epochs: int, key: Key) -> Params:
    """Trains teachers that differ in their fresh weights, the order of tunes, dropout and what they are told."""
    rng = np.random.default_rng(0)
    params = stacked([fresh(100 + number, UNITS) for number in range(count)])
    moments, step = no_moments(params), 0
    steps = epochs * sum(-(-len(tunes.weight) // BATCH) for tunes in train.values())
    for _ in range(epochs):
        for bucket, rows in epoch(train, rng, count):
            key, own = jax.random.split(key)
            rate, step = RATE * cosine(step, steps), step + 1
            keys = jax.random.split(own, count)
            params, moments = teach(params, moments, float(step), rate, train[bucket], rows, keys)
    return params


def written_by(teachers: Params, arrays: dict[int, Arrays], count: int, seed: int) -> dict[int, Tunes]:
    """Returns so many tunes that teachers write, about as many of each length as the train split has."""
    num_teachers = len(teachers["logits/bias"])
    total = sum(len(own.lengths) for own in arrays.values())
    rng, key = np.random.default_rng(seed), jax.random.PRNGKey(seed)
    tunes = {}
    for bucket, own in arrays.items():
        each = max(BATCH, round(count * len(own.lengths) / total / num_teachers))
        parts = []
        for first in range(0, each, 1024):
            rows = rng.choice(len(own.lengths), (num_teachers, min(1024, each - first)))
            key, drawn = jax.random.split(key)
            found = write(teachers, own.events[rows, 0], own.cues[rows], own.bars[rows], bucket, drawn)
            parts.append(tunes_of(found[0], jnp.asarray(own.lengths[rows.reshape(-1)]), *found[1:]))
        tunes[bucket] = Tunes(*(jnp.concatenate(part) for part in zip(*parts, strict=True)))
    return tunes


def train_students(
    ways: tuple[Student, ...],
    start: list[Params],
    teachers: Params,
    tunes: tuple[dict[int, Tunes], dict[int, Tunes], Tunes],
    steps: int,
    rate: float,
    seed: int,
) -> list[Params]:
    """Trains students, all on the same batches, and returns the weights of each that were best on the validation split.

    Args:
        ways: How each learns.
        start: The weights that each begins with.
        teachers: Their weights, teachers first.
        tunes: The train split, what teachers wrote, and the validation split.
        steps: How many.
        rate: The learning rate at its highest, after 100 steps.
        seed: Of order, dropout and what is told.
    """
    train, written, validation = tunes
    rng, key = np.random.default_rng(seed), jax.random.PRNGKey(seed)
    params, numbers = stacked(start), jnp.array([way[1:] for way in ways])
    moments, events = no_moments(params), float(validation.weight.sum())
    best = [(np.inf, own) for own in start]
    queue: list[tuple[int, Array]] = []
    is_written = jnp.arange(4 * BATCH) >= BATCH
    for step in range(1, steps + 1):
        queue = queue or list(epoch(train, rng, 1))
        bucket, rows = queue.pop()
        others = rng.integers(0, len(written[bucket].weight), 3 * BATCH)
        parts = zip(train[bucket].at(rows[0]), written[bucket].at(others), strict=True)
        batch = Tunes(*(jnp.concatenate(part) for part in parts))
        key, own = jax.random.split(key)
        now = rate * min(1, step / 100) * cosine(step, steps)
        params, moments = study(params, moments, float(step), now, teachers, batch, is_written, own, numbers)
        if step % 500 == 0 or step == steps:
            found = evaluate(params, validation)[0].sum(1) / events
            for place, value in enumerate(found.tolist()):
                if value < best[place][0]:
                    best[place] = value, {name: np.asarray(weight[place]) for name, weight in params.items()}
            print(f"step {step}: validation {np.round(found, 4)}", flush=True)
    return [own for _, own in best]


def compared(own: Array, other: Array, weight: Array) -> list[float]:
    """Returns the difference in nats per event, and its 95 % interval over resampled tunes."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(weight), (NUM_RESAMPLED, len(weight)))
    differences = (own - other)[rows].sum(1) / weight[rows].sum(1)
    return [float((own - other).sum() / weight.sum()), *np.percentile(differences, [2.5, 97.5]).tolist()]


def main() -> None:
    """Trains teachers and students, and says what each is worth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="its train and validation splits are used")
    parser.add_argument("--test", type=Path, required=True, help="its test split is used")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--teachers", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=24, help="of the teachers")
    parser.add_argument("--written", type=int, nargs=2, default=(196_608, 147_456), help="tunes, for each run")
    parser.add_argument("--steps", type=int, nargs=2, default=(2_485, 3_017), help="of the students, in each run")
    arguments = parser.parse_args()
    start, dataset = time.monotonic(), load(arguments.dataset)
    splits = {"train": dataset.split("train"), "validation": dataset.split("validation")}
    splits["test"] = load(arguments.test).split("test")
    melodies = {name: squash_all(CONFIG, own) for name, own in splits.items()}
    check(melodies["validation"][:20])
    arrays = {}
    for low, bucket in zip((0, *BUCKETS[:-1]), BUCKETS, strict=True):
        own = [melody for melody in melodies["train"] if low < len(melody.events) <= bucket]
        if own:
            arrays[bucket] = arrays_of(own, bucket)
    train = {bucket: encoded(own) for bucket, own in arrays.items()}
    validation, test = (encoded(arrays_of(melodies[name], BUCKETS[-1])) for name in ("validation", "test"))
    weight = np.asarray(test.weight.sum(1))
    teachers = train_teachers(train, arguments.teachers, arguments.epochs, jax.random.PRNGKey(7))
    each, means = evaluate(teachers, test)
    print(f"teachers: {np.round(each.sum(1) / weight.sum(), 4)}, the mean of the first ones: ", end="")
    print(np.round(means.sum(1) / weight.sum(), 4), flush=True)
    figures: dict[str, Any] = {}
    figures["teachers"], figures["means"] = ((own.sum(1) / weight.sum()).tolist() for own in (each, means))
    found: dict[str, Params] = {}
    for number, ways in enumerate((FIRST_RUN, SECOND_RUN)):
        written = written_by(teachers, arrays, arguments.written[number], number)
        begin = [fresh(0, UNITS)] * len(ways) if number == 0 else [found[FIRST_RUN[-1].name]]
        tunes, steps, rate = (train, written, validation), arguments.steps[number], (RATE, 2e-3)[number]
        best = train_students(ways, begin, teachers, tunes, steps, rate, number)
        found |= {way.name: params for way, params in zip(ways, best, strict=True)}
    costs = dict(zip(found, evaluate(stacked(list(found.values())), test)[0], strict=True))
    bank, openings = outline_bank(dataset.split("train"), CONFIG), opening_pitches(melodies["train"])
    index = training_index(dataset)
    for name, params in found.items():
        difference = compared(costs[name], costs[FIRST_RUN[0].name], weight)
        figures[name] = [float(costs[name].sum() / weight.sum()), *difference]
        print(f"{name}: {figures[name][0]:.4f}, against the one alone {np.round(difference, 4)}", flush=True)
        network = make_network(SIZED)
        network.assign_by_name({key: np.asarray(value) for key, value in params.items()})
        save_to_preset(
            arguments.output / name, Preset(SIZED, openings, outlines=bank, training_tunes=index, name=name), network
        )
    figures["validation"] = float(evaluate(stacked([params]), validation)[0].sum() / validation.weight.sum())
    figures["minutes"] = (time.monotonic() - start) / 60
    (arguments.output / "nats.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"{figures['minutes']:.1f} minutes")


if __name__ == "__main__":
    main()
