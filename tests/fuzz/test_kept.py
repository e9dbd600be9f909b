"""What people keep and name: favourites, uploads, step files, dataset folders, addresses of clusters."""

import io
import json
import random
import socket
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from melody_rnn.cli import options
from melody_rnn.data import cluster, dataset
from melody_rnn.data.build import build_dataset
from melody_rnn.data.cluster import Cluster, ClusterError
from melody_rnn.data.extraction import ExtractionRules
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyRNNError, ModelError
from melody_rnn.litert.description import Step, read_step
from melody_rnn.litert.run import StepRun
from melody_rnn.model import MelodyRNN
from melody_rnn.notebook.favourites import Favourites, zip_of
from melody_rnn.notebook.uploading import read_uploaded
from melody_rnn.presets import find_preset, read_preset
from melody_rnn.tunes.files import midi_of, read_tune, write_new
from melody_rnn.tunes.tune import Section, Tune
from tests.fuzz import hostile_models, hostile_music
from tests.fuzz.test_readers import RELAXED, outcome

TUNE = Tune((60, -2, 62, -2, 64, -2, 65, -2) * 4)
ANY_TEXT = st.one_of(
    st.text(st.characters(), max_size=100), st.sampled_from((*hostile_music.TEXTS, "\ud800", "\U0001d504" * 99))
)
RULES = ExtractionRules(min_bars=0, min_pitch_classes=1)
BOOK = "".join(
    f"X:{number}\nT:x\nM:{meter}\nL:1/4\nK:C\n|:\"C\"{bars}|{bars}|1{bars}:|2{bars}|\n{bars}|{bars}|\n\n"
    for number, (meter, bars) in enumerate((("4/4", "CDEF"), ("3/4", "GAB"), ("6/8", "cAG")), start=1)
)  # fmt: skip


