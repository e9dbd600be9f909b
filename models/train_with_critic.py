"""Trains a small tunes_rnn to write as a larger one does, and then towards those of its own tunes that look real.

usage: python models/train_with_critic.py --dataset data/tunes --teacher models/tunes_rnn --output runs/critic
       python models/train_with_critic.py --dataset data/tunes --output runs/critic --save

The student first learns from a teacher, in tunes that this one writes. Then, round by round, it writes several tunes
to each of many outlines; a critic (`melody_rnn.features.critic`) is trained to tell them from the real ones; and the
student is trained on the tunes of each outline as often as the critic's odds that they are real. This draws its
distribution towards the one of real tunes as far as the critic can tell them: importance resampling with the odds as
weights (Deng et al. 2020, 'Residual Energy-Based Models for Text Generation', arXiv:2004.11714), whose result the
student learns in place of drawing several tunes for each one.

Needs JAX and, but for --save and a teacher that is a folder, neither TensorFlow nor Keras. Prints the nats per event of
the validation split and how well each round's critic tells the student's tunes from it, and writes the weights and
`nats.json`; with --save the folder of the model that they make.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
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
from melody_rnn.data.squashing import squash_all
from melody_rnn.evaluation.critics import fit
from melody_rnn.evaluation.two_sample.classifier import weighted_aucs
from melody_rnn.features.anatomy import Floats
from melody_rnn.features.critic import Critic, features
from melody_rnn.music.transposition import home_transposition
from melody_rnn.tunes.tune import Tune

BUCKETS: Final = (208, 304, 512)
UNITS: Final = 128
RATE: Final = 3e-3
DROPOUT: Final = 0.05
FEW_DROPOUT: Final = 0.4
"""What suits those who train the model further on few tunes."""
FEW: Final = 16
"""Tunes of one length that are worth a compiled program of their own."""
WEIGHTS: Final = "weights.npz"
GROUP: Final = 16
"""Tunes that the student writes to one outline."""
AT_ONCE: Final = 128
"""Outlines whose tunes are written at once."""


@partial(jax.jit, donate_argnums=(0, 1))
def study(
    params: Params,
    moments: Any,
    step: Array,
    rate: Array,
    teacher: Params,
    batch: Tunes,
    kind: Array,
    key: Key,
    dropout: Array,
    weights: Array,
) -> Any:
    """Takes a step.

    Args:
        params: The student's weights.
        moments: Adam's.
        step: Its number, from 1.
        rate: The learning rate.
        teacher: Its weights.
        batch: Tunes.
        kind: [tunes] int32, 0 for a real tune, 1 for one that the teacher wrote and 2 for one of the student's own.
        key: What dropout and what is told are drawn from.
        dropout: Share of outputs that are dropped.
        weights: [3] float32, what each kind weighs: the events of real tunes, the divergence from the teacher in its
            own, and the events of the student's.
    """
    first, second = jax.random.split(key)
    batch = forget(batch, jax.random.uniform(first, (len(batch.weight), 4)) >= UNKNOWN)
    columns, copies, target, weight = steps_first(*batch)
    inputs = vectors(columns)
    soft = event_probabilities(logits_of(teacher, inputs), copies)
    entropy = (soft * jnp.log(jnp.maximum(soft, 1e-30))).sum(-1)

    def loss(params: Params) -> Array:
        own = event_probabilities(logits_of(params, inputs, dropout, second), copies)
        divergence = entropy - (soft * jnp.log(jnp.maximum(own, 1e-30))).sum(-1)
        cost = jnp.where(kind == 1, divergence, nats(own, target))
        parts = [(cost * weight * (kind == own)).sum() / ((weight * (kind == own)).sum() + 1e-6) for own in range(3)]
        return (jnp.stack(parts) * weights).sum()

    return adam(params, jax.grad(loss)(params), moments, step, rate)


class Corpus:
    """A split by length: buckets of tunes that are padded to one length.

    Attributes:
        melodies: The melodies of each bucket, in the model's range.
        tunes: The same as networks see them.
        arrays: What they are written to: their outlines and first events.
        originals: The same as they sound.
        amounts: [tunes] int16, how far the model's range is above each original.
    """

    def __init__(self, melodies: list[StoredMelody]) -> None:
        """Sorts melodies, as they sound, into buckets; those of a length that few have are left out."""
        low, high = CONFIG.encoding.min_note, CONFIG.encoding.max_note
        self.melodies: dict[int, list[StoredMelody]] = {}
        self.tunes: dict[int, Tunes] = {}
        self.arrays: dict[int, Arrays] = {}
        self.originals: dict[int, list[Tune]] = {}
        self.amounts: dict[int, Array] = {}
        for least, bucket in zip((0, *BUCKETS[:-1]), BUCKETS, strict=True):
            own = [melody for melody in melodies if least < len(melody.events) <= bucket]
            if len(own) < FEW:
                continue
            moves = [home_transposition(melody.events, low, high, CONFIG.transpose_to_key) for melody in own]
            self.melodies[bucket], self.originals[bucket] = squash_all(CONFIG, own), [melody.tune for melody in own]
            self.arrays[bucket], self.amounts[bucket] = arrays_of(self.melodies[bucket], bucket), np.array(moves)
            self.tunes[bucket] = encoded(self.arrays[bucket])

    @property
    def shares(self) -> dict[int, float]:
        """The share of the tunes that each bucket has."""
        total = sum(len(own) for own in self.melodies.values())
        return {bucket: len(own) / total for bucket, own in self.melodies.items()}

    def write(self, params: Params, bucket: int, rows: Array, key: Key) -> tuple[Tunes, list[Tune]]:
        """Has a model write to the outlines of some tunes.

        Args:
            params: Its weights.
            bucket: Of the tunes.
            rows: [tunes], which they are.
            key: What is drawn from.

        Returns:
            What it wrote, as networks see it, and as it sounds.
        """
        own, originals, amounts = self.arrays[bucket], self.originals[bucket], self.amounts[bucket]
        size, parts, sounding = AT_ONCE * GROUP, [], []
        for first in range(0, len(rows), size):
            # All have one size, so that one compiled program does.
            part, count = np.resize(rows[first : first + size], size), min(size, len(rows) - first)
            key, drawn = jax.random.split(key)
            given = own.events[part, 0][None], own.cues[part][None], own.bars[part][None]
            found = write(stacked([params]), *given, bucket, drawn)
            parts.append(tunes_of(found[0], jnp.asarray(own.lengths[part]), *found[1:]).at(slice(count)))
            events = np.asarray(found[0][:count]).astype(np.int64)
            events = np.where(events >= 0, events - amounts[part[:count], None], events)
            for row, line in zip(part[:count].tolist(), events, strict=True):
                tune = originals[row]
                sounding.append(replace(tune, events=tuple(line[: len(tune.events)].tolist())))
        return Tunes(*(jnp.concatenate(part) for part in zip(*parts, strict=True))), sounding


def rows_of_features(tunes: list[Tune]) -> Floats:
    """Returns the features of tunes, [tunes, features] float32."""
    return features(tunes).astype(np.float32)


def measured(pool: ProcessPoolExecutor, tunes: list[Tune]) -> Floats:
    """Returns the features of tunes, measured by several processes."""
    size = max(16, -(-len(tunes) // (8 * (os.cpu_count() or 1))))
    work = [tunes[first : first + size] for first in range(0, len(tunes), size)]
    return np.concatenate(list(pool.map(rows_of_features, work)))


def train(
    params: Params,
    corpus: Corpus,
    teacher: Params,
    written: dict[int, Tunes],
    own: dict[int, tuple[Tunes, Array]],
    plan: tuple[int, float, tuple[float, float, float]],
    seed: int,
) -> Params:
    """Trains a student.

    Args:
        params: Its weights.
        corpus: The train split.
        teacher: The teacher's weights.
        written: What the teacher wrote.
        own: What the student wrote, and how probable each tune is to be taken.
        plan: Steps, the learning rate at its highest, and the weights of `study`.
        seed: Of order, dropout and what is told.
    """
    steps, rate, weights = plan
    rng, key = np.random.default_rng(seed), jax.random.PRNGKey(seed)
    moments, params = no_moments(params), jax.tree.map(jnp.array, params)
    buckets, shares = list(corpus.shares), list(corpus.shares.values())
    counts = (BATCH, BATCH, 2 * BATCH) if own else (BATCH, 3 * BATCH, 0)
    kind = jnp.asarray(np.repeat(np.arange(3), counts).astype(np.int32))
    orders: dict[int, list[int]] = {bucket: [] for bucket in buckets}
    for step in range(1, steps + 1):
        bucket = buckets[rng.choice(len(buckets), p=shares)]
        while len(orders[bucket]) < counts[0]:
            orders[bucket] += rng.permutation(len(corpus.melodies[bucket])).tolist()
        rows = np.array([orders[bucket].pop() for _ in range(counts[0])])
        others = rng.integers(0, len(written[bucket].weight), counts[1])
        parts = [corpus.tunes[bucket].at(rows), written[bucket].at(others)]
        if own:
            tunes, odds = own[bucket]
            parts.append(tunes.at(rng.choice(len(odds), counts[2], p=odds)))
        batch = Tunes(*(jnp.concatenate(part) for part in zip(*parts, strict=True)))
        key, drawn = jax.random.split(key)
        now = rate * min(1, step / 50) * cosine(step, steps)
        given = params, moments, float(step), now, teacher, batch, kind, drawn, DROPOUT, jnp.array(weights)
        params, moments = study(*given)
    return params


def cost_of(params: Params, corpus: Corpus) -> float:
    """Returns the nats per event of a split, of whose tunes the form and the key are told."""
    costs = [float(evaluate(stacked([params]), tunes)[0].sum()) for tunes in corpus.tunes.values()]
    return sum(costs) / sum(float(tunes.weight.sum()) for tunes in corpus.tunes.values())


def main() -> None:
    """Trains a student, or saves one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="its train and validation splits are used")
    parser.add_argument("--teacher", type=Path, help="a model's folder, or its weights as an archive of NumPy's")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2_600, help="of the student that learns from the teacher")
    parser.add_argument("--written", type=int, default=65_536, help="tunes that the teacher writes")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--outlines", type=int, default=3_500, help="to which the student writes in a round")
    parser.add_argument("--round-steps", type=int, default=350)
    parser.add_argument("--weights", type=float, nargs=3, default=(0.5, 0.25, 1.0), help="of `study`, in the rounds")
    parser.add_argument(
        "--save", action="store_true", help="make a model of the weights that were trained; needs Keras"
    )
    arguments = parser.parse_args()
    if arguments.save:
        save(arguments.dataset, arguments.output)
        return
    if arguments.teacher is None:
        parser.error("a student needs a --teacher")
    arguments.output.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        run(arguments, pool)


