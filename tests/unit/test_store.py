"""A file is there whole or not at all; who comes first wins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.store import Folder
from schemas.errors import StorageError


@pytest.mark.parametrize("url", ["local", "memory://store-test"])
def test_files_are_written_read_listed_and_removed(tmp_path, url):
    folder = Folder(str(tmp_path) if url == "local" else url) / "a" / "b"

    folder.write("one", b"1")
    folder.write("one", b"2")

    assert folder.read("one") == b"2"
    assert folder.read("two") is None
    assert folder.names() == ["one"]
    folder.remove("one")
    folder.remove("one")
    assert folder.names() == []


def test_of_many_who_create_a_file_at_once_one_wins(tmp_path):
    folder = Folder(str(tmp_path))
    contents = [str(i).encode() for i in range(24)]

    with ThreadPoolExecutor(12) as threads:
        won = list(threads.map(lambda data: folder.create("f", data), contents))

    assert won.count(True) == 1
    assert folder.read("f") == contents[won.index(True)]
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StorageError) as caught:
        Folder(str(tmp_path / "file" / "below")).write("x", b"1")

    assert str(tmp_path / "file" / "below" / "x") in str(caught.value)
    assert "it continues" in caught.value.hint
    assert caught.value.exit_code == 1
