"""What dissectors share: a stream cut into messages, bytes read field by field, messages with log-ins.

A password is never kept: a message names the account, says that a password was readable, and its body holds
none of the bytes of the log-in.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from analyzer.dissectors.byte_queue import ByteQueue, QueuedBytes
from analyzer.dissectors.clear_message import Headers, MessagePlace, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.registry import MalformedError
from analyzer.dissectors.text_logins import NOT_READABLE, NOT_SHOWN, mechanism_name
from analyzer.dissectors.unclassified import UnclassifiedBytes, is_searched, unclassified
from analyzer.flows.reassembly import Gap, Segment

__all__ = [
    "NOT_READABLE",
    "NOT_SHOWN",
    "ByteReader",
    "DirectionBytes",
    "Headers",
    "HttpMessage",
    "MalformedError",
    "MessagePlace",
    "QueuedBytes",
    "TextLines",
    "content",
    "decoded",
    "login",
    "mechanism_name",
    "message",
    "place_of",
    "plain_login",
    "sasl",
    "tbcd",
    "text",
]  # fmt: skip

# Bytes of one message that are held; a longer one is searched in pieces, as data of no known protocol is.
MOST_MESSAGE = 1 << 18
# Bytes of one line.
MOST_LINE = 1 << 14
# The client's messages among which a log-in is, and the most bytes of one: what is left of such is dropped.
FIRST_MESSAGES, LONGEST_LOGIN = 16, 1 << 13
# Fields of one message that become headers.
MOST_FIELDS = 256
LONGEST_VALUE = 4096
KEYED = re.compile(r"SCRAM-|CRAM-|DIGEST-|GSSAPI|NTLM|EXTERNAL|ANONYMOUS")


class ByteReader:
    """Reads bytes field by field. Each method raises MalformedError where the bytes end too early."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data, self.at = data, at
        self.end = len(data) if end is None else min(end, len(data))

    def left(self) -> int:
        """Return how many bytes are left."""
        return self.end - self.at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if not 0 <= count <= self.end - self.at:
            raise MalformedError("cut")
        self.at += count
        return self.data[self.at - count : self.at]

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self.take(self.end - self.at)

    def number(self, size: int, order: str = "big") -> int:
        """Return an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "big" if order == "big" else "little")

    def counted(self, size: int, order: str = "big") -> bytes:
        """Return bytes behind their length, which takes `size` bytes."""
        return self.take(self.number(size, order))

    def varint(self, groups: int) -> int:
        """Return an unsigned number in at most so many groups of seven bits, the lowest first."""
        value = 0
        for shift in range(0, 7 * groups, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise MalformedError("too long a number")

    def terminated(self, most: int = LONGEST_VALUE) -> bytes:
        """Return bytes up to a zero, which is passed over."""
        found = self.data.find(b"\0", self.at, min(self.end, self.at + most + 1))
        if found < 0:
            raise MalformedError("no end")
        value = self.data[self.at : found]
        self.at = found + 1
        return value

    def inner(self, count: int) -> ByteReader:
        """Return a cursor over the next `count` bytes, which are passed over."""
        begin = self.at
        self.take(count)
        return ByteReader(self.data, begin, self.at)


class DirectionBytes:
    """A TCP flow of framed messages, both directions; a subclass says where each ends and what it holds.

    `searched` tells of A and B whether what it sends is searched; what a subclass does not take goes the way
    of data of no known protocol.
    """

    name: ClassVar[str] = ""
    most_message: ClassVar[int] = MOST_MESSAGE

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        self.client = client
        self.port = port
        self.proven, self.ended, self.sealed = True, False, False
        self.searched = searched
        self._sides = (ByteQueue(), ByteQueue())
        self._lost = [False, False]
        self._skipped = [0, 0]  # bytes of a message too long to be held
        self._remains = (UnclassifiedBytes(0), UnclassifiedBytes(1))
        self._read = 0  # messages of the client

    # ── what a subclass says ────────────────────────────────────────────

    def length(self, side: int, data: bytearray) -> int:
        """Return the length in bytes of the message that `data` begins with; 0 where more bytes are needed.

        Raises MalformedError where none begins.
        """
        raise NotImplementedError

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        """Yield what one message says. Raises MalformedError where it is not of the protocol."""
        raise NotImplementedError

    # ── reading ─────────────────────────────────────────────────────────

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes."""
        data = self._sides[side]
        if isinstance(piece, Gap):
            self._over(side)
            self._remains[side].add(piece)
            self._lost[side] = True
        elif self._skipped[side]:
            yield from self._skip(side, piece)
        else:
            if self._lost[side] and not self._begins_again(side, piece.data):
                self._leave(side, [piece])
            else:
                self._lost[side] = False
                data.add(piece)
                yield from self._messages(side)
        yield from self._given(side)

    def close(self) -> Iterator[Exchange]:
        """What the end of the flow leaves."""
        for side in (self.client, 1 - self.client):
            self._over(side)
            self._remains[side].flush()
            yield from self._given(side)

    def _skip(self, side: int, piece: Segment) -> Iterator[Exchange]:
        """The rest of a message too long to be held, and what begins behind it."""
        size = min(self._skipped[side], len(piece.data))
        self._skipped[side] -= size
        self._leave(side, [piece._replace(data=piece.data[:size])])
        if size < len(piece.data):
            rest = piece._replace(data=piece.data[size:], offset=piece.offset + size)
            yield from self.feed(side, rest)

    def _messages(self, side: int) -> Iterator[Exchange]:
        data = self._sides[side]
        while data and not self.ended:
            try:
                length = self.length(side, data.data)
            except MalformedError:
                self._over(side)
                self._lost[side] = True
                return
            if length > self.most_message:
                self._skipped[side] = length - len(data)
                self._over(side)
                self._skipped[side] = max(self._skipped[side], 0)
                return
            if not 0 < length <= len(data):
                if len(data) > self.most_message:
                    self._over(side)
                    self._lost[side] = True
                return
            yield from self._take(side, data.take(length))

    def _take(self, side: int, taken: QueuedBytes) -> Iterator[Exchange]:
        self._read += side == self.client
        try:
            for made in self.read(side, taken.data, place_of(taken)):
                if self.searched[side] or made.values("user") or made.values("password"):
                    made.spans = made.spans or list(taken.spans)
                    yield Exchange(made, None, side)
        except MalformedError:
            if not self._may_be_login(side, len(taken.data)):
                self._leave(side, [Segment(taken.start, taken.data, taken.frames[0], taken.time_ns)])

    def _begins_again(self, side: int, data: bytes) -> bool:
        try:
            return self.length(side, bytearray(data)) > 0
        except MalformedError:
            return False

    def _over(self, side: int) -> None:
        """Leave what waits: it makes no message. A piece of a log-in is not kept."""
        rest = self._sides[side].rest()
        if not self._may_be_login(side, sum(len(piece.data) for piece in rest)):
            self._leave(side, rest)

    def _may_be_login(self, side: int, size: int) -> bool:
        return side == self.client and self._read < FIRST_MESSAGES and size <= LONGEST_LOGIN

    def _leave(self, side: int, pieces: Iterable[Segment]) -> None:
        if self.searched[side]:
            for piece in pieces:
                self._remains[side].add(piece)

    def _given(self, side: int) -> Iterator[Exchange]:
        yield from self._remains[side].give()


