"""TLS 1.3 records as an observer sees them: a readable ClientHello, then random octets (RFC 8446)."""

from __future__ import annotations

import random
import struct

CHANGE_CIPHER_SPEC = bytes.fromhex("140303000101")
CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C)
GROUPS = (0x001D, 0x0017, 0x0018)
SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
TLS13, X25519 = 0x0304, 0x001D


def client_hello(name: str, rng: random.Random, *, alpn: tuple[str, ...] = ("h2", "http/1.1")) -> bytes:
    """One TLSPlaintext record that asks for `name` in the clear (SNI, RFC 6066 §3)."""
    host = name.encode()
    extensions = (
        _extension(0, _vector16(b"\0" + _vector16(host))),
        _extension(23, b""),
        _extension(10, _vector16(_words(GROUPS))),
        _extension(11, _vector8(b"\0")),
        _extension(16, _vector16(b"".join(_vector8(p.encode()) for p in alpn))),
        _extension(13, _vector16(_words(SIGNATURES))),
        _extension(51, _vector16(_words((X25519,)) + _vector16(rng.randbytes(32)))),
        _extension(45, _vector8(b"\1")),
        _extension(43, _vector8(_words((TLS13, 0x0303)))),
    )
    body = b"\x03\x03" + rng.randbytes(32) + _vector8(rng.randbytes(32)) + _vector16(_words(CIPHERS))
    body += _vector8(b"\0") + _vector16(b"".join(extensions))
    return _record(22, _handshake(1, body), version=0x0301)


def server_hello(hello: bytes, rng: random.Random) -> bytes:
    """ServerHello, ChangeCipherSpec and the encrypted rest of the server's first flight."""
    session = hello[44:76]  # record header 5, handshake header 4, version 2, random 32, length 1
    key_share = _extension(51, _words((X25519,)) + _vector16(rng.randbytes(32)))
    extensions = _vector16(key_share + _extension(43, _words((TLS13,))))
    body = b"\x03\x03" + rng.randbytes(32) + _vector8(session) + _words((0x1301,)) + b"\0" + extensions
    return _record(22, _handshake(2, body)) + CHANGE_CIPHER_SPEC + encrypted(rng.randrange(2200, 3600), rng)


def encrypted(size: int, rng: random.Random) -> bytes:
    """Application data records that hold `size` octets of ciphertext."""
    largest = 16384
    sizes = [min(largest, size - start) for start in range(0, size, largest)]
    return b"".join(_record(23, rng.randbytes(n)) for n in sizes)


def _record(kind: int, payload: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(payload)) + payload


def _handshake(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector16(data)


def _vector8(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def _vector16(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _words(values: tuple[int, ...]) -> bytes:
    return struct.pack(f">{len(values)}H", *values)
