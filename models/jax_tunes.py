"""The encoding and the network of tunes_rnn once more, for arrays of JAX, which trains them on a GPU.

It needs JAX, which is no dependency of the package, and neither TensorFlow nor Keras. `train_on_gpu.check` compares it
with the package's own before anything is trained.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from melody_rnn.config import CONFIGS, ModelConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.tunes.cues import CUES, NUM_DISTANCES, cue_sizes, cues_of_all
from melody_rnn.tunes.outline import Outline, outline_of

CONFIG: Final = CONFIGS["tunes_rnn"]
LOW: Final = CONFIG.encoding.min_note
NUM_EVENTS: Final = 2 + CONFIG.encoding.max_note - LOW
LOOKBACKS: Final = np.array(CONFIG.encoding.lookback_distances)
NUM_CLASSES: Final = NUM_EVENTS + len(LOOKBACKS) + 2
LONGEST_BAR: Final = CONFIG.encoding.max_bar_steps
REACH: Final = int(LOOKBACKS.max()) * LONGEST_BAR
NUM_LAYERS: Final = len(CONFIG.network.layer_sizes)
NUM_CUES: Final = len(CUES) - NUM_DISTANCES
NUM_LENGTHS: Final = 7
WIDTHS: Final = np.array(
    [
        *[NUM_EVENTS] + 3 * [NUM_EVENTS - 1] + [16],
        *cue_sizes(CONFIG.encoding),
        *[NUM_EVENTS + 1] * (2 + len(LOOKBACKS)) + [NUM_LENGTHS] * len(LOOKBACKS),
        *[NUM_EVENTS + 1, NUM_LENGTHS],
    ]
)
"""How many inputs say each of the things that the network is told, of which one is hot."""
OFFSETS: Final = np.cumsum([0, *WIDTHS[:-1]])
COLUMN_OF_INPUT: Final = np.repeat(np.arange(len(WIDTHS)), WIDTHS)
ABSENT: Final = -3
# Columns of inputs that say the form, the key, the range and the plan; the last two of the plan's are past events.
FORM, KEY, PITCHES, PLAN = slice(10, 15), slice(15, 16), slice(16, 18), slice(18, 24)
UNKNOWN: Final = np.array([0.2, 0.4, 0.2, 0.5])
TOLD_FORM: Final = (True, False, True, False)
BATCH: Final = 32
Params = dict[str, Any]
Key = Any
Array = Any


class Tunes(NamedTuple):
    """Encoded tunes of one padded length, [tunes, steps] each: what the network sees, and what is to come.

    Attributes:
        columns: [tunes, steps, columns] uint16, the inputs that are hot.
        copies: [tunes, steps, labels that copy] uint8, the events that these stand for, as indices.
        target: [tunes, steps] uint8, the next event's index.
        weight: [tunes, steps] float32, 1 for an event and 0 for padding.
    """

    columns: Array
    copies: Array
    target: Array
    weight: Array

    def at(self, rows: Array) -> "Tunes":
        """Returns some of the tunes."""
        return Tunes(*(part[rows] for part in self))


def event_index(event: Array) -> Array:
    """Returns the index of events: no event, note off, then the pitches."""
    return jnp.where(event >= 0, event - LOW + 2, event + 2)


def past_index(event: Array) -> Array:
    """Returns the index of past events, or their number where there is none."""
    return jnp.where(event == ABSENT, NUM_EVENTS, event_index(event))


def length_class(length: Array) -> Array:
    """Returns the class of a repeat's length."""
    return sum((length >= least).astype(jnp.int32) for least in (1, 2, 4, 8, 16, 32))


