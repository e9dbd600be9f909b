"""Presets: a trained model as a folder, with its configuration, its weights and its model card.

The folder holds `preset.json` (`Preset` as JSON, the format's version and the digest of the weights; see
docs/preset-format.md), `model.weights.h5` (Keras 3 weights), `README.md` (the card), `generation.json` (the settings
that the model brings along; see `sampling.brought`), `step.tflite` with `step.json` (the step for LiteRT, and its
description), `training_tunes.npz` (an index that tells what is copied; see `tunes.copied`) and, for models that know
form, `outlines.npz` (what their training tunes have for forms; see `tunes.outline_bank`) and maybe `critic.npz` (what
tells their tunes from real ones; see `features.critic`). Only the weights need TensorFlow.
"""

import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from melody_rnn.config import MAX_NAME, ModelConfig
from melody_rnn.errors import InputFileError, ModelError, OutputError, printable, unnamed
from melody_rnn.files import open_input, read_input, read_json, reason, whole_folder, write_whole
from melody_rnn.sampling.brought import Brought

if TYPE_CHECKING:
    from melody_rnn.features.critic import Critic
    from melody_rnn.litert.description import Step
    from melody_rnn.network.network import MelodyNetwork
    from melody_rnn.tunes.copied import TrainingIndex
    from melody_rnn.tunes.outline_bank import OutlineBank

DEFAULT_PRESET: Final = "tunes_rnn"
MIDDLE_C: Final = 60
_DESCRIPTION = "preset.json"
_WEIGHTS = "model.weights.h5"
_ROOM_OF_NAMES: Final = 2**17
"""More bytes than a file of weights has beside the weights."""
_CARD = "README.md"
_OUTLINES = "outlines.npz"
_GENERATION = "generation.json"
_TRAINING_TUNES = "training_tunes.npz"
_CRITIC = "critic.npz"
FORMAT_VERSION: Final = 1
"""Rises when an older program would read a preset wrongly; a preset without a version is of 1."""
_MAX_CARD_BYTES: Final = 2**20
_NATS: Final = ("nats_per_event", "outline_nats_per_event")
_MAX_OUTLINES_BYTES: Final = 4 * 2**20
_MAX_INDEX_BYTES: Final = 64 * 2**20
_MAX_CRITIC_BYTES: Final = 2**20


@dataclass(frozen=True)
class Preset:
    """What a preset's folder holds besides its weights.

    Attributes:
        config: Encoding and network.
        opening_pitches: Probability of each MIDI pitch to open a melody (squashed, as the model sees it).
        card: The model card, Markdown.
        nats_per_event: Mean negative log-likelihood of an event of held-out tunes, at temperature 1, labels summed;
            None where it was not measured. Models that know form are told none of it.
        outline_nats_per_event: The same where they are told the whole outline; None where it was not measured.
        outlines: What the tunes that it was trained on have for forms, keys and ranges; None where it knows no form.
        training_tunes: The index of the tunes that it was trained on; None where there is none, or where a preset was
            read without it (`read_training_index` reads it).
        critic: What tells its whole tunes from real ones; None where there is none, or where a preset was read without
            it (`read_critic` reads it).
        name: What the model is called; its folder's name where empty.
        weights_digest: SHA-256 of the file of weights, in hexadecimal; empty where it was not stored.
        brought: The settings that it brings along.
    """

    config: ModelConfig
    opening_pitches: Mapping[int, float] = field(default_factory=lambda: {MIDDLE_C: 1.0})
    card: str = ""
    nats_per_event: float | None = None
    outline_nats_per_event: float | None = None
    outlines: "OutlineBank | None" = None
    training_tunes: "TrainingIndex | None" = None
    critic: "Critic | None" = None
    name: str = ""
    weights_digest: str = ""
    brought: Brought = field(default_factory=Brought)


@dataclass(frozen=True)
class PresetInfo:
    """A shipped preset as a list shows it.

    Attributes:
        name: Name of the folder.
        path: The folder.
        headline: The card's first sentence under its title.
    """

    name: str
    path: Path
    headline: str


def list_presets() -> list[PresetInfo]:
    """Returns the presets that ship with the package, by name."""
    return [PresetInfo(folder.name, folder, _headline_of(folder)) for folder in _shipped_presets()]


