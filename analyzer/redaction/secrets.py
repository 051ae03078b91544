"""A message → what opens an account or a session, which is no identifier and must not be printed either."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from analyzer.codecs.cookie import cookie_set_by, cookies_of
from analyzer.identifiers.credentials import LEFT_OUT, NAMES, SECRET_MASK
from analyzer.identifiers.login_names import role_of
from analyzer.inspection.decode import decode
from analyzer.model import Message

Path = tuple[str, ...]

HEADERS = frozenset(
    ("authorization", "proxy-authorization", "x-auth-token", "x-session-id", "x-access-token", "x-api-key")
)
COOKIES = {"cookie": cookies_of, "set-cookie": cookie_set_by}
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*\s+")
PASSWORD = re.compile(r"(?:user|login|old|new|wifi|wlan)?[_\-]?(?:passw(?:or)?d|passwort|pwd|psk|passphrase)")
SHORTEST_COOKIE = 8
LONGEST = 1024
# Of letters alone it may be a word of the report's own, and is changed only where it stands.
SURE = re.compile(r"(?=.*[^A-Za-z]).{6,}", re.DOTALL)


def secrets_in(message: Message, found: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    """Each secret with its path; `found` are those of findings, which have pseudonyms of their own."""
    for name, value in message.headers:
        lowered = name.lower()
        if lowered in HEADERS:
            yield from _authorization(("header", name), value)
        elif lowered in COOKIES:
            for _, cookie, path, _ in COOKIES[lowered](value, name):
                is_free = not any(each[: len(path)] == path for each in found)
                if isinstance(cookie, str) and len(cookie) >= SHORTEST_COOKIE and is_free:
                    yield path, cookie
    for field in decode(message).fields:
        name = field.name.lower()
        is_secret = PASSWORD.fullmatch(name) or role_of(field.name) in ("password", "token")
        if isinstance(field.value, str) and 0 < len(field.value) <= LONGEST and is_secret:
            yield field.evidence.path, field.value


def is_log_in(message: Message) -> bool:
    """Return whether a password stood in it, or may have, which the report itself never holds."""
    if message.protocol.partition("/")[0] in NAMES or message.header("password") is not None:
        return True
    heads = (message.target or "", *(value for _, value in message.headers))
    return (
        any(SECRET_MASK in text for text in heads)
        or SECRET_MASK.encode() in message.body.content
        or message.body.left_out == LEFT_OUT
    )


def _authorization(path: Path, value: str) -> Iterator[tuple[Path, str]]:
    scheme = SCHEME.match(value)
    token = value[scheme.end() :] if scheme else value
    if not token:
        return
    yield path, token
    if scheme and scheme[0].strip().lower() == "basic":  # RFC 7617
        try:
            user, _, password = base64.b64decode(token).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return
        yield from (((), part) for part in (user, password) if part)
