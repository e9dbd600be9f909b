"""How a model is trained, as frozen data, and `key=value` text that changes it."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from melody_rnn.config import MAX_SEED, EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.errors import InvalidArgumentError

LearningRateSchedule = Literal["constant", "cosine"]
Keep = Literal["best", "last"]
_MAX_WHOLE: Final = 2**31 - 1


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained; the defaults are Magenta's, except for the patience, which Magenta does not have.

    Attributes:
        batch_size: Melodies in the batch of each step.
        learning_rate: Of the optimizer, Adam, at the start of the run.
        schedule: 'constant', or 'cosine' down to 0 over the whole run.
        clip_norm: Largest norm of each variable's gradient.
        transposition: Each melody is moved up or down by a random number of semitones, at most this many, drawn anew in
            each epoch, as far as it stays in the model's range; 0 for none.
        input_noise: Each note is another one nearby with this probability, as the network hears it, in half of the
            melodies; the labels stay. So the network learns to recover from its own mistakes.
        epochs: How often training goes through the train split.
        steps: Steps after which the run ends, even within an epoch; None for no limit.
        patience: Epochs without a better validation loss after which the run ends; 0 for no limit.
        mixed_precision: Whether LSTM layers compute in float16 on a GPU.
        seed: For the random numbers of fresh weights, dropout, transpositions and the order of batches.
        keep: Which weights the run's model has: the 'best' on the validation split, or the 'last', as Magenta has it,
            for which no validation split is needed.
        checkpoint_steps: Steps from one checkpoint and its figures to the next; None for an epoch's.
        num_checkpoints: How many of the last checkpoints are kept; 0 for all.
        distill_temperature: The temperature of the teachers' and the student's softmax, above 0; without teachers it
            does nothing.
        distill_weight: The weight of what teachers say, in [0, 1]; the events themselves have the rest. Without
            teachers it does nothing.
        written: How many tunes the teachers write before training, each the same number, by the outlines of the train
            split. If there are any, the student learns from its teachers in these tunes only, and from events in the
            train split only.
        written_per_melody: How many of these tunes a batch has for each of its melodies.
        unknown_chords: The share of melodies whose chords a model with chord inputs is not told, drawn anew in each
            epoch, so that it can write without chords too.
        only_chords: Whether only the weights of the inputs for known chords are trained. A model that begins with the
            weights of one without chords then stays the same as long as it is told no chords.
    """

    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: LearningRateSchedule = "constant"
    clip_norm: float = 5.0
    transposition: int = 0
    input_noise: float = 0.0
    epochs: int = 50
    steps: int | None = None
    patience: int = 10
    mixed_precision: bool = False
    seed: int = 0
    keep: Keep = "best"
    checkpoint_steps: int | None = None
    num_checkpoints: int = 2
    distill_temperature: float = 2.0
    distill_weight: float = 0.5
    written: int = 0
    written_per_melody: int = 3
    unknown_chords: float = 0.0
    only_chords: bool = False

    def __post_init__(self) -> None:
        least_values = {"batch_size": 1, "epochs": 1, "steps": 1, "checkpoint_steps": 1}
        for name, least in (
            least_values
            | {"patience": 0, "transposition": 0, "num_checkpoints": 0, "written": 0, "written_per_melody": 1}
        ).items():
            value = getattr(self, name)
            is_missing = value is None and name in ("steps", "checkpoint_steps")
            if not is_missing and not (isinstance(value, int) and least <= value <= _MAX_WHOLE):
                raise InvalidArgumentError(
                    f"{name} must be at least {least}, a whole number up to {_MAX_WHOLE}, got {value}"
                )
        for name in ("learning_rate", "clip_norm", "distill_temperature"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise InvalidArgumentError(f"{name} must be a finite number above 0, got {getattr(self, name)}")
        for name, choices in (("schedule", LearningRateSchedule), ("keep", Keep)):
            if getattr(self, name) not in get_args(choices):
                words = ", ".join(get_args(choices))
                raise InvalidArgumentError(f"{name} must be one of {words}, got {getattr(self, name)}")
        if not 0 <= self.distill_weight <= 1:
            raise InvalidArgumentError(f"distill_weight must be from 0 to 1, got {self.distill_weight}")
        if not 0 <= self.input_noise <= 1:
            raise InvalidArgumentError(f"input_noise must be from 0 to 1, got {self.input_noise}")
        if not 0 <= self.unknown_chords <= 1:
            raise InvalidArgumentError(f"unknown_chords must be from 0 to 1, got {self.unknown_chords}")
        if not (isinstance(self.seed, int) and 0 <= self.seed <= MAX_SEED):
            raise InvalidArgumentError(f"seed must be from 0 to {MAX_SEED}, got {self.seed}")


# Magenta trains each lead sheet in all keys.
_ALL_KEYS: Final = 6
SETTINGS: Final[Mapping[str, TrainingSettings]] = MappingProxyType(
    {
        "basic_rnn": TrainingSettings(),
        "mono_rnn": TrainingSettings(),
        "lookback_rnn": TrainingSettings(),
        "attention_rnn": TrainingSettings(clip_norm=3.0),
        "tunes_rnn": TrainingSettings(batch_size=32, learning_rate=3e-3, schedule="cosine", epochs=24),
        "basic_improv": TrainingSettings(transposition=_ALL_KEYS),
        "attention_improv": TrainingSettings(clip_norm=3.0, transposition=_ALL_KEYS),
        "chord_pitches_improv": TrainingSettings(clip_norm=3.0, transposition=_ALL_KEYS),
        "chords_rnn": TrainingSettings(
            batch_size=32, learning_rate=3e-3, schedule="cosine", epochs=24, unknown_chords=0.3
        ),
    }
)
"""Each configuration's settings; Magenta's for its own (melody_rnn_model.py, improv_rnn_model.py)."""

_NETWORK_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(NetworkConfig))
_ENCODING_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(EncodingConfig)) - {"kind"}
_TRAINING_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(TrainingSettings))
_FIELDS: Final = _NETWORK_FIELDS | _ENCODING_FIELDS | _TRAINING_FIELDS
# Magenta's names of what a network has under another one here.
_MAGENTA_NAMES: Final = {"rnn_layer_sizes": "layer_sizes", "attn_length": "attention_length"}
# What Magenta's hparams have and no network here does; they may be given as what they are by default.
_MAGENTA_ONLY: Final = ("residual_connections", "use_cudnn")
# One and two bars, as Magenta's 16 and 32 steps are in 4/4.
_BAR_LOOKBACKS: Final = [1, 2]


