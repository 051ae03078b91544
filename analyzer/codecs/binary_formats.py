"""Bytes that are no text → what they hold, in the binary formats that are told by their form alone.

A format without a mark of its own counts only where it takes up all of the bytes and gives
names or readable text, so that a picture or a cipher text is not taken for a document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from analyzer.codecs import amf, ber, bson, cbor, hessian, ipp, jce, msgpack, plist, protobuf, thrift, wbxml
from analyzer.codecs.amf import read_amf
from analyzer.codecs.archive import kind_of
from analyzer.codecs.avro import MAGIC, read_avro
from analyzer.codecs.bencode import read_bencode
from analyzer.codecs.ber import read_ber
from analyzer.codecs.bson import read_bson
from analyzer.codecs.cbor import read_cbor
from analyzer.codecs.compression import is_compressed, unmarked_coding_of
from analyzer.codecs.document_walk import parts_of_document
from analyzer.codecs.envelope import streams_in
from analyzer.codecs.field_columns import Columns
from analyzer.codecs.framed_documents import decode_frames, frames_in, is_json_text
from analyzer.codecs.hessian import read_hessian
from analyzer.codecs.ipp import read_ipp
from analyzer.codecs.jce import read_jce
from analyzer.codecs.limits import Budget
from analyzer.codecs.msgpack import read_messagepack
from analyzer.codecs.part import MessagePart, PlainPart
from analyzer.codecs.php import BEGINS as PHP
from analyzer.codecs.php import read_php
from analyzer.codecs.plain_text import readable_text
from analyzer.codecs.plist import read_binary_plist
from analyzer.codecs.protobuf import read_protobuf
from analyzer.codecs.text_runs import is_mostly_text
from analyzer.codecs.thrift import read_thrift
from analyzer.codecs.unifi import MAGIC as UNIFI
from analyzer.codecs.unifi import read_unifi
from analyzer.codecs.utf16 import encoding_of
from analyzer.codecs.wbxml import read_wbxml
from analyzer.codecs.xor import by_one, candidate

Reader = Callable[[bytes], Any]
"""The document in some bytes; None where they are not of the format."""


class BinaryFormat(NamedTuple):
    """A binary format: its name as a step, its reader, and the bytes that it may begin with."""

    step: str
    read: Reader
    firsts: frozenset[int]


FORMATS = (
    BinaryFormat("plist", read_binary_plist, frozenset(plist.MAGIC[:1])),
    BinaryFormat("messagepack", read_messagepack, msgpack.FIRSTS),
    BinaryFormat("cbor", read_cbor, cbor.FIRSTS),
    BinaryFormat("bencode", read_bencode, frozenset(b"d")),
    BinaryFormat("bson", read_bson, bson.FIRSTS),
    BinaryFormat("avro", read_avro, frozenset(MAGIC[:1])),
    BinaryFormat("wbxml", read_wbxml, wbxml.FIRSTS),
    BinaryFormat("ipp", read_ipp, ipp.FIRSTS),
    BinaryFormat("amf", read_amf, amf.FIRSTS),
    BinaryFormat("thrift", read_thrift, thrift.FIRSTS),
    BinaryFormat("hessian", read_hessian, hessian.FIRSTS),
    BinaryFormat("ber", read_ber, ber.FIRSTS),
    BinaryFormat("php", read_php, frozenset(b"aO")),
    BinaryFormat("protobuf", read_protobuf, protobuf.FIRSTS),
    BinaryFormat("unifi", read_unifi, frozenset(UNIFI[:1])),
    BinaryFormat("jce", read_jce, jce.FIRSTS),
)
BEGUN_BY = [tuple(each for each in FORMATS if first in each.firsts) for first in range(256)]
SHORTEST_PACKED = 18  # bytes that may be an envelope, binary with text in it, or UTF-16
LONGEST = 1 << 20  # bytes: beyond that a guess at the format costs more than it tells


def decode_bytes(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """One part for each value of the document; nothing where the bytes are of no known format."""
    data = part.value
    if isinstance(data, str) or not 0 < len(data) <= LONGEST:
        return []
    for step, read, _ in BEGUN_BY[data[0]]:
        document = read(data)
        if document is not None and budget.take_bytes(len(data)):
            return parts_of_document(document, part, step, budget)
    return []


def decode_bencode(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The same for text that is a bencoded dictionary."""
    text = part.value
    document = read_bencode(text.encode("utf-8", "replace")) if isinstance(text, str) else None
    if document is None or not budget.take_bytes(len(text)):
        return []
    return parts_of_document(document, part, "bencode", budget)


def decode_serialised(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The same for text that PHP's serialize() wrote."""
    text = part.value
    if not isinstance(text, str) or not PHP.match(text):
        return []
    document = read_php(text.encode("utf-8", "replace"))
    if document is None or not budget.take_bytes(len(text)):
        return []
    return parts_of_document(document, part, "php", budget)


def decode_framed(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """The documents behind headers of an unknown kind."""
    return decode_frames(part, budget, is_framed)


def is_framed(data: bytes) -> bool:
    """Return whether bytes are what a header may stand before: a document, as it is or in a weak encoding."""
    return is_document(data) or is_json_text(data) or by_one(data) is not None


def is_document(data: bytes) -> bool:
    """Return whether bytes are of one of the formats, to their end."""
    return 0 < len(data) <= LONGEST and any(read(data) is not None for _, read, _ in BEGUN_BY[data[0]])


def sense_of(data: bytes, shortest: int) -> str | bytes:
    """What a text encoding stood for, where that makes sense: readable text, or data that opens further.

    Empty where decoding would not make more sense of it; `shortest` as in `readable_text`.
    """
    return readable_text(data.rstrip(b"\0"), shortest) or (data if opens(data) else "")


def opens(data: bytes) -> bool:
    """Whether something readable is inside bytes that are no text."""
    if is_compressed(data):
        return True
    if not 0 < len(data) <= LONGEST:
        return False
    return (
        is_document(data)
        or kind_of(data) != ""
        or unmarked_coding_of(data) != ""
        or candidate(data) is not None
        or (len(data) >= SHORTEST_PACKED and _holds_more(data))
        or bool(frames_in(data, is_framed))
    )


def _holds_more(data: bytes) -> bool:
    return encoding_of(data) != "" or bool(streams_in(data)) or is_mostly_text(data)
