"""Open a part as long as something inside it is readable: outer parts → the innermost parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from analyzer.decode.base32 import decode_ascii85, decode_base32
from analyzer.decode.base64 import decode_base64
from analyzer.decode.compressed import decode_compressed, decode_unmarked
from analyzer.decode.form import decode_form
from analyzer.decode.hexadecimal import decode_hexadecimal
from analyzer.decode.json import decode_json
from analyzer.decode.jwt import decode_jwt
from analyzer.decode.limits import Budget
from analyzer.decode.multipart import decode_multipart
from analyzer.decode.octets import decode_bencode, decode_octets
from analyzer.decode.part import Part, PlainPart
from analyzer.decode.percent import decode_percent
from analyzer.decode.url import decode_url
from analyzer.decode.weak import decode_weak, may_be_weak
from analyzer.decode.xml import decode_xml

Decoder = Callable[[Part, Budget], Sequence[PlainPart]]
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
    decode_form,
    decode_percent,
    decode_bencode,
)
FOR_OCTETS: tuple[Decoder, ...] = (
    decode_compressed,
    decode_multipart,
    decode_octets,
    decode_unmarked,
    decode_weak,
)

# How the text begins that the decoders open: JSON and XML, something with an escape or a pair, multipart,
# bencoding, tokens, base64 and its kin.
MAY_OPEN = re.compile(
    r"[\s\ufeff]*+[{\[<]|[^=%]*+[=%]|--|d\d|[^.]{0,16}eyJ|[A-Za-z0-9+/_\-\s\0]{11,}+\Z|(?:HQ|dm)\S{18}"
)
SHORTEST_ENCODED = 11


def leaves(parts: Iterable[PlainPart], budget: Budget) -> list[PlainPart]:
    """The innermost parts of `parts`, in their order; those that no decoder opens are given as they are."""
    found: list[PlainPart] = []
    _sort_out(parts, budget, 0, found)
    return found


def may_open(value: str | bytes) -> bool:
    """Whether one of the decoders could open the value: a cheap look that spares one look each."""
    if not isinstance(value, str):
        return len(value) > 1
    if len(value) < SHORTEST_ENCODED and value.isalnum():
        return False
    return MAY_OPEN.match(value) is not None or may_be_weak(value)


def _sort_out(parts: Iterable[PlainPart], budget: Budget, depth: int, found: list[PlainPart]) -> None:
    most = budget.limits.fields
    for part in parts:
        if may_open(part[1]):
            _descend(Part(*part), budget, depth, found)
        elif len(found) < most:
            found.append(part)
        else:
            budget.meet("decode-fields")
    budget.fields_left = most - len(found)


def _descend(part: Part, budget: Budget, depth: int, found: list[PlainPart]) -> None:
    budget.fields_left = budget.limits.fields - len(found)
    inner = _opened(part, budget)
    if inner and depth >= budget.limits.depth:
        budget.meet("decode-depth")
        inner = []
    if inner:
        _sort_out(inner, budget, depth + 1, found)
    elif len(found) < budget.limits.fields:
        found.append(part)
    else:
        budget.meet("decode-fields")


def _opened(part: Part, budget: Budget) -> Sequence[PlainPart]:
    for decode in FOR_TEXT if isinstance(part.value, str) else FOR_OCTETS:
        if inner := decode(part, budget):
            return inner
    return []
