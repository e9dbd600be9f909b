"""The model that Magenta's flags describe, and the one that they name."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from melody_rnn.config import CONFIGS, ModelConfig, NetworkConfig
from melody_rnn.errors import InvalidArgumentError, ModelError, printable
from melody_rnn.magenta.commands.families import Family
from melody_rnn.magenta.commands.flags import Flags, value_of

if TYPE_CHECKING:
    from melody_rnn.generation.engine import EngineChoice
    from melody_rnn.model import MelodyRNN
    from melody_rnn.training import TrainingSettings

_PRESET_FILE: Final = "preset.json"
_SHOWN: Final = 60


def read_config(flags: Flags, family: Family) -> tuple[ModelConfig, "TrainingSettings"]:
    """Returns the model and how it is trained, as --config, --melody_encoder_decoder and --hparams say.

    Raises:
        InvalidArgumentError: If they contradict each other or are unknown.
    """
    from melody_rnn.training import parse_hparams

    name = check_config(flags, family)
    config, settings = CONFIGS[name], _settings(name)
    if flags.config is None:
        # What Magenta falls back to without a configuration.
        network = NetworkConfig(config.network.layer_sizes, dropout=0.0)
        config = dataclasses.replace(config, network=network)
        settings = dataclasses.replace(settings, batch_size=64, clip_norm=3.0)
    return parse_hparams(hparams_of(flags), config, settings)


def hparams_of(flags: Flags) -> list[str]:
    """Returns what --hparams says as `name=value` texts; on the original's page they are written as a dict, too."""
    text = flags.hparams.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return [text] if text else []
    try:
        values = json.loads(text.replace("'", '"'))
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"hparams must be name=value, got {printable(text, _SHOWN)!r}") from error
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]


def check_config(flags: Flags, family: Family) -> str:
    """Returns the name of the configuration that the flags name, without TensorFlow.

    Raises:
        InvalidArgumentError: If they name none, or two.
    """
    encoder = value_of(flags, "melody_encoder_decoder")
    if family.encoders and (flags.config is None) == (encoder is None):
        raise InvalidArgumentError("give exactly one of --config and --melody_encoder_decoder")
    if encoder is None:
        if flags.config not in family.configs:
            raise InvalidArgumentError(f"--config must be one of {', '.join(family.configs)}, got {flags.config}")
        return str(flags.config)
    if encoder not in family.encoders:
        raise InvalidArgumentError(
            f"--melody_encoder_decoder must be one of {', '.join(family.encoders)}, got {encoder}"
        )
    return family.encoders[encoder]


def load_model(
    flags: Flags, family: Family, engine: "EngineChoice" = "tensorflow", verbose: bool = False
) -> "MelodyRNN":
    """Loads the model of --bundle_file, --run_dir or --checkpoint_file; with --save_generator_bundle of the last two.

    Raises:
        InvalidArgumentError: If --hparams is not what the weights make.
        InputFileError: If there is no such model.
        ModelError: If it is another kind of model than --config, or damaged; for LiteRT also if it is a checkpoint of
            Magenta's.
    """
    if not flags.bundle_file or flags.save_generator_bundle:
        return load_trained(flags, family, flags.run_dir, value_of(flags, "checkpoint_file"), engine)
    from melody_rnn.cli.options import load_bundle
    from melody_rnn.model import MelodyRNN

    path = Path(flags.bundle_file).expanduser()
    model = load_bundle(path, verbose) if engine == "litert" else MelodyRNN.from_bundle(path)
    family.check(path, model.config)
    _check_hparams(flags, model.config.network)
    return model


def load_trained(
    flags: Flags,
    family: Family,
    run_dir: str | None,
    checkpoint_file: str | None = None,
    engine: "EngineChoice" = "tensorflow",
) -> "MelodyRNN":
    """Loads the latest weights of a run, or a checkpoint.

    A run's folder holds a model of ours (`model/`), or Magenta's checkpoints (`train/`). The errors are those of
    `load_model`.
    """
    from melody_rnn.model import MelodyRNN

    config, _ = read_config(flags, family)
    run = Path(run_dir or checkpoint_file or "").expanduser()
    folder = run / "model" if run_dir else run
    if (folder / _PRESET_FILE).is_file():
        model = MelodyRNN.from_preset(folder, engine)
        if model.config.encoding != config.encoding:
            raise ModelError(f"{folder}: a model of {model.config.name}, not of {config.name}")
    elif engine == "litert":
        raise ModelError(f"{folder}: a checkpoint of Magenta's has no step for LiteRT")
    else:
        model = MelodyRNN.from_magenta_run(run / "train" if run_dir else run, config)
    _check_hparams(flags, model.config.network)
    return model


def check_source(flags: Flags, family: Family) -> None:
    """Checks, without TensorFlow, that the flags name one model.

    Raises:
        InvalidArgumentError: If they do not.
    """
    trained = flags.run_dir or value_of(flags, "checkpoint_file")
    ways = "--run_dir or --checkpoint_file" if "checkpoint_file" in flags else "--run_dir"
    if flags.save_generator_bundle:
        if not flags.bundle_file:
            raise InvalidArgumentError("--save_generator_bundle needs --bundle_file, where the bundle is to be written")
        if not trained:
            raise InvalidArgumentError(f"--save_generator_bundle needs {ways}")
    elif flags.bundle_file and trained:
        raise InvalidArgumentError(f"give --bundle_file, or {ways}, but not both")
    elif not flags.bundle_file and not trained:
        joined = ", " if "checkpoint_file" in flags else " or "
        raise InvalidArgumentError(f"give a model: --bundle_file{joined}{ways}")
    if trained:
        check_config(flags, family)


def _check_hparams(flags: Flags, network: NetworkConfig) -> None:
    from melody_rnn.training.settings import read_hparams

    given = read_hparams(hparams_of(flags))
    for name, magenta_name in (("layer_sizes", "rnn_layer_sizes"), ("attention_length", "attn_length")):
        found: Any = getattr(network, name)
        found = list(found) if isinstance(found, tuple) else found
        if name in given and given[name] != found:
            raise InvalidArgumentError(
                f"--hparams says {magenta_name}={given[name]}, but the weights are of {found}; leave it out"
            )


def _settings(name: str) -> "TrainingSettings":
    from melody_rnn.training.settings import SETTINGS

    return SETTINGS[name]
