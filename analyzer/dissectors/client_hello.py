"""The body of a ClientHello or ServerHello to what it tells anyone on the way (RFC 8446 §4.1).

TLS, QUIC and DTLS share these messages; how they are carried is the business of `tls`, `quic` and `dtls`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = 0, 13, 16, 43
# Encrypted ClientHello, and the encrypted SNI that came before it and was never standardised.
ENCRYPTED_HELLO, ENCRYPTED_NAME = 0xFE0D, 0xFFCE
HOST_NAME = 0

VERSIONS = {
    0x0304: "TLS 1.3", 0x0303: "TLS 1.2", 0x0302: "TLS 1.1", 0x0301: "TLS 1.0", 0x0300: "SSL 3.0",
    0xFEFC: "DTLS 1.3", 0xFEFD: "DTLS 1.2", 0xFEFF: "DTLS 1.0",
}  # fmt: skip

# Protocols listed of one ALPN extension at most, and bytes of a name: RFC 1035 allows 253.
MOST_PROTOCOLS, LONGEST_NAME = 8, 255


class ClientHello(NamedTuple):
    """The parts of a ClientHello that matter here; what is cut off is missing."""

    version: int  # legacy_version
    ciphers: bytes  # two bytes each
    extensions: dict[int, bytes]
    whole: bool  # neither cut nor contradicting itself

    @property
    def name(self) -> str | None:
        """The host_name of the server_name extension (RFC 6066 §3), lower case."""
        content = self.extensions.get(SERVER_NAME, b"")
        if len(content) < 5 or content[2] != HOST_NAME:
            return None
        size = min(_u16(content, 3), LONGEST_NAME)
        return content[5 : 5 + size].decode("latin-1").rstrip(".").lower() or None

    @property
    def protocols(self) -> tuple[str, ...]:
        """The application protocols offered, in the client's order (RFC 7301 §3.1)."""
        return tuple(_protocols(self.extensions.get(ALPN, b"")))

    @property
    def versions(self) -> list[int]:
        """The versions offered, GREASE left out; in any order."""
        return codes(self.extensions.get(SUPPORTED_VERSIONS, b"")[1:]) or [self.version]

    @property
    def hides_name(self) -> bool:
        """Whether an encrypted hello or name is there, true or sent as a decoy: that can't be told."""
        return ENCRYPTED_HELLO in self.extensions or ENCRYPTED_NAME in self.extensions


@dataclass(slots=True)
class Hello:
    """What the hellos of one flow told; `chosen` is filled in when the server has answered."""

    offered: int  # the highest version
    protocols: tuple[str, ...] = ()  # ALPN, as offered
    name: str | None = None
    ja4: str = ""
    hides_name: bool = False
    frame: int = 0
    chosen: int | None = None  # the server's version
    quic: int | None = None  # version of QUIC

    @property
    def version(self) -> str:
        """ "TLS 1.3", or "TLS 1.3 offered" where no answer was seen; of QUIC its own version."""
        if self.quic is not None:
            return quic_version(self.quic)
        said = version_name(self.chosen or self.offered)
        return said if self.chosen else f"{said} offered"


def read_client_hello(body: bytes, *, has_cookie: bool = False) -> ClientHello | None:
    """A ClientHello body; None where not even its ciphers are there. DTLS adds a cookie."""
    position = 34
    for width in (1, 1) if has_cookie else (1,):  # session id, cookie
        if position + width > len(body):
            return None
        position += width + body[position]
    if position + 2 > len(body):
        return None
    ciphers_end = position + 2 + _u16(body, position)
    ciphers = body[position + 2 : ciphers_end]
    if ciphers_end >= len(body):
        return ClientHello(_u16(body, 0), ciphers, {}, ciphers_end == len(body))
    position = ciphers_end + 1 + body[ciphers_end]
    if position == len(body):  # before extensions were invented
        return ClientHello(_u16(body, 0), ciphers, {}, True)
    extensions = dict(_extensions(body, position + 2))
    return ClientHello(_u16(body, 0), ciphers, extensions, position + 2 <= len(body))


def chosen_version(body: bytes) -> int | None:
    """The version that a ServerHello body chooses (RFC 8446 §4.2.1), None where it is cut."""
    if len(body) < 38:
        return None
    position = 35 + body[34] + 3  # session id, cipher suite, compression
    for kind, content in _extensions(body, position + 2):
        if kind == SUPPORTED_VERSIONS and len(content) == 2:
            return _u16(content, 0)
    return _u16(body, 0)


def version_name(version: int) -> str:
    """ "TLS 1.3", "DTLS 1.2", "TLS 1.3 draft-28"."""
    if version >> 8 == 0x7F:
        return f"TLS 1.3 draft-{version & 0xFF}"
    return VERSIONS.get(version, f"version {version:#06x}")


def quic_version(version: int) -> str:
    """ "QUIC 1", "QUIC draft-29", "Google QUIC Q046"."""
    if version >> 8 == 0xFF0000:
        return f"QUIC draft-{version & 0xFF}"
    if version >> 16 in (0x5130, 0x5430):
        return f"Google QUIC {version.to_bytes(4, 'big').decode('latin-1')}"
    if version >> 16 == 0xFACE:
        return f"Facebook's QUIC {version:#010x}"
    return {1: "QUIC 1", 0x6B3343CF: "QUIC 2"}.get(version, f"QUIC {version:#010x}")


def codes(data: bytes) -> list[int]:
    """Numbers of two bytes each, without those that mean nothing (GREASE, RFC 8701)."""
    found = [data[at] << 8 | data[at + 1] for at in range(0, len(data) - 1, 2)]
    return [code for code in found if not is_grease(code)]


def is_grease(code: int) -> bool:
    """Values that mean nothing and keep servers tolerant (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def _extensions(body: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    while position + 4 <= len(body):
        length = _u16(body, position + 2)
        yield _u16(body, position), body[position + 4 : position + 4 + length]
        position += 4 + length


def _protocols(content: bytes) -> Iterator[str]:
    position = 2
    for _ in range(MOST_PROTOCOLS):
        if position >= len(content):
            return
        end = position + 1 + content[position]
        name = content[position + 1 : end]
        if name and not is_grease(int.from_bytes(name, "big") if len(name) == 2 else 0):
            yield name.decode("utf-8", "backslashreplace")
        position = end


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]
