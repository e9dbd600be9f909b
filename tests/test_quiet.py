import subprocess
import sys

import pytest

FIVE_LINES = """
from melody_rnn import MelodyRNN
model = MelodyRNN.from_preset(engine={engine!r})
tunes = model.generate(num_outputs=2, num_steps=32, temperature=0.9, seed=1)
print([model.log_likelihood(tune) for tune in tunes])
tunes[0].write("tune.mid")
"""


@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_the_library_is_silent(engine, tmp_path):
    program = [sys.executable, "-c", FIVE_LINES.format(engine=engine)]
    result = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (result.returncode, result.stderr) == (0, "")
