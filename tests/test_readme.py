"""README.md and the READMEs below it: their links lead somewhere, their figures are those of the model cards."""

import re
from pathlib import Path

import pytest

from melody_rnn.presets import DEFAULT_PRESET, list_presets

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "midi_out/README.md", "notebooks/README.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_the_table_of_models_has_the_cards_figures():
    rows = re.findall(r"^\| \[`(\w+)`\]\(models/\w+/README.md\) .* \| ([\d.]+) \|$", PAGES[0].read_text(), re.MULTILINE)
    cards = {preset.name: re.search(r"([\d.]+) nats per event", preset.headline)[1] for preset in list_presets()}
    assert dict(rows) == cards
    assert rows[0][0] == DEFAULT_PRESET