def find_preset(name_or_folder: str | Path | None = None) -> Path:
    """Returns the folder of a shipped preset by name, or of any preset by its path; None is the default one.

    Raises:
        ModelError: If there is none; the message lists the shipped ones.
    """
    wanted = DEFAULT_PRESET if name_or_folder is None else name_or_folder
    shipped = {folder.name: folder for folder in _shipped_presets()}
    if str(wanted) in shipped:
        return shipped[str(wanted)]
    if (Path(wanted) / _DESCRIPTION).is_file():
        return Path(wanted)
    if Path(wanted).is_dir():
        raise ModelError(f"{wanted} is a folder without {_DESCRIPTION}, so it is no model of melody_rnn")
    names = ", ".join(shipped) or "none"
    raise ModelError(f"unknown model {str(wanted)!r}: give a shipped one ({names}), a model folder or a .mag bundle")


def has_outlines(folder: Path) -> bool:
    """Returns whether a preset's model knows form."""
    return (folder / _OUTLINES).is_file()


def load_preset(folder: Path) -> tuple[Preset, "MelodyNetwork"]:
    """Reads what `save_to_preset` wrote.

    Raises:
        ModelError: If a part is missing, damaged or does not fit the others.
    """
    from melody_rnn.network.stored import DAMAGES, reason_of

    preset = read_whole_preset(folder)
    _check_weights(folder, preset)
    network = make_network(preset.config)
    try:
        network.load_weights(folder / _WEIGHTS)
    except DAMAGES as error:
        why = reason_of(error)
        raise ModelError(f"{folder / _WEIGHTS}: no weights that fit this model ({why}); copy it anew") from error
    return preset, network


def _check_weights(folder: Path, preset: Preset) -> None:
    """Checks a preset's file of weights before there is room made for them."""
    from melody_rnn.encodings import make_encoding
    from melody_rnn.litert.description import digest
    from melody_rnn.network.stored import MAX_BYTES, check_weights

    path = folder / _WEIGHTS
    try:
        content = read_input(path, MAX_BYTES)
    except InputFileError as error:
        raise ModelError(f"{error}; copy it anew") from error
    if preset.weights_digest and digest(content) != preset.weights_digest:
        raise ModelError(f"{path}: not the weights that {_DESCRIPTION} describes, or damaged ones; copy it anew")
    encoding = make_encoding(preset.config.encoding)
    try:
        check_weights(content, preset.config.network.num_weights(encoding.input_size, encoding.num_classes))
    except ModelError as error:
        raise ModelError(f"{path}: {error}; copy it anew") from error


def save_to_preset(folder: Path, preset: Preset, network: "MelodyNetwork", with_step: bool = True) -> None:
    """Writes a preset's folder, whole or not at all; a preset that is there already is replaced.

    Args:
        folder: Where to.
        preset: What is said of the model.
        network: Its network.
        with_step: Whether the step for LiteRT is made too, which takes about a second; `add_step` makes it later.

    Raises:
        OutputError: If the folder cannot be written, or holds something that is not a preset.
    """
    from melody_rnn.litert.description import digest

    if folder.exists() and not (folder / _DESCRIPTION).is_file():
        raise OutputError(f"{folder} exists and is no model of melody_rnn; name another folder")
    with whole_folder(folder, "model") as new:
        if preset.outlines is not None:
            (new / _OUTLINES).write_bytes(preset.outlines.to_bytes())
        (new / _GENERATION).write_text(preset.brought.to_json(), encoding="utf-8")
        if preset.training_tunes is not None:
            write_training_index(new, preset.training_tunes)
        if preset.critic is not None:
            write_critic(new, preset.critic)
        _save_weights(new / _WEIGHTS, network)
        weights = (new / _WEIGHTS).read_bytes()
        write_description(new, replace(preset, weights_digest=digest(weights)))
        if with_step:
            make_step(weights, preset.config, network).write(new)


