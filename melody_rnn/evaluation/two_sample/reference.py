"""The two-sample test's features as a page of the documentation; `make docs` writes it."""

from melody_rnn.evaluation.two_sample.features import GROUPS, NAMES


def page() -> str:
    """Returns the page, in Markdown."""
    lines = [
        "# The features of the two-sample test",
        "",
        f"What [`evaluate --two-sample`](evaluation.md) knows of a tune: {len(NAMES)} figures in {len(GROUPS)} groups. "
        "Bars are counted",
        "from the first whole one, after a pickup. Made by `make docs`.",
    ]
    for group in GROUPS:
        lines += ["", f"## {group.name}", "", group.about, "", "| feature | what it is |", "| --- | --- |"]
        lines += [f"| `{name}` | {sentence} |" for name, sentence in group.sentences.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
