"""A message → its outer parts: headers, cookies, path, query and body, still as they were sent."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

from analyzer.decode.compressed import is_compressed
from analyzer.decode.cookie import cookie_set_by, cookies_of
from analyzer.decode.form import pairs_of, parts_of_pairs
from analyzer.decode.grpc import MEDIA_TYPE, grpc_messages
from analyzer.decode.octets import opens
from analyzer.decode.part import PlainPart
from analyzer.decode.percent import unescaped
from analyzer.decode.text import is_unreadable, text_or_bytes
from analyzer.model import Message

Split = Callable[[str, str], list[PlainPart]]
COOKIES: dict[str, Split] = {"cookie": cookies_of, "set-cookie": cookie_set_by}
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
ALONE: frozenset[str] = frozenset()  # no names beside it
# Python codecs that name no charset of text; some take time that grows with the square of the input.
NOT_CHARSETS = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"))
SCHEME_AND_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*")


def parts_of(message: Message) -> Iterator[PlainPart]:
    """The outer parts in the order of the wire: target, headers, body."""
    yield from _target(message.target)
    for name, value in message.headers:
        split = COOKIES.get(name.lower())
        if split:
            yield from split(value, name)
        else:
            yield name, value, ("header", name), ALONE
    yield from _body(message)


def _target(target: str | None) -> Iterator[PlainPart]:
    """Path and query of the target (RFC 9112 §3.2), whose absolute form repeats the host."""
    if not target:
        return
    if target[0] != "/":
        target = SCHEME_AND_AUTHORITY.sub("", target, count=1)
    path, _, query = target.partition("#")[0].partition("?")
    if len(path) > 1:
        yield "path", unescaped(path), ("target", "path"), ALONE
    if "=" in query:
        yield from parts_of_pairs(pairs_of(query), ("target", "query"))
    elif query:
        yield "query", query, ("target", "query"), ALONE


def _body(message: Message) -> Iterator[PlainPart]:
    content = message.body.content
    content_type = message.header("content-type") or ""
    if content and content_type.lower().startswith(MEDIA_TYPE):
        yield from grpc_messages(content, content_type)
    elif content:
        charset = message.body.charset or charset_of(message)
        value = content if is_compressed(content) else text_or_bytes(content, charset)
        # Some binary formats are octets that happen to be UTF-8 too.
        if isinstance(value, str) and is_unreadable(value.rstrip("\0")) and opens(content):
            value = content
        yield "body", value, ("body",), ALONE


def charset_of(message: Message) -> str:
    """The charset that Content-Type names (RFC 9110 §8.3.2), UTF-8 where it names none that is known."""
    named = CHARSET.search(message.header("content-type") or "")
    if not named:
        return "utf-8"
    try:
        charset = codecs.lookup(named[1]).name
        b"a".decode(charset, "replace")  # LookupError where the codec is not one of text, such as base64
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if charset in NOT_CHARSETS else charset
