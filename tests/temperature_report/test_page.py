import csv
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from melody_rnn.errors import OutputError
from melody_rnn.evaluation.temperature_report.folder import check_folder
from melody_rnn.evaluation.temperature_report.page import About, page, write_report
from melody_rnn.evaluation.temperature_report.table import measure_temperatures

ABOUT = About("tiny <model>", "melody-rnn temperature --model 'a&b'")
VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Collects tags, ids and what a page refers to."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], Counter(), [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.note(attrs)

    def handle_startendtag(self, tag, attrs):
        self.note(attrs)

    def note(self, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids[value] += 1
            if name in ("src", "href", "xlink:href"):
                self.links.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "report"
    write_report(table, folder, ABOUT)
    return folder


def test_the_page_needs_nothing_besides_itself(written):
    text = (written / "report.html").read_text("utf-8")
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert set(checker.ids.values()) == {1}
    assert all(link.startswith("#") and link[1:] in checker.ids for link in checker.links)
    assert not re.search(r"<script|@import|url\((?!#)", text)
    words = " ".join(" ".join(checker.text).split())
    assert "What temperature does to tiny <model>" in words
    assert ABOUT.command in words
    assert "24 tunes out of a <hat>" in words


def test_the_page_has_every_figure_and_definition(written, table):
    text = " ".join((written / "report.html").read_text("utf-8").split())
    for column in table.columns:
        assert f"<code>{column.name}</code>" in text
    assert "<code>pitch_class_entropy</code>." in text
    assert f"{table.rows[0].estimates['notes_per_bar'].value:.2f}" in text
    assert f"{100 * table.real.estimates['distinct_4grams'].value:.1f} %" in text
    assert f"{table.distance(table.rows[2]):.2f}" in text


def test_metrics_csv_has_every_figure(written, table):
    with (written / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * len(table.columns)
    by_key = {(row["temperature"], row["metric"]): row for row in rows}
    own = table.real.estimates["entropy"]
    row = by_key["real", "entropy"]
    values = [float(row[name]) for name in ("value", "low", "high")]
    assert values == pytest.approx([own.value, own.low, own.high], rel=1e-5)
    assert by_key["0.25", "similarity"]["lower_quartile"] == ""


def test_a_report_without_real_tunes(tiny_model):
    text = page(measure_temperatures(tiny_model, [1.0], 4, 20), ABOUT)
    Checker().feed(text)
    assert "real tunes</th>" not in text and "nearest to them" not in text


def test_a_report_of_melodies_with_hardly_a_note(tiny_model):
    text = page(measure_temperatures(tiny_model, [0.0, 1.0], 5, 3), ABOUT)
    assert "<td>-<small>- to -</small></td>" in "".join(text.split("\n"))


def test_a_report_is_replaced_only_if_that_is_asked_for(written, table, tmp_path):
    with pytest.raises(OutputError, match="give --overwrite"):
        write_report(table, written, ABOUT)
    write_report(table, written, ABOUT, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"holds notes.txt, which is no part of a report"):
        write_report(table, tmp_path / "mine", ABOUT, overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is no folder"):
        check_folder(tmp_path / "file" / "report", overwrite=True)
    (tmp_path / "link").symlink_to(written)
    with pytest.raises(OutputError, match="is no folder"):
        check_folder(tmp_path / "link", overwrite=True)


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(OutputError, match=f"{tmp_path} cannot be written to; name another folder"):
        check_folder(tmp_path / "new" / "report", overwrite=False)


def test_a_report_that_cannot_be_drawn_leaves_nothing(table, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("melody_rnn.evaluation.temperature_report.figures.draw_music", fail)
    with pytest.raises(KeyboardInterrupt):
        write_report(table, tmp_path / "report", ABOUT)
    assert list(tmp_path.iterdir()) == []
