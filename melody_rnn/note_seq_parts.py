"""Single modules of note_seq, for those who need little of it."""

import importlib
import importlib.util
import sys
from typing import Any


def load_part(part: str) -> Any:
    """Returns one module of note_seq without the package around it, whose import takes most of a second."""
    if "note_seq" in sys.modules:
        return importlib.import_module(f"note_seq.{part}")
    spec = importlib.util.find_spec("note_seq")
    assert spec is not None
    sys.modules["note_seq"] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(f"note_seq.{part}")
    finally:
        # Whoever imports the package later gets all of it.
        for name in [name for name in sys.modules if name.partition(".")[0] == "note_seq"]:
            del sys.modules[name]
