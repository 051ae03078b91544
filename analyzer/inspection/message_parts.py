"""A message → its outer parts: headers, cookies, path, query and body, still as they were sent."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from analyzer.codecs.binary_formats import opens
from analyzer.codecs.compression import is_compressed
from analyzer.codecs.grpc import MEDIA_TYPE, grpc_messages
from analyzer.codecs.message_head import ALONE, header_parts, reason_parts, target_parts
from analyzer.codecs.part import PlainPart
from analyzer.codecs.plain_text import is_unreadable, text_or_bytes
from analyzer.identifiers.labels import kinds_named
from analyzer.model import Message

SEPARATOR = b"\x1e"  # RS, which stands in no JSON text
TOPIC = re.compile(r"[A-Za-z][\w\-]{1,31}", re.ASCII)
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
# Python codecs that name no charset of text; some take time that grows with the square of the input.
NOT_CHARSETS = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"))


def parts_of(message: Message) -> Iterator[PlainPart]:
    """The outer parts in the order of the wire: target, headers, body."""
    yield from target_parts(message.target)
    yield from reason_parts(message.reason)
    for name, value in message.headers:
        yield from header_parts(name, value)
    yield from _body(message)


def _body(message: Message) -> Iterator[PlainPart]:
    content = _lines(message.body.content)
    content_type = message.header("content-type") or ""
    if content and content_type.lower().startswith(MEDIA_TYPE):
        yield from grpc_messages(content, content_type)
    elif content:
        charset = message.body.charset or charset_of(message)
        value = content if is_compressed(content) else text_or_bytes(content, charset)
        # Some binary formats are bytes that happen to be UTF-8 too.
        if isinstance(value, str) and is_unreadable(value.rstrip("\0")) and opens(content):
            value = content
        yield _named_by_topic(message), value, ("body",), ALONE


def _lines(content: bytes) -> bytes:
    """JSON texts with their separators as line ends: RFC 7464 §2 sets one before, SignalR one behind."""
    is_sequence = SEPARATOR in content and content.lstrip(SEPARATOR)[:1] in (b"{", b"[")
    return content.replace(SEPARATOR, b"\n") if is_sequence else content


def _named_by_topic(message: Message) -> str:
    """The last level of a topic where it is the name of an identifier, which the payload is then."""
    if not message.protocol.startswith("mqtt") or message.method != "PUBLISH":
        return "body"
    last = (message.target or "").rpartition("/")[2]
    return last if TOPIC.fullmatch(last) and kinds_named(last) else "body"


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
