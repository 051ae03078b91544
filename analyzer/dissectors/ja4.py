"""A ClientHello to its JA4 fingerprint: which TLS library and settings sent it, roughly.

The method is FoxIO's, published under the BSD 3-Clause licence:
<https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>. Many programs share one
fingerprint, and one program has several; it is a hint and names nothing.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from analyzer.dissectors.client_hello import (
    ALPN,
    SERVER_NAME,
    SIGNATURE_ALGORITHMS,
    ClientHello,
    codes,
    is_grease,
    read_client_hello,
)

VERSIONS = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip


def ja4(hello: bytes, transport: str = "t") -> str:
    """The fingerprint of a ClientHello body (RFC 8446 §4.1.2); "" where it contradicts itself.

    `transport` is "t" for TLS over TCP and "q" for QUIC.
    """
    found = read_client_hello(hello)
    return fingerprint(found, transport) if found else ""


def fingerprint(hello: ClientHello, transport: str) -> str:
    """The same of a hello that was read; `transport` is "d" for DTLS."""
    if not hello.whole:
        return ""
    ciphers, extensions = codes(hello.ciphers), hello.extensions
    kinds = [kind for kind in extensions if not is_grease(kind)]
    # DTLS counts versions downwards (RFC 6347 §4.1).
    version = min(hello.versions, default=0) if transport == "d" else max(hello.versions, default=0)
    head = (
        f"{transport}{VERSIONS.get(version, '00')}{'d' if SERVER_NAME in extensions else 'i'}"
        f"{min(len(ciphers), 99):02}{min(len(kinds), 99):02}{_protocol(extensions.get(ALPN, b''))}"
    )
    rest = tuple(sorted(kind for kind in kinds if kind not in (SERVER_NAME, ALPN)))
    signatures = codes(extensions.get(SIGNATURE_ALGORITHMS, b"")[2:])
    return f"{head}_{_digest(tuple(sorted(ciphers)))}_{_digest(rest, tuple(signatures))}"


def _protocol(alpn: bytes) -> str:
    """First and last character of the first protocol offered (RFC 7301 §3.1)."""
    if len(alpn) < 4 or not alpn[2]:
        return "00"
    name = alpn[3 : 3 + alpn[2]]
    ends = bytes((name[0], name[-1]))
    if ends.isalnum():
        return ends.decode("ascii")
    return f"{name[0]:02x}"[0] + f"{name[-1]:02x}"[1]


# One program sends the same lists again and again.
@lru_cache(maxsize=1024)
def _digest(*lists: tuple[int, ...]) -> str:
    text = "_".join(",".join(f"{code:04x}" for code in listed) for listed in lists if listed)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "000000000000"
