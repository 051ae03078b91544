"""Bare documents over TCP or UDP, JSON, XML, forms and base64 of JSON, to messages.

Nothing announces them, so a document counts only when it parses whole, or when it breaks off and what is
there can be nothing else.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import MessagePlace, message, place_of
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment

# Bytes that one side sends before the other speaks, at most; documents are looked for in each such run.
MOST_RUN = 1 << 20
MOST_DOCUMENTS = 10_000  # of one run
SOME_DOCUMENT = "document"  # until the first is read
MOST_ASKED = 256  # documents that wait for one from the other side
SPACE = re.compile(rb"[\s\0]*")
# The beginning of an object with a key, of which the rest need not be there.
OBJECT = re.compile(rb'\s*\{\s*"[^"\\\x00-\x1f]{1,128}"\s*:\s*["\d\-\[{tfn]')
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml[\s?]|[A-Za-z_])")
DECLARED = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\s")
MOST_MARKUP = 20  # XML documents of one run: the rest is copied for each
PAIR = rb"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,63}=(?:[A-Za-z0-9_.\-~*+!'(),:;/@]|%[0-9A-Fa-f]{2}){0,4096}"
FORM = re.compile(PAIR + rb"(?:&" + PAIR + rb"){1,500}\s*")
# Base64 of "{" and a further character of a JSON object begins so.
BASE64 = re.compile(rb"e[w-z][A-Za-z0-9+/\r\n]{18,}={0,2}\s*")
TEXT = re.compile(r"[^\x00-\x08\x0e-\x1f]*")
FIRST = frozenset(b"{[<e\xef \r\n\t") | frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
ENDS = (b"}", b"]", b"}\n", b"]\n", b"}\r\n", b"]\r\n", b"}\0")


class BareDocument(NamedTuple):
    """A document in some bytes: what it is, and from where to where."""

    kind: str  # "json", "xml", "form", "base64"
    start: int
    end: int
    whole: bool = True


def documents_in(data: bytes) -> list[BareDocument]:
    """The documents that bytes consist of, one after the other; none where anything else is among them."""
    start = _behind_space(data, 0)
    first = data[start : start + 1]
    if first in (b"{", b"["):
        return _json_in(data, start)
    if MARKUP.match(data):
        return _xml_in(data)
    if FORM.fullmatch(data):
        return [BareDocument("form", 0, len(data))]
    return [BareDocument("base64", 0, len(data))] if is_base64_of_json(data) else []


def may_begin(data: bytes) -> bool:
    """Whether a side's first bytes may yet become a document."""
    return bool(OBJECT.match(data) or MARKUP.match(data)) or data[:1] == b"[" or is_short(data)


def is_short(data: bytes) -> bool:
    """Whether bytes are a form or base64, which end without a mark."""
    return FORM.fullmatch(data) is not None or is_base64_of_json(data)


def _xml_in(data: bytes) -> list[BareDocument]:
    """XML documents; something else may follow one that announces itself."""
    found: list[BareDocument] = []
    at, announced = 0, DECLARED.match(data) is not None
    while at < len(data) and len(found) < MOST_DOCUMENTS:
        length = xml_length(data[at:]) if len(found) < MOST_MARKUP and MARKUP.match(data, at) else 0
        if not length:
            return found if announced else []
        found.append(BareDocument("xml", at, at + length))
        at = _behind_space(data, at + length)
    return found


def xml_length(data: bytes) -> int:
    """How long the XML document is that bytes begin with, well-formed to its end; 0 where there is none.

    None has a document type, which could define entities.
    """
    parser, open_elements, is_whole = expat.ParserCreate(), 0, False

    def opened(*_: object) -> None:
        nonlocal open_elements
        open_elements += 1

    def closed(*_: object) -> None:
        nonlocal open_elements, is_whole
        open_elements -= 1
        is_whole = not open_elements

    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        parser.Parse(data.rstrip(b"\0\r\n\t "), True)
    except expat.ExpatError:
        return parser.ErrorByteIndex if is_whole else 0
    except (ValueError, LookupError):
        return 0
    return len(data)


def _refuse(*_: object) -> None:
    raise ValueError("a document type can define entities")


def is_base64_of_json(data: bytes) -> bool:
    """Whether bytes are standard base64 of a JSON object, in lines or not."""
    if not BASE64.fullmatch(data):
        return False
    bare = b"".join(data.split())
    try:
        inner = binascii.a2b_base64(bare + b"=" * (-len(bare) % 4)).rstrip(b"\0")
        return isinstance(json.loads(inner), dict)
    except (ValueError, RecursionError):
        return False


