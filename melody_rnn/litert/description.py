"""What a step file says about itself, and whether it belongs to the weights beside it."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from melody_rnn.config import ModelConfig
from melody_rnn.errors import ModelError, printable
from melody_rnn.files import read_input

STEP_FILE: Final = "step.tflite"
DESCRIPTION_FILE: Final = "step.json"
STEP_VERSION: Final = 1
"""Rises whenever inputs, outputs or an encoding come to mean something else; files of another version are not used."""
_MAX_BYTES: Final = 2**28
# Numbers for one melody: a window of 4,096 steps of 4,096 units.
_MAX_TENSOR: Final = 2**24


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output of the step; all are float32.

    Attributes:
        name: In the file's signature.
        shape: Sizes of the axes, at least one of them; None is the batch.
        means: What it is, in words.
    """

    name: str
    shape: tuple[int | None, ...]
    means: str


@dataclass(frozen=True)
class StateInfo:
    """A part of the state: what an output gives goes into an input at the next step, zeros at the first.

    Attributes:
        name: What it is called in the code.
        input: Name of the input.
        output: Name of the output.
    """

    name: str
    input: str
    output: str


@dataclass(frozen=True)
class StepDescription:
    """The description of a step file, `step.json`.

    Attributes:
        model: The model's name.
        inputs: In the order of the file.
        outputs: In the order of the file.
        states: Which outputs become which inputs.
        first_label_events: [num_classes], the event that each label stands for before the first one.
        sums_labels: Whether the model was trained to make an event as likely as all its labels together.
        config_digest: SHA-256 of the model's configuration as JSON.
        weights_digest: SHA-256 of the file of weights that the step was written from.
        step_digest: SHA-256 of the step file.
        version: `STEP_VERSION` of the program that wrote it.
    """

    model: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    states: tuple[StateInfo, ...]
    first_label_events: tuple[int, ...]
    sums_labels: bool
    config_digest: str
    weights_digest: str
    step_digest: str
    version: int = STEP_VERSION

    @property
    def num_classes(self) -> int:
        """Number of labels."""
        return len(self.first_label_events)

    def to_json(self) -> str:
        """Returns the description as JSON text; `from_json` is its inverse."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "StepDescription":
        """Reads what `to_json` wrote.

        Raises:
            ModelError: If it is damaged, or of another version.
        """
        try:
            data = json.loads(text)
            version = data["version"]
            if version != STEP_VERSION:
                found = f"a step file of version {printable(version)}, and this program reads {STEP_VERSION}"
                raise ModelError(f"{found}; save the model anew")
            return cls(
                model=str(data["model"]),
                inputs=tuple(map(_tensor_info, data["inputs"])),
                outputs=tuple(map(_tensor_info, data["outputs"])),
                states=tuple(StateInfo(**state) for state in data["states"]),
                first_label_events=tuple(map(int, data["first_label_events"])),
                sums_labels=bool(data["sums_labels"]),
                config_digest=str(data["config_digest"]),
                weights_digest=str(data["weights_digest"]),
                step_digest=str(data["step_digest"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"no description of a step file ({error})") from error


@dataclass(frozen=True)
class Step:
    """A step file that was read and belongs to its weights.

    Attributes:
        description: What is known of it.
        content: The LiteRT file.
    """

    description: StepDescription
    content: bytes

    def write(self, folder: Path) -> None:
        """Writes both files into a folder; `read_step` is the inverse."""
        (folder / STEP_FILE).write_bytes(self.content)
        (folder / DESCRIPTION_FILE).write_text(self.description.to_json(), encoding="utf-8")


def read_step(folder: Path, config: ModelConfig, weights: Path) -> Step:
    """Reads a preset's step file.

    Args:
        folder: The preset's.
        config: The configuration that it must belong to.
        weights: The file of weights that it must belong to.

    Raises:
        InputFileError: If a file is missing or cannot be read.
        ModelError: If the step is damaged, foreign or of another version; the message names the file.
    """
    path = folder / DESCRIPTION_FILE
    try:
        description = StepDescription.from_json(read_input(path, _MAX_BYTES).decode("utf-8", "replace"))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    content = read_input(folder / STEP_FILE, _MAX_BYTES)
    if digest(content) != description.step_digest:
        raise ModelError(f"{folder / STEP_FILE}: not the step file that {path.name} describes; copy both anew")
    if config_digest(config) != description.config_digest:
        raise ModelError(f"{folder / STEP_FILE}: of another configuration than the model's; save the model anew")
    if digest(read_input(weights, _MAX_BYTES)) != description.weights_digest:
        raise ModelError(
            f"{folder / STEP_FILE}: written from other weights than {weights.name} holds; save the model anew"
        )
    return Step(description, content)


def digest(content: bytes) -> str:
    """Returns the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def config_digest(config: ModelConfig) -> str:
    """Returns the SHA-256 of a configuration."""
    return digest(config.to_json().encode())


def _tensor_info(data: Any) -> TensorInfo:
    shape = tuple(None if size is None else int(size) for size in data["shape"])
    if math.prod(abs(size or 1) for size in shape) > _MAX_TENSOR or any(
        size is not None and size < 1 for size in shape
    ):
        raise ValueError(f"a tensor of shape {list(shape)[:8]}")
    return TensorInfo(str(data["name"]), shape, str(data["means"]))
