"""A multipart body (RFC 2046 §5.1, RFC 7578) → one part a form field or file."""

from __future__ import annotations

import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, neighbours
from analyzer.codecs.plain_text import text_or_bytes

# The delimiter is told by the body itself: a line that begins with two hyphens, headers behind it.
OPENING = re.compile(rb"(?:\r\n)?--([^\r\n]{1,70}?)[ \t]*\r\n(?:[A-Za-z][A-Za-z\-]*:[^\r\n]*\r\n)+\r\n")
MOST_HEADERS = 32
OF_THE_FORMAT = frozenset(
    ("content-disposition", "content-type", "content-length", "content-transfer-encoding", "mime-version")
)


def decode_multipart(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The content of each segment that was seen, named as its header names it; nothing otherwise."""
    value = part.value
    if isinstance(value, str) and not value.lstrip("\r\n").startswith("--"):
        return []
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    opening = OPENING.match(data)
    if not opening or not budget.take_bytes(len(data)):
        return []
    segments = _segments(data.removeprefix(b"\r\n"), opening[1])[: budget.fields_left + 1]
    names = neighbours(name for name, _, _ in segments)
    path = (*part.path, "multipart")
    found: list[MessagePart] = []
    for name, content, headers in segments:
        found.append(MessagePart(name, text_or_bytes(content), (*path, name), names - {name}))
        found += [MessagePart(key, value, (*path, name, key), names - {name}) for key, value in headers]
    return found


def _segments(data: bytes, boundary: bytes) -> list[tuple[str, bytes, list[tuple[str, str]]]]:
    """Name, content and further headers of each segment; of a body that breaks off what came before."""
    from multipart import MultipartError, PushMultipartParser

    segments: list[tuple[str, bytearray, list[tuple[str, str]]]] = []
    parser = PushMultipartParser(boundary, max_header_count=MOST_HEADERS)
    try:
        for event in parser.parse(data):
            if isinstance(event, bytes | bytearray):
                segments[-1][1].extend(event)
            elif event:
                headers = [pair for pair in event.headerlist if pair[0].lower() not in OF_THE_FORMAT]
                if event.filename and event.name:
                    headers.append(("filename", event.filename))
                segments.append((event.name or event.filename or "part", bytearray(), headers))
    except (MultipartError, ValueError):
        pass
    return [(name, bytes(content), headers) for name, content, headers in segments]
