"""The page of examples/browser in a real browser, with a model that was exported for it."""

import shutil
from pathlib import Path

import pytest

from melody_rnn import MelodyRNN
from melody_rnn.formats.reading import read_score

EXAMPLE = Path(__file__).parents[2] / "examples" / "browser"
LIBRARY = "https://cdn.jsdelivr.net/npm/@magenta/music@1.23.1/dist/magentamusic.js"
HEADERS = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
MILLISECONDS = 60_000


@pytest.fixture
def open_page(chromium, node_modules, serve, tmp_path):
    """Returns a function that opens the page, with or without a model beside it."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE, site, ignore=shutil.ignore_patterns("model"))
    errors = []
    with serve(site) as url:
        page = chromium.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: errors.append(error))

        def load(model=None, has_library=True):
            if has_library:
                # The page's checksum of the library must fit the package's file.
                file = node_modules / "@magenta" / "music" / "dist" / "magentamusic.js"
                page.route(LIBRARY, lambda route: route.fulfill(path=file, headers=HEADERS))
            if model:
                model.save_magentajs(site / "model", "Of a test.")
            page.goto(url)
            return page

        yield load
        page.close()
    assert not errors


def notes_of(page):
    rects = page.locator("#notes .note").all()
    return [tuple(int(rect.get_attribute(f"data-{name}")) for name in ("start", "pitch")) for rect in rects]


def test_the_page_writes_plays_and_saves_a_melody(open_page, screenshots, tmp_path):
    model = MelodyRNN.from_preset("basic_rnn")
    page = open_page(model)
    page.get_by_text("Ready.").wait_for()
    assert page.locator("h1").inner_text() == "basic_rnn"
    assert page.locator("header p").inner_text() == "Of a test."

    page.get_by_label("Beginning").select_option("Five notes up")
    page.get_by_label("New bars").select_option("4")
    page.get_by_label("Temperature").fill("0")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("new notes after 5").wait_for()
    primer = "C4 D4 E4 F4 G4:8"
    greedy = model.generate(new_steps=64, primer=primer, temperature=0)[0]
    notes = notes_of(page)
    assert notes == [(step, pitch) for step, pitch in enumerate(greedy) if pitch >= 0]

    with page.expect_download() as download:
        page.get_by_role("button", name="Save MIDI").click()
    download.value.save_as(tmp_path / "saved.mid")
    saved = read_score(tmp_path / "saved.mid").parts[0].notes
    assert [(round(note.start * 4), note.pitch) for note in saved] == notes

    page.get_by_label("Temperature").fill("1")
    page.get_by_label("New bars").select_option("8")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function("document.querySelector('#notes').width.baseVal.value > 1200")
    page.get_by_role("button", name="Play").click()
    page.locator("#notes .active").first.wait_for()
    page.screenshot(path=screenshots / "page.png")
    page.get_by_role("button", name="Stop").click()
    assert not page.locator("#notes .active").count()


def test_a_page_without_a_model_says_so(open_page):
    page = open_page()
    page.get_by_text("There is no model at model/").wait_for()
    assert page.get_by_role("button", name="Generate").is_disabled()


def test_a_page_without_the_library_says_so(open_page):
    page = open_page(has_library=False)
    page.get_by_text("Magenta.js did not load").wait_for()
    assert page.get_by_role("button", name="Generate").is_disabled()
