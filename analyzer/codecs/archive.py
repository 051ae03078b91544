"""ZIP (APPNOTE 6.3) and tar (POSIX.1-2017, pax) inside a body → the members' names and contents, bounded."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart
from analyzer.codecs.plain_text import text_or_bytes

ZIP_MAGIC, TAR_MAGIC, TAR_PLACE = b"PK\x03\x04", b"ustar", 257
MOST_MEMBERS = 64
MOST_OF_A_MEMBER = 1 << 20
LONGEST = 8 << 20
ALONE: frozenset[str] = frozenset()


def decode_archive(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """Return one part a member, named by its name; nothing where the bytes are no archive."""
    data = part.value
    step = "" if isinstance(data, str) else kind_of(data)
    if not step or isinstance(data, str):
        return []
    found: list[PlainPart] = []
    try:
        for name, content in (_zipped if step == "zip" else _tarred)(data, budget):
            path = (*part.path, step, name)
            found.append((name.rpartition("/")[2] or name, text_or_bytes(content), path, ALONE))
    except Exception:  # the readers of the standard library let errors of many classes through on damage
        return found
    return found


def kind_of(data: bytes) -> str:
    """Return "zip" or "tar"; empty where the bytes begin neither."""
    if len(data) > LONGEST:
        return ""
    if data.startswith(ZIP_MAGIC):
        return "zip"
    return "tar" if data[TAR_PLACE : TAR_PLACE + 5] == TAR_MAGIC else ""


def _zipped(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist()[:MOST_MEMBERS]:
            if info.is_dir() or info.flag_bits & 1 or info.compress_type not in (0, 8):
                continue
            by_ratio = max(info.compress_size, 1) * budget.limits.ratio
            with archive.open(info) as member:
                content = member.read(min(MOST_OF_A_MEMBER, by_ratio, budget.bytes_left))
            if content and budget.take_bytes(len(content)):
                yield info.filename[:256], content


def _tarred(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for number, info in enumerate(archive):
            if number >= MOST_MEMBERS:
                return
            member = archive.extractfile(info) if info.isfile() else None
            content = member.read(min(MOST_OF_A_MEMBER, budget.bytes_left)) if member else b""
            if content and budget.take_bytes(len(content)):
                yield info.name[:256], content
