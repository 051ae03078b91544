"""The first bytes of a TLS connection to what its hellos tell: the server's name, versions, protocols."""

from __future__ import annotations

from analyzer.dissectors.client_hello import ClientHello, Hello, chosen_version, read_client_hello
from analyzer.dissectors.ja4 import fingerprint

HANDSHAKE, CLIENT_HELLO, SERVER_HELLO = 0x16, 1, 2

# A ClientHello with post-quantum key shares takes some 1.8 KiB; RFC 8446 allows records of 16 KiB.
MOST_HELLO = 1 << 16


class ServerName:
    """Collects the bytes of a ClientHello until its server name is known (RFC 6066 §3).

    `done` says that no more bytes are of use; `name` is None when there is none or it is hidden.
    """

    __slots__ = ("_data", "done", "frame", "hello", "ja4", "name")

    def __init__(self) -> None:
        self._data = bytearray()
        self.done = False
        self.name: str | None = None
        self.frame = 0
        self.ja4 = ""
        self.hello: Hello | None = None

    def feed(self, data: bytes, frame: int) -> None:
        """The next bytes of the client's direction, in order."""
        if self.done:
            return
        self._data += data
        body = handshake_body(self._data, CLIENT_HELLO)
        if body is None and len(self._data) < MOST_HELLO:
            return
        self.done, self.frame = True, frame
        found = read_client_hello(body) if body else None
        if found is not None:
            self.hello = told(found, "t", frame)
            self.name, self.ja4 = self.hello.name, self.hello.ja4
        self._data.clear()


def told(hello: ClientHello, transport: str, frame: int, quic: int | None = None) -> Hello:
    """What a client's hello tells; `transport` as in JA4: "t", "q" or "d"."""
    return Hello(
        offered=min(hello.versions, default=0) if transport == "d" else max(hello.versions, default=0),
        protocols=hello.protocols,
        name=hello.name,
        ja4=fingerprint(hello, transport),
        hides_name=hello.hides_name,
        frame=frame,
        quic=quic,
    )


def server_version(data: bytes) -> int | None:
    """The version that a server chooses in its first bytes; None where they hold no whole ServerHello."""
    body = handshake_body(data, SERVER_HELLO)
    return chosen_version(body) if body else None


def handshake_body(stream: bytes | bytearray, kind: int) -> bytes | None:
    """The body of the first handshake message, which may span records (RFC 8446 §5.1).

    None while it isn't whole, b"" if it is of another kind or no handshake at all.
    """
    handshake, position = bytearray(), 0
    while position + 5 <= len(stream):
        if stream[position] != HANDSHAKE:
            return b""
        length = int.from_bytes(stream[position + 3 : position + 5], "big")
        handshake += stream[position + 5 : position + 5 + length]
        position += 5 + length
        if len(handshake) >= 4:
            if handshake[0] != kind:
                return b""
            size = int.from_bytes(handshake[1:4], "big")
            if len(handshake) >= 4 + size:
                return bytes(handshake[4 : 4 + size])
    return None
