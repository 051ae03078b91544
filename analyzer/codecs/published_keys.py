"""Ciphers whose keys are published or travel in the message: what they hide, anyone on the way can read.

Each key is tried on the first block alone; only plain text that is whole and readable to its end, with the
padding that belongs there, counts as solved, so that no chance is taken for a document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from analyzer.codecs.compression import is_compressed
from analyzer.codecs.part import Candidate
from analyzer.codecs.plain_text import JSON_START, readable_text
from analyzer.codecs.repeated_xor import is_document_text, xored

AES, DES, RC4 = "AES", "DES", "RC4"
BLOCKS = {AES: 16, DES: 8}
SHORTEST, LONGEST = 16, 1 << 18
SHORTEST_TEXT = 12
STREAM = 64  # bytes of the key stream by which text under RC4 is told
FARTHEST = 128  # bytes of a head before what is enciphered
SHORTEST_BEHIND = 32  # characters behind a head, and the longest bytes that are tried so
LONGEST_WITH_HEAD = 1 << 12
XOR_FIRSTS = 24  # bytes that have to be text under a published key


class PublishedKey(NamedTuple):
    """A key that anyone can know, with the first vector where blocks are chained (CBC)."""

    cipher: str
    key: bytes
    vector: bytes = b""

    @property
    def step(self) -> str:
        """The name of the step, by which a reader can repeat it with the key that is published."""
        mode = "" if self.cipher == RC4 else "-CBC" if self.vector else "-ECB"
        return f"{self.cipher}{mode} key {self.key.hex()}"


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()


_HEX = bytes.fromhex
# From the programs themselves, and from analyses of them that are public.
PUBLISHED = (
    PublishedKey(AES, _md5(b"ltkj1234ltkj9876")),  # China Mobile's device management, sample of the SDK
    PublishedKey(AES, b"miuiotavalided11", b"0102030405060708"),  # Xiaomi's updater without a log-in
    PublishedKey(AES, _HEX("5da590863052089893199b2a901b6470"), _HEX("047cd76d65d3b28b4ccc2c0246681aa6")),
    PublishedKey(AES, _HEX("836e75afddae728551ad22b2bae6ca57"), _HEX("047cd76d65d3b28b4ccc2c0246681aa6")),
    PublishedKey(AES, _md5(b"yGAdlopoPVldABfn")),  # Tuya, what devices broadcast
    PublishedKey(AES, _HEX("097628343fe99e23765c1513accf8b02"), _HEX("562e17996d093d28ddb3ba695a2e6f58")),
    PublishedKey(AES, b"a3K8Bx%2r8Y7#xDh"),  # Gree, before a device is bound
    PublishedKey(AES, _md5(b"xhdiwjnchekd4d512chdjx5d8e4c394D2D7S")),  # Midea, answers to a search
    PublishedKey(AES, b"h9YLQoINGWyOBYYk"),  # Baidu's browser and statistics SDK (Citizen Lab 2016)
    PublishedKey(AES, b"30212102dicudiab", b"30212102dicudiab"),  # Baidu's number of a device
    PublishedKey(AES, b"khggd54865SNJHGF"),  # Orvibo's HomeMate, until a session has a key of its own
    PublishedKey(DES, b"mvcv1RTK", b"mvcv1RTK"),  # iResearch
    PublishedKey(DES, b"mvcv1RTK"),
    PublishedKey(DES, bytes(range(1, 9))),  # Geinimi
    PublishedKey(DES, b"Ulucu888"),  # Anyan
    PublishedKey(DES, _HEX("25923c7f2ae5ef92")),  # QQ Browser (Citizen Lab 2016)
    PublishedKey(RC4, b"03a976511e2cbe3a7f26808fb7af3c05"),  # Tencent MTA
)
# Keys of XOR that repeat and are longer than text could tell: DroidDream (Lookout 2011).
XOR_KEYS = (b"6^)(9-p35a%3#4S!4S0)$Yt%^&5(j.g^&o(*0)$Yv!#O@6GpG@=+3j.&6^)(0-=1",)


def deciphered(data: bytes) -> Candidate | None:
    """Return what bytes say under a key that is published or that they carry; None where none fits."""
    if not SHORTEST <= len(data) <= LONGEST:
        return None
    return next(_attempts(data), None)


def _attempts(data: bytes) -> Iterator[Candidate]:
    for key in PUBLISHED:
        yield from _stream(data, key) if key.cipher == RC4 else _behind_head(data, key)
    for xor_key in XOR_KEYS:
        if xored(data[:XOR_FIRSTS], xor_key).isascii() and is_document_text(plain := xored(data, xor_key)):
            yield Candidate(f"xor 0x{xor_key.hex()}", plain.decode("utf-8"))
    if found := self_keyed(data):
        yield found


# ── block ciphers ───────────────────────────────────────────────────────────


@cache
def _decryptor(cipher: str, key: bytes) -> Any:
    """What deciphers block after block, each for itself; chaining is undone by XOR."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    algorithm = algorithms.AES(key) if cipher == AES else TripleDES(key * 3)
    return Cipher(algorithm, modes.ECB()).decryptor()


