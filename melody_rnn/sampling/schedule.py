"""Settings that change over a melody: temperatures, and targets of surprise."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import DEFAULT_STEPS_PER_BAR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TEMPERATURE: Final = 1_000_000
"""There everything is equally likely."""
_FORMS: Final = "a number, FROM..TO over the generated part, or a number for each bar, such as 1,0.7,0.7"


class Steps(NamedTuple):
    """The steps of a melody that are generated.

    Attributes:
        first: How many steps lie before them.
        num_steps: How many they are.
        per_bar: Steps in a bar.
    """

    first: int
    num_steps: int
    per_bar: int = DEFAULT_STEPS_PER_BAR


@dataclass(frozen=True)
class Schedule:
    """A setting that changes while a tune is generated, such as a temperature that rises.

    Attributes:
        values: The values to go through, each finite and at least 0.
        over: 'part' leads evenly from value to value over the whole generated part. 'bars' gives each bar its value,
            the first one to the bar in which generation begins; the last value holds.
    """

    values: tuple[float, ...]
    over: Literal["part", "bars"] = "part"

    def __post_init__(self) -> None:
        if not self.values:
            raise InvalidArgumentError("a schedule must have at least one value, got none")
        for value in self.values:
            if not (math.isfinite(value) and value >= 0):
                raise InvalidArgumentError(f"each value must be a finite number of at least 0, got {value:g}")
            if value > MAX_TEMPERATURE:
                raise InvalidArgumentError(f"each value must be at most {MAX_TEMPERATURE:,}, got {value:g}")

    def over_steps(self, steps: Steps) -> "NDArray[np.float32]":
        """Returns the value of each generated step, [steps.num_steps] float32."""
        import numpy as np

        values = np.asarray(self.values, np.float32)
        if self.over == "bars":
            bars = (steps.first + np.arange(steps.num_steps)) // steps.per_bar - steps.first // steps.per_bar
            held: NDArray[np.float32] = values[np.minimum(bars, len(values) - 1)]
            return held
        places = np.linspace(0, len(values) - 1, steps.num_steps)
        return np.interp(places, np.arange(len(values)), values).astype(np.float32)

    def __str__(self) -> str:
        return (".." if self.over == "part" else ",").join(f"{value:g}" for value in self.values)


def parse_schedule(text: str, name: str = "temperature") -> float | Schedule:
    """Reads a value or a schedule: '0.9', '0.6..1.2' or '1.0,0.7,0.7,1.0'.

    Args:
        text: What was given.
        name: What it is, for messages.

    Raises:
        InvalidArgumentError: If it is none of them, or a value is negative or not finite.
    """
    separator = ".." if ".." in text else ","
    try:
        values = tuple(float(part) for part in text.split(separator))
    except ValueError:
        raise InvalidArgumentError(f"the {name} must be {_FORMS}, got {text or 'nothing'}") from None
    schedule = Schedule(values, "part" if separator == ".." else "bars")
    return schedule if len(values) > 1 else values[0]
