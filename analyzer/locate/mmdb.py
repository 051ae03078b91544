"""MaxMind DB files of any maker → what each record says of an address.

Files are told apart by the keys of their records; `database_type` is only a hint. Read by `maxminddb`:
<https://maxmind.github.io/MaxMind-DB/>.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from analyzer.locate.iso import standard_code

if TYPE_CHECKING:
    from maxminddb.reader import Reader

V = TypeVar("V")
Block = tuple[int, int, V]

# Where makers keep the same thing: MaxMind's nested records, then flat ones (DB-IP, IPinfo, others).
_COUNTRY = (("country", "iso_code"), ("country_code",), ("countryCode",), ("country",), ("cc",))
_REGISTERED = (("registered_country", "iso_code"),)
_CITY = (("city", "names", "en"), ("city",))
_COUNTRY_NAME = (("country", "names", "en"), ("country_name",), ("country",))
_ASN = (("autonomous_system_number",), ("asn",), ("as_number",), ("traits", "autonomous_system_number"))
_AS_NAME = (
    ("autonomous_system_organization",), ("as_name",), ("as_organization",), ("as_org",),
    ("traits", "autonomous_system_organization"), ("organization",),
)  # fmt: skip
_ANYCAST = (("traits", "is_anycast"), ("is_anycast",))


class Said(NamedTuple):
    """What one record says; empty where it says nothing."""

    country: str | None = None  # ISO 3166-1 alpha-2
    registered: str | None = None
    asn: int = 0
    as_name: str = ""
    anycast: bool = False
    city: str = ""
    country_name: str = ""  # where it names a country without a code


def said_in(record: Any) -> Said:
    """The record of an address, of whatever file."""
    country = _code(record, _COUNTRY)
    named = "" if country else _text(record, _COUNTRY_NAME)
    return Said(
        country=country,
        registered=_code(record, _REGISTERED),
        asn=_asn(record),
        as_name=_text(record, _AS_NAME),
        anycast=any(_at(record, path) is True for path in _ANYCAST),
        city=_text(record, _CITY),
        country_name=named if len(named) > 2 else "",
    )


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _code(record: Any, paths: tuple[tuple[str, ...], ...]) -> str | None:
    for path in paths:
        found = _at(record, path)
        if isinstance(found, str) and len(found) == 2 and (code := standard_code(found.upper())):
            return code
    return None


def _text(record: Any, paths: tuple[tuple[str, ...], ...]) -> str:
    return next((found for path in paths if isinstance(found := _at(record, path), str) and found), "")


def _asn(record: Any) -> int:
    for path in _ASN:
        found = _at(record, path)
        if isinstance(found, str):
            found = found.upper().removeprefix("AS")
            found = int(found) if found.isdecimal() else 0
        if isinstance(found, int) and 0 < found < 1 << 32:
            return found
    return 0


# ── files ───────────────────────────────────────────────────────────────────

_PACKED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"\xfd7zXZ\0", lzma.decompress),
)


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The file, packed by gzip or xz or plain; ValueError, one sentence, where it is no MaxMind DB."""
    import maxminddb

    with tempfile.TemporaryDirectory() as folder:
        plain = _unpacked(path, Path(folder))
        try:
            reader = maxminddb.open_database(plain)
        except maxminddb.InvalidDatabaseError:
            raise ValueError(f"{path}: not a MaxMind DB (.mmdb) file") from None
        with reader:
            yield reader


def _unpacked(path: Path, folder: Path) -> Path:
    with path.open("rb") as file:
        start = file.read(6)
    for magic, unpack in _PACKED:
        if start.startswith(magic):
            try:
                (folder / "plain.mmdb").write_bytes(unpack(path.read_bytes()))
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise ValueError(f"{path}: can't be unpacked ({error})") from None
            return folder / "plain.mmdb"
    return path


def built_on(reader: Reader) -> date:
    """The day, in UTC, on which the file says it was built."""
    return datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def blocks_in(reader: Reader, of: Callable[[Any], V]) -> tuple[list[Block[V]], list[Block[V]]]:
    """IPv4 and IPv6 blocks (first, last, value), the value made of each record by `of`."""
    v4: list[Block[V]] = []
    v6: list[Block[V]] = []
    for network, record in reader:
        block = (int(network[0]), int(network[-1]), of(record))
        (v4 if network.version == 4 else v6).append(block)
    # In an IPv6 tree the IPv4 networks are told as they stand in ::/96.
    v4 += [block for block in v6 if block[1] >> 32 == 0]
    return v4, [block for block in v6 if block[1] >> 32]
