"""SASL's PLAIN mechanism (RFC 4616) in bytes of no known protocol → the account, where the password stands.

The name of the mechanism stands before it. Its response is an authorization, an account and a password with
noughts between, behind its length or up to the end; in text it is base64.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

NAME = b"PLAIN"
WIDTHS = (1, 2, 4)
IN_BYTES = re.compile(rb"[!-~]{0,64}\0(?P<user>[!-~]{1,64})\0(?P<password>[ -~]{1,128})")
MOST_BETWEEN = 8  # bytes between the name and the response: types and lengths
IN_TEXT = re.compile(rb"PLAIN[ =:\"',]{1,4}(?P<response>[A-Za-z0-9+/]{8,344}={0,2})(?![A-Za-z0-9+/=])")
RESPONSE = re.compile(rb"[!-~]{0,64}\0([!-~\x80-\xff]{1,64})\0[ -~\x80-\xff]{1,128}")
MOST = 8  # names of the mechanism that are looked at


class PlainLogin(NamedTuple):
    """Who logs in, and where the response with the password stands."""

    user: bytes
    start: int
    end: int


def plain_login_in(data: bytes) -> PlainLogin | None:
    """Return the log-in that the bytes hold; None where they hold none."""
    at = data.find(NAME)
    for _ in range(MOST):
        if at < 0:
            return None
        if found := _in_bytes(data, at) or _in_text(data, at):
            return found
        at = data.find(NAME, at + 1)
    return None


def _in_bytes(data: bytes, at: int) -> PlainLogin | None:
    behind = at + len(NAME)
    for start in range(behind, behind + MOST_BETWEEN + 1):
        found = IN_BYTES.match(data, start)
        if found and (size := _size(data[behind:start], found, len(data))):
            return PlainLogin(found["user"], start, start + size)
    return None


def _size(between: bytes, found: re.Match[bytes], whole: int) -> int:
    """Return the length of a response, told by what stands before it or by the end of the bytes; else 0."""
    shortest, longest = found.start("password") + 1 - found.start(), found.end() - found.start()
    for width in WIDTHS[: len(between)]:
        last = between[-width:]
        for size in (int.from_bytes(last, "big"), int.from_bytes(last, "little")):
            if len(last) == width and shortest <= size <= longest:
                return size
    is_last = found.end() == whole and found[0][:1] == b"\0" and not between.strip(b"\0")
    return longest if is_last else 0


def _in_text(data: bytes, at: int) -> PlainLogin | None:
    found = IN_TEXT.match(data, at)
    if found is None:
        return None
    try:
        response = RESPONSE.fullmatch(binascii.a2b_base64(found["response"]))
    except binascii.Error:
        return None
    return PlainLogin(response[1], *found.span("response")) if response else None
