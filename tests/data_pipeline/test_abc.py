import pytest

from melody_rnn.data.abc import AbcTune, decode_text, playable_text, read_tune, split_tunebook
from melody_rnn.formats.grid import Pad
from melody_rnn.data.pieces import Key
from melody_rnn.errors import InputFileError


def tune(body: str, meter: str = "4/4", key: str = "C", unit: str = "1/4") -> AbcTune:
    [only] = split_tunebook(f"X:1\nT:Test\nM:{meter}\nL:{unit}\nK:{key}\n{body}\n")
    return only


def pitches(body: str, **fields: str) -> list[int]:
    return [note.pitch for part in read_tune(tune(body, **fields)).parts for note in part]


def test_split_tunebook_gives_tunes_in_order_with_titles():
    text = "% a book\nT:The book\n\nX:7\nT:One\nK:C\nC|\n\nX:7\r\nT: Two \r\nT:second title\r\nK:D\r\nD|\r\n"
    tunes = list(split_tunebook(text))
    assert [(tune.index, tune.title) for tune in tunes] == [(0, "One"), (1, "Two")]
    assert tunes[1].lines == ("T: Two", "T:second title", "K:D", "D|")


def test_text_without_tunes_gives_none():
    assert list(split_tunebook("just words\nK:C\n")) == []


def test_decode_text_reads_both_codes():
    assert decode_text("T:Père\n".encode()) == decode_text("T:Père\n".encode("latin-1")) == "T:Père\n"
    assert decode_text(b"\xef\xbb\xbfX:1") == "X:1"


def test_what_a_melody_does_not_have_is_stripped():
    body = '"Am"C{def}D !trill!~E .F | (G2 vA) u"4"B ||'
    assert pitches(body) == pitches("C D E F | G2 A B") == [60, 62, 64, 65, 67, 69, 71]


def test_tuplets_survive_where_slurs_go():
    piece = read_tune(tune("((3CDE) F2 (G2)|"))
    assert [round(note.start, 2) for note in piece.parts[0]] == pytest.approx([0, 0.67, 1.33, 2, 4], abs=0.01)


def test_a_line_of_decorations_does_not_end_the_tune():
    assert pitches('"slowly"\\\nCDEF|\n"then"\nGABc|') == [60, 62, 64, 65, 67, 69, 71, 72]


@pytest.mark.parametrize(
    ("damaged", "meant"),
    [("CD=20\nEF|", "CD\nEF|"), ("C=3DDEF|", "C=DEF|"), ("+CE+DEF|", "[CE]DEF|"), ("!CDEF|", "CDEF|")],
)
def test_marks_of_old_books_and_mail_are_read(damaged: str, meant: str):
    assert playable_text(tune(damaged)).split() == playable_text(tune(meant)).split()


def test_comments_directives_and_words_are_no_music():
    assert pitches("CDEF| % ABC\n%%MIDI program 20\nw: Gag a bag\nGABc|") == [60, 62, 64, 65, 67, 69, 71, 72]


def test_key_and_fields_in_the_body_are_kept():
    piece = read_tune(tune("FGAB|[K:D]FGAB|\nK:F\nFGAB|\n", key="Em"))
    assert piece.key == Key(sharps=1, tonic=4)
    assert [note.pitch for note in piece.parts[0]][::4] == [66, 66, 65]


def test_the_notes_of_a_chord_start_together():
    assert len({note.start for note in read_tune(tune("[CEG]4|")).parts[0]}) == 1


def test_a_meter_change_is_kept():
    piece = read_tune(tune("CDEF|[M:3/4]GAB|cBA|"))
    assert [(meter.start, meter.numerator) for meter in piece.meters] == [(0, 4), (4, 3)]


def test_voices_become_parts():
    piece = read_tune(tune("V:1\nCDEF|GABc|\nV:2\nC,4|G,4|\n"))
    assert [len(part) for part in piece.parts] == [8, 2]


def test_a_pickup_is_padded_to_a_whole_bar():
    assert read_tune(tune("C|DEFG|ABcd|")).pads == (Pad(0, 3),)
    assert read_tune(tune("CDEF|GABc|")).pads == ()


def test_a_part_that_shares_its_last_bar_with_a_pickup_is_left_alone():
    assert read_tune(tune("C|DEFG|ABc:|\n|:d|cBAG|FEDC|")).pads == (Pad(0, 3),)


@pytest.mark.parametrize("body", ["", "|||", "z4|z4|"])
def test_a_tune_without_notes_says_so(body: str):
    with pytest.raises(InputFileError, match="no note"):
        read_tune(tune(body))


def test_a_tune_without_key_says_so():
    [only] = split_tunebook("X:1\nT:a\nCDEF|\n")
    with pytest.raises(InputFileError, match="no K: field"):
        read_tune(only)


def test_an_overlong_tune_is_refused():
    with pytest.raises(InputFileError, match="characters"):
        read_tune(tune("CDEF|" * 100_000))


def test_what_the_reader_refuses_names_no_path():
    with pytest.raises(InputFileError, match="abc2midi cannot read it") as caught:
        read_tune(tune("C99999999 D2147483648|"))
    assert "/" not in str(caught.value)
