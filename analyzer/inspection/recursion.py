"""Open a part as long as something inside it is readable: outer parts → the innermost parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from analyzer.codecs.archive import decode_archive
from analyzer.codecs.base32 import decode_ascii85, decode_base32
from analyzer.codecs.base64 import decode_base64
from analyzer.codecs.binary_formats import decode_bencode, decode_bytes, decode_framed, decode_serialised
from analyzer.codecs.character_codes import BEGINNING as CODES
from analyzer.codecs.character_codes import decode_character_codes
from analyzer.codecs.compression import decode_compressed, decode_unmarked
from analyzer.codecs.documents import decode_documents
from analyzer.codecs.envelope import decode_envelope
from analyzer.codecs.field_columns import Columns
from analyzer.codecs.form import decode_form
from analyzer.codecs.graphql import BEGINNING as GRAPHQL
from analyzer.codecs.graphql import decode_graphql
from analyzer.codecs.grpc import decode_grpc
from analyzer.codecs.hexadecimal import decode_hexadecimal
from analyzer.codecs.hl7 import BEGINNING as HL7
from analyzer.codecs.hl7 import decode_hl7
from analyzer.codecs.json import decode_json
from analyzer.codecs.jwt import decode_jwt
from analyzer.codecs.limits import Budget
from analyzer.codecs.line_protocol import decode_line_protocol
from analyzer.codecs.logfmt import decode_logfmt
from analyzer.codecs.markup_escapes import decode_escaped
from analyzer.codecs.multipart import decode_multipart
from analyzer.codecs.pairs import decode_pairs
from analyzer.codecs.part import MessagePart, PlainPart
from analyzer.codecs.percent import decode_percent
from analyzer.codecs.quoted_printable import decode_quoted_printable
from analyzer.codecs.rot13 import decode_rotated
from analyzer.codecs.segments import CUT, decode_joined, decode_lines, decode_segments
from analyzer.codecs.sql import LOOKS as SQL
from analyzer.codecs.sql import decode_sql
from analyzer.codecs.table import decode_table
from analyzer.codecs.text_runs import decode_text_runs, text_in
from analyzer.codecs.url import decode_url
from analyzer.codecs.utf16 import decode_wide
from analyzer.codecs.uuencode import BEGINNING as UUENCODED
from analyzer.codecs.uuencode import decode_uuencode
from analyzer.codecs.xml import decode_xml, decode_xml_behind
from analyzer.codecs.xor import decode_weak, may_be_weak

Opened = Columns | Iterable[PlainPart]
Decoder = Callable[[MessagePart, Budget], Columns | Sequence[PlainPart]]
"""Gives what is inside a part; an empty list where the part is not in that encoding."""

# The first that opens the part wins. Base64 stands before form, since the padding of
# `eyJhIjoxfQ==` makes it look like a form with one key; hexadecimal and base32 stand before
# base64, whose alphabet holds theirs. What has no mark of its own comes last, but for the weak
# encodings, which need a whole document.
FOR_TEXT: tuple[Decoder, ...] = (
    decode_graphql,
    decode_hl7,
    decode_sql,
    decode_rotated,
    decode_escaped,
    decode_character_codes,
    decode_uuencode,
    decode_json,
    decode_joined,
    decode_hexadecimal,
    decode_base32,
    decode_base64,
    decode_jwt,
    decode_weak,
    decode_ascii85,
    decode_xml,
    decode_multipart,
    decode_url,
    decode_quoted_printable,
    decode_lines,
    decode_serialised,
    decode_line_protocol,
    decode_pairs,
    decode_form,
    decode_table,
    decode_documents,
    decode_xml_behind,
    decode_percent,
    decode_logfmt,
    decode_bencode,
    decode_segments,
)
# What these give does not stand in the message as such.
RECODING = frozenset(
    (
        decode_hexadecimal, decode_base32, decode_base64, decode_jwt, decode_weak, decode_ascii85,
        decode_multipart, decode_compressed, decode_bytes, decode_unmarked, decode_rotated,
        decode_character_codes, decode_uuencode, decode_joined, decode_escaped,
    )
)  # fmt: skip
ONLY_WEAK: tuple[Decoder, ...] = (decode_weak,)
FOR_BYTES: tuple[Decoder, ...] = (
    decode_grpc,
    decode_compressed,
    decode_archive,
    decode_multipart,
    decode_wide,
    decode_bytes,
    decode_unmarked,
    decode_weak,
    decode_framed,
    decode_envelope,
    decode_text_runs,
)

# How the text looks that the decoders open, most of it told by its beginning: a statement of SQL; what PHP
# writes; JSON and XML; something with an escape or a pair, multipart, bencoding, tokens; codes of characters,
# uuencoded lines, pieces of one length; letters and digits as base64 and its kin have; a name with a colon;
# several lines; a document behind something else; long segments with marks between.
LOOKS = re.compile(
    r"(?P<sql>\s*+" + SQL + r")"
    r"|(?P<graphql>" + GRAPHQL + r")"
    r"|(?P<hl7>" + HL7 + r")"
    r"|(?P<php>[aOC]:\d{1,7}:[{\"])"
    r"|(?P<document>[\s\ufeff]*+[{\[<])"
    r"|(?P<any>[^=%]*+[=%]|--|d\d|[^.]{0,16}eyJ)"
    r"|(?P<codes>" + CODES + r"|\s*+\"[A-Za-z0-9+/_\-=]{16,}+\"|" + UUENCODED + r"|" + CUT + r")"
    r"|(?P<digits>[A-Za-z0-9+/_\- \r\n\0]{11,}+\*{0,2}\Z)"
    r"|(?P<base85>(?:HQ|dm)\S{18})"
    r"|(?P<pairs>\s*+[A-Za-z_$#*\"'\-][\w .\-/()\[\]\"'$#]{0,79}+[:\t](?!//))"
    r"|(?P<lines>[^\n]{0,4096}+\n)"
    r"|(?P<behind>[^{\[<]{1,512}+(?:[{\[]\s*+[\"{\[]|<[?A-Za-z]))"
    r"|(?P<segments>(?=\S*?[A-Za-z0-9+/_\-]{14})[^\s{}<>\"()]{14,}+\Z)"
)
DECODERS: dict[str | None, tuple[Decoder, ...]] = {
    "sql": FOR_TEXT,
    "graphql": FOR_TEXT,
    "hl7": FOR_TEXT,
    "php": (decode_serialised, decode_line_protocol, decode_pairs, decode_logfmt),
    "document": (
        decode_graphql,
        decode_rotated,
        decode_escaped,
        decode_json,
        decode_weak,
        decode_ascii85,
        decode_xml,
        decode_quoted_printable,
        decode_lines,
        decode_line_protocol,
        decode_pairs,
        decode_form,
        decode_table,
        decode_documents,
        decode_percent,
        decode_logfmt,
    ),
    "any": FOR_TEXT,
    "codes": FOR_TEXT,
    "digits": (
        decode_hexadecimal,
        decode_base32,
        decode_base64,
        decode_weak,
        decode_ascii85,
    ),
    "base85": (decode_weak, decode_ascii85, decode_pairs),
    "pairs": (
        decode_rotated,
        decode_jwt,
        decode_weak,
        decode_pairs,
        decode_table,
        decode_documents,
        decode_xml_behind,
        decode_segments,
    ),
    "lines": (
        decode_rotated,
        decode_weak,
        decode_lines,
        decode_pairs,
        decode_table,
        decode_documents,
        decode_xml_behind,
    ),
    "behind": (decode_rotated, decode_weak, decode_documents, decode_xml_behind),
    "segments": (decode_jwt, decode_weak, decode_segments),
}
SHORTEST_ENCODED = 11
WINDOW = 1 << 16  # characters
SHARED = 256


def leaves(parts: Iterable[PlainPart], budget: Budget) -> Columns:
    """The innermost parts of `parts`, in their order; those that no decoder opens are given as they are."""
    found = Columns()
    _sort_out(parts, budget, 0, found)
    return found


def decoders_for(value: str | bytes) -> tuple[Decoder, ...]:
    """The decoders that could open the value: a cheap look that spares one look each."""
    if not isinstance(value, str):
        return FOR_BYTES if len(value) > 1 else ()
    if len(value) < SHORTEST_ENCODED and value.isalnum():
        return ()
    if look := LOOKS.match(value):
        return DECODERS[look.lastgroup]
    return ONLY_WEAK if may_be_weak(value) else ()


def opened_once(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """What the first decoder that opens the part finds in it, one step further in."""
    return _opened(part, decoders_for(part.value), budget)


def _sort_out(parts: Opened, budget: Budget, depth: int, found: Columns) -> None:
    if isinstance(parts, Columns):
        _sort_out_columns(parts, budget, depth, found)
    else:
        for part in parts:
            if decoders := decoders_for(part[1]):
                _descend(MessagePart(*part), decoders, budget, depth, found)
            else:
                _keep(part, budget, found)
    budget.fields_left = max(0, budget.limits.fields - len(found))


def _sort_out_columns(parts: Columns, budget: Budget, depth: int, found: Columns) -> None:
    """The same; runs of parts that can't be opened are taken over at once."""
    start, values = 0, parts.values
    worth_a_look = [i for i, v in enumerate(values) if len(v) >= SHORTEST_ENCODED or not v.isalnum()]
    for index in worth_a_look:
        if decoders := decoders_for(values[index]):
            _keep_run(parts, start, index, budget, found)
            _descend(MessagePart(*parts.part(index)), decoders, budget, depth, found)
            start = index + 1
    _keep_run(parts, start, len(parts), budget, found)