def _json_in(data: bytes, start: int) -> list[BareDocument]:
    """JSON documents with nothing but space between them; the last one may break off."""
    found: list[BareDocument] = []
    decoder = json.JSONDecoder()
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            return []
        decoded = data[: error.start].decode("utf-8")  # a character is cut
    single = decoded.isascii()
    at, place = (start, start) if single else (len(data[:start].decode("utf-8")), start)
    while at < len(decoded) and len(found) < MOST_DOCUMENTS:
        try:
            value, end = decoder.raw_decode(decoded, at)
        except (ValueError, RecursionError):
            rest = data[place:]
            cut = OBJECT.match(rest) is not None and TEXT.fullmatch(decoded, at) is not None
            return [*found, BareDocument("json", place, len(data), False)] if cut else []
        if not _tells(value):
            return []
        place_end = end if single else place + len(decoded[at:end].encode("utf-8"))
        found.append(BareDocument("json", place, place_end))
        place = _behind_space(data, place_end)
        at = end + place - place_end
    return found


def _tells(value: object) -> bool:
    """Whether a JSON value is an object with a member, or a list of such."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(entry, dict) and entry for entry in value)
    return isinstance(value, dict) and bool(value)


def _behind_space(data: bytes, at: int) -> int:
    space = SPACE.match(data, at)
    return space.end() if space else at


def datagram_message(data: bytes, place: MessagePlace, cut: bool) -> HttpMessage | None:
    """The message of a datagram that is one document; `cut` where the capture holds only its beginning."""
    found = documents_in(data)
    if len(found) != 1 or found[0].whole == cut:
        return None
    made = message(f"{found[0].kind} over udp", "request", place, body=data, one_way=True)
    if cut:
        made.lacks("the end of the datagram was not captured")
        made.body.complete = False
    return made


class PlainStream:
    """A TCP flow of bare documents: what one side sends before the other speaks is read together."""

    def __init__(self, client: int) -> None:
        self.client = client
        self.name = SOME_DOCUMENT
        self.proven = False
        self.ended = False
        self._sides = (ByteQueue(), ByteQueue())
        self._lost = [False, False]
        self._asked: list[HttpMessage] = []
        self._tried = [0, 0]  # bytes of a run in which no whole documents were

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes: the other side's run ends with it."""
        yield from self._run(1 - side)
        if self.ended:
            return
        if isinstance(piece, Gap):
            yield from self._run(side, cut=True)
            self._lost[side], self.ended = True, not self.proven
            return
        if self._lost[side]:
            if not may_begin(piece.data):
                return
            self._lost[side] = False
        data = self._sides[side]
        data.add(piece)
        if len(data) > MOST_RUN:
            yield from self._run(side, cut=True)
        elif data.data.endswith(ENDS) and len(data) >= 2 * self._tried[side]:
            # Documents that stream one way; each try is twice as long, so that time stays linear.
            yield from self._run(side, whole_only=True)

    def close(self) -> Iterator[Exchange]:
        """What is left: runs that nothing ended, and requests without answer."""
        for side in () if self.ended else (self.client, 1 - self.client):
            yield from self._run(side, cut=True)
        for request in self._asked:
            yield Exchange(request, None, self.client)
        self._asked.clear()

    def _run(self, side: int, cut: bool = False, whole_only: bool = False) -> Iterator[Exchange]:
        raw = self._sides[side]
        if not len(raw):
            return
        data = bytes(raw.data)
        found = documents_in(data)
        if whole_only and not (found and all(document.whole for document in found)):
            self._tried[side] = len(data)
            return
        self._tried[side] = 0
        if not found or (not found[0].whole and not cut):
            raw.clear()
            self._lost[side] = True
            self.ended = not self.proven
            return
        self.proven = True
        self.name = found[0].kind if self.name == SOME_DOCUMENT else self.name
        at = 0
        for document in found:
            if document.start > at:
                raw.take(document.start - at)
            place = place_of(raw.take(document.end - document.start))
            yield from self._take(side, document, data[document.start : document.end], place)
            at = document.end
        raw.clear()

    def _take(
        self, side: int, document: BareDocument, body: bytes, place: MessagePlace
    ) -> Iterator[Exchange]:
        asks = side == self.client
        protocol = f"{document.kind} over tcp"
        made = message(protocol, "request" if asks else "response", place, body=body)
        if not document.whole:
            made.lacks("its end was not captured")
            made.body.complete = False
        if asks:
            self._asked.append(made)
            if len(self._asked) > MOST_ASKED:
                yield Exchange(self._asked.pop(0), None, self.client)
        else:
            yield Exchange(self._asked.pop(0) if self._asked else None, made, self.client)
