"""The headers by which a request proves who sends it → account, password or token.

Authorization and Proxy-Authorization (RFC 9110 §11) with the schemes Basic (RFC 7617), Digest (RFC 7616),
Bearer (RFC 6750), NTLM and Negotiate ([MS-NLMP] §2.2.1.3), and the headers that hold a token alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from analyzer.model import Message

PROOFS = frozenset(("authorization", "proxy-authorization", "x-authorization"))
TOKEN_HEADERS = frozenset(
    ("x-auth-token", "x-access-token", "x-session-id", "x-session-token", "x-api-key", "x-apikey", "apikey",
     "api-key", "x-user-token", "x-auth-key", "private-token", "x-token", "access-token", "x-goog-api-key")
)  # fmt: skip
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_\-]{0,31})[ \t]+(\S.*)", re.DOTALL)
TOKEN_SCHEMES = frozenset(("bearer", "token", "jwt", "apikey", "api-key", "key", "oauth2", "app-token"))
QUOTED = r'\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))'
USER_NAME = re.compile(r"(?:^|[\s,])username" + QUOTED, re.IGNORECASE)
USER_NAME_EXTENDED = re.compile(r"(?:^|[\s,])username\*\s*=\s*utf-8''([^\s,]+)", re.IGNORECASE)
OAUTH_TOKEN = re.compile(r"(?:^|[\s,])(?:oauth_)?token" + QUOTED, re.IGNORECASE)
NTLM_SIGNATURE, AUTHENTICATE = b"NTLMSSP\0", 3
UNICODE = 1  # flag of [MS-NLMP] §2.2.2.5
# User names that say that the other half is a token: of code hosts and registries.
TOKEN_USERS = frozenset(
    ("x-access-token", "x-oauth-basic", "oauth2", "token", "api", "apikey", "__token__", "key")
)
KEY_LIKE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9_\-.]{20,}|(?:sk|pk|rk)_(?:live|test)_\S+")
TOKEN_LIKE = re.compile(
    r"eyJ[\w\-]+\.[\w\-]+\.[\w\-]*|gh[pousr]_\w{20,}|github_pat_\w+|glpat-\S{16,}|xox[bp]-\S+|ya29\.\S+"
)
SHORTEST_TOKEN = 8
SEVERAL = re.compile(
    r";|\S\s+\S"
)  # values in one header, as those by which peers of Gnutella show their version


class Proof(NamedTuple):
    """What one header gives: the account, the password or the token; empty where there is none."""

    header: str
    scheme: str
    user: str = ""
    password: str = ""
    token: str = ""
    raw: str = ""  # what is to be masked besides
    domain: str = ""


def proofs_in(message: Message) -> Iterator[Proof]:
    """Yield what the headers of a request prove itself with."""
    for name, value in message.headers:
        lowered = name.lower()
        if lowered in PROOFS:
            if proof := _proof(name, value.strip()):
                yield proof
        elif lowered in TOKEN_HEADERS and len(value) >= SHORTEST_TOKEN and not SEVERAL.search(value):
            yield Proof(name, name, token=value.strip())


def _proof(header: str, value: str) -> Proof | None:
    found = SCHEME.fullmatch(value)
    if not found:
        is_token = (len(value) >= 16 and KEY_LIKE.fullmatch(value)) or TOKEN_LIKE.fullmatch(value)
        return Proof(header, header, token=value) if is_token else None
    scheme, said = found[1].lower(), found[2].strip()
    if scheme in TOKEN_SCHEMES:
        bare = said.partition("=")[2].strip('"') if re.match(r"token\s*=", said) else said
        return Proof(header, found[1], token=bare) if len(bare) >= SHORTEST_TOKEN else None
    read = SCHEMES.get(scheme)
    return read(header, said) if read else None


def _basic(header: str, said: str) -> Proof | None:
    data = _decoded(said)
    if b":" not in data:
        return None
    text = _text(data)
    user, _, password = text.partition(":")
    if not user.isprintable():
        return None
    if user.lower() in TOKEN_USERS or TOKEN_LIKE.fullmatch(password):
        return Proof(header, "Basic", token=password, raw=said) if password else None
    if not password and (KEY_LIKE.fullmatch(user) or TOKEN_LIKE.fullmatch(user)):
        return Proof(header, "Basic", token=user, raw=said)
    return Proof(header, "Basic", user, password, raw=said if password else "")


def _digest(header: str, said: str) -> Proof | None:
    if found := USER_NAME_EXTENDED.search(said):
        return Proof(header, "Digest", unquote(found[1]))
    found = USER_NAME.search(said)
    user = (found[1] if found[1] is not None else found[2]) if found else ""
    return Proof(header, "Digest", re.sub(r"\\(.)", r"\1", user)) if user else None


def _ntlm(header: str, said: str) -> Proof | None:
    """The names of an AUTHENTICATE_MESSAGE; the answer to the challenge is no readable password."""
    data = _decoded(said)
    at = data.find(NTLM_SIGNATURE)  # Negotiate may wrap it (RFC 4178)
    data = data[at:] if at >= 0 else b""
    if len(data) < 64 or int.from_bytes(data[8:12], "little") != AUTHENTICATE:
        return None
    is_unicode = data[60] & UNICODE
    domain, user = (_ntlm_text(data, place, bool(is_unicode)) for place in (28, 36))
    return Proof(header, "NTLM", user, domain=domain) if user else None


def _ntlm_text(data: bytes, place: int, is_unicode: bool) -> str:
    length = int.from_bytes(data[place : place + 2], "little")
    start = int.from_bytes(data[place + 4 : place + 8], "little")
    piece = data[start : start + length]
    text = piece.decode("utf-16-le" if is_unicode else "latin-1", "replace")
    return text if len(piece) == length and text.isprintable() else ""


def _oauth(header: str, said: str) -> Proof | None:
    found = OAUTH_TOKEN.search(said)
    token = (found[1] or found[2] or "") if found else ""
    return Proof(header, "OAuth", token=token) if len(token) >= SHORTEST_TOKEN else None


SCHEMES: dict[str, Callable[[str, str], Proof | None]] = {
    "basic": _basic,
    "digest": _digest,
    "ntlm": _ntlm,
    "negotiate": _ntlm,
    "oauth": _oauth,
}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except ValueError:
        return data.decode("latin-1")
