"""Files read by the workers of a Dask cluster, shard by shard, so that a set may be larger than one machine reads.

The client, the workers and the readers that those start see the inputs and the output under the same paths, as on a
network file system. A shard is written beside the output, in `OUTPUT.shards`, by the worker that has read its files,
and named by the digest of all that it depends on: a build that was interrupted, by whatever, goes on with the shards
that are there. Of the scheduler nothing is asked but to hand out tasks; Dask hands out again what a lost worker had.

Dask's messages are pickled: whoever reaches a scheduler can run code on its workers, with or without this package. Its
own page on TLS says how to keep others out.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import logging
import platform
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import melody_rnn
from melody_rnn.data import dataset, shards
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import SourceFile
from melody_rnn.data.pool import ReaderPool
from melody_rnn.data.shards import Progress, Shard
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyRNNError, OutputError, printable
from melody_rnn.files import held, read_json, reason, resolved

FILES_PER_TASK: Final = 512
_ADDRESS: Final = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[A-Za-z0-9._\[\]:-]+:[0-9]{1,5}")
_CONNECT_SECONDS: Final = 20
_WORKERS_SECONDS: Final = 60
# A network file system may show late what another machine has written.
_APPEAR_SECONDS: Final = 60.0
# So many tasks are with the scheduler at a time; their names of files are what it needs memory for.
_MOST_PENDING: Final = 1_000
_MOST_TRIES: Final = 5


class ClusterError(MelodyRNNError):
    """A cluster cannot be reached, or does not do what was asked for."""


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster that reads files for a dataset.

    Attributes:
        address: The scheduler's address, such as 'tcp://10.0.0.1:8786', or the path of its scheduler file (.json).
        output: The dataset's folder; shards are kept beside it until it is whole.
        files_per_task: Files of one shard.
    """

    address: str
    output: Path
    files_per_task: int = FILES_PER_TASK

    def __post_init__(self) -> None:
        if self.files_per_task < 1:
            raise InvalidArgumentError(f"files_per_task must be at least 1, got {self.files_per_task}")
        if not (self._is_file or _ADDRESS.fullmatch(self.address)):
            raise InvalidArgumentError(
                f"the cluster must be an address, as tcp://HOST:8786, or a scheduler file (.json), got {self.address}"
            )

    @property
    def _is_file(self) -> bool:
        return self.address.endswith(".json")

    @property
    def folder(self) -> Path:
        """Where shards are."""
        output = resolved(self.output)
        return output.with_name(f"{output.name}.shards")

    def read(
        self,
        files: Sequence[SourceFile],
        rules: ExtractionRules,
        timeout_seconds: float,
        memory_bytes: int,
        progress: Progress | None = None,
    ) -> Shard:
        """Reads files, those left out whose shards are there already.

        Args:
            files: The files.
            rules: What makes a melody.
            timeout_seconds: A tune that takes longer is given up.
            memory_bytes: A reader that takes more is given up.
            progress: Called with the number of files done and of all files, after each shard.

        Returns:
            What became of the files, in their order; the same on every cluster.

        Raises:
            ClusterError: If the cluster cannot be reached, is lost, or its workers are not like this machine.
            OutputError: If shards cannot be written, or another process builds the same dataset.
        """
        tasks = _tasks(files, rules, timeout_seconds, memory_bytes, self)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made ({reason(error)})") from error
        with held(self.folder, "dataset"):
            done = sum(len(task["files"]) for task in tasks if _is_there(task))
            missing = [task for task in tasks if not _is_there(task)]
            for task in self._run(missing) if missing else ():
                done += len(task["files"])
                if progress:
                    progress(done, len(files))
            whole = Shard()
            for task in tasks:
                whole.add(_load(task))
        return whole

    def forget(self) -> None:
        """Removes the shards, which a whole dataset no longer needs."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, tasks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yields each task once it is done."""
        from distributed import Client, KilledWorker, as_completed

        # What it has to say of workers that come and go is not for whoever builds a dataset.
        for name in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        left = iter(tasks)
        address = self._scheduler()
        with contextlib.ExitStack() as stack:
            try:
                # A notebook has a loop of its own in this thread.
                stack.enter_context(ThreadPoolExecutor(1)).submit(asyncio.run, _shake_hands(address)).result()
                client = stack.enter_context(Client(address, timeout=_CONNECT_SECONDS, set_as_default=False))
                client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
            # What answers there may be anything, and Dask has many ways not to understand it.
            except Exception as error:
                raise ClusterError(
                    f"--cluster {self.address}: no scheduler with a worker answers there ({reason(error)}); start them "
                    "first"
                ) from error
            running: dict[Any, Mapping[str, Any]] = {}
            tries: dict[str, int] = {}
            finished = as_completed(loop=client.loop)

            def submit(task: Mapping[str, Any]) -> None:
                number = tries[task["key"]] = tries.get(task["key"], 0) + 1
                future = client.submit(read_part, dict(task), key=f"melody-rnn-{task['key']}-{number}", pure=False)
                running[future] = task
                finished.add(future)

            for _, task in zip(range(_MOST_PENDING), left, strict=False):
                submit(task)
            for future in finished:
                task = running.pop(future)
                fault = _fault(future)
                if isinstance(fault, KilledWorker) and tries[task["key"]] < _MOST_TRIES:
                    # Dask gives up a task after a few lost workers, which it takes to be the task's fault.
                    submit(task)
                    continue
                if fault is not None:
                    raise self._lost(fault)
                _wait_for(task)
                yield task
                for following in left:
                    submit(following)
                    break

    def _scheduler(self) -> str:
        if not self._is_file:
            return self.address
        found = read_json(Path(self.address))
        address = found.get("address") if isinstance(found, dict) else None
        if not (isinstance(address, str) and _ADDRESS.fullmatch(address)):
            raise InputFileError(f"{self.address}: no scheduler file of Dask")
        return address

    def _lost(self, error: BaseException) -> MelodyRNNError:
        if isinstance(error, MelodyRNNError):
            return error
        what = " ".join((str(error) or type(error).__name__).split())
        return ClusterError(
            f"--cluster {self.address}: was lost or failed ({printable(what)}); what was read is in {self.folder}, and "
            "the same command goes on from there"
        )


