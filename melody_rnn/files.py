"""Files and folders: written whole or not at all, and read only where reading ends.

What is being written has a name of its own, `.NAME.unfinished-HOST-PROCESS-...`, in the folder where it will be, and
becomes NAME once it is whole. What an error or a signal interrupts is removed (`remove_unfinished`); what a process
that was killed has left is removed by the next one that writes into the folder.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from melody_rnn.errors import InputFileError, OutputError

try:
    import fcntl
except ImportError:  # Windows has other locks.
    fcntl = None  # type: ignore[assignment]

MAX_JSON_BYTES: Final = 2**24
_HOST: Final = re.sub(r"[^A-Za-z0-9]", "_", socket.gethostname())[:64]
_UNFINISHED: Final = re.compile(rf"\..*\.unfinished-{_HOST}-(\d{{1,9}})-[0-9a-f]+", re.DOTALL)
_unfinished: set[Path] = set()
_cleared: set[Path] = set()
_held: set[Path] = set()
if hasattr(os, "register_at_fork"):
    # What the parent is writing is not the child's to remove.
    os.register_at_fork(after_in_child=_unfinished.clear)


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
        with _unfinished_path(folder) as unfinished:
            new, old = unfinished / "new", unfinished / "old"
            unfinished.mkdir()
            new.mkdir()
            yield new
            # Whoever holds the folder that it lies in would wait for itself.
            is_held = folder.parent.resolve() in _held
            with contextlib.nullcontext() if is_held else _locked(folder.parent, wait=True):
                _replace(folder, new, old)
    except OSError as error:
        raise OutputError(f"{folder}: cannot write the {contents} ({reason(error)})") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a path to write to, which becomes `path` once the block is through; an error leaves nothing behind."""
    with _unfinished_path(path) as unfinished:
        yield unfinished
        unfinished.replace(path)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that no half file is ever there."""
    with whole_file(path) as unfinished:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Gives an empty folder among the system's temporary ones, which is removed after the block.

    Raises:
        OutputError: If it cannot be made.
    """
    parent = Path(tempfile.gettempdir())
    with _unfinished_path(parent / "melody-rnn") as folder:
        try:
            folder.mkdir(0o700)
        except OSError as error:
            raise OutputError(f"{parent}: no temporary folder can be made there ({reason(error)})") from error
        yield folder


def remove_unfinished() -> None:
    """Removes what this process has begun to write, before it ends."""
    for path in list(_unfinished):
        _remove(path)


@contextmanager
def held(folder: Path, contents: str) -> Iterator[None]:
    """Holds a folder for this process while the block lasts, so that no other one writes there.

    Args:
        folder: A folder that is there.
        contents: What it is, for the error's message: 'run' and the like.

    Raises:
        OutputError: If another process holds it, or it cannot be opened.
    """
    try:
        with _locked(folder):
            own = folder.resolve()
            _held.add(own)
            try:
                yield
            finally:
                _held.discard(own)
    except BlockingIOError as error:
        raise OutputError(f"{folder}: another process is writing this {contents}; wait, or name another") from error


@contextmanager
def open_input(path: Path, max_bytes: int) -> Iterator[BinaryIO]:
    """Opens a file that a user named, for reading.

    Only regular files are opened: a device or a pipe may never end, or never begin.

    Args:
        path: The file.
        max_bytes: Size that no file of its kind has more of.

    Raises:
        InputFileError: If it is missing, no regular file, larger than `max_bytes`, or not ours to read; the message
            names the path. Also for what goes wrong while the block reads.
    """
    try:
        _check_regular(path, path.stat())
        # What has become a pipe since then does not hold us up.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    with file:
        status = os.fstat(file.fileno())
        _check_regular(path, status)
        if status.st_size > max_bytes:
            raise _too_large(path, max_bytes)
        try:
            yield file
        except OSError as error:
            raise _unreadable(path, error) from error


def read_input(path: Path, max_bytes: int, may_be_empty: bool = False) -> bytes:
    """Returns the bytes of a file that a user named.

    Raises:
        InputFileError: If it cannot be opened (`open_input`), is empty, unless it may be, or grows beyond `max_bytes`;
            the message names the path.
    """
    with open_input(path, max_bytes) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _too_large(path, max_bytes)
    if not (data or may_be_empty):
        raise InputFileError(f"{path}: is empty")
    return data


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Returns what a JSON file holds.

    Raises:
        InputFileError: If it cannot be read or is no JSON; the message names the path.
    """
    try:
        return json.loads(read_input(path, max_bytes).decode("utf-8-sig"))
    # Deep nesting is a RecursionError.
    except (ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not readable as JSON ({reason(error)})") from error


def resolved(path: str | Path) -> Path:
    """Returns a path without links and without what is relative in it; of links that lead in circles one of them."""
    return Path(os.path.realpath(path))


def reason(error: Exception) -> str:
    """Returns what the system says of an error, one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]


def _unreadable(path: Path, error: Exception) -> InputFileError:
    return InputFileError(f"{path}: cannot be read ({reason(error)})")


def _too_large(path: Path, max_bytes: int) -> InputFileError:
    limit = f"{max_bytes // 2**20} MiB" if max_bytes >= 2**20 else f"{max_bytes // 2**10} KiB"
    return InputFileError(f"{path}: larger than {limit}, which no file of this kind is")


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputFileError(f"{path}: is a folder; give a file")
    if not stat.S_ISREG(status.st_mode):
        raise InputFileError(f"{path}: is no regular file; give one")


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Puts `new` where `folder` is; where that fails, everything is as before."""
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


@contextmanager
def _unfinished_path(path: Path) -> Iterator[Path]:
    """Gives a name beside a path under which it can be made, and removes what is there after the block."""
    _clear(path.parent)
    # A name takes 255 bytes at most.
    name = os.fsdecode(os.fsencode(path.name)[:120])
    unfinished = path.with_name(f".{name}.unfinished-{_HOST}-{os.getpid()}-{secrets.token_hex(8)}")
    _unfinished.add(unfinished)
    try:
        yield unfinished
    finally:
        _remove(unfinished)
        _unfinished.discard(unfinished)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Removes, once for each folder, what processes of this machine that are gone have left there unfinished."""
    if folder in _cleared:
        return
    _cleared.add(folder)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _UNFINISHED.fullmatch(entry.name)
            if match and not _is_running(int(match[1])):
                _remove(Path(entry.path))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _locked(folder: Path, wait: bool = False) -> Iterator[None]:
    """Locks a folder against other processes that ask for it, where the file system can.

    Raises:
        BlockingIOError: If another process has it and `wait` is not set.
    """
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        if fcntl is not None and descriptor is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise
            except OSError:
                # Some network file systems know no locks.
                pass
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
