import json
import re
import shutil

import pytest
from click.testing import CliRunner

from melody_rnn import MelodyRNN, SamplerSettings
from melody_rnn.cli.main import cli
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.presets import (
    DEFAULT_PRESET,
    Preset,
    find_preset,
    list_presets,
    load_preset,
    make_network,
    save_to_preset,
)
from melody_rnn.sampling.brought import Brought


def test_the_default_preset_ships_with_a_card():
    shipped = {info.name: info for info in list_presets()}
    assert find_preset() == shipped[DEFAULT_PRESET].path
    assert shipped[DEFAULT_PRESET].headline


def test_a_folder_that_is_no_preset_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"without preset\.json"):
        find_preset(tmp_path)


@pytest.mark.parametrize("damage", ["weights missing", "weights cut", "weights of noise", "other sizes"])
def test_damaged_weights(tiny_folder, damage):
    weights = tiny_folder / "model.weights.h5"
    if damage == "weights missing":
        weights.unlink()
    elif damage == "weights cut":
        weights.write_bytes(weights.read_bytes()[:3000])
    elif damage == "weights of noise":
        weights.write_bytes(b"<html>404</html>" * 10)
    else:
        text = (tiny_folder / "preset.json").read_text()
        (tiny_folder / "preset.json").write_text(text.replace("8,\n", "9,\n", 1))
    with pytest.raises(ModelError, match=r"model\.weights\.h5: .*copy it anew") as caught:
        load_preset(tiny_folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["config"].update(extra=1), "unknown field 'extra'"),
        (lambda data: data["config"]["encoding"].update(kind="midi"), "config.encoding.kind"),
        (lambda data: data["config"]["network"].update(layer_sizes=[0]), "layer_sizes"),
        (lambda data: data["config"].pop("encoding"), "encoding"),
        (lambda data: data.pop("opening_pitches"), "opening_pitches"),
        (lambda data: data.update(opening_pitches={"20": 1.0}), "opening_pitches"),
        (lambda data: data.update(opening_pitches={"60": "much"}), "could not convert"),
        (lambda data: data.update(nats_per_event=float("nan")), "nats_per_event must be a number above 0, got nan"),
        (lambda data: data.update(nats_per_event="few"), "could not convert"),
    ],
)
def test_damaged_descriptions(tiny_folder, change, message):
    data = json.loads((tiny_folder / "preset.json").read_text())
    change(data)
    (tiny_folder / "preset.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match=message):
        load_preset(tiny_folder)


def test_saving_replaces_a_preset_but_nothing_else(tiny_model, tiny_folder, tmp_path):
    tiny_model.save_to_preset(tiny_folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="is no model"):
        tiny_model.save_to_preset(other)
    assert (other / "letter.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "tiny"]


def test_saving_where_no_folder_can_be(tiny_model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        tiny_model.save_to_preset(tmp_path / "file" / "model")


def test_what_real_tunes_cost_is_kept_if_it_is_known(tiny_config, tmp_path):
    for known in (None, 0.75):
        save_to_preset(tmp_path / "tiny", Preset(tiny_config, nats_per_event=known), make_network(tiny_config))
        assert load_preset(tmp_path / "tiny")[0].nats_per_event == known


def test_every_shipped_model_says_what_real_tunes_cost_it():
    for info in list_presets():
        preset = json.loads((info.path / "preset.json").read_text())
        told = float(re.search(r"([0-9.]+) nats per event", info.headline)[1])
        if "outline_nats_per_event" in preset:
            # The headline's figure knows the form: less than all, more than nothing.
            assert preset["outline_nats_per_event"] < told < preset["nats_per_event"]
        else:
            assert told == pytest.approx(preset["nats_per_event"], abs=5e-4)


def test_a_copied_folder_works(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "copy")
    preset, network = load_preset(tmp_path / "copy")
    assert preset.opening_pitches == {60: 0.25, 67: 0.75}
    assert network.num_classes == 16


def test_a_model_brings_its_settings_along(tiny_model, tmp_path):
    sampler = SamplerSettings(0.5, top_k=2)
    tiny_model.save_to_preset(tmp_path / "own", sampler, 1.25)
    model = MelodyRNN.from_preset(tmp_path / "own", "litert")
    assert (model.sampler, model.calibration_temperature) == (sampler, 1.25)
    asked = {"num_outputs": 2, "num_steps": 40, "seed": 3}
    brought, plain = model.generate(**asked), tiny_model.generate(**asked)
    assert list(brought) == list(model.generate(**asked, sampler=sampler))
    assert [tune.events for tune in brought] != [tune.events for tune in plain]
    taken_back = model.generate(**asked, sampler=SamplerSettings())
    assert [tune.events for tune in taken_back] == [tune.events for tune in plain]
    # What is asked for goes before what is brought along, the rest stays.
    assert list(model.generate(**asked, temperature=2.0)) == list(
        model.generate(**asked, sampler=SamplerSettings(2.0, 2))
    )


def test_the_command_takes_what_a_model_brings(tiny_model, tmp_path):
    tiny_model.save_to_preset(tmp_path / "own", SamplerSettings(0.5, top_k=2))

    def rows(*arguments):
        common = ["generate", "-m", str(tmp_path / "own"), "-n", "2", "--num-steps", "40", "--seed", "3", "--json"]
        result = CliRunner().invoke(cli, [*common, "-o", str(tmp_path / "out"), *arguments])
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    own, same = rows(), rows("-t", "0.5", "--top-k", "2")
    assert [row["events"] for row in own] == [row["events"] for row in same]
    assert {row["temperature"] for row in own} == {0.5}
    assert [row["events"] for row in rows("--top-k", "14")] != [row["events"] for row in own]


def test_damaged_settings_are_named(tiny_folder):
    (tiny_folder / "generation.json").write_text('{"version": 1, "sampler": {"top_p": 7}}')
    with pytest.raises(ModelError, match=r"generation\.json: top_p must be above 0 and at most 1, got 7"):
        load_preset(tiny_folder)
    (tiny_folder / "generation.json").unlink()
    assert load_preset(tiny_folder)[0].brought == Brought()
