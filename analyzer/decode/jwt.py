"""JSON Web Token (RFC 7519 §3) → its header and its claims, which are signed and not encrypted."""

from __future__ import annotations

import base64
import re

from analyzer.decode.json import is_json
from analyzer.decode.limits import Budget
from analyzer.decode.part import Part, inside

SEGMENT = r"[A-Za-z0-9_\-]"
# A header begins with `{"`, which base64 writes as eyJ; `Bearer` may stand before it (RFC 6750 §2.1).
TOKEN = re.compile(rf"(?:Bearer\s+)?(eyJ{SEGMENT}+)\.(eyJ{SEGMENT}+)\.{SEGMENT}*", re.IGNORECASE)


def decode_jwt(part: Part, budget: Budget) -> list[Part]:
    """Header and claims as JSON texts; nothing where the text is no token."""
    value = part.value
    if not isinstance(value, str) or "eyJ" not in value[:16] or not (token := TOKEN.fullmatch(value)):
        return []
    texts = [_json(token[1]), _json(token[2])]
    if not all(texts) or not budget.take_octets(len(value)):
        return []
    return [inside(part, text, "jwt", name) for name, text in zip(("header", "claims"), texts, strict=True)]


def _json(segment: str) -> str:
    try:
        text = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode("utf-8")
    except ValueError:
        return ""
    return text if is_json(text) else ""
