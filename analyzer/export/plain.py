"""Values of a report → JSON that any tool reads: ASCII, no half characters, times of the calendar.

Control characters, terminal escapes and bidirectional overrides stay JSON escapes, so that none reaches a
terminal or an editor; half of a surrogate pair, which is no character, becomes U+FFFD (RFC 8259 §8.2).
"""

from __future__ import annotations

import json
import re
from typing import Any

from analyzer.model import Body
from analyzer.report.units import iso

_HALF = re.compile("[\ud800-\udfff]")
_NOT_ASCII = re.compile("[\x7f-\U0010ffff]")
# The years that every calendar of a receiving tool has; a capture file may claim others.
_FIRST_NS, _LAST_NS = -62_135_596_800_000_000_000, 253_402_300_799_999_999_999


def clean(text: str) -> str:
    """The text with U+FFFD where it holds half of a surrogate pair."""
    return _HALF.sub("\ufffd", text)


def dumps(value: Any, indent: int | None = None) -> str:
    """A JSON text in ASCII; on one line unless `indent` is given."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return _NOT_ASCII.sub(_escaped, clean(text))


def time(time_ns: int) -> str:
    """ISO 8601 in UTC with nanoseconds; the nearest time of the years 1 to 9999 for any other."""
    return iso(min(max(time_ns, _FIRST_NS), _LAST_NS))


def text_of(body: Body) -> str | None:
    """The content of a body as text, None where it is none."""
    if not body.content or body.charset is None:
        return None
    try:
        return body.content.decode(body.charset, "replace")
    except (LookupError, ValueError):  # a saved report may name any charset
        return None


def without_empty(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what is unknown: None, empty texts, lists and objects, at any depth."""
    kept = {key: without_empty(v) if isinstance(v, dict) else v for key, v in document.items()}
    return {key: value for key, value in kept.items() if value is not None and value not in ("", [], {}, ())}


def _escaped(found: re.Match[str]) -> str:
    data = found[0].encode("utf-16-be")
    return "".join(f"\\u{data[i : i + 2].hex()}" for i in range(0, len(data), 2))
