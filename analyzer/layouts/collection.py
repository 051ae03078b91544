"""All layouts of a run → which of them some bytes may be of, asked by one pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from analyzer.layouts.layout_reader import LayoutReader, NoRecordError
from analyzer.layouts.layout_tables import first_of, layout_of
from analyzer.layouts.structures import CutStructureError


class Layouts:
    """The layouts of all dossiers, as tables. Each is read at the first message that may be of it."""

    def __init__(self, tables: Sequence[Mapping[str, Any]] = ()) -> None:
        self._tables = tuple(tables)
        self._readers: dict[int, LayoutReader] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def may_begin(self, data: bytes) -> bool:
        """Return whether a first payload may be of one of them."""
        return bool(self._tables) and self._any.match(data) is not None

    def of_stream(self, data: bytes) -> LayoutReader | None:
        """Return the layout of the whole message that a stream begins with; None where there is none."""
        return next((reader for reader in self._fitting(data, "tcp") if _first(reader, data)), None)

    def of_datagram(self, data: bytes) -> LayoutReader | None:
        """Return the layout that a datagram is a message of."""
        return next((r for r in self._fitting(data, "udp") if _first(r, data) == len(data)), None)

    @cached_property
    def firsts(self) -> frozenset[int]:
        """First bytes that a datagram of one of them may have."""
        atoms = [first_of(table["begins"]) for table in self._tables if _goes_over(table, "udp")]
        return frozenset(at for at in range(256) if any(atom.match(bytes((at,))) for atom in atoms))

    @cached_property
    def _any(self) -> re.Pattern[bytes]:
        begins = [b"(?:" + table["begins"].encode("latin-1") + b")" for table in self._tables]
        return re.compile(b"|".join(begins), re.DOTALL)

    def _fitting(self, data: bytes, transport: str) -> Iterator[LayoutReader]:
        if not self.may_begin(data):
            return
        for at, table in enumerate(self._tables):
            if _goes_over(table, transport) and (reader := self._reader(at)).layout.begins.match(data):
                yield reader

    def _reader(self, at: int) -> LayoutReader:
        if at not in self._readers:
            self._readers[at] = LayoutReader(layout_of(self._tables[at]))
        return self._readers[at]


def _goes_over(table: Mapping[str, Any], transport: str) -> bool:
    return transport in table.get("transports", ("tcp",))


def _first(reader: LayoutReader, data: bytes) -> int:
    """The size of the first message; 0 where it is not of the layout, or of no kind that is described."""
    try:
        size = reader.length(data)
        return size if 0 < size <= len(data) and reader.read(data[:size]).case else 0
    except (NoRecordError, CutStructureError):
        return 0
