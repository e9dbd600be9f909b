import sys
from importlib import import_module

import numpy as np
import pytest
from note_seq import NoteSequence

from melody_rnn.formats.midi.writer import midi_bytes

COMMANDS = {
    "melody_rnn_generate": "generate",
    "melody_rnn_create_dataset": "create_dataset",
    "melody_rnn_train": "train",
    "convert_dir_to_note_sequences": "convert",
    "improv_rnn_generate": "generate",
    "improv_rnn_create_dataset": "create_dataset",
    "improv_rnn_train": "train",
}


@pytest.fixture
def run(monkeypatch):
    """Returns a function that runs one of the commands in this process; what it would exit with is raised."""
    monkeypatch.setattr("melody_rnn.magenta.commands.flags.run_and_exit", lambda _program, work: work())

    def command(name, *arguments):
        # At DEBUG the libraries' messages are left as they are, and so is standard error.
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments), "--log=debug"])
        module = import_module(f"melody_rnn.magenta.commands.{COMMANDS[name]}")
        (module.improv_main if name.startswith("improv_rnn") else module.main)()

    return command


@pytest.fixture(scope="session")
def music(tmp_path_factory):
    """A folder of tunes that differ, some of them below it, and files that are none."""
    folder = tmp_path_factory.mktemp("music") / "tunes"
    (folder / "below").mkdir(parents=True)
    for number in range(12):
        pitches = np.random.default_rng(number).choice([60, 62, 64, 65, 67, 69, 71, 72], 64).tolist()
        below = "below" if number >= 10 else ""
        (folder / below / f"tune{number:02}.mid").write_bytes(midi_bytes(eighth_notes(pitches)))
    (folder / "broken.mid").write_bytes(b"MThd, and no more")
    (folder / "notes.txt").write_text("no music")
    return folder


def eighth_notes(pitches):
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    for i, pitch in enumerate(pitches):
        sequence.notes.add(pitch=pitch, velocity=80, start_time=i / 4, end_time=(i + 1) / 4)
    sequence.total_time = len(pitches) / 4
    return sequence
