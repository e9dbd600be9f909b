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

from melody_rnn.formats.sheet import sheet_pdf
from melody_rnn.tunes.files import read_tunes
from melody_rnn.tunes.to_score import score_of

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
        "A tune in 6/8 of two parts of eight bars, each played twice.",
        '--form AABB --meter 6/8 --key "D major" --program 110 --seed 3',
    ),
    Exhibit(
        "reel",
        "The same form in 2/2.",
        '--form AABB --meter 2/2 --key "G major" --program 110 --seed 2',
    ),
    Exhibit(
        "waltz",
        "A tune in 3/4, in a minor key.",
        '--form AABB --meter 3/4 --key "A minor" --program 21 --seed 4',
    ),
    Exhibit(
        "rondo",
        "A form of three parts, of which the first comes back to the letter.",
        '--form ABACA --meter 2/4 --key "D major" --program 73 --seed 7',
    ),
    Exhibit(
        "cold",
        "Low temperature: sure of itself.",
        "--form AABB --meter 6/8 --temperature 0.3 --seed 5",
    ),
    Exhibit(
        "hot",
        "High temperature, the same seed and form: more ideas, more mistakes.",
        "--form AABB --meter 6/8 --temperature 1.5 --seed 5",
    ),
    Exhibit(
        "finished",
        "A beginning of our own (orange), made a whole tune.",
        '--primer "G4:2 A4:2 B4:2 D5:2 B4:4 A4:4" --form AABB --meter 4/4 --temperature 0.8 --seed 6',
    ),
    Exhibit(
        "stream",
        "No form, only steps, as Magenta's models write.",
        "--num-steps 128 --temperature 0.8 --seed 6",
    ),
)
EVENING = (
    ("Jig", '--meter 6/8 --chords "A: | D | G | A7 | D | D | G | A7 | D |  B: | D | Bm | G | A7 | D | G | A7 | D |"'),
    ("Reel", '--meter 2/2 --chords "A: | G | C | D7 | G |  B: | Em | C | G D7 | G |"'),
    ("Waltz", '--meter 3/4 --chords "A: | G | Em | C | D7 |  B: | C | G | Am D7 | G |"'),
    ("Polka", '--meter 2/4 --chords "| D | A7 | D A7 | D |"'),
    ("Slow air", '--meter 3/4 --tempo 66 --chords "| Am | F | C | G | Am | F | E7 | Am |"'),
    ("Jig in E minor", '--meter 6/8 --chords "| Em | D | Em | Bm | Em | D | Em D | Em |"'),
    ("Song", '--meter 4/4 --tempo 84 --chords "| C | Am7 | Dm7 | G7 | C | Am7 | Dm7 G7 | C |"'),
    ("Reel in A", '--meter 2/2 --chords "| A | D | A | E7 | A | D | E7 | A |"'),
    ("Slip jig", '--meter 9/8 --chords "| G | C | G | D7 |"'),
    ("Last waltz", '--meter 3/4 --chords "| D | F#m | G | A7 | D | Bm | Em A7 | D |"'),
)
"""The tunes of an evening: titles, and the options of `melody-rnn generate`."""
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
    make_evening(GALLERY)
    sections.append(evening_text())
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


def make_evening(folder: Path) -> None:
    """Generates the tunes of an evening into a folder: a tune book, its sheet music, and sound with the chords."""
    book = []
    with tempfile.TemporaryDirectory() as fresh:
        for number, (title, options) in enumerate(EVENING, start=1):
            to = ("--to", "abc", "--output-dir", f"{fresh}/{number}")
            run("generate", "-n", "1", "--form", "AABB", "--seed", str(number), *shlex.split(options), *to)
            (path,) = Path(fresh, str(number)).iterdir()
            head = {"X:": str(number), "T:": title}
            lines = (line[:2] + head.get(line[:2], line[2:]) for line in path.read_text("utf-8").splitlines())
            book.append("\n".join(lines) + "\n")
        evening = folder / "evening.abc"
        evening.write_text("\n".join(book), encoding="utf-8")
    # Each part of eight bars on a line.
    scores = [score_of(tune) for tune in read_tunes(evening)]
    (folder / "evening.pdf").write_bytes(sheet_pdf(scores, "An evening's sheet", bars_per_line=8))


def evening_text() -> str:
    """Returns what README.md says of the evening."""
    commands = "\n".join(
        f"    melody-rnn generate -n 1 --form AABB --seed {number} {options} --to abc"
        for number, (_, options) in enumerate(EVENING, start=1)
    )
    return (
        "### An evening's sheet\n\nTen tunes over chords on two pages: [evening.pdf](gallery/evening.pdf), and as a "
        "tune book, [evening.abc](gallery/evening.abc), which `melody-rnn render midi_out/gallery/evening.abc --tune 1 "
        f"--render-chords` plays with its chords.\n\n{commands}\n"
    )


def run(*arguments: str) -> None:
    """Runs a command of melody-rnn."""
    command = [sys.executable, "-c", "from melody_rnn.cli import main; main()", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
