import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from melody_rnn.data import dataset
from melody_rnn.data.build import build_dataset
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError
from tests.data_pipeline.music_files import HOSTILE, TUNE, abc, midi, musicxml, variable_length


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
    assert [str(melody.meter) for melody in melodies.values()] == ["4/4", "3/4", "4/4", "4/4"]
    assert [melody.pickup_steps for melody in melodies.values()] == [0, 0, 4, 0]
    assert [str(melody.key) for melody in melodies.values()] == ["C major", "C major", "G major", "None"]
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
    # Of meters and tempos that are none nothing is left but the notes, which are one tune.
    assert [melody.id for melody in dataset.load(tmp_path / "data").melodies] == [
        "in/good.abc:0.0",
        "in/odd_meter.mid:0.0",
    ]
    rows = {row.file.removeprefix("in/"): row.dropped for row in report.files}
    assert all(rows[name] for name in HOSTILE if name != "odd_meter.mid")
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


def rubato(num_notes: int) -> bytes:
    """Quarter notes, each of a tempo of its own."""
    events = b""
    for number in range(num_notes):
        tempo = 500_000 + 1000 * (number * 7 % 50)
        pitch = TUNE[number * 5 % 8]
        events += b"\x00\xff\x51\x03" + tempo.to_bytes(3, "big") + bytes([0, 0x90, pitch, 90])
        events += variable_length(480) + bytes([0x80, pitch, 0])
    return midi(events)


def test_files_of_many_tempos_name_the_option_that_reads_them(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.abc").write_text(abc(2))
    (tmp_path / "in" / "b.mid").write_bytes(rubato(64))
    with pytest.raises(InputFileError, match=r"1 tempo changes.*; changes of tempo: --ignore-tempo-changes") as caught:
        build_dataset([tmp_path / "in"], tmp_path / "data", timeout_seconds=60)
    assert "\n" not in str(caught.value)
    (tmp_path / "in" / "a.abc").unlink()
    with pytest.raises(
        InputFileError, match="64 melodies cut by changes of tempo have fewer than 7 bars; --ignore-tem"
    ):
        build_dataset([tmp_path / "in"], tmp_path / "data", timeout_seconds=60)
    rules = ExtractionRules(split_at_tempo_changes=False)
    assert build_dataset([tmp_path / "in"], tmp_path / "data", rules, timeout_seconds=60).num_melodies == 1


@pytest.mark.parametrize(
    "name", [b"Andr\xe9.mid", b'$HOME "it\'s".mid', "\u99ac\u306e\u6b4c.mid".encode(), b"-n.MID", b"a" * 251 + b".mid"]
)
def test_names_of_any_kind_are_read(tmp_path: Path, name: bytes):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / os.fsdecode(name)).write_bytes(midi())
    (tmp_path / "in" / "._b.mid").write_bytes(b"\x00\x05\x16\x07")
    report = build_dataset([tmp_path / "in"], tmp_path / "data", timeout_seconds=60)
    assert (report.num_files, report.num_melodies) == (1, 1)
    [melody] = dataset.load(tmp_path / "data").melodies
    assert melody.source == f"in/{name.decode('utf-8', 'replace')}"


def test_a_name_that_is_too_long_is_one_clear_line(tmp_path: Path):
    for arguments in ([f"{'a' * 300}.mid", "-o", "data"], [".", "-o", "a" * 300]):
        program = [
            sys.executable,
            "-c",
            "from melody_rnn.cli import main; main()",
            "dataset",
            "build",
            "-i",
            *arguments,
        ]
        told = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (told.returncode, told.stderr.count("\n"), "Traceback" in told.stderr) == (2, 1, False)
        assert "name" in told.stderr


def test_terms_of_a_corpus_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from melody_rnn.data import inputs
    from melody_rnn.data.corpora import CORPORA, CorpusFiles

    (tmp_path / "a.abc").write_text(abc())
    files = {"essenFolksong/a.abc": tmp_path / "a.abc"}
    monkeypatch.setattr(inputs, "find_corpus", lambda name: CorpusFiles("essen", CORPORA["essen"], "1", files))
    report = build_dataset(["corpus:essen"], tmp_path / "data", timeout_seconds=60)
    assert "non-commercial" in report.notices[0]
    assert dataset.load(tmp_path / "data").details["is_free"] is False
