"""Training a model on a dataset: settings, input pipeline, and the run that can be killed and resumed.

What runs loads TensorFlow, when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from melody_rnn.loading import load_tensorflow
from melody_rnn.training.card import Provenance
from melody_rnn.training.settings import TrainingSettings, parse_hparams

if TYPE_CHECKING:
    from melody_rnn.training.distillation import Teacher, load_teacher
    from melody_rnn.training.run import TrainingRun, dataset_of, provenance_of, resume, train

_MODULES: Final = {
    "Teacher": "distillation",
    "TrainingRun": "run",
    "dataset_of": "run",
    "load_teacher": "distillation",
    "provenance_of": "run",
    "resume": "run",
    "train": "run",
}

__all__ = [
    "Provenance",
    "Teacher",
    "TrainingRun",
    "TrainingSettings",
    "dataset_of",
    "load_teacher",
    "parse_hparams",
    "provenance_of",
    "resume",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        load_tensorflow()
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