def empty_state(bars: Array) -> Params:
    """Returns what `TuneEncoding` carries before the first event of tunes with so many steps in a bar, [batch]."""
    size = bars.shape[0]
    return {
        "past": jnp.full((size, REACH), ABSENT, jnp.int32),
        "distances": (bars // -(-bars // LONGEST_BAR))[:, None] * LOOKBACKS,
        "sounding": jnp.full(size, -1, jnp.int32),
        "notes": jnp.full((size, 3), -1, jnp.int32),
        "age": jnp.zeros(size, jnp.int32),
        "repeated": jnp.zeros((size, len(LOOKBACKS)), jnp.int32),
        "matched": jnp.zeros((size, REACH), jnp.int32),
    }


def take(table: Array, columns: Array) -> Array:
    """Returns some columns of each row."""
    return jnp.take_along_axis(table, columns, 1)


def encode_step(state: Params, event: Array, cues: Array) -> tuple[Params, Array, Array]:
    """Does what `TuneEncoding.step` does: returns the state, the hot columns and the events of the copying labels."""
    column = event[:, None]
    repeated = jnp.where(take(state["past"], REACH - state["distances"]) == column, state["repeated"] + 1, 0)
    before = jnp.pad(state["matched"][:, :-1], ((0, 0), (1, 0)))
    matched = jnp.where(state["past"] == column, before + 1, 0)
    past = jnp.concatenate([state["past"][:, 1:], column], 1)
    matched = jnp.pad(matched[:, 1:], ((0, 0), (0, 1)))
    goes_on = event == -2
    sounding = jnp.where(goes_on, state["sounding"], jnp.maximum(event, -1))
    notes = jnp.where(column >= 0, jnp.concatenate([state["notes"][:, 1:], column], 1), state["notes"])
    age = jnp.where(goes_on, jnp.minimum(state["age"] + 1, 15), 0)

    def ago(distance: Array) -> Array:
        is_known = (distance > 0) & (distance <= REACH)
        found = take(past, (REACH - jnp.where(is_known, distance, 1))[:, None])[:, 0]
        return jnp.where(is_known, found, ABSENT)

    source, upcoming = ago(cues[:, -1]), ago(cues[:, -2])
    best = (matched * REACH + jnp.arange(REACH)).max(1)
    length, place = best // REACH, best % REACH
    following = jnp.where(length > 0, take(past, jnp.minimum(place + 1, REACH - 1)[:, None])[:, 0], ABSENT)
    lookbacks = take(past, REACH - state["distances"])
    pitches = jnp.stack([sounding, notes[:, 0], notes[:, 1]], 1)
    columns = jnp.concatenate(
        [
            event_index(event)[:, None],
            jnp.where(pitches == -1, NUM_EVENTS - 2, pitches - LOW),
            age[:, None],
            cues[:, :NUM_CUES],
            past_index(jnp.stack([source, upcoming], 1)),
            past_index(lookbacks),
            length_class(repeated),
            jnp.stack([past_index(following), length_class(length)], 1),
        ],
        1,
    )
    copies = event_index(jnp.maximum(jnp.concatenate([lookbacks, jnp.stack([following, source], 1)], 1), -2))
    state = state | {"past": past, "sounding": sounding, "notes": notes, "age": age}
    state |= {"repeated": repeated, "matched": matched}
    return state, (columns + OFFSETS).astype(jnp.uint16), copies.astype(jnp.uint8)


@jax.jit
def encode(events: Array, cues: Array, bars: Array) -> tuple[Array, Array]:
    """Encodes whole tunes: events [tunes, steps], cues [tunes, steps + 1, cues], steps in a bar [tunes]."""

    def body(state: Params, given: Array) -> tuple[Params, Array]:
        state, *found = encode_step(state, *given)
        return state, found

    given = events.T.astype(jnp.int32), jnp.moveaxis(cues[:, 1:], 1, 0).astype(jnp.int32)
    _, (columns, copies) = jax.lax.scan(body, empty_state(bars), given)
    return jnp.moveaxis(columns, 0, 1), jnp.moveaxis(copies, 0, 1)


def tunes_of(events: Array, lengths: Array, columns: Array, copies: Array) -> Tunes:
    """Returns encoded tunes, with what is to come after each event but the last."""
    steps = events.shape[1] - 1
    target = event_index(events[:, 1:].astype(jnp.int32)).astype(jnp.uint8)
    weight = (jnp.arange(steps) < lengths[:, None] - 1).astype(jnp.float32)
    return Tunes(columns[:, :steps], copies[:, :steps], target, weight)


def forget(tunes: Tunes, known: Array) -> Tunes:
    """Returns tunes of which only some is known: [tunes, 4] bool, of form, plan, key, and lowest and highest pitch."""
    form, plan, key, pitches = (known[:, i, None, None] for i in range(4))
    plan = plan & form
    place = np.arange(len(WIDTHS))
    neutral = OFFSETS + np.where((place >= PLAN.stop - 2) & (place < PLAN.stop), NUM_EVENTS, 0)
    columns = tunes.columns
    for part, is_known in ((FORM, form), (KEY, key), (PITCHES, pitches), (PLAN, plan)):
        is_part = (place >= part.start) & (place < part.stop)
        columns = jnp.where(is_part & ~is_known, neutral.astype(np.uint16), columns)
    is_source = np.arange(tunes.copies.shape[-1]) == tunes.copies.shape[-1] - 1
    return tunes._replace(columns=columns, copies=jnp.where(is_source & ~plan, 0, tunes.copies))


@jax.custom_vjp
def lstm(gates: Array, recurrent: Array) -> Array:
    """Returns an LSTM's outputs [steps, batch, units] from its gates' share of the inputs [steps, batch, 4 * units]."""
    return lstm_forward(gates, recurrent)[0]


def lstm_forward(gates: Array, recurrent: Array) -> tuple[Array, Array]:
    """Runs the layer and keeps what its gradient needs."""

    def body(state: Array, given: Array) -> tuple[Array, Array]:
        h, c = state
        i, f, g, o = jnp.split(given + h @ recurrent, 4, -1)
        i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        c = f * c + i * g
        h = o * jnp.tanh(c)
        return (h, c), (h, c, jnp.concatenate([i, f, g, o], -1))

    zeros = jnp.zeros((gates.shape[1], recurrent.shape[0]))
    _, (h, c, activations) = jax.lax.scan(body, (zeros, zeros), gates, unroll=4)
    return h, (h, c, activations, recurrent)


def lstm_backward(kept: Array, gradient: Array) -> tuple[Array, Array]:
    """Returns the gradients by gates and recurrent weights; the latter's in one product over all steps."""
    h, c, activations, recurrent = kept
    h_before, c_before = (jnp.concatenate([jnp.zeros_like(part[:1]), part[:-1]]) for part in (h, c))

    def body(state: Array, given: Array) -> tuple[Array, Array]:
        dh, dc = state
        own, gates, c, c_before = given
        i, f, g, o = jnp.split(gates, 4, -1)
        dh, squashed = dh + own, jnp.tanh(c)
        dc = dc + dh * o * (1 - squashed**2)
        parts = dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g**2), dh * squashed * o * (1 - o)
        found = jnp.concatenate(parts, -1)
        return (found @ recurrent.T, dc * f), found

    zeros = jnp.zeros_like(h[0])
    _, found = jax.lax.scan(body, (zeros, zeros), (gradient, activations, c, c_before), reverse=True, unroll=4)
    return found, jnp.einsum("tbi,tbj->ij", h_before, found)


