"""MySQL, PostgreSQL, TDS, MongoDB and Cassandra: who logs in and how, and the statements that follow."""

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
    plain_login,
    sasl,
    text,
)
from analyzer.dissectors.bound_values import Statements, mysql_values, postgresql_values

# Statements that set a password: CREATE USER, ALTER ROLE, SET PASSWORD, credentials of a link.
SETS_PASSWORD = re.compile(
    r"(\b(?:password|identified(?:\s+with\s+\S{1,64})?\s+(?:by|as)|pwd|secret)\b\s*(?:for\s+\S{1,128}\s*)?[=(:]?\s*N?)"
    r"('(?:[^'\\]|''|\\.)*'?|\"(?:[^\"\\]|\\.)*\"?)",
    re.IGNORECASE,
)


def without_password(statement: str) -> str:
    """Return a statement with the passwords that it sets left out."""
    return SETS_PASSWORD.sub(r"\1'(not shown)'", statement)


def statement(data: bytes) -> bytes:
    """Return the bytes of a statement, with the passwords that it sets left out."""
    plain = data.decode("latin-1")
    made = without_password(plain)
    return data if made == plain else made.encode("latin-1")


# ── MySQL and MariaDB (dev.mysql.com, client/server protocol) ───────────────

CLEAR_PLUGINS = (b"mysql_clear_password", b"dialog", b"authentication_ldap_sasl_client")
WITH_SSL, WITH_DATABASE, COUNTED, SECURE, WITH_PLUGIN, WITH_ATTRIBUTES = (
    0x800,
    8,
    1 << 21,
    1 << 15,
    1 << 19,
    1 << 20,
)
PROTOCOL_41 = 0x200
QUERY, PREPARE, CHANGE_USER, EXECUTE = 0x03, 0x16, 0x11, 0x17
SWITCH, MORE_DATA = 0xFE, 0x01


class MySql(DirectionBytes):
    """The handshake response, an answer in clear text to a change of method, and statements."""

    name = "mysql"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._user = b""
        self._plugin = b""
        self._is_in = False  # whether the log-in is over
        self._is_compressed = False
        self._prepared = Statements()

    def length(self, side: int, data: bytearray) -> int:
        return 4 + int.from_bytes(data[:3], "little") if len(data) >= 4 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        cursor = ByteReader(data, 4)
        first, sequence = data[4:5], data[3]
        if side != self.client:
            self._server(cursor, first, sequence)
        elif not self._user and sequence and not self._is_in:
            yield from self._response(cursor, place)
        elif not self._is_in and sequence:
            yield from self._method_data(cursor, place)
        elif sequence == 0 and first:
            self._is_in = True
            yield from self._command(cursor, place)

    def _server(self, cursor: ByteReader, first: bytes, sequence: int) -> None:
        if first == b"\xfe" and not self._is_in and cursor.left() > 1:  # AuthSwitchRequest
            cursor.take(1)
            self._plugin = cursor.terminated()
        elif first == b"\0" and sequence == 1 and self._prepared.asked and cursor.left() >= 5:
            cursor.take(1)
            self._prepared.keep(cursor.number(4, "little"), self._prepared.asked)
            self._prepared.asked = ""
        elif first == b"\0" and sequence > 1:
            self._is_in = True

    def _response(self, cursor: ByteReader, place: MessagePlace) -> Iterator[HttpMessage]:
        """HandshakeResponse41, or the SSLRequest that is its beginning."""
        flags = cursor.number(4, "little")
        if not flags & PROTOCOL_41:
            raise MalformedError("protocol before 4.1")
        cursor.take(28)
        if not cursor.left():
            self.ended = self.sealed = bool(flags & WITH_SSL)
            return
        self._user = cursor.terminated()
        secret = (
            _counted(cursor)
            if flags & COUNTED
            else cursor.counted(1)
            if flags & SECURE
            else cursor.terminated()
        )
        database = cursor.terminated() if flags & WITH_DATABASE else b""
        self._plugin = cursor.terminated() if flags & WITH_PLUGIN and cursor.left() else b""
        others = [("database", text(database)), *_attributes(cursor, flags)]
        yield login(self.name, "handshake", place, self._user, self._sent(secret), others)

    def _method_data(self, cursor: ByteReader, place: MessagePlace) -> Iterator[HttpMessage]:
        """What answers a change of method (AuthSwitchResponse)."""
        password = self._sent(cursor.rest())
        if password == NOT_SHOWN:
            yield login(self.name, "authentication", place, self._user, password)

    def _sent(self, secret: bytes) -> str:
        if not secret.strip(b"\0"):
            return ""
        return NOT_SHOWN if self._plugin in CLEAR_PLUGINS else NOT_READABLE

    def _command(self, cursor: ByteReader, place: MessagePlace) -> Iterator[HttpMessage]:
        command = cursor.number(1)
        if command == CHANGE_USER:
            user = cursor.terminated()
            yield login(self.name, "change user", place, user, NOT_READABLE)
            return
        body = cursor.rest()
        pairs: list[tuple[str, str]] = []
        if command == EXECUTE:
            pairs = self._bound(ByteReader(body))
        else:
            self._prepared.asked = text(body) if command == PREPARE else ""
        yield from content(self.name, place, b"" if pairs else statement(body), headers=pairs)

    def _bound(self, cursor: ByteReader) -> list[tuple[str, str]]:
        """The values of a prepared statement, by their columns."""
        try:
            number = cursor.number(4, "little")
            return self._prepared.named(number, mysql_values(cursor, self._prepared.count(number)))
        except MalformedError:
            return []


