import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from melody_rnn.data import corpora
from melody_rnn.data.corpora import book_checksum, find_corpus
from melody_rnn.errors import InputFileError


def test_the_books_are_the_pinned_ones():
    found = find_corpus("corpus:tunebooks")
    assert len(found.files) == 1106
    assert {name.split("/")[0] for name in found.files} == {"ryansMammoth", "oneills1850", "airdsAirs", "miscFolk"}
    assert found.corpus.is_free


def test_essen_has_terms():
    found = find_corpus("corpus:essen")
    assert not found.corpus.is_free
    assert "non-commercial" in found.corpus.terms


def test_music21_is_found_without_being_imported():
    code = "import sys; from melody_rnn.data.corpora import find_corpus; find_corpus('corpus:essen'); "
    code += "sys.exit('music21' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_book_checksum_is_what_sha256sum_prints(tmp_path: Path):
    (tmp_path / "a.abc").write_text("X:1\n")
    (tmp_path / "b.abc").write_text("X:2\n")
    files = [tmp_path / "a.abc", tmp_path / "b.abc"]
    # From: printf 'X:1\n' > a.abc; printf 'X:2\n' > b.abc; sha256sum *.abc | sha256sum
    assert book_checksum(files) == "f7b2baf5f26bb3acb23ca9fc14b881e61ec78b4b358ee2cd84e7fda5e86efea6"


def test_changed_books_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "corpus" / "essenFolksong").mkdir(parents=True)
    (tmp_path / "corpus" / "essenFolksong" / "a.abc").write_text("X:1\n")
    fake = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(corpora, "find_spec", lambda name: fake)
    with pytest.raises(InputFileError, match=r"pip install music21==10\.5\.1"):
        find_corpus("corpus:essen")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(corpora, "find_spec", lambda name: None)
    with pytest.raises(InputFileError, match=r"missing; pip install music21=="):
        find_corpus("corpus:tunebooks")
