"""The first octets of a TLS connection to the server name that the client asks for (RFC 6066 §3)."""

from __future__ import annotations

from .ja4 import ja4

HANDSHAKE, CLIENT_HELLO, SERVER_NAME, HOST_NAME = 0x16, 1, 0, 0

# A ClientHello with post-quantum key shares takes some 1.8 KiB; RFC 8446 allows records of 16 KiB.
MOST_HELLO = 1 << 16


class ServerName:
    """Collects the octets of a ClientHello until its server name is known.

    `done` says that no more octets are of use; `name` is None when there is none or it is hidden.
    """

    __slots__ = ("_octets", "done", "frame", "ja4", "name")

    def __init__(self) -> None:
        self._octets = bytearray()
        self.done = False
        self.name: str | None = None
        self.frame = 0
        self.ja4 = ""

    def feed(self, data: bytes, frame: int) -> None:
        """The next octets of the client's direction, in order."""
        if self.done:
            return
        self._octets += data
        hello = _client_hello(self._octets)
        if hello is None and len(self._octets) < MOST_HELLO:
            return
        self.done, self.frame = True, frame
        self.name = _server_name(hello) if hello else None
        self.ja4 = ja4(hello) if hello else ""
        self._octets.clear()


def _client_hello(stream: bytes | bytearray) -> bytes | None:
    """The body of a ClientHello that may span records; None while it isn't whole, b"" if it isn't one."""
    handshake, position = bytearray(), 0
    while position + 5 <= len(stream):
        if stream[position] != HANDSHAKE:
            return b""
        length = int.from_bytes(stream[position + 3 : position + 5], "big")
        handshake += stream[position + 5 : position + 5 + length]
        position += 5 + length
        if len(handshake) >= 4:
            if handshake[0] != CLIENT_HELLO:
                return b""
            size = int.from_bytes(handshake[1:4], "big")
            if len(handshake) >= 4 + size:
                return bytes(handshake[4 : 4 + size])
    return None


def _server_name(hello: bytes) -> str | None:
    """The host_name of the server_name extension of a ClientHello body (RFC 8446 §4.1.2)."""
    position = 34  # version, random
    for width in (1, 2, 1):  # session id, cipher suites, compression methods
        position += width + int.from_bytes(hello[position : position + width], "big")
    position += 2
    while position + 4 <= len(hello):
        kind = int.from_bytes(hello[position : position + 2], "big")
        length = int.from_bytes(hello[position + 2 : position + 4], "big")
        content = hello[position + 4 : position + 4 + length]
        position += 4 + length
        if kind == SERVER_NAME and len(content) >= 5 and content[2] == HOST_NAME:
            size = int.from_bytes(content[3:5], "big")
            return content[5 : 5 + size].decode("latin-1").rstrip(".").lower() or None
    return None
