"""Encodings: melody events as network inputs and labels."""

from collections.abc import Mapping
from typing import Final

from melody_rnn.config import ChordEncodingKind, EncodingConfig, EncodingKind
from melody_rnn.encodings.chords import ChordEncoding, PitchesEncoding, TonesEncoding, TriadEncoding, melody_config
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
_CHORD_KINDS: Final[Mapping[ChordEncodingKind, type[ChordEncoding]]] = {
    "triads": TriadEncoding,
    "pitches": PitchesEncoding,
    "tones": TonesEncoding,
}


def make_encoding(config: EncodingConfig) -> Encoding:
    """Returns the encoding that a configuration names."""
    if config.knows_chords:
        return _CHORD_KINDS[config.chords](config, make_encoding(melody_config(config)))
    return _KINDS[config.kind](config)  # type: ignore[call-arg]


__all__ = ["Encoding", "make_encoding"]
