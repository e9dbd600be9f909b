"""ABC notation: tune books read into scores, and written from them."""

from melody_rnn.formats.abc.reader import read_abc_tune
from melody_rnn.formats.abc.tunebook import AbcTune, split_tunebook

__all__ = ["AbcTune", "read_abc_tune", "split_tunebook"]
