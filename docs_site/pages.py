"""Pages of the site that are made of other files: notebooks, model cards, the gallery with its sound, root files."""

import re
from pathlib import Path

import mkdocs_gen_files

import melody_rnn
from melody_rnn import read_tunes

ROOT = Path(__file__).parents[1]
ROOT_PAGES = {f"{name.upper()}.md": f"{name}.md" for name in ("architecture", "contributing", "changelog")}
RELATIVE_LINK = re.compile(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)")


def main() -> None:
    """Makes all pages."""
    for source, page in ROOT_PAGES.items():
        write(page, relinked((ROOT / source).read_text("utf-8")))
    write("models.md", "# Models\n\n" + "\n\n".join(map(card, sorted((ROOT / "models").glob("*/README.md")))))
    write("api.md", api())
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        write(f"notebooks/{notebook.name}", notebook.read_text("utf-8"))
    gallery()


def write(page: str, text: str) -> None:
    """Writes a page of the site."""
    with mkdocs_gen_files.open(page, "w", encoding="utf-8") as file:
        file.write(text)


def relinked(text: str) -> str:
    """Returns a file of the root with its links as the site has them; what is not on the site is named only."""

    def link(match: re.Match[str]) -> str:
        label, target = match.groups()
        path, _, anchor = target.partition("#")
        if path.startswith("docs/") and path.endswith(".md"):
            return f"[{label}]({path.removeprefix('docs/')}{'#' + anchor if anchor else ''})"
        if path in ROOT_PAGES:
            return f"[{label}]({ROOT_PAGES[path]})"
        return label

    return RELATIVE_LINK.sub(link, text)


def card(path: Path) -> str:
    """Returns a model's card with its headings one level down."""
    text = re.sub(r"^#", "##", path.read_text("utf-8"), flags=re.MULTILINE)
    return RELATIVE_LINK.sub(r"\1", text)


def api() -> str:
    """Returns the page of all public names."""
    names = [name for name in melody_rnn.__all__ if name != "__version__"]
    parts = ["# Python", "Everything here is imported from `melody_rnn`; other modules are its inside, and may change."]
    for name in sorted(names, key=lambda name: (name[0].islower(), name)):
        there = getattr(melody_rnn, name)
        parts.append(f"::: {there.__module__}.{there.__qualname__}")
    return "\n\n".join(parts) + "\n"


def gallery() -> None:
    """Makes the gallery's page, with pictures and sound."""
    folder = ROOT / "midi_out" / "gallery"
    parts = ["# Gallery", "Each was made by one command with a seed, and not chosen among others: `make gallery`."]
    for path in sorted(folder.glob("*.mid")):
        for name in (path.name, f"{path.stem}.png", f"{path.stem}_sheet.png"):
            with mkdocs_gen_files.open(f"gallery/{name}", "wb") as file:
                file.write((folder / name).read_bytes())
        with mkdocs_gen_files.open(f"gallery/{path.stem}.mp3", "wb") as file:
            sound = Path(file.name)
        read_tunes(path)[0].write(sound)
        parts.append(
            f"## {path.stem.capitalize()}\n\n"
            f'<audio controls preload="none" src="{path.stem}.mp3"></audio>\n\n'
            f"[{path.name}](gallery/{path.name})\n\n"
            f"![The piano roll of {path.stem}](gallery/{path.stem}.png)\n\n"
            f"![The sheet music of {path.stem}](gallery/{path.stem}_sheet.png)"
        )
    write("gallery.md", "\n\n".join(parts) + "\n")


main()
