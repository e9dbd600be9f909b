"""The report's folder; nothing here loads a heavy library."""

import os
from pathlib import Path
from typing import Final

from melody_rnn.errors import OutputError

PAGE: Final = "report.html"
METRICS: Final = "metrics.csv"
TOP_PICTURE: Final = "diversity_against_mistakes.png"
MODEL_PICTURE: Final = "next_event.png"
MUSIC_PICTURE: Final = "music.png"
_NAMES: Final = frozenset({PAGE, METRICS, TOP_PICTURE, MODEL_PICTURE, MUSIC_PICTURE})


def check_folder(folder: Path, overwrite: bool) -> None:
    """Checks that a report can be written to a folder.

    Args:
        folder: Where; may be a report already if `overwrite` is set.
        overwrite: Whether a report there may be replaced.

    Raises:
        OutputError: If it cannot; a folder that holds anything besides a report is never touched.
    """
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists() or place.is_symlink())
    if not existing.is_dir() or folder.is_symlink():
        raise OutputError(f"{folder}: {existing} is no folder, so no report can be there; name another folder")
    parent = next(place for place in folder.absolute().parents if place.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: {parent} cannot be written to; name another folder")
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if not names <= _NAMES:
        other = min(names - _NAMES)
        raise OutputError(f"{folder}: holds {other}, which is no part of a report; name a new folder")
    if names and not overwrite:
        raise OutputError(f"{folder}: a report is there already; name another folder or give --overwrite")
