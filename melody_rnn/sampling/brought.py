"""The settings that a model brings along: what holds where nothing else is asked for, as JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from melody_rnn.errors import InvalidArgumentError, ModelError, printable
from melody_rnn.sampling.schedule import MAX_TEMPERATURE, Schedule, parse_schedule
from melody_rnn.sampling.transforms import BY_NAME, Transform

if TYPE_CHECKING:
    from melody_rnn.sampling.sampler import SamplerSettings

VERSION: Final = 1
_FIELDS: Final = ("version", "sampler", "calibration_temperature")


@dataclass(frozen=True)
class Brought:
    """What a model brings along.

    Attributes:
        sampler: The sampler's settings by name, one value each or a `Schedule`; those that are not there are
            `SamplerSettings`'s own.
        calibration_temperature: The temperature at which held-out tunes are likeliest; None where it was not measured.
            It is there to be told: nothing divides by it.
    """

    sampler: Mapping[str, Any] = field(default_factory=dict)
    calibration_temperature: float | None = None

    def settings(self) -> "SamplerSettings":
        """Returns the sampler's settings."""
        from melody_rnn.sampling.sampler import SamplerSettings

        return SamplerSettings(**self.sampler)

    def to_json(self) -> str:
        """Returns it as JSON text; `from_json` is its inverse."""
        sampler = {name: str(own) if isinstance(own, Schedule) else own for name, own in self.sampler.items()}
        data = {"version": VERSION, "sampler": sampler, "calibration_temperature": self.calibration_temperature}
        return json.dumps(data, indent=2) + "\n"

    @classmethod
    def from_json(cls, data: object) -> "Brought":
        """Reads what `to_json` wrote, parsed.

        Raises:
            ModelError: If it has another version, an unknown field, or a setting out of its range.
        """
        if not isinstance(data, dict) or set(data) - set(_FIELDS):
            raise ModelError(f"must have {', '.join(_FIELDS)} and no other fields")
        version, sampler = data.get("version"), data.get("sampler", {})
        if version != VERSION:
            raise ModelError(
                f"version {printable(version)} of the settings, and this program reads {VERSION}; update it"
            )
        if not isinstance(sampler, dict):
            raise ModelError(f"sampler must have settings by name, got {printable(sampler)}")
        temperature = data.get("calibration_temperature")
        if temperature is not None and not (_is_number(temperature) and 0 < temperature <= MAX_TEMPERATURE):
            raise ModelError(f"calibration_temperature must be a number above 0, got {printable(temperature)}")
        return cls({name: _value(name, own) for name, own in sampler.items()}, temperature)


def brought_by(settings: "SamplerSettings", calibration_temperature: float | None = None) -> Brought:
    """Returns settings as what a model brings along.

    Args:
        settings: One value each.
        calibration_temperature: See `Brought`.

    Raises:
        InvalidArgumentError: If a setting has a value for each melody or step, or is of a transform of one's own.
    """
    if settings.transforms:
        raise InvalidArgumentError(f"a model cannot bring transforms along, got {settings.transforms[0].name!r}")
    plain = type(settings)()
    own: dict[str, Any] = {}
    for name, transform in BY_NAME.items():
        value = getattr(settings, name)
        is_pair = transform.width > 1 and isinstance(value, tuple) and all(map(_is_number, value))
        if not (value is None or isinstance(value, Schedule) or _is_number(value) or is_pair):
            raise InvalidArgumentError(f"a model brings one {name} along for all melodies, got {value}")
        if value != getattr(plain, name):
            own[name] = value
    return Brought(own, calibration_temperature)


def _value(name: str, stored: object) -> Any:
    """Returns the value of a setting.

    Raises:
        ModelError: If there is no such setting, or the value is out of its range.
    """
    transform = BY_NAME.get(name)
    if transform is None:
        raise ModelError(f"unknown setting {printable(name)!r}; there are {', '.join(BY_NAME)}")
    value = stored
    if transform.by_step and isinstance(stored, str):
        try:
            value = parse_schedule(stored, name)
        except InvalidArgumentError as error:
            raise ModelError(str(error)) from None
    elif transform.width > 1 and isinstance(stored, list) and len(stored) == transform.width:
        value = tuple(stored)
    numbers = value.values if isinstance(value, Schedule) else value if isinstance(value, tuple) else (value,)
    if not all(_is_valid(transform, number) for number in numbers) or len(numbers) < transform.width:
        raise ModelError(f"{name} must be {transform.limit.words}, got {printable(stored)}")
    return value


def _is_valid(transform: Transform, number: object) -> bool:
    whole = transform.limit.whole is not None
    if not _is_number(number) or (whole and not isinstance(number, int)):
        return False
    return abs(number) <= MAX_TEMPERATURE and transform.limit.is_valid(number)  # type: ignore[operator,arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
