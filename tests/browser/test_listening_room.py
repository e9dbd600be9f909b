"""The listening notebook as a musician uses it: in JupyterLab and in Notebook 7, in a real browser."""

import json
import statistics
import zipfile

import pytest

from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.tune import Tune
from tests.browser.listening_notebook import (
    PLACES,
    ROOT,
    TOKEN,
    button,
    chosen,
    click_and_wait,
    play_length,
    run_all,
    serving,
    text_box,
    ticked,
    typed,
)

MILLISECONDS = 180_000
MAX_BYTES = 3 * 2**20
SCREENS = {"desktop": (1280, 800), "large": (1920, 1080), "phone": (390, 844)}


@pytest.fixture
def page(chromium, screenshots):
    page = chromium.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.set_viewport_size({"width": 1280, "height": 1500})
    yield page
    # After a failure this shows where it stood.
    page.screenshot(path=screenshots / "listening_end.png")
    page.close()


def upload(page, path):
    with page.expect_file_chooser() as chooser:
        button(page, "primer from a file").click()
    chooser.value.set_files(path)


def show_room(page):
    """Moves the room to the top of the screen."""
    page.locator(".widget-dropdown").first.evaluate("room => room.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(500)


def check_layout(page):
    """Checks that nothing of the room is cut, and that what is written in pictures can be read."""
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output')]
            .filter(output => output.querySelector('.jupyter-widgets, .melody-tune, .melody-sheet'))
            .filter(output => output.scrollWidth > output.clientWidth + 1).map(output => output.innerText)"""
    )
    assert cut == []
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.jupyter-widgets .widget-label, .jupyter-widgets button')]
            .filter(label => label.scrollWidth > label.clientWidth + 1).map(label => label.innerText)"""
    )
    assert cut == []
    cut = page.evaluate(
        """() => {
            const pen = document.createElement('canvas').getContext('2d');
            return [...document.querySelectorAll('.jupyter-widgets input[placeholder]')].filter(input => {
                const style = getComputedStyle(input);
                pen.font = style.font;
                const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                return pen.measureText(input.placeholder).width > room;
            }).map(input => input.placeholder);
        }"""
    )
    assert cut == []
    sizes = page.locator("svg.melody-roll text").evaluate_all(
        "texts => texts.map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    )
    assert min(sizes) >= 9


def columns_of_controls(page):
    """Returns the left edges of the three columns of controls."""
    controls = page.locator(".widget-dropdown")
    places = [controls.filter(has=page.get_by_text(name, exact=True)) for name in ("model", "key", "instrument")]
    return [place.bounding_box()["x"] for place in places]


@pytest.mark.parametrize("application", list(PLACES))
def test_a_musician_uses_every_control(application, page, screenshots, tmp_path):
    pytest.importorskip(application)
    with serving(application, tmp_path) as address:
        run_all(page, address)
        players = page.locator("audio")
        assert all(play_length(page, players.nth(place)) > 5 for place in range(4))
        assert page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0

        typed(page, "temperature", "1,2")
        typed(page, "form", "AABB")
        typed(page, "seed", "7")
        chosen(page, "meter", "6/8")
        click_and_wait(button(page, "Generate"))
        page.get_by_text("tunes_rnn, temperature 1.2, seed 7, AABB, 6/8").wait_for()
        sheet = page.locator(".melody-sheet svg").first
        assert 400 < sheet.bounding_box()["width"] <= 900
        players.first.evaluate("player => { player.currentTime = 3; }")
        page.wait_for_function("() => document.querySelector('.melody-sheet g.measure[style*=color]')")

        for name, option in (("instrument", "fiddle"), ("key", "D")):
            chosen(page, name, option)
            page.wait_for_function("() => !document.querySelector('.melody-sheet g.measure[style*=color]')")
        typed(page, "tempo", "90")
        page.get_by_text("AABB, 6/8, D ").and_(page.get_by_text("90 beats a minute")).wait_for()
        chosen(page, "scale", "dorian")
        ticked(page, "ends on the tonic")
        ticked(page, "in its range")
        typed(page, "bars", "32")
        click_and_wait(button(page, "Generate"))
        page.get_by_text("AABB, 6/8, D dorian, 90 beats a minute").wait_for()
        ticked(page, "accompaniment")
        typed(page, "chords", "| G | D7 |")
        click_and_wait(button(page, "Generate"))
        page.locator(".melody-sheet svg").first.get_by_text("D7").first.wait_for()
        typed(page, "chords", "")
        typed(page, "keep bars", "1-4")
        click_and_wait(button(page, "Generate"))
        orange = page.locator("svg.melody-roll").first.locator("rect.note[fill='#d1660a']")
        assert orange.count() > 3
        page.screenshot(path=screenshots / f"{application}_kept.png")
        click_and_wait(button(page, "Undo"))
        assert text_box(page, "keep bars").input_value() == ""
        for name, tip in (("form", "each played twice"), ("key", "moves with it"), ("seed", "The dice")):
            assert tip in page.locator(".widget-label").get_by_text(name, exact=True).get_attribute("title")
        assert page.locator(".jupyter-widgets [title*='lie well on the instrument']").is_visible()
        assert "as MIDI" in button(page, "Save").get_attribute("title")

        page.get_by_placeholder("a name for a favourite").fill("Heron")
        button(page, "Keep").click()
        page.get_by_text("kept as a favourite: Heron").wait_for()
        button(page, "Variations").click()
        page.get_by_text("variations of seed").wait_for()
        click_and_wait(page.locator("button.jupyter-button", has_text="Take").last)
        page.get_by_placeholder("a name for a favourite").fill("Otter")
        button(page, "Keep").click()
        page.get_by_text("kept as a favourite: Otter").wait_for()
        button(page, "Compare blindly").click()
        page.get_by_text("Which one is better?").wait_for()
        page.get_by_text("Which one is better?").scroll_into_view_if_needed()
        page.screenshot(path=screenshots / f"{application}_blind.png")
        last = players.last
        first = players.nth(players.count() - 2)
        for player in (first, last):
            assert player.bounding_box()["width"] > 300
            play_length(page, player)
            player.evaluate("player => { player.muted = true; return player.play(); }")
        assert [first.evaluate("player => player.paused"), last.evaluate("player => player.paused")] == [True, False]
        button(page, "2 is better").click()
        page.get_by_text("You prefer").wait_for()
        button(page, "Export all").click()
        with page.expect_download() as download:
            page.locator("a[download='favourites.zip']").click()
        download.value.save_as(tmp_path / "favourites.zip")
        with zipfile.ZipFile(tmp_path / "favourites.zip") as archive:
            assert sorted(archive.namelist()) == ["Heron.mid", "Otter.mid", "favourites.pdf"]

        typed(page, "form", "")
        bad = tmp_path / "bad.mid"
        bad.write_text("<html>")
        upload(page, bad)
        page.get_by_text("bad.mid: not a MIDI file").wait_for()
        beginning = Tune((67, -2, 69, -2, 71, -2, 74, -2, 71, -2, 69, -2, 67, -2, -2, -2) * 2)
        given = read_tune(beginning.write(tmp_path / "beginning.mid"))
        upload(page, tmp_path / "beginning.mid")
        page.get_by_text(f"primer: beginning.mid, {len(given)} steps in 4/4").first.wait_for()
        for name in ("key", "scale"):
            chosen(page, name, "as it comes")
        ticked(page, "ends on the tonic")
        click_and_wait(button(page, "Generate"))
        button(page, "Save").click()
        with page.expect_download() as download:
            page.locator("a[download$='.mid']").click()
        path = tmp_path / "downloaded.mid"
        download.value.save_as(path)
        assert list(read_tune(path))[: len(given)] == list(given)


def test_the_room_on_every_screen_in_spanish_and_opened_again(page, screenshots, tmp_path):
    pytest.importorskip("notebook")
    with serving("notebook", tmp_path) as address:
        run_all(page, address)
        for name, (width, height) in SCREENS.items():
            page.set_viewport_size({"width": width, "height": height})
            show_room(page)
            page.screenshot(path=screenshots / f"room_{name}.png")
            check_layout(page)
            assert len(set(columns_of_controls(page))) == (1 if name == "phone" else 3)

        assert not page.get_by_text("Opened again?").is_visible()
        page.set_viewport_size({"width": 1280, "height": 1500})
        typed(page, "form", "AABB")
        typed(page, "bars", "32")
        typed(page, "temperature", "2")
        chosen(page, "meter", "4/4")
        times = [click_and_wait(button(page, "Generate")) for _ in range(7)]
        print(f"from click to sound, 32 bars in 4/4 at T = 2: {statistics.median(times):.0f} ms", end=" ")
        print(f"(from {min(times):.0f} to {max(times):.0f})")

        page.keyboard.press("Escape")
        page.keyboard.press("Control+s")
        saved = tmp_path / "work" / "listening.ipynb"
        for _ in range(100):
            if "<audio" in saved.read_text():
                break
            page.wait_for_timeout(100)
        assert saved.stat().st_size < MAX_BYTES
        server, query = address.split("/notebooks/")[0], f"token={TOKEN}"
        kernels = page.request.get(f"{server}/api/kernels?{query}").json()
        page.goto("about:blank")
        for kernel in kernels:
            page.request.delete(f"{server}/api/kernels/{kernel['id']}?{query}")
        page.goto(address)
        assert play_length(page, page.locator("audio").first) > 5
        page.get_by_text("Opened again? The tune is still here").wait_for()
        page.get_by_text("model not found").first.wait_for()
        page.screenshot(path=screenshots / "opened_again.png")

        notebook = json.loads((ROOT / "notebooks" / "listening.ipynb").read_text())
        notebook["cells"][2]["source"] = [
            line.replace("ListeningRoom()", 'ListeningRoom(language="es")') for line in notebook["cells"][2]["source"]
        ]
        (tmp_path / "work" / "escucha.ipynb").write_text(json.dumps(notebook))
        run_all(page, address.replace("listening", "escucha"))
        chosen(page, "tonalidad", "sol (G)")
        page.get_by_text("sol mayor").or_(page.get_by_text("sol menor")).or_(page.get_by_text("sol d")).first.wait_for()
        typed(page, "comienzo", "sol4:2 la4:2 H9")
        button(page, "Componer").click()
        page.get_by_text("'H9' no es una nota").wait_for()
        page.set_viewport_size({"width": 1280, "height": 800})
        show_room(page)
        page.screenshot(path=screenshots / "room_spanish.png")
        check_layout(page)
