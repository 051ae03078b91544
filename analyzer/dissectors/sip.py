"""SIP (RFC 3261) and RTSP (RFC 7826): messages in HTTP's form, over UDP and TCP, on any port."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import Headers, MessagePlace, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment

REQUEST = re.compile(rb"([A-Za-z][A-Za-z-]{1,31}) ([!-~]{1,2048}) (SIP|RTSP)/([12]\.0)\r?\n")
STATUS = re.compile(rb"(SIP|RTSP)/([12]\.0) (\d{3}) ?([^\r\n]{0,256})\r?\n")
# A beginning of these that goes on in the next segment.
BEGUN = re.compile(rb"[A-Za-z][A-Za-z-]{1,31} (?:sips?|tel|rtsp|[*/])[!-~]*(?: (?:S|R|$).{0,8})?\Z")
LENGTH = re.compile(r"[ \t]*(\d{1,9})[ \t]*\Z")
# Compact names of header fields (RFC 3261 §7.3.3).
COMPACT = {
    "f": "From", "t": "To", "m": "Contact", "i": "Call-ID", "v": "Via", "l": "Content-Length",
    "c": "Content-Type", "s": "Subject", "e": "Content-Encoding", "k": "Supported",
}  # fmt: skip
USERNAME = re.compile(r'username="([^"]{1,256})"')
# A private identity that holds an IMSI (3GPP TS 23.003 §13.3), which is no account that someone chose.
SUBSCRIPTION = re.compile(r"[0-9]{14,15}@ims\.mnc")
CREDENTIALS = ("authorization", "proxy-authorization")
MOST_HEAD, MOST_HEADERS, MOST_BODY = 1 << 16, 500, 1 << 20
MOST_ASKED = 64
PASSWORD = "sent as a keyed hash, not readable"


def opens(data: bytes) -> bool:
    """Return whether bytes begin a message of SIP or RTSP."""
    return REQUEST.match(data) is not None or STATUS.match(data) is not None


def may_open(data: bytes) -> bool:
    """Return whether bytes without the end of a line may become one."""
    return b"\n" not in data and len(data) < 2200 and BEGUN.match(data) is not None


def datagram(data: bytes, place: MessagePlace) -> HttpMessage | None:
    """Return the message of a datagram; None where it is of another protocol."""
    if not opens(data):
        return None
    end = _head_end(data)
    head, body = (data[:end], data[end:]) if end >= 0 else (data, b"")
    made = _message(head, place)
    made.one_way = True
    if body:
        made.body.add(body)
    return made


class SipStream:
    """A TCP flow of SIP or RTSP, both directions."""

    def __init__(self, client: int, data: bytes) -> None:
        self.client = client
        self.name = "rtsp" if b"RTSP/" in data.partition(b"\n")[0] else "sip"
        self.proven, self.ended = True, False
        self._sides = (ByteQueue(), ByteQueue())
        self._lost = [False, False]
        self._asked: list[tuple[int, str, HttpMessage]] = []  # with the sender's side and CSeq

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes."""
        data = self._sides[side]
        if isinstance(piece, Gap):
            data.clear()
            self._lost[side] = True
            return
        if self._lost[side] and not opens(piece.data):
            return
        self._lost[side] = False
        data.add(piece)
        while (made := self._next(data)) is not None:
            yield from self._take(side, made)
        if len(data) > MOST_HEAD + MOST_BODY:
            data.clear()
            self._lost[side] = True

    def close(self) -> Iterator[Exchange]:
        """Requests that nobody answered, and messages that are cut."""
        for side, data in enumerate(self._sides):
            if len(data) and opens(bytes(data.data)):
                taken = data.take(len(data))
                made = _with_body(taken.data, place_of(taken))
                made.lacks("its end was not captured")
                yield from self._take(side, made)
        for side, _, request in self._asked:
            yield Exchange(request, None, side)
        self._asked.clear()

    def _next(self, data: ByteQueue) -> HttpMessage | None:
        """The next whole message of a side; blank lines between two keep the flow alive (RFC 5626 §3.5.1)."""
        blank = len(data.data) - len(data.data.lstrip(b"\r\n"))
        if blank:
            data.take(blank)
        end = _head_end(data.data)
        if end < 0:
            return None
        if not opens(bytes(data.data[:end])):
            data.clear()
            return None
        length = _length(bytes(data.data[:end]))
        if len(data) < end + length:
            return None
        taken = data.take(end + length)
        return _with_body(taken.data, place_of(taken))

    def _take(self, side: int, made: HttpMessage) -> Iterator[Exchange]:
        sequence = next(iter(made.values("cseq")), "")
        if made.role == "request":
            if made.method == "ACK":
                made.one_way = True
                yield Exchange(made, None, side)
                return
            self._asked.append((side, sequence, made))
            if len(self._asked) > MOST_ASKED:
                gone, _, request = self._asked.pop(0)
                yield Exchange(request, None, gone)
            return
        if 100 <= (made.status or 0) < 200:
            return
        for index, (asked_by, asked, request) in enumerate(self._asked):
            if asked_by != side and asked == sequence:
                del self._asked[index]
                yield Exchange(request, made, asked_by)
                return
        yield Exchange(None, made, 1 - side)


def _with_body(data: bytes, place: MessagePlace) -> HttpMessage:
    end = _head_end(data)
    made = _message(data[:end] if end >= 0 else data, place)
    if 0 <= end < len(data):
        made.body.add(data[end:])
    return made


def _message(head: bytes, place: MessagePlace) -> HttpMessage:
    headers: Headers = []
    lines = head.replace(b"\r\n", b"\n").split(b"\n")[1:]
    for line in lines[:MOST_HEADERS]:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text(line.strip())}")
        elif colon:
            said = text(name.strip())
            headers.append((COMPACT.get(said.lower(), said), text(value.strip())))
    if found := REQUEST.match(head):
        made = message(
            text(found[3]).lower(),
            "request",
            place,
            method=text(found[1]),
            target=text(found[2]),
            headers=headers,
        )
        _note_account(made)
    else:
        found = STATUS.match(head)
        assert found is not None
        made = message(
            text(found[1]).lower(),
            "response",
            place,
            status=int(found[3]),
            reason=text(found[4]),
            headers=headers,
        )
    kind = made.values("content-type")
    made.body.content_type = kind[0] if kind else None
    return made


def _note_account(made: HttpMessage) -> None:
    """Name the account of a digest (RFC 8760), as readers of log-ins do."""
    for name in CREDENTIALS:
        for value in made.values(name):
            found = USERNAME.search(value)
            if found and not SUBSCRIPTION.match(found[1]):
                made.headers += [("User", found[1]), ("Password", PASSWORD)]
                return


def _head_end(data: bytes | bytearray) -> int:
    strict, loose = data.find(b"\r\n\r\n"), data.find(b"\n\n")
    ends = [at for at in (strict + 4 if strict >= 0 else -1, loose + 2 if loose >= 0 else -1) if at >= 0]
    return min(ends, default=-1)


def _length(head: bytes) -> int:
    for line in head.split(b"\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"content-length", b"l"):
            found = LENGTH.match(value.decode("latin-1").rstrip("\r"))
            return min(int(found[1]), MOST_BODY) if found else 0
    return 0
