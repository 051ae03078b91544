"""CoAP (RFC 7252, RFC 8323) to exchanges: responses paired by token, blocks put together (RFC 7959).

A packet is read strictly where nothing but its form speaks for CoAP, and leniently on CoAP's own port.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from analyzer.dissectors.body import BodySink
from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import Headers, MessagePlace, grow, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment

PORT = 5683
CONFIRMABLE, NON_CONFIRMABLE, ACKNOWLEDGEMENT, RESET = range(4)

# Names of the registries "CoAP Codes", "CoAP Option Numbers" and "CoAP Content-Formats" (IANA).
METHODS = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH", 7: "iPATCH"}
RESPONSES = {
    201: "Created", 202: "Deleted", 203: "Valid", 204: "Changed", 205: "Content", 231: "Continue",
    400: "Bad Request", 401: "Unauthorized", 402: "Bad Option", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Entity Incomplete", 409: "Conflict",
    412: "Precondition Failed", 413: "Request Entity Too Large", 415: "Unsupported Content-Format",
    422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "Proxying Not Supported", 508: "Hop Limit Reached",
}  # fmt: skip
URI_HOST, URI_PORT, URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT = 3, 7, 11, 12, 15, 17
BLOCK2, BLOCK1, PROXY_URI, REQUEST_TAG = 23, 27, 35, 292
CONTINUE, INCOMPLETE = 231, 408


class OptionFormat(NamedTuple):
    """An option: its name, how its value is written, and the most bytes of it (RFC 7252 §5.10)."""

    name: str
    kind: str  # "text", "number", "bytes", "empty"
    most: int


OPTIONS = {
    1: OptionFormat("If-Match", "octets", 8), 3: OptionFormat("Uri-Host", "text", 255),
    4: OptionFormat("ETag", "octets", 8),
    5: OptionFormat("If-None-Match", "empty", 0), 6: OptionFormat("Observe", "number", 3),
    7: OptionFormat("Uri-Port", "number", 2),
    8: OptionFormat("Location-Path", "text", 255), 9: OptionFormat("OSCORE", "octets", 255),
    11: OptionFormat("Uri-Path", "text", 255), 12: OptionFormat("Content-Format", "number", 2),
    14: OptionFormat("Max-Age", "number", 4), 15: OptionFormat("Uri-Query", "text", 255),
    16: OptionFormat("Hop-Limit", "number", 1),
    17: OptionFormat("Accept", "number", 2), 19: OptionFormat("Q-Block1", "number", 3),
    20: OptionFormat("Location-Query", "text", 255),
    21: OptionFormat("EDHOC", "empty", 0), 23: OptionFormat("Block2", "number", 3),
    27: OptionFormat("Block1", "number", 3),
    28: OptionFormat("Size2", "number", 4), 31: OptionFormat("Q-Block2", "number", 3),
    35: OptionFormat("Proxy-Uri", "text", 1034),
    39: OptionFormat("Proxy-Scheme", "text", 255), 60: OptionFormat("Size1", "number", 4),
    252: OptionFormat("Echo", "octets", 40),
    258: OptionFormat("No-Response", "number", 1), 292: OptionFormat("Request-Tag", "octets", 8),
    2049: OptionFormat("OCF-Accept-Content-Format-Version", "number", 2),
    2053: OptionFormat("OCF-Content-Format-Version", "number", 2),
}  # fmt: skip
FORMATS = {
    0: "text/plain", 40: "application/link-format", 41: "application/xml", 42: "application/octet-stream",
    47: "application/exi", 50: "application/json", 51: "application/json-patch+json",
    52: "application/merge-patch+json", 60: "application/cbor", 61: "application/cwt",
    62: "application/multipart-core", 63: "application/cbor-seq", 101: "application/cose-key",
    110: "application/senml+json", 112: "application/senml+cbor", 10000: "application/vnd.ocf+cbor",
    11542: "application/vnd.oma.lwm2m+tlv", 11543: "application/vnd.oma.lwm2m+json",
    11544: "application/vnd.oma.lwm2m+cbor",
}  # fmt: skip
# Options whose values stand in target and host, or are undone.
IN_TARGET = frozenset((URI_HOST, URI_PORT, URI_PATH, URI_QUERY, PROXY_URI, BLOCK1, BLOCK2))
TELLING = frozenset((URI_HOST, URI_PATH, URI_QUERY, PROXY_URI))

K = TypeVar("K")

# Requests waiting for an answer, and transfers of blocks under way, of one flow at most.
MOST_WAITING = 64
# Answered tokens, and numbers of responses, that are remembered: for further notifications (RFC 7641), and
# for responses that are sent again.
MOST_REMEMBERED = 64
MOST_OPTIONS = 200
# So long a message ID is not used for anything else (RFC 7252 §4.8.2).
EXCHANGE_LIFETIME_NS = 247_000_000_000
# Bytes of one message over TCP, at most; more is no CoAP that anyone sends.
MOST_MESSAGE = 1 << 20


Block = tuple[int, bool, int]  # (number, whether more follow, bytes of a block)


class CoapPacket(NamedTuple):
    """One message as it was on the wire. `code` is class × 100 + detail: 2.05 is 205."""

    kind: int  # CONFIRMABLE …; over TCP always NON_CONFIRMABLE
    code: int
    number: int  # message ID; -1 over TCP
    token: bytes
    options: tuple[tuple[int, bytes], ...]
    payload: bytes

    def values(self, option: int) -> list[bytes]:
        """All values of an option."""
        return [value for number, value in self.options if number == option]

    def block(self, option: int) -> Block | None:
        """The value of a block option (RFC 7959 §2.2)."""
        values = self.values(option)
        if not values:
            return None
        value = int.from_bytes(values[0][:3], "big")
        return value >> 4, bool(value & 8), 16 << min(value & 7, 6)


def parse(datagram: bytes) -> CoapPacket | None:
    """The packet that a datagram is (RFC 7252 §3); None where it is none."""
    if len(datagram) < 4 or datagram[0] >> 6 != 1:
        return None
    length = datagram[0] & 15
    code = (datagram[1] >> 5) * 100 + (datagram[1] & 31)
    if length > 8 or len(datagram) < 4 + length or (code == 0 and len(datagram) > 4):
        return None
    rest = _options(datagram, 4 + length)
    if rest is None or not _is_known(code):
        return None
    return CoapPacket(
        datagram[0] >> 4 & 3, code, datagram[2] << 8 | datagram[3], datagram[4 : 4 + length], *rest
    )


def _is_known(code: int) -> bool:
    return code == 0 or code in METHODS or code in RESPONSES


def _options(data: bytes, at: int) -> tuple[tuple[tuple[int, bytes], ...], bytes] | None:
    """Options and payload from `at` on (RFC 7252 §3.1)."""
    found: list[tuple[int, bytes]] = []
    number = 0
    while at < len(data):
        if data[at] == 0xFF:
            return (tuple(found), data[at + 1 :]) if at + 1 < len(data) else None
        first, at = data[at], at + 1
        delta, at = _extended(data, at, first >> 4)
        length, at = _extended(data, at, first & 15)
        if delta < 0 or length < 0 or at + length > len(data) or len(found) >= MOST_OPTIONS:
            return None
        number += delta
        found.append((number, data[at : at + length]))
        at += length
    return tuple(found), b""


def _extended(data: bytes, at: int, nibble: int) -> tuple[int, int]:
    """A delta or length of 13 or more goes on in further bytes; -1 where it can't be."""
    if nibble < 13:
        return nibble, at
    if nibble == 13 and at < len(data):
        return data[at] + 13, at + 1
    if nibble == 14 and at + 1 < len(data):
        return (data[at] << 8 | data[at + 1]) + 269, at + 2
    return -1, at


