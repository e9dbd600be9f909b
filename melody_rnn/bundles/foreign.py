"""Telling what a file or bundle is that holds no melody model, so that the error can name it."""

import re
from collections.abc import Mapping
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
    "basic_improv": "improv_rnn",
    "attention_improv": "improv_rnn",
    "chord_pitches_improv": "improv_rnn",
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