def run(arguments: argparse.Namespace, pool: ProcessPoolExecutor) -> None:
    """Trains a student, says what each round made of it, and writes its weights."""
    begin, dataset, teacher = time.monotonic(), load(arguments.dataset), weights_of(arguments.teacher)
    corpus, validation = (Corpus(dataset.split(name)) for name in ("train", "validation"))
    key, rng = jax.random.PRNGKey(1), np.random.default_rng(1)
    written = {}
    for bucket, share in corpus.shares.items():
        rows = rng.integers(0, len(corpus.melodies[bucket]), max(FEW, round(arguments.written * share)))
        key, drawn = jax.random.split(key)
        written[bucket], _ = corpus.write(teacher, bucket, rows, drawn)
    params = fresh(0, UNITS)
    params = train(params, corpus, teacher, written, {}, (arguments.steps, RATE, (0.5, 1.0, 0.0)), 0)
    real = [
        measured(pool, [tune for own in split.originals.values() for tune in own]) for split in (corpus, validation)
    ]
    for number in range(1, arguments.rounds + 1):
        cost = cost_of(params, validation)
        own, rows_of_all, checks = {}, [], []
        for bucket, share in corpus.shares.items():
            outlines = rng.integers(0, len(corpus.melodies[bucket]), max(FEW, round(arguments.outlines * share)))
            key, *drawn = jax.random.split(key, 3)
            tunes, sounding = corpus.write(params, bucket, np.repeat(outlines, GROUP), drawn[0])
            own[bucket] = tunes, measured(pool, sounding)
            if bucket in validation.melodies:
                held_out = np.arange(len(validation.melodies[bucket]))
                checks.append(measured(pool, validation.write(params, bucket, held_out, drawn[1])[1]))
            first = np.arange(0, len(sounding), GROUP)
            rows_of_all.append(own[bucket][1][first + rng.integers(0, GROUP, len(first))])
        critic = fit(np.concatenate(rows_of_all), real[0], number)
        judged = critic.judge_features(np.concatenate([*checks, real[1]]))
        is_real, ones = np.arange(len(judged)) >= len(judged) - len(real[1]), np.ones((1, len(judged)))
        (auc,) = weighted_aucs(judged, is_real, np.zeros(len(judged), np.int64), ones)
        minutes = (time.monotonic() - begin) / 60
        print(f"before round {number}: {cost:.4f} nats, AUC {auc:.3f}, {minutes:.1f} minutes", flush=True)
        chances = {bucket: odds_of(critic, rows) for bucket, (_, rows) in own.items()}
        taken = {bucket: (tunes, chances[bucket]) for bucket, (tunes, _) in own.items()}
        plan = arguments.round_steps, RATE / 3, tuple(arguments.weights)
        params = train(params, corpus, teacher, written, taken, plan, number)
    figures = {"validation": cost_of(params, validation), "minutes": (time.monotonic() - begin) / 60}
    print(f"in the end: {figures['validation']:.4f} nats, {figures['minutes']:.1f} minutes")
    np.savez(arguments.output / WEIGHTS, **{name: np.asarray(value) for name, value in params.items()})
    (arguments.output / "nats.json").write_text(json.dumps(figures, indent=2) + "\n")


