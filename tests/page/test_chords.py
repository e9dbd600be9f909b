"""What the page knows of chords is what the package does."""

import json
from pathlib import Path

from melody_rnn.page.chords import chord_tables

TABLES = Path(__file__).parents[2] / "page" / "src" / "chords" / "tables.json"


def test_the_pages_tables_are_those_of_the_package():
    assert json.loads(TABLES.read_text(encoding="utf-8")) == json.loads(json.dumps(chord_tables())), "make page"
