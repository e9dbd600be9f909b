import json
from pathlib import Path
from typing import Any

import pytest
from music_files import HOSTILE, abc, midi, musicxml

from melody_rnn.data import dataset
from melody_rnn.data.build import build_dataset
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tunes of all kinds, with what the doctor has to find."""
    made = tmp_path_factory.mktemp("input") / "tunes"
    made.mkdir()
    short, few = abc(2, "Short"), "X:1\nT:Few\nM:4/4\nL:1/8\nK:C\n" + "CDEC CDEC|" * 10 + "\n"
    chords = "X:1\nT:Chords\nM:4/4\nL:1/8\nK:C\n" + "[CE]DEF GABc|" * 10 + "\n"
    copy = abc(16, "Copy").replace("K:C\n", "K:C\n")
    (made / "book.abc").write_text(abc(16, "Kept") + short + few + chords + abc(20, "Kept too", "3/4") + copy)
    (made / "tune.mid").write_bytes(midi())
    (made / "piece.musicxml").write_text(musicxml())
    (made / "broken.mid").write_bytes(HOSTILE["cut.mid"])
    (made / "photo.png").write_bytes(b"\x89PNG")
    return made


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    output = tmp_path_factory.mktemp("output") / "data"
    calls: list[tuple[int, int]] = []
    report = build_dataset(
        [folder], output, num_workers=2, timeout_seconds=60, progress=lambda *done: calls.append(done)
    )
    assert calls == [(number, 4) for number in range(1, 5)]
    return report, output


def test_every_kind_of_file_gives_melodies(built: tuple[Any, Path]):
    melodies = {melody.id: melody for melody in dataset.load(built[1]).melodies}
    assert list(melodies) == [
        "tunes/book.abc:0.0",
        "tunes/book.abc:4.0",
        "tunes/piece.musicxml:0.0",
        "tunes/tune.mid:0.0",
    ]
    assert [melody.steps_per_bar for melody in melodies.values()] == [16, 12, 16, 16]
    assert melodies["tunes/book.abc:4.0"].title == "Kept too"
    assert melodies["tunes/piece.musicxml:0.0"].events[:13].tolist() == [-2] * 12 + [62]


def test_the_report_says_what_each_rule_dropped(built: tuple[Any, Path]):
    report = built[0]
    assert report.dropped == {
        "other_kind": 1, "too_short": 1, "too_few_pitches": 1, "polyphonic": 1, "unreadable": 1, "duplicate": 1,
    }  # fmt: skip
    assert (report.num_files, report.num_tunes, report.num_tunes_read, report.num_melodies) == (5, 9, 8, 4)
    rows = {row.file: row for row in report.files}
    assert rows["tunes/book.abc"].melodies == 2
    assert rows["tunes/book.abc"].dropped["duplicate"] == 1
    assert sum(part.melodies for part in report.splits.values()) == 4
    assert report.leaks["exact"] == 0


def test_the_reports_are_stored_with_the_dataset(built: tuple[Any, Path]):
    report, output = built
    stored = json.loads((output / "report.json").read_text())
    assert stored["dropped"] == report.dropped
    assert len(stored["files"]) == 5
    rejected = [json.loads(line) for line in (output / "rejected.jsonl").read_text().splitlines()]
    assert {row["rule"] for row in rejected} == set(report.dropped)
    duplicate = next(row for row in rejected if row["rule"] == "duplicate")
    assert (duplicate["title"], duplicate["detail"]) == ("Copy", "the same as tunes/book.abc:0.0")


def test_the_rules_are_stored_with_the_dataset(built: tuple[Any, Path]):
    details = dataset.load(built[1]).details
    assert ExtractionRules(**details["rules"]) == ExtractionRules()
    assert details["is_free"]


def test_a_dataset_does_not_depend_on_the_number_of_workers(folder: Path, built: tuple[Any, Path], tmp_path: Path):
    again = build_dataset([folder], tmp_path / "data", num_workers=1, timeout_seconds=60)
    assert again.digest == built[0].digest
    assert (tmp_path / "data" / "report.json").read_bytes() == (built[1] / "report.json").read_bytes()


def test_hostile_files_are_rows_of_the_report(tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name, data in HOSTILE.items():
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in" / "good.abc").write_text(abc())
    report = build_dataset([tmp_path / "in"], tmp_path / "data", timeout_seconds=60)
    assert report.num_melodies == 1
    rows = {row.file.removeprefix("in/"): row.dropped for row in report.files}
    assert all(rows[name] for name in HOSTILE if name != "good.abc")
    assert not {"timeout", "crashed"} & set(report.dropped)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no file"),
        ({"a.png": b"x"}, "1 other kind; the first: in/a.png"),
        ({"a.abc": abc(2).encode()}, "1 files with 1 tunes: 1 too short; the first: in/a.abc: 2.0 bars"),
    ],
)
def test_an_empty_dataset_is_an_error_that_says_why(tmp_path: Path, files: dict[str, bytes], why: str):
    (tmp_path / "in").mkdir()
    for name, data in files.items():
        (tmp_path / "in" / name).write_bytes(data)
    with pytest.raises(InputFileError, match=why):
        build_dataset([tmp_path / "in"], tmp_path / "data", timeout_seconds=60)
    assert not (tmp_path / "data").exists()


def test_the_output_is_checked_before_the_work(folder: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="is no dataset"):
        build_dataset([folder / "nothing"], tmp_path / "data")


def test_num_workers_has_a_limit(folder: Path, tmp_path: Path):
    with pytest.raises(InvalidArgumentError, match="num_workers"):
        build_dataset([folder], tmp_path / "data", num_workers=0)


def test_terms_of_a_corpus_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from melody_rnn.data import inputs
    from melody_rnn.data.corpora import CORPORA, CorpusFiles

    (tmp_path / "a.abc").write_text(abc())
    files = {"essenFolksong/a.abc": tmp_path / "a.abc"}
    monkeypatch.setattr(inputs, "find_corpus", lambda name: CorpusFiles("essen", CORPORA["essen"], "1", files))
    report = build_dataset(["corpus:essen"], tmp_path / "data", timeout_seconds=60)
    assert "non-commercial" in report.notices[0]
    assert dataset.load(tmp_path / "data").details["is_free"] is False
