"""Inform messages of UniFi devices: the MAC address in the head; all else under the key before adoption.

That key is the same in each device that nobody has adopted yet, and stands in the maker's documentation.
"""

from __future__ import annotations

import zlib
from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor
from analyzer.codecs.document_walk import Members

MAGIC = b"TNBU"
DEFAULT_KEY = bytes.fromhex("ba86f2bbe107c7c57eb5f2690775c712")
ENCRYPTED, ZLIB, SNAPPY, GCM = 1, 2, 4, 8
MOST = 1 << 20
HEAD = 40


def read_unifi(data: bytes) -> Any:
    """Return the address and what the default key opens; None where bytes are no such message."""
    if not data.startswith(MAGIC):
        return None
    cursor = FieldCursor(data, len(MAGIC))
    try:
        cursor.u(4)
        address, flags, vector = cursor.take(6), cursor.u(2), cursor.take(16)
        cursor.u(4)
        content = cursor.counted(4)
    except EndOfBytesError:
        return None
    found = [("mac", address.hex(":"))]
    if text := _opened(content, flags, vector, data[:HEAD]):
        found.append(("payload", text))
    return Members(found)


def _opened(content: bytes, flags: int, vector: bytes, head: bytes) -> str:
    """The text; empty where another key is in use or the compression is not read."""
    if flags & SNAPPY:
        return ""
    try:
        plain = _deciphered(content, flags, vector, head) if flags & ENCRYPTED else content
        if flags & ZLIB:
            plain = zlib.decompressobj().decompress(plain, MOST)
        return plain.decode("utf-8")
    except (ValueError, zlib.error):
        return ""


def _deciphered(content: bytes, flags: int, vector: bytes, head: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if flags & GCM:
        try:
            return AESGCM(DEFAULT_KEY).decrypt(vector, content, head)
        except InvalidTag:
            raise ValueError("another key") from None
    if not content or len(content) % 16:
        raise ValueError("no whole blocks")
    decryptor = Cipher(algorithms.AES(DEFAULT_KEY), modes.CBC(vector)).decryptor()
    plain = decryptor.update(content) + decryptor.finalize()
    return plain[: -plain[-1]] if 1 <= plain[-1] <= 16 else plain
