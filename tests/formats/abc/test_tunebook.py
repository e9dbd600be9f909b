"""Files into the texts of tunes: codes, line ends, headers, prose, comments."""

import pytest

from melody_rnn.formats.abc import AbcTune, read_abc_tune, split_tunebook
from melody_rnn.formats.score import Score
from tests.formats.read_abc import line, read_text


def book(text: str) -> list[AbcTune]:
    return list(split_tunebook(text.encode()))


def scores(text: str) -> list[Score]:
    return [read_abc_tune(tune) for tune in book(text)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines(end: str):
    text = "X:1\nT:One\nK:C\nCD|\nEF|\n\nX:2\nT:Two\nK:C\nC|\n".replace("\n", end)
    assert [(tune.title, tune.lines[-1]) for tune in book(text)] == [("One", "EF|"), ("Two", "C|")]


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "latin-1"])
def test_codes(code: str):
    [tune] = split_tunebook("X:1\nT:Märsch für Père\nK:C\nC|\n".encode(code))
    assert tune.title == "Märsch für Père"


def test_a_byte_order_mark_before_latin_1():
    [tune] = split_tunebook(b"\xef\xbb\xbfX:1\nT:M\xe4rsch\nK:C\nC|\n")
    assert tune.title == "Märsch"


@pytest.mark.parametrize(
    ("field", "number"), [("X:7", "7"), ("X:", ""), ("X: 12 % twelve", "12"), ("  X:3", "3"), ("X:no. 4", "no. 4")]
)
def test_numbers(field: str, number: str):
    assert [tune.number for tune in book(f"{field}\nK:C\nC|\n")] == [number]


def test_a_files_header_holds_for_all_its_tunes():
    text = "%abc-2.1\nM:3/4\nL:1/4\nQ:1/4=90\n%%MIDI program 40\nC:Somebody\n\nX:1\nK:C\nC3|\n\nX:2\nM:2/4\nK:C\nC2|\n"
    first, second = scores(text)
    assert [(str(score.meters[0].meter), score.end, score.tempos[0].qpm) for score in (first, second)] == [
        ("3/4", 3, 90),
        ("2/4", 2, 90),
    ]
    assert second.parts[0].program == 40


@pytest.mark.parametrize("top", ["Some words: of the editor\nL:1/4\n\n", "\nA letter\n\nL:1/4\n\n"])
def test_prose_is_no_header(top: str):
    assert scores(f"{top}X:1\nK:C\nC|\n")[0].end == 0.5


def test_prose_between_tunes_is_no_music():
    text = "X:1\nK:C\nCD|\n\nA nice bag | of words\nwith a cab? It had;| no notes\n\nX:2\nK:C\nEF|\n\nBye.\n"
    assert [line(score) for score in scores(text)] == ["60:1/2 62:1/2", "64:1/2 65:1/2"]


def test_music_goes_on_after_an_empty_line():
    assert line(read_text("X:1\nK:C\nCD|\n\n|:EF:|\n")) == "60:1/2 62:1/2 64:1/2 65:1/2"
    assert line(read_text("X:1\nK:C\n\nCD|\n")) == "60:1/2 62:1/2"


@pytest.mark.parametrize("kind", ["text", "ps", "svg"])
def test_blocks_are_no_music(kind: str):
    text = f"X:1\nK:C\n%%begin{kind}\nCDEF|\nX:2\n%%end{kind}\nC|\n"
    assert [line(score) for score in scores(text)] == ["60:1/2"]


def test_comments():
    text = "X:1 % one\nT:Name % no name\nT:100\\% % comment\n% CDE\nK:C % D\nC % DE\nD|%\n"
    [tune] = book(text)
    assert (tune.number, tune.title) == ("1", "Name")
    assert line(read_abc_tune(tune)) == "60:1/2 62:1/2"
    assert book("X:1\nT:100\\% % comment\nK:C\nC|\n")[0].title == "100%"


def test_fields_go_on():
    text = "X:1\nT:A long\n+:title\nK:D\n+: =c\nw:la\n+:la\nCF|\n"
    assert book(text)[0].title == "A long title"
    assert line(read_text(text)) == "60:1/2 66:1/2"


def test_history_has_several_lines():
    text = "X:1\nH:A bad egg\nfed a cab | in the bag\nN:note\nK:C\nC|\n"
    assert line(read_text(text)) == "60:1/2"


@pytest.mark.parametrize(
    "extra",
    [
        "w:C-D E\n",
        "W:CDE\n",
        "m: ~n3 = n{o}n{m}n\n",
        "U: W = !trill!\n",
        "s:CDE\n",
        "N:CDE\nZ:CDE\nr:CDE\nR:reel\nB:Book\nD:Disc\nF:file\nG:group\nO:Cork\nS:Source\nA:Area\n",
        "%%text CDE\n",
        "I:linebreak $\n",
    ],
)
def test_other_fields_are_no_music(extra: str):
    assert line(read_text(f"X:1\n{extra}K:C\nC|\n{extra}D|\n")) == "60:1/2 62:1/2"


def test_a_file_without_tunes_gives_none():
    assert book("") == book("T:no number\nK:C\nC|\n") == []


def test_a_repeat_at_the_start_of_a_line_is_no_field():
    assert line(read_text("X:1\nK:C\n|:C\nA:|\n|:B\nd:|\n")) == "60:1/2 69:1/2 71:1/2 74:1/2"


def test_a_block_that_never_ends_hides_no_other_tune():
    text = "X:1\nK:C\nC|\n%%begintext\nwords\n\nX:2\nK:C\nD|\n%%begintext\nX:9\n%%endtext\nE|\n"
    assert [line(score) for score in scores(text)] == ["60:1/2", "62:1/2 64:1/2"]
