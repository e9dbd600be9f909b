"""Serves the page to this machine alone."""

import errno
import lzma
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any, Final
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
            self._server = _Server((LOOPBACK, port), handler)
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


class _Server(ThreadingHTTPServer):
    """Whoever asks may be gone, or speak another language: that is no fault of ours, and nobody is told."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tells of what is a fault."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _PageHandler(BaseHTTPRequestHandler):
    """Answers with the page's files, and with nothing else.

    Only requests to this machine by its own name are answered. A page from elsewhere, whose name has come to stand for
    this machine, would otherwise read ours (DNS rebinding).
    """

    contents: Contents
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Answers with a file."""
        self._answer(self.wfile.write)

    def do_HEAD(self) -> None:
        """Answers with what is known of a file."""
        self._answer(lambda content: None)

    def _answer(self, write: Callable[[bytes], object]) -> None:
        try:
            host = urlsplit(f"//{self.headers.get('Host', LOOPBACK)}").hostname
            path = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        if host not in (LOOPBACK, "localhost"):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        # What comes with a request is not read, and would be taken for the next one.
        self.close_connection |= "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        give = self.contents.get(path)
        if give is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            content = give()
        except (MelodyRNNError, OSError, lzma.LZMAError):
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.send_response(HTTPStatus.OK)
        kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing; the terminal is for what matters."""
