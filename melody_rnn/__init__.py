"""melody_rnn: melodies from LSTM networks, and what temperature does to them.

The names below load when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from melody_rnn.errors import MelodyRNNError
    from melody_rnn.model import MelodyRNN
    from melody_rnn.sampling.constraints import Constraints
    from melody_rnn.sampling.sampler import SamplerSettings
    from melody_rnn.sampling.schedule import Schedule
    from melody_rnn.tunes.files import read_tunes
    from melody_rnn.tunes.tune import Tune

try:
    __version__ = version("melody-rnn")
except PackageNotFoundError:
    __version__ = "0+unknown"

_MODULES = {
    "Constraints": "melody_rnn.sampling.constraints",
    "MelodyRNN": "melody_rnn.model",
    "MelodyRNNError": "melody_rnn.errors",
    "SamplerSettings": "melody_rnn.sampling.sampler",
    "Schedule": "melody_rnn.sampling.schedule",
    "Tune": "melody_rnn.tunes.tune",
    "read_tunes": "melody_rnn.tunes.files",
}

__all__ = [
    "Constraints",
    "MelodyRNN",
    "MelodyRNNError",
    "SamplerSettings",
    "Schedule",
    "Tune",
    "__version__",
    "read_tunes",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
