"""Documents that follow the schema of MusicXML 4.0, and what they show."""

import importlib.metadata
import io
import random
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from fractions import Fraction

import pytest

from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.musicxml.reader import read_musicxml
from melody_rnn.formats.musicxml.writer import musicxml_bytes, mxl_bytes
from melody_rnn.formats.score import ChordSymbol
from tests.formats.random_scores import random_score

_NAMES = {
    "xml": ("http://www.w3.org/XML/1998/namespace", ("lang", "space")),
    "xlink": ("http://www.w3.org/1999/xlink", ("href", "type", "role", "title", "show", "actuate")),
}


def written(body, header="M:4/4\nL:1/4\nK:C"):
    score = read_abc_tune(next(split_tunebook(f"X:1\n{header}\n{body}\n".encode())))
    return ET.fromstring(musicxml_bytes(score))


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """The schema of MusicXML 4.0, which the package musicxml brings; it imports two more, stood in for here."""
    lxml = pytest.importorskip("lxml.etree")
    try:
        files = importlib.metadata.files("musicxml") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package musicxml, which has the schema, is not installed")
    text = next(file for file in files if file.name == "musicxml_4_0.xsd").locate().read_text()
    folder = tmp_path_factory.mktemp("schema")
    for name, (space, attributes) in _NAMES.items():
        own = "".join(f'<xs:attribute name="{attribute}" type="xs:string"/>' for attribute in attributes)
        head = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{space}">'
        (folder / f"{name}.xsd").write_text(f"{head}{own}</xs:schema>")
    path = folder / "musicxml.xsd"
    path.write_text(re.sub(r'schemaLocation="[^"]*/(xml|xlink)\.xsd"', r'schemaLocation="\1.xsd"', text))
    return lxml.XMLSchema(lxml.parse(path))


@pytest.mark.parametrize("seed", range(60))
def test_documents_follow_the_schema(schema, seed):
    import lxml.etree

    document = lxml.etree.fromstring(musicxml_bytes(random_score(random.Random(seed)), bars_per_line=4 * (seed % 2)))
    assert schema.validate(document), schema.error_log.last_error


def test_a_pickup_has_the_number_0_and_is_implicit():
    measures = written("G|c4|c3|]").findall("part/measure")
    assert [(m.get("number"), m.get("implicit")) for m in measures] == [("0", "yes"), ("1", None), ("2", "yes")]


def test_accidentals_are_shown_once_a_bar_and_not_on_tied_notes():
    notes = written("^c c =c ^c-|c ^c d d|]").findall(".//note")
    assert [note.findtext("accidental") for note in notes[:4]] == ["sharp", None, "natural", "sharp"]
    assert notes[4].find("tie").get("type") == "stop"
    assert [note.findtext("accidental") for note in notes[4:6]] == [None, "sharp"]


def test_triplets_are_told():
    notes = written("(3c/d/e/ f g2|]").findall(".//note")
    assert [note.findtext("time-modification/actual-notes") for note in notes] == ["3", "3", "3", None, None]
    assert [t.get("type") for t in ET.ElementTree(notes[0]).iter("tuplet")] == ["start"]
    assert [note.findtext("type") for note in notes] == ["eighth", "eighth", "eighth", "quarter", "half"]


def test_repeats_and_endings():
    barlines = written("|:c4|1 d4:|2 e4|]").findall(".//barline")
    found = [(b.get("location"), *(child.get("type") or child.get("direction") for child in b[-2:])) for b in barlines]
    assert found == [
        ("left", None, "forward"),
        ("left", "start"),
        ("right", "stop", "backward"),
        ("left", "start"),
        ("right", None, "stop"),
    ]


def test_a_silent_bar_is_a_rest_of_a_measure_and_a_short_one_is_not():
    rests = written("z|c4|z4|c3|]").findall(".//rest")
    assert [rest.get("measure") for rest in rests] == [None, "yes"]


def test_no_key_is_no_key():
    assert written("c4|]", "M:4/4\nL:1/4\nK:none").find(".//key") is None


@pytest.mark.parametrize("symbol", ["Cadd9", "G7sus4", "N.C.", "F#m7b5/C"])
def test_chord_symbols_of_any_kind_come_back(symbol):
    score = random_score(random.Random(1))
    score = replace(score, chords=(ChordSymbol(Fraction(0), symbol),))
    assert read_musicxml(musicxml_bytes(score)).chords == score.chords


def test_a_compressed_file_is_the_same_each_time_and_holds_the_document():
    score = random_score(random.Random(2))
    assert mxl_bytes(score) == mxl_bytes(score)
    with zipfile.ZipFile(io.BytesIO(mxl_bytes(score))) as archive:
        assert archive.read("score.musicxml") == musicxml_bytes(score)
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
    assert read_musicxml(mxl_bytes(score)).parts == score.parts


@pytest.mark.parametrize(
    ("meter", "beat", "dots", "per_minute"),
    [("6/8", "quarter", 1, "80"), ("2/2", "half", 0, "60"), ("4/4", "quarter", 0, "120")],
)
def test_tempos_count_the_beat(meter, beat, dots, per_minute):
    metronome = written("c4|", f"M:{meter}\nL:1/4\nQ:1/4=120\nK:C").find(".//metronome")
    assert metronome.findtext("beat-unit") == beat
    assert len(metronome.findall("beat-unit-dot")) == dots
    assert metronome.findtext("per-minute") == per_minute
