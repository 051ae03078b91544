"""Bytes of a buffer to numbers: what every packet kernel reads with.

Products, not shifts: numba makes a shifted uint8 unsigned, and unsigned mixes into floats.
"""

from __future__ import annotations

from analyzer.core.compilation import Bytes


def u8(data: Bytes, i: int) -> int:
    return data[i] * 1


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


CALLEES = (u8, u16, u32, little16, little32, mac_at, mix, hash_words, folded)
