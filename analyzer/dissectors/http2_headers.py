"""Header blocks to header fields (HPACK, RFC 7541), as far as an observer can know them.

An encoder refers to earlier fields by their distance from the newest one. So an observer who came late
knows every field that was sent since, whatever stood before; older ones are said to be not known.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from hpack import Decoder, HPACKError
from hpack.table import HeaderTable

NOT_KNOWN = "(sent before what was captured)"

LARGEST_TABLE = 1 << 20  # bytes of a header table that are kept
# An observer who came late must not drop what the encoder still has, so it takes the table for a large one.
ASSUMED_TABLE = 1 << 16
ENTRY_OVERHEAD = 32  # RFC 7541 §4.1

MOST_HEADERS = 1000
MOST_BYTES = 1 << 16  # of the fields of one block

INDEXED, WITH_INDEXING, SIZE_UPDATE = 0x80, 0x40, 0x20


class HeaderFields(NamedTuple):
    """The fields of a header block, how many of them are not known, and what was met on the way."""

    fields: list[tuple[str, str]]
    unknown: int
    notes: tuple[str, ...]


class _LateTable(HeaderTable):
    """A header table whose older fields were never seen."""

    def __init__(self) -> None:
        super().__init__()
        self.maxsize = ASSUMED_TABLE

    def get_by_index(self, index: int) -> tuple[bytes, bytes]:
        place = index - HeaderTable.STATIC_TABLE_LENGTH - 1
        if len(self.dynamic_entries) <= place < LARGEST_TABLE // ENTRY_OVERHEAD:
            return b"", b""
        return super().get_by_index(index)


class HeaderDecoder:
    """Decodes the blocks of one direction in their order; `known` when it sees them from the first on."""

    def __init__(self, known: bool) -> None:
        self._decoder = Decoder()
        self._decoder.max_allowed_table_size = LARGEST_TABLE
        if not known:
            self.forget()

    def forget(self) -> None:
        """Blocks were lost: what they added to the table is not known."""
        self._decoder.header_table = _LateTable()

    def decode(self, block: bytes) -> HeaderFields:
        """The fields of a whole block. Where it is damaged, those before the damage."""
        fields: list[tuple[str, str]] = []
        unknown = data = at = 0
        notes: tuple[str, ...] = ()
        while at < len(block):
            try:
                end = _end_of_field(block, at)
                found = self._decoder.decode(block[at:end], raw=True)
            except (HPACKError, IndexError):
                self.forget()
                return HeaderFields(fields, unknown, ("its header block is damaged", *notes))
            at = end
            for name, value in found:
                data += len(name) + len(value)
                if len(fields) >= MOST_HEADERS or data > MOST_BYTES:
                    notes = (f"only the first {len(fields):,} of its headers were kept",)
                    data = MOST_BYTES + 1
                    break
                unknown += not name
                fields.append(_as_text(bytes(name), bytes(value)))
        return HeaderFields(fields, unknown, notes)


@lru_cache(maxsize=4096)  # a field that comes again takes no more room
def _as_text(name: bytes, value: bytes) -> tuple[str, str]:
    if not name:
        return NOT_KNOWN, value.decode("latin-1") or NOT_KNOWN
    return name.decode("latin-1"), value.decode("latin-1")


def _end_of_field(block: bytes, at: int) -> int:
    """Where the representation that begins at `at` ends (RFC 7541 §6). IndexError where it is cut."""
    first = block[at]
    if first & INDEXED:
        return _integer(block, at, 7)[1]
    if not first & WITH_INDEXING and first & SIZE_UPDATE:
        return _integer(block, at, 5)[1]
    index, at = _integer(block, at, 6 if first & WITH_INDEXING else 4)
    for _ in range(1 if index else 2):
        length, at = _integer(block, at, 7)
        at += length
    if at > len(block):
        raise IndexError("a string reaches beyond the block")
    return at


def _integer(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    """An integer and where it ends (RFC 7541 §5.1)."""
    most = (1 << prefix) - 1
    value, at = block[at] & most, at + 1
    if value < most:
        return value, at
    for shift in range(0, 28, 7):
        byte, at = block[at], at + 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise IndexError("an integer is too large")
