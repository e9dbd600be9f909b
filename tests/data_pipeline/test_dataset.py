import contextlib
import errno
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from melody_rnn.data import dataset
from melody_rnn.data.dataset import Dataset, StoredForm, StoredMelody
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.tune import Chord, Ending, Jump, Section, Tune


@pytest.fixture
def melodies() -> Dataset:
    random = np.random.default_rng(0)
    rows = [
        StoredMelody(
            f"book/file.abc:{number}.0",
            random.integers(-2, 128, 5 + number).astype(np.int8),
            meter,
            split,
            title,
            steps_per_quarter=12,
        )
        for number, (meter, split, title) in enumerate(
            [(Meter(4, 4), "train", "Één"), (Meter(99, 8), "test", ""), (Meter(9, 8), "validation", "x\n")]
        )
    ]
    events = np.array([127, -1, -2], np.int8)
    rows.append(StoredMelody("z.mid:0.1", events, Meter(6, 8), "train", "", Key(-7, "locrian"), 6, 12))
    return Dataset(tuple(rows), details={"rules": {"min_bars": 7}})


def test_save_and_load_are_inverse(melodies: Dataset, tmp_path: Path):
    digest = dataset.save(melodies, tmp_path / "new" / "data")
    loaded = dataset.load(tmp_path / "new" / "data")
    assert loaded.digest == digest
    assert loaded.steps_per_quarter == 12
    assert loaded.details["rules"] == {"min_bars": 7}
    for one, other in zip(melodies.melodies, loaded.melodies, strict=True):
        np.testing.assert_array_equal(one.events, other.events)
        assert other.events.dtype == np.int8
        assert vars(replace(one, events=other.events)) == vars(other)


def test_chord_symbols_are_kept(melodies: Dataset, tmp_path: Path):
    without = dataset.save(melodies, tmp_path / "without")
    first, *others = melodies.melodies
    first = replace(first, chords=(Chord(0, "Am7"), Chord(4, "B♭/D")))
    digest = dataset.save(Dataset((first, *others)), tmp_path / "with")
    assert dataset.load(tmp_path / "with").melodies[0].chords == first.chords == first.tune.chords
    assert dataset.load(tmp_path / "without").melodies[0].chords == ()
    # Where there are none, nothing is said of them, and data sets made before read as they did.
    assert digest != without
    assert "chords" not in (tmp_path / "without" / "melodies.jsonl").read_text()


