"""Datasets built by a real scheduler and its workers, processes of their own on this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import melody_rnn
from melody_rnn.data import shards
from melody_rnn.data.build import build_dataset
from melody_rnn.data.cluster import Cluster, ClusterError
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyRNNError, OutputError
from melody_rnn.files import held
from tests.data_pipeline.music_files import HOSTILE, abc, midi

pytest.importorskip("distributed")


@contextmanager
def cluster(folder: Path, num_workers: int) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Gives a scheduler file, and the processes of the scheduler and of each worker."""
    address = folder / f"scheduler{num_workers}.json"
    root = str(Path(melody_rnn.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "TMPDIR": str(folder)}
    common = ["--scheduler-file", str(address), "--no-dashboard", "--host", "127.0.0.1"]
    programs = [["scheduler", "--port", "0", *common]]
    programs += [["worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(folder), *common]] * num_workers
    processes = [
        subprocess.Popen([sys.executable, "-m", "dask", *program], env=environment,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for program in programs
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (address.exists() and address.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield str(address), processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of which some hold nothing, some the same, and some another's tune with another end."""
    made = tmp_path_factory.mktemp("input") / "tunes"
    made.mkdir()
    for number in range(24):
        (made / f"{number:02d}.abc").write_text(abc(16, f"Tune {number}", shift=number % 5))
    (made / "book.abc").write_text("".join(abc(8 + number, f"Of a book {number}") for number in range(4)))
    (made / "one.mid").write_bytes(midi())
    for name in list(HOSTILE)[:4]:
        (made / name).write_bytes(HOSTILE[name])
    (made / "none.txt").write_text("no music")
    return made


def contents(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.iterdir()}


def test_a_dataset_survives_a_lost_worker_and_a_lost_scheduler_byte_for_byte(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Who has lost a scheduler looks for it as long as for one that is not there.
    monkeypatch.setattr("melody_rnn.data.cluster._CONNECT_SECONDS", 3)
    alone = build_dataset([folder], tmp_path / "alone", timeout_seconds=60)
    output = tmp_path / "together"
    calls: list[int] = []
    with cluster(tmp_path, 2) as (address, [scheduler, worker, _]):

        def lose(done: int, total: int) -> None:
            calls.append(done)
            assert total == alone.num_files - 1
            if len(calls) == 2:
                os.kill(worker.pid, signal.SIGKILL)
            if len(calls) == 7:
                os.kill(scheduler.pid, signal.SIGKILL)

        with pytest.raises(ClusterError, match=r"was lost.*together\.shards, and the same command goes on"):
            build_dataset(
                [folder], output, cluster=Cluster(address, output, 2), timeout_seconds=60, progress=lose
            )  # fmt: skip
        assert worker.poll() == -signal.SIGKILL
    assert not output.exists()
    kept = len(list((tmp_path / "together.shards").glob("*/*/dataset.json")))
    assert 7 <= kept < 15
    again: list[int] = []
    with cluster(tmp_path, 1) as (address, _):
        together = build_dataset(
            [folder], output, cluster=Cluster(address, output, 2), timeout_seconds=60,
            progress=lambda done, total: again.append(done),
        )  # fmt: skip
    assert len(again) == 15 - kept
    assert again[-1] == alone.num_files - 1
    assert together.digest == alone.digest
    assert contents(output) == contents(tmp_path / "alone")
    assert {path.name for path in tmp_path.iterdir()} >= {"alone", "together"}
    assert not (tmp_path / "together.shards").exists()


def test_a_shard_is_the_same_once_it_was_written(tmp_path: Path):
    shards.save(shards.Shard(), tmp_path / "empty")
    assert shards.load(tmp_path / "empty") == shards.Shard()
    (tmp_path / "empty" / "rejected.jsonl").write_text("[1]\n")
    with pytest.raises(InputFileError, match="the shard's reports are damaged"):
        shards.load(tmp_path / "empty")


def test_what_is_wrong_with_a_cluster_is_one_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def build(address: str) -> None:
        build_dataset([folder], tmp_path / "data", cluster=Cluster(address, tmp_path / "data"))

    monkeypatch.setattr("melody_rnn.data.cluster._CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match="no scheduler with a worker answers there") as caught:
        build("tcp://127.0.0.1:1")
    assert "\n" not in str(caught.value)
    for address in ("nonsense", "udp://x:1", "", "tcp://127.0.0.1:999999", "tcp://a b:1"):
        with pytest.raises(InvalidArgumentError, match="must be an address, as"):
            build(address)
    (tmp_path / "none.json").write_text("[]")
    for name in ("none.json", "missing.json"):
        with pytest.raises(MelodyRNNError, match=f"{name}: "):
            build(str(tmp_path / name))
    with held(tmp_path / "data.shards", "dataset"), pytest.raises(OutputError, match="another process"):
        build("tcp://127.0.0.1:1")
