"""What a person may have meant by an option or command that is not there."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import click

_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "bars": ("num-steps", "num-bars"),
    "bpm": ("tempo", "qpm"),
    "compose": ("generate",),
    "count": ("num-outputs",),
    "for": ("program",),
    "format": ("to",),
    "instrument": ("program",),
    "length": ("num-steps",),
    "number": ("num-outputs",),
    "out": ("output-dir", "output"),
    "output": ("output-dir",),
    "play": ("render",),
    "prompt": ("primer",),
    "speed": ("tempo", "qpm"),
    "start": ("primer",),
    "steps": ("num-steps",),
    "time-signature": ("meter",),
    "to": ("format",),
}
"""Words for what options and commands of other names are."""


def similar_options(error: click.NoSuchOption) -> list[str]:
    """Returns the options of its command that a person may have meant by one that it has not, likeliest first."""
    name = error.option_name.removeprefix("--")
    if error.ctx is None or name == error.option_name:
        return []
    params = error.ctx.command.get_params(error.ctx)
    names = [opt.removeprefix("--") for param in params for opt in param.opts if opt.startswith("--")]
    return [f"--{name}" for name in similar(name, names)]


def similar(name: str, names: Iterable[str]) -> Sequence[str]:
    """Returns up to three names that mean what another does, else those that begin so, else those spelled almost so."""
    known = list(names)
    same = [other for other in _SAME.get(name, ()) if other in known]
    longer = [other for other in known if other.startswith(name)]
    return (same or longer or get_close_matches(name, known))[:3]
