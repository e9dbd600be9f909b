"""Writing a folder whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from melody_rnn.errors import OutputError


@contextmanager
def whole_folder(folder: Path, contents: str) -> Iterator[Path]:
    """Gives an empty folder to fill, which becomes `folder` once the block is through; an error leaves nothing behind.

    A folder that is there already is replaced.

    Args:
        folder: Where all will be in the end.
        contents: What is written, for the error's message: 'model' and the like.

    Raises:
        OutputError: If something cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as unfinished:
            new = Path(unfinished) / "new"
            new.mkdir()
            yield new
            if folder.exists():
                folder.rename(Path(unfinished) / "old")
            new.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot write the {contents} ({error.strerror or error})") from error
