"""What the tests of browser software share: npm packages, a loopback server, a headless browser."""

import functools
import http.server
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]
INSTALL_SECONDS = 240


def installed(folder):
    """Returns the folder of npm packages that a folder's package-lock.json pins, installed on first use."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    packages = folder / "node_modules"
    # npm writes this file last.
    last = packages / ".package-lock.json"
    if not last.is_file() or last.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm ci took more than {INSTALL_SECONDS} seconds")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm cannot install what package.json names: {' '.join(error.stderr.split())[:200]}")
    return packages


@pytest.fixture(scope="session")
def node_modules():
    """The npm packages of these tests."""
    return installed(HERE)


@pytest.fixture(scope="session")
def page_sources():
    """The folder of the page's sources, with its npm packages."""
    folder = HERE.parents[1] / "page"
    installed(folder)
    return folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    """Returns a context manager that serves a folder on the loopback interface and gives its URL."""

    @contextmanager
    def server(folder):
        handler = functools.partial(QuietHandler, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
            threading.Thread(target=httpd.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{httpd.server_port}"
            httpd.shutdown()

    return server


@pytest.fixture(scope="session")
def screenshots():
    """The folder that git ignores where tests leave pictures to look at; those beside it are of the last release."""
    folder = HERE / "screenshots" / "now"
    folder.mkdir(exist_ok=True, parents=True)
    return folder


# Not for the session: while Playwright is there, nothing else can run asyncio in this thread.
@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless Chromium with a profile of its own that reaches nothing but the loopback interface."""
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not executable:
        pytest.skip("there is no Chromium here")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=executable,
            args=CHROMIUM_FLAGS,
            viewport={"width": 1100, "height": 640},
        )
        context.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
        yield context
        context.close()
