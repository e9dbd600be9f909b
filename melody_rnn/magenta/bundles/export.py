"""Writing a model as a bundle (.mag) that Magenta 2.1.4 loads and plays; `read_bundle` is the inverse.

Source: Magenta's `create_bundle_file` (models/shared/sequence_generator.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import CONFIGS, EVERY_MAGENTA_NAME, ModelConfig
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.files import scratch_folder, write_whole
from melody_rnn.magenta.bundles.graph import make_metagraph
from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
from melody_rnn.magenta.bundles.weights import Weights, revert_weights
from melody_rnn.note_seq_parts import load_part

generator_pb2 = load_part("protobuf.generator_pb2")
_DESCRIPTIONS: Final = {
    "basic_rnn": "Melody RNN with one-hot encoding.",
    "mono_rnn": "Monophonic RNN with one-hot encoding.",
    "lookback_rnn": "Melody RNN with lookback encoding.",
    "attention_rnn": "Melody RNN with lookback encoding and attention.",
    "basic_improv": "Basic melody-given-chords RNN with one-hot triad encoding for chords.",
    "attention_improv": "Melody-given-chords RNN with one-hot triad encoding for chords, attention, and binary "
    "counters.",
    "chord_pitches_improv": "Melody-given-chords RNN with chord pitches encoding.",
}


def write_bundle(
    path: str | Path,
    config: ModelConfig,
    weights: Mapping[str, NDArray[np.float32]],
    description: str = "",
    batch_size: int = 1,
    generator_id: str | None = None,
    generator_description: str | None = None,
) -> str:
    """Writes a bundle, whole or not at all; a file that is there is replaced.

    Args:
        path: The .mag file; its folder must exist.
        config: The model.
        weights: An array for each name of `MelodyNetwork.variables_by_name`.
        description: What the bundle says about itself, a line.
        batch_size: Melodies that Magenta runs at once; 1 is the fastest way to one melody.
        generator_id: Another id than that of Magenta's configuration, whose programs then do not know the bundle.
        generator_description: Another description of the generator than Magenta's.

    Returns:
        The name of Magenta's configuration that the model has, its generator id if none is given.

    Raises:
        ModelError: If Magenta has no model of this encoding or network.
        OutputError: If the file cannot be written.
    """
    name = magenta_id(config)
    network = config.network
    layout = network.attention_layout if network.attention_length else None
    naming = make_naming(MAGENTA_2, layout, len(network.layer_sizes))
    variables = revert_weights(naming, weights)
    bundle = generator_pb2.GeneratorBundle()
    bundle.generator_details.id = generator_id or name
    bundle.generator_details.description = generator_description or _DESCRIPTIONS[name]
    bundle.bundle_details.description = description
    bundle.metagraph_file = make_metagraph(naming, variables, network.attention_length, batch_size)
    try:
        bundle.checkpoint_file.append(_checkpoint(variables))
        write_whole(Path(path), bundle.SerializeToString())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    return name


def magenta_id(config: ModelConfig) -> str:
    """Returns which of Magenta's configurations a model has, sizes of layers and attention aside.

    Raises:
        ModelError: If it has none of them.
    """
    network = config.network
    if config.encoding.knows_form or network.embedding_size or network.residual:
        raise ModelError(
            f"{config.name} cannot be exported: its encoding and layers are melody_rnn's own; "
            f"export a model of {', '.join(EVERY_MAGENTA_NAME)}"
        )
    traits = (config.encoding, config.transpose_to_key, config.steps_per_quarter)
    for name in EVERY_MAGENTA_NAME:
        candidate = CONFIGS[name]
        if traits == (candidate.encoding, candidate.transpose_to_key, candidate.steps_per_quarter):
            return name
    encoding = config.encoding
    raise ModelError(
        f"{config.name} cannot be exported: Magenta's models have no {encoding.kind} encoding of notes "
        f"{encoding.min_note}..{encoding.max_note} with {config.steps_per_quarter} steps a quarter note and these "
        "lookbacks"
    )


def _checkpoint(variables: Weights) -> bytes:
    """Returns a V1 checkpoint's content, a single file."""
    with scratch_folder() as folder:
        path = folder / "model.ckpt"
        arrays = [tf.constant(array) for array in variables.values()]
        try:
            tf.raw_ops.Save(filename=str(path), tensor_names=list(variables), data=arrays)
        except tf.errors.OpError as error:
            raise OutputError(f"{folder.parent}: no temporary file can be written there ({error.message})") from error
        return path.read_bytes()