@pytest.mark.parametrize("chords", ["[[0]]", '[[5, "G"]]', '[[-1, "G"]]', "[[0, 7]]", '[["0", "G"]]', "3"])
def test_damaged_chord_symbols_are_told(chords: str, melodies: Dataset, tmp_path: Path):
    dataset.save(melodies, tmp_path / "data")
    index = tmp_path / "data" / "melodies.jsonl"
    first, *others = index.read_text().splitlines(keepends=True)
    arrays = dataset.unpack_arrays((tmp_path / "data" / "melodies.npz").read_bytes(), dataset._ARRAYS, 2**30)
    text = first.rstrip()[:-1] + f', "chords": {chords}}}\n' + "".join(others)
    index.write_text(text)
    manifest = json.loads((tmp_path / "data" / "dataset.json").read_text())
    manifest["digest"] = dataset._digest(arrays, text.encode())
    (tmp_path / "data" / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(InputFileError, match="the dataset is damaged"):
        dataset.load(tmp_path / "data")


def test_a_melody_is_a_tune(melodies: Dataset):
    events, key = (127, -1, -2), Key(-7, "locrian")
    assert melodies.melodies[-1].tune == Tune(events, Meter(6, 8), 6, key, steps_per_quarter=12)
    assert [melody.steps_per_bar for melody in melodies.melodies] == [48, 594, 54, 36]


def test_the_same_melodies_are_the_same_bytes(melodies: Dataset, tmp_path: Path):
    assert dataset.save(melodies, tmp_path / "a") == dataset.save(melodies, tmp_path / "b")
    assert (tmp_path / "a" / "melodies.npz").read_bytes() == (tmp_path / "b" / "melodies.npz").read_bytes()


def test_split_gives_the_melodies_of_one(melodies: Dataset):
    assert [melody.id for melody in melodies.split("train")] == ["book/file.abc:0.0", "z.mid:0.1"]
    assert melodies.melodies[0].source == "book/file.abc"
    with pytest.raises(InvalidArgumentError, match="train, validation, test"):
        melodies.split("dev")  # type: ignore[arg-type]


def test_events_cannot_be_changed_by_accident(melodies: Dataset, tmp_path: Path):
    dataset.save(melodies, tmp_path / "data")
    with pytest.raises(ValueError, match="read-only"):
        dataset.load(tmp_path / "data").melodies[0].events[0] = 1


def test_nothing_is_overwritten_unasked(melodies: Dataset, tmp_path: Path):
    dataset.save(melodies, tmp_path / "data")
    with pytest.raises(OutputError, match="a dataset is there already"):
        dataset.save(melodies, tmp_path / "data")
    fewer = Dataset(melodies.melodies[:1])
    dataset.save(fewer, tmp_path / "data", overwrite=True)
    assert len(dataset.load(tmp_path / "data").melodies) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_a_folder_of_something_else_is_never_replaced(melodies: Dataset, tmp_path: Path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.png").write_bytes(b"x")
    with pytest.raises(OutputError, match="is no dataset"):
        dataset.save(melodies, tmp_path / "photos", overwrite=True)


def test_an_empty_folder_may_be_given(melodies: Dataset, tmp_path: Path):
    (tmp_path / "data").mkdir()
    dataset.save(melodies, tmp_path / "data")
    assert len(dataset.load(tmp_path / "data").melodies) == 4


def test_a_full_disk_leaves_nothing_behind(melodies: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        dataset.save(melodies, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_dataset(melodies: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    dataset.save(melodies, tmp_path / "data")
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(OutputError, match="full"):
        dataset.save(Dataset(melodies.melodies[:1]), tmp_path / "data", overwrite=True)
    assert len(dataset.load(tmp_path / "data").melodies) == 4


def test_no_dataset_is_said_so(tmp_path: Path):
    with pytest.raises(InputFileError, match="no dataset there"):
        dataset.load(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["melodies.npz", "melodies.jsonl"])
def test_a_changed_byte_is_noticed(melodies: Dataset, tmp_path: Path, name: str):
    dataset.save(melodies, tmp_path / "data")
    data = bytearray((tmp_path / "data" / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "data" / name).write_bytes(data)
    with pytest.raises(InputFileError, match="is damaged"):
        dataset.load(tmp_path / "data")


@pytest.mark.parametrize("seed", range(60))
def test_no_damage_ends_in_another_error(melodies: Dataset, tmp_path: Path, seed: int):
    dataset.save(melodies, tmp_path / "data")
    random = np.random.default_rng(seed)
    path = tmp_path / "data" / random.choice(["melodies.npz", "melodies.jsonl", "dataset.json"])
    data = bytearray(path.read_bytes())
    for _ in range(random.integers(1, 6)):
        data[random.integers(len(data))] = random.integers(256)
    path.write_bytes(data[: random.integers(len(data))] if seed % 4 == 0 else data)
    with contextlib.suppress(InputFileError):
        dataset.load(tmp_path / "data")


def test_the_checksum_does_not_depend_on_how_zlib_packs(melodies: Dataset, tmp_path: Path):
    dataset.save(melodies, tmp_path / "data")
    with np.load(tmp_path / "data" / "melodies.npz") as archive:
        np.savez(tmp_path / "data" / "melodies.npz", **dict(archive))
    assert len(dataset.load(tmp_path / "data").melodies) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "pictures"}, "not the manifest"),
        ({"version": 99}, "version 99"),
        ({"version": 1}, "version 1 of the format, and this program reads 3; build the dataset again"),
        ({"steps_per_quarter": "4"}, "steps_per_quarter"),
        ({"digest": "0"}, "checksum"),
    ],
)
def test_a_manifest_of_another_form_is_refused(melodies: Dataset, tmp_path: Path, change: dict, message: str):
    dataset.save(melodies, tmp_path / "data")
    manifest = tmp_path / "data" / "dataset.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    with pytest.raises(InputFileError, match=message):
        dataset.load(tmp_path / "data")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "null"])
def test_a_manifest_that_is_no_json_object_is_refused(melodies: Dataset, tmp_path: Path, text: str):
    dataset.save(melodies, tmp_path / "data")
    (tmp_path / "data" / "dataset.json").write_text(text)
    with pytest.raises(InputFileError):
        dataset.load(tmp_path / "data")


