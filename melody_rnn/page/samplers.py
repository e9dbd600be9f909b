"""The sampler of each model as a LiteRT file; those of the shipped models' shapes are here, others take TensorFlow."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from melody_rnn.config import ModelConfig
from melody_rnn.events import NUM_SPECIAL_EVENTS
from melody_rnn.files import read_input, read_json

SETTINGS: Final = ("temperature", "top_p")
"""What the page can set."""
FOLDER: Final = Path(__file__).parent / "samplers"
_MAX_BYTES: Final = 2**24


class Shape(NamedTuple):
    """What samplers differ in.

    Attributes:
        num_classes: Number of labels.
        num_events: Number of events that the model knows.
        min_note: Its lowest pitch.
    """

    num_classes: int
    num_events: int
    min_note: int

    @property
    def stem(self) -> str:
        """What its files are called."""
        return "-".join(map(str, self))


def shape_of(config: ModelConfig, num_classes: int) -> Shape:
    """Returns the shape of a model's sampler."""
    encoding = config.encoding
    return Shape(num_classes, NUM_SPECIAL_EVENTS + encoding.max_note - encoding.min_note, encoding.min_note)


def sampler(shape: Shape) -> tuple[bytes, dict[str, Any]]:
    """Returns the sampler of a shape as a LiteRT file, and its description.

    It is read, or made by TensorFlow, which takes some seconds, for shapes that no shipped model has.
    """
    path = FOLDER / f"{shape.stem}.tflite"
    if path.is_file():
        return read_input(path, _MAX_BYTES), read_json(path.with_suffix(".json"))
    from melody_rnn.loading import load_tensorflow

    load_tensorflow()
    return _made(shape)


def write_samplers(shapes: Sequence[Shape]) -> None:
    """Writes the samplers of shapes anew; needs TensorFlow."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for shape in shapes:
        content, description = _made(shape)
        path = FOLDER / f"{shape.stem}.tflite"
        path.write_bytes(content)
        path.with_suffix(".json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _made(shape: Shape) -> tuple[bytes, dict[str, Any]]:
    from melody_rnn.generation.export import sampler_file
    from melody_rnn.sampling.transforms import BY_NAME

    return sampler_file(*shape, tuple(BY_NAME[name] for name in SETTINGS))
