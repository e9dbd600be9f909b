"""What a model is made of, as frozen data: `ModelConfig`, the named `CONFIGS`, and their JSON form."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from melody_rnn.errors import ModelError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NOTES_PER_OCTAVE, NUM_PITCHES

MAX_SEED: Final = 2**31 - 1
"""Largest seed of random numbers; the smallest is 0."""

MAX_FIRST: Final = 10_000_000
"""Largest number that a run's melodies begin with."""
MAX_STEPS: Final = 20_000
"""Steps of the longest melody that a model writes or scores: an hour and a half in sixteenths at 60."""
MAX_LAYERS: Final = 16
MAX_UNITS: Final = 4096
"""Units of a layer, and width of an embedding."""
MAX_WEIGHTS: Final = 2**26
"""Weights between and within layers, about; more than that is 256 MiB."""
MAX_WINDOW: Final = 4096
"""Steps of an attention's window, of a lookback and of a bar."""
MAX_LOOKBACKS: Final = 32
MAX_COUNTER_BITS: Final = 32
MAX_STEPS_PER_QUARTER: Final = 48
MAX_NAME: Final = 100

EncodingKind = Literal["one_hot", "lookback", "key", "tune"]
LookbackUnit = Literal["step", "bar"]
ChordEncodingKind = Literal["none", "triads", "pitches", "tones"]
AttentionLayout = Literal["first_layer", "stack"]


@dataclass(frozen=True)
class EncodingConfig:
    """How events become network inputs and labels.

    Attributes:
        kind: Which encoding of `melody_rnn.encodings`.
        min_note: Lowest MIDI pitch (inclusive).
        max_note: Highest MIDI pitch (exclusive).
        lookback_distances: How far back the lookbacks reach, in `lookback_unit`s; ignored by `one_hot`.
        lookback_unit: 'step' as in Magenta, or 'bar' for bars of the melody's own meter.
        binary_counter_bits: Bits of the counter that tells the metric position; ignored by `one_hot`.
        max_bar_steps: Longest bar that one in lookbacks and metric positions can be; longer ones count as several, as
            18/8 does as two of 9/8. Ignored with lookbacks in steps, but by `tune`.
        chords: How chords that are known beforehand come before the melody's inputs: 'none' for a model that hears
            none, 'triads' and 'pitches' as Magenta has them, 'tones' for ours (`melody_rnn.encodings.chords`).
    """

    kind: EncodingKind
    min_note: int = 48
    max_note: int = 84
    lookback_distances: tuple[int, ...] = (16, 32)
    lookback_unit: LookbackUnit = "step"
    binary_counter_bits: int = 5
    max_bar_steps: int = 32
    chords: ChordEncodingKind = "none"

    @property
    def knows_form(self) -> bool:
        """Whether it reads what outlines say of form, key and range."""
        return self.kind == "tune"

    @property
    def knows_chords(self) -> bool:
        """Whether it reads chords."""
        return self.chords != "none"

    def __post_init__(self) -> None:
        if not 0 <= self.min_note <= self.max_note - NOTES_PER_OCTAVE <= NUM_PITCHES - NOTES_PER_OCTAVE:
            raise ModelError(
                f"min_note and max_note must span at least an octave within 0..{NUM_PITCHES}, "
                f"got {self.min_note} and {self.max_note}"
            )
        distances = self.lookback_distances
        if not 1 <= len(distances) <= MAX_LOOKBACKS or not all(1 <= steps <= MAX_WINDOW for steps in distances):
            raise ModelError(
                f"lookback_distances must be 1 to {MAX_LOOKBACKS} distances from 1 to {MAX_WINDOW}, "
                f"got {_some(distances)}"
            )
        if not 0 <= self.binary_counter_bits <= MAX_COUNTER_BITS:
            raise ModelError(
                f"binary_counter_bits must be from 0 to {MAX_COUNTER_BITS}, got {self.binary_counter_bits}"
            )
        if not 1 <= self.max_bar_steps <= MAX_WINDOW:
            raise ModelError(f"max_bar_steps must be from 1 to {MAX_WINDOW}, got {self.max_bar_steps}")


