"""AMQP 0-9-1 and 1.0, Kafka and SMPP: who connects, how the password was sent, and what is published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    NOT_READABLE,
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
    text,
)

# ── AMQP 0-9-1 (§2.3.5, §4.2) and 1.0 (OASIS, part 5) ───────────────────────

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = 0xCE
START_OK, SECURE_OK = (10, 11), (10, 21)
DEEPEST = 4
# Field types and their sizes; "S", "x", "A", "F" carry a length.
SIZES = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"U": 2, b"u": 2, b"I": 4, b"i": 4, b"f": 4, b"l": 8, b"L": 8,
         b"d": 8,         b"T": 8, b"D": 5, b"V": 0}  # fmt: skip
SASL_INIT = re.compile(rb"\0\x53\x41[\xc0\xd0]", re.DOTALL)


class Amqp(DirectionBytes):
    """Start-Ok with its response (PLAIN, AMQPLAIN), sasl-init, and bodies of messages."""

    name = "amqp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._is_new = False  # version 1.0

    def length(self, side: int, data: bytearray) -> int:
        if data[:4] == b"AMQP"[: len(data)]:
            return 8
        if len(data) < 8:
            return 0
        if self._is_new:
            size = int.from_bytes(data[:4], "big")
            if size < 8 or data[4] < 2 or data[5] > 1:
                raise MalformedError("no frame")
            return size
        if data[0] not in (METHOD, HEADER, BODY, HEARTBEAT):
            raise MalformedError("no frame")
        return 8 + int.from_bytes(data[3:7], "big")

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if data[:4] == b"AMQP":
            self._is_new = data[5] == 1 and data[4] in (0, 2, 3)
            self.ended = self.sealed = side != self.client and data[4] == 2
        elif self._is_new:
            yield from self._frame(side, data, place)
        elif data[-1] != FRAME_END:
            raise MalformedError("no end of frame")
        elif data[0] == METHOD and side == self.client and _method(data) in (START_OK, SECURE_OK):
            yield from self._start(ByteReader(data, 11, len(data) - 1), _method(data), place)
        else:
            yield from content(self.name, place, data[7:-1])

    def _start(
        self, cursor: ByteReader, method: tuple[int, int], place: MessagePlace
    ) -> Iterator[HttpMessage]:
        if method == SECURE_OK:
            yield login(self.name, "Secure-Ok", place, b"", NOT_READABLE)
            return
        properties = list(_table(cursor.counted(4), 0))
        mechanism, response = cursor.counted(1), cursor.counted(4)
        user, password = sasl(mechanism, response)
        if mechanism == b"AMQPLAIN":
            given = dict(_table(response, 0))
            user, password = given.get("LOGIN", ""), NOT_SHOWN if given.get("PASSWORD") else ""
        elif mechanism == b"RABBIT-CR-DEMO":
            user, password = text(response), ""
        name = "AMQPLAIN" if mechanism == b"AMQPLAIN" else mechanism_name(mechanism)
        yield login(self.name, f"Start-Ok {name}", place, user, password, properties)

    def _frame(self, side: int, data: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        """A frame of version 1.0; type 1 is of SASL (part 5, §5.3)."""
        found = SASL_INIT.search(data, 8, 16) if data[5] == 1 and side == self.client else None
        if found is None:
            yield from content(self.name, place, data[8:] if data[5] == 0 else b"")
            return
        cursor = ByteReader(data, found.end())
        cursor.take(2 if data[found.end() - 1] == 0xC0 else 8)
        mechanism, response, host = (_primitive(cursor) for _ in range(3))
        user, password = sasl(mechanism, response)
        others = [("host name", text(host))]
        yield login(self.name, f"sasl-init {mechanism_name(mechanism)}", place, user, password, others)


def _method(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[7:9], "big"), int.from_bytes(data[9:11], "big")


def _table(data: bytes, depth: int) -> Iterator[tuple[str, str]]:
    """Names and values of a field table, tables in it flattened."""
    cursor = ByteReader(data)
    while cursor.left():
        name, kind = cursor.counted(1), cursor.take(1)
        if kind in (b"S", b"x"):
            yield text(name), text(cursor.counted(4))
        elif kind == b"F":
            inner = cursor.counted(4)
            if depth < DEEPEST:
                yield from _table(inner, depth + 1)
        elif kind == b"A":
            cursor.counted(4)
        elif kind in SIZES:
            cursor.take(SIZES[kind])
        else:
            raise MalformedError("no such type")


def _primitive(cursor: ByteReader) -> bytes:
    """A binary, string or symbol of AMQP 1.0 (part 1, §1.6); empty for null, or where nothing is left."""
    if not cursor.left():
        return b""
    code = cursor.number(1)
    if code in (0xA0, 0xA1, 0xA3):
        return cursor.counted(1)
    if code in (0xB0, 0xB1, 0xB3):
        return cursor.counted(4)
    if code == 0x40:
        return b""
    raise MalformedError("another type")


# ── Kafka (kafka.apache.org/protocol) ───────────────────────────────────────

PRODUCE, HANDSHAKE, AUTHENTICATE, VERSIONS = 0, 17, 36, 18
COMPACT = 5  # groups of seven bits of a compact length (KIP-482)
HIGHEST_KEY, HIGHEST_VERSION = 100, 25


class Kafka(DirectionBytes):
    """The client's name of each request, SASL PLAIN, and records that are not compressed."""

    name = "kafka"
    most_message = 1 << 20

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._mechanism = b""
        self._is_raw = False  # the next bytes are a SASL response without a header
        self._names: set[bytes] = set()

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the name of the client lies within the request and is text."""
        size, length = int.from_bytes(data[:4], "big"), int.from_bytes(data[12:14], "big")
        name = data[14 : 14 + length]
        return (
            size >= 10
            and 0 < length <= size - 10
            and len(name) == length
            and name.isascii()
            and (name.decode().isprintable())
        )

    def length(self, side: int, data: bytearray) -> int:
        return 4 + int.from_bytes(data[:4], "big") if len(data) >= 4 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        cursor = ByteReader(data, 4)
        if side != self.client:
            yield from content(self.name, place, cursor.rest())
            return
        if self._is_raw and self._mechanism:
            self._is_raw = False
            yield login(self.name, "SASL", place, *sasl(self._mechanism, cursor.rest()))
            return
        key, version = cursor.number(2), cursor.number(2)
        if key > HIGHEST_KEY or version > HIGHEST_VERSION:
            raise MalformedError("no request")
        cursor.take(4)
        length = cursor.number(2)
        name = b"" if length == 0xFFFF else cursor.take(length)
        yield from self._request(key, version, name, cursor, place)

    def _request(
        self, key: int, version: int, name: bytes, cursor: ByteReader, place: MessagePlace
    ) -> Iterator[HttpMessage]:
        if key == HANDSHAKE:
            self._mechanism, self._is_raw = cursor.counted(2), version == 0
        elif key == AUTHENTICATE:
            if version >= 2:  # flexible versions: tagged fields, then a compact length
                cursor.take(1)
                response = cursor.take(max(cursor.varint(COMPACT) - 1, 0))
            else:
                response = cursor.counted(4)
            known = sasl(self._mechanism, response)
            yield login(self.name, f"SASL {mechanism_name(self._mechanism)}", place, *known)
        else:
            is_new = name not in self._names and len(self._names) < 100
            self._names.add(name)
            if is_new:
                yield from content(self.name, place, b"", "request", None, [("client id", text(name))])
            yield from content(self.name, place, cursor.rest())


# ── SMPP (3.4 §4, 5.0 §4) ───────────────────────────────────────────────────

BINDS = {1: "bind_receiver", 2: "bind_transmitter", 9: "bind_transceiver"}
SUBMIT, DELIVER, DATA = 4, 5, 0x103
SUBMITS = {SUBMIT: "submit_sm", DELIVER: "deliver_sm"}
MESSAGE_PAYLOAD = 0x0424
INTERNATIONAL = 1  # a type of number


class Smpp(DirectionBytes):
    """Bind with system id and password; short messages with both numbers and their text."""

    name = "smpp"

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 8:
            return 0
        size, command = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big") & 0x7FFF_FFFF
        if not 16 <= size <= 1 << 17 or command > 0x200:
            raise MalformedError("no message")
        return size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        command, cursor = int.from_bytes(data[4:8], "big"), ByteReader(data, 16)
        if command in BINDS:
            user, password = cursor.terminated(), cursor.terminated()
            others = [("system type", text(cursor.terminated()))]
            yield login(self.name, BINDS[command], place, user, NOT_SHOWN if password else "", others)
        elif command in SUBMITS:
            yield from self._submit(cursor, SUBMITS[command], place)
        elif command < 0x8000_0000:
            yield from content(self.name, place, cursor.rest())

    def _submit(self, cursor: ByteReader, method: str, place: MessagePlace) -> Iterator[HttpMessage]:
        cursor.terminated()
        source, target = _address(cursor), _address(cursor)
        cursor.take(3)
        cursor.terminated()
        cursor.terminated()
        cursor.take(2)
        coding = cursor.number(1)
        cursor.take(1)
        said = cursor.counted(1)
        while cursor.left() >= 4:
            tag, value = cursor.number(2), cursor.counted(2)
            said = value if tag == MESSAGE_PAYLOAD else said
        # Coding 8 is UCS-2; a header of concatenation stands before the text of a long message.
        words = said[said[0] + 1 :] if said[:1] in (b"\x05", b"\x06") and len(said) > 7 else said
        written = words.decode("utf-16-be", "replace") if coding == 8 else text(words)
        # A program submits to subscribers; what is delivered to it comes from one.
        mobile, service = (target, source) if method == SUBMITS[SUBMIT] else (source, target)
        headers = [("MSISDN", mobile), ("service address", service), ("text", written)]
        yield from content(self.name, place, b"", method, None, headers)


def _address(cursor: ByteReader) -> str:
    kind, _ = cursor.number(1), cursor.number(1)
    number = text(cursor.terminated(65))
    return f"+{number}" if kind == INTERNATIONAL and number.isdigit() else number
