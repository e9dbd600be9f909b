"""Texts of fields: letters with accents, and signs that mean something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melody_rnn.formats.abc.texts import field_text, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"Caf\'e", "Café"),
        (r"M\"arsch \AAse", "Märsch Åse"),
        (r"gar\ccon \~n \`a \^o \vz", "garçon ñ à ô ž"),
        (r"\ss \/o \ae", "ß ø æ"),
        (r"Caf\u00e9", "Café"),
        ("Caf&eacute; &amp; more", "Café & more"),
        (r"100\% A \& B \\", "100% A & B \\"),
        ("AT&T", "AT&T"),
        (r"\x", r"\x"),
        (r"\u0000", " "),
    ],
)
def test_texts(text: str, plain: str):
    assert plain_text(text) == plain


@given(st.text())
def test_what_is_written_is_read(text: str):
    printable = "".join(character if character.isprintable() else " " for character in text)
    assert plain_text(field_text(text)) == " ".join(printable.split())
    assert field_text(text).isprintable()