@dataclass(frozen=True)
class NetworkConfig:
    """The LSTM stack.

    Attributes:
        layer_sizes: Units of each LSTM layer, first to last.
        dropout: Rate at which outputs of each layer are dropped in training (Magenta's keep probability is one
            minus this).
        attention_length: Steps that the attention window spans; 0 for no attention.
        attention_layout: What the attention wraps: 'first_layer' as Magenta 2.x does, 'stack' as its bundles of
            2016 do.
        embedding_size: Width to which a linear layer brings the inputs first; 0 for no such layer.
        residual: Whether each layer's input is added to its output where the widths are the same, and the sum
            normalised (layer normalisation).
    """

    layer_sizes: tuple[int, ...] = (128, 128)
    dropout: float = 0.5
    attention_length: int = 0
    attention_layout: AttentionLayout = "first_layer"
    embedding_size: int = 0
    residual: bool = False

    def __post_init__(self) -> None:
        sizes = self.layer_sizes
        if not 1 <= len(sizes) <= MAX_LAYERS or not all(1 <= size <= MAX_UNITS for size in sizes):
            raise ModelError(
                f"layer_sizes must be 1 to {MAX_LAYERS} layers of 1 to {MAX_UNITS} units, got {_some(sizes)}"
            )
        if not 0 <= self.dropout < 1:
            raise ModelError(f"dropout must be in [0, 1), got {self.dropout}")
        if not 0 <= self.attention_length <= MAX_WINDOW:
            raise ModelError(f"attention_length must be from 0 to {MAX_WINDOW}, got {self.attention_length}")
        if not 0 <= self.embedding_size <= MAX_UNITS:
            raise ModelError(f"embedding_size must be from 0 to {MAX_UNITS}, got {self.embedding_size}")
        if self.num_weights(0, 0) > MAX_WEIGHTS:
            raise ModelError(f"layers of {_some(sizes)} have more than {MAX_WEIGHTS:,} weights")

    def num_weights(self, input_size: int, num_classes: int) -> int:
        """Returns how many weights the layers, the embedding and the logits have, without attention and norms.

        Args:
            input_size: Width of the inputs.
            num_classes: Number of labels.
        """
        width, total = input_size, 0
        if self.embedding_size:
            width, total = self.embedding_size, input_size * self.embedding_size
        for size in self.layer_sizes:
            total += 4 * size * (width + size + 1)
            width = size
        return total + (width + 1) * num_classes


