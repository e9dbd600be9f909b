"""Jupyter with the listening notebook, and how a musician uses it in a browser; for tests and benchmarks."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOKEN = "of-this-test"
PLACES = {"jupyterlab": "lab/tree", "notebook": "notebooks"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def serving(application, folder):
    """Serves a folder with the listening notebook in it, alone; gives the notebook's address."""
    work, settings = folder / "work", folder / "settings"
    work.mkdir()
    shutil.copy(ROOT / "notebooks" / "listening.ipynb", work)
    quiet = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    folders = ["JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
    environment = os.environ | {name: str(folder / name) for name in folders}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(settings)}
    port = free_port()
    command = [sys.executable, "-m", application, "--no-browser", "--allow-root"]
    command += [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
    command += ["--LabApp.extension_manager=readonly"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={work}"]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, cwd=work, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}/{PLACES[application]}/listening.ipynb?token={TOKEN}"
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
    raise TimeoutError(f"Jupyter does not answer: {log.read_text()}")


def run_all(page, address):
    """Opens the notebook, runs all its cells, and waits for the tunes that are compared last."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    # What is run before the kernel is connected is not run at all.
    page.wait_for_function(
        """() => {
            const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
            return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
        }"""
    )
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator("audio").nth(3).wait_for(state="attached")


def play_length(page, player):
    """Waits until a player knows what it plays, and returns its seconds."""
    handle = player.element_handle()
    page.wait_for_function("player => player.duration > 0", arg=handle)
    return handle.evaluate("player => player.duration")


def text_box(page, name):
    return page.locator(".widget-text", has=page.get_by_text(name, exact=True)).locator("input")


def typed(page, name, text):
    """Types into the control that has a name."""
    box = text_box(page, name)
    box.fill(text)
    box.press("Enter")


def chosen(page, name, option):
    """Chooses an option of the control that has a name."""
    page.locator(".widget-dropdown", has=page.get_by_text(name, exact=True)).locator("select").select_option(option)


def ticked(page, name):
    page.locator(".widget-checkbox", has=page.get_by_text(name, exact=True)).locator("input").click()


def button(page, name):
    return page.locator("button.jupyter-button").filter(has_text=name).first


def click_and_wait(pressed):
    """Presses a button, once it can be, and returns the milliseconds until the first player has another sound to play.

    While the sheet of the tune before is drawn, after its sound, the button takes no click.
    """
    return pressed.evaluate(
        """async button => {
            while (button.disabled) await new Promise(next => setTimeout(next, 5));
            return new Promise((done, fail) => {
            const player = () => document.querySelector('audio');
            const before = player() && player().src, start = performance.now();
            button.click();
            setTimeout(() => fail(new Error('the first player has no other sound')), 180000);
            const look = setInterval(() => {
                if (player() && player().src !== before && player().readyState >= 3) {
                    clearInterval(look);
                    done(performance.now() - start);
                }
            }, 5);
            });
        }"""
    )
