"""The sampler: its settings, the distribution that they make of logits, and the draw."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.schedule import Schedule, Steps
from melody_rnn.sampling.transforms import BY_NAME, Now, Stage, Transform, in_order

Setting = float | Sequence[float]
Values = Any
"""An array or tensor [batch]."""


class Controls(NamedTuple):
    """The settings as the compiled loop takes them: what is not in use is not there and is left out of the graph.

    Attributes:
        values: By the transform's name, one value a melody: [batch], or [batch, width]; [batch, steps] where it changes
            from step to step.
        transforms: Those in use, in their order.
    """

    values: dict[str, Values]
    transforms: tuple[Transform, ...]

    @property
    def counts_onsets(self) -> bool:
        """Whether a setting needs the notes so far."""
        return any(transform.needs_onsets for transform in self.transforms)

    @property
    def counts_bars(self) -> bool:
        """Whether a setting needs the bars of the notes so far."""
        return any(transform.needs_bars for transform in self.transforms)

    @property
    def is_steered(self) -> bool:
        """Whether a setting needs to know how surprising the events so far were."""
        return any(transform.is_steered for transform in self.transforms)

    @property
    def _by_step(self) -> list[str]:
        """The names of the settings that change from step to step."""
        return [own.name for own in self.transforms if own.by_step and len(self.values[own.name].shape) > 1]

    def of_rows(self, rows: Values, num_steps: int) -> "Controls":
        """Returns the settings of some melodies, those that change held from their last step on to `num_steps`."""
        values = {name: value[rows] for name, value in self.values.items()}
        for name in self._by_step:
            own = values[name][:, :num_steps]
            values[name] = np.pad(own, [(0, 0), (0, num_steps - own.shape[1])], mode="edge")
        return self._replace(values=values)

    def at(self, step: Array) -> "Controls":
        """Returns the settings of one step, each [batch] or [batch, width]."""
        return self._replace(values=self.values | {name: self.values[name][:, step] for name in self._by_step})

    def apply(self, stages: Container[Stage], logits: Array, now: Now) -> Array:
        """Returns logits [batch, num_classes] float32 with the transforms of some stages applied, in their order."""
        for transform in self.transforms:
            if transform.stage in stages:
                logits = transform(logits, self.values[transform.name], now)
        return logits


@dataclass(frozen=True)
class SamplerSettings:
    """How events are chosen; each field is one value for all melodies or a sequence of one for each.

    Each field but the last is the value of the transform of its name in `TRANSFORMS`, which says what it does and what
    its values must be; None leaves it out. They work in the order of that list, whatever the order in which they are
    given. Temperature and surprise can also be a `Schedule`, or an array [num_melodies or 1, new_steps], and then
    change from step to step.

    Attributes:
        transforms: Your own ones, each with its value; see `Transform`.
    """

    temperature: Setting | Schedule | NDArray[np.floating] = 1.0
    top_k: int | Sequence[int] | None = None
    top_p: Setting | None = None
    min_p: Setting | None = None
    typical_p: Setting | None = None
    epsilon: Setting | None = None
    eta: Setting | None = None
    dynamic_temperature: tuple[float, float] | Sequence[tuple[float, float]] | None = None
    repetition_penalty: Setting | None = None
    no_repeat_ngram: int | Sequence[int] | None = None
    max_same_pitch: int | Sequence[int] | None = None
    p_less: Setting | None = None
    top_n_sigma: Setting | None = None
    top_h: Setting | None = None
    surprise: Setting | Schedule | NDArray[np.floating] | None = None
    dry: Setting | None = None
    xtc: tuple[float, float] | Sequence[tuple[float, float]] | None = None
    transforms: Sequence[Transform] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "transforms", tuple(self.transforms))
        for transform in in_order(tuple(self.transforms)):
            value = self._value(transform)
            if value is not None:
                transform.check(value.values if isinstance(value, Schedule) else value)
        temperature = self.temperature.values if isinstance(self.temperature, Schedule) else self.temperature
        if self.surprise is not None and not np.all(temperature):
            raise InvalidArgumentError("surprise steers by the temperature, so temperature must not be 0; leave it out")

    def _value(self, transform: Transform) -> Any:
        return getattr(self, transform.name) if transform.name in BY_NAME else transform.value

    def controls(self, num_melodies: int, steps: Steps | Sequence[Steps] | None = None) -> Controls:
        """Returns the settings of `num_melodies` melodies.

        Args:
            num_melodies: For how many melodies.
            steps: The steps that are generated, for all melodies or for each; needed if a setting changes from step to
                step.

        Raises:
            InvalidArgumentError: If a setting has another number of values.
        """
        used = [own for own in in_order(tuple(self.transforms)) if self._value(own) is not None]
        values = {
            own.name: (self._spread_over_steps if own.by_step else self._spread)(own, num_melodies, steps)
            for own in used
        }
        return Controls(values, tuple(used))

    def _spread(self, transform: Transform, num_melodies: int, _: object) -> Values:
        return transform.spread(self._value(transform), num_melodies)

    def _spread_over_steps(
        self, transform: Transform, num_melodies: int, steps: Steps | Sequence[Steps] | None
    ) -> Values:
        name, value = transform.name, self._value(transform)
        each = [steps] if isinstance(steps, Steps) else list(steps or ())
        most = max((own.num_steps for own in each), default=None)
        if isinstance(value, Schedule):
            if most is None:
                raise InvalidArgumentError(f"a {name} schedule needs the steps that it is over")
            rows = (value.over_steps(own) for own in each)
            value = np.stack([np.pad(row, (0, most - len(row)), mode="edge") for row in rows])
        if not isinstance(value, np.ndarray) or value.ndim != 2:
            return transform.spread(value, num_melodies)
        num_rows, num_steps = value.shape
        if num_rows not in (1, num_melodies) or num_steps != most:
            wanted = f"[1 or {num_melodies}, {most or 'new_steps'}]"
            raise InvalidArgumentError(f"a {name} for each step must be an array {wanted}, got {[*value.shape]}")
        return np.broadcast_to(value, (num_melodies, num_steps)).astype(np.float32)


def fill_with_noise(noise: NDArray[np.float32], seed: int, index: int) -> None:
    """Fills in the randomness of one melody, a function of the seed and of the melody's index alone.

    Args:
        noise: [num_draws, num_classes] float32, becomes uniform in [0, 1). Each draw keeps its noise when there are
            more of them.
        seed: Of the run, not negative.
        index: Which melody of the run this is, not negative.
    """
    np.random.Generator(np.random.Philox(key=[seed, index])).random(out=noise, dtype=np.float32)


def noise_of(seed: int, index: int, num_classes: int) -> Iterator[NDArray[np.float32]]:
    """Yields what `fill_with_noise` fills in, [num_classes] float32 for each draw, without end."""
    generator = np.random.Generator(np.random.Philox(key=[seed, index]))
    while True:
        yield generator.random(num_classes, np.float32)


def gumbel(uniform: Array) -> Array:
    """Returns standard Gumbel noise, float32, from uniform noise of any shape."""
    log = namespace(uniform).log
    return -log(-log(uniform))


def draw(logits: Array, noise: Array) -> Array:
    """Draws a class from softmax(logits) by the Gumbel-max trick.

    Args:
        logits: [batch, num_classes] float32; a class of -inf is never drawn.
        noise: [batch, num_classes] float32 from `gumbel`.

    Returns:
        [batch] int32 classes.

    Source: Maddison et al. 2014, arXiv:1411.0030.
    """
    xp, perturbed = namespace(logits), logits + noise
    # An argmax, but XLA runs the two plain reductions several times faster.
    num_classes = perturbed.shape[1]
    is_largest = perturbed == xp.max(perturbed, axis=1, keepdims=True)
    return xp.min(xp.where(is_largest, xp.arange(num_classes), num_classes - 1), axis=1)
