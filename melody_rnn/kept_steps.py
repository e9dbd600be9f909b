"""Steps of Magenta's bundles, kept for this user, so that a bundle starts without TensorFlow from its second run on.

Each has a folder of its own whose name is the digest of the bundle and this program's version: a bundle that has
changed, or another program, has none.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from melody_rnn import __version__
from melody_rnn.errors import InputFileError, ModelError, OutputError
from melody_rnn.files import read_input, whole_folder
from melody_rnn.litert.description import STEP_VERSION, Step, digest, read_step
from melody_rnn.presets import Preset, read_preset, write_description

FOLDER_VARIABLE: Final = "MELODY_RNN_CACHE"
"""The environment variable that names the folder where steps are kept; where it is empty none are."""
_MAX_BYTES: Final = 2**28


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
    with suppress(OutputError, OSError), whole_folder(folder, "step of a bundle") as new:
        write_description(new, preset)
        step.write(new)


def _folder_of(path: Path) -> Path | None:
    named = os.environ.get(FOLDER_VARIABLE)
    if named == "":
        return None
    if named is None:
        from platformdirs import user_cache_path

        parent = user_cache_path("melody_rnn", appauthor=False)
    else:
        parent = Path(named)
    return parent / f"{digest(read_input(path, _MAX_BYTES))[:32]}-{__version__}-{STEP_VERSION}"
