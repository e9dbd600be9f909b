"""The sampler: its settings, the distribution that they make of logits, and the draw."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.repetition import MAX_NGRAM, forbid_repeated_ngrams, forbid_same_pitch, penalise_repeats
from melody_rnn.sampling.schedule import MAX_TEMPERATURE, Schedule, Steps
from melody_rnn.sampling.temperature import dynamic_temperature, temper
from melody_rnn.sampling.truncation import (
    keep_above_epsilon,
    keep_above_eta,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    keep_typical,
)

Setting = float | Sequence[float]
Values = Any
"""An array or tensor [batch]."""


class Controls(NamedTuple):
    """The settings as the compiled loop takes them: one value a melody; None leaves a step out of the graph.

    Attributes:
        temperature: [batch] float32, or [batch, steps] where it changes from step to step.
        top_k: [batch] int32 or None.
        top_p: [batch] float32 or None.
        min_p: [batch] float32 or None.
        typical_p: [batch] float32 or None.
        epsilon: [batch] float32 or None.
        eta: [batch] float32 or None.
        dynamic_temperature: [batch, 2] float32 or None.
        repetition_penalty: [batch] float32 or None.
        no_repeat_ngram: [batch] int32 or None.
        max_same_pitch: [batch] int32 or None.
    """

    temperature: Values
    top_k: Values | None = None
    top_p: Values | None = None
    min_p: Values | None = None
    typical_p: Values | None = None
    epsilon: Values | None = None
    eta: Values | None = None
    dynamic_temperature: Values | None = None
    repetition_penalty: Values | None = None
    no_repeat_ngram: Values | None = None
    max_same_pitch: Values | None = None

    @property
    def counts_onsets(self) -> bool:
        """Whether a setting needs the notes so far."""
        settings = (self.repetition_penalty, self.no_repeat_ngram, self.max_same_pitch)
        return any(setting is not None for setting in settings)

    def of_rows(self, rows: Values, num_steps: int) -> "Controls":
        """Returns the settings of some melodies, those that change held from their last step on to `num_steps`."""
        taken = Controls(*(None if setting is None else setting[rows] for setting in self))
        if taken.temperature.ndim == 1:
            return taken
        temperature = taken.temperature[:, :num_steps]
        missing = num_steps - temperature.shape[1]
        return taken._replace(temperature=np.pad(temperature, [(0, 0), (0, missing)], mode="edge"))

    def at(self, step: Array) -> "Controls":
        """Returns the settings of one step, the temperature [batch]."""
        return self if len(self.temperature.shape) == 1 else self._replace(temperature=self.temperature[:, step])


@dataclass(frozen=True)
class SamplerSettings:
    """How events are chosen; each field is one value for all melodies or a sequence of one for each.

    The fields work in a fixed order, whatever the order in which they are given: repetition_penalty, no_repeat_ngram,
    max_same_pitch; temperature times dynamic_temperature; top_k, top_p, min_p, typical_p, epsilon, eta.

    Attributes:
        temperature: Finite, at least 0; 1 is the model's own distribution, 0 always takes the likeliest event. A
            `Schedule`, or an array [num_melodies or 1, new_steps], changes it from step to step.
        top_k: At least 1, or None for off.
        top_p: In (0, 1], or None for off.
        min_p: In [0, 1], or None for off.
        typical_p: In (0, 1], or None for off.
        epsilon: In [0, 1], or None for off.
        eta: In [0, 1], or None for off.
        dynamic_temperature: What to multiply the temperature by where the model is sure, and where it is not, two
            finite numbers of at least 0; or None for off. One such pair, or one a melody.
        repetition_penalty: At least 1, or None for off.
        no_repeat_ngram: From 2 to `MAX_NGRAM` notes, or None for off.
        max_same_pitch: At least 1, or None for off.
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

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            _check(name, getattr(self, name), limit)

    def controls(self, num_melodies: int, steps: Steps | Sequence[Steps] | None = None) -> Controls:
        """Returns the settings of `num_melodies` melodies.

        Args:
            num_melodies: How many.
            steps: What is generated, of all or of each; a temperature that changes from step to step needs it.

        Raises:
            InvalidArgumentError: If a setting has another number of values.
        """
        spread = {name: _spread(name, getattr(self, name), num_melodies) for name in _LIMITS if name != "temperature"}
        return Controls(temperature=self._temperatures(num_melodies, steps), **spread)

    def _temperatures(self, num_melodies: int, steps: Steps | Sequence[Steps] | None) -> Values:
        temperature = self.temperature
        each = [steps] if isinstance(steps, Steps) else list(steps or ())
        most = max((own.num_steps for own in each), default=None)
        if isinstance(temperature, Schedule):
            if most is None:
                raise InvalidArgumentError("a temperature schedule needs the steps that it is over")
            rows = (temperature.temperatures(own) for own in each)
            temperature = np.stack([np.pad(row, (0, most - len(row)), mode="edge") for row in rows])
        if not isinstance(temperature, np.ndarray) or temperature.ndim != 2:
            return _spread("temperature", temperature, num_melodies)
        num_rows, num_steps = temperature.shape
        if num_rows not in (1, num_melodies) or num_steps != most:
            wanted = f"[1 or {num_melodies}, {most or 'new_steps'}]"
            raise InvalidArgumentError(
                f"a temperature for each step must be an array {wanted}, got {[*temperature.shape]}"
            )
        return np.broadcast_to(temperature, (num_melodies, num_steps)).astype(np.float32)


