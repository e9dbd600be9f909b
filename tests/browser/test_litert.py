"""The program of docs/litert.md in a real browser, beside the same files in Python."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from melody_rnn import MelodyRNN
from melody_rnn.litert.run import open_file

MILLISECONDS = 60_000
PAGE = """<!doctype html>
<script type="importmap">{"imports": {
  "@litertjs/core": "/node_modules/@litertjs/core/dist/index.js",
  "@litertjs/wasm-utils": "/node_modules/@litertjs/wasm-utils/dist/index.js"
}}</script>
<pre id="melody"></pre>
<script type="module">
let seed = 1;
const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
PROGRAM
</script>
"""


class Part:
    """A LiteRT file and its inputs, as the page has them."""

    def __init__(self, folder, name):
        self.about = json.loads((folder / f"{name}.json").read_text())
        self._file = open_file((folder / f"{name}.tflite").read_bytes())
        self._file.interpreter.allocate_tensors()
        self.given = {one["name"]: np.zeros([size or 1 for size in one["shape"]]) for one in self.about["inputs"]}

    def run(self):
        for name, value in self.given.items():
            self._file.interpreter.set_tensor(self._file.inputs[name], np.asarray(value, np.float32))
        self._file.interpreter.invoke()
        return {name: self._file.interpreter.get_tensor(index) for name, index in self._file.outputs.items()}


def melody_in_python(folder, length=64):
    step, sampler = Part(folder, "step"), Part(folder, "sampler")
    for name, value in {**sampler.about["neutral"], "temperature": 0.9, "is_allowed": 1}.items():
        sampler.given[name][:] = value
    seed, melody = 1, [60]
    step.given |= {"event": [60], "steps_per_bar": [16], "is_first": [1]}
    while len(melody) < length:
        said = step.run()
        noise = []
        for _ in range(sampler.about["num_classes"]):
            seed = seed * 16807 % 2147483647
            noise.append(seed / 2147483647)
        sampler.given |= {"logits": said["logits"], "label_events": said["label_events"], "noise": [noise]}
        drawn = sampler.run()
        melody.append(int(drawn["event"][0]))
        sampler.given["last_notes"] = drawn["next_notes"]
        step.given |= {"event": drawn["event"], "is_first": [0]}
        step.given |= {state["input"]: said[state["output"]] for state in step.about["states"]}
    return melody


@pytest.mark.parametrize("name", ["lookback_rnn", "attention_rnn"])
def test_a_browser_writes_the_melody_that_python_writes(chromium, node_modules, serve, tmp_path, name):
    MelodyRNN.from_preset(name).save_litert(tmp_path / "model")
    (tmp_path / "node_modules").symlink_to(node_modules)
    page = (Path(__file__).parents[2] / "docs" / "litert.md").read_text()
    (program,) = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    replaced = {
        "'lookback_rnn_litert'": "'/model'",
        "'node_modules/": "'/node_modules/",
        "Math.random": "random",
        "console.log(melody)": "document.getElementById('melody').textContent = JSON.stringify(melody)",
    }
    for old, new in replaced.items():
        assert old in program
        program = program.replace(old, new)
    (tmp_path / "index.html").write_text(PAGE.replace("PROGRAM", program))
    with serve(tmp_path) as url:
        tab = chromium.new_page()
        tab.set_default_timeout(MILLISECONDS)
        tab.goto(url)
        tab.wait_for_function("document.getElementById('melody').textContent")
        found = json.loads(tab.locator("#melody").text_content())
        tab.close()
    assert found == melody_in_python(tmp_path / "model")
