"""Runs a step file with LiteRT, on NumPy arrays."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from melody_rnn.errors import ModelError
from melody_rnn.files import reason
from melody_rnn.litert.description import StateInfo, Step, StepDescription
from melody_rnn.quiet import quietly


class StepResult(NamedTuple):
    """What a step says of the next event.

    Attributes:
        logits: [batch, num_classes] float32, of the labels of the next event.
        label_events: [batch, num_classes] int32, the event that each label stands for.
        label: [batch] int32, the label that the last event had, given those before it.
    """

    logits: NDArray[np.float32]
    label_events: NDArray[np.int32]
    label: NDArray[np.int32]


_GIVEN: Final[dict[str, tuple[int | None, ...]]] = {"event": (None,), "steps_per_bar": (None,), "is_first": (1,)}


@dataclass(frozen=True)
class OpenFile:
    """A LiteRT file that is ready to run.

    Attributes:
        interpreter: What runs it.
        inputs: Where each input of the signature lies.
        outputs: Where each output of the signature lies.
        shapes: The shape of all that the file takes and gives, by where it lies.
    """

    interpreter: Any
    inputs: dict[str, int]
    outputs: dict[str, int]
    shapes: dict[int, list[int]]


def open_file(content: bytes) -> OpenFile:
    """Opens a LiteRT file with one signature.

    Raises:
        ModelError: If it is none.
    """
    try:
        with quietly():
            interpreter = Interpreter(model_content=content, num_threads=1)
            (signature,) = interpreter.get_signature_list()
            runner = interpreter.get_signature_runner(signature)
        inputs, outputs = (
            {name: int(one["index"]) for name, one in details.items()}
            for details in (runner.get_input_details(), runner.get_output_details())
        )
        details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
        return OpenFile(interpreter, inputs, outputs, {one["index"]: one["shape"].tolist() for one in details})
    # Of a damaged file LiteRT may give a name or a number that its own Python functions do not take.
    except (ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"no LiteRT file with one signature ({reason(error)})") from error


def check_step(step: Step) -> None:
    """Checks that LiteRT can read a step's file, and that it is what its description says.

    Raises:
        ModelError: If it cannot, or the file has other inputs or outputs.
    """
    _check(step.description, open_file(step.content))


def _check(description: StepDescription, file: OpenFile) -> None:
    for side, infos, places in (
        ("inputs", description.inputs, file.inputs),
        ("outputs", description.outputs, file.outputs),
    ):
        described = {info.name: [size or 1 for size in info.shape] for info in infos}
        if described != {name: file.shapes.get(place) for name, place in places.items()}:
            raise ModelError(f"a LiteRT file with other {side} than its description says")
    if not _is_step(description):
        raise ModelError("no description of a model's step")


def _is_step(description: StepDescription) -> bool:
    """Returns whether a description has what every step has, and each state once, as it comes out and goes in."""
    inputs, outputs = ({info.name: info.shape for info in infos} for infos in (description.inputs, description.outputs))
    given = _GIVEN | {name: shape for name, shape in inputs.items() if name == "cues"}
    labels = (None, description.num_classes)
    results = {"logits": labels, "label_events": labels, "label": (None,)}
    states = description.states
    return (
        sorted(info.name for info in description.inputs) == sorted([*given, *(own.input for own in states)])
        and sorted(info.name for info in description.outputs) == sorted([*results, *(own.output for own in states)])
        and all(inputs[name] == shape for name, shape in given.items())
        and all(outputs[name] == shape for name, shape in results.items())
        and all(inputs[own.input] == outputs[own.output] for own in states)
    )


def _damaged(error: Exception) -> ModelError:
    return ModelError(f"its step file is damaged ({reason(error)[:100]}); copy it anew")


class StepRun:
    """A batch of melodies on its way through a model, step by step; its states lie here."""

    def __init__(self, step: Step, steps_per_bar: NDArray[np.int32]) -> None:
        """Begins before the first event.

        Args:
            step: The model's step.
            steps_per_bar: [batch] int32, steps in a bar of each melody.

        Raises:
            ModelError: If LiteRT cannot read the file.
        """
        self._file = open_file(step.content)
        self._states = step.description.states
        _check(step.description, self._file)
        self._batch_axes = {
            info.name: info.shape.index(None) if None in info.shape else None for info in step.description.inputs
        }
        try:
            self._begin(step, steps_per_bar)
        except (KeyError, ValueError, RuntimeError, TypeError, MemoryError) as error:
            raise _damaged(error) from error
        self._is_begun = False
        self._rows: NDArray[np.int64] | None = None

    def _begin(self, step: Step, steps_per_bar: NDArray[np.int32]) -> None:
        """Makes room for a batch and puts in what holds before the first event."""
        interpreter, batch_size = self._file.interpreter, len(steps_per_bar)
        for info in step.description.inputs:
            shape = [batch_size if size is None else size for size in info.shape]
            interpreter.resize_tensor_input(self._file.inputs[info.name], shape)
        with quietly():
            interpreter.allocate_tensors()
        for state in self._states:
            index = self._file.inputs[state.input]
            interpreter.set_tensor(index, np.zeros_like(interpreter.get_tensor(index)))
        self._give("steps_per_bar", steps_per_bar)
        self._give("is_first", [1])

    def __call__(self, event: NDArray[np.int32], cues: NDArray[np.int32]) -> StepResult:
        """Takes in one event of each melody and says what may come next.

        Args:
            event: [batch] int32.
            cues: [batch, num_cues] int32, those of the step after the event.

        Raises:
            ModelError: If the file cannot do what its description says.
        """
        try:
            return self._step(event, cues)
        except (ValueError, RuntimeError, TypeError) as error:
            raise _damaged(error) from error

    def _step(self, event: NDArray[np.int32], cues: NDArray[np.int32]) -> StepResult:
        if self._is_begun:
            for state in self._states:
                self._give(state.input, self._state_after(state))
            self._rows = None
        self._give("event", event)
        if "cues" in self._file.inputs:
            self._give("cues", cues)
        self._file.interpreter.invoke()
        if not self._is_begun:
            self._give("is_first", [0])
            self._is_begun = True
        logits, label_events, label = map(self._take, StepResult._fields)
        return StepResult(logits, label_events.astype(np.int32), label.astype(np.int32))

    def reorder(self, rows: NDArray[np.int64]) -> None:
        """Goes on with other melodies of the batch, [batch] of their rows; all have the same bars."""
        self._rows = rows

    def _give(self, name: str, values: Any) -> None:
        self._file.interpreter.set_tensor(self._file.inputs[name], np.asarray(values, np.float32))

    def _take(self, name: str) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self._file.interpreter.get_tensor(self._file.outputs[name])
        return values

    def _state_after(self, state: StateInfo) -> NDArray[np.float32]:
        after, axis = self._take(state.output), self._batch_axes[state.input]
        return after if self._rows is None or axis is None else np.take(after, self._rows, axis=axis)
