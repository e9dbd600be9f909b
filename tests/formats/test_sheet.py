"""Pages of sheet music."""

import random
from dataclasses import replace

import pytest

from melody_rnn.formats.sheet import sheet_pdf, sheet_png, sheet_svg
from tests.formats.random_scores import random_score


@pytest.fixture(scope="module")
def scores():
    return [replace(random_score(random.Random(seed)), title=f"Tune {seed}") for seed in range(6)]


def test_several_tunes_share_pages_and_each_has_its_title(scores):
    pages = sheet_svg(scores)
    assert len(pages) < len(scores)
    for score in scores:
        assert sum(f">{score.title}<" in page for page in pages) == 1


def test_pages_are_the_same_each_time(scores):
    assert sheet_svg(scores) == sheet_svg(scores)
    assert sheet_pdf(scores[:1]) == sheet_pdf(scores[:1])
    assert sheet_png(scores[0]) == sheet_png(scores[0])


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Märsch", "Märsch"),
        ("Ἰλιάς", "Ιλιάς"),
        ("さくら Sakura", "Sakura"),
        ("さくら", None),
    ],
)
def test_letters_that_no_font_has_never_become_boxes(scores, title, shown):
    (page, *_) = sheet_svg([replace(scores[0], title=title, composer="")])
    assert "さ" not in page
    assert shown is None or f">{shown}<" in page
