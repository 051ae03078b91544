"""Octets that are no text → what they hold, in the binary formats that are told by their form alone.

A format without a mark of its own counts only where it takes up all of the octets and gives
names or readable text, so that a picture or a cipher text is not taken for a document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from analyzer.decode import amf, ber, bson, cbor, hessian, ipp, jce, msgpack, plist, protobuf, thrift, wbxml
from analyzer.decode.amf import read_amf
from analyzer.decode.archive import kind_of
from analyzer.decode.avro import MAGIC, read_avro
from analyzer.decode.bencode import read_bencode
from analyzer.decode.ber import read_ber
from analyzer.decode.bson import read_bson
from analyzer.decode.cbor import read_cbor
from analyzer.decode.columns import Columns
from analyzer.decode.compressed import is_compressed, unmarked_coding_of
from analyzer.decode.envelope import streams_in
from analyzer.decode.frames import decode_frames, frames_in, is_json_text
from analyzer.decode.hessian import read_hessian
from analyzer.decode.ipp import read_ipp
from analyzer.decode.jce import read_jce
from analyzer.decode.limits import Budget
from analyzer.decode.msgpack import read_messagepack
from analyzer.decode.part import Part, PlainPart
from analyzer.decode.php import BEGINS as PHP
from analyzer.decode.php import read_php
from analyzer.decode.plist import read_binary_plist
from analyzer.decode.protobuf import read_protobuf
from analyzer.decode.text import readable_text
from analyzer.decode.text_runs import is_mostly_text
from analyzer.decode.thrift import read_thrift
from analyzer.decode.walk import parts_of_document
from analyzer.decode.wbxml import read_wbxml
from analyzer.decode.weak import candidate
from analyzer.decode.wide import encoding_of

Reader = Callable[[bytes], Any]
"""The document in some octets; None where they are not of the format."""


class Format(NamedTuple):
    """A binary format: its name as a step, its reader, and the octets that it may begin with."""

    step: str
    read: Reader
    firsts: frozenset[int]


FORMATS = (
    Format("plist", read_binary_plist, frozenset(plist.MAGIC[:1])),
    Format("messagepack", read_messagepack, msgpack.FIRSTS),
    Format("cbor", read_cbor, cbor.FIRSTS),
    Format("bencode", read_bencode, frozenset(b"d")),
    Format("bson", read_bson, bson.FIRSTS),
    Format("avro", read_avro, frozenset(MAGIC[:1])),
    Format("wbxml", read_wbxml, wbxml.FIRSTS),
    Format("ipp", read_ipp, ipp.FIRSTS),
    Format("amf", read_amf, amf.FIRSTS),
    Format("thrift", read_thrift, thrift.FIRSTS),
    Format("hessian", read_hessian, hessian.FIRSTS),
    Format("ber", read_ber, ber.FIRSTS),
    Format("php", read_php, frozenset(b"aO")),
    Format("protobuf", read_protobuf, protobuf.FIRSTS),
    Format("jce", read_jce, jce.FIRSTS),
)
BEGUN_BY = [tuple(each for each in FORMATS if first in each.firsts) for first in range(256)]
SHORTEST_PACKED = 18  # octets that may be an envelope, binary with text in it, or UTF-16
LONGEST = 1 << 20  # octets: beyond that a guess at the format costs more than it tells


def decode_octets(part: Part, budget: Budget) -> Columns | Sequence[PlainPart]:
    """One part for each value of the document; nothing where the octets are of no known format."""
    octets = part.value
    if isinstance(octets, str) or not 0 < len(octets) <= LONGEST:
        return []
    for step, read, _ in BEGUN_BY[octets[0]]:
        document = read(octets)
        if document is not None and budget.take_octets(len(octets)):
            return parts_of_document(document, part, step, budget)
    return []


def decode_bencode(part: Part, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The same for text that is a bencoded dictionary."""
    text = part.value
    document = read_bencode(text.encode("utf-8", "replace")) if isinstance(text, str) else None
    if document is None or not budget.take_octets(len(text)):
        return []
    return parts_of_document(document, part, "bencode", budget)


def decode_serialised(part: Part, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The same for text that PHP's serialize() wrote."""
    text = part.value
    if not isinstance(text, str) or not PHP.match(text):
        return []
    document = read_php(text.encode("utf-8", "replace"))
    if document is None or not budget.take_octets(len(text)):
        return []
    return parts_of_document(document, part, "php", budget)


def decode_framed(part: Part, budget: Budget) -> list[PlainPart]:
    """The documents behind headers of an unknown kind."""
    return decode_frames(part, budget, is_framed)


def is_framed(octets: bytes) -> bool:
    """Return whether octets are what a header may stand before: a document in binary form or JSON."""
    return is_document(octets) or is_json_text(octets)


def is_document(octets: bytes) -> bool:
    """Return whether octets are of one of the formats, to their end."""
    return 0 < len(octets) <= LONGEST and any(read(octets) is not None for _, read, _ in BEGUN_BY[octets[0]])


def sense_of(octets: bytes, shortest: int) -> str | bytes:
    """What a text encoding stood for, where that makes sense: readable text, or data that opens further.

    Empty where decoding would not make more sense of it; `shortest` as in `readable_text`.
    """
    return readable_text(octets.rstrip(b"\0"), shortest) or (octets if opens(octets) else "")


def opens(octets: bytes) -> bool:
    """Whether something readable is inside octets that are no text."""
    if is_compressed(octets):
        return True
    if not 0 < len(octets) <= LONGEST:
        return False
    return (
        is_document(octets)
        or kind_of(octets) != ""
        or unmarked_coding_of(octets) != ""
        or candidate(octets) is not None
        or (len(octets) >= SHORTEST_PACKED and _holds_more(octets))
        or bool(frames_in(octets, is_framed))
    )


def _holds_more(octets: bytes) -> bool:
    return encoding_of(octets) != "" or bool(streams_in(octets)) or is_mostly_text(octets)
