"""MusicXML files to documents: plain ones, and those in a compressed container (.mxl), bounded in what they become."""

import io
import xml.etree.ElementTree as ET
import zipfile
from typing import Any, Final

from melody_rnn.errors import InputFileError

MAX_BYTES: Final = 32 * 2**20
MAX_ELEMENTS: Final = 1_000_000
MAX_DEPTH: Final = 64
"""Elements in one another; a score has about ten."""
_CONTAINER: Final = "META-INF/container.xml"
_SUFFIXES: Final = (".xml", ".musicxml")


def parse_document(data: bytes) -> ET.Element:
    """Returns the root element of a MusicXML file, or of the first root file of a container.

    No entity is fetched from anywhere, and those that a document defines may not grow (expat sees to it).

    Raises:
        InputFileError: If it is no such file, damaged, or larger than any score; the message does not name the file.
    """
    document = _unpacked(data) if data[:2] == b"PK" else data
    return _parse(document)


def _unpacked(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = _root_name(archive)
            with archive.open(name) as member:
                document = member.read(MAX_BYTES + 1)
    except InputFileError:
        raise
    # A damaged zip can claim methods that Python does not know, or be encrypted.
    except Exception as error:
        raise InputFileError(f"a damaged container ({' '.join(str(error).split())[:80]})") from error
    if len(document) > MAX_BYTES:
        raise InputFileError(f"unpacks to more than {MAX_BYTES // 2**20} MiB, which no score has")
    return document


def _root_name(archive: zipfile.ZipFile) -> str:
    names = [info.filename for info in archive.infolist()]
    if _CONTAINER in names:
        with archive.open(_CONTAINER) as member:
            container = _parse(member.read(2**20))
        for element in container.iter():
            path = element.get("full-path", "")
            if _local(element.tag) == "rootfile" and path in names:
                return path
    # macOS puts files of its own beside, '__MACOSX/._tune.xml'.
    plain = [n for n in names if n.lower().endswith(_SUFFIXES) and not n.rpartition("/")[2].startswith(".")]
    plain = [n for n in plain if not n.startswith(("META-INF/", "__MACOSX/"))]
    if not plain:
        raise InputFileError("no MusicXML document in the container")
    return plain[0]


def _parse(document: bytes) -> ET.Element:
    parser: Any = ET.XMLPullParser(("start", "end"))
    num_elements = depth = 0
    root: ET.Element | None = None
    try:
        for first in range(0, len(document), 2**16):
            parser.feed(document[first : first + 2**16])
            for event, element in parser.read_events():
                if event == "end":
                    depth -= 1
                    continue
                depth += 1
                if depth > MAX_DEPTH:
                    raise InputFileError(f"elements more than {MAX_DEPTH} deep in one another, which no score has")
                num_elements += 1
                root = element if root is None else root
                # Documents in a namespace read as those without.
                element.tag = _local(element.tag)
            if num_elements > MAX_ELEMENTS:
                raise InputFileError(f"more than {MAX_ELEMENTS} elements, which no score has")
        parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise InputFileError(f"not a readable XML document ({' '.join(str(error).split())[:80]})") from error
    if root is None:
        raise InputFileError("an XML document without an element")
    return root


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
