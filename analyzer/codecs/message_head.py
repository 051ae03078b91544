"""The head of a message → parts: segments of the path, query, headers with a form of their own, reason.

A segment of a path, a label of a host, a product of User-Agent is a part of its own only where one of them
looks like a value; an ordinary path, host or User-Agent stays one part.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from analyzer.codecs.cookie import cookie_set_by, cookies_of
from analyzer.codecs.form import pairs_of, parts_of_pairs
from analyzer.codecs.name_pairs import telling_names
from analyzer.codecs.part import PlainPart
from analyzer.codecs.percent import unescaped

Split = Callable[[str, str], list[PlainPart]]
ALONE: frozenset[str] = frozenset()  # no names beside it
SCHEME_AND_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*")
# What may be a value in a path: long with a digit in it, an address, a pair, an encoded text.
VALUE = re.compile(
    r"(?=[^\d]*\d)[\w.:\-+=%@~]{8,}|[^=]+=[^=]+|[^@]+@[^@]+\.[^@]+"
    r"|ey[JA][\w\-.=]+|[\w+\-/]{16,}={0,2}",
    re.ASCII,
)
NAME = re.compile(r"[A-Za-z_][A-Za-z_\-]{0,31}[0-9]?", re.ASCII)
WORD = re.compile(r"[A-Za-z]{1,24}[0-9]{0,2}")
LOUD = re.compile(r"[\d@]")
FILE = re.compile(r"\.[a-z][a-z0-9]{1,4}\Z", re.ASCII)  # a name that the server's files have
LOUD_PATH = re.compile(r"[@=]|/(?=[^/]*\d)[^/]{8}|[^/]{16}")
LOUD_HOST = re.compile(r"(?=[^.]*\d)[A-Za-z0-9\-_]{11,}")
PRODUCT = re.compile(r"\(([^()]*)\)|([^\s()]+)")
LOUD_AGENT = re.compile(
    r"[=@]|[A-Za-z_]:[^/\s]|\b(?=[A-Za-z]*\d)[0-9A-Za-z]{10}|\b(?:[0-9A-Fa-f]{2}[:\-]){5}"
)
PAIR = re.compile(r"\s*([A-Za-z_][\w.\-]{0,40})\s*[=:/]\s*(\S.*?)\s*", re.ASCII)
# Words in User-Agent that name the value behind them.
NAMES_NEXT = re.compile(r"(dev(ice)?_?id|mac|imei|meid|udid|serial|sn)", re.IGNORECASE)
CREDENTIALS = re.compile(r"\s*([A-Za-z][\w\-]{0,31})\s+(\S+)\s*", re.ASCII)
BARE_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{16,}(?:=|%3[Dd]){1,2}")
BY_SEMICOLON = re.compile(r"[A-Za-z_][\w.\-]*=[^;&=]*(?:;[A-Za-z_][\w.\-]*=[^;&=]*)+", re.ASCII)
PARAMETER = re.compile(r""";\s*([\w\-]+)\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))""")
ENTITY_TAG = re.compile(r'\s*(?:W/)?"([^"]{8,})"\s*')
LONGEST = 8_192  # characters that are taken apart
LONGEST_KEPT = 512  # characters of a header whose parts are kept
MOST = 64  # pieces


# ── target ──────────────────────────────────────────────────────────────────


def target_parts(target: str | None) -> Iterator[PlainPart]:
    """Path and query of the target (RFC 9112 §3.2), whose absolute form repeats the host."""
    if not target:
        return
    if target[0] != "/":
        target = SCHEME_AND_AUTHORITY.sub("", target, count=1)
    path, _, query = target.partition("#")[0].partition("?")
    if len(path) > 1:
        yield from path_parts(path, ("target", "path"))
    if "=" in query and not BARE_BASE64.fullmatch(query):
        pairs = pairs_of(query.replace(";", "&") if BY_SEMICOLON.fullmatch(query) else query)
        yield from pairs_with_names(pairs, ("target", "query"))
    elif query:
        yield "query", query, ("target", "query"), ALONE


def path_parts(path: str, at: tuple[str, ...]) -> list[PlainPart]:
    """The path as one part; its segments, named by the one before, where one looks like a value."""
    whole: list[PlainPart] = [("path", unescaped(path), at, ALONE)]
    if not LOUD_PATH.search(path) or len(path) > LONGEST:
        return whole
    segments = [segment for segment in re.split("[/;]", path) if segment][:MOST]
    if not any(map(VALUE.fullmatch, segments)):
        return whole
    found: list[PlainPart] = []
    kept: list[str] = []
    before = ""
    for segment in segments:
        if VALUE.fullmatch(segment):
            pair = PAIR.fullmatch(segment) if "=" in segment else None
            name, value = (pair[1], pair[2]) if pair else (before, segment)
            if not name or (not pair and (not LOUD.search(value) or FILE.search(value))):
                name = "path"
            found.append((name, unescaped(value), (*at, name), ALONE))
        else:
            kept.append(segment)
        before = segment if NAME.fullmatch(segment) else ""
    if kept:
        found.insert(0, ("path", unescaped("/" + "/".join(kept)), at, ALONE))
    return found


def pairs_with_names(pairs: list[tuple[str, str | bytes]], path: tuple[str, ...]) -> list[PlainPart]:
    """One part a pair, and one for each name that is a value itself."""
    found = parts_of_pairs(pairs, path)
    return found + [
        ("key", name, (*path, name, "key"), ALONE) for name in telling_names(name for name, _ in pairs)
    ]


# ── headers ─────────────────────────────────────────────────────────────────


def header_parts(name: str, value: str) -> Sequence[PlainPart]:
    """The parts of one header, and its name where that is a value; most headers come again and again."""
    return _repeated(name, value) if len(value) <= LONGEST_KEPT else _header_parts(name, value)


@lru_cache(maxsize=1024)
def _repeated(name: str, value: str) -> Sequence[PlainPart]:
    return _header_parts(name, value)


def _header_parts(name: str, value: str) -> list[PlainPart]:
    split = SPLITS.get(name.lower())
    found = split(value, name) if split and len(value) <= LONGEST else []
    found = found or [(name, value, ("header", name), ALONE)]
    words = (
        telling_names(name.split("-")[1:] if "-" in name else [name]) if any(map(str.isdigit, name)) else []
    )
    return found + [("header name", word, ("header", name, "name"), ALONE) for word in words]


def _host(value: str, name: str) -> list[PlainPart]:
    """The labels of a host one of which may be a value."""
    if value[:1] == "[":
        return []
    labels = value.split(".")
    loud = [label for label in labels if LOUD_HOST.fullmatch(label)]
    if not loud or len(loud) == len(labels):
        return []
    rest = ".".join(label for label in labels if label not in loud)
    parts = [(name, label, ("header", name, f"label {labels.index(label)}"), ALONE) for label in loud]
    return [(name, rest, ("header", name), ALONE), *parts]


def _agent(value: str, name: str) -> list[PlainPart]:
    """Products and comments (RFC 9110 §10.1.5), where one of them is a pair or a value."""
    if not LOUD_AGENT.search(value):
        return []
    pieces: list[str] = []
    for comment, product in PRODUCT.findall(value):
        pieces += (
            [piece.strip() for piece in re.split(r"[;,]", comment)] if comment else [product.strip(";,")]
        )
    pieces = _with_names([piece for piece in pieces if piece][:MOST])
    pairs = [PAIR.fullmatch(piece) for piece in pieces]
    if len(pieces) < 2:
        return []
    return parts_of_pairs(
        [(pair[1], pair[2]) if pair else (name, piece) for pair, piece in zip(pairs, pieces, strict=True)],
        ("header", name),
    )


def _with_names(pieces: list[str]) -> list[str]:
    """The pieces; a word that names the one behind it makes a pair with that."""
    found: list[str] = []
    for piece in pieces:
        if found and NAMES_NEXT.fullmatch(found[-1]) and piece.isalnum():
            found[-1] += f"={piece}"
        else:
            found.append(piece)
    return found


def _credentials(value: str, name: str) -> list[PlainPart]:
    """What follows a scheme (RFC 9110 §11.4); of Basic the user and the password (RFC 7617 §2)."""
    found = CREDENTIALS.fullmatch(value)
    if not found:
        return []
    scheme, token = found.groups()
    path = ("header", name, scheme)
    if scheme.lower() == "basic":
        user, colon, password = _text_of(token).partition(":")
        if colon:
            return parts_of_pairs([("user", user), ("password", password)], (*path, "base64"))
    return [(name, token, path, ALONE)]


def _text_of(token: str) -> str:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _disposition(value: str, name: str) -> list[PlainPart]:
    """The parameters: the name of a file (RFC 6266 §4.3), the access point or cell (RFC 7315 §5.4)."""
    pairs = [(key, unescaped(quoted or bare)) for key, quoted, bare in PARAMETER.findall(value)]
    return parts_of_pairs(pairs, ("header", name)) if pairs else []


def _entity_tag(value: str, name: str) -> list[PlainPart]:
    """The tag without its quotes (RFC 9110 §8.8.3)."""
    found = ENTITY_TAG.fullmatch(value)
    return [(name, found[1], ("header", name), ALONE)] if found else []


SPLITS: dict[str, Split] = {
    "cookie": cookies_of,
    "set-cookie": cookie_set_by,
    "host": _host,
    ":authority": _host,
    "user-agent": _agent,
    "x-user-agent": _agent,
    "authorization": _credentials,
    "proxy-authorization": _credentials,
    "x-authorization": _credentials,
    "content-disposition": _disposition,
    "p-access-network-info": _disposition,
    "etag": _entity_tag,
    "if-none-match": _entity_tag,
}


def reason_parts(reason: str | None) -> list[PlainPart]:
    """The reason phrase of a response (RFC 9112 §4) that has a digit in it, as no registered one has."""
    if not reason or not any(map(str.isdigit, reason)):
        return []
    return [("reason", reason, ("reason",), ALONE)]
