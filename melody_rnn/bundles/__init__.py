"""Models of other programs: Magenta's bundles."""

from melody_rnn.bundles.magenta import Bundle, read_bundle

__all__ = ["Bundle", "read_bundle"]