def is_unmistakable(packet: CoapPacket) -> bool:
    """Whether a packet on any port can be taken for a CoAP request: all options known, one says whereto."""
    if packet.code not in METHODS or packet.kind > NON_CONFIRMABLE:
        return False
    fitting = all(_fits(number, value) for number, value in packet.options)
    return fitting and any(number in TELLING and value for number, value in packet.options)


def _fits(number: int, value: bytes) -> bool:
    form = OPTIONS.get(number)
    if form is None or len(value) > form.most:
        return False
    if form.kind != "text":
        return True
    try:
        return value.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


# ── packets to messages ─────────────────────────────────────────────────────


def target_of(packet: CoapPacket) -> tuple[str, str | None]:
    """(target, host) that the options of a request give (RFC 7252 §6.5)."""
    proxied = packet.values(PROXY_URI)
    hosts, ports = packet.values(URI_HOST), packet.values(URI_PORT)
    host = text(hosts[0]) if hosts else None
    if host and ports:
        host = f"{host}:{int.from_bytes(ports[0], 'big')}"
    if proxied:
        return text(proxied[0]), host
    path = "/" + "/".join(text(part).replace("/", "%2F") for part in packet.values(URI_PATH))
    query = "&".join(text(part).replace("&", "%26") for part in packet.values(URI_QUERY))
    return (f"{path}?{query}" if query else path), host


