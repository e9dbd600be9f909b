import re

import pytest

from melody_rnn.data import repeats
from melody_rnn.data.repeats import unfold
from melody_rnn.errors import InputFileError

HEADER = {"M": "4/4", "L": "1/4", "K": "C"}


def letters(text: str, mode: repeats.Repeats) -> str:
    """The sections as letters: each test's music has one letter a section."""
    return re.sub(r"[^A-Z]", "", unfold(text, HEADER, mode))


@pytest.mark.parametrize(
    ("text", "written", "expanded"),
    [
        ("A|B|", "AB", "AB"),
        ("|:A:|B", "AB", "AAB"),
        ("A:|B:|", "AB", "AABB"),
        ("|:A::B:|", "AB", "AABB"),
        ("|:A:|:B:|", "AB", "AABB"),
        ("A||B:|", "AB", "ABB"),
        ("A|]B:|C", "ABC", "ABBC"),
        ("|:A||B:|C", "ABC", "ABABC"),
        ("A||\n:B:|", "AB", "ABB"),
        ("|:A|1B:|2C||D", "ACD", "ABACD"),
        ("|:A[1B:|[2C|]D", "ACD", "ABACD"),
        ("|:A|[1B:|\n[2C|]D", "ACD", "ABACD"),
        ("A|1B:|2C:|D", "ACD", "ABACD"),
        ("|:A|1,3B:|2,4C:|D", "ACD", "ABACABACD"),
        ("|:A|1-2B:|3C||", "AC", "ABABAC"),
        ("|::A::|B", "AB", "AAAB"),
        ("|:A:||:B:|", "AB", "AABB"),
        ("[|A|]", "A", "A"),
        ("", "", ""),
    ],
)
def test_sections_sound_in_order(text: str, written: str, expanded: str):
    assert letters(text, "written") == written
    assert letters(text, "expanded") == expanded


def test_an_unopened_repeat_does_not_reach_past_a_double_bar():
    assert letters("A:|B||C:|", "expanded") == "AABCC"


def test_tuplets_are_no_signs():
    assert unfold("A(3:2:3BCD|E", HEADER, "written") == "A(3:2:3BCD|E"
    assert unfold("A(3::3BCD|E", HEADER, "expanded") == "A(3::3BCD|E"


def test_chords_are_no_endings():
    assert unfold("|[CE]G|", HEADER, "written") == "|[CE]G|"


def test_a_repeat_restores_the_key_of_its_start():
    assert unfold("|:A|[K:D]B:|C", HEADER, "expanded") == "A|[K:D]B|[K:C]A|[K:D]B|C"


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(repeats, "MAX_CHARACTERS", 100)
    with pytest.raises(InputFileError, match="unfold to more than 100"):
        unfold("|:" + "A" * 60 + ":|", HEADER, "expanded")
