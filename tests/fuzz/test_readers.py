"""Every reader, given what is valid in its structure and hostile in its values: it reads it, or says one clear line."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from melody_rnn.errors import InputFileError, MelodyError, MelodyRNNError, ModelError
from melody_rnn.formats.midi.reader import read_midi
from melody_rnn.formats.musicxml.reader import read_musicxml
from melody_rnn.tunes.files import read_tunes, tune_bytes
from tests.fuzz import hostile_music

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70), st.sampled_from(["", "nan", "inf", "1e308", "1/0", "\u0663", "-0", "0.0001", "x"])
)
RELAXED = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")), suppress_health_check=list(HealthCheck), deadline=None
)
ABC_SIGNS = [*"CDEFGABcdefgabz|:[](){}<>^_=/,'\"!+-~.0123456789\n", "M:", "K:", "[V:1]", "|:", ":|"]


def outcome(work):
    """Runs some work; what it raises must be one printable line."""
    try:
        return work()
    except MelodyRNNError as error:
        assert str(error).isprintable()
        assert str(error)
        return None


@RELAXED
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**28 - 1),
            st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xE0, 0xF0, 0xFF, 0x9F]),
            st.binary(max_size=6),
        ),
        max_size=30,
    ),
    st.integers(0, 0xFFFF),
    st.integers(0, 3),
)
def test_midi(events, division, kind):
    track = b"".join(hostile_music.number(delta) + bytes([status]) + data for delta, status, data in events)
    outcome(lambda: read_midi(hostile_music.midi([track + hostile_music.END, track], division, kind)))


@RELAXED
@given(
    st.lists(st.tuples(st.sampled_from("CDEFGABHX"), NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8),
    NUMBERS,
    NUMBERS,
    NUMBERS,
)
def test_musicxml(notes, divisions, beats, beat_type):
    time = f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>"
    bar = "".join(
        hostile_music.note_xml(step, octave, duration, alter=f"<alter>{alter}</alter>")
        for step, octave, duration, alter in notes
    )
    measure = f"<measure><attributes><divisions>{divisions}</divisions>{time}</attributes>{bar}</measure>"
    outcome(lambda: read_musicxml(hostile_music.musicxml(measure * 3)))


@RELAXED
@given(st.lists(st.sampled_from(ABC_SIGNS)))
def test_abc(tmp_path_factory, signs):
    path = tmp_path_factory.getbasetemp() / "fuzz.abc"
    path.write_text(f"X:1\nT:x\nM:4/4\nL:1/8\nK:C\n{''.join(signs)}\n", encoding="utf-8")
    tunes = outcome(lambda: read_tunes(path))
    for tune in (tunes or [])[:2]:
        outcome(lambda tune=tune: tune_bytes([tune], "abc"))


@pytest.mark.parametrize(
    ("suffix", "files"),
    [
        ("mid", hostile_music.wrong_midi),
        ("musicxml", hostile_music.wrong_xml),
        ("abc", hostile_music.wrong_abc),
    ],
)
def test_a_share_of_the_damaged_files(tmp_path: Path, suffix, files):
    path = tmp_path / f"x.{suffix}"
    for number, (what, data) in enumerate(files(random.Random(1))):
        if number % 12 or len(data) > 2**20:
            continue
        path.write_bytes(data)
        try:
            read_tunes(path)
        except (InputFileError, MelodyError) as error:
            assert str(error).isprintable(), what


def test_what_music_unpacks_to_is_bounded():
    for document, message in (
        (hostile_music.deep_xml(1000), "deep in one another"),
        (hostile_music.mxl(b"<score-partwise>" + b" " * 2**25), "unpacks to more than"),
        (hostile_music.tags_xml(1_000_000), "elements, which no score has"),
    ):
        with pytest.raises(InputFileError, match=message):
            read_musicxml(document)
    with pytest.raises(InputFileError, match="at most 200000"):
        read_midi(hostile_music.dense_midi(1_500_000))
    with pytest.raises(InputFileError, match="at most 256"):
        read_midi(hostile_music.midi([hostile_music.notes(2)] * 300))


def test_bundles_and_indices(tmp_path: Path):
    from melody_rnn.magenta.bundles.magenta import read_bundle
    from melody_rnn.network.checkpoint_tables import claims_of_v2
    from tests.fuzz import hostile_models

    good = Path(__file__).parents[1] / "data" / "basic_rnn.mag"
    path = tmp_path / "x.mag"
    for number, (what, data) in enumerate(hostile_models.wrong_bundles(good.read_bytes(), random.Random(2))):
        if number % 8 and "type" not in what and "shape" not in what and "fields" not in what:
            continue
        path.write_bytes(data)
        try:
            read_bundle(path)
        except (InputFileError, ModelError) as error:
            assert str(error).isprintable(), what
    for data in (b"", b"x" * 100, hostile_models.table([(b"", b""), (b"v", b"\xff")])):
        with pytest.raises(ModelError, match="damaged"):
            claims_of_v2(data)
