from pathlib import Path

import pytest

from melody_rnn.errors import OutputError
from melody_rnn.files import whole_folder


def test_the_folder_is_there_when_all_is_written(tmp_path):
    folder = tmp_path / "new" / "folder"
    with whole_folder(folder, "model") as unfinished:
        (unfinished / "part").write_text("whole")
        assert not folder.exists()
    assert (folder / "part").read_text() == "whole"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_that_is_there_is_replaced(tmp_path):
    folder = tmp_path / "folder"
    for name in ("old", "new"):
        with whole_folder(folder, "model") as unfinished:
            (unfinished / name).touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("is_there", [True, False])
def test_an_error_leaves_all_as_it_was(tmp_path, is_there):
    folder = tmp_path / "folder"
    if is_there:
        folder.mkdir()
        (folder / "old").touch()
    error = pytest.raises(OutputError, match=r"folder: cannot write the model \(No space left\)")
    with error, whole_folder(folder, "model") as unfinished:
        (unfinished / "new").touch()
        raise OSError(28, "No space left")
    assert [path.name for path in tmp_path.rglob("*")] == (["folder", "old"] if is_there else [])


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write the model"), whole_folder(tmp_path / "file" / "x", "model"):
        pass


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    rename = Path.rename

    def fail_for_the_new_one(self, target):
        if self.name == "new":
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with pytest.raises(OutputError, match="Permission denied"), whole_folder(folder, "model"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]
