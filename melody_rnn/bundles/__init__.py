"""Models of other programs: Magenta's bundles."""

from melody_rnn.bundles.export import write_bundle
from melody_rnn.bundles.magenta import Bundle, read_bundle

__all__ = ["Bundle", "read_bundle", "write_bundle"]
