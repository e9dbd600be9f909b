"""Models of other programs: Magenta's bundles, Magenta.js's folders."""

from melody_rnn.magenta.bundles.export import write_bundle
from melody_rnn.magenta.bundles.magenta import Bundle, read_bundle
from melody_rnn.magenta.bundles.magentajs import write_magentajs
from melody_rnn.magenta.bundles.runs import read_run

__all__ = ["Bundle", "read_bundle", "read_run", "write_bundle", "write_magentajs"]
