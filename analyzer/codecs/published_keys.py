"""Ciphers whose keys are published or travel in the message: what they hide, anyone on the way can read.

The keys are data of dossiers (`[[ciphers]]`); `tools/update_dossiers.py` writes those of this package into
one file. Each is tried on the first block alone; only plain text that is whole and readable to its end,
with the padding or the check that belongs there, counts as solved, so that no chance is taken for a
document.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from analyzer.codecs.compression import is_compressed
from analyzer.codecs.part import Candidate
from analyzer.codecs.plain_text import JSON_START, readable_text
from analyzer.codecs.repeated_xor import is_document_text, xored

AES, DES, TRIPLE_DES, RC4, XOR = "AES", "DES", "3DES", "RC4", "XOR"
BLOCKS = {AES: 16, DES: 8, TRIPLE_DES: 8}
KEY_SIZES = {AES: (16, 24, 32), DES: (8,), TRIPLE_DES: (16, 24)}
DERIVATIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda text: text,
    "md5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    "md5-hex": lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest().encode(),
    "sha-256": lambda text: hashlib.sha256(text).digest(),
}
KNOWN = frozenset((
    "algorithm", "mode", "key", "key_hex", "derivation", "iv", "iv_hex", "padding", "source", "alphabet",
    "carried", "says",
))  # fmt: skip
SHORTEST, LONGEST = 16, 1 << 18
SHORTEST_TEXT = 12
STREAM = 64  # bytes of the key stream by which text under RC4 is told
FARTHEST = 128  # bytes of a head before what is enciphered
SHORTEST_BEHIND = 32  # characters behind a head, and the longest bytes that are tried so
LONGEST_WITH_HEAD = 1 << 12
XOR_FIRSTS = 24  # bytes that have to be text under a published key
STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LIKE_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{40}")
COMPILED = "published_keys.json"
# Such a step in a path: algorithm and mode, the key, the dossier that documents it.
PUBLISHED_STEP = re.compile(r"(?:base64 [\w ]+, )?(\w+(?:-\w+)?) key ([0-9a-f]+) \(([a-z0-9-]+)\)")


class CipherError(ValueError):
    """A cipher of a dossier that can't be used, and why."""


@dataclass(frozen=True, slots=True)
class CarriedKey:
    """A key that is made of bytes of the message itself.

    `size` bytes at its end are the seed; 0 where the first byte counts padding and key in its half bytes.
    """

    size: int = 0
    turned: int = 0  # bits by which each byte of the key is turned to the left
    salt: bytes = b""
    digits: tuple[int, ...] = ()  # of the plain text's digest with the salt, of which the seed is made
    checked: tuple[int, ...] = ()  # … and of which the bytes behind the text are made


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key that anyone can know, or a way to make it of the message; the vector where blocks are chained."""

    cipher: str
    key: bytes = b""
    vector: bytes = b""
    derivation: str = ""  # of a carried key
    carried: CarriedKey | None = None
    alphabet: bytes = b""  # of base64, where it is another than the standard's, its padding last
    dossier: str = ""

    @property
    def step(self) -> str:
        """The name of the step, by which a reader can repeat it with the key that is published."""
        return self.step_with(self.key)

    def step_with(self, key: bytes) -> str:
        """The same with a key that the message carried."""
        mode = ("-CBC" if self.vector else "-ECB") if self.cipher in BLOCKS else ""
        before = "base64 with an alphabet of its own, " if self.alphabet else ""
        return f"{before}{self.cipher}{mode} key {key.hex()} ({self.dossier})"


def cipher_of(table: Mapping[str, Any], dossier: str = "") -> PublishedKey:
    """Return the key that a table of a dossier describes. Raises CipherError."""
    if unknown := set(table) - KNOWN:
        raise CipherError(f"a cipher has {', '.join(sorted(unknown))}, which is not known")
    cipher, derivation = table.get("algorithm", ""), table.get("derivation", "")
    if cipher not in (*BLOCKS, RC4, XOR) or derivation not in DERIVATIONS or not table.get("source"):
        raise CipherError("a cipher needs a known algorithm, a known derivation or none, and a source")
    try:
        key, vector = _bytes_of(table, "key"), _bytes_of(table, "iv")
        carried = _carried(table["carried"]) if "carried" in table else None
    except (ValueError, TypeError, KeyError) as problem:
        raise CipherError(f"a cipher can't be read ({problem})") from None
    if carried:
        return PublishedKey(
            cipher, b"", b"", derivation, carried, table.get("alphabet", "").encode(), dossier
        )
    key = DERIVATIONS[derivation](key)
    is_chained = table.get("mode", "") == "CBC"
    if not key or (cipher in KEY_SIZES and len(key) not in KEY_SIZES[cipher]):
        raise CipherError(f"a key of {len(key)} bytes is none of {cipher}")
    if is_chained != bool(vector) or (vector and len(vector) != BLOCKS.get(cipher)):
        raise CipherError("a first vector (iv) belongs to mode CBC, and has the size of a block")
    return PublishedKey(cipher, key, vector, dossier=dossier)


def _bytes_of(table: Mapping[str, Any], name: str) -> bytes:
    given = table.get(f"{name}_hex")
    return bytes.fromhex(given) if given is not None else table.get(name, "").encode("latin-1")


def _carried(table: Mapping[str, Any]) -> CarriedKey:
    made: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    made["salt"] = str(made.get("salt", "")).encode()
    return CarriedKey(**made)


@cache
def shipped() -> tuple[PublishedKey, ...]:
    """Return the keys of this package's dossiers."""
    tables = json.loads(files(__package__).joinpath(COMPILED).read_text("utf-8"))
    return tuple(cipher_of(table["cipher"], table["dossier"]) for table in tables)


