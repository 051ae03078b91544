"""Files are there whole or not at all; folders say that they are incomplete until they are not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from analyzer.system import files


class FullError(OSError):
    """A disk that takes no more."""


def fails_half_way(file: BinaryIO) -> None:
    file.write(b"half")
    file.flush()
    raise FullError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"older")
    path.chmod(0o640)
    with pytest.raises(FullError), files.whole(path) as file:
        fails_half_way(file)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"older", ["report"])
    files.put(path, b"newer")
    assert (path.read_bytes(), mode(path), os.listdir(tmp_path)) == (b"newer", 0o640, ["report"])


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    files.put(tmp_path / "report", b"490154203237518")
    assert mode(tmp_path / "report") == 0o600


def test_a_link_is_followed_and_another_name_of_the_older_file_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"older")
    os.link(tmp_path / "real", tmp_path / "copy")
    (tmp_path / "link").symlink_to("real")
    files.put(tmp_path / "link", b"newer")
    assert (tmp_path / "link").is_symlink()
    assert ((tmp_path / "real").read_bytes(), (tmp_path / "copy").read_bytes()) == (b"newer", b"older")


def test_what_must_be_new_takes_no_others_place(tmp_path: Path) -> None:
    files.put(tmp_path / "key", b"first", new=True)
    with pytest.raises(FileExistsError):
        files.put(tmp_path / "key", b"second", new=True)
    assert ((tmp_path / "key").read_bytes(), os.listdir(tmp_path)) == (b"first", ["key"])


def test_a_look_at_whether_a_file_could_be_written_leaves_nothing(tmp_path: Path) -> None:
    files.check(tmp_path / "new")
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError, match="No such file"):
        files.check(tmp_path / "absent" / "new")
    with pytest.raises(IsADirectoryError):
        files.check(tmp_path)


def test_a_folder_is_marked_until_it_is_complete(tmp_path: Path) -> None:
    folder = files.Folder(tmp_path / "above" / "bundle")
    folder.write("captures/one", b"1")
    assert files.is_incomplete(tmp_path / "above" / "bundle")
    with pytest.raises(files.NotEmptyError, match="incomplete"):
        files.Folder(tmp_path / "above" / "bundle")
    folder.finish()
    folder.discard()
    assert not files.is_incomplete(tmp_path / "above" / "bundle")
    made = tmp_path / "above" / "bundle" / "captures"
    assert ((made / "one").read_bytes(), mode(made / "one"), mode(made), mode(made.parent)) == (
        b"1", 0o600, 0o700, 0o700,
    )  # fmt: skip
    with pytest.raises(files.NotEmptyError, match="not empty"):
        files.Folder(made.parent)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_that_is_given_up_is_as_it_was(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "above" / "bundle"
    if is_there:
        path.mkdir(parents=True)
    folder = files.Folder(path)
    folder.write("captures/one", b"1")
    folder.discard()
    assert [*tmp_path.rglob("*")] == ([tmp_path / "above", path] if is_there else [])


def test_sheets_are_replaced_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes").write_bytes(b"own")
    files.replace_all(tmp_path, {"a.csv": b"1", "b.csv": b"1"})
    real = files.write_new

    def full(path: str, data: bytes, *, durable: bool = True) -> None:
        real(path, data, durable=durable)
        if data == b"second":
            raise FullError

    monkeypatch.setattr(files, "write_new", full)
    with pytest.raises(FullError):
        files.replace_all(tmp_path, {"a.csv": b"first", "b.csv": b"second"})
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert held == {"notes": b"own", "a.csv": b"1", "b.csv": b"1"}
