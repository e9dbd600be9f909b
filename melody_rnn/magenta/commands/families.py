"""Magenta's two families of models here, as far as their commands differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from melody_rnn.config import CONFIGS, IMPROV_NAMES, ModelConfig
from melody_rnn.errors import ModelError


@dataclass(frozen=True)
class Family:
    """The models that some commands are for.

    Attributes:
        name: What the commands' names begin with.
        configs: The names of its configurations.
        encoders: For each `--melody_encoder_decoder` the configuration that has it; none where there is no such flag.
        examples: What the files of examples are called after.
        min_pitch_classes: Melodies with fewer different pitch classes are not learnt from.
        hears_chords: Whether its models hear chords.
    """

    name: str
    configs: tuple[str, ...]
    encoders: Mapping[str, str]
    examples: str
    min_pitch_classes: int
    hears_chords: bool

    def check(self, path: object, config: ModelConfig) -> None:
        """Checks that a model is of the family.

        Raises:
            ModelError: If it is of the other one.
        """
        if config.encoding.knows_chords and not self.hears_chords:
            raise ModelError(f"{path}: {config.name} writes melodies over chords; use {IMPROV.name}_generate")
        if self.hears_chords and not config.encoding.knows_chords:
            raise ModelError(f"{path}: {config.name} hears no chords; use {MELODY.name}_generate")


MELODY: Final = Family(
    "melody_rnn",
    tuple(name for name, config in CONFIGS.items() if not config.encoding.knows_chords),
    # Each encoder of Magenta's, and the configuration here that has it and the same note range and key.
    {"onehot": "basic_rnn", "lookback": "lookback_rnn", "key": "attention_rnn"},
    "melodies",
    min_pitch_classes=5,
    hears_chords=False,
)
IMPROV: Final = Family(
    "improv_rnn", (*IMPROV_NAMES, "chords_rnn"), {}, "lead_sheets", min_pitch_classes=3, hears_chords=True
)