lstm.defvjp(lstm_forward, lstm_backward)


def normalise(inputs: Array, scale: Array, shift: Array) -> Array:
    """Keras's layer normalisation."""
    mean = inputs.mean(-1, keepdims=True)
    variance = ((inputs - mean) ** 2).mean(-1, keepdims=True)
    return (inputs - mean) * jax.lax.rsqrt(variance + 1e-3) * scale + shift


def vectors(columns: Array) -> Array:
    """Returns inputs [..., input_size] float32 of hot columns."""
    return (columns[..., COLUMN_OF_INPUT] == np.arange(len(COLUMN_OF_INPUT), dtype=np.uint16)).astype(jnp.float32)


def logits_of(params: Params, inputs: Array, dropout: Array = 0.0, key: Key = None) -> Array:
    """Does what `MelodyNetwork` does: inputs [steps, batch, input_size] to logits; with a key it drops outputs."""
    hidden = inputs @ params["embedding/kernel"]
    for i in range(NUM_LAYERS):
        gates = hidden @ params[f"lstm_{i}/kernel"] + params[f"lstm_{i}/bias"]
        output = lstm(gates, params[f"lstm_{i}/recurrent_kernel"])
        if key is not None:
            levels = jax.random.bits(jax.random.fold_in(key, i), output.shape, jnp.uint16)
            output = jnp.where(levels >= dropout * 65536, output / (1 - dropout), 0.0)
        hidden = normalise(hidden + output, params[f"norm_{i}/scale"], params[f"norm_{i}/shift"])
    return hidden @ params["logits/kernel"] + params["logits/bias"]


def event_probabilities(logits: Array, copies: Array) -> Array:
    """Returns the probabilities of events, the labels of each summed."""
    labels = jax.nn.softmax(logits)
    copied = jnp.einsum("...k,...ke->...e", labels[..., NUM_EVENTS:], jax.nn.one_hot(copies, NUM_EVENTS))
    return labels[..., :NUM_EVENTS] + copied


