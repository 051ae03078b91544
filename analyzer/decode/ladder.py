"""Open a part as long as something inside it is readable: outer parts → the innermost parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from analyzer.decode.base32 import decode_ascii85, decode_base32
from analyzer.decode.base64 import decode_base64
from analyzer.decode.columns import Columns
from analyzer.decode.compressed import decode_compressed, decode_unmarked
from analyzer.decode.form import decode_form
from analyzer.decode.grpc import decode_grpc
from analyzer.decode.hexadecimal import decode_hexadecimal
from analyzer.decode.json import decode_json
from analyzer.decode.jwt import decode_jwt
from analyzer.decode.limits import Budget
from analyzer.decode.multipart import decode_multipart
from analyzer.decode.octets import decode_bencode, decode_octets
from analyzer.decode.pairs import decode_pairs
from analyzer.decode.part import Part, PlainPart
from analyzer.decode.percent import decode_percent
from analyzer.decode.url import decode_url
from analyzer.decode.weak import decode_weak, may_be_weak
from analyzer.decode.xml import decode_xml

Opened = Columns | Iterable[PlainPart]
Decoder = Callable[[Part, Budget], Columns | Sequence[PlainPart]]
"""Gives what is inside a part; an empty list where the part is not in that encoding."""

# The first that opens the part wins. Base64 stands before form, since the padding of
# `eyJhIjoxfQ==` makes it look like a form with one key; hexadecimal and base32 stand before
# base64, whose alphabet holds theirs. What has no mark of its own comes last, but for the weak
# encodings, which need a whole document.
FOR_TEXT: tuple[Decoder, ...] = (
    decode_json,
    decode_hexadecimal,
    decode_base32,
    decode_base64,
    decode_jwt,
    decode_weak,
    decode_ascii85,
    decode_xml,
    decode_multipart,
    decode_url,
    decode_pairs,
    decode_form,
    decode_percent,
    decode_bencode,
)
# What these give does not stand in the message as such.
RECODING = frozenset(
    (
        decode_hexadecimal, decode_base32, decode_base64, decode_jwt, decode_weak, decode_ascii85,
        decode_multipart, decode_compressed, decode_octets, decode_unmarked,
    )
)  # fmt: skip
ONLY_WEAK: tuple[Decoder, ...] = (decode_weak,)
FOR_OCTETS: tuple[Decoder, ...] = (
    decode_grpc,
    decode_compressed,
    decode_multipart,
    decode_octets,
    decode_unmarked,
    decode_weak,
)

# How the text looks that the decoders open, most of it told by its beginning: JSON and XML; something
# with an escape or a pair, multipart, bencoding, tokens; letters and digits as base64 and its kin have;
# a name with a colon.
LOOKS = re.compile(
    r"(?P<document>[\s\ufeff]*+[{\[<])"
    r"|(?P<any>[^=%]*+[=%]|--|d\d|[^.]{0,16}eyJ)"
    r"|(?P<digits>[A-Za-z0-9+/_\-\s\0]{11,}+\Z)"
    r"|(?P<base85>(?:HQ|dm)\S{18})"
    r"|(?P<pairs>\s*+[A-Za-z_][\w.\-\[\]]{0,63}+[ \t]*+:)"
)
DECODERS: dict[str | None, tuple[Decoder, ...]] = {
    "document": (decode_json, decode_weak, decode_ascii85, decode_xml, decode_form, decode_percent),
    "any": FOR_TEXT,
    "digits": (decode_hexadecimal, decode_base32, decode_base64, decode_weak, decode_ascii85),
    "base85": (decode_weak, decode_ascii85, decode_pairs),
    "pairs": (decode_weak, decode_pairs),
}
SHORTEST_ENCODED = 11


def leaves(parts: Iterable[PlainPart], budget: Budget) -> Columns:
    """The innermost parts of `parts`, in their order; those that no decoder opens are given as they are."""
    found = Columns()
    _sort_out(parts, budget, 0, found)
    return found


def decoders_for(value: str | bytes) -> tuple[Decoder, ...]:
    """The decoders that could open the value: a cheap look that spares one look each."""
    if not isinstance(value, str):
        return FOR_OCTETS if len(value) > 1 else ()
    if len(value) < SHORTEST_ENCODED and value.isalnum():
        return ()
    if look := LOOKS.match(value):
        return DECODERS[look.lastgroup]
    return ONLY_WEAK if may_be_weak(value) else ()


def opened_once(part: Part, budget: Budget) -> Columns | Sequence[PlainPart]:
    """What the first decoder that opens the part finds in it, one step further in."""
    return _opened(part, decoders_for(part.value), budget)


def _sort_out(parts: Opened, budget: Budget, depth: int, found: Columns) -> None:
    if isinstance(parts, Columns):
        _sort_out_columns(parts, budget, depth, found)
    else:
        for part in parts:
            if decoders := decoders_for(part[1]):
                _descend(Part(*part), decoders, budget, depth, found)
            else:
                _keep(part, budget, found)
    budget.fields_left = budget.limits.fields - len(found)


def _sort_out_columns(parts: Columns, budget: Budget, depth: int, found: Columns) -> None:
    """The same; runs of parts that can't be opened are taken over at once."""
    start, values = 0, parts.values
    worth_a_look = [i for i, v in enumerate(values) if len(v) >= SHORTEST_ENCODED or not v.isalnum()]
    for index in worth_a_look:
        if decoders := decoders_for(values[index]):
            _keep_run(parts, start, index, budget, found)
            _descend(Part(*parts.part(index)), decoders, budget, depth, found)
            start = index + 1
    _keep_run(parts, start, len(parts), budget, found)


def _descend(part: Part, decoders: Sequence[Decoder], budget: Budget, depth: int, found: Columns) -> None:
    budget.fields_left = budget.limits.fields - len(found)
    inner = _opened(part, decoders, budget)
    if inner and depth >= budget.limits.depth:
        budget.meet("decode-depth")
        inner = []
    if inner:
        _sort_out(inner, budget, depth + 1, found)
    else:
        _keep(part, budget, found)


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


def _opened(part: Part, decoders: Sequence[Decoder], budget: Budget) -> Columns | Sequence[PlainPart]:
    for decode in decoders:
        if inner := decode(part, budget):
            if decode in RECODING or (decode is decode_json and "\\u" in part.value):
                budget.is_recoded = True
            return inner
    return []
