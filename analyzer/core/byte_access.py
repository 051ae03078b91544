"""Bytes of a buffer to numbers: what every packet kernel reads with."""

from __future__ import annotations

from analyzer.core.kernel_types import Bytes


def u8(data: Bytes, i: int) -> int:
    return data[i]


def u16(data: Bytes, i: int) -> int:
    return data[i] * 0x100 + data[i + 1]


def u32(data: Bytes, i: int) -> int:
    return data[i] * 0x1000000 + data[i + 1] * 0x10000 + data[i + 2] * 0x100 + data[i + 3]


def little16(data: Bytes, i: int) -> int:
    return data[i] + data[i + 1] * 0x100


def little32(data: Bytes, i: int) -> int:
    return little16(data, i) + little16(data, i + 2) * 0x10000


def mac_at(data: Bytes, i: int) -> int:
    return (u16(data, i) << 32) | u32(data, i + 2)


def mix(value: int, word: int) -> int:
    """One round of a 31-bit hash: products stay below 2^63, so both forms agree."""
    value = ((value ^ word) & 0xFFFFFFFF) * 0x5BD1E995
    return ((value >> 15) ^ value) & 0x7FFFFFFF


def hash_words(data: Bytes, i: int, words: int) -> int:
    value = 0
    for k in range(words):
        value = mix(value, u32(data, i + 4 * k))
    return value


def folded(total: int) -> int:
    """A sum of 16- or 32-bit words in one's complement arithmetic of 16 bits (RFC 1071 §1)."""
    total = (total & 0xFFFFFFFF) + (total >> 32)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def byte_sum(data: Bytes, i: int, end: int) -> int:
    """Return the sum of 16-bit words from `i` to `end`, the last one filled with zero (RFC 1071 §1)."""
    words = data[i:end]
    length = len(words)
    total = 0
    for k in range(length // 2):
        total += words[2 * k] * 0x100 + words[2 * k + 1]
    return total + (words[length - 1] * 0x100 if length & 1 else 0)
