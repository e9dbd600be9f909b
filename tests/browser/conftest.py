"""What the tests of browser software share: npm packages and a loopback server."""

import functools
import http.server
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALL_SECONDS = 240


@pytest.fixture(scope="session")
def node_modules():
    """The folder of npm packages that package-lock.json pins, installed on first use."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    folder = HERE / "node_modules"
    # npm writes this file last.
    if not (folder / ".package-lock.json").is_file():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm ci took more than {INSTALL_SECONDS} seconds")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm cannot install @magenta/music: {' '.join(error.stderr.split())[:200]}")
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
