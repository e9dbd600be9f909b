"""The package as users have it: its wheel in an environment without the sources, and their scripts in other folders."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOUR = (ROOT / "examples" / "tour.py").read_text()
TYPES = """
from pathlib import Path

import melody_rnn
from melody_rnn import Constraints, MelodyRNN, SamplerSettings, Schedule, Tune, read_tunes

model = MelodyRNN.from_preset("tunes_rnn", engine="litert")
tunes = model.generate(num_outputs=2, form="AABB", key="D major", seed=1, sampler=SamplerSettings(top_p=0.95))
first: Tune = tunes[0]
paths: list[Path] = [tune.write(f"{number}.mid") for number, tune in enumerate(tunes)]
first.write("first.svg")
again = read_tunes(paths[0])[0]
rules, rising = Constraints(max_leap=7), Schedule((0.5, 1.5))
held = model.generate(again.events[:24], num_steps=32, constraints=rules, temperature=rising)
nats: list[float] = model.log_likelihoods([again])
names: list[str] = [info.name for info in melody_rnn.list_presets()]
assert len(held) == len(nats) == 1 and names[0] == "attention_rnn"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def user(wheel, tmp_path_factory):
    """Returns a function that runs Python where the wheel is installed, and the packages it needs, but no source."""
    environment = tmp_path_factory.mktemp("user") / "environment"
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"))
    variables = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL")
    }
    variables["PATH"] = f"{environment / 'bin'}{os.pathsep}{variables['PATH']}"

    def run(folder, *arguments):
        command = [str(environment / "bin" / "python"), *map(str, arguments)]
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)

    return run


def test_the_wheel_carries_the_models_and_no_script(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {path.parent.name for path in (ROOT / "models").glob("*/preset.json")}
    assert {name.split("/")[2] for name in names if name.startswith("melody_rnn/models/")} == shipped
    assert "melody_rnn/py.typed" in names


def test_the_command_works_from_anywhere(user, tmp_path):
    program = "from melody_rnn.cli import main; main()"
    result = user(tmp_path, "-c", program, "generate", "-n", 1, "--num-steps", 20, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert list((tmp_path / "midi_out").glob("tunes_rnn_seed*_01.mid"))
    where = user(tmp_path, "-c", "import melody_rnn; print(melody_rnn.__file__)").stdout
    assert "site-packages" in where and not where.startswith(str(ROOT))


@pytest.mark.parametrize("script", [TOUR, TYPES], ids=["tour", "types"])
def test_a_users_script_is_typed_and_quiet(script, user, tmp_path):
    (tmp_path / "script.py").write_text(script)
    mypy = ["--strict", "--follow-imports=silent", "--no-error-summary", "--cache-dir", tmp_path / "cache"]
    checked = user(tmp_path, "-m", "mypy", *mypy, "script.py")
    assert (checked.returncode, checked.stdout) == (0, "")
    checked = user(tmp_path, "-m", "pyright", "script.py")
    assert checked.returncode == 0, checked.stdout
    result = user(tmp_path, "-W", "error::DeprecationWarning:__main__", "script.py")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_every_public_name_is_there_and_documented():
    import melody_rnn

    for name in melody_rnn.__all__:
        assert getattr(melody_rnn, name).__doc__
    assert (Path(melody_rnn.__file__).parent / "py.typed").exists()
