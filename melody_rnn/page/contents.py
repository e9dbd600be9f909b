"""All files of the page: the built page, LiteRT.js, and what it needs of each model."""

import json
import lzma
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from melody_rnn.errors import InputFileError, InvalidArgumentError, ModelError, OutputError
from melody_rnn.files import read_input, whole_folder
from melody_rnn.litert.description import STEP_FILE, Step
from melody_rnn.page.knowledge import knowledge, outlines_file
from melody_rnn.page.samplers import sampler, shape_of
from melody_rnn.presets import (
    DEFAULT_PRESET,
    Preset,
    find_preset,
    headline,
    list_presets,
    read_preset_step,
    read_whole_preset,
)

BUILT: Final = Path(__file__).parent / "built"
"""What `make page` builds."""
MARK: Final = "melody_rnn_page.json"
"""The file that says that a folder is a page of ours."""
_PACKED: Final = ".xz"
_MAX_BYTES: Final = 2**26
Contents = Mapping[str, Callable[[], bytes]]
"""By the path below the page's address, what gives the file."""


@dataclass(frozen=True)
class PageModel:
    """A model as the page has it.

    Attributes:
        preset: The model.
        step: Its step.
        headline: A sentence about it.
    """

    preset: Preset
    step: Step
    headline: str

    @property
    def name(self) -> str:
        """What it is called in the page."""
        return self.preset.name


def page_models(names_or_folders: Sequence[str | Path] = ()) -> list[PageModel]:
    """Returns models for the page; without any the shipped ones, the default first.

    Args:
        names_or_folders: Shipped models by name, or folders of models.

    Raises:
        ModelError: If there is no such model, it has no step that can be used, or two have one name.
    """
    shipped = sorted((info.name for info in list_presets()), key=lambda name: (name != DEFAULT_PRESET, name))
    models: dict[str, PageModel] = {}
    for name_or_folder in names_or_folders or shipped:
        folder = find_preset(name_or_folder)
        preset = read_whole_preset(folder)
        try:
            step = read_preset_step(folder, preset.config)
        except InputFileError as error:
            raise ModelError(f"{error}; the page runs a model's step, which saving the model anew writes") from error
        name = preset.name or folder.resolve().name
        if preset.config.encoding.knows_chords and preset.outlines is None:
            raise InvalidArgumentError(f"{name} writes over chords, which the page has not; name another model")
        if name in models:
            raise InvalidArgumentError(f"two models are called {name}; give each once")
        models[name] = PageModel(replace(preset, name=name), step, headline(preset.card))
    return list(models.values())


def page_contents(models: Sequence[PageModel]) -> Contents:
    """Returns all files of a page with these models; each is made once, when it is asked for."""
    contents: dict[str, Callable[[], bytes]] = {}
    for path in sorted(BUILT.rglob("*")):
        if path.is_file():
            name = path.relative_to(BUILT).as_posix()
            contents[name.removesuffix(_PACKED)] = _once(partial(_built, path))
    for model in models:
        contents |= {f"models/{model.name}/{name}": _once(give) for name, give in _of_model(model).items()}
    catalogue = [{"name": model.name, "headline": model.headline} for model in models]
    contents["models/catalogue.json"] = partial(_as_json, catalogue)
    return contents


def write_page(folder: Path, models: Sequence[PageModel]) -> None:
    """Writes the page as a folder that any web host can serve, whole or not at all; a page there is replaced.

    Raises:
        OutputError: If the folder holds something that is no page of ours, or cannot be written.
    """
    if folder.exists() and not (folder / MARK).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder} exists and is no page of melody_rnn; name another folder")
    with whole_folder(folder, "page") as new:
        for name, give in page_contents(models).items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(give())


def _once(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Returns what makes a file the first time only, whoever asks for it meanwhile."""
    lock, made = threading.Lock(), cache(make)

    def give() -> bytes:
        with lock:
            return made()

    return give


def _built(path: Path) -> bytes:
    content = read_input(path, _MAX_BYTES)
    return lzma.decompress(content) if path.suffix == _PACKED else content


def _of_model(model: PageModel) -> dict[str, Callable[[], bytes]]:
    preset, about = model.preset, model.step.description
    shape = shape_of(preset.config, about.num_classes)
    files: dict[str, Callable[[], bytes]] = {
        STEP_FILE: lambda: model.step.content,
        "sampler.tflite": lambda: sampler(shape)[0],
        "model.json": lambda: _as_json({**knowledge(preset, about), "sampler": _settings(sampler(shape)[1])}),
    }
    if preset.outlines is not None:
        files["outlines.bin"] = lambda: outlines_file(preset)
    return files


def _settings(description: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs of a sampler, and the value of each that changes nothing."""
    inputs = {info["name"]: [size or 1 for size in info["shape"]] for info in description["inputs"]}
    return {"inputs": inputs, "neutral": description["neutral"]}


def _as_json(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()
