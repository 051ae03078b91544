"""A message → its outer fields: headers, cookies, path, query and body, still as they were sent."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

from analyzer.decode.compressed import is_compressed
from analyzer.decode.cookie import cookie_set_by, cookies_of
from analyzer.decode.form import fields_of_pairs, pairs_of
from analyzer.decode.percent import unescaped
from analyzer.decode.text import text_or_bytes
from analyzer.model import Evidence, Field, Message

COOKIES: dict[str, Callable[[Field], list[Field]]] = {"cookie": cookies_of, "set-cookie": cookie_set_by}
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
# Python codecs that name no charset of text; some take time that grows with the square of the input.
NOT_CHARSETS = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"))
SCHEME_AND_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*")


def parts_of(message: Message) -> Iterator[Field]:
    """The outer fields in the order of the wire: target, headers, body."""
    yield from _target(message)
    yield from _headers(message)
    yield from _body(message)


def _target(message: Message) -> Iterator[Field]:
    """Path and query of the target (RFC 9112 §3.2), whose absolute form repeats the host."""
    target = message.target
    if not target:
        return
    if target[0] != "/":
        target = SCHEME_AND_AUTHORITY.sub("", target, count=1)
    path, _, query = target.partition("#")[0].partition("?")
    if len(path) > 1:
        yield _field(message, "path", unescaped(path), "target", "path")
    if "=" in query:
        holder = _field(message, "query", query, "target")
        yield from fields_of_pairs(pairs_of(query), holder, "query")
    elif query:
        yield _field(message, "query", query, "target", "query")


def _headers(message: Message) -> Iterator[Field]:
    for name, value in message.headers:
        field = _field(message, name, value, "header", name)
        split = COOKIES.get(name.lower())
        if split:
            yield from split(field)
        else:
            yield field


def _body(message: Message) -> Iterator[Field]:
    content = message.body.content
    if content:
        compressed = is_compressed(content)
        value = content if compressed else text_or_bytes(content, charset_of(message))
        yield _field(message, "body", value, "body")


def charset_of(message: Message) -> str:
    """The charset that Content-Type names (RFC 9110 §8.3.2), UTF-8 where it names none that is known."""
    named = CHARSET.search(message.header("content-type") or "")
    try:
        charset = codecs.lookup(named[1]).name if named else "utf-8"
        b"a".decode(charset, "replace")  # LookupError where the codec is not one of text, such as base64
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if charset in NOT_CHARSETS else charset


def _field(message: Message, name: str, value: str | bytes, *path: str) -> Field:
    at = message.evidence
    return Field(name, value, Evidence(at.frames, at.flow, at.start, at.end, path), message.number)