def _counted(cursor: ByteReader) -> bytes:
    """Bytes behind a length-encoded integer."""
    first = cursor.number(1)
    return cursor.take(first if first < 0xFB else cursor.number({0xFC: 2, 0xFD: 3}.get(first, 8), "little"))


def _attributes(cursor: ByteReader, flags: int) -> Iterator[tuple[str, str]]:
    if flags & WITH_ATTRIBUTES and cursor.left():
        inner = ByteReader(_counted(cursor))
        while inner.left():
            name = _counted(inner)
            yield text(name), text(_counted(inner))


# ── PostgreSQL (postgresql.org/docs/current/protocol-message-formats.html) ──

START, TLS, GSS, CANCEL = (0x0003_0000, 0x0002_0000, 0x0003_0002), 80877103, 80877104, 80877102
CLEAR_ASKED, SASL_ASKED = 3, (10, 11)
LONGEST_START, LONGEST_STATEMENT = 10_000, 1 << 16


class PostgreSql(DirectionBytes):
    """The start-up message, a password in clear text, and statements with their values."""

    name = "postgresql"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._user = b""
        self._asked = 0  # the kind of authentication that the server asks for
        self._is_started = self._tls_asked = False
        self._prepared = Statements()

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client and self._tls_asked:
            return 1
        if side == self.client and not self._is_started:
            size = int.from_bytes(data[:4], "big")
            if len(data) >= 4 and not 8 <= size <= LONGEST_START:
                raise MalformedError("no start-up message")
            return size if len(data) >= 8 else 0
        if len(data) < 5:
            return 0
        size = int.from_bytes(data[1:5], "big")
        if size < 4 or not chr(data[0]).isalnum():
            raise MalformedError("no message")
        return 1 + size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            yield from self._server(data, place)
        elif not self._is_started:
            yield from self._start(ByteReader(data, 4), place)
        elif data[:1] == b"p":
            password = NOT_SHOWN if self._asked == CLEAR_ASKED else NOT_READABLE
            yield login(self.name, "password", place, self._user, password)
        else:
            pairs = self._bound(data)
            body = b"" if pairs else statement(data[5:].rstrip(b"\0"))
            yield from content(self.name, place, body, headers=pairs)

    def _bound(self, data: bytes) -> list[tuple[str, str]]:
        """The values of a prepared statement (Bind), by the columns that it named (Parse)."""
        cursor = ByteReader(data, 5)
        try:
            if data[:1] == b"P":
                name = cursor.terminated()
                self._prepared.keep(name, text(cursor.terminated(LONGEST_STATEMENT)))
            elif data[:1] == b"B":
                return self._prepared.named(*postgresql_values(cursor))
        except MalformedError:
            pass
        return []

    def _server(self, data: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        if self._tls_asked:
            self._tls_asked = False
            self.ended = self.sealed = data[:1] in (b"S", b"G")
        elif data[:1] == b"R":
            self._asked = int.from_bytes(data[5:9], "big")
        else:
            yield from content(self.name, place, data[5:])

    def _start(self, cursor: ByteReader, place: MessagePlace) -> Iterator[HttpMessage]:
        code = cursor.number(4)
        if code in (TLS, GSS):
            self._tls_asked = True
            return
        if code not in START:
            raise MalformedError("another version")
        self._is_started = True
        found: list[tuple[str, str]] = []
        while cursor.left() > 1:
            name = cursor.terminated()
            value = cursor.terminated()
            if name == b"user":
                self._user = value
            elif name:
                found.append((text(name), text(value)))
        yield login(self.name, "start-up", place, self._user, "", found)


# ── TDS (MS-TDS §2.2.6.4): Microsoft SQL Server and Sybase ──────────────────

LOGIN_7, PRELOGIN, BATCH, CALL = 0x10, 0x12, 0x01, 0x03
LAST = 1
LOGIN_FIXED = 94
# Offset and length of each text stand in this order from byte 36 of LOGIN7.
TEXTS = ("host name", "User", "Password", "application", "server", "", "library", "language", "database")


class Tds(DirectionBytes):
    """LOGIN7, whose password is only obfuscated (halves of a byte swapped, XOR 0xA5), and batches."""

    name = "tds"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._parts = bytearray()

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 8:
            return 0
        size = int.from_bytes(data[2:4], "big")
        if size < 8 or data[0] not in (1, 2, 3, 4, 6, 7, 0x0E, 0x10, 0x11, 0x12, 0x17):
            raise MalformedError("no packet")
        return size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        kind = data[0]
        if side != self.client:
            yield from content(self.name, place, data[8:])
            return
        if kind == PRELOGIN and data[8:9] == b"\x16":
            self.ended = self.sealed = True
            return
        if len(self._parts) < self.most_message:
            self._parts += data[8:]
        if not data[1] & LAST:
            return
        whole, self._parts = bytes(self._parts), bytearray()
        if kind == LOGIN_7:
            yield self._login(whole, place)
        elif kind in (BATCH, CALL):
            yield from content(
                self.name, place, b"", None, None, [("statement", without_password(_utf16(whole)))]
            )

    def _login(self, data: bytes, place: MessagePlace) -> HttpMessage:
        if len(data) < LOGIN_FIXED:
            raise MalformedError("cut")
        cursor, said = ByteReader(data, 36), {}
        for name in TEXTS:
            at, count = cursor.number(2, "little"), cursor.number(2, "little")
            said[name] = data[at : at + 2 * count]
        address = data[72:78]
        others = [(name, _utf16(said[name])) for name in TEXTS if name not in ("", "User", "Password")]
        if any(address):
            others.append(("client id MAC", address.hex(":")))
        return login(
            self.name, "LOGIN7", place, _utf16(said["User"]), NOT_SHOWN if said["Password"] else "", others
        )


def _utf16(data: bytes) -> str:
    """Text in UTF-16, without the characters that stand for numbers of a header."""
    decoded = data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    return "".join(char if char.isprintable() or char in "\r\n\t" else " " for char in decoded).strip()


# ── MongoDB (mongodb.com/docs/manual/reference/mongodb-wire-protocol) ───────

MESSAGE, COMPRESSED = 2013, 2012
OPERATIONS = frozenset((1, 2001, 2002, 2004, 2005, 2006, 2007, 2010, 2011, COMPRESSED, MESSAGE))


class Mongo(DirectionBytes):
    """Documents of commands, each a body; SASL log-ins among them."""

    name = "mongodb"
    most_message = 1 << 20

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether length, operation and the length of the first document agree."""
        size = int.from_bytes(data[:4], "little")
        return 21 <= size <= 48_000_000 and (len(data) >= size or size > 21)

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 16:
            return 0
        size, operation = int.from_bytes(data[:4], "little"), int.from_bytes(data[12:16], "little")
        if size < 16 or operation not in OPERATIONS:
            raise MalformedError("no message")
        return size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        for document in _documents(data):
            found = _mongo_login(document)
            if found is not None:
                yield login(self.name, found[0], place, found[1], found[2])
            else:
                yield from content(self.name, place, document, "message")


def _documents(data: bytes) -> Iterator[bytes]:
    """The BSON documents of a message: one section of each kind of OP_MSG, the query of OP_QUERY."""
    operation = int.from_bytes(data[12:16], "little")
    if operation == MESSAGE:
        cursor = ByteReader(data, 20, len(data) - (4 if data[16] & 1 else 0))
        while cursor.left() > 4:
            if cursor.number(1) == 1:
                size = cursor.number(4, "little")
                section = cursor.inner(size - 4)
                section.terminated()
                while section.left() > 4:
                    yield _document(section)
            else:
                yield _document(cursor)
        return
    cursor = ByteReader(data, 20)
    if operation == 2004:
        cursor.terminated()
        cursor.take(8)
    elif operation == 1:
        cursor.take(16)
    if operation in (1, 2004):
        while cursor.left() > 4:
            yield _document(cursor)


def _document(cursor: ByteReader) -> bytes:
    size = int.from_bytes(cursor.data[cursor.at : cursor.at + 4], "little")
    if size < 5:
        raise MalformedError("no document")
    return cursor.take(size)


def _mongo_login(document: bytes) -> tuple[str, str, str] | None:
    """(mechanism, user, how the password was sent) of a saslStart command."""
    if b"\x10saslStart\0" not in document[:64]:
        return ("SASL", "", NOT_READABLE) if b"\x10saslContinue\0" in document[:64] else None
    mechanism, payload = (
        _member(document, b"\x02mechanism\0", 4, -1),
        _member(document, b"\x05payload\0", 5, 0),
    )
    user, password = sasl(mechanism, payload)
    return f"saslStart {mechanism.decode('ascii', 'replace')[:32]}", user, password


def _member(document: bytes, name: bytes, head: int, less: int) -> bytes:
    at = document.find(name)
    if at < 0:
        return b""
    at += len(name)
    size = int.from_bytes(document[at : at + 4], "little")
    return document[at + head : at + head + size + less]


# ── Cassandra (native protocol v3 to v5, §4.1) ──────────────────────────────

STARTUP, AUTH_RESPONSE, READABLE = 0x01, 0x0F, frozenset((0x07, 0x09, 0x0A))


class Cassandra(DirectionBytes):
    """AUTH_RESPONSE with the PLAIN token, and statements."""

    name = "cassandra"

    def length(self, side: int, data: bytearray) -> int:
        if len(data) < 9:
            return 0
        if data[0] & 0x7F not in (3, 4, 5, 6):
            raise MalformedError("another version")
        return 9 + int.from_bytes(data[5:9], "big")

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        kind, cursor = data[4], ByteReader(data, 9)
        if side == self.client and kind == AUTH_RESPONSE:
            user, password = plain_login(cursor.counted(4))
            yield login(self.name, "AUTH_RESPONSE", place, user, password or NOT_READABLE)
        else:
            yield from content(self.name, place, statement(cursor.rest()))
