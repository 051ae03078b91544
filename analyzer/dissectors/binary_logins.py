"""ClickHouse, memcached, Bolt, ZMTP, OPC UA, SMB, ZooKeeper: log-ins in binary form, values beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    LONGEST_LOGIN,
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
from analyzer.dissectors.ntlm import ntlm_login
from analyzer.dissectors.packstream import Value, read_value, texts_in

# ── ClickHouse, native protocol (clickhouse.com/docs/native-protocol/client) ─

REVISIONS = range(54_000, 60_000)
MOST_HELLO = 4096
NUMBER = 9  # groups of seven bits


def _hello(data: bytes) -> tuple[list[bytes], int]:
    """Return client, database, user and password of a Hello, and where it ends."""
    cursor = ByteReader(data, 1, MOST_HELLO)
    client = cursor.take(cursor.varint(NUMBER))
    _, _, revision = (cursor.varint(NUMBER) for _ in range(3))
    if data[:1] != b"\0" or revision not in REVISIONS:
        raise MalformedError("no Hello")
    return [client, *(cursor.take(cursor.varint(NUMBER)) for _ in range(3))], cursor.at


class ClickHouse(DirectionBytes):
    """The Hello with user and password; what follows is searched as it is."""

    name = "clickhouse"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._is_in = False

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether a Hello stands there, with a revision of this protocol."""
        try:
            return _hello(data)[1] > 0
        except MalformedError:
            return False

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client or self._is_in:
            return len(data)
        try:
            return _hello(bytes(data[:MOST_HELLO]))[1]
        except MalformedError:
            if len(data) >= MOST_HELLO:
                raise
            return 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side == self.client and not self._is_in:
            self._is_in = True
            (client, database, user, password), _ = _hello(data)
            others = [("client", text(client)), ("database", text(database))]
            yield login(self.name, "Hello", place, user, NOT_SHOWN if password else "", others)
        else:
            raise MalformedError("no Hello")  # which has it searched as data of no known protocol is

    def _may_be_login(self, side: int, size: int) -> bool:
        return not self._is_in and super()._may_be_login(side, size)


# ── memcached and Couchbase, binary protocol (docs.memcached.org) ───────────

REQUEST, RESPONSE, HEAD = 0x80, 0x81, 24
SASL_AUTH, SASL_STEP = 0x21, 0x22
MOST_VALUE = 1 << 26


