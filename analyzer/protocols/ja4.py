"""A ClientHello to its JA4 fingerprint: which TLS library and settings sent it, roughly.

The method is FoxIO's, published under the BSD 3-Clause licence:
<https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>. Many programs share one
fingerprint, and one program has several; it is a hint and names nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = 0, 13, 16, 43
VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}


def ja4(hello: bytes, transport: str = "t") -> str:
    """The fingerprint of a ClientHello body (RFC 8446 §4.1.2); "" where it contradicts itself.

    `transport` is "t" for TLS over TCP and "q" for QUIC.
    """
    try:
        return _ja4(hello, transport)
    except IndexError:
        return ""


def _ja4(hello: bytes, transport: str) -> str:
    ciphers_at = 35 + hello[34]
    ciphers_end = ciphers_at + 2 + _u16(hello, ciphers_at)
    ciphers = _codes(hello[ciphers_at + 2 : ciphers_end])
    extensions = dict(_extensions(hello, ciphers_end + 1 + hello[ciphers_end]))
    kinds = [kind for kind in extensions if not _is_grease(kind)]
    versions = _codes(extensions.get(SUPPORTED_VERSIONS, b"")[1:]) or [_u16(hello, 0)]
    head = (
        f"{transport}{VERSIONS.get(max(versions), '00')}{'d' if SERVER_NAME in extensions else 'i'}"
        f"{min(len(ciphers), 99):02}{min(len(kinds), 99):02}{_protocol(extensions.get(ALPN, b''))}"
    )
    rest = ",".join(sorted(f"{kind:04x}" for kind in kinds if kind not in (SERVER_NAME, ALPN)))
    signatures = ",".join(f"{code:04x}" for code in _codes(extensions.get(SIGNATURE_ALGORITHMS, b"")[2:]))
    listed = ",".join(sorted(f"{code:04x}" for code in ciphers))
    return f"{head}_{_digest(listed)}_{_digest(f'{rest}_{signatures}' if signatures else rest)}"


def _extensions(hello: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    position += 2
    while position + 4 <= len(hello):
        length = _u16(hello, position + 2)
        yield _u16(hello, position), hello[position + 4 : position + 4 + length]
        position += 4 + length


def _protocol(alpn: bytes) -> str:
    """First and last character of the first protocol offered (RFC 7301 §3.1)."""
    if len(alpn) < 4 or not alpn[2]:
        return "00"
    name = alpn[3 : 3 + alpn[2]]
    ends = bytes((name[0], name[-1]))
    if ends.isalnum():
        return ends.decode("ascii")
    return f"{name[0]:02x}"[0] + f"{name[-1]:02x}"[1]


def _codes(octets: bytes) -> list[int]:
    codes = [_u16(octets, at) for at in range(0, len(octets) - 1, 2)]
    return [code for code in codes if not _is_grease(code)]


def _is_grease(code: int) -> bool:
    """Values that mean nothing and keep servers tolerant (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def _u16(octets: bytes, at: int) -> int:
    return octets[at] << 8 | octets[at + 1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "000000000000"