def deciphered(data: bytes, keys: Sequence[PublishedKey] | None = None) -> Candidate | None:
    """Return what bytes say under a key that is published or that they carry; None where none fits."""
    if not SHORTEST <= len(data) <= LONGEST:
        return None
    return next(_attempts(data, shipped() if keys is None else keys), None)


def _attempts(data: bytes, keys: Sequence[PublishedKey]) -> Iterator[Candidate]:
    for key in keys:
        if key.alphabet:
            continue
        if key.carried:
            if found := _by_carried(data, key, key.carried):
                yield found
        elif key.cipher == XOR:
            yield from _under_xor(data, key)
        else:
            yield from _stream(data, key) if key.cipher == RC4 else _behind_head(data, key)


def deciphered_text(text: str, keys: Sequence[PublishedKey] | None = None) -> Candidate | None:
    """The same for text in base64 with an alphabet of a sender's own."""
    if not LIKE_BASE64.match(text) or not text.isascii():
        return None
    for key in shipped() if keys is None else keys:
        if key.alphabet and key.carried:
            data = _of_alphabet(text.encode("ascii"), key.alphabet)
            if found := _by_carried(data, key, key.carried):
                return found
    return None


def _under_xor(data: bytes, key: PublishedKey) -> Iterator[Candidate]:
    if xored(data[:XOR_FIRSTS], key.key).isascii() and is_document_text(plain := xored(data, key.key)):
        yield Candidate(key.step, plain.decode("utf-8"))


# ── block ciphers ───────────────────────────────────────────────────────────


@cache
def _decryptor(cipher: str, key: bytes) -> Any:
    """What deciphers block after block, each for itself; chaining is undone by XOR."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    algorithm = algorithms.AES(key) if cipher == AES else TripleDES(key * 3 if len(key) == 8 else key)
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


def _by_carried(data: bytes, key: PublishedKey, carried: CarriedKey) -> Candidate | None:
    found = _seeded(data, key, carried) if carried.size else _counted(data, carried)
    if found is None:
        return None
    used, plain = found
    return Candidate(key.step_with(used), plain.decode("utf-8")) if plain else None


def _of_alphabet(data: bytes, alphabet: bytes) -> bytes:
    """Bytes written as base64 with another alphabet, up to the first other character; empty for others."""
    own, padding = alphabet[:64], alphabet[64:]
    size = next((at for at, byte in enumerate(data) if byte not in alphabet), len(data))
    text = data[:size].rstrip(padding).translate(bytes.maketrans(own, STANDARD))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _seeded(data: bytes, key: PublishedKey, carried: CarriedKey) -> tuple[bytes, bytes] | None:
    """Key and text in front of the seed; the text's own digest has to give seed and check."""
    if len(data) < carried.size + len(carried.checked) + SHORTEST:
        return None
    seed = data[-carried.size :]
    used = DERIVATIONS[key.derivation](seed.decode("latin-1").encode("latin-1") + carried.salt)
    whole = xored(data[: -carried.size], used)
    plain, check = whole[: len(whole) - len(carried.checked)], whole[len(whole) - len(carried.checked) :]
    digest = hashlib.md5(plain + carried.salt, usedforsecurity=False).hexdigest()
    if _picked(digest, carried.digits) != seed or _picked(digest, carried.checked) != check:
        return None
    return (used, plain) if readable_text(plain, SHORTEST_TEXT) else None


def _picked(digest: str, places: Sequence[int]) -> bytes:
    return bytes(int(digest[at : at + 2], 16) for at in places)


def _counted(data: bytes, carried: CarriedKey) -> tuple[bytes, bytes] | None:
    """Key and text behind it: two half bytes count padding and key."""
    padding, size = data[0] >> 4, data[0] & 15
    begin = 1 + padding + size
    if not size or len(data) < begin + SHORTEST or any(data[2 : 1 + padding]):
        return None
    back = carried.turned
    used = bytes((byte >> back | byte << (8 - back)) & 0xFF for byte in data[1 + padding : begin])
    plain = xored(data[begin:], used)
    return (used, plain) if is_document_text(plain) else None
