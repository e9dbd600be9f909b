"""melody-rnn page without a browser: what it serves, what it writes, and what it is built from."""

import gzip
import importlib.util
import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from melody_rnn.cli.page import command
from melody_rnn.errors import InvalidArgumentError, OutputError
from melody_rnn.page.contents import BUILT, MARK, page_contents, page_models, write_page
from melody_rnn.page.knowledge import PAGE_METERS, outlines_file
from melody_rnn.page.samplers import FOLDER, sampler, shape_of
from melody_rnn.page.server import PageServer

SOURCES = Path(__file__).parents[2] / "page"


@pytest.fixture(scope="module")
def contents():
    return page_contents(page_models(["lookback_rnn"]))


@pytest.fixture
def server(contents):
    with PageServer(contents) as server:
        threading.Thread(target=server.run, daemon=True).start()
        yield server
        server.stop()


def test_the_built_page_is_of_the_present_sources():
    spec = importlib.util.spec_from_file_location("finish", SOURCES / "finish.py")
    finish = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finish)
    built = json.loads((BUILT / MARK).read_text())
    assert built == {"sources": finish.sources_digest()}, "the page is older than its sources: make page"


def test_the_samplers_are_those_of_the_models(tmp_path, monkeypatch):
    shapes = {shape_of(model.preset.config, model.step.description.num_classes) for model in page_models()}
    assert {path.stem for path in FOLDER.glob("*.tflite")} == {shape.stem for shape in shapes}
    shape = min(shapes)
    kept, description = sampler(shape)
    monkeypatch.setattr("melody_rnn.page.samplers.FOLDER", tmp_path)
    made, its_description = sampler(shape)
    assert made == kept, "the sampler has changed: make page"
    assert json.loads(json.dumps(its_description)) == description


def test_it_is_served_to_this_machine(server, contents):
    assert server.address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(server.address) as answer:
        page = answer.read()
    assert b"Content-Security-Policy" in page and page == contents["index.html"]()
    with urllib.request.urlopen(f"{server.address}models/lookback_rnn/model.json") as answer:
        assert json.load(answer)["name"] == "lookback_rnn"
    for path in ("models/", "../pyproject.toml", "%2e%2e/pyproject.toml", "models/basic_rnn/step.tflite"):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(server.address + path)
        with error.value:
            assert error.value.code == 404
    with pytest.raises(InvalidArgumentError, match="another program has it"):
        PageServer(contents, int(server.address.split(":")[-1].strip("/")))


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        ("GET / HTTP/1.1", "localhost:1", 200),
        ("GET / HTTP/1.1", "evil.example", 421),
        ("GET / HTTP/1.1", "127.0.0.1.evil.example:80", 421),
        ("GET / HTTP/1.1", "[", 400),
        ("GET http://[ HTTP/1.1", "localhost", 400),
        ("GET //../../../../etc/passwd HTTP/1.1", "localhost", 404),
        ("GET /%2e%2e/%2e%2e/server.py HTTP/1.1", "localhost", 404),
        ("GET /%00%ff HTTP/1.1", "localhost", 404),
        ("GET /index.html\u00e9 HTTP/1.1", "localhost", 404),
        (f"GET /{'x' * 70_000} HTTP/1.1", "localhost", 414),
        ("POST / HTTP/1.1", "localhost", 501),
        ("PUT /index.html HTTP/1.1", "localhost", 501),
        ("BREW / HTTP/9.9", "localhost", 505),
        ("\x16\x03\x01", "localhost", 400),
    ],
)
def test_hostile_requests_get_an_answer_and_nothing_of_this_machine(server, capfd, request_line, host, status):
    place = server.address.removeprefix("http://").removesuffix("/").split(":")
    with socket.create_connection((place[0], int(place[1])), 60) as connection:
        connection.sendall(f"{request_line}\r\nHost: {host}\r\nContent-Length: 40\r\n\r\n".encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
            assert str(status).encode() in answer.splitlines()[0] + answer.split(b"Error code:")[-1]
            assert answer.count(b"HTTP/1.1 ") <= 1
            assert b"root:" not in answer
    with urllib.request.urlopen(server.address) as other:
        assert other.status == 200
    assert capfd.readouterr().err == ""


def test_whoever_asks_may_be_gone(server, contents, capfd):
    largest = max((name for name in contents if name.endswith(".wasm")), key=lambda name: len(contents[name]()))
    for begun in (b"", b"GET", f"GET /{largest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()):
        place = server.address.removeprefix("http://").removesuffix("/").split(":")
        with socket.create_connection((place[0], int(place[1])), 60) as connection:
            connection.sendall(begun)
            # It ends by a reset, in the middle of the answer.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with urllib.request.urlopen(f"{server.address}{largest}") as other:
        assert len(other.read()) == len(contents[largest]())
    assert capfd.readouterr().err == ""


def test_it_is_written_as_a_folder_of_its_own(tmp_path):
    models = page_models(["lookback_rnn"])
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="no page of melody_rnn"):
        write_page(foreign, models)
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]
    site = tmp_path / "site"
    for _ in range(2):
        result = CliRunner().invoke(command, ["--output", str(site), "-m", "lookback_rnn"])
        assert result.exit_code == 0, result.output
    assert {path.name for path in (site / "models" / "lookback_rnn").iterdir()} == {
        "model.json",
        "sampler.tflite",
        "step.tflite",
    }
    assert (site / "litert" / "litert_wasm_compat_internal.wasm").read_bytes().startswith(b"\0asm")
    refused = CliRunner().invoke(command, ["--output", str(site), "--port", "8000"])
    assert refused.exit_code == 2


def test_outlines_are_all_that_a_tune_needs():
    (model,) = page_models(["tunes_rnn"])
    bank = model.preset.outlines
    content = gzip.decompress(outlines_file(model.preset))
    (length,) = struct.unpack("<I", content[:4])
    about = json.loads(content[4 : 4 + length])
    assert len(about["outlines"]) == len(bank)
    assert len(about["endings"]) == sum(len(outline.endings) for outline in bank)
    assert len(about["streams"]) == len(PAGE_METERS)
    kinds = [described for kind in ("outlines", "endings", "streams") for described in about[kind]]
    assert sum(described["numSteps"] for described in kinds) == about["numSteps"]
    assert len(content) - 4 - length == about["numSteps"] * sum(
        {"Int8Array": 1, "Int16Array": 2}[kind] for _, kind in about["columns"]
    )
    for outline, described in list(zip(bank, about["outlines"], strict=False))[:200]:
        steps = sum(end if start < 0 else end - start for start, end in described["passages"])
        assert steps >= outline.num_steps
        assert described["openings"]
