"""Whatever a file holds: a score, or one clear line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from melody_rnn.errors import InputFileError
from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.score import Score

HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"
TUNES = (
    'X:1\nT:The Kesh\nM:6/8\nL:1/8\nQ:3/8=120\nK:G\n|:"G"GAG GAB|ABA ABd|edd gdd|edB dBA:|\n',
    "X:2\nM:C|\nK:Am % minor\nP:A\n|:e2|A>B (3cde [Ace]2- [Ace]z|1,3 E4:|2 {g}A3 !D.C.!||\n",
    "X:3\nM:3/4\nL:1/8\nV:1 clef=treble-8\nV:2 octave=-1\nK:Bb\n[V:1]B2_A2=A2|Z|\n[V:2]B,6 & D6|x6|\n",
)
PIECES = st.sampled_from(
    [*"ABCDEFGabcdefgzxyZX|:[](){}<>\"!+&-^_=/,'0123459%\\ \n~HSTVKMLQPU.$", "[K:", "[V:", "|1", ":|", "(3"]
)


def read_all(data: bytes) -> None:
    """Reads all tunes of a book; each gives a score that holds together, or one clear line."""
    for tune in split_tunebook(data):
        try:
            check(read_abc_tune(tune))
        except InputFileError as error:
            assert str(error)
            assert "\n" not in str(error)
            assert len(str(error)) < 200


def check(score: Score) -> None:
    starts = [bar.start for bar in score.bars]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] <= score.end
    for part in score.parts:
        assert part.notes
        assert [note.start for note in part.notes] == sorted(note.start for note in part.notes)
        assert all(0 <= note.start < note.end and 0 <= note.pitch <= 127 for note in part.notes)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_music(text: str):
    read_all((HEAD + text).encode())


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text(before: str, after: str):
    read_all(f"{before}\nX:1\nT:{after}\nK:{after}\nCDE|{before}\n{after}".encode("utf-8", "replace"))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    read_all(data)
    read_all(HEAD.encode() + data)


@given(st.sampled_from(TUNES), st.randoms(use_true_random=False), st.integers(1, 12))
def test_damaged_tunes(tune: str, rng: random.Random, num_changes: int):
    text = list(tune)
    for _ in range(num_changes):
        place = rng.randrange(len(text))
        text[place : place + rng.choice([0, 1, 1, 5])] = rng.choice(
            ["", "|", "[", "]", '"', "(3", "\n", rng.choice(tune)]
        )
        text = text or ["X"]
    read_all("".join(text).encode())


@given(st.sampled_from("QMLKVPTUI"), st.text(alphabet='0123456789/=+:ABCGmC|^_ "!clef=octave-1 none', max_size=40))
def test_any_field(name: str, value: str):
    read_all(f"X:1\n{name}:{value}\nK:C\nCD|\n{name}:{value}\nEF|[{name}:{value}]G|\n".encode())


@pytest.mark.parametrize(
    "body",
    [
        "C" * 1_000_000,
        ": " * 90_000,
        "[" * 150_000,
        "[A:" * 60_000,
        "[" + "C" * 150_000,
        "(" * 150_000,
        "{" * 150_000,
        "C" + "/" * 150_000,
        "^/3" * 60_000,
        "(99:99:99CDE|",
        "(3:" * 60_000,
        "C|" + "Z99999999|" * 100,
        "C|x99999999|",
        "C" + "&" * 150_000,
        "C&" * 90_000,
        "[C-E-G-]-" * 20_000,
        '"C' * 90_000,
        '["a' * 60_000,
        "!" * 150_000,
        "+A" * 90_000,
        ">" * 150_000,
        "[1" + ",1" * 90_000 + "C|",
        "[Q:" + "1/1111/" * 20_000 + "]C",
        "V:1 " + "name " * 30_000 + "\nC",
        "".join(f"V:{number}\nC|\n" for number in range(9_000)),
        "C\n\n" + "|" * 150_000 + ";",
        "C\n\n" + "[A:" * 60_000 + ";|",
    ],
    ids=lambda body: f"{body[:9]!r} and so on",
)
def test_nothing_takes_long(body: str):
    read_all((HEAD + body).encode())


@pytest.mark.parametrize(
    "header", ["Q:0", "Q:" + "1/1111/" * 20_000, "Q:1/0=3", "M:" + "1+" * 50_000, "K:" + "^f" * 90_000, "L:1/0", "L:0"]
)
def test_no_header_takes_long(header: str):
    read_all(f"X:1\n{header}\nK:C\nC|\n".encode())
