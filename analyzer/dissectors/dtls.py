"""The first datagrams of a DTLS flow to what its hellos tell (RFC 6347, RFC 9147).

Records and handshake messages are numbered, and a message may come in fragments, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.dissectors.client_hello import Hello, chosen_version, read_client_hello
from analyzer.dissectors.tls import CLIENT_HELLO, HANDSHAKE, SERVER_HELLO, told

RECORD, FRAGMENT = 13, 12  # bytes of the headers
# Bytes of a hello, and fragments of one side, at most.
MOST_HELLO, MOST_FRAGMENTS = 1 << 15, 64


class Fragment(NamedTuple):
    """A piece of a handshake message (RFC 6347 §4.2.2)."""

    kind: int
    number: int  # of the message; a hello sent again with a cookie has the next
    length: int  # of the whole message
    offset: int
    data: bytes


class DtlsReader:
    """Collects one side's fragments until its hello is whole.

    `hello` is a client's; `chosen` is the version that a server chose. `done` says that no more datagrams
    of this side are of use.
    """

    __slots__ = ("_fragments", "chosen", "done", "hello")

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.chosen: int | None = None
        self.done = False
        self._fragments: dict[tuple[int, int], Fragment] = {}

    def feed(self, datagram: bytes, frame: int) -> None:
        """One datagram, which may hold several records."""
        if self.done:
            return
        for fragment in fragments(datagram):
            if self.done or len(self._fragments) > MOST_FRAGMENTS:
                break
            if fragment.kind in (CLIENT_HELLO, SERVER_HELLO) and fragment.length <= MOST_HELLO:
                self._fragments.setdefault((fragment.number, fragment.offset), fragment)
                self._take(fragment, frame)
        self.done = self.done or len(self._fragments) > MOST_FRAGMENTS

    def _take(self, latest: Fragment, frame: int) -> None:
        body = self._whole(latest)
        if body is None:
            return
        if latest.kind == SERVER_HELLO:
            self.chosen = chosen_version(body)
        elif (found := read_client_hello(body, has_cookie=True)) is not None:
            self.hello = told(found, "d", frame)
        self.done = True

    def _whole(self, latest: Fragment) -> bytes | None:
        """The message that a fragment belongs to, None while pieces are missing."""
        mine = [f for f in self._fragments.values() if f.number == latest.number]
        body = bytearray()
        for fragment in sorted(mine, key=lambda f: f.offset):
            if fragment.offset > len(body):
                return None
            body += fragment.data[len(body) - fragment.offset :]
        return bytes(body[: latest.length]) if len(body) >= latest.length else None


def fragments(datagram: bytes) -> Iterator[Fragment]:
    """The handshake fragments of the unencrypted records (epoch 0) of a datagram; cut ones are left out."""
    position = 0
    while position + RECORD <= len(datagram) and datagram[position] == HANDSHAKE:
        epoch = datagram[position + 3] << 8 | datagram[position + 4]
        end = position + RECORD + (datagram[position + 11] << 8 | datagram[position + 12])
        if epoch or end > len(datagram):
            return
        yield from _in_record(datagram[position + RECORD : end])
        position = end


def _in_record(record: bytes) -> Iterator[Fragment]:
    position = 0
    while position + FRAGMENT <= len(record):
        head = record[position : position + FRAGMENT]
        length, offset, size = (int.from_bytes(head[at : at + 3], "big") for at in (1, 6, 9))
        data = record[position + FRAGMENT : position + FRAGMENT + size]
        if len(data) < size or offset + size > length:
            return
        yield Fragment(head[0], head[4] << 8 | head[5], length, offset, data)
        position += FRAGMENT + size