def headers_of(packet: CoapPacket) -> Headers:
    """The options that say more than where a request goes, under their registered names."""
    return [_header(number, value) for number, value in packet.options if number not in IN_TARGET]


def _header(number: int, value: bytes) -> tuple[str, str]:
    form = OPTIONS.get(number)
    if form is None or form.kind == "octets":
        return (form.name if form else f"Option-{number}"), value.hex()
    if form.kind == "text":
        return form.name, text(value)
    amount = int.from_bytes(value[:8], "big")
    return form.name, FORMATS.get(amount, str(amount)) if number in (CONTENT_FORMAT, ACCEPT) else str(amount)


@dataclass(slots=True)
class _Waiting:
    """A request on its way to its answer. `expected` is where its next block begins."""

    request: HttpMessage
    transfer: tuple[int, str]  # side, method and target: what all blocks of it have in common
    tokens: list[tuple[int, bytes]] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)
    response: HttpMessage | None = None
    sending: bool = False  # blocks of the request are still to come
    acknowledged: bool | None = None


class CoapExchange(NamedTuple):
    """An exchange, and whether the other side acknowledged the request; None where it was not asked to."""

    exchange: Exchange
    acknowledged: bool | None


class CoapFlow:
    """Both directions of one flow. Requests may go either way: an LwM2M server asks its clients."""

    def __init__(self, protocol: str = "coap") -> None:
        self._protocol = protocol
        self._waiting: dict[int, _Waiting] = {}  # by a running number, the oldest first
        self._by_token: dict[tuple[int, bytes], int] = {}
        self._by_number: dict[tuple[int, int], int] = {}
        self._by_transfer: dict[tuple[int, str], int] = {}
        # Of what is done, when that was: tokens, then numbers by the side that chose them.
        self._observed: dict[tuple[int, bytes], int] = {}
        self._done: dict[tuple[int, int], int] = {}
        self._count = 0

    def take(self, side: int, packet: CoapPacket, place: MessagePlace) -> Iterator[CoapExchange]:
        """Exchanges that this packet finishes."""
        if packet.code in METHODS:
            yield from self._request(side, packet, place)
        elif packet.code >= 200:
            yield from self._response(side, packet, place)
        elif packet.kind in (ACKNOWLEDGEMENT, RESET):
            self._receipt(1 - side, packet)

    def waiting(self) -> Iterator[CoapExchange]:
        """Requests that are whole and wait for their answers."""
        for at in self._waiting.values():
            if at.response is None and not at.sending:
                yield CoapExchange(Exchange(at.request, None, at.tokens[0][0]), at.acknowledged)

    def close(self) -> Iterator[CoapExchange]:
        """What is left unanswered or unfinished."""
        for key in list(self._waiting):
            yield self._finish(key)

    # ── requests ────────────────────────────────────────────────────────

    def _is_repeated(self, side: int, packet: CoapPacket, place: MessagePlace) -> bool:
        """Whether a request was seen before and is sent again; its frame then counts to the first."""
        if packet.number < 0:
            return False
        key = self._by_number.get((side, packet.number))
        if key is None:
            return _is_recent(self._done.get((side, packet.number)), place)
        request = self._waiting[key].request
        is_same = (side, packet.token) in self._waiting[key].tokens and _is_recent(request.end_ns, place)
        if is_same:
            grow(request, place)
        return is_same

    def _request(self, side: int, packet: CoapPacket, place: MessagePlace) -> Iterator[CoapExchange]:
        if self._is_repeated(side, packet, place):
            return
        target, host = target_of(packet)
        sent, wanted = packet.block(BLOCK1), packet.block(BLOCK2)
        tag = b"".join(packet.values(REQUEST_TAG)).hex()
        transfer = (side, f"{packet.code} {host} {target} {tag}")
        key = self._by_transfer.get(transfer)
        if key is not None and sent is not None and sent[0]:
            self._add_block(key, packet, place, sent)
        elif key is not None and wanted is not None and wanted[0] and self._waiting[key].response:
            pass  # asks for the next block of the answer
        else:
            if key is not None:
                yield self._finish(key)
            key = self._open(packet, place, target, host, sent, transfer)
        before = self._by_token.get((side, packet.token))
        if before is not None and before != key:
            yield self._finish(before)  # its token means this request now
        self._remember(key, side, packet)
        if sent is not None or wanted is not None:
            self._by_transfer[transfer] = key
        self._waiting[key].sending = bool(sent and sent[1])
        while len(self._waiting) > MOST_WAITING:
            yield self._finish(next(iter(self._waiting)))

    def _open(
        self, packet: CoapPacket, place: MessagePlace, target: str, host: str | None, sent: Block | None,
        transfer: tuple[int, str],
    ) -> int:  # fmt: skip
        request = message(
            self._protocol, "request", place, body=packet.payload, method=METHODS[packet.code],
            target=target, host=host, headers=headers_of(packet),
        )  # fmt: skip
        if sent and sent[0]:
            _lose(request, sent[0] * sent[2])
        self._count += 1
        asked_to = False if packet.kind == CONFIRMABLE else None
        self._waiting[self._count] = _Waiting(request, transfer, acknowledged=asked_to)
        return self._count

    def _add_block(self, key: int, packet: CoapPacket, place: MessagePlace, sent: Block) -> None:
        request = self._waiting[key].request
        _append(request, packet.payload, sent)
        grow(request, place)

    def _remember(self, key: int, side: int, packet: CoapPacket) -> None:
        waiting = self._waiting[key]
        waiting.tokens.append((side, packet.token))
        self._by_token[side, packet.token] = key
        if packet.number >= 0:
            waiting.numbers.append((side, packet.number))
            self._by_number[side, packet.number] = key
        # Of a long transfer only the last blocks can still be answered or come again.
        _forget_oldest(self._by_token, waiting.tokens, key)
        _forget_oldest(self._by_number, waiting.numbers, key)

    # ── responses ───────────────────────────────────────────────────────

    def _response(self, side: int, packet: CoapPacket, place: MessagePlace) -> Iterator[CoapExchange]:
        asked = 1 - side
        number = (side, packet.number)
        if packet.number >= 0 and packet.kind != ACKNOWLEDGEMENT:
            if _is_recent(self._done.get(number), place):
                return  # sent again
            _note(self._done, number, place)
        key = self._by_token.get((asked, packet.token))
        if key is None:
            if packet.kind == ACKNOWLEDGEMENT and _is_recent(self._done.get((asked, packet.number)), place):
                return  # the answer to a request that is done, sent again
            response = self._made(packet, place)
            if (asked, packet.token) not in self._observed:
                response.missing.append("the request was not seen")
            yield CoapExchange(Exchange(None, response, asked), None)
            return
        waiting = self._waiting[key]
        waiting.acknowledged = True
        if waiting.sending and packet.code in (CONTINUE, INCOMPLETE):
            return
        got = packet.block(BLOCK2)
        if waiting.response is None:
            waiting.response = self._made(packet, place)
            if got and got[0]:
                _lose(waiting.response, got[0] * got[2])
        elif got is not None:
            _append(waiting.response, packet.payload, got)
            grow(waiting.response, place)
        if got is not None and got[1]:
            self._by_transfer[waiting.transfer] = key
        else:
            _note(self._observed, (asked, packet.token), place)
            for number in self._waiting[key].numbers:
                _note(self._done, number, place)
            yield self._finish(key, whole=True)

    def _made(self, packet: CoapPacket, place: MessagePlace) -> HttpMessage:
        reason = f"{packet.code // 100}.{packet.code % 100:02} {RESPONSES.get(packet.code, '')}".rstrip()
        return message(
            self._protocol, "response", place, body=packet.payload, status=packet.code, reason=reason,
            headers=headers_of(packet),
        )  # fmt: skip

    def _receipt(self, asked: int, packet: CoapPacket) -> None:
        """An empty acknowledgement, or a reset (RFC 7252 §4.2)."""
        key = self._by_number.get((asked, packet.number))
        if key is None:
            return
        self._waiting[key].acknowledged = True
        if packet.kind == RESET:
            self._waiting[key].request.missing.append("the receiver rejected it (reset)")

    def _finish(self, key: int, whole: bool = False) -> CoapExchange:
        waiting = self._waiting.pop(key)
        side = waiting.tokens[0][0]
        for token in waiting.tokens:
            if self._by_token.get(token) == key:
                del self._by_token[token]
        for number in waiting.numbers:
            if self._by_number.get(number) == key:
                del self._by_number[number]
        for transfer in [name for name, owner in self._by_transfer.items() if owner == key]:
            del self._by_transfer[transfer]
        if waiting.sending:
            waiting.request.lacks("further blocks of it were not captured")
        if waiting.response is not None and not whole:
            waiting.response.lacks("further blocks of it were not captured")
        return CoapExchange(Exchange(waiting.request, waiting.response, side), waiting.acknowledged)


