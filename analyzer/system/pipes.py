"""Files without an end, and pipes without a writer: opened and read within bounds of time and size.

A FIFO is opened once its other end is (fifo(7)), which may be never; a device such as /dev/zero ends never.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from threading import Thread
from typing import Any

WAIT_S = 10.0  # for the other end of a FIFO
MOST_TEXT = 256 << 20  # bytes of a file that is read whole
PIECE = 1 << 20


def opened(path: str | os.PathLike[str], flags: int = os.O_RDONLY, wait_s: float = WAIT_S) -> int:
    """Return a descriptor of a file or device, or of a FIFO once its other end is open.

    Raises OSError, ETIMEDOUT where no other process opens a FIFO within `wait_s` seconds.
    """
    flags |= getattr(os, "O_CLOEXEC", 0)
    try:
        mode = os.stat(path).st_mode
    except ValueError:  # a zero byte, or half a character, which a saved document may hold
        raise FileNotFoundError(errno.ENOENT, "no file can have this name") from None
    if not stat.S_ISFIFO(mode):
        return os.open(path, flags)
    found: list[int] = []
    waiting = Thread(target=lambda: found.append(os.open(path, flags)), daemon=True)
    waiting.start()
    waiting.join(wait_s)
    if not found:
        _release(path, flags)
        waiting.join(wait_s)
        for descriptor in found:
            os.close(descriptor)
        other = "reads from it" if flags & (os.O_WRONLY | os.O_RDWR) else "writes to it"
        raise TimeoutError(errno.ETIMEDOUT, f"a pipe, and no program {other} within {wait_s:.0f} seconds")
    return found[0]


def _release(path: str | os.PathLike[str], flags: int) -> None:
    """Open the other end of a FIFO for a moment, so that what waits for one goes on."""
    other = os.O_RDONLY if flags & (os.O_WRONLY | os.O_RDWR) else os.O_WRONLY
    with suppress(OSError):
        os.close(os.open(path, other | os.O_NONBLOCK))


def read_whole(path: str | os.PathLike[str], most: int = MOST_TEXT) -> bytes:
    """Return all of a file. Raises OSError, EFBIG where it has more than `most` bytes."""
    with os.fdopen(opened(path), "rb", buffering=0) as file:
        return read_rest(file, most)


def read_text(path: str | os.PathLike[str], most: int = MOST_TEXT) -> str:
    """Return the text of a file; OSError as `read_whole`, ValueError where it is not UTF-8."""
    try:
        return read_whole(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{os.fspath(path)}: is not UTF-8 text") from None


def read_rest(file: Any, most: int = MOST_TEXT) -> bytes:
    """Return what an open binary file has to give; OSError as `read_whole`."""
    held = bytearray()
    while data := file.read(PIECE):
        held += data
        if len(held) > most:
            raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")
    return bytes(held)
