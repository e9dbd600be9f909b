"""Encodings: melody events as network inputs and labels."""

from collections.abc import Mapping
from typing import Final

from melody_rnn.config import EncodingConfig, EncodingKind
from melody_rnn.encodings.encoding import Encoding
from melody_rnn.encodings.key import KeyEncoding
from melody_rnn.encodings.lookback import LookbackEncoding
from melody_rnn.encodings.one_hot import OneHotEncoding
from melody_rnn.encodings.tune import TuneEncoding

_KINDS: Final[Mapping[EncodingKind, type[Encoding]]] = {
    "one_hot": OneHotEncoding,
    "lookback": LookbackEncoding,
    "key": KeyEncoding,
    "tune": TuneEncoding,
}


def make_encoding(config: EncodingConfig) -> Encoding:
    """Returns the encoding that a configuration names."""
    return _KINDS[config.kind](config)  # type: ignore[call-arg]


__all__ = ["Encoding", "make_encoding"]
