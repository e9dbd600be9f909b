"""What the name of a model stands for: a shipped preset, a preset's folder, or one of Magenta's bundles.

What is said of it here needs neither TensorFlow nor NumPy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from melody_rnn.errors import InputFileError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.files import resolved
from melody_rnn.presets import find_preset, has_outlines, read_brought, read_preset

BUNDLE_SUFFIX: Final = ".mag"


@dataclass(frozen=True)
class ModelSource:
    """Where a model is.

    Attributes:
        path: The preset's folder, or the bundle.
        is_bundle: Whether it is one of Magenta's bundles.
    """

    path: Path
    is_bundle: bool

    @property
    def name(self) -> str:
        """What the model is called in tables and names of files."""
        if self.is_bundle:
            return self.path.stem
        return read_preset(self.path).name or resolved(self.path).name

    @property
    def steps_per_quarter(self) -> int:
        """Steps in a quarter note; Magenta's bundles have four."""
        return DEFAULT_STEPS_PER_QUARTER if self.is_bundle else read_preset(self.path).config.steps_per_quarter

    @property
    def knows_form(self) -> bool:
        """Whether the model writes whole tunes."""
        return not self.is_bundle and has_outlines(self.path)

    @property
    def brought_settings(self) -> Mapping[str, Any]:
        """The sampler's settings that the model brings along; a bundle has none."""
        return {} if self.is_bundle else read_brought(self.path).sampler


def find_model(name_or_path: str | Path | None = None) -> ModelSource:
    """Returns where a model is: a shipped one by name, any by its folder, or a bundle (.mag); None is the default one.

    Raises:
        InputFileError: If a bundle is missing.
        ModelError: If there is no such preset; the message lists the shipped ones.
    """
    if name_or_path is None or Path(name_or_path).suffix.lower() != BUNDLE_SUFFIX:
        return ModelSource(find_preset(name_or_path), is_bundle=False)
    path = Path(name_or_path)
    try:
        is_there = path.is_file()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise InputFileError(f"{name_or_path}: no such file; give the path of a .mag bundle")
    return ModelSource(path, is_bundle=True)


def magenta() -> Any:
    """Returns `melody_rnn.magenta.bundles`, which reads and writes Magenta's formats.

    It stands above the facade and is asked for by name where there is something of Magenta's, so that nothing here
    depends on it.
    """
    return import_module("melody_rnn.magenta.bundles")