async def _shake_hands(address: str) -> None:
    """Returns once a scheduler has answered; Dask itself would wait for ever for a server that says nothing."""
    from distributed.comm import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(_CONNECT_SECONDS):
        comm = await connect(address, timeout=_CONNECT_SECONDS, **arguments)
    await comm.close()


def read_part(task: Mapping[str, Any]) -> None:
    """Reads the files of one task and writes their shard; this is what runs on a worker.

    Raises:
        ClusterError: If this machine is not like the client's, or does not see its files.
        OutputError: If the shard cannot be written.
    """
    if task["versions"] != _versions():
        raise ClusterError(f"a worker on {platform.node()} has {_versions()}, and the client {task['versions']}")
    shard = Path(task["shard"])
    # Whoever was taken for lost may have finished.
    if _is_there(task):
        return
    if not shard.parents[1].is_dir():
        raise ClusterError(
            f"a worker on {platform.node()} does not see {shard.parents[1]}; use a folder that all share"
        )
    files = [SourceFile(name, Path(path)) for name, path, _, _ in task["files"]]
    for file, row in zip(files, task["files"], strict=True):
        if _state(file) != tuple(row[2:]):
            raise ClusterError(
                f"a worker on {platform.node()} does not see {file.path} as the client does; name what all share"
            )
    rules = ExtractionRules(**task["rules"])
    with ReaderPool(rules, 1, task["timeout_seconds"], task["memory_bytes"]) as pool:
        shards.save(shards.gather(pool.read(files), rules.steps_per_quarter), shard)


def _tasks(
    files: Sequence[SourceFile], rules: ExtractionRules, timeout_seconds: float, memory_bytes: int, cluster: Cluster
) -> list[dict[str, Any]]:
    """Returns the tasks, each as JSON data: its files, with their sizes and times of change, and where its shard is."""
    common = {
        "rules": dataclasses.asdict(rules),
        "timeout_seconds": timeout_seconds,
        "memory_bytes": memory_bytes,
        "versions": _versions(),
    }
    tasks = []
    for first in range(0, len(files), cluster.files_per_task):
        part = files[first : first + cluster.files_per_task]
        rows = [[file.name, str(resolved(file.path)), *_state(file)] for file in part]
        task = {**common, "files": rows}
        key = hashlib.sha256(json.dumps(task).encode("ascii")).hexdigest()[:32]
        tasks.append({**task, "key": key, "shard": str(cluster.folder / key[:2] / key)})
    return tasks


def _state(file: SourceFile) -> tuple[int, int]:
    """Returns a file's size and time of change; -1 for one that is not there."""
    try:
        status = file.path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _versions() -> dict[str, str]:
    """Returns what a file's melodies depend on besides the file."""
    return {"melody-rnn": melody_rnn.__version__, "symusic": metadata.version("symusic")}


def _is_there(task: Mapping[str, Any]) -> bool:
    return dataset.is_dataset(task["shard"])


def _wait_for(task: Mapping[str, Any]) -> None:
    deadline = time.monotonic() + _APPEAR_SECONDS
    while not _is_there(task):
        if time.monotonic() > deadline:
            raise ClusterError(f"a worker wrote {task['shard']}, and it is not here; name an output that all share")
        time.sleep(0.1)


def _load(task: Mapping[str, Any]) -> Shard:
    try:
        return shards.load(Path(task["shard"]))
    except InputFileError:
        # The next build reads its files again.
        shutil.rmtree(task["shard"], ignore_errors=True)
        raise


def _fault(future: Any) -> BaseException | None:
    """Returns why a task is not done, if it is not."""
    if future.status == "finished":
        return None
    try:
        fault: BaseException | None = future.exception(timeout=0)
    # Of a cluster that is gone there is no more to learn.
    except Exception as problem:
        fault = problem
    return fault or ClusterError(f"the task is {future.status}")