def _is_recent(then_ns: int | None, place: MessagePlace) -> bool:
    """Whether a number of then can't mean anything new yet."""
    return then_ns is not None and place.time_ns - then_ns <= EXCHANGE_LIFETIME_NS


def _note(remembered: dict[K, int], what: K, place: MessagePlace) -> None:
    remembered.pop(what, None)
    remembered[what] = place.time_ns
    if len(remembered) > MOST_REMEMBERED:
        del remembered[next(iter(remembered))]


def _forget_oldest(table: dict[K, int], kept: list[K], key: int) -> None:
    while len(kept) > MOST_WAITING:
        oldest = kept.pop(0)
        if oldest not in kept and table.get(oldest) == key:
            del table[oldest]


def _append(whole: HttpMessage, payload: bytes, block: Block) -> None:
    """A further block; one that came before is left out, one that never came is a loss."""
    start, sink = block[0] * block[2], whole.body
    have = sink.length + sink.lost
    if start > have:
        _lose(whole, start - have)
    elif start < have:
        payload = payload[have - start :]
    if payload:
        sink.add(payload)


def _lose(whole: HttpMessage, count: int) -> None:
    sink: BodySink = whole.body
    sink.lose(count)
    if whole.complete:
        whole.lacks("blocks of it were not captured")


