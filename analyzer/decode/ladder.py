"""Open a field as long as something inside it is readable: Field → the innermost Fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from analyzer.decode.base64 import decode_base64
from analyzer.decode.compressed import decode_compressed
from analyzer.decode.form import decode_form
from analyzer.decode.json import decode_json
from analyzer.decode.limits import Budget
from analyzer.decode.percent import decode_percent
from analyzer.decode.url import decode_url
from analyzer.model import Field

Decoder = Callable[[Field, Budget], list[Field]]
"""Gives what is inside a field; an empty list where the field is not in that encoding."""

# The first that opens the field wins. Base64 stands before form, since the padding of
# `eyJhIjoxfQ==` makes it look like a form with one key.
DECODERS: tuple[Decoder, ...] = (
    decode_compressed,
    decode_json,
    decode_base64,
    decode_url,
    decode_form,
    decode_percent,
)

# How the text begins that the decoders open: JSON, something with an escape or a pair, base64.
MAY_OPEN = re.compile(r"[\s\ufeff]*+[{\[]|[^=%]*+[=%]|[A-Za-z0-9+/_\-\s\0]{11,}+\Z")


def leaves(fields: Iterable[Field], budget: Budget) -> list[Field]:
    """The innermost fields of `fields`, in their order; those that no decoder opens are given as they are."""
    found: list[Field] = []
    for field in fields:
        if may_open(field):
            _descend(field, budget, 0, found)
        else:
            _keep(field, budget, found)
    return found


def may_open(field: Field) -> bool:
    """Whether one of the decoders could open the field: a cheap look that spares one look each."""
    return not isinstance(field.value, str) or MAY_OPEN.match(field.value) is not None


def _descend(field: Field, budget: Budget, depth: int, found: list[Field]) -> None:
    inner = _opened(field, budget)
    if inner and depth >= budget.limits.depth:
        budget.meet("decode-depth")
        inner = []
    for each in inner:
        if may_open(each):
            _descend(each, budget, depth + 1, found)
        else:
            _keep(each, budget, found)
    if not inner:
        _keep(field, budget, found)


def _opened(field: Field, budget: Budget) -> list[Field]:
    for decode in DECODERS:
        if inner := decode(field, budget):
            return inner
    return []


def _keep(field: Field, budget: Budget, found: list[Field]) -> None:
    if budget.fields_left == 0:
        budget.meet("decode-fields")
        return
    budget.fields_left -= 1
    found.append(field)