def _behind_head(data: bytes, key: PublishedKey) -> Iterator[Candidate]:
    """All of the bytes; or, where that takes longer text to be no chance, what stands behind a head."""
    size = BLOCKS[key.cipher]
    last = min(FARTHEST, len(data) - SHORTEST_BEHIND) if len(data) <= LONGEST_WITH_HEAD else 0
    for begin in range(len(data) % size, max(last, 0) + 1, 16):
        found = _blocks(data[begin:] if begin else data, key)
        if found and (not begin or len(found.text) >= SHORTEST_BEHIND):
            yield found._replace(begin=begin)


def _blocks(data: bytes, key: PublishedKey) -> Candidate | None:
    size = BLOCKS[key.cipher]
    undo = _decryptor(key.cipher, key.key)
    first = _unchained(undo.update(data[: 2 * size]), data[: 2 * size], key.vector)
    if not readable_text(_unpadded(first, size) if len(data) <= 2 * size else first[:size], size - 1):
        return None
    plain = _unpadded(_unchained(undo.update(data), data, key.vector), size)
    text = readable_text(plain, SHORTEST_TEXT)
    return Candidate(key.step, text) if text else None


def _unchained(plain: bytes, data: bytes, vector: bytes) -> bytes:
    """Undo the chaining of blocks (NIST SP 800-38A §6.2), where there is a first vector."""
    if not vector:
        return plain
    return xored(plain, (vector + data)[: len(plain)])


def _unpadded(plain: bytes, size: int) -> bytes:
    """Take off the padding of PKCS #7 (RFC 5652 §6.3), or noughts."""
    count = plain[-1]
    if 1 <= count <= size and plain.endswith(bytes((count,)) * count):
        return plain[:-count]
    return plain.rstrip(b"\0")


# ── stream ciphers ──────────────────────────────────────────────────────────


@cache
def _beginning(key: bytes) -> bytes:
    return _rc4(key, bytes(STREAM))


def _rc4(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(ARC4(key), mode=None).encryptor().update(data)


def _stream(data: bytes, key: PublishedKey) -> Iterator[Candidate]:
    """JSON, or gzip behind its length, under RC4."""
    first = xored(data[:STREAM], _beginning(key.key))
    if is_compressed(first) or is_compressed(first[4:]):
        plain = _rc4(key.key, data)
        yield Candidate(key.step, plain if is_compressed(plain) else plain[4:])
    elif JSON_START.match(first.decode("latin-1")) and (text := readable_text(_rc4(key.key, data), 12)):
        yield Candidate(key.step, text)


# ── keys that travel with the message ───────────────────────────────────────


def self_keyed(data: bytes) -> Candidate | None:
    """Return text behind its own key: two half bytes count padding and key; its bits are turned by three."""
    padding, size = data[0] >> 4, data[0] & 15
    begin = 1 + padding + size
    if not size or len(data) < begin + SHORTEST or any(data[2 : 1 + padding]):
        return None
    key = bytes((byte >> 3 | byte << 5) & 0xFF for byte in data[1 + padding : begin])
    plain = xored(data[begin:], key)
    return Candidate(f"xor 0x{key.hex()}", plain.decode("utf-8")) if is_document_text(plain) else None
