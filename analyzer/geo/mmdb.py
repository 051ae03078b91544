"""MaxMind DB files of any maker → what each record says of an address.

Files are told apart by the keys of their records; `database_type` is only a hint. Read by `maxminddb`:
<https://maxmind.github.io/MaxMind-DB/>.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from analyzer.geo.iso import standard_code
from analyzer.geo.unsupported_files import LOOK, said_of
from analyzer.system.processes import context

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


class RecordAnswer(NamedTuple):
    """What one record says; empty where it says nothing."""

    country: str | None = None  # ISO 3166-1 alpha-2
    registered: str | None = None
    asn: int = 0
    as_name: str = ""
    anycast: bool = False
    city: str = ""
    country_name: str = ""  # where it names a country without a code


def said_in(record: Any) -> RecordAnswer:
    """The record of an address, of whatever file."""
    country = _code(record, _COUNTRY)
    named = "" if country else _text(record, _COUNTRY_NAME)
    return RecordAnswer(
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

# How the metadata begin, within the last bytes of a file.
METADATA, METADATA_WITHIN = b"\xab\xcd\xefMaxMind.com", 1 << 17
NO_DATABASE_CODE = 3

_PACKED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"\xfd7zXZ\0", lzma.decompress),
)


# What the readers raise where a file is damaged: the data of a record lie where there are none, or are none.
DAMAGE = (
    ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, struct.error, MemoryError,
    RuntimeError,  # InvalidDatabaseError is one
)  # fmt: skip
SPOILED = "{path}: the database is damaged; download or copy it again"


@contextmanager
def opened(path: Path, whole: bool = False) -> Iterator[Reader]:
    """The file, plain, packed by gzip or xz, or in a tar archive; ValueError where it is none.

    Single addresses are looked up in Python, where damage is an exception. `whole` is for who goes through
    all of it: compiled code does so, which ends the process on some damage, so another process tries before.
    """
    import maxminddb

    with tempfile.TemporaryDirectory() as folder:
        plain = _unpacked(path, Path(folder))
        try:
            if whole and not _is_sound(plain):
                raise ValueError(SPOILED.format(path=path))
            reader = maxminddb.open_database(plain, maxminddb.MODE_AUTO if whole else maxminddb.MODE_MMAP)
        except (maxminddb.InvalidDatabaseError, *DAMAGE) as error:
            if str(error).startswith(f"{path}: "):
                raise
            raise ValueError(f"{path}: {_what(plain)}") from None
        with reader:
            yield reader


def _what(path: Path) -> str:
    """What a file is that no reader opens."""
    with path.open("rb") as file:
        start = file.read(LOOK)
        file.seek(max(path.stat().st_size - METADATA_WITHIN, 0))
        if METADATA in file.read():
            return SPOILED.removeprefix("{path}: ")
    return said_of(start)


def _is_sound(path: Path) -> bool:
    """Whether going through the whole file in another process comes to an end."""
    process = context().Process(target=_walk, args=(str(path),), daemon=True)
    process.start()
    process.join()
    return process.exitcode in (0, NO_DATABASE_CODE)


def _walk(path: str) -> None:
    """Go through a whole database; the exit code is 0 where it is sound."""
    import maxminddb

    try:
        reader = maxminddb.open_database(path)
    except Exception:
        raise SystemExit(NO_DATABASE_CODE) from None
    try:
        for _ in reader:
            pass
    except Exception:
        raise SystemExit(1) from None


def _unpacked(path: Path, folder: Path) -> Path:
    with path.open("rb") as file:
        start = file.read(LOOK)
    for magic, unpack in _PACKED:
        if start.startswith(magic):
            try:
                (folder / "plain").write_bytes(unpack(path.read_bytes()))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise ValueError(f"{path}: can't be unpacked ({error})") from None
            path = folder / "plain"
    return _out_of_tar(path, folder) if tarfile.is_tarfile(path) else path


def _out_of_tar(path: Path, folder: Path) -> Path:
    """The database inside an archive, as MaxMind offers it; the archive where it holds none."""
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".mmdb"):
                held = archive.extractfile(member)
                assert held is not None
                with held, (folder / "plain.mmdb").open("wb") as out:
                    shutil.copyfileobj(held, out)
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
