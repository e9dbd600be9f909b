"""Writing a model as the checkpoint folder that Magenta.js (`@magenta/music`) reads in a browser or under Node.

The folder holds `config.json` (what its MusicRNN is to build), `weights_manifest.json` (TensorFlow.js's list of names
and shapes) and the weights as float32, little endian, one after the other, cut into shards.

Sources: `MusicRNN`, `AttentionWrapper` and `MelodyConverter` of @magenta/music 1.23.1 (esm/music_rnn/model.js and
attention.js, esm/core/data.js).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import ModelConfig
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.files import whole_folder
from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
from melody_rnn.magenta.bundles.weights import Weights, revert_weights

_SHARD_BYTES: Final = 4 * 2**20


def write_magentajs(
    folder: str | Path,
    config: ModelConfig,
    weights: Mapping[str, NDArray[np.float32]],
    description: str = "",
    shard_bytes: int = _SHARD_BYTES,
) -> None:
    """Writes a model's folder for Magenta.js, whole or not at all.

    Args:
        folder: The folder, which must not exist yet.
        config: The model.
        weights: An array for each name of `MelodyNetwork.variables_by_name`.
        description: What the model says about itself, a line.
        shard_bytes: Most bytes of a shard; browsers cache small files better than large ones.

    Raises:
        ModelError: If Magenta.js has no model of this encoding or network.
        OutputError: If the folder exists, or cannot be written.
    """
    check_magentajs(config)
    folder = Path(folder)
    if folder.exists():
        raise OutputError(f"{folder} exists already; name a new folder")
    naming = make_naming(MAGENTA_2, None, len(config.network.layer_sizes))
    variables = revert_weights(naming, _fold_embedding(weights))
    content = b"".join(array.astype("<f4").tobytes() for array in variables.values())
    shards = [content[start : start + shard_bytes] for start in range(0, len(content), shard_bytes)]
    names = [f"group1-shard{i}of{len(shards)}" for i in range(1, len(shards) + 1)]
    with whole_folder(folder, "Magenta.js checkpoint") as new:
        (new / "config.json").write_text(_to_json(_music_rnn(config, description)), encoding="utf-8")
        (new / "weights_manifest.json").write_text(_to_json(_manifest(names, variables)), encoding="utf-8")
        for name, shard in zip(names, shards, strict=True):
            (new / name).write_bytes(shard)


def check_magentajs(config: ModelConfig) -> None:
    """Checks that Magenta.js can hold a model: its MusicRNN feeds the last event as one-hot into plain LSTM layers.

    Raises:
        ModelError: If it cannot.
    """
    if config.encoding.kind != "one_hot":
        reason = f"its encoding is {config.encoding.kind}, and Magenta.js has one_hot only"
    elif config.encoding.knows_chords:
        reason = "it hears chords, which melody_rnn does not export there"
    elif config.network.attention_length:
        # Its AttentionWrapper loads the query's bias and never adds it.
        reason = "it has attention, which Magenta.js computes in another way"
    elif config.network.residual:
        reason = "its layers are residual, and Magenta.js has plain ones only"
    else:
        return
    raise ModelError(f"{config.name} cannot be exported to Magenta.js: {reason}; export basic_rnn or mono_rnn")


def _fold_embedding(weights: Mapping[str, NDArray[np.float32]]) -> Weights:
    """Multiplies the embedding, which Magenta.js has not, into the kernel that comes after it."""
    folded = dict(weights)
    embedding = folded.pop("embedding/kernel", None)
    if embedding is not None:
        folded["lstm_0/kernel"] = embedding @ folded["lstm_0/kernel"]
    return folded


def _music_rnn(config: ModelConfig, description: str) -> dict[str, Any]:
    """Returns config.json; Magenta.js reads the upper part, the lower one is for pages that want to know more."""
    pitches = {"minPitch": config.encoding.min_note, "maxPitch": config.encoding.max_note - 1}
    return {
        "type": "MusicRNN",
        "dataConverter": {"type": "MelodyConverter", "args": pitches},
        "name": config.name,
        "description": description,
        "stepsPerQuarter": config.steps_per_quarter,
        "transposeToKey": config.transpose_to_key,
    }


def _manifest(paths: list[str], variables: Weights) -> list[dict[str, Any]]:
    weights = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in variables.items()]
    return [{"paths": paths, "weights": weights}]


def _to_json(data: object) -> str:
    return json.dumps(data, indent=2) + "\n"