def nats(probabilities: Array, target: Array) -> Array:
    """Returns what each event costs."""
    own = jnp.take_along_axis(probabilities, target[..., None].astype(jnp.int32), -1)[..., 0]
    return -jnp.log(jnp.maximum(own, 1e-30))


def steps_first(*parts: Array) -> list[Array]:
    """Swaps tunes and steps."""
    return [jnp.moveaxis(part, 0, 1) for part in parts]


def fresh(seed: int, units: int) -> Params:
    """Returns weights of layers of so many units, as Keras draws them."""
    rng = np.random.default_rng(seed)

    def glorot(rows: int, columns: int) -> Array:
        return (rng.uniform(-1, 1, (rows, columns)) * np.sqrt(6 / (rows + columns))).astype(np.float32)

    params: Params = {"embedding/kernel": glorot(len(COLUMN_OF_INPUT), units)}
    for i in range(NUM_LAYERS):
        orthogonal = np.linalg.qr(rng.normal(size=(4 * units, units)))[0].T
        bias = np.zeros(4 * units, np.float32)
        bias[units : 2 * units] = 1
        params |= {f"lstm_{i}/kernel": glorot(units, 4 * units), f"lstm_{i}/bias": bias}
        params[f"lstm_{i}/recurrent_kernel"] = orthogonal.astype(np.float32)
        params |= {f"norm_{i}/scale": np.ones(units, np.float32), f"norm_{i}/shift": np.zeros(units, np.float32)}
    bias = np.zeros(NUM_CLASSES, np.float32)
    return params | {"logits/kernel": glorot(units, NUM_CLASSES), "logits/bias": bias}


def sized(units: int, dropout: float = CONFIG.network.dropout) -> ModelConfig:
    """Returns the configuration of a network of layers of so many units."""
    layers = (units,) * NUM_LAYERS
    network = replace(CONFIG.network, layer_sizes=layers, embedding_size=units, dropout=dropout)
    return replace(CONFIG, network=network)


def stacked(models: list[Params]) -> Params:
    """Returns several models' weights as one, models first."""
    return jax.tree.map(lambda *parts: jnp.stack(parts), *models)


def adam(params: Params, gradients: Params, moments: tuple[Params, Params], step: Array, rate: Array) -> Any:
    """Takes a step of Keras's Adam, each variable's gradient clipped to a norm of 5."""
    new: tuple[Params, Params, Params] = ({}, {}, {})
    for name, gradient in gradients.items():
        clipped = gradient * jnp.minimum(1.0, 5.0 / jnp.maximum(jnp.sqrt((gradient**2).sum()), 1e-12))
        mean = 0.9 * moments[0][name] + 0.1 * clipped
        square = 0.999 * moments[1][name] + 0.001 * clipped**2
        size = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        new[0][name] = params[name] - size * mean / (jnp.sqrt(square) + 1e-7)
        new[1][name], new[2][name] = mean, square
    return new[0], new[1:]


def no_moments(params: Params) -> tuple[Params, Params]:
    """Returns Adam's moments before the first step."""
    zeros = jax.tree.map(jnp.zeros_like, params)
    return zeros, jax.tree.map(jnp.copy, zeros)


@partial(jax.jit, static_argnums=4)
def write(teachers: Params, events: Array, cues: Array, bars: Array, steps: int, key: Key) -> Any:
    """Has each teacher write tunes at temperature 1: first events [teachers, tunes], and so on; all in one array."""
    num_teachers, num_tunes = events.shape
    zeros = jnp.zeros((num_teachers, num_tunes, teachers["logits/kernel"].shape[1]))

    def cell(params: Params, inputs: Array, states: list[Array]) -> tuple[Array, list[Array]]:
        hidden, new = inputs @ params["embedding/kernel"], []
        for i, (h, c) in enumerate(states):
            kernel, recurrent = params[f"lstm_{i}/kernel"], params[f"lstm_{i}/recurrent_kernel"]
            gates = hidden @ kernel + params[f"lstm_{i}/bias"] + h @ recurrent
            enters, stays, candidate, leaves = jnp.split(gates, 4, -1)
            c = jax.nn.sigmoid(stays) * c + jax.nn.sigmoid(enters) * jnp.tanh(candidate)
            h = jax.nn.sigmoid(leaves) * jnp.tanh(c)
            new.append((h, c))
            hidden = normalise(hidden + h, params[f"norm_{i}/scale"], params[f"norm_{i}/shift"])
        return hidden @ params["logits/kernel"] + params["logits/bias"], new

    def body(state: Any, given: Any) -> Any:
        encoding, network, event = state
        cues, key = given
        encoding, columns, copies = encode_step(encoding, event, cues)
        logits, network = jax.vmap(cell)(teachers, vectors(columns).reshape(num_teachers, num_tunes, -1), network)
        probabilities = event_probabilities(logits.reshape(num_teachers * num_tunes, -1), copies)
        drawn = jax.random.categorical(key, jnp.log(jnp.maximum(probabilities, 1e-30)))
        following = jnp.where(drawn < 2, drawn - 2, drawn + LOW - 2).astype(jnp.int32)
        return (encoding, network, following), (event.astype(jnp.int8), columns, copies)

    state = empty_state(bars.reshape(-1)), [(zeros, zeros)] * NUM_LAYERS, events.reshape(-1).astype(jnp.int32)
    all_cues = jnp.moveaxis(cues.reshape(-1, *cues.shape[2:])[:, 1:], 1, 0).astype(jnp.int32)
    _, found = jax.lax.scan(body, state, (all_cues, jax.random.split(key, steps)))
    return steps_first(*found)


