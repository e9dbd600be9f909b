"""Which configuration a bundle's shapes and generator id amount to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from numpy.typing import NDArray

from melody_rnn.config import CONFIGS, EVERY_MAGENTA_NAME, EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import ModelError
from melody_rnn.events import NOTES_PER_OCTAVE, NUM_PITCHES
from melody_rnn.magenta.bundles.metagraph import state_width
from melody_rnn.magenta.bundles.naming import Naming
from melody_rnn.magenta.bundles.weights import layer_sizes, num_wrapped_layers

_LONGEST_WINDOW: Final = 4096
_PIANO_MIN_NOTE: Final = 21
_PIANO_KEYS: Final = 88


def network_config(naming: Naming, variables: Mapping[str, NDArray[Any]], metagraph: bytes) -> NetworkConfig:
    """Returns the network that the weights make; its dropout is the default, which no bundle tells.

    The attention's window shows in no weight, so its length comes from the metagraph: what the model carries from
    step to step is c and h of every layer, the attention's last reading, and the window.

    Args:
        naming: The variables' names.
        variables: Every variable by the bundle's name, shapes checked.
        metagraph: The bundle's metagraph.

    Raises:
        ModelError: If the metagraph does not tell the window or does not fit the weights.
    """
    sizes = layer_sizes(naming, variables)
    wrapped = num_wrapped_layers(naming.layout, len(sizes))
    if naming.layout is None or not wrapped:
        return NetworkConfig(sizes)
    size = sizes[wrapped - 1]
    carried = state_width(metagraph)
    length, rest = divmod(carried - 2 * sum(sizes) - size, size)
    if rest or not 1 <= length <= _LONGEST_WINDOW:
        raise ModelError(
            f"its metagraph's state of {carried} numbers leaves no attention window of 1..{_LONGEST_WINDOW} steps for "
            f"layers of {list(sizes)}; get the bundle anew"
        )
    return NetworkConfig(sizes, attention_length=length, attention_layout=naming.layout)


def model_config(generator_id: str, network: NetworkConfig, input_size: int, num_classes: int) -> ModelConfig:
    """Returns the configuration of the generator id's model, or of the model whose shapes an unknown id's fit.

    Args:
        generator_id: The id in the bundle.
        network: The network that the weights make.
        input_size: Width of the network's inputs.
        num_classes: Number of labels.

    Raises:
        ModelError: If the shapes fit no melody encoding, or not that of the id.
    """
    names = [generator_id] if generator_id in EVERY_MAGENTA_NAME else EVERY_MAGENTA_NAME
    candidates = [CONFIGS[name] for name in names]
    fitting = [
        replace(candidate, encoding=encoding, network=network)
        for candidate in candidates
        if (encoding := _fitted(candidate.encoding, input_size, num_classes)) is not None
    ]
    if not fitting:
        wanted = generator_id if generator_id in EVERY_MAGENTA_NAME else "any melody model"
        raise ModelError(
            f"a network with {input_size} inputs and {num_classes} labels, which is not the encoding of {wanted}; "
            f"its generator id is {generator_id!r}; give a bundle of {', '.join(EVERY_MAGENTA_NAME)}"
        )
    return next((config for config in fitting if config.encoding == CONFIGS[config.name].encoding), fitting[0])


def _fitted(encoding: EncodingConfig, input_size: int, num_classes: int) -> EncodingConfig | None:
    """Returns the encoding with the note range that its number of labels asks for, or None if the sizes don't fit."""
    span = num_classes - make_encoding(encoding).num_classes + encoding.max_note - encoding.min_note
    if not NOTES_PER_OCTAVE <= span <= NUM_PITCHES:
        return None
    if span != encoding.max_note - encoding.min_note:
        min_note = _likely_min_note(span)
        encoding = replace(encoding, min_note=min_note, max_note=min_note + span)
    return encoding if make_encoding(encoding).input_size == input_size else None


def _likely_min_note(span: int) -> int:
    """Guesses where a range begins, which no bundle tells: at a C, with Magenta's default range in its middle."""
    if span == _PIANO_KEYS:
        return _PIANO_MIN_NOTE
    default = CONFIGS["basic_rnn"].encoding
    doubled_middle = default.min_note + default.max_note
    return (doubled_middle - span) // 2 // NOTES_PER_OCTAVE * NOTES_PER_OCTAVE
