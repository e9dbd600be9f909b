"""What the page must know of chords: how symbols are read, scales, how MusicXML calls kinds, patterns of accompaniment.

The page reads chords while they are typed, so it has the rules' few lines of its own; the tables that they go by are
these. `python -m melody_rnn.page.chords` prints them, and `make page` puts them into the page.
"""

import json
import re
from typing import Any, Final

from melody_rnn.formats.accompaniment import patterns_of
from melody_rnn.formats.musicxml.chord_kinds import KIND_OF
from melody_rnn.music.chord_scales import SCALE_FAMILIES
from melody_rnn.music.chords import QUALITIES, SPELLINGS, symbol_grammar
from melody_rnn.music.scales import SCALES
from melody_rnn.page.knowledge import PAGE_METERS

_ANY_CASE: Final = re.compile(r"\(\?i:(.*?)\)")


def chord_tables() -> dict[str, Any]:
    """Returns the tables, as JSON has them; times are in quarter notes."""
    pattern, kinds = symbol_grammar()
    return {
        "symbol": pattern,
        "spellings": [[_for_javascript(spelling.pattern), plain] for spelling, plain in SPELLINGS],
        "kinds": kinds,
        "qualities": list(QUALITIES),
        "musicXmlKinds": dict(KIND_OF),
        "scales": [SCALES[name] for name in SCALE_FAMILIES],
        "patterns": {str(meter): _patterns(meter) for meter in PAGE_METERS},
    }


def _patterns(meter: Any) -> dict[str, Any]:
    usual, slow, slowest_qpm = patterns_of(meter)
    hits = [
        [[float(hit.place), float(hit.length), hit.what, hit.strength] for hit in pattern] for pattern in (usual, slow)
    ]
    return {"usual": hits[0], "slow": hits[1], "slowestQpm": slowest_qpm}


def _for_javascript(pattern: str) -> str:
    """Returns a pattern whose groups of any case say both cases: not all browsers know (?i:...)."""

    def both(match: re.Match[str]) -> str:
        return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in match[1])

    return _ANY_CASE.sub(lambda match: f"(?:{both(match)})", pattern)


if __name__ == "__main__":
    print(json.dumps(chord_tables(), ensure_ascii=False, indent=1))