def _descend(
    part: MessagePart, decoders: Sequence[Decoder], budget: Budget, depth: int, found: Columns
) -> None:
    budget.fields_left = max(0, budget.limits.fields - len(found))
    inner = _opened(part, decoders, budget)
    if inner and depth >= budget.limits.depth:
        budget.meet("decode-depth")
        inner = []
    if inner:
        cut, searched = budget.times_cut, budget.searched_whole
        _sort_out(inner, budget, depth + 1, found)
        if budget.times_cut > cut and budget.searched_whole == searched:
            budget.searched_whole += 1
            _add_windows(part, budget, found)
    else:
        _keep(part, budget, found)


def _add_windows(part: MessagePart, budget: Budget, found: Columns) -> None:
    """The text of a part of which not all fields are kept, in windows, so that all of it is searched.

    The windows are no fields of the limit; two of them share what may stand on their border.
    """
    text = part.value if isinstance(part.value, str) else text_in(part.value)
    for start in range(0, len(text), WINDOW - SHARED):
        if len(found) >= budget.limits.fields + budget.limits.windows:
            budget.meet("decode-windows")
            return
        found.add((part.name, text[start : start + WINDOW], (*part.path, f"window {start}"), part.beside))


def _keep(part: PlainPart, budget: Budget, found: Columns) -> None:
    if len(found.names) < budget.limits.fields:
        found.add(part)
    else:
        budget.meet("decode-fields")


def _keep_run(parts: Columns, start: int, end: int, budget: Budget, found: Columns) -> None:
    kept = min(end, start + max(0, budget.limits.fields - len(found)))
    found.take(parts, start, kept)
    if kept < end:
        budget.meet("decode-fields", end - kept)


def _opened(part: MessagePart, decoders: Sequence[Decoder], budget: Budget) -> Columns | Sequence[PlainPart]:
    for decode in decoders:
        if inner := decode(part, budget):
            if decode in RECODING or (decode is decode_json and "\\u" in part.value):
                budget.is_recoded = True
            return inner
    return []