class Arrays(NamedTuple):
    """Tunes of a split as they are, by length: events [tunes, steps], lengths, steps in a bar, cues."""

    events: Array
    lengths: Array
    bars: Array
    cues: Array


def outline_in(melody: StoredMelody) -> Outline:
    """Returns all that is known of a melody in the model's range."""
    outline = outline_of(melody.tune)
    return (outline.part(form=False) if melody.form.is_truncated else outline).known("plan")


def arrays_of(melodies: list[StoredMelody], steps: int) -> Arrays:
    """Returns melodies of at most so many steps, with all that is known of them."""
    events = np.full((len(melodies), steps), -2, np.int8)
    for row, melody in enumerate(melodies):
        events[row, : len(melody.events)] = melody.events
    lengths = np.array([len(melody.events) for melody in melodies], np.int32)
    bars = np.array([melody.steps_per_bar for melody in melodies], np.int32)
    cues = cues_of_all([outline_in(melody) for melody in melodies], steps + 1, CONFIG.encoding)
    return Arrays(events, lengths, bars, cues.astype(np.int16))


def encoded(arrays: Arrays) -> Tunes:
    """Returns tunes as networks see them."""
    return tunes_of(arrays.events, jnp.asarray(arrays.lengths), *encode(arrays.events, arrays.cues, arrays.bars))


@jax.jit
def tune_nats(models: Params, tunes: Tunes) -> tuple[Array, Array]:
    """Returns the nats of each tune: of each model [models, tunes], and of the mean of the first 1, 2, ... of them."""
    columns, copies, target, weight = steps_first(*tunes)
    inputs = vectors(columns)
    own = jax.lax.map(lambda params: event_probabilities(logits_of(params, inputs), copies), models)
    means = jnp.cumsum(own, 0) / jnp.arange(1, len(own) + 1)[:, None, None, None]
    cost = jax.vmap(lambda probabilities: (nats(probabilities, target) * weight).sum(0))
    return cost(own), cost(means)


def evaluate(models: Params, tunes: Tunes) -> tuple[Array, Array]:
    """Returns `tune_nats` of tunes of which the form and the key are told, and nothing else."""
    found = []
    for first in range(0, len(tunes.weight), 128):
        part = tunes.at(slice(first, first + 128))
        found.append(tune_nats(models, forget(part, jnp.broadcast_to(jnp.array(TOLD_FORM), (len(part.weight), 4)))))
    own, means = (np.concatenate(parts, 1) for parts in zip(*found, strict=True))
    return own, means


def epoch(train: dict[int, Tunes], rng: np.random.Generator, num_models: int) -> Iterator[tuple[int, Array]]:
    """Yields an epoch's batches: the bucket, and the rows [models, batch] of each model."""
    batches = []
    for bucket, tunes in train.items():
        size = len(tunes.weight)
        count = -(-size // BATCH)
        orders = [np.resize(rng.permutation(size), count * BATCH) for _ in range(num_models)]
        batches += [(bucket, np.stack([order[i * BATCH :][:BATCH] for order in orders])) for i in range(count)]
    for place in rng.permutation(len(batches)):
        yield batches[place]


def cosine(step: int, steps: int) -> float:
    """Returns the share of the learning rate that is left."""
    return float(0.5 * (1 + np.cos(np.pi * step / steps)))
