"""The content of a message's body ⇄ text where it is UTF-8 text, base64 elsewhere; which, is said."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from analyzer.report.codecs import expect, literal, value_at


def body_out(document: dict[str, Any]) -> dict[str, Any]:
    """The body with its `content` of bytes as a JSON string, and `content_as`."""
    content = document["content"]
    text = _as_text(content)
    if text is not None:
        return {**document, "content": text, "content_as": "text"}
    return {**document, "content": base64.b64encode(content).decode("ascii"), "content_as": "base64"}


def _as_text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.translate(_LAYOUT).isprintable() else None


_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"), " ")


def body_in(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The reverse; ValueError where the string is not what `content_as` says."""
    content = expect(value_at(document, ("content",), where), str, f"{where}.content")
    kind = CONTENT_AS.load(value_at(document, ("content_as",), where), f"{where}.content_as")
    try:
        data = content.encode("utf-8") if kind == "text" else base64.b64decode(content, validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise ValueError(f"{where}.content: not {kind} as content_as says") from None
    return {**document, "content": data}


CONTENT_AS = literal(("text", "base64"))
