"""Files, folders and patterns → captures, told by their first bytes and never by their names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from analyzer.capture import is_capture
from analyzer.capture.rotated_files import natural
from analyzer.corpus.storage import is_remote
from analyzer.model import CaptureError

# Bytes from which it can be told whether a remote object may be a capture; compressed ones are believed.
REMOTE_LOOK = 64


def captures_in(given: Sequence[str], leave_out: Sequence[str] = ()) -> list[str]:
    """The captures that are given by name, and those found in folders and by patterns; each once.

    `leave_out` are folders that are not looked into. What is given by name is believed to be a capture.
    CaptureError where a pattern or a folder gives none.
    """
    found: dict[str, None] = {}
    for one in given:
        paths = list(_expanded(one, [os.path.realpath(folder) for folder in leave_out]))
        if not paths:
            raise CaptureError(f"{one}: no capture was found there")
        found |= dict.fromkeys(paths)
    return list(found)


def is_many(given: Sequence[str]) -> bool:
    """Whether one of these stands for several captures, or lies elsewhere."""
    return any(is_remote(one) or os.path.isdir(one) or _is_pattern(one) for one in given)


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not os.path.exists(path)


def _expanded(one: str, leave_out: Sequence[str]) -> Iterator[str]:
    if is_remote(one):
        yield from _remote(one)
    elif os.path.isdir(one):
        yield from filter(_is_readable_capture, _files_below(one, leave_out))
    elif _is_pattern(one):
        for path in sorted(glob.glob(one, recursive=True), key=_order):
            yield from _expanded(path, leave_out) if os.path.isdir(path) else _if_capture(path)
    else:
        yield one


def _if_capture(path: str) -> Iterable[str]:
    return [path] if _is_readable_capture(path) else []


def _files_below(folder: str, leave_out: Sequence[str]) -> Iterator[str]:
    """Regular files in the order of their names; links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        kept = [f for f in folders if os.path.realpath(os.path.join(parent, f)) not in leave_out]
        folders[:] = sorted(kept, key=natural)
        yield from (os.path.join(parent, name) for name in sorted(names, key=natural))


def _is_readable_capture(path: str) -> bool:
    """Whether the first bytes are a capture's; a file that can't be opened is kept, so that it is told."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        return is_capture(path)
    except CaptureError:
        return True


def _order(path: str) -> list[list[tuple[int, str]]]:
    return [natural(part) for part in path.split(os.sep)]


def _remote(url: str) -> list[str]:
    from analyzer.corpus.storage import StorageError, reached, storage

    files, root = storage(url)
    with reached(url):
        if files.isfile(root):
            return [url]
        paths = files.glob(root) if glob.has_magic(root) else files.find(root)
        if not paths and not glob.has_magic(root) and not files.exists(root):
            raise StorageError(f"{url}: is not there, or may not be listed")
        found = (p for p in sorted(paths, key=natural) if files.isfile(p) and _may_be_capture(files, p))
        return [files.unstrip_protocol(path) for path in found]


def _may_be_capture(files: Any, path: str) -> bool:
    from analyzer.capture import begins_capture

    return bool(files.size(path)) and begins_capture(files.cat_file(path, start=0, end=REMOTE_LOOK))
