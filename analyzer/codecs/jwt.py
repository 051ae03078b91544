"""JSON Web Token (RFC 7519 §3) → its header and its claims, which are signed and not encrypted."""

from __future__ import annotations

import base64
import re
from itertools import islice

from analyzer.codecs.json import is_json
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

SEGMENT = r"[A-Za-z0-9_\-]"
# A header begins with `{"`, which base64 writes as eyJ, or with a brace and a blank or a line end. Five
# segments are a token of JSON Web Encryption (RFC 7516 §3.1), of which only the header is readable.
TOKEN = re.compile(
    rf"(?<!{SEGMENT})(e[yw]{SEGMENT}{{6,}}+)\.(e[yw]{SEGMENT}{{2,}}+)(?:\.{SEGMENT}*+)?(?!\.{SEGMENT})"
)
ANNOUNCED = re.compile(r"\s*+(?:[A-Za-z]{1,16}\s++)?", re.ASCII)  # `Bearer`, in either case (RFC 6750 §2.1)

MOST_TRIED = 16  # texts that look like a token


def decode_jwt(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """Header and claims as JSON texts, and the text around the token; nothing where there is no token."""
    value = part.value
    if not isinstance(value, str) or ".e" not in value:
        return []
    token = next((found for found in islice(TOKEN.finditer(value), MOST_TRIED) if _json(found[2])), None)
    if token is None:
        return []
    texts = [_json(token[1]), _json(token[2])]
    if not all(texts) or not budget.take_bytes(len(value)):
        return []
    found = [inside(part, text, "jwt", name) for name, text in zip(("header", "claims"), texts, strict=True)]
    before, after = value[: token.start()], value[token.end() :]
    around = ("" if ANNOUNCED.fullmatch(before) else before, after)
    return found + [inside(part, text, "jwt", "text around") for text in around if text.strip()]


def _json(segment: str) -> str:
    try:
        text = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode("utf-8")
    except ValueError:
        return ""
    return text if is_json(text) else ""