# ── CoAP over TCP (RFC 8323) ────────────────────────────────────────────────

SIGNALS = frozenset((701, 702, 703, 704, 705))
CAPABILITIES = 701
# Length nibble → bytes that follow, and what they count from.
EXTENSIONS = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}
CAPABILITY_OPTIONS = {2: 4, 4: 0}  # Max-Message-Size and Block-Wise-Transfer → bytes at most


class CoapStream:
    """A TCP flow that opens with a Capabilities and Settings Message, as RFC 8323 §5.3 asks of both sides."""

    name = "coap"

    def __init__(self, client: int) -> None:
        self.client = client
        self.proven = True
        self.ended = False
        self._sides = (ByteQueue(), ByteQueue())
        self._flow = CoapFlow("coap+tcp")
        self._lost = [False, False]

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes; behind a gap nothing tells where a message begins."""
        if isinstance(piece, Gap):
            self._lost[side] = True
        if isinstance(piece, Gap) or self._lost[side]:
            return
        data = self._sides[side]
        data.add(piece)
        while (found := framed(data.data)) is not None:
            packet, end = found
            if packet is None:
                self._lost[side] = True
                data.clear()
                return
            place = place_of(data.take(end))
            if packet.code not in SIGNALS:
                for seen in self._flow.take(side, packet, place):
                    yield seen.exchange

    def close(self) -> Iterator[Exchange]:
        """What is left unanswered."""
        for seen in self._flow.close():
            yield seen.exchange


def framed(data: bytes | bytearray) -> tuple[CoapPacket | None, int] | None:
    """(packet, its length) of the message that bytes begin with (RFC 8323 §3.2).

    None while it is cut, (None, 0) where it is no CoAP.
    """
    if not data:
        return None
    nibble, token_length = data[0] >> 4, data[0] & 15
    extension, beyond = EXTENSIONS.get(nibble, (0, nibble))
    if token_length > 8:
        return None, 0
    at = 1 + extension
    if len(data) <= at:
        return None
    length = int.from_bytes(data[1:at], "big") + beyond
    end = at + 1 + token_length + length
    if length > MOST_MESSAGE:
        return None, 0
    if end > len(data):
        return None
    code = (data[at] >> 5) * 100 + (data[at] & 31)
    rest = _options(bytes(data[at + 1 + token_length : end]), 0)
    if rest is None or not (_is_known(code) or code in SIGNALS):
        return None, 0
    return CoapPacket(NON_CONFIRMABLE, code, -1, bytes(data[at + 1 : at + 1 + token_length]), *rest), end


def opens_stream(data: bytes) -> bool:
    """Whether a side's first bytes are a Capabilities and Settings Message of known options."""
    found = framed(data) if data and data[0] & 15 == 0 else None
    packet = found[0] if found else None
    return (
        packet is not None
        and packet.code == CAPABILITIES
        and not packet.payload
        and all(len(v) <= CAPABILITY_OPTIONS.get(n, -1) for n, v in packet.options)
    )
