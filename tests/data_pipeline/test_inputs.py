from pathlib import Path

import pytest

from melody_rnn.data.inputs import find_inputs
from melody_rnn.errors import InputFileError, InvalidArgumentError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("tunes/b.abc", "tunes/a.mid", "tunes/deep/c.abc", "tunes/.hidden/d.abc", "other/tunes/b.abc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def names(*inputs: str | Path) -> list[str]:
    return [file.name for file in find_inputs(inputs).files]


def test_a_folder_is_read_at_any_depth_in_order(tree: Path):
    assert names(tree / "tunes") == ["tunes/a.mid", "tunes/b.abc", "tunes/deep/c.abc"]


def test_names_do_not_depend_on_where_the_folder_is(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tree / "tunes")
    assert names(".") == names(tree / "tunes") == names("../tunes")


def test_a_file_given_twice_is_read_once(tree: Path):
    assert names(tree / "tunes", tree / "tunes") == names(tree / "tunes")


def test_two_files_never_have_one_name(tree: Path):
    assert names(tree / "tunes" / "b.abc", tree / "other" / "tunes" / "b.abc") == ["b.abc", "b.abc~2"]


def test_links_to_folders_are_not_followed(tree: Path):
    (tree / "tunes" / "loop").symlink_to(tree)
    assert len(names(tree / "tunes")) == 3


def test_composed_and_decomposed_accents_are_one_name(tmp_path: Path):
    (tmp_path / "e\u0301.abc").write_text("")
    assert names(tmp_path / "e\u0301.abc") == ["\u00e9.abc"]


def test_a_missing_input_is_an_error(tmp_path: Path):
    with pytest.raises(InputFileError, match="no such file or folder"):
        find_inputs([tmp_path / "nothing"])


def test_an_unknown_corpus_is_an_error():
    with pytest.raises(InvalidArgumentError, match="the corpora are corpus:tunebooks, corpus:essen"):
        find_inputs(["corpus:bach"])


def test_a_folder_below_that_cannot_be_read_is_listed(tree: Path, monkeypatch: pytest.MonkeyPatch):
    iterdir = Path.iterdir

    def guarded(folder: Path):
        if folder.name == "deep":
            raise PermissionError(13, "Permission denied")
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", guarded)
    assert names(tree / "tunes") == ["tunes/a.mid", "tunes/b.abc", "tunes/deep"]


def test_a_folder_that_cannot_be_read_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(folder: Path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputFileError, match="Permission denied"):
        names(tree / "tunes")
