"""Cookie and Set-Cookie headers (RFC 6265 §4) → one part a cookie."""

from __future__ import annotations

from analyzer.codecs.form import parts_of_pairs
from analyzer.codecs.part import PlainPart


def cookies_of(header: str, name: str) -> list[PlainPart]:
    """The cookies that a Cookie header sends back, below the header's path."""
    return _cookies([piece for piece in header.split(";") if piece.strip()], name)


def cookie_set_by(header: str, name: str) -> list[PlainPart]:
    """The one cookie that a Set-Cookie header sets; its attributes are left out."""
    return _cookies([header.partition(";")[0]], name)


def _cookies(pieces: list[str], header: str) -> list[PlainPart]:
    pairs: list[tuple[str, str | bytes]] = []
    for piece in pieces:
        name, equals, value = piece.strip().partition("=")
        pairs.append((name, value.strip('"')) if equals else (header, name))
    return parts_of_pairs(pairs, ("header", header))
