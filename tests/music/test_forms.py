import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.music.forms import parse_form


@pytest.mark.parametrize(
    ("text", "bars", "written", "shown"),
    [
        ("AABB", None, [("A", 8, 2), ("B", 8, 2)], "AABB"),
        ("abac", 16, [("A", 4, 1), ("B", 4, 1), ("A", 4, 1), ("C", 4, 1)], "ABAC"),
        ("A8A8B16B16", None, [("A", 8, 2), ("B", 16, 2)], "A8A8B16B16"),
        ("A4AB8", 16, [("A", 4, 2), ("B", 8, 1)], "A4A4B8"),
    ],
)
def test_forms(text, bars, written, shown):
    form = parse_form(text, bars)
    assert list(form.written()) == written
    assert str(form) == shown


@pytest.mark.parametrize(
    ("text", "bars", "message"),
    [
        ("", None, "must be letters"),
        ("A-B", None, "must be letters"),
        ("8A", None, "must be letters"),
        ("A0", None, "at least 1 bar"),
        ("A4A8", None, "4 bars once and 8 another time"),
        ("A4B", None, "none to B"),
        ("AABB", 30, "cannot be shared evenly"),
        ("A8B8", 17, "has 16 bars, not 17"),
        ("A" * 53, None, "from 1 to 52 parts"),
        ("A999", None, "at most 512 bars"),
    ],
)
def test_what_is_no_form(text, bars, message):
    with pytest.raises(InvalidArgumentError, match=message):
        parse_form(text, bars)
