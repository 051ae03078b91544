"""Files given as a database that are none: what each is, and the way to one that can be used."""

from __future__ import annotations

import re

_CSV = re.compile(rb'["\d.:/a-zA-Z_]+,["\d.:/a-zA-Z_-]*')
LOOK = 512  # bytes of a file that tell what it is
_TAR_MAGIC_AT = 257

NO_DATABASE = "not a MaxMind DB (.mmdb) file"
_FORMS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS; get the file it stands for with “git lfs pull”"),
    (b"PK\x03\x04", "a ZIP archive; unpack it and give the .mmdb in it"),
    (b"<", "an XML or HTML page, perhaps of a download that was refused; download the .mmdb again"),
    (b"{", "a JSON document; the maker offers the same data as .mmdb"),
    (b"Invalid license key", "an error of the download; download the .mmdb again with a key that is valid"),
    (b"Database edition not found", "an error of the download; download the .mmdb again"),
)


def said_of(start: bytes) -> str:
    """Return what a file that begins with these bytes is instead of a database, and what to do."""
    for magic, said in _FORMS:
        if start.startswith(magic):
            return f"this is {said}"
    if start[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
        return "this is a tar archive without an .mmdb in it"
    if _is_bin(start):
        return "this is a BIN database of IP2Location; its maker offers the same data as .mmdb"
    if _CSV.match(start.splitlines()[0] if start else b""):
        return "this is a CSV table; its maker offers the same data as .mmdb, which is needed here"
    return NO_DATABASE


def _is_bin(start: bytes) -> bool:
    """Return whether a header of IP2Location begins here: type, columns, date, a count of rows."""
    if len(start) < 32:
        return False
    kind, columns, _, month, day = start[:5]
    is_dated = 1 <= month <= 12 and 1 <= day <= 31
    rows = int.from_bytes(start[5:9], "little")
    return 1 <= kind <= 30 and 1 <= columns <= 30 and is_dated and 0 < rows < 1 << 28