@dataclass(frozen=True)
class ModelConfig:
    """Everything about a model but its weights.

    Attributes:
        name: What the model is called in file names and tables.
        encoding: How events are encoded.
        network: The LSTM stack.
        transpose_to_key: The major key (0 = C) into which melodies are transposed, or None for none.
        steps_per_quarter: Steps in a quarter note.
    """

    name: str
    encoding: EncodingConfig
    network: NetworkConfig = field(default_factory=NetworkConfig)
    transpose_to_key: int | None = 0
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER

    def __post_init__(self) -> None:
        if self.transpose_to_key is not None and not 0 <= self.transpose_to_key < NOTES_PER_OCTAVE:
            raise ModelError(f"transpose_to_key must be in 0..11 or null, got {self.transpose_to_key}")
        if not 1 <= self.steps_per_quarter <= MAX_STEPS_PER_QUARTER:
            raise ModelError(
                f"steps_per_quarter must be from 1 to {MAX_STEPS_PER_QUARTER}, got {self.steps_per_quarter}"
            )
        if len(self.name) > MAX_NAME or not self.name.isprintable():
            raise ModelError(f"name must be up to {MAX_NAME} letters that can be printed, got {self.name[:40]!r}")

    def with_steps(self, steps_per_quarter: int) -> "ModelConfig":
        """Returns the config for steps of another length: all that it counts in steps spans the same time as before."""

        def scaled(steps: int) -> int:
            return max(1, round(steps * steps_per_quarter / self.steps_per_quarter)) if steps else 0

        distances = self.encoding.lookback_distances
        encoding = dataclasses.replace(
            self.encoding,
            lookback_distances=distances if self.encoding.lookback_unit == "bar" else tuple(map(scaled, distances)),
            max_bar_steps=scaled(self.encoding.max_bar_steps),
        )
        network = dataclasses.replace(self.network, attention_length=scaled(self.network.attention_length))
        return dataclasses.replace(self, encoding=encoding, network=network, steps_per_quarter=steps_per_quarter)

    def to_json(self) -> str:
        """Returns the config as JSON text; `from_json` is its inverse. Only models that hear chords tell of them."""
        data = dataclasses.asdict(self)
        if not self.encoding.knows_chords:
            del data["encoding"]["chords"]
        return json.dumps(data, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ModelConfig":
        """Reads what `to_json` wrote.

        Raises:
            ModelError: If the text is not JSON, or a field is missing, unknown or of the wrong type.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"the model's config is not JSON ({error})") from error
        config: ModelConfig = _from_data(cls, data, "config")
        return config


def _some(numbers: tuple[int, ...]) -> str:
    """Returns numbers as text, of many the first ones."""
    first = ", ".join(map(str, numbers[:MAX_LAYERS]))
    return f"[{first}]" if len(numbers) <= MAX_LAYERS else f"[{first}, ...] ({len(numbers)} of them)"


def _from_data(kind: Any, data: Any, where: str) -> Any:
    """Builds a value of type `kind` (one that the configs use) from parsed JSON, checking every type."""
    if dataclasses.is_dataclass(kind):
        return _dataclass_from_data(kind, data, where)
    if get_origin(kind) is Literal:
        matches = data in get_args(kind)
    elif get_origin(kind) is tuple:
        if isinstance(data, list):
            return tuple(_from_data(get_args(kind)[0], item, where) for item in data)
        matches = False
    elif kind is float:
        matches = isinstance(data, int | float) and not isinstance(data, bool)
    elif kind == int | None:
        matches = data is None or type(data) is int
    else:
        matches = type(data) is kind
    if not matches:
        raise ModelError(f"{where}: expected {getattr(kind, '__name__', kind)}, got {printable(repr(data))}")
    return data


def _dataclass_from_data(kind: Any, data: Any, where: str) -> Any:
    types = get_type_hints(kind)
    if not isinstance(data, Mapping):
        raise ModelError(f"{where}: expected an object, got {printable(repr(data))}")
    unknown = sorted(set(data) - set(types))
    if unknown:
        raise ModelError(f"{where}: unknown field {unknown[0]!r}; the fields are {', '.join(types)}")
    values = {name: _from_data(types[name], value, f"{where}.{name}") for name, value in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ModelError(f"{where}: {error}") from error


CONFIGS: Final[Mapping[str, ModelConfig]] = {
    config.name: config
    for config in (
        ModelConfig("basic_rnn", EncodingConfig("one_hot")),
        ModelConfig("mono_rnn", EncodingConfig("one_hot", min_note=0, max_note=128), transpose_to_key=None),
        ModelConfig("lookback_rnn", EncodingConfig("lookback")),
        ModelConfig(
            "attention_rnn",
            EncodingConfig("key", binary_counter_bits=7),
            NetworkConfig(attention_length=40),
        ),
        ModelConfig(
            "tunes_rnn",
            EncodingConfig("tune", lookback_distances=(1, 2, 4, 8), lookback_unit="bar"),
            NetworkConfig((128, 128, 128), dropout=0.5, embedding_size=128, residual=True),
        ),
        ModelConfig(
            "basic_improv", EncodingConfig("one_hot", chords="triads"), NetworkConfig((64, 64)), transpose_to_key=None
        ),
        ModelConfig(
            "attention_improv",
            EncodingConfig("key", binary_counter_bits=7, chords="triads"),
            NetworkConfig((128, 128, 128), attention_length=40),
            transpose_to_key=None,
        ),
        ModelConfig(
            "chord_pitches_improv",
            EncodingConfig("one_hot", chords="pitches"),
            NetworkConfig((256, 256, 256)),
            transpose_to_key=None,
        ),
        ModelConfig(
            "chords_rnn",
            EncodingConfig("tune", lookback_distances=(1, 2, 4, 8), lookback_unit="bar", chords="tones"),
            NetworkConfig((128, 128, 128), dropout=0.5, embedding_size=128, residual=True),
        ),
    )
}
"""Magenta's Melody RNN and Improv RNN configurations by name (melody_rnn_model.py, improv_rnn_model.py), and ours."""

MAGENTA_NAMES: Final = ("basic_rnn", "mono_rnn", "lookback_rnn", "attention_rnn")
"""Magenta's four for melodies."""
IMPROV_NAMES: Final = ("basic_improv", "attention_improv", "chord_pitches_improv")
"""Magenta's three for melodies over chords."""
EVERY_MAGENTA_NAME: Final = (*MAGENTA_NAMES, *IMPROV_NAMES)
