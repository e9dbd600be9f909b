"""Sheet music: scores engraved by Verovio from our MusicXML, set on pages with their titles.

Text is set in the font STIX General, which comes with matplotlib, so that a page looks the same on every machine;
characters that it has not lose their accents or are left out.
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from melody_rnn.errors import MelodyError
from melody_rnn.formats.musicxml.writer import musicxml_bytes
from melody_rnn.formats.score import Score, encodable
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.quiet import quietly

BARS_PER_LINE: Final = 4
MAX_BARS: Final = 512
MAX_NOTES: Final = 5_000
"""What is set of one tune; Verovio takes a millisecond or two a note."""
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_FAMILY: Final = "STIXGeneral"
_FONTS: Final = {"": "STIXGeneral", "bold": "STIXGeneralBol", "italic": "STIXGeneralItalic"}
# An A4 page and its margins, in tenths of a millimetre.
_WIDTH, _HEIGHT = 2100.0, 2970.0
_MARGIN: Final = 150.0
_TITLE_SIZE, _TEXT_SIZE = 52.0, 34.0
_TITLE_HEIGHT, _LINE_HEIGHT, _GAP = 75.0, 48.0, 60.0
_SCALE: Final = 40
_CLOSER: Final = 0.7
_TEXT_SCALE: Final = 0.9
# What Verovio sets in its music font, as characters that a text font has.
_MUSIC_CHARACTERS: Final = str.maketrans("\uea64\uea65\uea66\ue260\ue261\ue262\ue870\ue871", "♭♮♯♭♮♯°ø")
_BEATS: Final = {Fraction(1): "♩", Fraction(3, 2): "♩."}

ET.register_namespace("", _SVG)
ET.register_namespace("xlink", _XLINK)


@dataclass(frozen=True)
class _Block:
    """A tune, or a page of a long one, to be set on a page.

    Attributes:
        music: What Verovio made.
        width: Its width in its own units.
        height: Its height in its own units.
        title: Above it; nothing on a tune's second page.
        note: Under the title: composer and tempo.
    """

    music: ET.Element
    width: float
    height: float
    title: str = ""
    note: str = ""

    @property
    def scale(self) -> float:
        """From its own units to those of the page."""
        return (_WIDTH - 2 * _MARGIN) / self.width

    @property
    def page_height(self) -> float:
        """Its height on the page."""
        title = _TITLE_HEIGHT if self.title else 0.0
        return title + (_LINE_HEIGHT if self.note else 0.0) + self.height * self.scale


def sheet_svg(scores: Sequence[Score], bars_per_line: int = BARS_PER_LINE) -> list[str]:
    """Returns pages of sheet music as SVG, A4, several tunes on a page.

    Args:
        scores: As written, each one line of notes; of each the first part is set.
        bars_per_line: At least 1; the more, the smaller the notes.

    Raises:
        MelodyError: If a tune is longer than any that is played from paper, or notes of it overlap or are too short.
    """
    return [_page(blocks, _HEIGHT) for blocks in _paginate(_blocks(scores, _HEIGHT - 2 * _MARGIN, bars_per_line))]


def sheet_picture(score: Score) -> str:
    """Returns one tune's sheet music as one SVG picture, as high as it needs to be."""
    blocks = _blocks([score], 100_000.0)
    return _page(blocks, sum(block.page_height for block in blocks) + 2 * _MARGIN)


def sheet_png(score: Score, dots_per_inch: int = 150) -> bytes:
    """Returns one tune's sheet music as a PNG picture, black on white."""
    import resvg_py

    fonts = [str(_font_file(style)) for style in _FONTS]
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=sheet_picture(score),
            background="white",
            skip_system_fonts=True,
            font_files=fonts,
            serif_family=_FAMILY,
            dpi=96,
            width=round(_WIDTH / 254 * dots_per_inch),
        )
    )


