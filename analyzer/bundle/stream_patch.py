"""Pieces of a stream that are written anew → the new stream, and where each old byte stands in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes from `start` up to `end` of the old stream, and what stands there now."""

    start: int
    end: int
    data: bytes


class Edited:
    """A stream with edits, which are in order and don't overlap."""

    def __init__(self, old: bytes, edits: list[Edit]) -> None:
        self._starts = [edit.start for edit in edits]
        self._edits = edits
        self._grown: list[int] = []  # before each edit
        made, at, grown = bytearray(), 0, 0
        for edit in edits:
            made += old[at : edit.start] + edit.data
            at = edit.end
            self._grown.append(grown)
            grown += len(edit.data) - (edit.end - edit.start)
        self.data = bytes(made + old[at:])
        self.total = grown

    def place(self, offset: int) -> int:
        """Where a byte of the old stream stands now; within an edit as far in as there is room."""
        at = bisect_right(self._starts, offset) - 1
        if at < 0:
            return offset
        edit, grown = self._edits[at], self._grown[at]
        if offset >= edit.end:
            return offset + grown + len(edit.data) - (edit.end - edit.start)
        return edit.start + grown + min(offset - edit.start, len(edit.data))
