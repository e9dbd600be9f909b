"""Reading the checkpoints of Magenta's own training, whose folder is a run's `train`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from melody_rnn.config import CONFIGS, ModelConfig, NetworkConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.foreign import model_of_sizes, model_of_variables
from melody_rnn.magenta.bundles.magenta import Bundle
from melody_rnn.magenta.bundles.metagraph import trained_window
from melody_rnn.magenta.bundles.naming import Naming, find_naming
from melody_rnn.magenta.bundles.weights import (
    check_shapes,
    convert_weights,
    input_and_output_size,
    layer_sizes,
    num_wrapped_layers,
)
from melody_rnn.network.checkpoint import find_checkpoint, read_checkpoint_at, read_metagraph_at

Variables = Mapping[str, NDArray[Any]]


def read_run(path: str | Path, config: ModelConfig) -> Bundle:
    """Reads a checkpoint that Magenta's training wrote: a run's `train` folder, or one checkpoint of it.

    Args:
        path: The folder, whose latest checkpoint is read, or a checkpoint's path.
        config: The configuration that the run had. Sizes of layers are the checkpoint's own. The attention's window
            shows in no weight; it is that of the metagraph beside the checkpoint, or without one that of `config`.

    Raises:
        InputFileError: If there is no checkpoint.
        ModelError: If it holds another kind of model than `config`, or is damaged.
    """
    prefix = find_checkpoint(Path(path))
    variables = read_checkpoint_at(prefix)
    try:
        if model := model_of_variables(variables):
            raise ModelError(f"a checkpoint of {model}, not of a melody model")
        naming = find_naming(variables)
        check_shapes(naming, variables)
        _check_encoding(input_and_output_size(naming, variables), config)
        network = _network(naming, variables, config.network, read_metagraph_at(prefix))
    except ModelError as error:
        raise ModelError(f"{prefix}: {error}") from error
    description = f"Magenta's checkpoint {prefix.name}"
    if "global_step" in variables:
        description += f", trained for {int(variables['global_step'])} steps"
    return Bundle(replace(config, network=network), convert_weights(naming, variables), description)


def _check_encoding(sizes: tuple[int, int], config: ModelConfig) -> None:
    """Raises ModelError, by the name of the model that it is, if the sizes are not those of a configuration."""
    if sizes != _sizes(config):
        known = next((other.name for other in CONFIGS.values() if _sizes(other) == sizes), None)
        found = known or model_of_sizes(*sizes) or f"a network with {sizes[0]} inputs and {sizes[1]} labels"
        raise ModelError(f"a checkpoint of {found}, not of {config.name}")


def _sizes(config: ModelConfig) -> tuple[int, int]:
    encoding = make_encoding(config.encoding)
    return encoding.input_size, encoding.num_classes


def _network(naming: Naming, variables: Variables, config: NetworkConfig, metagraph: bytes) -> NetworkConfig:
    network = replace(config, layer_sizes=layer_sizes(naming, variables), attention_length=0)
    if naming.layout is None:
        return network
    size = network.layer_sizes[num_wrapped_layers(naming.layout, naming.num_layers) - 1]
    default = CONFIGS["attention_rnn"].network.attention_length
    length = trained_window(metagraph, size) or config.attention_length or default
    return replace(network, attention_length=length, attention_layout=naming.layout)
