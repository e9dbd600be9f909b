"""melody_rnn: melodies from LSTM networks, and what temperature does to them.

The names below load when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from melody_rnn.arrays import namespace
    from melody_rnn.data.build import build_dataset
    from melody_rnn.data.dataset import Dataset
    from melody_rnn.data.dataset import load as load_dataset
    from melody_rnn.errors import MelodyRNNError
    from melody_rnn.evaluation.evaluate import Evaluation, evaluate
    from melody_rnn.evaluation.temperature_report.table import measure_temperatures
    from melody_rnn.generation.result import Generated
    from melody_rnn.generation.streaming import Stream
    from melody_rnn.generation.trace import Trace
    from melody_rnn.model import MelodyRNN
    from melody_rnn.presets import list_presets
    from melody_rnn.sampling.constraints import Constraints
    from melody_rnn.sampling.sampler import SamplerSettings
    from melody_rnn.sampling.schedule import Schedule
    from melody_rnn.sampling.transforms import Transform
    from melody_rnn.training.run import train
    from melody_rnn.training.settings import TrainingSettings
    from melody_rnn.tunes.files import read_tunes
    from melody_rnn.tunes.harmony import harmonize
    from melody_rnn.tunes.outline import Outline, outline_of
    from melody_rnn.tunes.tune import Tune

try:
    __version__ = version("melody-rnn")
except PackageNotFoundError:
    __version__ = "0+unknown"

_MODULES = {
    "Constraints": "melody_rnn.sampling.constraints",
    "Dataset": "melody_rnn.data.dataset",
    "Evaluation": "melody_rnn.evaluation.evaluate",
    "Generated": "melody_rnn.generation.result",
    "MelodyRNN": "melody_rnn.model",
    "MelodyRNNError": "melody_rnn.errors",
    "Outline": "melody_rnn.tunes.outline",
    "SamplerSettings": "melody_rnn.sampling.sampler",
    "Schedule": "melody_rnn.sampling.schedule",
    "Stream": "melody_rnn.generation.streaming",
    "Trace": "melody_rnn.generation.trace",
    "TrainingSettings": "melody_rnn.training.settings",
    "Transform": "melody_rnn.sampling.transforms",
    "Tune": "melody_rnn.tunes.tune",
    "build_dataset": "melody_rnn.data.build",
    "evaluate": "melody_rnn.evaluation.evaluate",
    "harmonize": "melody_rnn.tunes.harmony",
    "list_presets": "melody_rnn.presets",
    "load_dataset": "melody_rnn.data.dataset",
    "measure_temperatures": "melody_rnn.evaluation.temperature_report.table",
    "namespace": "melody_rnn.arrays",
    "outline_of": "melody_rnn.tunes.outline",
    "read_tunes": "melody_rnn.tunes.files",
    "train": "melody_rnn.training.run",
}
_NAMES_THERE = {"load_dataset": "load"}
_WITH_TENSORFLOW = ("Evaluation", "evaluate", "measure_temperatures", "train")

__all__ = [
    "Constraints",
    "Dataset",
    "Evaluation",
    "Generated",
    "MelodyRNN",
    "MelodyRNNError",
    "Outline",
    "SamplerSettings",
    "Schedule",
    "Stream",
    "Trace",
    "TrainingSettings",
    "Transform",
    "Tune",
    "__version__",
    "build_dataset",
    "evaluate",
    "harmonize",
    "list_presets",
    "load_dataset",
    "measure_temperatures",
    "namespace",
    "outline_of",
    "read_tunes",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _WITH_TENSORFLOW:
        import_module("melody_rnn.loading").load_tensorflow()
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), _NAMES_THERE.get(name, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
