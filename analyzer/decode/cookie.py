"""Cookie and Set-Cookie headers (RFC 6265 §4) → one field a cookie."""

from __future__ import annotations

from analyzer.decode.form import fields_of_pairs
from analyzer.model import Field


def cookies_of(header: Field) -> list[Field]:
    """The cookies that a Cookie header sends back, below the header's path."""
    return _cookies(header, [piece for piece in _text(header).split(";") if piece.strip()])


def cookie_set_by(header: Field) -> list[Field]:
    """The one cookie that a Set-Cookie header sets; its attributes are left out."""
    return _cookies(header, [_text(header).partition(";")[0]])


def _cookies(header: Field, pieces: list[str]) -> list[Field]:
    pairs: list[tuple[str, str | bytes]] = []
    for piece in pieces:
        name, equals, value = piece.strip().partition("=")
        pairs.append((name, value.strip('"')) if equals else (header.name, name))
    return fields_of_pairs(pairs, header)


def _text(header: Field) -> str:
    assert isinstance(header.value, str)
    return header.value
