"""The four models in plain NumPy, step by step, with note_seq's own encoders: slow, and independent of the package."""

from collections.abc import Mapping, Sequence
from typing import Any

import note_seq
import numpy as np
from note_seq import melody_encoder_decoder
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig, NetworkConfig

Array = NDArray[np.float64]


def encoder_decoder(config: EncodingConfig) -> Any:
    """Returns note_seq's encoder of a configuration."""
    one_hot = melody_encoder_decoder.MelodyOneHotEncoding(config.min_note, config.max_note)
    if config.kind == "one_hot":
        return note_seq.OneHotEventSequenceEncoderDecoder(one_hot)
    if config.kind == "lookback":
        return note_seq.LookbackEventSequenceEncoderDecoder(one_hot)
    return note_seq.KeyMelodyEncoderDecoder(config.min_note, config.max_note)


def logits(weights: Mapping[str, NDArray[Any]], config: NetworkConfig, inputs: Array) -> Array:
    """Runs the network over `inputs` [steps, input_size] and returns its logits [steps, num_classes]."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    sizes = config.layer_sizes
    states = [(np.zeros(size), np.zeros(size)) for size in sizes]
    wrapped = 0 if not config.attention_length else 1 if config.attention_layout == "first_layer" else len(sizes)
    attention_size = sizes[wrapped - 1] if wrapped else 0
    read = np.zeros(attention_size)
    window = [np.zeros(attention_size)] * config.attention_length
    outputs = []
    for x in inputs:
        if wrapped:
            x = np.concatenate([x, read]) @ w["attention/input_kernel"] + w["attention/input_bias"]
        for i in range(len(sizes)):
            states[i] = _lstm_step(w, f"lstm_{i}", x, *states[i])
            x = states[i][1]
            if i == wrapped - 1:
                query = np.concatenate([part for state in states[:wrapped] for part in state])
                read = _read(w, query, window)
                x = np.concatenate([x, read]) @ w["attention/output_kernel"] + w["attention/output_bias"]
                window = [*window[1:], x]
        outputs.append(x @ w["logits/kernel"] + w["logits/bias"])
    return np.array(outputs)


def log_softmax(values: Array) -> Array:
    """Returns log probabilities along the last axis."""
    shifted = values - values.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def event_logits(weights: Mapping[str, NDArray[Any]], config: Any, events: Sequence[int]) -> Array:
    """Returns the logits [len(events), num_classes] of what follows each event of a squashed melody."""
    melody = note_seq.Melody(list(events))
    encoder = encoder_decoder(config.encoding)
    inputs = np.array([encoder.events_to_input(melody, i) for i in range(len(events))])
    return logits(weights, config.network, inputs)


def log_likelihood(event_logits: Array, config: Any, events: Sequence[int]) -> float:
    """Returns the log-likelihood in nats of all events after the first."""
    melody = note_seq.Melody(list(events))
    encoder = encoder_decoder(config.encoding)
    labels = [encoder.events_to_label(melody, i) for i in range(1, len(events))]
    return float(log_softmax(event_logits)[np.arange(len(labels)), labels].sum())


def _lstm_step(w: Mapping[str, Array], name: str, x: Array, c: Array, h: Array) -> tuple[Array, Array]:
    gates = x @ w[f"{name}/kernel"] + h @ w[f"{name}/recurrent_kernel"] + w[f"{name}/bias"]
    i, f, candidate, o = np.split(gates, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(candidate)
    return c, _sigmoid(o) * np.tanh(c)


def _read(w: Mapping[str, Array], query: Array, window: Sequence[Array]) -> Array:
    projected_query = query @ w["attention/query_kernel"] + w["attention/query_bias"]
    scores = [w["attention/score_vector"] @ np.tanh(m @ w["attention/memory_kernel"] + projected_query) for m in window]
    shares = np.exp(log_softmax(np.array(scores)))
    return np.asarray(sum(share * m for share, m in zip(shares, window, strict=True)))


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))
