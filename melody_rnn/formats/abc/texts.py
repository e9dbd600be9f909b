"""The texts in fields of ABC: letters with accents, and the signs that stand for others.

Source: the ABC standard 2.1, abcnotation.com, section 8.2.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_CODE: Final = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|([`'^~\"=cuvrH,.;])([A-Za-z])|(aa|AA|ae|AE|oe|OE|ss|/[oOdlDL])|(\W))"
)
_ENTITY: Final = re.compile(r"\\&|&#?[A-Za-z0-9]{2,8};")
_MARKS: Final[Mapping[str, str]] = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "c": "\u0327",
    ",": "\u0327",
    ";": "\u0328",
}
_LETTERS: Final[Mapping[str, str]] = {
    "aa": "å",
    "AA": "Å",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "ss": "ß",
    "/o": "ø",
    "/O": "Ø",
    "/d": "đ",
    "/D": "Đ",
    "/l": "ł",
    "/L": "Ł",
}


def plain_text(text: str) -> str:
    r"""Returns a field as people read it: ``Caf\'e`` and ``Caf&eacute;`` are Café, ``\%`` is %, and spaces are one."""
    text = _ENTITY.sub(lambda match: match[0] if match[0] == "\\&" else html.unescape(match[0]), text)
    return " ".join(_CODE.sub(_meant, text).split())


def field_text(text: str) -> str:
    """Returns a text as a field holds it, on one line; `plain_text` is the inverse."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return re.sub(r"[\\%&]", lambda match: f"\\{match[0]}", " ".join(printable.split()))


def _meant(match: re.Match[str]) -> str:
    number, mark, letter, ligature, other = match.groups()
    if number:
        character = chr(int(number, 16))
        return character if character.isprintable() else " "
    if mark:
        joined = unicodedata.normalize("NFC", letter + _MARKS[mark])
        return joined if len(joined) == 1 else match[0]
    return _LETTERS[ligature] if ligature else str(other)
