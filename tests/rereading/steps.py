"""An HTTP message's bytes, and the path of an Evidence, to the value that stands there: step by step.

Each step is done with the standard library or a library of its own, as a reader would do it by hand.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import gzip
import json
import re
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import brotli
import zstandard


class NotFollowedError(Exception):
    """A step that this tool does not know."""


@dataclass(frozen=True)
class Opened:
    """A message taken apart: what `("header", …)`, `("target", …)` and `("body", …)` begin with."""

    start: str
    headers: list[tuple[str, str]]
    sent: bytes  # the body without chunk framing
    content: bytes  # … and without content codings


def opened(data: bytes) -> Opened:
    """The parts of one message."""
    end = re.search(rb"\r?\n\r?\n", data)
    head, rest = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    start, _, lines = head.decode("latin-1").replace("\r\n", "\n").partition("\n")
    unfolded = re.sub(r"\n[ \t]+", " ", lines)
    headers = [
        (n.strip(), v.strip()) for n, c, v in (line.partition(":") for line in unfolded.split("\n")) if c
    ]
    named = {name.lower(): value for name, value in headers}
    sent = dechunked(rest) if "chunked" in named.get("transfer-encoding", "").lower() else rest
    codings = [c.strip() for c in named.get("content-encoding", "").lower().split(",") if c.strip()]
    return Opened(start, headers, sent, _undone(sent, codings))


def dechunked(data: bytes) -> bytes:
    """The data of chunks, one after the other (RFC 9112 §7.1)."""
    out, at = bytearray(), 0
    while size := re.match(rb"[ \t]*([0-9A-Fa-f]+)[^\n]*\n", data[at:]):
        at += size.end()
        length = int(size[1], 16)
        if not length:
            break
        out += data[at : at + length]
        at += length
        at += len(data[at:]) - len(data[at:].lstrip(b"\r\n")) if data[at : at + 1] in (b"\r", b"\n") else 0
    return bytes(out)


def _undone(data: bytes, codings: list[str]) -> bytes:
    for coding in reversed(codings):
        try:
            data = CODINGS[coding](data)
        except Exception:
            return data
    return data


def _deflate(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return zlib.decompress(data, -15)


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def value_at(message: Opened, path: tuple[str, ...]) -> list[Any]:
    """All values that stand at a path: several where a name stands more than once."""
    first, *steps = path
    if first == "header":
        name, *steps = steps
        values: list[Any] = [value for key, value in message.headers if key == name]
        if steps and name.lower() in ("cookie", "set-cookie"):
            key, *steps = steps
            pairs = [pair.strip().partition("=") for value in values for pair in value.split(";")]
            values = [value for one, _, value in pairs if one == key]
    elif first == "target":
        part, *steps = steps
        values, steps = _target(message.start.split(" ")[1], part, steps)
    elif first == "body":
        values = [message.content]
    else:
        raise NotFollowedError(first)
    return _followed(values, steps)


def _target(target: str, part: str, steps: list[str]) -> tuple[list[Any], list[str]]:
    split = urllib.parse.urlsplit(target)
    if part == "path":
        return [urllib.parse.unquote(split.path), split.path], steps
    if part != "query" or not steps:
        return [split.query], steps
    return _pairs(split.query, steps[0]), steps[1:]


def _pairs(text: str, key: str) -> list[Any]:
    found = urllib.parse.parse_qsl(
        text.replace(";", "&") if "&" not in text else text, keep_blank_values=True
    )
    return [value for name, value in found if name == key]


def _followed(values: list[Any], steps: list[str]) -> list[Any]:
    while steps:
        step, *steps = steps
        if step in WITH_KEYS:
            open_one, take = WITH_KEYS[step]
            documents = [open_one(value) for value in values]
            if take == "pairs":
                key, *steps = steps
                values = [v for pairs in documents for k, v in pairs if k == key]
                continue
            values, steps = _walked(documents, steps)
        elif step in PLAIN:
            values = [PLAIN[step](value) for value in values]
        else:
            raise NotFollowedError(step)
    return values


def _walked(documents: list[Any], steps: list[str]) -> tuple[list[Any], list[str]]:
    """Into objects and lists as far as there are any; the steps that are left belong to the text there."""
    while steps and any(isinstance(document, dict | list) for document in documents):
        step, *steps = steps
        documents = [inner for document in documents for inner in _members(document, step)]
    return documents, steps


def _members(document: Any, step: str) -> list[Any]:
    if isinstance(document, dict):
        name = step if step in document else step.rpartition(":")[2]  # ElementTree resolves prefixes
        return [document[name]] if name in document else []
    if isinstance(document, list) and re.fullmatch(r"\[\d+\]", step):
        return [document[int(step[1:-1])]]
    return []


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return value.decode(charset)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")


def _base64(value: Any) -> bytes:
    text = re.sub(r"\s", "", _text(value)).rstrip("\0").replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _multipart(value: Any) -> list[tuple[str, Any]]:
    data = value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
    boundary = data.split(b"\n", 1)[0].strip()[2:]
    head = b"Content-Type: multipart/form-data; boundary=" + boundary + b"\r\n\r\n"
    message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition") or part.get_filename() or ""
        found.append((str(name), part.get_payload(decode=True)))
    return found


def _xml(value: Any) -> dict[str, Any]:
    """Elements as an object: what stands below a tag, attributes as @name, the third of a tag as tag[2]."""
    root = ElementTree.fromstring(_text(value).lstrip())
    return {_tag(root): _below(root)}


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _below(element: ElementTree.Element) -> Any:
    inner: dict[str, Any] = {f"@{name.rpartition('}')[2]}": value for name, value in element.items()}
    counts: dict[str, int] = {}
    for child in element:
        number = counts[_tag(child)] = counts.get(_tag(child), -1) + 1
        inner[f"{_tag(child)}[{number}]"] = _below(child)
        inner.setdefault(_tag(child), _below(child))
    return inner or element.text or ""


def _form(value: Any) -> list[tuple[str, str]]:
    return urllib.parse.parse_qsl(_text(value).strip(), keep_blank_values=True)


WITH_KEYS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "json": (lambda value: json.loads(_text(value)), "document"),
    "xml": (_xml, "document"),
    "form": (_form, "pairs"),
    "multipart": (_multipart, "pairs"),
}
PLAIN: dict[str, Callable[[Any], Any]] = {
    "base64": _base64,
    "percent": lambda value: urllib.parse.unquote(_text(value)),
    "gzip": lambda value: gzip.decompress(value),
    "zlib": lambda value: zlib.decompress(value),
    "deflate": lambda value: zlib.decompress(value, -15),
    "hexadecimal": lambda value: binascii.unhexlify(re.sub(r"[\s:]", "", _text(value))),
}
