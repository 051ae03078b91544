"""A document in which some values changed → the document with them: only what changed is written anew."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

Text = str | bytes
ANY_LENGTH = frozenset(("envelope",))
SURE = 12  # characters: what is shorter may stand in a document for something else
Changes = Mapping[Text, Text]


class ValueSyntax(NamedTuple):
    """How a value stands in a document: where one may begin and end, how it is read and written."""

    token: re.Pattern[str]
    read: Callable[[str], str]
    write: Callable[[str, str], str]  # the new value, how the old one was written


def put_back(step: str, document: Text, changes: Changes) -> Text:
    """The document with the changed values; those that can't be told in it stay as they are."""
    form = FORMS.get(step)
    if step in ANY_LENGTH and isinstance(document, bytes):
        return _in_any_length(document, changes)
    if form is None or isinstance(document, bytes):
        return _in_place(document, changes)
    new = {_as_text(old): _as_text(made) for old, made in changes.items()}

    def renewed(found: re.Match[str]) -> str:
        token = found[0]
        try:
            made = new.get(form.read(token))
        except ValueError:
            return token
        return token if made is None else form.write(made, token)

    made = form.token.sub(renewed, document)
    left = {old: new for old, new in changes.items() if len(old) >= SURE}
    return _in_place(made, left)


def _as_text(value: Text) -> str:
    """Bytes as Python writes them in a text, so that they come out the same again."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _as_bytes(value: Text) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def _in_place(document: Text, changes: Changes) -> Text:
    """Where the values stand as they are; in a binary format only those that keep their length."""
    data = _as_bytes(document)
    is_text = isinstance(document, str)
    for old, new in sorted(changes.items(), key=lambda change: -len(change[0])):
        for before, after in _as_written(old, new, is_text):
            if before and (is_text or len(before) == len(after)):
                data = _replaced(data, before, after)
    return data.decode("utf-8", "surrogateescape") if is_text else data


def _as_written(old: Text, new: Text, in_text: bool) -> Iterator[tuple[bytes, bytes]]:
    """The bytes before and after: a text in a binary format may stand in two bytes a character."""
    yield _as_bytes(old), _as_bytes(new)
    if not in_text and isinstance(old, str) and isinstance(new, str):
        for charset in ("utf-16-le", "utf-16-be"):
            yield old.encode(charset, "surrogatepass"), new.encode(charset, "surrogatepass")


def _in_any_length(document: bytes, changes: Changes) -> bytes:
    """Compressed data among other bytes: how long it is after a change is not known before."""
    for old, new in sorted(changes.items(), key=lambda change: -len(change[0])):
        document = document.replace(_as_bytes(old), _as_bytes(new))
    return document


def _replaced(data: bytes, before: bytes, after: bytes) -> bytes:
    if len(before) >= SURE:
        return data.replace(before, after)
    return re.sub(rb"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])" % re.escape(before), lambda _: after, data)


# ── JSON ────────────────────────────────────────────────────────────────────


def _json_read(token: str) -> str:
    return str(json.loads(token, strict=False)) if token[0] == '"' else token


def _json_write(value: str, like: str) -> str:
    if like[0] != '"':
        return value
    made = json.dumps(value, ensure_ascii=like.isascii())
    return made.replace("/", "\\/") if "\\/" in like else made


# ── forms, queries, cookies, URLs ───────────────────────────────────────────


def _form_read(token: str) -> str:
    return unquote_to_bytes(token.replace("+", " ")).decode("utf-8", "surrogateescape")


def _form_write(value: str, like: str) -> str:
    data = value.encode("utf-8", "surrogateescape")
    bare = re.sub("%[0-9A-Fa-f]{2}", "", like)
    safe = "".join(char for char in "-._~!$'()*,;:@/?[]|=" if char in bare)
    made = quote_from_bytes(data, safe=safe + " ")
    return made.replace(" ", "+" if "+" in like or "%20" not in like else "%20")


def _path_read(token: str) -> str:
    return unquote_to_bytes(token).decode("utf-8", "surrogateescape")


def _cookie_read(token: str) -> str:
    return token.strip().strip('"')


def _cookie_write(value: str, like: str) -> str:
    return like.replace(_cookie_read(like), value) if _cookie_read(like) else like


# ── XML ─────────────────────────────────────────────────────────────────────


def _xml_read(token: str) -> str:
    return html.unescape(token).strip()


def _xml_write(value: str, like: str) -> str:
    bare = like.strip()
    return like.replace(bare, html.escape(value, quote=False))


# ── tokens ──────────────────────────────────────────────────────────────────


def _jwt_read(token: str) -> str:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("utf-8")


def _jwt_write(value: str, _: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()


_JSON = ValueSyntax(re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+\-]*', re.DOTALL), _json_read, _json_write)
_FORM = ValueSyntax(re.compile(r"(?<==)[^&#]+|(?<=&)[^&=#]+|\A[^&=#]+"), _form_read, _form_write)
FORMS: dict[str, ValueSyntax] = {
    "json": _JSON,
    "json (incomplete)": _JSON,
    "json documents": _JSON,
    "form": _FORM,
    "query": _FORM,
    "url": ValueSyntax(re.compile(r"(?<==)[^&#]+|(?<=[?&])[^&=#]+"), _form_read, _form_write),
    "path": ValueSyntax(re.compile(r"[^?#]+"), _path_read, _form_write),
    "segment": ValueSyntax(re.compile(r"[^/;=?#]+"), _path_read, _form_write),
    "cookie": ValueSyntax(re.compile(r"(?<==)[^;]*|\A[^;=]+"), _cookie_read, _cookie_write),
    "xml": ValueSyntax(
        re.compile(r"""(?<=>)[^<]+|(?<=")[^"<]*(?=")|(?<=')[^'<]*(?=')"""), _xml_read, _xml_write
    ),
    "jwt": ValueSyntax(re.compile(r"[A-Za-z0-9_\-]+"), _jwt_read, _jwt_write),
}
