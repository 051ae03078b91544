"""Both directions of a SOCKS connection (4, 4a, 5) to its request, its reply, and what goes through it.

Sans-IO. The two sides are read in step, as RFC 1928 has them speak; where only one was captured, its own
bytes must do. What turns out to be something else is given back. Passwords are named and never kept.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from analyzer.dissectors.byte_queue import ByteQueue, QueuedBytes, note
from analyzer.dissectors.clear_message import Headers
from analyzer.dissectors.exchange import Exchange, Placed, Surroundings
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.text_logins import NOT_SHOWN
from analyzer.dissectors.tunnel import InnerConnection
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Role

VERSION_4, VERSION_5, USER_VERSION = 4, 5, 1
NO_METHOD, USER_PASSWORD = 0xFF, 2
IPV4, DOMAIN, IPV6 = 1, 3, 4

# RFC 1928 §4; SOCKS 4 knows the first two.
COMMANDS = {1: "CONNECT", 2: "BIND", 3: "UDP ASSOCIATE"}
# RFC 1928 §6, and the replies of SOCKS 4 (<https://www.openssh.com/txt/socks4.protocol>).
REPLIES = {
    0: "succeeded", 1: "general SOCKS server failure", 2: "connection not allowed by ruleset",
    3: "network unreachable", 4: "host unreachable", 5: "connection refused", 6: "TTL expired",
    7: "command not supported", 8: "address type not supported",
    90: "request granted", 91: "request rejected or failed", 92: "identd on the client is unreachable",
    93: "identd reports another user",
}  # fmt: skip
GRANTED = (0, 90)
# RFC 1928 §3, and what IANA assigned since.
METHODS = {
    0: "none", 1: "GSSAPI", 2: "user name and password", 3: "CHAP", 5: "challenge-response", 6: "TLS",
    NO_METHOD: "refused",
}  # fmt: skip

# Bytes of one side that are held while the handshake is not decided: it takes some 800 at most.
MOST_HANDSHAKE = 1 << 12
LONGEST_USER = 255  # bytes of a SOCKS 4 user or host name


class WaitError(Exception):
    """More bytes are needed."""


class NotSocksError(Exception):
    """This is not SOCKS."""


class Address(NamedTuple):
    """A destination as it stands in a request, and how many bytes it took."""

    host: str
    port: int
    size: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_at(data: bytes | bytearray, at: int) -> Address:
    """Address type, address and port (RFC 1928 §5). Raises WaitError, RefusedError."""
    kind = _byte(data, at)
    begin = at + 1
    if kind == DOMAIN:
        begin += 1
        width = _byte(data, at + 1)
    elif kind in (IPV4, IPV6):
        width = 4 if kind == IPV4 else 16
    else:
        raise NotSocksError
    end = begin + width
    if len(data) < end + 2:
        raise WaitError
    raw = bytes(data[begin:end])
    is_name = kind == DOMAIN
    host = raw.decode("ascii", "backslashreplace") if is_name else str(ipaddress.ip_address(raw))
    return Address(host, int.from_bytes(data[end : end + 2], "big"), end + 2 - at)


class Socks:
    """Reads a connection whose direction `client` begins like SOCKS; `around` is what that goes through."""

    def __init__(self, client: int, around: Surroundings) -> None:
        self.returned: Sequence[Placed] = ()
        self._client, self._around = client, around
        self._sides = (ByteQueue(), ByteQueue())
        self._pieces: list[Placed] = []  # all that came, until it is sure to be SOCKS
        self._held = 0
        self._request: HttpMessage | None = None
        self._headers: Headers = []
        self._parts: list[QueuedBytes] = []  # of the request
        self._inside: InnerConnection | None = None
        self._is_over = False  # nothing inside can be read
        self._step: Callable[[bool], Iterator[Exchange]] = self._begin

    @property
    def sure(self) -> bool:
        return self._request is not None

    @property
    def wants_more(self) -> bool:
        return not self._is_over and (self._inside is None or self._inside.wants_more)

    @property
    def skipped(self) -> int:
        return self._inside.skipped if self._inside is not None else 0

    def feed(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes: the request with its reply, and those inside."""
        if self._inside is not None:
            yield from self._inside.feed(direction, piece)
        elif not self._is_over:
            self._pieces.append((direction, piece))
            if isinstance(piece, Gap):
                yield from self._gap(direction, piece)
                return
            self._sides[direction].add(piece)
            self._held += len(piece.data)
            yield from self._advance(self._held > MOST_HANDSHAKE)

    def close(self) -> Iterator[Exchange]:
        """What the end of the connection leaves: a request without a reply, and what is inside."""
        if self._inside is None and not self._is_over:
            yield from self._advance(True)
        if self._inside is not None:
            yield from self._inside.close()
        elif not self._is_over:
            yield from self._stop()

    def unanswered(self) -> Iterator[Exchange]:
        """Give the requests inside that are complete while their answers are not."""
        if self._inside is not None:
            yield from self._inside.unanswered()

    # ── the handshake ───────────────────────────────────────────────────

    def _advance(self, alone: bool) -> Iterator[Exchange]:
        """As far as the bytes go; `alone` when the other side's are not waited for any longer."""
        try:
            while self._inside is None and not self._is_over:
                yield from self._step(alone)
        except WaitError:
            if alone and self._held > MOST_HANDSHAKE:
                yield from self._stop()
        except NotSocksError:
            yield from self._stop()

    def _begin(self, _: bool) -> Iterator[Exchange]:
        """The client's first message: a SOCKS 4 request, or the methods that it offers (RFC 1928 §3)."""
        data = self._sides[self._client].data
        version, second = _byte(data, 0), _byte(data, 1)
        if version == VERSION_4 and second in (1, 2):
            self._step = self._request_4
            return iter(())
        if version != VERSION_5 or not second:
            raise NotSocksError
        methods = bytes(_data(data, 2, second))
        if not all(method <= 9 or method >= 0x80 for method in methods):
            raise NotSocksError
        self._parts.append(self._sides[self._client].take(2 + second))
        offered = ", ".join(METHODS.get(method, str(method)) for method in methods)
        self._headers.append(("authentication offered", offered))
        self._step = self._choice
        return iter(())

    def _choice(self, alone: bool) -> Iterator[Exchange]:
        """The server's choice of a method."""
        server, client = self._sides[1 - self._client], self._sides[self._client]
        if server.data or not alone:
            version, method = _byte(server.data, 0), _byte(server.data, 1)
            if version != VERSION_5:
                raise NotSocksError
            server.take(2)
        else:  # the client goes on with a user name, or with its request
            method = USER_PASSWORD if _byte(client.data, 0) == USER_VERSION else 0
        self._headers.append(("authentication", METHODS.get(method, str(method))))
        self._step = {0: self._request_5, USER_PASSWORD: self._password}.get(method, self._unreadable)
        return iter(())

    def _password(self, _: bool) -> Iterator[Exchange]:
        """User name and password (RFC 1929 §2), of which the name alone is kept."""
        client = self._sides[self._client]
        if _byte(client.data, 0) != USER_VERSION:
            raise NotSocksError
        length = _byte(client.data, 1)
        user = bytes(_data(client.data, 2, length))
        secret = _byte(client.data, 2 + length)
        _data(client.data, 3 + length, secret)
        self._parts.append(client.take(3 + length + secret))
        self._headers += [("user", user.decode("utf-8", "backslashreplace")), ("password", NOT_SHOWN)]
        self._step = self._password_reply
        return iter(())

    def _password_reply(self, alone: bool) -> Iterator[Exchange]:
        server = self._sides[1 - self._client]
        if server.data or not alone:
            _byte(server.data, 1)
            if server.take(2).data[1]:
                self._headers.append(("authentication result", "refused"))
        self._step = self._request_5
        return iter(())

    def _request_5(self, _: bool) -> Iterator[Exchange]:
        """Command and destination (RFC 1928 §4)."""
        client = self._sides[self._client]
        command = _byte(client.data, 1)
        if client.data[0] != VERSION_5 or command not in COMMANDS or _byte(client.data, 2):
            raise NotSocksError
        address = address_at(client.data, 3)
        self._ask("socks 5", COMMANDS[command], address, client.take(3 + address.size))
        self._step = self._reply_5
        return iter(())

    def _request_4(self, _: bool) -> Iterator[Exchange]:
        """Command, port, address, user, and in 4a a host name."""
        client = self._sides[self._client]
        data = client.data
        _data(data, 0, 8)
        user = _text_at(data, 8)
        size, host = 9 + len(user), str(ipaddress.ip_address(bytes(data[4:8])))
        if data[4:7] == b"\0\0\0" and data[7]:  # 4a: the proxy resolves the name
            name = _text_at(data, size)
            size, host = size + len(name) + 1, name.decode("ascii", "backslashreplace")
        if user:
            self._headers.append(("user", user.decode("utf-8", "backslashreplace")))
        address = Address(host, int.from_bytes(data[2:4], "big"), size)
        command = COMMANDS[data[1]]
        self._ask("socks 4", command, address, client.take(size))
        self._step = self._reply_4
        return iter(())

    def _ask(self, protocol: str, method: str, address: Address, taken: QueuedBytes) -> None:
        self._parts.append(taken)
        self._request = _message("request", protocol, self._parts)
        self._request.method = method
        self._request.target = self._request.authority = str(address)
        self._request.headers = self._headers

    # ── the reply ───────────────────────────────────────────────────────

    def _reply_5(self, alone: bool) -> Iterator[Exchange]:
        """Reply and bound address (RFC 1928 §6)."""
        server = self._sides[1 - self._client]
        if not server.data and alone:
            return self._without_reply()
        code = _byte(server.data, 1)
        if server.data[0] != VERSION_5 or _byte(server.data, 2):
            raise NotSocksError
        bound = address_at(server.data, 3)
        return self._answered(code, server.take(3 + bound.size), str(bound))

    def _reply_4(self, alone: bool) -> Iterator[Exchange]:
        server = self._sides[1 - self._client]
        if not server.data and alone:
            return self._without_reply()
        head = _data(server.data, 0, 8)
        if head[0] or head[1] not in REPLIES or head[1] < GRANTED[1]:
            raise NotSocksError
        return self._answered(head[1], server.take(8), "")

    def _answered(self, code: int, taken: QueuedBytes, bound: str) -> Iterator[Exchange]:
        request = self._request
        assert request is not None
        response = _message("response", request.protocol, [taken])
        response.status, response.reason = code, REPLIES.get(code, "")
        response.headers = [("bound address", bound)] if bound else []
        yield Exchange(request, response, self._client)
        if code in GRANTED and request.method == "CONNECT":
            yield from self._open()
        else:
            self._is_over = True

    def _without_reply(self) -> Iterator[Exchange]:
        """The server's side was not captured: what the client sends on must be inside."""
        request = self._request
        assert request is not None
        if not self._sides[self._client].data and request.protocol == "socks 4":
            raise NotSocksError  # nine bytes alone prove nothing
        yield Exchange(request, None, self._client)
        yield from self._open()

    def _gap(self, direction: int, gap: Gap) -> Iterator[Exchange]:
        """What is lost before the request ends it; behind the request the reply is taken for a grant."""
        if self._request is None:
            yield from self._stop()
            return
        yield Exchange(self._request, None, self._client)
        yield from self._open()
        if self._inside is not None:
            yield from self._inside.feed(direction, gap)

    def _open(self) -> Iterator[Exchange]:
        """Read on what goes through."""
        request = self._request
        assert request is not None
        name = request.protocol.upper()
        self._inside = InnerConnection(self._around.inside(f"{name} {request.method} {request.target}"))
        self._pieces.clear()
        for direction in (self._client, 1 - self._client):
            for piece in self._sides[direction].rest():
                yield from self._inside.feed(direction, piece)

    def _unreadable(self, _: bool) -> Iterator[Exchange]:
        """The method was refused, or what it does is not read here."""
        if self._request is None:
            self._request = _message("request", "socks 5", self._parts)
            self._request.method = "authentication"
            self._request.headers = self._headers
        self._is_over = True
        self._pieces.clear()
        yield Exchange(self._request, None, self._client)

    def _stop(self) -> Iterator[Exchange]:
        """Not SOCKS, or not to its end: what was asked stays, all the rest is given back."""
        request, pieces = self._request, self._pieces
        self._is_over, self._pieces = True, []
        if request is None:
            self.returned = pieces
            return
        yield Exchange(request, None, self._client)


def _byte(data: bytes | bytearray, at: int) -> int:
    if at >= len(data):
        raise WaitError
    return data[at]


def _data(data: bytes | bytearray, at: int, count: int) -> bytes | bytearray:
    if at + count > len(data):
        raise WaitError
    return data[at : at + count]


def _text_at(data: bytes | bytearray, at: int) -> bytes:
    """Bytes up to a zero."""
    end = data.find(b"\0", at, at + LONGEST_USER + 1)
    if end < 0 and len(data) > at + LONGEST_USER:
        raise NotSocksError
    if end < 0:
        raise WaitError
    return bytes(data[at:end])


def _message(role: Role, protocol: str, parts: Sequence[QueuedBytes]) -> HttpMessage:
    first = parts[0]
    made = HttpMessage(
        role=role, version="", method=None, target=None, status=None, reason=None, start=first.start,
        end=first.end, time_ns=first.time_ns, end_ns=first.end_ns, protocol=protocol,
    )  # fmt: skip
    for part in parts:
        note(made, part)
    return made
