"""A folder or URL → the file system it lies on, through fsspec: local, S3 and whatever else that reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# Characters of what a library says of an error.
LONGEST_SAID = 300


class StorageError(Exception):
    """Where something should lie can't be used: one sentence."""


def storage(url: str) -> tuple[Any, str]:
    """(file system, path on it). StorageError where a package is missing or the URL means nothing."""
    try:
        import fsspec

        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise StorageError(
            f"{url}: needs a package that is not installed ({error}): pip install '.[summary]'"
        ) from None
    except ValueError as error:
        raise StorageError(f"{url}: can't be used ({error})") from None
    return files, path


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Within, a file system that can't be reached, or that refuses, is a StorageError with one sentence.

    The libraries behind fsspec raise errors of their own beside OSError: no credentials, no such name, no
    connection. What is raised here on purpose goes through.
    """
    try:
        yield
    except StorageError:
        raise
    except FileNotFoundError:
        raise StorageError(f"{url}: is not there, or may not be listed") from None
    except PermissionError as error:
        raise StorageError(f"{url}: access is refused ({_line(error)})") from None
    except Exception as error:
        if isinstance(error, (MemoryError, AssertionError, TypeError, AttributeError, NameError)):
            raise  # mistakes of ours
        raise StorageError(f"{url}: can't be reached or read ({_line(error)})") from None


def _line(error: BaseException) -> str:
    """What an error says, on one line and not too long."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= LONGEST_SAID else f"{words[: LONGEST_SAID - 1]}…"


@contextmanager
def fetched(paths: Sequence[str]) -> Iterator[list[str]]:
    """Local files of these captures: remote ones are copied for as long as they are read."""
    if not any(map(is_remote, paths)):
        yield list(paths)
        return
    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        local: list[str] = []
        parents: dict[str, str] = {}  # files that lie together stay together: their names tell that
        for path in paths:
            if not is_remote(path):
                local.append(path)
                continue
            files, at = storage(path)
            below = parents.setdefault(at.rpartition("/")[0], os.path.join(folder, str(len(parents))))
            os.makedirs(below, exist_ok=True)
            if os.path.exists(os.path.join(below, _name(at))):
                below = tempfile.mkdtemp(dir=folder)
            local.append(os.path.join(below, _name(at)))
            with reached(path):
                files.get_file(at, local[-1])
        yield local


@contextmanager
def beginning(path: str, size: int) -> Iterator[str]:
    """A local file with the first bytes of a remote one."""
    files, at = storage(path)
    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        local = os.path.join(folder, _name(at))
        with open(local, "wb") as file, reached(path):
            file.write(files.cat_file(at, start=0, end=size))
        yield local


def _name(path: str) -> str:
    """A file name of a path that someone else chose."""
    name = path.rpartition("/")[2].replace("\0", "")[-200:]
    return name if name.strip(".") else "capture"


def is_remote(path: str) -> bool:
    """Whether a path is a URL that fsspec reads, such as s3://bucket/folder."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and scheme.isalnum()
