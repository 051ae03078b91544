"""A URL inside a value (a Referer, a redirect, `url=…`) → its path and its query (RFC 3986 §3)."""

from __future__ import annotations

import re

from analyzer.codecs.form import pairs_of, parts_of_pairs
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart, inside
from analyzer.codecs.percent import unescaped

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s/?#]*+([^\s?#]*+)\?([^\s#]*+)(?:#\S*+)?")


def decode_url(part: MessagePart, budget: Budget) -> list[PlainPart]:
    """The path and the query's pairs; nothing where the text is no URL with a query."""
    value = part.value
    if not isinstance(value, str) or "://" not in value[:24] or not (url := URL.fullmatch(value)):
        return []
    if "=" not in url[2] or not budget.take_bytes(len(value)):
        return []
    pairs = parts_of_pairs(pairs_of(url[2])[: budget.fields_left + 1], (*part.path, "url", "query"))
    return [inside(part, unescaped(url[1]), "url", "path"), *pairs] if len(url[1]) > 1 else pairs