class Memcached(DirectionBytes):
    """SASL log-ins, and the values that are stored under their keys."""

    name = "memcached"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the lengths of key, extras and body agree."""
        body = int.from_bytes(data[8:12], "big")
        return int.from_bytes(data[2:4], "big") + data[4] <= body <= max(len(data), 1 << 16)

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < HEAD:
            return 0
        size = int.from_bytes(data[8:12], "big")
        if data[0] not in (REQUEST, RESPONSE) or size > MOST_VALUE:
            raise MalformedError("no packet")
        return HEAD + size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        cursor = ByteReader(data, HEAD)
        cursor.take(data[4])
        key = cursor.take(int.from_bytes(data[2:4], "big"))
        if side == self.client and data[1] in (SASL_AUTH, SASL_STEP):
            user, password = sasl(key, cursor.rest())
            yield login(self.name, f"SASL {mechanism_name(key)}", place, user, password)
        else:
            yield from content(self.name, place, cursor.rest(), headers=[("key", text(key))])


# ── Bolt: Neo4j, Memgraph (neo4j.com/docs/bolt) ─────────────────────────────

SHAKE, MANIFEST = 20, b"\0\0\1\xff"
HELLO, LOGON = 0x01, 0x6A


class Bolt(DirectionBytes):
    """HELLO and LOGON with principal and credentials, statements and their parameters."""

    name = "bolt"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._chosen = False  # whether the client said all of the choice of a version
        self._extra = 0  # bytes of a choice from a manifest
        self._heard = b""

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client:
            return len(data)
        if not self._chosen:
            return SHAKE
        return self._extra if self._extra else _chunked(data)

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            if len(self._heard) < 4:
                self._heard += data[:4]
                self._extra = 5 if self._heard.startswith(MANIFEST) else 0
            yield from content(self.name, place, data)
        elif not self._chosen or self._extra:
            self._chosen, self._extra = True, 0
        else:
            yield from self._message(_without_chunks(data), place)

    def _message(self, data: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        if len(data) < 2:
            return
        values, cursor = [], ByteReader(data, 2)
        while cursor.left():
            values.append(read_value(cursor))
        if data[1] in (HELLO, LOGON):
            yield from self._login(values, place)
        else:
            yield from content(self.name, place, headers=texts_in(values))

    def _login(self, values: list[Value], place: MessagePlace) -> Iterator[HttpMessage]:
        given = {name: value for map_ in values if isinstance(map_, dict) for name, value in map_.items()}
        user, scheme = (value if isinstance(value := given.get(name), str) else "" for name in NAMED)
        password = (NOT_SHOWN if scheme == "basic" else NOT_READABLE) if given.get("credentials") else ""
        agent = given.get("user_agent")
        others = [("client", agent)] if isinstance(agent, str) else []
        if user or password or others:
            yield login(self.name, f"{scheme or 'HELLO'}"[:16], place, user, password, others)


NAMED = ("principal", "scheme")


def _chunked(data: bytearray) -> int:
    """Return the length of a message in chunks, of which the last one is empty; 0 where it goes on."""
    at = 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        at += 2 + size
        if not size:
            return at
    return 0


def _without_chunks(data: bytes) -> bytes:
    cursor, parts = ByteReader(data), []
    while cursor.left() and (part := cursor.counted(2)):
        parts.append(part)
    return b"".join(parts)


# ── ZMTP 3: ZeroMQ (rfc.zeromq.org/spec/23, /spec/24) ───────────────────────

GREETING, MORE, LONG, COMMAND = 64, 1, 2, 4


class Zmtp(DirectionBytes):
    """The HELLO of the PLAIN mechanism, from whichever side; parts of messages."""

    name = "zmtp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._mechanism = [b"", b""]

    def length(self, side: int, data: bytearray) -> int:
        if not self._mechanism[side]:
            return GREETING
        if not data or data[0] > LONG | COMMAND | MORE:
            raise MalformedError("no frame")
        head = 9 if data[0] & LONG else 2
        return head + int.from_bytes(data[1:head], "big") if len(data) >= head else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if not self._mechanism[side]:
            self._mechanism[side] = data[12:32].rstrip(b"\0") or b"?"
            return
        cursor = ByteReader(data, 9 if data[0] & LONG else 2)
        if data[0] & COMMAND and self._mechanism[side] == b"PLAIN" and data[2:8] == b"\5HELLO":
            cursor.counted(1)
            user, password = cursor.counted(1), cursor.counted(1)
            yield login(self.name, "PLAIN", place, user, NOT_SHOWN if password else "")
        else:
            yield from content(self.name, place, cursor.rest())

    def _may_be_login(self, side: int, size: int) -> bool:
        return b"PLAIN" in self._mechanism and size <= LONGEST_LOGIN


# ── OPC UA, binary encoding (OPC 10000-6 §5.2, §7.1; 10000-4 §7.40) ─────────

KINDS = (b"HEL", b"ACK", b"ERR", b"RHE", b"OPN", b"MSG", b"CLO")
# UserNameIdentityToken in binary form: node 324 of namespace 0.
USER_TOKEN = b"\x01\x00\x44\x01\x01"
BROWSE_PATHS, FOUND_NODES = b"\x01\x00\x2a\x02", b"\x01\x00\x2d\x02"
REQUEST_AT, TYPE_AT = 20, 24
# A node that is written: by a number in a namespace or by its name, its value, of it a text.
NODE = rb"(?P<node>\x01...|\x02......|\x03..(?P<size>.)\0\0\0(?P<name>[ -~]{1,200}?))"
WRITTEN = re.compile(NODE + rb"\x0d\0\0\0\xff{4}[\x01-\x3f]\x0c(?P<long>..)\0\0", re.DOTALL)
TARGET = re.compile(rb"..(?P<size>.)\0\0\0(?P<name>[A-Za-z_][ -~]{1,200})\Z", re.DOTALL)
RESOLVED = re.compile(rb"(?P<node>\x01...)\xff{4}", re.DOTALL)
MOST_NODES, MOST_WRITTEN = 256, 64


class OpcUa(DirectionBytes):
    """ActivateSession with a user's name, and values that are written, each under the name of its node."""

    name = "opc ua"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._asked: dict[bytes, str] = {}  # request → the last name of the path that it asks for
        self._names: dict[bytes, str] = {}  # node → that name

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 8:
            return 0
        size = int.from_bytes(data[4:8], "little")
        if data[:3] not in KINDS or size < 8:
            raise MalformedError("no message")
        return size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side == self.client and (at := data.find(USER_TOKEN, TYPE_AT)) >= 0:
            yield self._login(ByteReader(data, at + len(USER_TOKEN)), place)
            return
        self._note(data)
        written = list(self._written(data))[:MOST_WRITTEN] if side == self.client else []
        yield from content(self.name, place, data, headers=written)

    def _login(self, cursor: ByteReader, place: MessagePlace) -> HttpMessage:
        cursor = cursor.inner(cursor.number(4, "little"))
        _, user, password, algorithm = (_counted_or_null(cursor) for _ in range(4))
        sent = NOT_READABLE if algorithm else NOT_SHOWN
        return login(self.name, "ActivateSession", place, user, sent if password else "")

    def _note(self, data: bytes) -> None:
        """Remember which name a node was looked up by."""
        request, kind = data[REQUEST_AT:TYPE_AT], data[TYPE_AT : TYPE_AT + 4]
        if kind == BROWSE_PATHS and (found := TARGET.search(data, max(len(data) - 207, TYPE_AT))):
            if found["size"][0] == len(found["name"]) and len(self._asked) < MOST_NODES:
                self._asked[request] = text(found["name"])
        elif kind == FOUND_NODES and (name := self._asked.pop(request, "")):
            found = RESOLVED.search(data, TYPE_AT + 24)
            if found and len(self._names) < MOST_NODES:
                self._names[found["node"]] = name

    def _written(self, data: bytes) -> Iterator[tuple[str, str]]:
        for found in WRITTEN.finditer(data):
            size = int.from_bytes(found["long"], "little")
            name = text(found["name"]) if found["name"] else self._names.get(found["node"], "")
            value = data[found.end() : found.end() + size]
            if name and value.isascii():
                yield name, text(value)


