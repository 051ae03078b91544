"""Marks by which those who hold a redaction key and a capture recognise them in a redacted report."""

from __future__ import annotations

import hashlib
import hmac


def key_mark(key: bytes) -> str:
    """Return 16 hexadecimal digits that identify a redaction key and show nothing else of it."""
    return hashlib.sha256(b"phonehome redaction key " + key).hexdigest()[:16]


def commitment(key: bytes, sha256: str) -> str:
    """Return the HMAC-SHA-256 of a capture's SHA-256, both in hexadecimal, under the redaction key."""
    return hmac.new(key, sha256.encode(), hashlib.sha256).hexdigest()


def value_mark(key: bytes, kind: str, value: str) -> str:
    """Return the HMAC-SHA-256, in hexadecimal, of a value of a kind under a redaction key."""
    return hmac.new(key, f"{kind}\0{value}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
