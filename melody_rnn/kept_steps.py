"""Steps of Magenta's bundles, kept for this user, so that a bundle starts without TensorFlow from its second run on.

Each has a folder of its own in the user's cache, whose name is the digest of the bundle and this program's version: a
bundle that has changed, or another program, has none. Where they become too many, those that were not used for longest
are removed.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from melody_rnn import __version__
from melody_rnn.errors import InputFileError, ModelError, OutputError
from melody_rnn.files import read_input, whole_folder
from melody_rnn.litert.description import STEP_FILE, STEP_VERSION, Step, digest, read_step
from melody_rnn.presets import Preset, read_preset, write_description

FOLDER_VARIABLE: Final = "MELODY_RNN_CACHE"
"""The environment variable that names the folder where steps are kept; where it is empty none are."""
MAX_KEPT_BYTES: Final = 2**28
"""Of all steps that are kept; the one that was kept last stays in any case."""
_MAX_BUNDLE_BYTES: Final = 2**28


def kept_step(path: Path) -> tuple[Preset, Step] | None:
    """Returns what is kept of a bundle: its description and its step; None where nothing is, or it cannot be used.

    Raises:
        InputFileError: If the bundle cannot be read.
    """
    folder = _folder_of(path)
    if folder is None or not folder.is_dir():
        return None
    from melody_rnn.litert.run import check_step

    with suppress(InputFileError, ModelError):
        preset = read_preset(folder)
        step = read_step(folder, preset.config, path)
        check_step(step)
        with suppress(OSError):
            os.utime(folder)
        return preset, step
    return None


def keep_step(path: Path, preset: Preset, step: Step) -> None:
    """Keeps the step of a bundle, written from its bytes; where that cannot be, nothing happens.

    Args:
        path: The bundle.
        preset: Its description.
        step: Its step; what it says of its weights is the digest of the bundle.
    """
    folder = _folder_of(path)
    if folder is None:
        return
    with suppress(OutputError, OSError):
        with whole_folder(folder, "step of a bundle") as new:
            write_description(new, preset)
            step.write(new)
        _make_room(folder)


def _folder_of(path: Path) -> Path | None:
    """Returns where the step of a bundle is kept; None where none shall be, or there is no such place."""
    parent = _cache()
    if parent is None:
        return None
    return parent / f"{digest(read_input(path, _MAX_BUNDLE_BYTES))[:32]}-{__version__}-{STEP_VERSION}"


def _cache() -> Path | None:
    named = os.environ.get(FOLDER_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    from platformdirs import user_cache_path

    # Who has no home has no cache.
    with suppress(RuntimeError):
        cache = user_cache_path("melody_rnn", appauthor=False)
        return cache / "steps" if cache.is_absolute() else None
    return None


def _make_room(newest: Path) -> None:
    """Removes the steps that were not used for longest, as far as all together are too large."""
    steps = (folder / STEP_FILE for folder in newest.parent.iterdir() if folder != newest)
    kept = sorted((step for step in steps if step.is_file()), key=lambda step: step.parent.stat().st_mtime)
    total = sum(step.stat().st_size for step in (*kept, newest / STEP_FILE))
    for step in kept:
        if total <= MAX_KEPT_BYTES:
            return
        total -= step.stat().st_size
        shutil.rmtree(step.parent, ignore_errors=True)
