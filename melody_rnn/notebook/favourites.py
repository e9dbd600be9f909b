"""Tunes that a person keeps under names, and their files."""

import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from melody_rnn.tunes.files import midi_of, tune_bytes
from melody_rnn.tunes.tune import Tune

MAX_NAME: Final = 80
_MAX_STEM_BYTES: Final = 120
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


class Favourites:
    """Tunes by name, in the order in which they were kept.

    Attributes:
        tunes: The tunes; each has its name as its title.
        wins: How often each was preferred.
    """

    def __init__(self) -> None:
        self.tunes: dict[str, Tune] = {}
        self.wins: Counter[str] = Counter()

    def keep(self, tune: Tune, name: str) -> str:
        """Keeps a tune, and returns its name: where it is taken by another tune, with a number behind it."""
        name = " ".join((name.strip() or tune.title).split())[:MAX_NAME]
        free, number = name, 1
        while free in self.tunes and self.tunes[free] != replace(tune, title=free):
            number += 1
            free = f"{name} {number}"
        self.tunes[free] = replace(tune, title=free)
        return free

    def rename(self, name: str, new: str) -> str:
        """Gives a favourite another name, and returns it; its place stays."""
        tune, wins, names = self.tunes[name], self.wins.pop(name, 0), list(self.tunes)
        del self.tunes[name]
        free = self.keep(tune, new)
        self.wins[free] = wins
        self.tunes = {key: self.tunes[key] for key in (free if old == name else old for old in names)}
        return free

    def remove(self, name: str) -> None:
        """Forgets a favourite."""
        del self.tunes[name]
        self.wins.pop(name, None)

    def files(self) -> dict[str, bytes]:
        """Returns the files of all favourites by name: a .mid each, and one .pdf."""
        stems = _stems(list(self.tunes))
        files = {f"{stem}.mid": midi_of(tune) for stem, tune in zip(stems, self.tunes.values(), strict=True)}
        return files | {"favourites.pdf": tune_bytes(list(self.tunes.values()), "pdf")}


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Returns files as a .zip; the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), data)
    return buffer.getvalue()


def _stems(names: list[str]) -> list[str]:
    """Returns names of files for favourites: without signs that a system does not take, no two alike."""
    stems: list[str] = []
    for name in names:
        stem = "".join(sign if sign.isalnum() or sign in " -_." else "_" for sign in name).strip(" .")
        # A file's name has a limit in bytes.
        stem = stem.encode()[:_MAX_STEM_BYTES].decode("utf-8", "ignore").strip(" .") or "tune"
        number = 1
        free = stem
        while free.lower() in (other.lower() for other in [*stems, "favourites"]):
            number += 1
            free = f"{stem} {number}"
        stems.append(free)
    return stems
