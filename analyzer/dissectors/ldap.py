"""LDAP (RFC 4511): bind requests → the name and how its password was sent; other requests are searched."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.dissectors.api import (
    NOT_SHOWN,
    ByteReader,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    content,
    login,
    mechanism_name,
    sasl,
)

SEQUENCE, INTEGER, STRING = 0x30, 0x02, 0x04
BIND, EXTENDED, SIMPLE, SASL, SICILY = 0x60, 0x77, 0x80, 0xA3, (0x89, 0x8A, 0x8B)
EXTENDED_ANSWER = 0x78
START_TLS = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 §4.14.1
OPERATIONS = frozenset((0x42, 0x4A, *range(0x60, 0x7A)))


def header(cursor: ByteReader) -> tuple[int, int]:
    """Return tag and length of a BER value (ITU-T X.690 §8.1). Raises MalformedError."""
    tag, length = cursor.number(1), cursor.number(1)
    if length & 0x80:
        size = length & 0x7F
        if not 0 < size <= 4:
            raise MalformedError("no length")
        length = cursor.number(size)
    return tag, length


def value(cursor: ByteReader, wanted: int) -> bytes:
    """Return the content of a BER value with the tag that is wanted. Raises MalformedError."""
    tag, length = header(cursor)
    if tag != wanted:
        raise MalformedError("another tag")
    return cursor.take(length)


class Ldap(DirectionBytes):
    """Bind requests; after StartTLS nothing is read."""

    name = "ldap"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._tls_asked = False

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the inner lengths of the first message fit into its outer one."""
        cursor = ByteReader(data)
        try:
            length = header(cursor)[1]
            outer = cursor.at + length
            value(cursor, INTEGER)
            tag, inner = header(cursor)
        except MalformedError:
            return False
        return tag in OPERATIONS and cursor.at + inner <= outer <= cursor.at + inner + 1024

    def length(self, side: int, data: bytearray) -> int:
        if data[0] != SEQUENCE:
            raise MalformedError("no message")
        cursor = ByteReader(bytes(data[:6]))
        try:
            length = header(cursor)[1]
        except MalformedError:
            if len(data) >= 6:
                raise
            return 0
        return cursor.at + length

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        cursor = ByteReader(data)
        header(cursor)
        value(cursor, INTEGER)
        tag, length = header(cursor)
        body = cursor.inner(length)
        if tag == BIND:
            yield self._bind(body, place)
            return
        if tag == EXTENDED:
            self._tls_asked = START_TLS in data
        elif tag == EXTENDED_ANSWER:
            self.ended = self.sealed = self._tls_asked and body.data[body.at : body.at + 3] == b"\x0a\x01\0"
        yield from content(self.name, place, data)

    def _bind(self, body: ByteReader, place: MessagePlace) -> HttpMessage:
        """RFC 4511 §4.2; the choices of Sicily are Microsoft's (MS-ADTS §5.1.1.1.3)."""
        version = int.from_bytes(value(body, INTEGER), "big")
        name = value(body, STRING)
        choice, length = header(body)
        inner = body.inner(length)
        if choice == SIMPLE:
            return login(self.name, f"bind {version}", place, name, NOT_SHOWN if length else "")
        if choice == SASL:
            mechanism = value(inner, STRING)
            response = value(inner, STRING) if inner.left() else b""
            user, password = sasl(mechanism, response)
            said = mechanism_name(mechanism)
            return login(self.name, f"bind {version} {said}", place, user or name, password)
        if choice in SICILY:
            return login(self.name, f"bind {version} NTLM", place, name)
        raise MalformedError("no such choice")
