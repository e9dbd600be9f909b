"""The listening notebook as a musician uses it: in a real JupyterLab, in a real browser."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.tune import Tune

ROOT = Path(__file__).parents[2]
TOKEN = "of-this-test"
MILLISECONDS = 120_000


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    """Returns the address of a JupyterLab of its own, with the listening notebook in an empty folder."""
    work, settings = tmp_path / "work", tmp_path / "settings"
    work.mkdir()
    shutil.copy(ROOT / "notebooks" / "listening.ipynb", work)
    quiet = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    folders = ["JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
    environment = os.environ | {name: str(tmp_path / name) for name in folders}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(settings)}
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--LabApp.extension_manager=readonly",
    ]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.extension_manager=readonly"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}"]
    with (
        (tmp_path / "lab.log").open("w") as log,
        subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", server, tmp_path / "lab.log")
            yield f"http://127.0.0.1:{port}/lab/tree/listening.ipynb?token={TOKEN}"
        finally:
            server.terminate()


def wait_for(url, server, log):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(720):
        assert server.poll() is None, log.read_text()
        try:
            with opener.open(url, timeout=5) as answer:
                answer.read()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab does not answer: {log.read_text()}")


@pytest.fixture
def page(chromium, screenshots):
    page = chromium.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.set_viewport_size({"width": 1280, "height": 1500})
    yield page
    # After a failure this shows where it stood.
    page.screenshot(path=screenshots / "listening_end.png")
    page.close()


def play_length(page, player):
    """Waits until a player knows what it plays, and returns its seconds."""
    handle = player.element_handle()
    page.wait_for_function("player => player.duration > 0", arg=handle)
    return handle.evaluate("player => player.duration")


def typed(page, name, text):
    """Types into the control that has a name."""
    box = page.locator(".widget-text", has=page.get_by_text(name, exact=True)).locator("input")
    box.fill(text)
    box.press("Enter")
    return box


def click_and_wait(page, button):
    """Presses a button and returns the seconds until the first player has another sound that can be played."""
    before = page.locator("audio").first.get_attribute("src")
    started = time.perf_counter()
    page.locator("button.jupyter-button", has_text=button).first.click()
    page.wait_for_function(
        "before => { const player = document.querySelector('audio'); return player.src !== before && "
        "player.readyState >= 3; }",
        arg=before,
    )
    return time.perf_counter() - started


def test_a_musician_generates_and_listens(lab, page, screenshots, tmp_path):
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    players = page.locator("audio")
    players.first.wait_for(state="attached")
    assert play_length(page, players.first) > 5
    page.screenshot(path=screenshots / "listening_all_cells.png")

    typed(page, "temperature", "1,2")
    typed(page, "form", "AABB")
    typed(page, "seed", "7")
    seconds = click_and_wait(page, "Generate")
    print(f"from click to sound: {seconds:.2f} s")
    page.get_by_text("tunes_rnn, temperature 1.2, seed 7, AABB").wait_for()
    assert play_length(page, players.first) > 5

    roll = page.locator("svg.melody-roll").first
    assert roll.locator("rect.note").count() > 20
    sizes = roll.evaluate(
        "roll => [...roll.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert min(sizes) >= 9
    assert page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0
    sheet = page.locator(".melody-sheet svg").first
    assert 400 < sheet.bounding_box()["width"] <= 900
    page.screenshot(path=screenshots / "listening_generated.png")
    players.first.evaluate("player => { player.currentTime = 3; }")
    page.wait_for_function("() => document.querySelector('.melody-sheet g.measure[style*=color]')")
    page.screenshot(path=screenshots / "listening_followed.png")

    players.nth(3).wait_for(state="attached")
    players.nth(3).scroll_into_view_if_needed()
    assert all(play_length(page, players.nth(index)) > 5 for index in range(4))
    page.screenshot(path=screenshots / "listening_compared.png")

    page.locator("button.jupyter-button", has_text="Save").first.scroll_into_view_if_needed()
    typed(page, "form", "")
    with page.expect_file_chooser() as chooser:
        page.locator("button.jupyter-button", has_text="primer from a file").first.click()
    bad = tmp_path / "bad.mid"
    bad.write_text("<html>")
    chooser.value.set_files(bad)
    page.get_by_text("bad.mid: not a MIDI file").wait_for()
    with page.expect_file_chooser() as chooser:
        page.locator("button.jupyter-button", has_text="primer from a file").first.click()
    beginning = Tune((67, -2, 69, -2, 71, -2, 74, -2, 71, -2, 69, -2, 67, -2, -2, -2) * 2)
    given = read_tune(beginning.write(tmp_path / "beginning.mid"))
    chooser.value.set_files(tmp_path / "beginning.mid")
    page.get_by_text(f"primer: beginning.mid, {len(given)} steps in 4/4").first.wait_for()
    click_and_wait(page, "Generate")
    page.locator("button.jupyter-button", has_text="Save").first.click()
    with page.expect_download() as download:
        page.locator("a[download$='.mid']").click()
    path = tmp_path / "downloaded.mid"
    download.value.save_as(path)
    assert list(read_tune(path))[: len(given)] == list(given)
    page.screenshot(path=screenshots / "listening_continued.png")
