"""Files read in parallel by processes that may hang, crash or swell without ending the run."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import melody_rnn
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import SourceFile
from melody_rnn.data.sources import holds_many
from melody_rnn.errors import MelodyRNNError
from melody_rnn.files import scratch_folder

_START_SECONDS: Final = 120.0
_MAX_LOST_TUNES: Final = 20
# A file of so many bytes is worth the time that it takes several processes to find their own tunes in it.
_SHARED_BYTES: Final = 2**17
_PIPE_BYTES: Final = 2**16


@dataclass
class TuneResult:
    """What became of a tune, as the worker tells it.

    Attributes:
        tune: Its place in the file, from 0.
        title: Its title, or an empty string.
        melodies: `Extracted` fields of each melody.
        rejections: (rule, detail) of each loss.
        num_pads: Bars that were padded to be whole.
    """

    tune: int
    title: str = ""
    melodies: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[tuple[str, str]] = field(default_factory=list)
    num_pads: int = 0


@dataclass
class FileResult:
    """What became of a file: its tunes, or why it could not be read at all."""

    source: SourceFile
    tunes: list[TuneResult] = field(default_factory=list)
    error: str | None = None


class _LostError(Exception):
    """The process ended or was ended before it answered; the arguments are the rule and the detail."""


class ReaderPool:
    """Worker processes, one a thread; a context manager."""

    def __init__(self, rules: ExtractionRules, num_workers: int, timeout_seconds: float, memory_bytes: int) -> None:
        self._rules = dataclasses.asdict(rules)
        self._num_workers = num_workers
        self._timeout_seconds = timeout_seconds
        self._command = [sys.executable, "-m", "melody_rnn.data.worker", str(memory_bytes)]
        self._local = threading.local()
        self._workers: list[_Worker] = []
        self._is_closed = False

    def __enter__(self) -> "ReaderPool":
        # Readers that are ended leave their own temporary files behind.
        self._scratch = scratch_folder()
        self._temporary = self._scratch.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_closed = True
        for worker in self._workers:
            worker.kill()
        self._scratch.__exit__(None, None, None)

    def read(self, files: Sequence[SourceFile]) -> Iterator[FileResult]:
        """Yields each file's result, in the order of the files."""
        shares = [self._num_shares(source) for source in files]
        parts = [(source, num, own) for source, num in zip(files, shares, strict=True) for own in range(num)]
        with ThreadPoolExecutor(self._num_workers) as threads:
            try:
                results = threads.map(lambda part: self._read_share(*part), parts)
                for num in shares:
                    yield _joined(list(islice(results, num)))
            except BaseException:
                self._is_closed = True
                threads.shutdown(wait=False, cancel_futures=True)
                for worker in self._workers:
                    worker.kill()
                raise

    def _worker(self) -> "_Worker":
        worker: _Worker | None = getattr(self._local, "worker", None)
        if worker is None or not worker.is_alive():
            worker = _Worker(self._command, str(self._temporary))
            self._local.worker = worker
            self._workers.append(worker)
        return worker

    def _num_shares(self, source: SourceFile) -> int:
        """Returns how many workers read a file: all, if it is a large one of many tunes."""
        try:
            is_large = source.path.stat().st_size >= _SHARED_BYTES
        except OSError:
            return 1
        return self._num_workers if is_large and holds_many(source.path) else 1

    def _read_share(self, source: SourceFile, num_shares: int, share: int) -> FileResult:
        """Reads each `num_shares`-th tune of a file from tune `share` on."""
        result = FileResult(source)
        first = share
        lost = 0
        while not self._is_closed:
            try:
                task = {"path": str(source.path), "first": first, "stride": num_shares, "rules": self._rules}
                for message in self._worker().ask(task, self._timeout_seconds):
                    if "done" in message:
                        result.error = message["error"]
                        return result
                    result.tunes.append(TuneResult(**message))
                    first = result.tunes[-1].tune + num_shares
            except _LostError as problem:
                lost += 1
                result.tunes.append(TuneResult(first, rejections=[(problem.args[0], problem.args[1])]))
                first += num_shares
                if not holds_many(source.path):
                    return result
                if lost == _MAX_LOST_TUNES:
                    result.error = f"given up after {lost} tunes that could not be read in time or crashed the reader"
                    return result
        return result


def _joined(shares: Sequence[FileResult]) -> FileResult:
    """Returns a file's result from those of its shares."""
    tunes = sorted((tune for share in shares for tune in share.tunes), key=lambda tune: tune.tune)
    errors = (share.error for share in shares if share.error is not None)
    return FileResult(shares[0].source, tunes, next(errors, None))


class _Worker:
    """One worker process."""

    def __init__(self, command: Sequence[str], temporary: str) -> None:
        root = str(Path(melody_rnn.__file__).parent.parent)
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        # One thread each: the processes are the parallelism.
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
            "TMPDIR": temporary,
        }  # fmt: skip
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, start_new_session=True,
        )  # fmt: skip
        self._lines: deque[bytes] = deque()
        self._unfinished = b""
        try:
            self._receive(_START_SECONDS)
        except _LostError as problem:
            raise MelodyRNNError(f"the process that reads files did not start ({problem.args[1]})") from problem

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, task: dict[str, Any], timeout_seconds: float) -> Iterator[dict[str, Any]]:
        """Yields the answers to a task; each may take `timeout_seconds`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(task).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            self.kill()
            raise _LostError("crashed", "the reader ended") from error
        while True:
            message = self._receive(timeout_seconds)
            yield message
            if "done" in message:
                return

    def kill(self) -> None:
        """Ends the process and whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _receive(self, timeout_seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_seconds
        while not self._lines:
            if not wait([self._process.stdout.fileno()], max(0.0, deadline - time.monotonic())):
                self.kill()
                raise _LostError("timeout", f"took more than {timeout_seconds:g} seconds")
            data = os.read(self._process.stdout.fileno(), _PIPE_BYTES)
            if not data:
                self.kill()
                raise _LostError("crashed", f"the reader ended with status {self._process.returncode}")
            *lines, self._unfinished = (self._unfinished + data).split(b"\n")
            self._lines.extend(lines)
        message: dict[str, Any] = json.loads(self._lines.popleft())
        return message
