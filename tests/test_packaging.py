import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_wheel_carries_the_models_and_works_from_anywhere(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    program = "from melody_rnn.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", program, "generate", "-n", "1", "--num-steps", "20", "--json"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert list((tmp_path / "midi_out").glob("tunes_rnn_seed*_01.mid"))
    where = [sys.executable, "-c", "import melody_rnn; print(melody_rnn.__file__)"]
    assert subprocess.check_output(where, cwd=tmp_path, env=environment, text=True).startswith(str(installed))


USERS_SCRIPT = """
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
held = model.generate(num_steps=32, primer=again.events[:24], constraints=rules, temperature=rising)
nats: list[float] = model.log_likelihoods([again])
names: list[str] = [info.name for info in melody_rnn.list_presets()]
print(len(held), len(nats), names[0], sorted(path.name for path in paths))
"""


def test_a_users_script_is_typed_and_quiet(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(USERS_SCRIPT)
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    result = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout == "1 1 attention_rnn ['0.mid', '1.mid']\n"


def test_every_public_name_is_there_and_documented():
    import melody_rnn

    for name in melody_rnn.__all__:
        assert getattr(melody_rnn, name).__doc__
    assert (Path(melody_rnn.__file__).parent / "py.typed").exists()
