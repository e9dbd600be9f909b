"""Makes the gallery anew: MIDI files, piano rolls and sheet music in gallery/, and README.md, which shows them.

usage: python midi_out/make_gallery.py
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
GALLERY = FOLDER / "gallery"


class Exhibit(NamedTuple):
    """A piece of the gallery: its name, what to listen for, and the options of `melody-rnn generate`."""

    name: str
    text: str
    options: str


EXHIBITS = (
    Exhibit(
        "jig",
        "A jig: bars of 6/8.",
        "--meter 6/8 --num-steps 192 --temperature 0.8 --qpm 165 --program 73 --seed 3",
    ),
    Exhibit(
        "reel",
        "A reel: eighths that run through bars of 4/4.",
        "--num-steps 256 --temperature 0.8 --qpm 180 --program 110 --seed 2",
    ),
    Exhibit(
        "waltz",
        "A waltz: bars of 3/4.",
        "--meter 3/4 --num-steps 192 --temperature 0.8 --qpm 150 --program 21 --seed 4",
    ),
    Exhibit(
        "cold",
        "Low temperature: sure of itself, and it repeats.",
        "--num-steps 128 --temperature 0.3 --seed 5",
    ),
    Exhibit(
        "hot",
        "High temperature, the same seed: more ideas, more mistakes.",
        "--num-steps 128 --temperature 1.5 --seed 5",
    ),
    Exhibit(
        "continued",
        "A beginning of our own (orange), continued.",
        '--primer "G4:2 A4:2 B4:2 D5:2 B4:4 A4:4" --new-steps 112 --temperature 0.8 --seed 6',
    ),
)
HEAD = """# midi_out

`melody-rnn generate` and `make generate` write their melodies here. Each file says in a text event how to make it
again.

## Gallery

Made by the default model, as it came: no take was thrown away to find a better one. Orange notes were given, blue ones
generated: the more solid, the more probable the model found them. Below each piano roll is the same melody as sheet
music, which `melody-rnn convert` makes of the MIDI file. `make gallery` makes all of it anew; `melody-rnn render
midi_out/gallery` makes sound of it.
"""


def main() -> None:
    """Makes all files anew."""
    GALLERY.mkdir(exist_ok=True)
    sections = [HEAD]
    for exhibit in EXHIBITS:
        make(exhibit, GALLERY)
        sections.append(
            f"### {exhibit.name}\n\n{exhibit.text} [{exhibit.name}.mid](gallery/{exhibit.name}.mid)\n\n"
            f"    melody-rnn generate -n 1 {exhibit.options}\n\n"
            f"![piano roll of {exhibit.name}](gallery/{exhibit.name}.png)\n"
            f"\n![sheet music of {exhibit.name}](gallery/{exhibit.name}_sheet.png)\n"
        )
    (FOLDER / "README.md").write_text("\n".join(sections), encoding="utf-8")


def make(exhibit: Exhibit, folder: Path) -> Path:
    """Generates an exhibit's MIDI file, piano roll and sheet music into a folder; returns the MIDI file's path."""
    with tempfile.TemporaryDirectory() as fresh:
        run("generate", "-n", "1", *shlex.split(exhibit.options), "--plot", "--output-dir", fresh)
        for path in Path(fresh).iterdir():
            shutil.copy(path, folder / f"{exhibit.name}{path.suffix}")
    midi = folder / f"{exhibit.name}.mid"
    with tempfile.TemporaryDirectory() as fresh:
        run("convert", str(midi), "--to", "png", "--output-dir", fresh)
        (sheet,) = Path(fresh).iterdir()
        shutil.copy(sheet, folder / f"{exhibit.name}_sheet.png")
    return midi


def run(*arguments: str) -> None:
    """Runs a command of melody-rnn."""
    command = [sys.executable, "-c", "from melody_rnn.cli import main; main()", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
