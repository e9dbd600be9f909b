"""Commands where something of what surrounds them is odd: streams, folders, languages, rights, Python's own options."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUNE = "X:1\nT:T\u00fcne \u2603\nM:4/4\nL:1/4\nK:C\n" + "CDEF|GABc|" * 4 + "\n"
CONVERT = ["convert", "tune.abc", "--to", "mid,abc", "-o", "out"]
GENERATE = ["generate", "-m", "basic_rnn", "-n", "1", "--num-steps", "8", "--seed", "1", "-o", "out"]
SCORE = ["score", "tune.abc", "--json"]
# Root may write anywhere, unless it gives that up.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.name == "posix" and not os.getuid() else []
LITTLE = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}

posix = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX")


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / "a b 'c' \"d\" \u00f6"
    own.mkdir()
    (own / "tune.abc").write_text(TUNE, encoding="utf-8")
    return own


def run(arguments, folder, before=(), python=(), **how):
    """Runs a command in a folder; what it says is one line if it fails, and nothing that is not to be shown."""
    how = {"env": {}, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **how}
    how["env"] = {**LITTLE, "PYTHONPATH": str(ROOT), "MELODY_RNN_CACHE": "", **how["env"]}
    command = [*before, sys.executable, *python, "-m", "melody_rnn", *arguments]
    told = subprocess.run(command, cwd=folder, check=False, timeout=600, **how)
    said = (told.stderr or b"").decode().splitlines()
    assert not any("Traceback" in line for line in said), said[-1]
    assert told.returncode in (0, 2), (told.returncode, said)
    assert (len(said) == 1) if told.returncode else (len(said) <= 1), said
    return told


def written(folder):
    return sorted(path.suffix for path in (folder / "out").iterdir())


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "xx_YY.none", "HOME": "nowhere"},
        {"PYTHONIOENCODING": "latin-1", "HOME": "/nowhere"},
    ],
    ids=["C", "no such language", "Latin-1"],
)
def test_without_a_home_and_in_any_language(folder, environment):
    (folder / "tune.abc").rename(folder / "t\u00fcne \u2603.abc")
    arguments = [word.replace("tune.abc", "t\u00fcne \u2603.abc") for word in CONVERT]
    assert run(arguments, folder, env=environment).returncode == 0
    assert written(folder) == [".abc", ".mid"]
    assert "T:T\u00fcne \u2603" in next((folder / "out").glob("*.abc")).read_text(encoding="utf-8")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="such names are for Linux alone")
def test_names_that_are_no_utf_8(folder):
    name = os.fsdecode(b"caf\xe9 'x'.abc")
    (folder / "tune.abc").rename(folder / name)
    assert run(["convert", name, "--to", "mid,abc", "-o", os.fsdecode(b"\xe4")], folder).returncode == 0
    assert sorted(path.suffix for path in (folder / os.fsdecode(b"\xe4")).iterdir()) == [".abc", ".mid"]
    run(["score", name, "--json"], folder)


@pytest.mark.parametrize("arguments", [CONVERT, GENERATE], ids=lambda words: words[0])
def test_assertions_and_docstrings_are_not_needed(folder, arguments):
    assert run(arguments, folder, python=["-OO"]).returncode == 0
    assert written(folder)


@posix
def test_files_are_as_private_as_the_umask_wants_them(folder):
    assert run(CONVERT, folder, before=["sh", "-c", 'umask 077; exec "$@"', "sh"]).returncode == 0
    assert {path.stat().st_mode & 0o77 for path in [folder / "out", *(folder / "out").iterdir()]} == {0}


@posix
@pytest.mark.skipif(bool(WITHOUT_RIGHTS) and not shutil.which("setpriv"), reason="root gives no rights up here")
@pytest.mark.parametrize("arguments", [CONVERT, GENERATE, SCORE], ids=lambda words: words[0])
def test_a_folder_that_may_only_be_read(folder, arguments):
    folder.chmod(0o555)
    try:
        told = run(arguments, folder, before=WITHOUT_RIGHTS)
        assert told.returncode == (0 if arguments is SCORE else 2)
        if told.returncode:
            assert b"out" in told.stderr
            assert b"Permission denied" in told.stderr
        assert [path.name for path in folder.iterdir()] == ["tune.abc"]
    finally:
        folder.chmod(0o755)


@posix
@pytest.mark.parametrize("arguments", [CONVERT, GENERATE, SCORE], ids=lambda words: words[0])
def test_a_current_folder_that_is_gone(folder, arguments):
    words = [str(folder / word) if word == "tune.abc" else word for word in arguments]
    gone = ["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "sh"]
    told = run(words, folder, before=gone)
    assert told.returncode == (0 if arguments is SCORE else 2)
    if told.returncode:
        assert b"the current folder: No such file or directory" in told.stderr


@posix
@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(folder, streams):
    assert run(CONVERT, folder, before=["sh", "-c", f'exec "$@" {streams}', "sh"]).returncode == 0
    assert written(folder) == [".abc", ".mid"]


@posix
def test_output_that_nobody_takes(folder):
    if Path("/dev/full").exists():
        with open("/dev/full", "wb") as full:
            assert run(SCORE, folder, stdout=full).returncode == 2
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as closed:
        assert run(SCORE, folder, stdout=closed).returncode == 0


GUARD = """
import sys
from pathlib import Path
own = str(Path(sys.argv.pop(1)).resolve()) + "/"
def refuse(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(own):
        if arguments[2] & 3 and "__pycache__" not in arguments[0]:
            raise SystemExit(f"writes {arguments[0]}")
    elif event in ("os.mkdir", "os.rename", "os.remove") and str(arguments[0]).startswith(own):
        if "__pycache__" not in str(arguments[0]):
            raise SystemExit(f"{event} {arguments[0]}")
sys.addaudithook(refuse)
from melody_rnn.cli import main
main()
"""


@pytest.mark.parametrize("arguments", [GENERATE, SCORE], ids=lambda words: words[0])
def test_nothing_is_written_into_the_package(folder, arguments):
    for own in (ROOT / "melody_rnn", ROOT / "models"):
        shutil.rmtree(folder / "out", ignore_errors=True)
        command = [sys.executable, "-c", GUARD, str(own), *arguments]
        environment = {**LITTLE, "PYTHONPATH": str(ROOT), "MELODY_RNN_CACHE": ""}
        told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr
