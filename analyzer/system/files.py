"""Files that are there whole or not at all, and folders that say so while they are incomplete.

A file is written under a name that begins with `PASSING`, beside its place, and takes its own name once it is
on the disk. So an older file stays as it was until then, and whatever ends the process, a cut file never has
the final name. A folder can't be exchanged as safely: a file `INCOMPLETE` is in it until all is there.
What is newly made is for its owner alone, since nearly all of it holds identifiers.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

PASSING = ".phonehome-"
INCOMPLETE = "INCOMPLETE-phonehome.txt"
OWNERS_FILE, OWNERS_FOLDER = 0o600, 0o700
# Files of a folder from which on the whole system is told to write, rather than each file waited for.
MANY = 64
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_WHAT = b"""phonehome was writing this folder when this note was made, and removes it when all is written.
Where the note has stayed, the program was ended before that: what is here is not complete.
"""


@contextmanager
def whole(path: str | os.PathLike[str], *, new: bool = False, durable: bool = True) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` at the end, unless an error comes before.

    A link is followed, permissions of an older file stay. With `new`, FileExistsError where one is there by
    then. Not `durable`, a power cut may tear the new file. Raises OSError; then nothing is left, and an older
    file is as it was.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    passing = _passing(folder)
    try:
        with os.fdopen(os.open(passing, _NEW, OWNERS_FILE), "wb") as file:
            yield file
            file.flush()
            _keep_rights(file.fileno(), target)
            if durable:
                os.fsync(file.fileno())
        take_name(passing, target) if new else os.replace(passing, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(passing)
        raise
    if durable:
        settle(folder)


def put(
    path: str | os.PathLike[str],
    data: bytes | Iterable[bytes],
    *,
    new: bool = False,
    durable: bool = True,
) -> None:
    """Write a file as `whole` does, of bytes or of pieces that are made as they are written."""
    with whole(path, new=new, durable=durable) as file:
        file.writelines([data] if isinstance(data, bytes) else data)


def check(path: str | os.PathLike[str]) -> None:
    """Raise the OSError that `whole` would meet at once; nothing is changed."""
    target = os.path.realpath(path)
    if os.path.lexists(target):
        open(target, "ab").close()
    passing = _passing(os.path.dirname(target))
    os.close(os.open(passing, _NEW, OWNERS_FILE))
    os.unlink(passing)


def write_new(path: str | os.PathLike[str], data: bytes, *, durable: bool = True) -> None:
    """Write a file of a folder that is marked; FileExistsError where something is there, also a link."""
    with os.fdopen(os.open(path, _NEW, OWNERS_FILE), "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def make_folders(path: str | os.PathLike[str]) -> list[str]:
    """Make a folder and those above it that are missing, for their owner; gives them, the last one first."""
    made: list[str] = []
    missing, at = [], os.path.abspath(path)
    while not os.path.isdir(at):
        missing.append(at)
        at = os.path.dirname(at)
    for folder in reversed(missing):
        with suppress(FileExistsError):  # someone else has made it by now; a file there is met below
            os.mkdir(folder, OWNERS_FOLDER)
            made.insert(0, folder)
    if not os.path.isdir(path):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(path))
    return made


def take_name(passing: str, target: str) -> None:
    """Rename a file where nothing has its new name; FileExistsError."""
    try:
        os.link(passing, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        os.rename(passing, target)
        return
    os.unlink(passing)


def settle(folder: str | os.PathLike[str]) -> None:
    """Have the names in a folder on the disk; a file system that knows no such thing is no error."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def is_incomplete(folder: str | os.PathLike[str]) -> bool:
    """Whether what wrote a folder has not come to its end."""
    return os.path.lexists(os.path.join(folder, INCOMPLETE))


class NotEmptyError(OSError):
    """A folder has something in it, and nothing is written over."""


class Folder:
    """An empty or new folder that is marked as incomplete until `finish`. Raises OSError, NotEmptyError."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._files: list[str] = []
        self._is_open = True
        self._made = make_folders(self.path)
        self._folders: list[str] = []
        if os.listdir(self.path):
            why = "incomplete: what wrote it was ended" if is_incomplete(self.path) else "not empty"
            raise NotEmptyError(errno.ENOTEMPTY, why, self.path)
        try:
            write_new(self._at(INCOMPLETE), _WHAT)
        except OSError:
            self.discard()
            raise

    def write(self, name: str, data: bytes) -> None:
        """Write a new file; `name` may have folders in front, which are made."""
        above = os.path.dirname(name)
        if above and above not in self._folders:
            os.mkdir(self._at(above), OWNERS_FOLDER)
            self._folders.append(above)
        self._files.append(name)
        write_new(self._at(name), data, durable=len(self._files) <= MANY)

    def read(self, name: str) -> bytes:
        """Return what a file holds that was written here."""
        with open(self._at(name), "rb") as file:
            return file.read()

    def remove(self, name: str) -> None:
        """Remove a file that was written here."""
        self._files.remove(name)
        with suppress(FileNotFoundError):
            os.unlink(self._at(name))

    def finish(self) -> None:
        """All is written: have it on the disk, and take the mark away."""
        if len(self._files) > MANY and hasattr(os, "sync"):
            os.sync()
        for folder in (*self._folders, ""):
            settle(self._at(folder))
        os.unlink(self._at(INCOMPLETE))
        settle(self.path)
        self._is_open = False

    def discard(self) -> None:
        """Remove what was written, and the folders that were made; after `finish` nothing."""
        if not self._is_open:
            return
        self._is_open = False
        for name in self._files:
            with suppress(OSError):
                os.unlink(self._at(name))
        for folder in reversed(self._folders):
            with suppress(OSError):
                os.rmdir(self._at(folder))
        with suppress(OSError):
            os.unlink(self._at(INCOMPLETE))
        for made in self._made:
            with suppress(OSError):
                os.rmdir(made)

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name)


def replace_all(folder: str | os.PathLike[str], files: dict[str, bytes]) -> None:
    """Write files of a folder, older ones of the same names replaced once all new ones are on the disk."""
    make_folders(folder)
    at, passing = os.fspath(folder), {name: _passing(os.fspath(folder)) for name in files}
    note = os.path.join(at, INCOMPLETE)
    try:
        for name, data in files.items():
            write_new(passing[name], data)
        if not os.path.lexists(note):
            write_new(note, _WHAT)
        for name, temporary in passing.items():
            os.replace(temporary, os.path.join(at, name))
    except BaseException:
        for temporary in passing.values():
            with suppress(OSError):
                os.unlink(temporary)
        raise
    settle(at)
    os.unlink(note)


def _passing(folder: str) -> str:
    return os.path.join(folder, f"{PASSING}{secrets.token_hex(8)}.part")


def _keep_rights(descriptor: int, target: str) -> None:
    """Give a file the owner and permissions of the one that it replaces, as far as one may."""
    try:
        before = os.stat(target)
    except OSError:
        return
    with suppress(OSError, AttributeError):
        own = os.fstat(descriptor)
        if (own.st_uid, own.st_gid) != (before.st_uid, before.st_gid):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    with suppress(OSError, AttributeError):
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)