def add_step(folder: Path) -> None:
    """Makes the step of a preset that has none that can be used.

    Raises:
        ModelError: If the preset cannot be read.
        OutputError: If the step cannot be written.
    """
    preset, network = load_preset(folder)
    with contextlib.suppress(InputFileError, ModelError):
        read_preset_step(folder, preset.config)
        return
    step = make_step((folder / _WEIGHTS).read_bytes(), preset.config, network)
    try:
        step.write(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot write the step ({reason(error)})") from error


def _save_weights(path: Path, network: "MelodyNetwork") -> None:
    """Writes a network's weights.

    HDF5 can end the process where a disk becomes full under it. So what it needs is written first: where that fails,
    it is an OSError like any other.
    """
    path.write_bytes(bytes(sum(weight.nbytes for weight in network.get_weights()) + _ROOM_OF_NAMES))
    network.save_weights(path)


def write_description(folder: Path, preset: Preset) -> None:
    """Writes a preset's description and card, which `read_preset` reads, into a folder."""
    (folder / _CARD).write_text(preset.card, encoding="utf-8")
    (folder / _DESCRIPTION).write_text(_describe(preset), encoding="utf-8")


def make_step(weights: bytes, config: ModelConfig, network: "MelodyNetwork") -> "Step":
    """Returns the step of a network, which belongs to the file whose content is `weights`."""
    from melody_rnn.encodings import make_encoding
    from melody_rnn.litert.convert import convert_step

    return convert_step(config, make_encoding(config.encoding), network, weights)


def read_preset_step(folder: Path, config: ModelConfig) -> "Step":
    """Reads the step of a preset with this configuration; needs no TensorFlow.

    Raises:
        InputFileError, ModelError: If it is missing, or cannot be used; see `read_step`.
    """
    from melody_rnn.litert.description import STEP_FILE, read_step
    from melody_rnn.litert.run import check_step

    step = read_step(folder, config, folder / _WEIGHTS)
    try:
        check_step(step)
    except ModelError as error:
        raise ModelError(f"{folder / STEP_FILE}: {error}; save the model anew") from error
    return step


def make_network(config: ModelConfig) -> "MelodyNetwork":
    """Returns a network with fresh weights for a configuration; they are float32 whatever Keras's policy is."""
    from melody_rnn.network.network import MelodyNetwork  # isort: skip  It looks at Keras's backend first.
    import keras

    from melody_rnn.encodings import make_encoding

    encoding = make_encoding(config.encoding)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return MelodyNetwork(config.network, encoding.input_size, encoding.num_classes)
    finally:
        keras.config.set_dtype_policy(policy)


def _shipped_presets() -> list[Path]:
    """Returns the folders of the presets that ship with the package, by name."""
    return sorted(path.parent for path in _shipped_folder().glob(f"*/{_DESCRIPTION}"))


def _shipped_folder() -> Path:
    package = Path(__file__).parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def _headline_of(folder: Path) -> str:
    try:
        return headline(_read_card(folder))
    except ModelError:
        return ""


def headline(card: str) -> str:
    """Returns the first sentence under a card's title."""
    return next((line for line in card.splitlines() if line and not line.startswith("#")), "")


def _describe(preset: Preset) -> str:
    data = {
        "version": FORMAT_VERSION,
        "config": json.loads(preset.config.to_json()),
        "opening_pitches": {str(pitch): share for pitch, share in sorted(preset.opening_pitches.items())},
    }
    for field_name in _NATS:
        if getattr(preset, field_name) is not None:
            data[field_name] = getattr(preset, field_name)
    if preset.name:
        data["name"] = preset.name
    if preset.weights_digest:
        data["weights_digest"] = preset.weights_digest
    return json.dumps(data, indent=2) + "\n"


def read_preset(folder: Path) -> Preset:
    """Reads a preset's description and card, without its outlines; needs neither TensorFlow nor NumPy.

    Raises:
        ModelError: If the description is missing or damaged.
    """
    path = folder / _DESCRIPTION
    try:
        data = read_json(path, _MAX_CARD_BYTES)
        version = data.get("version", FORMAT_VERSION)
        if version != FORMAT_VERSION:
            raise ModelError(f"{path}: version {printable(version)} of the format, and this program reads 1; update it")
        config = ModelConfig.from_json(json.dumps(data["config"]))
        opening_pitches = {int(pitch): float(share) for pitch, share in data["opening_pitches"].items()}
        nats = [float(data[name]) if name in data else None for name in _NATS]
        own_name = data.get("name", "")
        weights_digest = data.get("weights_digest", "")
    except InputFileError as error:
        raise ModelError(f"{path}: no description of a model ({unnamed(error, path)})") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ModelError(f"{path}: no description of a model ({error})") from error
    except ModelError as error:
        raise ModelError(f"{path}: {unnamed(error, path)}") from error
    encoding = config.encoding
    if not opening_pitches or not all(
        encoding.min_note <= pitch < encoding.max_note and 0 <= share <= 1 for pitch, share in opening_pitches.items()
    ):
        raise ModelError(f"{path}: opening_pitches must give shares from 0 to 1 of pitches in the model's range")
    if not any(opening_pitches.values()):
        raise ModelError(f"{path}: opening_pitches must have a share above 0")
    if not isinstance(weights_digest, str):
        raise ModelError(f"{path}: weights_digest must be a text, got {printable(weights_digest)}")
    for field_name, value in zip(_NATS, nats, strict=True):
        if value is not None and not 0 < value < math.inf:
            raise ModelError(f"{path}: {field_name} must be a number above 0, got {value}")
    if not isinstance(own_name, str) or own_name != Path(own_name).name or own_name == ".." or len(own_name) > MAX_NAME:
        raise ModelError(f"{path}: name must be one that a file can have, got {printable(own_name)!r}")
    card, brought = _read_card(folder), read_brought(folder)
    return Preset(
        config,
        opening_pitches,
        card,
        nats[0],
        nats[1],
        name=own_name,
        weights_digest=weights_digest,
        brought=brought,
    )


def read_brought(folder: Path) -> Brought:
    """Returns the settings that a preset's model brings along; none where it has no file of them.

    Raises:
        ModelError: If the file is damaged.
    """
    path = folder / _GENERATION
    if not path.exists():
        return Brought()
    try:
        return Brought.from_json(read_json(path, _MAX_CARD_BYTES))
    except InputFileError as error:
        raise ModelError(f"{error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _read_card(folder: Path) -> str:
    """Returns a model's card; an empty text where there is none."""
    path = folder / _CARD
    if not path.is_file():
        return ""
    try:
        with open_input(path, _MAX_CARD_BYTES) as file:
            return file.read(_MAX_CARD_BYTES).decode("utf-8", "replace")
    except InputFileError as error:
        raise ModelError(f"{error}") from error


def read_whole_preset(folder: Path) -> Preset:
    """Reads all of a preset but its weights, the index of its training tunes and its critic; needs no TensorFlow.

    Raises:
        ModelError: If a part is missing or damaged.
    """
    preset = read_preset(folder)
    return replace(preset, outlines=_read_outlines(folder / _OUTLINES, preset.config))


def _read_outlines(path: Path, config: ModelConfig) -> "OutlineBank | None":
    from melody_rnn.tunes.outline_bank import OutlineBank

    if not path.is_file():
        return None
    try:
        return OutlineBank.from_bytes(read_input(path, _MAX_OUTLINES_BYTES), config.steps_per_quarter)
    except (InputFileError, ModelError) as error:
        raise ModelError(f"{path}: {error}") from error


def read_training_index(folder: Path) -> "TrainingIndex | None":
    """Reads the index of the tunes that a preset's model was trained on; None where it has none.

    Raises:
        ModelError: If it is damaged.
    """
    from melody_rnn.tunes.copied import TrainingIndex

    path = folder / _TRAINING_TUNES
    if not path.is_file():
        return None
    try:
        return TrainingIndex.from_bytes(read_input(path, _MAX_INDEX_BYTES))
    except (InputFileError, ModelError) as error:
        raise ModelError(f"{path}: {unnamed(error, path)}") from error


def write_training_index(folder: Path, index: "TrainingIndex") -> None:
    """Writes the index of a model's training tunes into its preset's folder."""
    write_whole(folder / _TRAINING_TUNES, index.to_bytes())


def read_critic(folder: Path) -> "Critic | None":
    """Reads the critic of a preset's model; None where it has none.

    Raises:
        ModelError: If it is damaged.
    """
    from melody_rnn.features.critic import Critic

    path = folder / _CRITIC
    if not path.is_file():
        return None
    try:
        return Critic.from_bytes(read_input(path, _MAX_CRITIC_BYTES))
    except (InputFileError, ModelError) as error:
        raise ModelError(f"{path}: {unnamed(error, path)}") from error


def write_critic(folder: Path, critic: "Critic") -> None:
    """Writes the critic of a model into its preset's folder."""
    write_whole(folder / _CRITIC, critic.to_bytes())