class TextLines(DirectionBytes):
    """A TCP flow of lines, each ended by LF or CR LF."""

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._looked = [0, 0]  # bytes that hold no end of a line

    def length(self, side: int, data: bytearray) -> int:
        end = data.find(b"\n", self._looked[side])
        self._looked[side] = 0 if end >= 0 else len(data)
        if end < 0 and len(data) > MOST_LINE:
            self._looked[side] = 0
            raise MalformedError("no line")
        return end + 1

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        line = data.rstrip(b"\r\n")
        return self.line(side, line, place) if line else ()

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        """Yield what one line says, its end taken off."""
        raise NotImplementedError

    def _over(self, side: int) -> None:
        self._looked[side] = 0
        super()._over(side)

    def _may_be_login(self, side: int, size: int) -> bool:
        """A line is short, and may be a log-in at any time."""
        return side == self.client and size <= LONGEST_LOGIN


# ── messages ────────────────────────────────────────────────────────────────


def login(
    protocol: str, method: str, place: MessagePlace, user: bytes | str = b"", password: str = "",
    others: Iterable[tuple[str, str]] = (),
) -> HttpMessage:  # fmt: skip
    """Return the message of a log-in; `password` says how it was sent and never what it is."""
    named = user if isinstance(user, str) else text(user)
    headers: Headers = [("User", named)] if named else []
    headers += [("Password", password)] if password else []
    headers += [(name, value) for name, value in others if value]
    return message(protocol, "request", place, method=method, headers=headers, one_way=True)


def content(
    protocol: str, place: MessagePlace, body: bytes = b"", method: str | None = None,
    target: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Iterator[HttpMessage]:  # fmt: skip
    """Yield the message of readable content; nothing where there is none worth a search."""
    kept = [(name, value[:LONGEST_VALUE]) for name, value in headers if value][:MOST_FIELDS]
    if not kept and not (target and len(target) > 5) and not is_searched(body):
        return
    made = unclassified(body, place) if body and not kept and method is None else None
    if made is None:
        made = message(
            protocol, "request", place, body=body, method=method, target=target, headers=kept, one_way=True
        )
    made.protocol = protocol
    yield made


# ── SASL ────────────────────────────────────────────────────────────────────


def decoded(response: bytes) -> bytes:
    """Return what base64 stands for; empty where it is none."""
    try:
        return base64.b64decode(response.strip() + b"=" * (-len(response.strip()) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def plain_login(response: bytes) -> tuple[str, str]:
    """Return (user, how the password was sent) of the PLAIN mechanism, its base64 undone (RFC 4616)."""
    parts = response.split(b"\0")
    if len(parts) != 3:
        return "", ""
    return text(parts[1] or parts[0]), NOT_SHOWN if parts[2] else ""


def sasl(mechanism: bytes, response: bytes) -> tuple[str, str]:
    """Return (user, how the password was sent) of a mechanism's first response, its base64 undone."""
    name = mechanism_name(mechanism)
    if name == "PLAIN":
        return plain_login(response)
    if name in ("XOAUTH2", "OAUTHBEARER"):
        user = re.search(rb"(?:user=|,a=)([^\x01,]{1,256})", response)
        return text(user[1]) if user else "", "an access token was " + NOT_SHOWN
    if name == "LOGIN":
        return text(response), ""
    if name.startswith("SCRAM-"):
        user = re.search(rb"(?:\A|,)n=([^,]{1,256})", response)  # RFC 5802 §5.1
        return text(user[1]) if user else "", NOT_READABLE
    if name == "CRAM-MD5":
        return text(response.rpartition(b" ")[0]), NOT_READABLE
    return "", NOT_READABLE if KEYED.match(name) else ""


# ── values ──────────────────────────────────────────────────────────────────


def tbcd(data: bytes) -> str:
    """Return the digits of TBCD, low half first, 0xF as filler (3GPP TS 29.002 §17.7.8); empty for others."""
    halves = [half for byte in data for half in (byte & 15, byte >> 4)]
    while halves and halves[-1] == 15:
        halves.pop()
    return "".join(map(str, halves)) if halves and max(halves) <= 9 else ""
