"""What is no plain file, names that terminals would obey, and what is left of an interrupted run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from melody_rnn.cli.main import cli
from melody_rnn.errors import InputFileError, MelodyRNNError, ModelError, OutputError, printable
from melody_rnn.files import held, open_input, read_input, read_json, whole_file, write_whole
from melody_rnn.presets import find_preset, load_preset, read_preset

NUMBERS = ["0", "-1", "1e308", "nan", "inf", "", "\u0663", str(10**30), str(2**63)]


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "folder", "nothing", "large"])
def test_only_plain_files_of_a_stated_size_are_read(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "circle":
        path.symlink_to("x")
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        path.touch()
        os.truncate(path, 2**33)
    with pytest.raises(InputFileError) as caught:
        read_input(path, 100)
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(InputFileError), open_input(path, 100):
        pass


def test_json_of_brackets_is_one_line(tmp_path):
    (tmp_path / "x.json").write_bytes(b"[" * 100_000)
    with pytest.raises(InputFileError, match="not readable as JSON"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.mid", "plain.mid"),
        ("a\n\x1b[31mb", "a\\n\\x1b[31mb"),
        ("caf\udce9.mid", "caf\\udce9.mid"),
        ("\u202egpj", "\\u202egpj"),
        ("x" * 300, f"{'x' * 133}...{'x' * 64}"),
    ],
)
def test_texts_are_shown_printable_and_short(text, shown):
    assert printable(text) == shown
    assert str(MelodyRNNError(text)).isprintable()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with whole_file(tmp_path / "mine") as mine:
        mine.write_bytes(b"half")
        left = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
        left.write_bytes(b"half")
        from melody_rnn import files

        files._cleared.clear()
        write_whole(tmp_path / "other", b"whole")
        assert mine.exists()
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "other"]


def test_a_folder_that_another_process_holds_is_told(tmp_path):
    told = pytest.raises(OutputError, match="another process is writing this run")
    with held(tmp_path, "run"), told, held(tmp_path, "run"):
        pass


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_with_its_status_and_nothing_left(tmp_path, number, status):
    program = (
        "import os, signal, time\n"
        "from melody_rnn.cli.main import run_and_exit\n"
        "from melody_rnn.files import whole_folder\n"
        "from pathlib import Path\n"
        "def work():\n"
        "    with whole_folder(Path('out'), 'model') as new:\n"
        "        (new / 'part').touch()\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "        time.sleep(60)\n"
        "run_and_exit('x', work)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == status
    assert len(run.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("layer_sizes", [20_000], "1 to 4096 units"),
        ("layer_sizes", [4096] * 16, "more than 67,108,864 weights"),
        ("layer_sizes", [8] * 300, "1 to 16 layers"),
        ("layer_sizes", [4000], "too few for the"),
        ("attention_length", 2**31, "from 0 to 4096"),
        ("embedding_size", 2**31, "from 0 to 4096"),
    ],
)
def test_sizes_in_a_description_are_checked_before_a_network_is_made(tmp_path, field, value, message):
    folder = tmp_path / "m"
    shutil.copytree(find_preset("basic_rnn"), folder)
    data = json.loads((folder / "preset.json").read_text())
    data["config"]["network"][field] = value
    (folder / "preset.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match=message):
        load_preset(folder)


def test_a_description_has_a_version_and_openings(tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(find_preset("basic_rnn"), folder)
    good = json.loads((folder / "preset.json").read_text())
    for change, message in (
        ({"version": 2}, "version 2 of the format"),
        ({"opening_pitches": {"60": 0.0}}, "a share above 0"),
        ({"name": "x" * 10_000}, "one that a file can have"),
    ):
        (folder / "preset.json").write_text(json.dumps(good | change))
        with pytest.raises(ModelError, match=message):
            read_preset(folder)


def test_weights_that_point_elsewhere_are_refused(tmp_path):
    import h5py

    from melody_rnn.network.stored import check_weights
    from tests.fuzz import hostile_models

    good = find_preset("basic_rnn") / "model.weights.h5"
    refused = ("a bomb", "a hole", "texts", "a dangling link", "a link in circles", "a link outside", "a virtual array")
    check_weights(good.read_bytes(), 1000)
    assert h5py.__version__
    import random

    for what, data in hostile_models.wrong_weights(good, tmp_path, random.Random(3)):
        if what in refused:
            with pytest.raises(ModelError):
                check_weights(data, 1000)


def _numbers():
    for name in ("generate", "score", "render", "convert", "export", "train", "evaluate", "temperature"):
        command = cli.get_command(click.Context(cli), name)
        for param in command.params:
            is_text = isinstance(param.type, click.types.StringParamType | click.Choice | click.Path)
            if isinstance(param, click.Option) and not param.is_flag and not is_text:
                yield pytest.param(command, param, id=f"{name} {param.opts[-1]}")


@pytest.mark.parametrize(("command", "param"), list(_numbers()))
def test_every_number_of_every_command_is_taken_within_limits_or_refused_in_one_line(command, param):
    context = click.Context(command)
    for text in NUMBERS:
        try:
            value = param.type.convert(text, param, context)
        except click.UsageError as error:
            assert "Traceback" not in error.format_message()
            continue
        numbers = value if isinstance(value, tuple | list) else [value]
        assert all(abs(number) < 2**31 for number in numbers if isinstance(number, int | float)), text
