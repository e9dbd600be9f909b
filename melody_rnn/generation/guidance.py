"""Two models: one writes, and another, its guide, says what it is to be unlike, or like.

The guide hears the same events, and each label's logit becomes z + g (z - z_guide), where z and z_guide are the
logarithms of the probabilities that both models give the event that the label stands for, all of its labels together.
So models of different encodings can be put together. With g > 0 what the model thinks likelier than its guide does
becomes likelier still (contrastive decoding, classifier-free guidance); from 0 down to -1 it is a product of experts,
p^(1 + g) p_guide^(-g).

An event that the guide does not know stays as it is; notes outside its range it hears an octave off.

Sources: Li et al. 2023, arXiv:2210.15097; Sanchez et al. 2023, arXiv:2306.17806, for language models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.config import EncodingConfig, ModelConfig
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.litert.description import Step, StepDescription
from melody_rnn.litert.run import StepResult, StepRun
from melody_rnn.sampling.surprise import surprises
from melody_rnn.tunes.chord_cues import NUM_CHORD_CUES
from melody_rnn.tunes.cues import NUM_CUES

if TYPE_CHECKING:
    from melody_rnn.encodings import Encoding
    from melody_rnn.network.network import MelodyNetwork

MAX_STRENGTH: Final = 10.0


def check_guide(config: ModelConfig, guide: ModelConfig, strength: float) -> None:
    """Checks that a model can be guided by another.

    Raises:
        InvalidArgumentError: If they play in different keys or on different grids, or the strength is out of range.
    """
    if not -1 <= strength <= MAX_STRENGTH:
        raise InvalidArgumentError(f"the guide's strength must be from -1 to {MAX_STRENGTH:g}, got {strength:g}")
    if guide.steps_per_quarter != config.steps_per_quarter:
        raise InvalidArgumentError(
            f"a guide must have the model's steps per quarter: {guide.name} has {guide.steps_per_quarter}, "
            f"{config.name} {config.steps_per_quarter}"
        )
    if guide.transpose_to_key not in (None, config.transpose_to_key):
        raise InvalidArgumentError(f"{guide.name} plays in a key of its own, so it cannot guide {config.name}")


def guided(logits: Array, meanings: Array, guide_logits: Array, guide_meanings: Array, strength: float) -> Array:
    """Returns logits z + g (z - z_guide), [batch, num_classes] float32.

    Args:
        logits: [batch, num_classes] float32.
        meanings: [batch, num_classes] int32, the event that each label stands for.
        guide_logits: [batch, guide_classes] float32.
        guide_meanings: [batch, guide_classes] int32.
        strength: g.
    """
    xp = namespace(logits)
    is_known = xp.any(meanings[:, :, np.newaxis] == guide_meanings[:, np.newaxis, :], axis=2)
    difference = surprises(guide_logits, guide_meanings, meanings) - surprises(logits, meanings, meanings)
    return logits + strength * xp.where(is_known, difference, 0.0)


def fold(event: Array, config: EncodingConfig) -> Array:
    """Returns events [...] int32 with notes moved by octaves into an encoding's range."""
    xp = namespace(event)
    below = xp.maximum(config.min_note - event + NOTES_PER_OCTAVE - 1, 0) // NOTES_PER_OCTAVE
    above = xp.maximum(event - config.max_note + NOTES_PER_OCTAVE, 0) // NOTES_PER_OCTAVE
    return xp.where(event >= 0, event + NOTES_PER_OCTAVE * (below - above), event)


def cues_for(num_cues: int, cues: Array) -> Array:
    """Returns cues [..., any number] as an encoding takes so many: what it alone reads says nothing.

    Args:
        num_cues: How many it takes.
        cues: Those of another encoding.
    """
    if cues.shape[-1] == num_cues:
        return cues
    xp = namespace(cues)
    parts = []
    for size, wanted, given in zip(
        (NUM_CUES, NUM_CHORD_CUES), _columns(num_cues), _columns(cues.shape[-1]), strict=True
    ):
        if wanted is not None:
            own = cues[..., :0] if given is None else cues[..., given : given + size]
            missing = size if given is None else 0
            parts.append(xp.pad(own, [*[[0, 0]] * (len(cues.shape) - 1), [0, missing]]))
    return xp.concat(parts, axis=-1) if parts else cues[..., :0]


def _columns(num_cues: int) -> tuple[int | None, int | None]:
    """Returns where the cues of form and those of chords begin among so many; None where there are none."""
    has_form = num_cues >= NUM_CUES
    has_chords = num_cues not in (0, NUM_CUES)
    return 0 if has_form else None, (NUM_CUES if has_form else 0) if has_chords else None


@dataclass(frozen=True)
class GuidedStep:
    """The steps of a model and of its guide, run by LiteRT.

    Attributes:
        own: The model's.
        guide: The guide's.
        guide_config: The guide's encoding.
        strength: g.
    """

    own: Step
    guide: Step
    guide_config: EncodingConfig
    strength: float

    @property
    def description(self) -> StepDescription:
        """The model's."""
        return self.own.description


