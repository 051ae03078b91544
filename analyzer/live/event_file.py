"""Events → a file of NDJSON that is turned when it is full, with the number of the run in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from analyzer.live.events import Event, as_line

TAIL = 1 << 16  # bytes at a file's end in which the last line is looked for


class EventFile:
    """Appends events to a file; a full one is renamed FILE.1, the one before it FILE.2, and so on.

    A file that someone else has renamed or removed is begun anew. `closed` is called, once, with the error
    where the file can't be written; it is tried again with each event.
    """

    def __init__(self, path: str, closed: Callable[[OSError], None], size: int = 0, count: int = 9) -> None:
        """`size` is in bytes, 0 for no bound; `count` is how many full files are kept. Raises OSError."""
        self._path, self._closed = path, closed
        self._size, self._count = size, count
        self._is_failing = False
        self.run = 1 + last_run(path, count)
        self._file: int | None = None
        self._opened()

    def take(self, event: Event, number: int) -> None:
        line = as_line(event.document(number))
        try:
            self._write(line)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                self._closed(error)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: bytes) -> None:
        number = self._opened()
        if self._size and os.fstat(number).st_size > 0 and os.fstat(number).st_size + len(line) > self._size:
            self._turn()
            number = self._opened()
        view = memoryview(line)
        while view:
            view = view[os.write(number, view) :]

    def _opened(self) -> int:
        """The file of that name as it is now; it holds identifiers, so it is its owner's alone."""
        if self._file is not None and not self._is_there(self._file):
            self.close()
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._file

    def _is_there(self, number: int) -> bool:
        own = os.fstat(number)
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        return (own.st_ino, own.st_dev) == (now.st_ino, now.st_dev)

    def _turn(self) -> None:
        self.close()
        for number in range(self._count - 1, 0, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number}", f"{self._path}.{number + 1}")
        os.replace(self._path, f"{self._path}.1")


def last_run(path: str, count: int) -> int:
    """The number of the run that wrote last into this file or the full ones before it; 0 where none did."""
    for name in (path, *(f"{path}.{number}" for number in range(1, count + 1))):
        with suppress(OSError):
            if not Path(name).is_file():
                continue
            with open(name, "rb") as file:
                file.seek(max(os.fstat(file.fileno()).st_size - TAIL, 0))
                lines = file.read(TAIL).splitlines()
            for line in reversed(lines):
                with suppress(ValueError, AttributeError, TypeError):  # a line that was cut, or another's
                    return int(json.loads(line)["phonehome"]["run"])
    return 0