def odds_of(critic: Critic, rows: Floats) -> Array:
    """Returns how probable each of groups of tunes is to be taken, by its odds within the group of its outline."""
    judged = critic.judge_features(rows).reshape(-1, GROUP)
    odds = np.exp(judged - judged.max(1, keepdims=True))
    return (odds / odds.sum(1, keepdims=True)).reshape(-1) / len(odds)


def weights_of(path: Path) -> Params:
    """Returns a model's weights by name: of its folder, or of an archive."""
    if path.is_file():
        with np.load(path) as archive:
            return {name: archive[name] for name in archive.files}
    from melody_rnn.presets import load_preset

    return load_preset(path)[1].weights_by_name()


def save(folder: Path, output: Path) -> None:
    """Writes the student as a model's folder."""
    from melody_rnn.data.index import training_index
    from melody_rnn.presets import Preset, make_network, save_to_preset
    from melody_rnn.training.batches import opening_pitches, outline_bank

    dataset, config = load(folder), sized(UNITS, dropout=FEW_DROPOUT)
    network = make_network(config)
    network.assign_by_name(weights_of(output / WEIGHTS))
    melodies = dataset.split("train")
    openings, bank = opening_pitches(squash_all(config, melodies)), outline_bank(melodies, config)
    preset = Preset(config, openings, outlines=bank, training_tunes=training_index(dataset), name=CONFIG.name)
    save_to_preset(output / CONFIG.name, preset, network)


if __name__ == "__main__":
    main()