def sheet_pdf(scores: Sequence[Score], title: str = "", bars_per_line: int = BARS_PER_LINE) -> bytes:
    """Returns sheet music as a PDF, A4, several tunes on a page; the same bytes each time.

    Args:
        scores: As `sheet_svg` takes them.
        title: What the document is called; the first tune's title if empty.
        bars_per_line: As `sheet_svg` takes it.
    """
    import io

    from reportlab.graphics import renderPDF
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas
    from svglib.svglib import svg2rlg

    _register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(encodable(title or (scores[0].title if scores else "")))
    canvas.setCreator("melody_rnn")
    for page in sheet_svg(scores, bars_per_line):
        drawing = svg2rlg(io.BytesIO(page.encode("utf-8")))
        scale = A4[0] / drawing.width
        drawing.scale(scale, scale)
        renderPDF.draw(drawing, canvas, 0, 0)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _blocks(scores: Sequence[Score], page_height: float, bars_per_line: int = BARS_PER_LINE) -> list[_Block]:
    blocks = []
    for number, score in enumerate(scores, start=1):
        num_bars, num_notes = len(score.bars), sum(len(part.notes) for part in score.parts)
        if num_bars > MAX_BARS or num_notes > MAX_NOTES:
            raise MelodyError(
                f"it has {num_bars} bars with {num_notes} notes; sheet music has at most {MAX_BARS} with {MAX_NOTES}"
            )
        note = _note(score)
        title = _printable(score.title)
        limit = page_height - _TITLE_HEIGHT - _LINE_HEIGHT
        pages = _engrave(score, number, limit, bars_per_line)
        blocks += [replace(pages[0], title=title, note=note), *pages[1:]]
    return blocks


def _note(score: Score) -> str:
    """Returns the line under a title: the tempo, and who made the tune."""
    parts = []
    if score.tempos:
        meter = score.meters[0].meter if score.meters else COMMON_TIME
        # The font has no half note.
        beat = meter.tempo_beat if meter.tempo_beat in _BEATS else Fraction(1)
        parts.append(f"{_BEATS[beat]} = {score.tempos[0].qpm / float(beat):.4g}")
    if score.composer:
        parts.append(_printable(score.composer))
    return "    ".join(parts)


def _engrave(score: Score, seed: int, page_height: float, bars_per_line: int) -> list[_Block]:
    import verovio

    # Wider lines are set smaller; some of the room is won by setting notes closer.
    width = max(1.0, _CLOSER * bars_per_line / BARS_PER_LINE)
    options = {
        "adjustPageHeight": True,
        "breaks": "encoded",
        "footer": "none",
        "header": "none",
        "minLastJustification": 0.5,
        "pageHeight": min(max(int(page_height * 10 * width), 100), 60_000),
        "pageMarginBottom": 0,
        "pageMarginLeft": 0,
        "pageMarginRight": 0,
        "pageMarginTop": 0,
        "pageWidth": int((_WIDTH - 2 * _MARGIN) * 100 / 90 * width),
        "scale": _SCALE,
        "xmlIdSeed": seed,
    }
    document = musicxml_bytes(replace(score, tempos=(), title="", composer=""), bars_per_line).decode()
    toolkit = verovio.toolkit()
    # Its default is known to the thread only that imported it, and a notebook's widgets have another one.
    toolkit.setResourcePath(str(Path(verovio.__file__).parent / "data"))
    toolkit.setOptions(options)
    # It tells on standard error of tunes that fit one line, and of lines that are full.
    with quietly():
        num_pages = toolkit.getPageCount() if toolkit.loadData(document) else 0
        pages = [toolkit.renderToSVG(page) for page in range(1, num_pages + 1)]
    if pages:
        return [_block(page) for page in pages]
    raise MelodyError("Verovio cannot engrave the tune; write it as .musicxml and see what another program makes of it")


def _block(svg: str) -> _Block:
    root = ET.fromstring(svg)
    inner = next(element for element in root.iter(f"{{{_SVG}}}svg") if element is not root)
    _, _, width, height = map(float, inner.get("viewBox", "0 0 1 1").split())
    group = ET.Element(f"{{{_SVG}}}g", {"id": root.get("id", ""), "color": "black"})
    for element in root:
        if element.tag.endswith(("defs", "style")):
            group.append(element)
    group.extend(list(inner))
    for text in group.iter(f"{{{_SVG}}}text"):
        _flatten(text)
    return _Block(group, width, height)


