"""Files that come from the browser."""

from pathlib import Path
from typing import Any

from melody_rnn.errors import MelodyRNNError
from melody_rnn.files import scratch_folder
from melody_rnn.formats.reading import SUFFIXES
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.tune import Tune


def uploaded_file(value: Any) -> tuple[str, bytes] | None:
    """Returns the name and the bytes of what a `FileUpload` has, or None.

    Version 7 of ipywidgets, which Colab has, gives a dictionary of files; version 8 a tuple.
    """
    if not value:
        return None
    name, file = next(iter(value.items())) if isinstance(value, dict) else (value[0]["name"], value[0])
    return Path(name).name, bytes(file["content"])


def read_uploaded(name: str, data: bytes, steps_per_quarter: int) -> Tune:
    """Returns the tune of an uploaded file.

    Raises:
        MelodyRNNError: As `read_tune`; the message calls the file by its own name.
    """
    with scratch_folder() as folder:
        # What a browser calls a file may be nothing that a file here can be called.
        suffix = Path(name).suffix.lower()
        path = folder / f"uploaded{suffix if suffix in SUFFIXES else ''}"
        path.write_bytes(data)
        try:
            return read_tune(path, steps_per_quarter)
        except MelodyRNNError as error:
            # The folder is nobody's business.
            raise type(error)(str(error).replace(f"{path}", name)) from error
