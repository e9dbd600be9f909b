import subprocess
import sys

CHECK = """
import sys
from melody_rnn.cli.startup import load_tensorflow
load_tensorflow(verbose=False)
assert "sklearn" not in sys.modules
import bokeh.plotting, librosa, pandas, sklearn.base
assert bokeh.plotting.figure and librosa.load and pandas.DataFrame and sklearn.base.BaseEstimator
import note_seq
assert note_seq.notebook_utils.bokeh.plotting.figure is bokeh.plotting.figure
print("ok")
"""


def test_what_was_left_out_can_still_be_used():
    result = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=False)
    assert result.stdout == "ok\n", result.stderr


def test_absent_modules_come_back_after_an_error():
    from melody_rnn.cli.startup import absent

    try:
        with absent(["this_module_is_not_there"]):
            assert sys.modules["this_module_is_not_there"] is None
            raise KeyError
    except KeyError:
        assert "this_module_is_not_there" not in sys.modules
