"""A folder → the files of a bundle: which there are, and whether their SHA-256 are those that it lists.

Nothing here follows a link, opens what is no regular file, or reads a file into memory that may be large.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from analyzer.bundle.authorship import BESIDE
from analyzer.bundle.bundle import FOLDER, PRINTED
from analyzer.bundle.manifest import FRAMES, FRAMES_CSV, MANIFEST, README, REPORT, REQUEST, SUMS
from analyzer.bundle.timestamp import request_for

DOCUMENTS = frozenset((FRAMES, FRAMES_CSV, MANIFEST, README, REPORT, *PRINTED))
LINE = re.compile(rb"([0-9a-f]{64})  ([A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+)?)\n")
LARGEST_LIST = 1 << 20  # bytes of the sums, of a request, of a signature and of an answer
LARGEST_DOCUMENT = 512 << 20  # bytes of a document that is read whole
# What a name of the folder may be that is not to be opened.
KINDS = ((stat.S_ISLNK, "is a symbolic link"), (stat.S_ISDIR, "is a folder"))


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a bundle whose sums are right."""

    root: Path
    sums: dict[str, str]  # name: SHA-256 in hexadecimal digits

    def open(self, name: str) -> BufferedReader:
        """Open one of them. Raises OSError, for a link too."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self.root / name, flags | getattr(os, "O_NONBLOCK", 0)), "rb")

    def beside(self) -> dict[str, bytes]:
        """Return what signatures and time stamps are of, and those that are there, by name."""
        names = [name for name in (SUMS, MANIFEST, *BESIDE) if stat.S_ISREG(_mode(self.root / name))]
        return {name: self.document(name) for name in names}

    def document(self, name: str) -> bytes:
        """Return the whole of a document. Raises ValueError where it is too large to be one."""
        with self.open(name) as file:
            data = file.read(LARGEST_DOCUMENT + 1)
        if len(data) > LARGEST_DOCUMENT:
            raise ValueError(f"{name}: has more than {LARGEST_DOCUMENT >> 20} MiB and was not read")
        return data


def listed(root: Path) -> tuple[Files, list[str]]:
    """Return the files that the bundle lists, and a sentence for each that is wrong, missing or too many."""
    files = Files(root, {})
    wrong = list(_strange(root))
    if any(each.startswith(f"{SUMS}:") for each in wrong):
        return files, wrong
    with files.open(SUMS) as file:
        data = file.read(LARGEST_LIST + 1)
    named = _named(data)
    if not named:
        return files, [*wrong, f"{SUMS}: was changed: it has a line that is none of its own"]
    files.sums.update(named)
    wrong += _unlisted(root, files)
    wrong += _misstated(files)
    wrong += _twice(files)
    wrong += _request(files, data)
    return files, wrong


def _strange(root: Path) -> Iterator[str]:
    """What lies in the folder and is no plain file of one name."""
    folder = root / FOLDER
    for path in sorted(root.rglob("*")):
        name, status = path.relative_to(root).as_posix(), path.lstat()
        if path == folder and stat.S_ISDIR(status.st_mode):
            continue
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1:
                yield f"{name}: is a hard link: the same file has another name, by which it can be changed"
            if name in (SUMS, REQUEST, *BESIDE) and status.st_size > LARGEST_LIST:
                yield f"{name}: has {status.st_size:,} bytes, more than such a file can have"
            continue
        what = next((words for is_kind, words in KINDS if is_kind(status.st_mode)), "is no regular file")
        yield f"{name}: {what}, and does not belong to the bundle"


def _named(data: bytes) -> dict[str, str] | None:
    """Return the names and sums, None where a line is not of the form or the names are not in order."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        line = LINE.match(data, at)
        if line is None or b".." in line[2]:
            return None
        found[line[2].decode()] = line[1].decode()
        at = line.end()
    names = [line.split(b"  ")[1] for line in data.splitlines()]
    return found if names == sorted(set(names)) else None


def _unlisted(root: Path, files: Files) -> Iterator[str]:
    known = {*files.sums, SUMS, REQUEST, FOLDER, *BESIDE}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name not in known and not path.is_symlink():
            yield f"{name}: does not belong to the bundle: {SUMS} does not list it"


def _misstated(files: Files) -> Iterator[str]:
    """What is listed and missing, or has another sum."""
    for name, digest in files.sums.items():
        if not stat.S_ISREG(_mode(files.root / name)):
            yield f"{name}: is missing, or is no plain file"
            continue
        with files.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                yield f"{name}: was changed: its SHA-256 is not the one in {SUMS}"
    for name in sorted(DOCUMENTS - files.sums.keys()):
        yield f"{name}: is not in the bundle"


def _mode(path: Path) -> int:
    """Return the mode of a file itself, 0 where there is none or a folder on the way is a link."""
    try:
        return 0 if path.parent.is_symlink() else path.lstat().st_mode
    except OSError:
        return 0


def _twice(files: Files) -> Iterator[str]:
    """Names that some systems take for one."""
    seen: dict[str, str] = {}
    for name in (*files.sums, SUMS, REQUEST, *BESIDE):
        if (other := seen.setdefault(name.casefold(), name)) != name:
            yield f"{name}: has the name of {other} but for upper and lower case"


def _request(files: Files, data: bytes) -> Iterator[str]:
    if not stat.S_ISREG(_mode(files.root / REQUEST)):
        yield f"{REQUEST}: is missing"
        return
    with files.open(REQUEST) as file:
        if file.read(LARGEST_LIST + 1) != request_for(data):
            yield f"{REQUEST}: was changed, or {SUMS} was: it is not the request for that file"
