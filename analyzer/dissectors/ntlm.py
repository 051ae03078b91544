"""NTLM's last message (MS-NLMP §2.2.1.3) → the account it names; the answer to the challenge is keyed."""

from __future__ import annotations

from typing import NamedTuple

SIGNATURE = b"NTLMSSP\0\x03\0\0\0"
DOMAIN, USER, COMPUTER, FLAGS = 28, 36, 44, 60
UNICODE = 1
LONGEST_NAME = 512


class NtlmLogin(NamedTuple):
    """Who logs in, in which domain, from which computer."""

    user: str
    domain: str
    computer: str


def ntlm_login(data: bytes) -> NtlmLogin | None:
    """Return whom the message names, wherever it stands in the bytes; None where nobody is named."""
    at = data.find(SIGNATURE)
    if at < 0 or len(data) < at + FLAGS + 4:
        return None
    held = data[at:]
    is_unicode = held[FLAGS] & UNICODE
    user, domain, computer = (_name(held, place, bool(is_unicode)) for place in (USER, DOMAIN, COMPUTER))
    return NtlmLogin(user, domain, computer) if user else None


def _name(data: bytes, place: int, is_unicode: bool) -> str:
    """Return the text whose length and offset stand at a place."""
    size = int.from_bytes(data[place : place + 2], "little")
    start = int.from_bytes(data[place + 4 : place + 8], "little")
    raw = data[start : start + min(size, LONGEST_NAME)]
    name = raw.decode("utf-16-le" if is_unicode else "latin-1", "replace")
    return name if name.isprintable() else ""