def control_repetition(logits: Array, controls: Controls, label_events: Array, onsets: Array) -> Array:
    """Applies the repetition penalty, no-repeat n-grams and the cap on one pitch in a row, in this order.

    Args:
        logits: [batch, num_classes] float32.
        controls: One value a melody.
        label_events: [batch, num_classes] int32, the event that each label stands for.
        onsets: [batch, MAX_ONSETS] int32, the notes so far.

    Returns:
        [batch, num_classes] float32.
    """
    if controls.repetition_penalty is not None:
        logits = penalise_repeats(logits, label_events, onsets, controls.repetition_penalty)
    if controls.no_repeat_ngram is not None:
        logits = forbid_repeated_ngrams(logits, label_events, onsets, controls.no_repeat_ngram)
    if controls.max_same_pitch is not None:
        logits = forbid_same_pitch(logits, label_events, onsets, controls.max_same_pitch)
    return logits


def transform(logits: Array, controls: Controls) -> Array:
    """Applies the temperature and the truncations, in the order of `SamplerSettings`.

    Args:
        logits: [batch, num_classes] float32; -inf for a class that must not be chosen.
        controls: One value a melody, those of one step.

    Returns:
        [batch, num_classes] float32 logits whose softmax is the distribution that is drawn from.
    """
    temperature = controls.temperature
    if controls.dynamic_temperature is not None:
        sure, unsure = controls.dynamic_temperature[:, 0], controls.dynamic_temperature[:, 1]
        temperature = temperature * dynamic_temperature(logits, sure, unsure)
    logits = temper(logits, temperature)
    truncations = (
        (keep_top_k, controls.top_k),
        (keep_top_p, controls.top_p),
        (keep_min_p, controls.min_p),
        (keep_typical, controls.typical_p),
        (keep_above_epsilon, controls.epsilon),
        (keep_above_eta, controls.eta),
    )
    for truncate, setting in truncations:
        if setting is not None:
            logits = truncate(logits, setting)
    return logits


def fill_with_noise(noise: NDArray[np.float32], seed: int, index: int) -> None:
    """Fills in the randomness of one melody, a function of the seed and of the melody's index alone.

    Args:
        noise: [num_draws, num_classes] float32, becomes uniform in [0, 1). Each draw keeps its noise when there are
            more of them.
        seed: Of the run, not negative.
        index: Which melody of the run this is, not negative.
    """
    np.random.Generator(np.random.Philox(key=[seed, index])).random(out=noise, dtype=np.float32)


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


class _Limit(NamedTuple):
    """What a setting's values must be, in words and as a function."""

    words: str
    is_valid: Callable[[float], bool]
    is_whole: bool = False


MAX_SETTING: Final = MAX_TEMPERATURE
"""No setting means anything more beyond this number."""
_LIMITS: Final = {
    "temperature": _Limit("a finite number of at least 0", lambda t: t >= 0),
    "top_k": _Limit("a whole number of at least 1", lambda k: k >= 1, is_whole=True),
    "top_p": _Limit("above 0 and at most 1", lambda p: 0 < p <= 1),
    "min_p": _Limit("from 0 to 1", lambda p: 0 <= p <= 1),
    "typical_p": _Limit("above 0 and at most 1", lambda p: 0 < p <= 1),
    "epsilon": _Limit("from 0 to 1", lambda p: 0 <= p <= 1),
    "eta": _Limit("from 0 to 1", lambda p: 0 <= p <= 1),
    "dynamic_temperature": _Limit("two finite numbers of at least 0", lambda t: t >= 0),
    "repetition_penalty": _Limit("a finite number of at least 1", lambda x: x >= 1),
    "no_repeat_ngram": _Limit(f"a whole number from 2 to {MAX_NGRAM}", lambda n: 2 <= n <= MAX_NGRAM, is_whole=True),
    "max_same_pitch": _Limit("a whole number of at least 1", lambda n: n >= 1, is_whole=True),
}


def _check(name: str, setting: Any, limit: _Limit) -> None:
    if setting is None or isinstance(setting, Schedule):
        return
    try:
        values = np.asarray(setting)
    except ValueError:
        values = np.asarray(None)
    is_number = values.dtype.kind in "iuf" and values.size > 0
    is_shaped = values.ndim in (1, 2) and values.shape[-1] == 2 if name == "dynamic_temperature" else True
    if not is_number or not is_shaped:
        raise InvalidArgumentError(f"{name} must be {limit.words}, got {setting}")
    for value in values.ravel().tolist():
        if not math.isfinite(value) or not limit.is_valid(value) or (limit.is_whole and value != int(value)):
            raise InvalidArgumentError(f"{name} must be {limit.words}, got {value}")
        if value > MAX_SETTING:
            raise InvalidArgumentError(f"{name} must be at most {MAX_SETTING:,}, got {value:g}")


def _spread(name: str, setting: Any, num_melodies: int) -> Values | None:
    if setting is None:
        return None
    values = np.asarray(setting, np.int32 if _LIMITS[name].is_whole else np.float32)
    trailing = values.shape[-1:] if name == "dynamic_temperature" else ()
    if values.ndim == len(trailing):
        values = np.broadcast_to(values, (num_melodies, *trailing))
    if values.shape != (num_melodies, *trailing):
        one = "pair" if trailing else "number"
        raise InvalidArgumentError(
            f"{name} must be one {one} or one for each of the {num_melodies} melodies, got {len(values)} {one}s"
        )
    return values
