"""gzip (RFC 1952) and zlib (RFC 1950) data, told by its first octets → what was compressed."""

from __future__ import annotations

import zlib

from analyzer.decode.limits import Budget
from analyzer.decode.text import inside, text_or_bytes
from analyzer.model import Field

GZIP_MAGIC = b"\x1f\x8b\x08"
ZLIB_METHODS = frozenset((0x58, 0x68, 0x78))  # deflate with a window of 8, 16 or 32 KiB
READ_EITHER_HEADER = 32 + zlib.MAX_WBITS


def decode_compressed(field: Field, budget: Budget) -> list[Field]:
    """The decompressed content, as far as the limits allow; nothing where it is not compressed."""
    octets = field.value
    if isinstance(octets, str) or not is_compressed(octets):
        return []
    content = _decompressed(octets, budget)
    step = "gzip" if octets.startswith(GZIP_MAGIC) else "zlib"
    return [inside(field, text_or_bytes(content), step)] if content else []


def is_compressed(octets: bytes) -> bool:
    """Whether the octets begin as gzip or zlib data do, and give something when decompressed."""
    begins = len(octets) >= 8 and (octets.startswith(GZIP_MAGIC) or _is_zlib_header(octets[0], octets[1]))
    return begins and _begins_to_decompress(octets[:4096])


def _is_zlib_header(method: int, flags: int) -> bool:
    """The header is a multiple of 31 (RFC 1950 §2.2), as one pair of octets in 31 is by chance."""
    return method in ZLIB_METHODS and (method << 8 | flags) % 31 == 0


def _begins_to_decompress(octets: bytes) -> bool:
    try:
        return bool(zlib.decompressobj(READ_EITHER_HEADER).decompress(octets, 64))
    except zlib.error:
        return False


def _decompressed(octets: bytes, budget: Budget) -> bytes:
    """Up to the limits of size and ratio; of damaged or cut data what comes before the damage."""
    by_ratio = len(octets) * budget.limits.ratio
    most = min(by_ratio, budget.octets_left)
    content = bytearray()
    reader = zlib.decompressobj(READ_EITHER_HEADER)
    rest = octets
    while rest and len(content) <= most:
        try:
            content += reader.decompress(rest, min(1 << 16, most + 1 - len(content)))
        except zlib.error:
            break
        rest = reader.unconsumed_tail
        if reader.eof and reader.unused_data.startswith(GZIP_MAGIC):  # RFC 1952 §2.2: members may follow
            rest, reader = reader.unused_data, zlib.decompressobj(READ_EITHER_HEADER)
    if len(content) > most:
        budget.meet("decode-ratio" if by_ratio <= budget.octets_left else "decode-octets")
    kept = bytes(content[:most])
    budget.octets_left -= len(kept)
    return kept
