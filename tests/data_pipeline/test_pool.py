import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from melody_rnn.data import pool
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.data.inputs import SourceFile
from melody_rnn.data.pool import FileResult, ReaderPool
from tests.data_pipeline.music_files import abc, midi

# Answers as the worker does, but hangs, crashes or eats memory at tunes of these titles.
FAKE_WORKER = """
import sys, json, time, os
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    for number, title in list(enumerate(open(task["path"]).read().split()))[task["first"]::task["stride"]]:
        if title == "hang":
            os.fork() or time.sleep(100)
            time.sleep(100)
        if title == "crash":
            os.kill(os.getpid(), 11)
        print(json.dumps({"tune": number, "title": title}), flush=True)
    print(json.dumps({"done": True, "error": None}), flush=True)
"""


@pytest.fixture
def fake_pool(tmp_path: Path) -> Iterator[ReaderPool]:
    (tmp_path / "worker.py").write_text(FAKE_WORKER)
    made = ReaderPool(ExtractionRules(), 2, timeout_seconds=0.5, memory_bytes=2**30)
    made._command = [sys.executable, str(tmp_path / "worker.py")]
    with made:
        yield made


def read(made: ReaderPool, folder: Path, **texts: str) -> list[FileResult]:
    files = []
    for name, text in texts.items():
        (folder / f"{name}.abc").write_text(text)
        files.append(SourceFile(f"{name}.abc", folder / f"{name}.abc"))
    return list(made.read(files))


def outcomes(result: FileResult) -> list[str]:
    return [tune.rejections[0][0] if tune.rejections else tune.title for tune in result.tunes]


def test_results_come_in_the_order_of_the_files(fake_pool: ReaderPool, tmp_path: Path):
    results = read(fake_pool, tmp_path, **{f"f{number}": f"t{number}" for number in range(20)})
    assert [outcomes(result) for result in results] == [[f"t{number}"] for number in range(20)]


def test_a_tune_that_hangs_or_crashes_loses_only_itself(fake_pool: ReaderPool, tmp_path: Path):
    [one, other] = read(fake_pool, tmp_path, one="a hang b crash c", other="d")
    assert outcomes(one) == ["a", "timeout", "b", "crashed", "c"]
    assert [tune.tune for tune in one.tunes] == [0, 1, 2, 3, 4]
    assert outcomes(other) == ["d"]


@pytest.mark.parametrize("text", ["a b hang c crash d e", "crash hang", "a", ""])
def test_a_large_file_is_read_by_all_workers_as_by_one(
    fake_pool: ReaderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
):
    [alone] = read(fake_pool, tmp_path, book=text)
    monkeypatch.setattr(pool, "_SHARED_BYTES", 0)
    [shared, next_file] = read(fake_pool, tmp_path, book=text, other="x y z")
    assert fake_pool._num_shares(shared.source) == 2
    assert shared == alone
    assert outcomes(next_file) == ["x", "y", "z"]


def test_a_file_that_only_crashes_is_given_up(fake_pool: ReaderPool, tmp_path: Path):
    [result] = read(fake_pool, tmp_path, bad="crash " * 30)
    assert result.error is not None
    assert "given up" in result.error
    assert len(result.tunes) == 20


def test_no_process_is_left_when_the_run_is_interrupted(fake_pool: ReaderPool, tmp_path: Path):
    (tmp_path / "good.abc").write_text("a")
    (tmp_path / "bad.abc").write_text("hang")
    files = [SourceFile(name, tmp_path / name) for name in ("good.abc", "bad.abc")]
    started = time.monotonic()
    results = fake_pool.read(files)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt())
    assert all(not worker.is_alive() for worker in fake_pool._workers)
    assert time.monotonic() - started < 60


def test_a_worker_that_cannot_start_says_so(tmp_path: Path):
    made = ReaderPool(ExtractionRules(), 1, 1.0, 2**30)
    made._command = [sys.executable, "-c", "raise SystemExit(3)"]
    with made, pytest.raises(pool.MelodyRNNError, match="did not start"):
        read(made, tmp_path, a="a")


def test_the_real_worker_reads_and_leaves_no_files(tmp_path: Path):
    (tmp_path / "a.abc").write_text(abc() + "X:2\nK:C\n\n")
    (tmp_path / "b.mid").write_bytes(midi())
    files = [SourceFile("a.abc", tmp_path / "a.abc"), SourceFile("b.mid", tmp_path / "b.mid")]
    with ReaderPool(ExtractionRules(), 1, 60.0, 2**30) as made:
        one, other = made.read(files)
        temporary = made._temporary
        assert list(temporary.iterdir()) == []
    assert not temporary.exists()
    assert [len(tune.melodies) for tune in (*one.tunes, *other.tunes)] == [1, 0, 1]
    assert one.tunes[1].rejections == [["unreadable", "no note in it"]]
    assert other.tunes[0].melodies[0]["events"][:5] == [60, -2, -2, -2, 69]
