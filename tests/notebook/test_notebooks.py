"""The notebooks, run from top to bottom by a real kernel."""

import base64
import io
import json
import re
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
import soundfile

from melody_rnn.model import MelodyRNN
from melody_rnn.notebook.temperature_lesson import next_step, softmax_at
from melody_rnn.tunes.primers import parse_primer

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ["listening", "temperature", "temperatura"]
PRIMER = "G4:2 A4:2 B4:2 D5:2 B4:4 A4:4"
SECONDS_PER_STEP = 60 / 120 / 4
TAIL_SECONDS = 2
MAX_BYTES = 3 * 2**20


@pytest.fixture(scope="module")
def model():
    return MelodyRNN.from_preset()


def run(name, folder, question):
    """Runs a notebook and one more cell, and returns it with what that cell prints as JSON."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({question}))"))
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    # What a person saves has all that was shown and heard in it.
    assert len(nbformat.writes(notebook)) < MAX_BYTES
    return notebook, json.loads(printed(notebook.cells[-1]))


def printed(cell):
    assert not [output for output in cell.outputs if output.get("name") == "stderr"], "messages in a cell"
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def widgets_of(notebook):
    return list(notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values())


def sounds(notebook):
    """Returns what each player of a notebook plays, as the browser gets it."""
    found = []
    for widget in widgets_of(notebook):
        if widget["model_name"] == "AudioModel":
            (buffer,) = widget["buffers"]
            samples, rate = soundfile.read(io.BytesIO(base64.b64decode(buffer["data"])))
            assert rate == 44_100
            found.append(samples)
    return found


def check_sound(samples, num_steps):
    """Checks a sound's length, but for rests at the melody's end, and that it is heard."""
    seconds = len(samples) / 44_100 - TAIL_SECONDS
    assert num_steps * SECONDS_PER_STEP - 1 < seconds <= num_steps * SECONDS_PER_STEP + 0.01
    assert 0.5 <= np.abs(samples).max() < 0.95
    assert np.sqrt((samples**2).mean()) > 0.02


def check_front_ends(notebook, pages):
    """Checks what VS Code's and Colab's front ends ask of a notebook, as far as it can be seen without them."""
    # These come with every front end; all others are fetched from the network, or forbidden.
    core = {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
    assert {widget["model_module"] for widget in widgets_of(notebook)} <= core
    for page in pages:
        assert not re.search(r"<script|localStorage|sessionStorage|autoplay|<iframe|@import", page)
        assert set(re.findall(r'(?:src|href)="([a-z]+:|#)', page)) <= {"data:", "#"}
        assert set(re.findall(r"https?://[^\s\"')]+", page)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        # What the libraries of both can play.
        assert set(re.findall('src="data:(.*?);', page)) <= {"audio/flac", "audio/mpeg"}


def test_listening(tmp_path, model):
    question = (
        "{'events': [list(tune) for tune in [room.tune, *room.compared]],"
        " 'probabilities': room.tune.probabilities[1:],"
        " 'status': room.status.value, 'links': [room.save(), room.status.value.count('download=')][1]}"
    )
    notebook, answer = run("listening", tmp_path, question)
    tunes = [model.generate(temperature=t, seed=1, trace=True)[0] for t in (1.0, 0.5, 1.0, 1.5)]
    assert answer["events"] == [list(tune) for tune in tunes]
    np.testing.assert_allclose(answer["probabilities"], tunes[0].probabilities[1:], atol=1e-5)
    assert answer["status"].startswith("tunes_rnn, temperature 1, seed 1, ")
    # What is shown when the notebook is opened again, where no widget is.
    page, sheet = [output.data["text/html"] for output in notebook.cells[2].outputs if "text/html" in output.data]
    assert 'class="measure' in sheet, "no sheet music"
    assert re.search('data-sheet="(.*?)"', page)[1] == re.search('id="(.*?)"', sheet)[1]
    assert "Opened again? The tune is still here" in page
    cards = [str(widget["state"].get("value")) for widget in widgets_of(notebook)]
    pages = [page, *(card for card in cards if "<audio" in card)]
    assert len(pages) == 4
    for page in pages:
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(re.search('src="data:audio/.*?,(.*?)"', page)[1])))
        assert (rate, samples.ndim) == (22_050, 1)
        assert np.abs(samples).max() > 0.3
        assert len(samples) / rate > 5
    check_front_ends(notebook, [*pages, sheet])
    assert answer["links"] == 3
    assert sorted(path.name for path in (tmp_path / "midi_out").iterdir()) == [
        "tunes_rnn_seed1_T1.mid",
        "tunes_rnn_seed1_T1.pdf",
        "tunes_rnn_seed1_T1.wav",
    ]


@pytest.mark.parametrize("name", ["temperature", "temperatura"])
def test_temperature(name, tmp_path, model):
    question = (
        "{'bars': [view.bars, [setattr(view.temperature, 'value', 0.5), view.bars][1]],"
        " 'curves': [axes.lines[0].get_ydata().tolist() for axes in plot_curves(step).axes],"
        " 'limits': [[bar.get_height() for bar in axes.patches] for axes in plot_limits(step).axes],"
        " 'events': [list(tune) for tune in tunes], 'answer': float(q[0] / q[1])}"
    )
    notebook, answer = run(name, tmp_path, question)
    step = next_step(model, PRIMER)
    likeliest = step.order[:16]
    for bars, temperature in zip(answer["bars"], (1.0, 0.5), strict=True):
        np.testing.assert_allclose(bars, softmax_at(step.logits, temperature)[likeliest], atol=1e-5)
    entropies, largest = map(np.array, answer["curves"])
    assert (np.diff(entropies) > -1e-6).all()
    assert (np.diff(largest) < 1e-6).all()
    cold, plain, hot = map(np.array, answer["limits"])
    assert cold[0] > 0.999
    np.testing.assert_allclose(plain, softmax_at(step.logits, 1.0)[step.order], atol=1e-5)
    np.testing.assert_allclose(hot, 1 / len(hot), atol=0.02)
    assert answer["answer"] == pytest.approx(10, rel=1e-3)
    primer = parse_primer(PRIMER)
    temperatures = (0.2, 0.6, 1.0, 1.4, 1.8)
    assert answer["events"] == [
        list(model.generate(num_steps=128, primer=primer, temperature=temperature, seed=7)[0])
        for temperature in temperatures
    ]
    players = sounds(notebook)
    assert len(players) == len(temperatures)
    for samples in players:
        check_sound(samples, 128)


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_stored_clean(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert len(cell.source.splitlines()) <= 18


def test_both_languages_run_the_same_code():
    def code(name):
        cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
        sources = [cell.source for cell in cells if cell.cell_type == "code"]
        # All the same but for the language and the texts.
        sources = [re.sub(r'(, )?(language=)?"es"', "", source) for source in sources]
        return [re.sub(r'"[^"]*"', '""', source) for source in sources]

    assert code("temperatura") == code("temperature")
