"""Files and folders: written whole or not at all, and read only where reading ends."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from melody_rnn.errors import InputFileError, OutputError


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
            new, old = Path(unfinished) / "new", Path(unfinished) / "old"
            new.mkdir()
            yield new
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise OutputError(f"{folder}: cannot write the {contents} ({error.strerror or error})") from error


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file under a temporary name in its folder and renames it, so that no half file is ever there."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def read_input(path: Path, max_bytes: int) -> bytes:
    """Returns the bytes of a file that a user named.

    Only regular files are read: a device or a pipe may never end.

    Raises:
        InputFileError: If it is missing, no regular file, empty, larger than `max_bytes`, or not ours to read; the
            message names the path.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputFileError(f"{path}: is a folder; give a file")
        if not stat.S_ISREG(status.st_mode):
            raise InputFileError(f"{path}: is no regular file; give one")
        if status.st_size > max_bytes:
            raise InputFileError(f"{path}: larger than {max_bytes // 2**20} MiB, which no file of this kind is")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not data:
        raise InputFileError(f"{path}: is empty")
    return data[:max_bytes]
