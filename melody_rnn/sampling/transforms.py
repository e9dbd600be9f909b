"""Transforms: each setting of the sampler as one object, and the list of them, which is their order.

A transform turns logits into logits, on NumPy arrays and on tensors alike, so that it becomes a part of the compiled
loop, of the loop around the LiteRT step and of exported files. Checks, options and documentation follow from the list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.limits import MAX_NGRAM, MAX_ONSETS
from melody_rnn.sampling.schedule import MAX_TEMPERATURE

if TYPE_CHECKING:
    from melody_rnn.arrays import Array

Stage = Literal["repetition", "temperature", "truncation"]


class Now(NamedTuple):
    """What a transform knows of a step besides the logits.

    Attributes:
        label_events: [batch, num_classes] int32, the event that each label stands for.
        onsets: [batch, MAX_ONSETS] int32, the pitches of the notes so far, the newest last, -1 where there are fewer;
            nothing unless a transform that is in use has `needs_onsets`.
        step: [] int32, of the new steps.
        onset_bars: [batch, MAX_ONSETS] int32, the bar of each of the notes so far, from 0; -1 where there are fewer;
            nothing unless a transform that is in use has `needs_bars`.
        bar: [batch] int32, the step's; nothing where `onset_bars` is.
        steering: [batch, STEERING_SIZE] float32, how surprising the events so far were (`sampling.surprise`); nothing
            unless a transform that is in use is `steered`.
    """

    label_events: Array
    onsets: Array
    step: Array
    onset_bars: Array = ()
    bar: Array = ()
    steering: Array = ()


class Limit(NamedTuple):
    """What a setting's values must be.

    Attributes:
        words: In words, after 'must be'.
        is_valid: Whether a finite number meets it.
        whole: The least and the greatest (or None) of whole numbers; None where any number will do.
    """

    words: str
    is_valid: Callable[[float], bool]
    whole: tuple[int, int | None] | None = None


FINITE: Final = Limit("a finite number", lambda _: True)
_SHARE: Final = Limit("above 0 and at most 1", lambda p: 0 < p <= 1)
_SHARE_OR_NONE: Final = Limit("from 0 to 1", lambda p: 0 <= p <= 1)
_COUNT: Final = Limit("a whole number of at least 1", lambda n: n >= 1, (1, int(MAX_TEMPERATURE)))


@dataclass(frozen=True)
class Transform:
    """One setting of the sampler.

    Attributes:
        name: Its name in Python; the command's option has hyphens in place of underscores.
        function: Takes logits [batch, num_classes] float32 with -inf for what must not be chosen, the values [batch]
            (or [batch, width]) float32 or int32, and a `Now`; returns logits of the same shape. It calls the functions
            of `melody_rnn.arrays.namespace(logits)`, so that NumPy and TensorFlow both run it.
        help: What it does, for the command line and the documentation.
        limit: The values that are allowed.
        value: One value for all melodies or one for each, of a transform that a user adds; a listed one gets its value
            from the field of `SamplerSettings` that has its name.
        stage: 'repetition' comes before what is fixed beforehand, 'temperature' and 'truncation' after it, in this
            order. A user's own is the last of its stage.
        needs_onsets: Whether it uses the notes so far.
        needs_bars: Whether it uses the bars of these notes.
        is_steered: Whether it uses how surprising the events so far were.
        by_step: Whether its value may change from step to step.
        width: How many numbers one value has.
        metavar: If there are several, their names in the option's help, with the two dots or comma that separate them.
        neutral: The value that changes nothing.
        source: Where the idea is from, Markdown.
    """

    name: str
    function: Callable[[Array, Array, Now], Array]
    help: str = ""
    limit: Limit = FINITE
    value: Any = field(default=0.0, compare=False)
    stage: Stage = "truncation"
    needs_onsets: bool = False
    needs_bars: bool = False
    is_steered: bool = False
    by_step: bool = False
    width: int = 1
    metavar: str = ""
    neutral: float = 0
    source: str = ""

    def check(self, value: Any) -> None:
        """Raises `InvalidArgumentError` unless a value, or each of a sequence of them, is in its limit."""
        import numpy as np

        try:
            values = np.asarray(value)
        except ValueError:
            values = np.asarray(None)
        is_number = values.dtype.kind in "iuf" and values.size > 0
        if not is_number or (self.width > 1 and not (values.ndim in (1, 2) and values.shape[-1] == self.width)):
            raise InvalidArgumentError(f"{self.name} must be {self.limit.words}, got {value}")
        for number in values.ravel().tolist():
            is_whole = self.limit.whole is None or number == int(number) if math.isfinite(number) else False
            if not is_whole or not self.limit.is_valid(number):
                raise InvalidArgumentError(f"{self.name} must be {self.limit.words}, got {number}")
            if number > MAX_TEMPERATURE:
                raise InvalidArgumentError(f"{self.name} must be at most {MAX_TEMPERATURE:,}, got {number:g}")

    def spread(self, value: Any, num_melodies: int) -> Any:
        """Returns the values of so many melodies, [num_melodies] or [num_melodies, width].

        Raises:
            InvalidArgumentError: If there is another number of values.
        """
        import numpy as np

        values = np.asarray(value, np.float32 if self.limit.whole is None else np.int32)
        trailing = values.shape[-1:] if self.width > 1 else ()
        if values.ndim == len(trailing):
            values = np.broadcast_to(values, (num_melodies, *trailing))
        if values.shape != (num_melodies, *trailing):
            one = "pair" if trailing else "number"
            wanted = f"one {one} or one for each of the {num_melodies} melodies"
            raise InvalidArgumentError(f"{self.name} must be {wanted}, got {len(values)} {one}s")
        return values

    def __call__(self, logits: Array, value: Array, now: Now) -> Array:
        """Returns the logits that the function makes of others.

        Those of a user's own function lift nothing that was excluded, and stay as they were where it leaves nothing.
        """
        changed = self.function(logits, value, now)
        if self.name in BY_NAME:
            return changed
        from melody_rnn.arrays import namespace

        xp = namespace(logits)
        changed = xp.where(logits > -float("inf"), xp.asarray(changed, xp.float32), -float("inf"))
        is_left = xp.max(changed, axis=1, keepdims=True) > -float("inf")
        return xp.where(is_left, changed, logits)


def _function(name: str) -> Callable[..., Array]:
    """Returns what calls a function of this folder, whose module is imported, with NumPy, by the first call."""
    module, _, own = name.partition(".")

    def call(*arguments: Array) -> Array:
        return getattr(import_module(f"melody_rnn.sampling.{module}"), own)(*arguments)

    return call


def _alone(name: str) -> Callable[[Array, Array, Now], Array]:
    function = _function(name)
    return lambda logits, value, _: function(logits, value)


def _with_onsets(name: str) -> Callable[[Array, Array, Now], Array]:
    function = _function(name)
    return lambda logits, value, now: function(logits, now.label_events, now.onsets, value)


TRANSFORMS: Final = (
    Transform(
        "repetition_penalty",
        _with_onsets("repetition.penalise_repeats"),
        "Divide a pitch's odds among the others by this for each time it is among the last 16 notes. This option "
        "and the next three choose pitches, never when a note begins, and give way where no pitch would be left.",
        Limit("a finite number of at least 1", lambda x: x >= 1),
        stage="repetition",
        needs_onsets=True,
        neutral=1,
        source="OpenAI's frequency penalty",
    ),
    Transform(
        "dry",
        lambda logits, value, now: _function("repetition.weigh_repeats")(
            logits, now.label_events, now.onsets, now.onset_bars, now.bar, value
        ),
        "Take so many nats from a pitch that would repeat a third note after two, 1.75 times as many for each note "
        "more; a negative number gives them, so that motifs are taken up again. Bar lines break repeats.",
        stage="repetition",
        needs_onsets=True,
        needs_bars=True,
        source="[DRY, p-e-w 2024](https://github.com/oobabooga/text-generation-webui/pull/5677), the sign ours",
    ),
    Transform(
        "no_repeat_ngram",
        _with_onsets("repetition.forbid_repeated_ngrams"),
        "Repeat no sequence of this many pitches.",
        Limit(f"a whole number from 2 to {MAX_NGRAM}", lambda n: 2 <= n <= MAX_NGRAM, (2, MAX_NGRAM)),
        stage="repetition",
        needs_onsets=True,
        source="[Paulus et al. 2017](https://arxiv.org/abs/1705.04304)",
    ),
    Transform(
        "max_same_pitch",
        _with_onsets("repetition.forbid_same_pitch"),
        "Most notes of the same pitch in a row.",
        _COUNT,
        stage="repetition",
        needs_onsets=True,
        neutral=MAX_ONSETS + 1,
        source="ours",
    ),
    Transform(
        "surprise",
        lambda logits, value, now: _function("surprise.steer")(logits, value, now.steering),
        "How much an event shall surprise the model on average, in nats: a temperature that follows what was drawn "
        "steers there. Real tunes have what `melody-rnn generate` says under its table. 0.4,0.4,0.9 gives one a bar "
        "(the last one holds), 0.4..0.9 leads from one to the other.",
        Limit("a finite number of at least 0", lambda nats: nats >= 0),
        stage="temperature",
        is_steered=True,
        by_step=True,
        source="[Basu et al. 2021](https://arxiv.org/abs/2007.14966), "
        "[Bjare et al. 2024](https://arxiv.org/abs/2408.06022)",
    ),
    Transform(
        "dynamic_temperature",
        _alone("softmax.temper_dynamically"),
        "Multiply the temperature by SURE where the model is sure, by UNSURE where everything is equally likely, "
        "in proportion to the entropy between. 1.3..0.7 varies what it would repeat and avoids mistakes.",
        Limit("two finite numbers of at least 0", lambda t: t >= 0),
        stage="temperature",
        width=2,
        metavar="SURE..UNSURE",
        neutral=1,
        source="llama.cpp",
    ),
    Transform(
        "temperature",
        _alone("softmax.temper"),
        "Below 1 surer and more conservative, above 1 more diverse with more mistakes, 0 always the likeliest. "
        "0.6..1.2 leads from one to the other, 1,0.7,0.7,1 gives one a bar (the last one holds).",
        Limit("a finite number of at least 0", lambda t: t >= 0),
        stage="temperature",
        by_step=True,
        neutral=1,
        source="[Hinton et al. 2015](https://arxiv.org/abs/1503.02531)",
    ),
    Transform(
        "top_k",
        _alone("truncation.keep_top_k"),
        "Choose among the k likeliest only.",
        _COUNT,
        neutral=1000,
        source="[Fan et al. 2018](https://arxiv.org/abs/1805.04833)",
    ),
    Transform(
        "top_p",
        _alone("truncation.keep_top_p"),
        "Choose among the likeliest that together have this probability.",
        _SHARE,
        neutral=1,
        source="[Holtzman et al. 2020](https://arxiv.org/abs/1904.09751)",
    ),
    Transform(
        "min_p",
        _alone("truncation.keep_min_p"),
        "Leave out what is less than this share as likely as the likeliest.",
        _SHARE_OR_NONE,
        source="[Nguyen et al. 2024](https://arxiv.org/abs/2407.01082)",
    ),
    Transform(
        "typical_p",
        _alone("truncation.keep_typical"),
        "Choose among those with this probability together whose surprise is nearest to the mean.",
        _SHARE,
        neutral=1,
        source="[Meister et al. 2023](https://arxiv.org/abs/2202.00666)",
    ),
    Transform(
        "epsilon",
        _alone("truncation.keep_above_epsilon"),
        "Leave out what is less probable than this.",
        _SHARE_OR_NONE,
        source="[Hewitt et al. 2022](https://arxiv.org/abs/2210.15191)",
    ),
    Transform(
        "eta",
        _alone("truncation.keep_above_eta"),
        "The same, but less strict where the model is unsure: min(eta, sqrt(eta) exp(-entropy)).",
        _SHARE_OR_NONE,
        source="[Hewitt et al. 2022](https://arxiv.org/abs/2210.15191)",
    ),
    Transform(
        "p_less",
        _alone("truncation.keep_above_collisions"),
        "Leave out what is less probable than this times the sum of squared probabilities; 1 is p-less sampling.",
        _SHARE_OR_NONE,
        source="[Tan et al. 2025](https://arxiv.org/abs/2509.23234)",
    ),
    Transform(
        "top_n_sigma",
        _alone("truncation.keep_sigmas"),
        "Leave out what lies more than so many standard deviations of the logits below the largest.",
        Limit("a finite number above 0", lambda n: n > 0),
        neutral=1000,
        source="[Tang et al. 2024](https://arxiv.org/abs/2411.07641)",
    ),
    Transform(
        "top_h",
        _alone("truncation.keep_entropy"),
        "Choose among the likeliest whose entropy together is at most this share of the whole.",
        _SHARE,
        neutral=1,
        source="[Potraghloo et al. 2025](https://arxiv.org/abs/2509.02510)",
    ),
    Transform(
        "xtc",
        _alone("truncation.exclude_top_choices"),
        "In this share of all steps, exclude the labels with at least this probability, but for the least likely of "
        "them. 0.5,0.1 takes the obvious away wherever there is another choice.",
        Limit("two numbers from 0 to 1", lambda p: 0 <= p <= 1),
        width=2,
        metavar="SHARE,PROBABILITY",
        source="[XTC, p-e-w 2024](https://github.com/oobabooga/text-generation-webui/pull/6335)",
    ),
)
"""All settings, in the order in which they work."""
BY_NAME: Final = {transform.name: transform for transform in TRANSFORMS}
_STAGES: Final = ("repetition", "temperature", "truncation")


def in_order(own: tuple[Transform, ...]) -> tuple[Transform, ...]:
    """Returns all transforms in their order: a user's own ones are the last of their stages.

    Raises:
        InvalidArgumentError: If one has the name of another, none that Python could give it, or no stage.
    """
    names = set(BY_NAME)
    for transform in own:
        if not transform.name.isidentifier() or transform.name in names:
            raise InvalidArgumentError(f"a transform must have a Python name of its own, got {transform.name!r}")
        if transform.stage not in _STAGES:
            stages = ", ".join(_STAGES)
            raise InvalidArgumentError(f"a transform's stage must be one of {stages}, got {transform.stage!r}")
        names.add(transform.name)
    return tuple(sorted((*TRANSFORMS, *own), key=lambda transform: _STAGES.index(transform.stage)))


def table() -> str:
    """Returns the table of all settings in their order, Markdown."""
    rows = ["| setting | what it does | its values | source |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `--{transform.name.replace('_', '-')}` | {transform.help} | {transform.limit.words} | {transform.source} |"
        for transform in TRANSFORMS
    ]
    return "\n".join(rows) + "\n"