def _counted_or_null(cursor: ByteReader) -> bytes:
    """Return a text or bytes behind their length, which is -1 where there are none."""
    size = cursor.number(4, "little")
    return b"" if size == 0xFFFFFFFF else cursor.take(size)


# ── SMB (MS-SMB2 §2.2.5, MS-NLMP §2.2.1.3) ──────────────────────────────────

SESSION_HEAD = 4
SESSION_KINDS = (0, 0x81, 0x82, 0x83, 0x84, 0x85)
FIRST_OF_SMB = 64  # messages of the client among which log-ins are


class Smb(DirectionBytes):
    """The account of an NTLM log-in; all else is searched as data of no known protocol is."""

    name = "smb"

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < SESSION_HEAD:
            return 0
        if data[0] not in SESSION_KINDS:
            raise MalformedError("no session message")
        return SESSION_HEAD + int.from_bytes(data[1:4], "big")

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        found = ntlm_login(data) if side == self.client and self._read <= FIRST_OF_SMB else None
        if found is None:
            raise MalformedError("no log-in")
        others = [("domain", found.domain), ("host name", found.computer)]
        yield login(self.name, "NTLM", place, found.user, NOT_READABLE, others)

    def _may_be_login(self, side: int, size: int) -> bool:
        return False  # the password is not in it


# ── ZooKeeper (zookeeper.jute: ConnectRequest, AuthPacket) ──────────────────

AUTH_TYPE, AUTH_HEAD = 100, 12


class ZooKeeper(DirectionBytes):
    """AuthPacket of the scheme digest, which holds user and password; paths and data of other requests."""

    name = "zookeeper"

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 4:
            return 0
        size = int.from_bytes(data[:4], "big")
        if not 0 < size < 1 << 24:
            raise MalformedError("no packet")
        return 4 + size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if (
            side != self.client
            or int.from_bytes(data[8:12], "big") != AUTH_TYPE
            or data[4:8] != b"\xff\xff\xff\xfc"
        ):
            yield from content(self.name, place, data[4:])
            return
        cursor = ByteReader(data, AUTH_HEAD + 4)
        scheme, given = cursor.counted(4), cursor.counted(4)
        user, mark, password = given.partition(b":")
        if scheme == b"digest" and mark:
            yield login(self.name, "digest", place, user, NOT_SHOWN if password else "")
