"""A gRPC body → its messages, each a Protocol Buffers message or what its content type says.

The framing is one byte of flags and four of length before each message
(<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>); gRPC-Web adds trailers in the same form.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence

from analyzer.codecs.compression import decode_compressed
from analyzer.codecs.document_walk import parts_of_document
from analyzer.codecs.field_columns import Columns
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart
from analyzer.codecs.plain_text import text_or_bytes
from analyzer.codecs.protobuf import known_protobuf

MEDIA_TYPE = "application/grpc"
STEP = "grpc"
HEAD = 5
TRAILERS = 0x80  # flag of gRPC-Web
MOST_MESSAGES = 1000
LONGEST = 1 << 20  # bytes of a message that is read field by field
ALONE: frozenset[str] = frozenset()


def grpc_messages(content: bytes, content_type: str) -> Iterator[PlainPart]:
    """Each message of a body, bytes unless the content type calls it text; the cut last one too."""
    if content_type.lower().startswith("application/grpc-web-text"):
        content = _from_base64(content)
    at = 0
    for number in range(MOST_MESSAGES):
        if at + HEAD > len(content):
            break
        flags, end = content[at], at + HEAD + int.from_bytes(content[at + 1 : at + HEAD], "big")
        data = content[at + HEAD : end]
        is_text = flags & TRAILERS or "json" in content_type.lower()
        name = "trailers" if flags & TRAILERS else "message"
        if data:
            value = text_or_bytes(data, "utf-8") if is_text else data
            yield name, value, ("body", STEP, f"[{number}]"), ALONE
        at = end
    if at < len(content):
        yield "body", content[at:], ("body", STEP, "rest"), ALONE


def decode_grpc(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The fields of a gRPC message, which needs no text to be known as Protocol Buffers."""
    if isinstance(part.value, str) or part.path[-2:-1] != (STEP,):
        return []
    opened = next(iter(decode_compressed(part, budget)), part)
    data = opened.value.encode() if isinstance(opened.value, str) else opened.value
    document = known_protobuf(data) if len(data) <= LONGEST else None
    if document is None or not budget.take_bytes(len(data)):
        return [opened] if opened is not part else []
    return parts_of_document(document, opened, "protobuf", budget)


def _from_base64(content: bytes) -> bytes:
    """What base64 stands for; each piece that a sender flushed has padding of its own."""
    pieces = [piece for piece in content.replace(b"\r\n", b"").split(b"=") if piece]
    try:
        return b"".join(base64.b64decode(piece + b"=" * (-len(piece) % 4)) for piece in pieces)
    except binascii.Error:
        return content
