"""Serves the page to this machine alone."""

import errno
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from melody_rnn.errors import InvalidArgumentError, MelodyRNNError
from melody_rnn.files import reason
from melody_rnn.page.contents import Contents

LOOPBACK: Final = "127.0.0.1"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer:
    """A server of the page on the loopback interface; closed at the end of a `with` block."""

    def __init__(self, contents: Contents, port: int = 0) -> None:
        """Takes a port; nothing is answered before `run`.

        Args:
            contents: The page's files.
            port: The port; 0 for any that is free.

        Raises:
            InvalidArgumentError: If another program has the port, or it may not be taken.
        """
        handler = type("_Handler", (_PageHandler,), {"contents": contents})
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), handler)
        except OSError as error:
            why = "another program has it" if error.errno == errno.EADDRINUSE else reason(error)
            raise InvalidArgumentError(f"port {port} cannot be taken ({why}); give another one") from error

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"

    def run(self) -> None:
        """Answers until `stop`, or until an exception ends it."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Ends `run`, from another thread."""
        self._server.shutdown()

    def __enter__(self) -> "PageServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()


def warm_up(contents: Contents) -> threading.Thread:
    """Makes the files that take longest before they are asked for, beside all else."""

    def make() -> None:
        for name, give in contents.items():
            if name.endswith((".wasm", "outlines.bin")):
                give()

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    return thread


class _PageHandler(BaseHTTPRequestHandler):
    """Answers with the page's files, and with nothing else."""

    contents: Contents
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers with a file."""
        self._answer(self.wfile.write)

    def do_HEAD(self) -> None:
        """Answers with what is known of a file."""
        self._answer(lambda content: None)

    def _answer(self, write: Callable[[bytes], object]) -> None:
        path = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        give = self.contents.get(path)
        if give is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            content = give()
        except MelodyRNNError:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.send_response(HTTPStatus.OK)
        kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        # Whoever asked may be gone.
        try:
            write(content)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing; the terminal is for what matters."""