def parse_hparams(
    texts: Sequence[str], config: ModelConfig, settings: TrainingSettings
) -> tuple[ModelConfig, TrainingSettings]:
    """Changes a model's network, encoding and training settings by `name=value` texts.

    Magenta's names `rnn_layer_sizes`, `attn_length` and `dropout_keep_prob` are understood too.

    Args:
        texts: As 'batch_size=64' or 'layer_sizes=[128,128]'; several may be joined by commas.
        config: The model.
        settings: The settings before the change.

    Raises:
        InvalidArgumentError: If a name is unknown or a value is of another type or out of its limits.
    """
    values = read_hparams(texts)
    training = {name: value for name, value in values.items() if name in _TRAINING_FIELDS}
    for name, value in training.items():
        _check_type(name, value, getattr(TrainingSettings(steps=1, checkpoint_steps=1), name))
    if values.get("lookback_unit") == "bar":
        values.setdefault("lookback_distances", _BAR_LOOKBACKS)
    data = json.loads(config.to_json())
    for part, names in (("network", _NETWORK_FIELDS), ("encoding", _ENCODING_FIELDS)):
        data[part].update({name: value for name, value in values.items() if name in names})
    try:
        return ModelConfig.from_json(json.dumps(data)), dataclasses.replace(settings, **training)
    except Exception as error:
        raise InvalidArgumentError(f"hparams: {error}") from error


def read_hparams(texts: Sequence[str]) -> dict[str, Any]:
    """Returns the values in `name=value` texts by the names of network, encoding and training fields.

    Raises:
        InvalidArgumentError: If a text is no such pair, or a name is unknown.
    """
    values: dict[str, Any] = {}
    for name, text in (pair for item in texts for pair in _pairs(item)):
        value = _value(name, text)
        if name in _MAGENTA_ONLY:
            if text.lower() not in ("false", "0"):
                raise InvalidArgumentError(f"hparams: {name} can only be false, no model here has it; got {text}")
            continue
        if name == "dropout_keep_prob":
            name, value = "dropout", 1 - value if type(value) in (int, float) else value
        name = _MAGENTA_NAMES.get(name, name)
        if name not in _FIELDS:
            known = ", ".join(sorted(_FIELDS))
            raise InvalidArgumentError(f"hparams: unknown name {name!r}; the names are {known}")
        values[name] = value
    return values


def _pairs(item: str) -> list[tuple[str, str]]:
    """Splits 'a=1,b=[2,3]' at the commas that are outside of brackets."""
    parts, depth = [""], 0
    for character in item:
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    pairs = [tuple(text.strip() for text in part.partition("=")[::2]) for part in parts]
    if not all(name and value for name, value in pairs):
        raise InvalidArgumentError(f"hparams must be name=value, got {item!r}")
    return pairs  # type: ignore[return-value]


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return float(text)  # JSON has no '.5' and no '5.'.
    except ValueError:
        if text.isidentifier():
            return text
        raise InvalidArgumentError(f"hparams: {name} must be a number, a list or a word, got {text!r}") from None


def _check_type(name: str, value: Any, example: Any) -> None:
    is_right = type(value) is type(example) or (type(example) is float and type(value) is int)
    if not is_right:
        raise InvalidArgumentError(f"hparams: {name} must be of type {type(example).__name__}, got {value!r}")