@pytest.mark.parametrize(
    "row", ['{"id": 1, "split": "train", "title": ""}', '{"id": "a", "split": "dev", "title": ""}', "[]", "{}", "x"]
)
def test_an_index_of_another_form_is_refused(melodies: Dataset, tmp_path: Path, row: str, monkeypatch):
    one = Dataset(melodies.melodies[:1])
    monkeypatch.setattr(dataset, "_index", lambda melodies: row + "\n")
    dataset.save(one, tmp_path / "data")
    with pytest.raises(InputFileError, match="damaged"):
        dataset.load(tmp_path / "data")


@pytest.mark.parametrize(
    "arrays",
    [
        {"events": np.array([60, 62], np.int16)},
        {"events": np.array([-3, 62, 0, 0, 0], np.int8)},
        {"lengths": np.array([6], np.int32)},
        {"lengths": np.array([2, 3], np.int32)},
        {"meters": np.array([[4, 0]], np.uint16)},
        {"meters": np.array([[0, 4]], np.uint16)},
        {"meters": np.array([[3, 32]], np.uint16)},
        {"meters": np.array([4], np.uint16)},
        {"pickups": np.array([16], np.uint16)},
        {"pickups": np.array([4], np.int16)},
        {"events": np.array([{}] * 5, object)},
        {"keys": np.zeros(2, np.int8)},
        {"keys": np.array([[8, 0]], np.int8)},
        {"keys": np.array([[0, 7]], np.int8)},
        {"jumps": np.array([[3, 2, 1]], np.int32)},
        {"num_sections": np.array([3], np.uint16)},
        {"sections": np.array([[5, 0, 1, 0], [2, 1, 1, 1]], np.int32)},
        {"sections": np.array([[0, 0, 0, 0], [2, 1, 1, 1]], np.int32)},
        {"sections": np.array([[2, 0, 1, 0], [0, 1, 1, 1]], np.int32)},
        {"endings": np.zeros((0, 3), np.int64), "ending_events": np.zeros(2, np.int8)},
        {"ending_events": np.zeros(3, np.int8)},
    ],
)
def test_arrays_of_another_form_are_refused(melodies: Dataset, tmp_path: Path, arrays: dict, monkeypatch):
    def arrays_of(rows):
        whole = {
            "events": np.zeros(5, np.int8), "lengths": np.array([5], np.int32),
            "meters": np.array([[4, 4]], np.uint16), "pickups": np.array([4], np.uint16),
            "keys": np.zeros((1, 2), np.int8), "truncated": np.zeros(1, np.uint8),
            "jumps": np.full((1, 3), -1, np.int32), "num_sections": np.array([2], np.uint16),
            "sections": np.array([[0, 0, 1, 0], [2, 1, 2, 1]], np.int32),
            "endings": np.array([[3, 2, 2]], np.int64), "ending_events": np.zeros(2, np.int8),
        }  # fmt: skip
        return whole | arrays

    def pack(arrays):
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    monkeypatch.setattr(dataset, "_arrays_of", arrays_of)
    monkeypatch.setattr(dataset, "_pack", pack)
    dataset.save(Dataset((replace(melodies.melodies[0], steps_per_quarter=4),)), tmp_path / "data")
    with pytest.raises(InputFileError, match="damaged"):
        dataset.load(tmp_path / "data")


def test_forms_are_kept(melodies: Dataset, tmp_path: Path):
    ending = Ending((1,), 12, (60, -2, -2, -1))
    sections = (Section(0, "A", 2, (ending,)), Section(16, "B", 1), Section(24, "A", 3))
    forms = [StoredForm(sections, Jump(30, 0, 16)), StoredForm(is_truncated=True), StoredForm()]
    events = np.zeros(32, np.int8)
    rows = [StoredMelody(f"m{number}", events, COMMON_TIME, "train", form=form) for number, form in enumerate(forms)]
    dataset.save(Dataset(tuple(rows)), tmp_path / "data")
    loaded = dataset.load(tmp_path / "data").melodies
    assert [melody.form for melody in loaded] == forms
    assert loaded[0].tune.sections == sections
    assert loaded[0].tune.form == "AABAAA"
