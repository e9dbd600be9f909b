"""Files read in parallel by processes that may hang, crash or swell without ending the run."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import melody_rnn
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import SourceFile
from melody_rnn.data.reading import holds_tunes
from melody_rnn.errors import MelodyRNNError

_START_SECONDS: Final = 120.0
_MAX_LOST_TUNES: Final = 20


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

    def __init__(
        self, rules: ExtractionRules, num_workers: int, timeout_seconds: float, memory_bytes: int, sequences: bool
    ) -> None:
        self._rules = dataclasses.asdict(rules)
        self._num_workers = num_workers
        self._timeout_seconds = timeout_seconds
        self._command = [
            sys.executable, "-m", "melody_rnn.data.worker", str(memory_bytes), "sequences" if sequences else "abc"
        ]  # fmt: skip
        self._local = threading.local()
        self._workers: list[_Worker] = []
        self._is_closed = False

    def __enter__(self) -> "ReaderPool":
        # Readers that are ended leave their own temporary files behind.
        self._temporary = tempfile.TemporaryDirectory(prefix="melody-rnn-", ignore_cleanup_errors=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_closed = True
        for worker in self._workers:
            worker.kill()
        self._temporary.cleanup()

    def read(self, files: Sequence[SourceFile]) -> Iterator[FileResult]:
        """Yields each file's result, in the order of the files."""
        with ThreadPoolExecutor(self._num_workers) as threads:
            try:
                yield from threads.map(self._read_file, files)
            except BaseException:
                self._is_closed = True
                threads.shutdown(wait=False, cancel_futures=True)
                for worker in self._workers:
                    worker.kill()
                raise

    def _worker(self) -> "_Worker":
        worker: _Worker | None = getattr(self._local, "worker", None)
        if worker is None or not worker.is_alive():
            worker = _Worker(self._command, self._temporary.name)
            self._local.worker = worker
            self._workers.append(worker)
        return worker

    def _read_file(self, source: SourceFile) -> FileResult:
        result = FileResult(source)
        lost = 0
        while not self._is_closed:
            first = result.tunes[-1].tune + 1 if result.tunes else 0
            try:
                task = {"path": str(source.path), "first": first, "rules": self._rules}
                for message in self._worker().ask(task, self._timeout_seconds):
                    if "done" in message:
                        result.error = message["error"]
                        return result
                    result.tunes.append(TuneResult(**message))
            except _LostError as problem:
                lost += 1
                next_tune = result.tunes[-1].tune + 1 if result.tunes else 0
                result.tunes.append(TuneResult(next_tune, rejections=[(problem.args[0], problem.args[1])]))
                if not holds_tunes(source.path):
                    return result
                if lost == _MAX_LOST_TUNES:
                    result.error = f"given up after {lost} tunes that could not be read in time or crashed the reader"
                    return result
        return result


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
            text=True, encoding="ascii", env=environment, start_new_session=True,
        )  # fmt: skip
        self._timed_out = False
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
            self._process.stdin.write(json.dumps(task) + "\n")
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
        timer = threading.Timer(timeout_seconds, self._time_out)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if line.endswith("\n"):
            message: dict[str, Any] = json.loads(line)
            return message
        self.kill()
        if self._timed_out:
            raise _LostError("timeout", f"took more than {timeout_seconds:g} seconds")
        raise _LostError("crashed", f"the reader ended with status {self._process.returncode}")

    def _time_out(self) -> None:
        self._timed_out = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
