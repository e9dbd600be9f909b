"""Kinds of files that commands write of a tune, and the writing of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from melody_rnn.tunes.files import KINDS, tune_bytes, write_new

if TYPE_CHECKING:
    from melody_rnn.formats.accompaniment import Accompaniment
    from melody_rnn.tunes.tune import Tune


class KindsType(click.ParamType[tuple[str, ...]]):
    """Kinds of files, with commas between."""

    name = "kinds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Returns the kinds, each once, or fails with those there are."""
        if isinstance(value, tuple):
            return value
        kinds = [part.strip().lower().removeprefix(".") for part in str(value).split(",")]
        unknown = next((kind for kind in kinds if kind not in KINDS), None)
        if unknown is not None:
            self.fail(f"each must be one of {', '.join(KINDS)}, got {unknown or 'nothing'}", param, ctx)
        return tuple(dict.fromkeys(kinds))


midi_type_option = click.option(
    "--midi-type",
    type=click.Choice(["0", "1"]),
    default="1",
    show_default=True,
    callback=lambda ctx, param, value: int(value),
    help="MIDI files of type 1, with a track of tempos and texts, or of type 0, with one track for everything.",
)


def write_kinds(
    tune: "Tune",
    kinds: Sequence[str],
    folder: Path,
    stem: str,
    velocity: int = 100,
    midi_type: int = 1,
    accompaniment: "Accompaniment | None" = None,
) -> list[Path]:
    """Writes a tune as several kinds of files of one name; nothing is overwritten.

    Args:
        tune: The tune.
        kinds: Of `KINDS`, at least one.
        folder: Where; it is made if it is not there.
        stem: The name; where another file has it, the first kind's next free name.
        velocity: How hard notes are struck, 1 to 127.
        midi_type: Of MIDI files, 0 or 1.
        accompaniment: How sound and MIDI play its chords, or None.

    Raises:
        MelodyError: If it cannot be accompanied so.
        OutputError: If a file cannot be written.
    """
    paths: list[Path] = []
    for kind in kinds:
        own_stem = paths[0].stem if paths else stem
        data = tune_bytes([tune], kind, velocity, midi_type, accompaniment)
        paths.append(write_new(folder, own_stem, data, f".{kind}"))
    return paths