@settings(RELAXED, max_examples=max(1, RELAXED.max_examples // 10))
@given(st.lists(ANY_TEXT, min_size=1, max_size=4), ANY_TEXT)
def test_favourites_of_any_name_are_exported(names, title):
    shelf = Favourites()
    for number, name in enumerate(names):
        shelf.keep(replace(TUNE, events=(48 + number, *TUNE.events[1:]), title=title), name)
    shelf.rename(next(iter(shelf.tunes)), names[-1])
    assert len(shelf.tunes) == len(names)
    files = shelf.files()
    assert len(files) == len(names) + 1
    assert all(len(name.encode()) <= 200 and Path(name).name == name for name in files)
    with zipfile.ZipFile(io.BytesIO(zip_of(files))) as archive:
        assert archive.testzip() is None


@pytest.mark.parametrize("name", [*hostile_music.TEXTS[1:], "\ud800", "\U0001d504" * 99, "a\0b"], ids=ascii)
def test_favourites_fit_on_the_disk_and_come_back(tmp_path, name):
    shelf = Favourites()
    shelf.keep(TUNE, name)
    written = [write_new(tmp_path, Path(own).stem, data, Path(own).suffix) for own, data in shelf.files().items()]
    assert [path.suffix for path in written] == [".mid", ".pdf"]
    assert read_tune(written[0]).events == TUNE.events


@RELAXED
@given(ANY_TEXT, st.sampled_from((".mid", ".abc", ".xml", ".MID", "", ".exe", "." * 300)), st.booleans())
def test_uploads_of_any_name_are_read_or_told_in_a_line(name, suffix, is_music):
    data = midi_of(TUNE) if is_music else b"nothing of the kind"
    told = None
    try:
        tune = read_uploaded(name + suffix, data, 4)
    except MelodyRNNError as error:
        tune, told = None, str(error)
        assert told.isprintable()
        assert "unfinished" not in told
    # What is called ".mid" and no more has no suffix.
    assert (tune is not None) == (is_music and Path(name + suffix).suffix.lower() == ".mid")
    assert tune is None or tune.events == TUNE.events


@pytest.mark.parametrize("label", hostile_music.TEXTS, ids=ascii)
def test_forms_are_told_in_a_line_that_can_be_shown(capsys, label):
    tune = replace(TUNE, sections=(Section(0, label, 2),))
    options.tell_repeats(Path(f"{label[:99]}.abc"), tune)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


def test_one_function_says_what_commands_say_beside_their_results():
    sources = Path(options.__file__).parent.glob("*.py")
    said = {path.name: path.read_text().count(" err=True)") for path in sources}
    assert {name: count for name, count in said.items() if count} == {"options.py": 1}


@pytest.fixture(scope="module")
def step() -> Step:
    folder = find_preset("basic_rnn")
    return read_step(folder, read_preset(folder).config, folder / "model.weights.h5")


def test_damaged_and_foreign_step_files_run_or_are_told(step: Step):
    told = set()
    for number, (what, data) in enumerate(hostile_models.wrong_steps(step.content, random.Random(4))):
        if number % 2 and what in ("its structure damaged", "flipped"):
            continue
        try:
            run = StepRun(Step(step.description, data), np.array([16], np.int32))
            for _ in range(2):
                run(np.array([60], np.int32), np.zeros((1, 0), np.int32))
        except ModelError as error:
            assert str(error).isprintable(), what
            told.add(what)
    assert {"its structure damaged", "cut", "another file", "a head alone", "zeros"} <= told


@pytest.mark.parametrize("damage", ["damaged", "foreign", "huge", "a folder"])
def test_a_step_that_is_no_use_is_passed_over(tmp_path, damage):
    shown = find_preset("basic_rnn")
    folder = tmp_path / "m"
    folder.mkdir()
    for path in shown.iterdir():
        if path.name != "step.tflite":
            (folder / path.name).symlink_to(path)
    place = folder / "step.tflite"
    if damage == "damaged":
        place.write_bytes((shown / "step.tflite").read_bytes()[:-1000])
    elif damage == "foreign":
        place.symlink_to(find_preset("lookback_rnn") / "step.tflite")
    elif damage == "huge":
        with place.open("wb") as file:
            file.truncate(2**33)
    else:
        place.mkdir()
    with pytest.raises((ModelError, InputFileError), match=r"step\.tflite: "):
        MelodyRNN.from_preset(folder, engine="litert")
    model = MelodyRNN.from_preset(folder)
    assert model.generate(num_outputs=1, num_steps=4, seed=1)[0].events


VALUES = (0, 1, -1, 2, 3, 7, 16, 64, 127, 128, 255, 1000, 65535, 2**24, 2**31 - 1, -(2**31), 2**62)
FIELDS = (
    None,
    1,
    "x",
    "\ud800",
    [],
    {},
    [1],
    [[0]],
    [[0, "H"]],
    [[0, "\n"], [0, "C"]],
    [[True, "C"]],
    [[3, "C" * 9999]],
)
NAMES = ("id", "split", "title", "chords", "chords_are_inferred")


def wrong_dataset(good: Path, folder: Path, rng: random.Random) -> None:
    """Writes a dataset of which a value or two are others, with the checksum that belongs to them."""
    melodies = dataset.load(good).melodies
    arrays = {name: array.copy() for name, array in dataset._arrays_of(melodies).items()}
    rows = [json.loads(line) for line in dataset._index(melodies).splitlines()]
    manifest = json.loads((good / "dataset.json").read_text())
    for _ in range(rng.randint(1, 2)):
        chance, array = rng.random(), rng.choice([array for array in arrays.values() if array.size])
        if chance < 0.7:
            limits = np.iinfo(array.dtype)
            array.reshape(-1)[rng.randrange(array.size)] = min(max(rng.choice(VALUES), limits.min), limits.max)
        elif chance < 0.9:
            rng.choice(rows)[rng.choice(NAMES)] = rng.choice(FIELDS)
        else:
            manifest["steps_per_quarter"] = rng.choice((1, 2, 3, 48, 49, 10**9, 10**30, 4.0, "4", None))
    index = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    manifest["digest"] = dataset._digest(arrays, index)
    folder.mkdir(exist_ok=True)
    (folder / "melodies.npz").write_bytes(dataset._pack(arrays))
    (folder / "melodies.jsonl").write_bytes(index)
    (folder / "dataset.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    (folder / "book.abc").write_text(BOOK)
    build_dataset([folder / "book.abc"], folder / "good", RULES, num_workers=1)
    assert len(dataset.load(folder / "good").melodies) == 3
    return folder / "good"


@RELAXED
@given(st.integers(0, 2**32))
def test_datasets_whose_values_lie_are_used_or_told(good, seed):
    folder = good.parent / "wrong"
    wrong_dataset(good, folder, random.Random(seed))
    loaded = outcome(lambda: dataset.load(folder))
    for melody in loaded.melodies if loaded else ():
        outcome(lambda melody=melody: (midi_of(melody.tune), melody.tune.played()))


@RELAXED
@given(ANY_TEXT)
def test_addresses_of_clusters(address):
    try:
        known = Cluster(address, Path("data"))
    except InvalidArgumentError as error:
        assert str(error).isprintable()
    else:
        assert outcome(known._scheduler) in (None, address)


@pytest.mark.parametrize(
    "answer",
    [None, b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 1000, b"\xff" * 1000, (2**62).to_bytes(8, "little") * 20],
    ids=["nothing", "an end", "HTTP", "zeros", "ones", "huge frames"],
)
def test_servers_that_are_no_scheduler_are_told(tmp_path, monkeypatch, answer, good):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    taken.append(server.accept()[0])
                    if answer is not None:
                        taken[-1].sendall(answer)
                    if not answer and answer is not None:
                        taken[-1].close()
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="no scheduler with a worker answers there") as caught:
            build_dataset([good.parent / "book.abc"], tmp_path / "data", cluster=Cluster(address, tmp_path / "data"))
        assert str(caught.value).isprintable()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for one in taken:
        one.close()
