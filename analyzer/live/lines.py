"""Events → lines of text or NDJSON, each written the moment it is known."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from analyzer.live.events import Event, as_line


class EventLines:
    """Alerts as plain lines; `closed` is called once nobody reads them any more."""

    def __init__(self, file: BinaryIO, closed: Callable[[OSError], None]) -> None:
        self._file, self._closed = file, closed
        self._is_open = True

    def take(self, event: Event, _: int) -> None:
        if event.alert or event.is_further:
            self._write(event.line().encode("utf-8", "backslashreplace") + b"\n")

    def _write(self, line: bytes) -> None:
        if not self._is_open:
            return
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._file.fileno(), view) :]
        except OSError as error:
            self._is_open = False
            self._closed(error)


class NdJson(EventLines):
    """Every event as one line of JSON."""

    def take(self, event: Event, number: int) -> None:
        self._write(as_line(event.document(number)))
