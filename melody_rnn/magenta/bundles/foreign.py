"""Telling what a file or bundle is that holds no melody model, so that the error can name it."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

SNIFFED_BYTES: Final = 1024
"""How much of a file's beginning `describe_foreign_file` looks at."""

_SIGNATURES: Final = (
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE), "a web page or XML"),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive, as MusicVAE's checkpoints are"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive, as some MusicVAE checkpoints are"),
    (re.compile(rb"PK\x03\x04"), "a zip archive"),
    (re.compile(rb"MThd"), "a MIDI file"),
    (re.compile(rb"\x89HDF"), "an HDF5 file, as Keras's weights are"),
)

_OTHER_GENERATORS: Final[Mapping[str, str]] = {
    "one_drum": "drums_rnn",
    "drum_kit": "drums_rnn",
    "polyphony": "polyphony_rnn",
    "performance": "performance_rnn",
    "performance_with_dynamics": "performance_rnn",
    "performance_with_dynamics_and_modulo_encoding": "performance_rnn",
    "performance_with_dynamics_and_note_encoding": "performance_rnn",
    "density_conditioned_performance_with_dynamics": "performance_rnn",
    "pitch_conditioned_performance_with_dynamics": "performance_rnn",
    "multiconditioned_performance_with_dynamics": "performance_rnn",
    "optional_multiconditioned_performance_with_dynamics": "performance_rnn",
    "rnn-nade": "pianoroll_rnn_nade",
    "rnn-nade_attn": "pianoroll_rnn_nade",
}


_OTHER_SIZES: Final[Mapping[tuple[int, int], str]] = {
    (2, 2): "drums_rnn (one_drum)",
    (518, 512): "drums_rnn (drum_kit)",
    (356, 356): "performance_rnn",
    (388, 388): "performance_rnn (with dynamics)",
    (16, 388): "performance_rnn (modulo encoding)",
    (396, 388): "performance_rnn (density conditioned)",
    (400, 388): "performance_rnn (pitch conditioned)",
    (408, 388): "performance_rnn (multiconditioned)",
    (409, 388): "performance_rnn (multiconditioned)",
    (259, 259): "polyphony_rnn",
}
_OTHER_SCOPES: Final = {"encoder": "MusicVAE", "decoder": "MusicVAE", "rbm": "pianoroll_rnn_nade"}


def describe_foreign_file(beginning: bytes) -> str | None:
    """Returns what a file that begins so is, or None if it may be a bundle.

    Args:
        beginning: Its first `SNIFFED_BYTES` bytes, or all of a shorter file.
    """
    return next((what for signature, what in _SIGNATURES if signature.match(beginning)), None)


def other_model(generator_id: str) -> str | None:
    """Returns which other Magenta model has the generator id, or None if none has.

    Source: the `default_configs` of Magenta's models.
    """
    return _OTHER_GENERATORS.get(generator_id)


def model_of_sizes(input_size: int, num_classes: int) -> str | None:
    """Returns which other Magenta model has networks of these sizes, or None if none has.

    Source: the encoders in the `default_configs` of Magenta's models.
    """
    return _OTHER_SIZES.get((input_size, num_classes))


def model_of_variables(variables: Iterable[str]) -> str | None:
    """Returns which model of another architecture has weights under such names, or None if none has."""
    scopes = {name.partition("/")[0] for name in variables}
    if "layer_with_weights-0" in scopes or "_CHECKPOINTABLE_OBJECT_GRAPH" in scopes:
        return "a Keras model (load a model folder of melody_rnn with melody-rnn)"
    return next((model for scope, model in _OTHER_SCOPES.items() if scope in scopes), None)