class GuidedRun:
    """A batch of melodies on its way through a model and its guide; the methods are those of `StepRun`."""

    def __init__(self, step: GuidedStep, steps_per_bar: NDArray[np.int32]) -> None:
        """Begins before the first event."""
        self._step = step
        self._own, self._guide = StepRun(step.own, steps_per_bar), StepRun(step.guide, steps_per_bar)
        inputs = {info.name: info.shape for info in step.guide.description.inputs}
        self._guide_cues = int(inputs["cues"][1] or 0) if "cues" in inputs else 0

    def __call__(self, event: NDArray[np.int32], cues: NDArray[np.int32]) -> StepResult:
        """See `StepRun`."""
        said = self._own(event, cues)
        guide = self._guide(fold(event, self._step.guide_config), cues_for(self._guide_cues, cues))
        logits = guided(said.logits, said.label_events, guide.logits, guide.label_events, self._step.strength)
        return said._replace(logits=logits)

    def reorder(self, rows: NDArray[np.int64]) -> None:
        """See `StepRun`."""
        self._own.reorder(rows)
        self._guide.reorder(rows)


def begin_run(step: Step | GuidedStep, steps_per_bar: NDArray[np.int32]) -> StepRun | GuidedRun:
    """Returns a run of a batch of melodies [batch], before their first event."""
    return GuidedRun(step, steps_per_bar) if isinstance(step, GuidedStep) else StepRun(step, steps_per_bar)


class _Pair(NamedTuple):
    """What a model and its guide have, each."""

    own: Any
    guide: Any


class _Encoded(NamedTuple):
    """What of `Encoded` the loops take."""

    inputs: _Pair
    state: _Pair


class GuidedEncoding:
    """The encodings of a model and of its guide as one, as far as the compiled loops know an encoding."""

    def __init__(self, own: "Encoding", guide: "Encoding") -> None:
        """Joins two encodings."""
        self._own = own
        self._guide = guide
        self.config, self.num_classes, self.num_cues = own.config, own.num_classes, own.num_cues

    def initial_state(self, batch_size: Any, steps_per_bar: Any = 16) -> _Pair:
        """See `Encoding`."""
        return _Pair(*(part.initial_state(batch_size, steps_per_bar) for part in (self._own, self._guide)))

    def step(self, event: Array, state: _Pair, cues: Array) -> tuple[Any, _Pair]:
        """See `Encoding`; the network's inputs bring the meanings of both models' labels along."""
        own, own_state = self._own.step(event, state.own, cues)
        folded, guide_cues = fold(event, self._guide.config), cues_for(self._guide.num_cues, cues)
        guide, guide_state = self._guide.step(folded, state.guide, guide_cues)
        meanings = _Pair(self._own.label_events(own_state), self._guide.label_events(guide_state))
        return (_Pair(own, guide), meanings), _Pair(own_state, guide_state)

    def label_events(self, state: _Pair) -> Array:
        """See `Encoding`."""
        return self._own.label_events(state.own)

    def encode(self, events: Array, steps_per_bar: Array, cues: Array) -> _Encoded:
        """See `Encoding`."""
        own = self._own.encode(events, steps_per_bar, cues)
        guide_cues = cues_for(self._guide.num_cues, cues)
        guide = self._guide.encode(fold(events, self._guide.config), steps_per_bar, guide_cues)
        return _Encoded(_Pair(own.inputs, guide.inputs), _Pair(own.state, guide.state))


class GuidedNetwork:
    """The networks of a model and of its guide as one, as far as the compiled loops know a network."""

    def __init__(self, own: "MelodyNetwork", guide: "MelodyNetwork", strength: float) -> None:
        """Joins two networks; `strength` is g."""
        self._own = own
        self._guide = guide
        self._strength = strength

    @property
    def trainable_variables(self) -> Sequence[Any]:
        """The variables of both."""
        return [*self._own.trainable_variables, *self._guide.trainable_variables]

    def initial_state(self, batch_size: Any) -> _Pair:
        """See `MelodyNetwork`."""
        return _Pair(self._own.initial_state(batch_size), self._guide.initial_state(batch_size))

    def step(self, inputs: Any, state: _Pair) -> tuple[Array, _Pair]:
        """See `MelodyNetwork`; the inputs are those that `GuidedEncoding.step` gives."""
        features, meanings = inputs
        logits, own_state = self._own.step(features.own, state.own)
        guide_logits, guide_state = self._guide.step(features.guide, state.guide)
        logits = guided(logits, meanings.own, guide_logits, meanings.guide, self._strength)
        return logits, _Pair(own_state, guide_state)

    def forward(self, inputs: _Pair, state: _Pair) -> tuple[None, _Pair]:
        """Returns the states after whole melodies, as `MelodyNetwork.forward` does."""
        _, own_state = self._own.forward(inputs.own, state.own)
        _, guide_state = self._guide.forward(inputs.guide, state.guide)
        return None, _Pair(own_state, guide_state)