def _flatten(text: ET.Element) -> None:
    """Makes a text of many parts one of one font, which every program sets alike."""
    content = "".join(text.itertext())
    sizes = [float(size[:-2]) for e in text.iter() if (size := e.get("font-size", "")).endswith("px")]
    anchored = next((e for e in text.iter() if e.get("x")), text)
    for name in ("x", "y", "text-anchor"):
        value = text.get(name) or anchored.get(name)
        if value:
            text.set(name, value)
    for child in list(text):
        text.remove(child)
    text.text = _printable(content.translate(_MUSIC_CHARACTERS))
    font_size = next((size for size in sizes if size), 0.0)
    text.set("font-size", f"{font_size * _TEXT_SCALE:g}")
    text.set("font-family", f"{_FAMILY}, Times, serif")


def _paginate(blocks: Sequence[_Block]) -> list[list[_Block]]:
    pages: list[list[_Block]] = []
    left = -1.0
    for block in blocks:
        if block.page_height + _GAP > left:
            pages.append([])
            left = _HEIGHT - 2 * _MARGIN + _GAP
        pages[-1].append(block)
        left -= block.page_height + _GAP
    return pages


def _page(blocks: Sequence[_Block], height: float) -> str:
    size = {"width": f"{_WIDTH / 10:g}mm", "height": f"{height / 10:g}mm"}
    root = ET.Element(f"{{{_SVG}}}svg", {**size, "viewBox": f"0 0 {_WIDTH:g} {height:g}", "version": "1.1"})
    y = _MARGIN
    for block in blocks:
        if block.title:
            _text(root, block.title, _WIDTH / 2, y + _TITLE_SIZE, _TITLE_SIZE, "middle", "bold")
            y += _TITLE_HEIGHT
        if block.note:
            _text(root, block.note, _MARGIN, y + _TEXT_SIZE, _TEXT_SIZE, "start")
            y += _LINE_HEIGHT
        transform = f"translate({_MARGIN:g},{y:g}) scale({block.scale:.6g})"
        holder = ET.SubElement(root, f"{{{_SVG}}}g", {"transform": transform})
        holder.append(block.music)
        y += block.height * block.scale + _GAP
    return ET.tostring(root, encoding="unicode")


def _text(root: ET.Element, text: str, x: float, y: float, size: float, anchor: str, weight: str = "normal") -> None:
    attributes = {"x": f"{x:g}", "y": f"{y:g}", "font-size": f"{size:g}", "text-anchor": anchor, "font-weight": weight}
    element = ET.SubElement(root, f"{{{_SVG}}}text", {**attributes, "font-family": f"{_FAMILY}, Times, serif"})
    element.text = text


def _printable(text: str) -> str:
    """Returns a text on one line, of characters that the font has, no longer than a line."""
    known = _characters()
    kept = "".join(character if ord(character) in known else _plainer(character, known) for character in text)
    plain = re.sub(r"\s+", " ", kept).strip(" ,;-")
    return plain if len(plain) <= 70 else f"{plain[:69]}…"


def _plainer(character: str, known: frozenset[int]) -> str:
    """Returns what is left of a character without the accents that the font has not, or a space."""
    parts = unicodedata.normalize("NFKD", character)
    return "".join(part for part in parts if ord(part) in known and not unicodedata.combining(part)) or " "


@cache
def _characters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_font_file(""))).get_charmap())


@cache
def _font_file(style: str) -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{_FONTS[style]}.ttf"


@cache
def _register_fonts() -> None:
    from svglib.fonts import register_font

    for style in _FONTS:
        weight, kind = ("bold", "normal") if style == "bold" else ("normal", style or "normal")
        register_font(_FAMILY, str(_font_file(style)), weight, kind)
