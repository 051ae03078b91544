"""A quoted body and the path of what was found in it → steps that a reader can redo by hand.

The steps are done anew here with the standard library, apart from the decoders that found the value: what
the page shows is what the bytes give. A step that isn't known here is named and not redone.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from analyzer.report.language import _, mark
from analyzer.report.quote import Quote, base64_spans, quote, spans_of

MOST_BYTES = 65_536  # that a step may give
MOST_VALUES = 200  # that are looked for in one quotation
_SHOWN = 1_200  # characters of each step
_START = ("body",)
Values = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Rung:
    """One step: what was done, how to do it, and what it gave."""

    name: str
    does: str
    command: str  # for a shell, reading the bytes of the step before; empty where there is none
    gives: Quote
    size: int
    done: bool = True
    data: bytes = b""  # what the step gives


@dataclass(frozen=True)
class _Step:
    does: str
    command: str
    undo: Callable[[bytes], bytes]


def _base64(data: bytes) -> bytes:
    plain = bytes(data).translate(None, b" \t\r\n").translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _inflate(bits: int) -> Callable[[bytes], bytes]:
    return lambda data: zlib.decompressobj(bits).decompress(data, MOST_BYTES)


def _laid_out(data: bytes) -> bytes:
    json.loads(data)  # ValueError, RecursionError
    return data


_STEPS = {
    "base64": _Step(
        mark("base64 is an alphabet for bytes (RFC 4648): anyone can undo it, no key is needed"),
        "base64 -d",
        _base64,
    ),
    "hexadecimal": _Step(
        mark("two hexadecimal digits are one byte"), "xxd -r -p", lambda o: binascii.unhexlify(o.strip())
    ),
    "percent": _Step(
        mark("percent signs before two hexadecimal digits are one byte (RFC 3986)"),
        "python3 -c 'import sys,urllib.parse as u; print(u.unquote(sys.stdin.read()))'",
        unquote_to_bytes,
    ),
    "gzip": _Step(mark("compressed with gzip (RFC 1952)"), "gzip -d", _inflate(31)),
    "zlib": _Step(mark("compressed with zlib (RFC 1950)"), "zlib-flate -uncompress", _inflate(15)),
    "deflate": _Step(mark("compressed with deflate (RFC 1951)"), "", _inflate(-15)),
    "form": _Step(
        mark("a form: names and values in clear text, joined by = and & (application/x-www-form-urlencoded)"),
        "tr '&' '\\n'",
        lambda data: data,
    ),
    "json": _Step(mark("JSON (RFC 8259): names and values in clear text"), "python3 -m json.tool", _laid_out),
}
NOT_REDONE = mark("a further step of this name; it isn't redone on this page")
LAST = mark("the value under this name")


def ladder(content: bytes, path: Sequence[str], values: Values) -> list[Rung]:
    """The rungs from the body to the value; empty where the path doesn't begin at the body.

    `values` (text, kind) are marked wherever they stand.
    """
    if tuple(path[:1]) != _START:
        return []
    data, rest = content[:MOST_BYTES], list(path[1:])
    rungs: list[Rung] = []
    while rest:
        name = rest.pop(0)
        if not rest and rungs and name not in _STEPS:
            return [*rungs, Rung(name, _(LAST), "", Quote((), 0), 0)]
        try:
            data, step = _redone(name, data)
            if not data:
                raise LookupError(name)
            inner = _member(data, name, rest) if len(rest) > 1 and rest[0] not in _STEPS else data
        except (ValueError, LookupError, RecursionError, zlib.error):
            return [*rungs, Rung(name, _(NOT_REDONE), "", Quote((), 0), 0, False)]
        rungs.append(
            Rung(name, _(step.does), step.command, quoted(data, values, _SHOWN), len(data), data=data)
        )
        data = inner
    return rungs


def _redone(name: str, data: bytes) -> tuple[bytes, _Step]:
    """What the step gives; ValueError or LookupError where it can't be done."""
    step = _STEPS[name]
    return step.undo(data)[:MOST_BYTES], step


def _member(data: bytes, name: str, rest: list[str]) -> bytes:
    """The text that the path goes on with, its keys taken from `rest`; b"" where there is none."""
    inner: object = json.loads(data) if name == "json" else dict(_pairs(data)) if name == "form" else None
    while rest and rest[0] not in _STEPS and isinstance(inner, dict | list):
        key = rest.pop(0)
        inner = inner.get(key) if isinstance(inner, dict) else _item(inner, key)
    return inner.encode("utf-8", "surrogatepass") if isinstance(inner, str) else b""


def _item(items: list[object], key: str) -> object:
    number = key.strip("[]")
    if number.isdecimal():
        return items[int(number)] if int(number) < len(items) else None
    return _named(items, key)


def _named(items: list[object], name: str) -> object:
    """What a list calls `name`: the value beside that name in one of its objects, or right behind it."""
    for at, item in enumerate(items):
        if isinstance(item, dict) and name in item.values():
            return next((value for value in reversed(item.values()) if value != name), None)
        if item == name:
            return next(iter(items[at + 1 : at + 2]), None)
    return None


def _pairs(data: bytes) -> list[tuple[str, str]]:
    return parse_qsl(readable(data), keep_blank_values=True, max_num_fields=2_000)


def quoted(data: bytes, values: Values, limit: int) -> Quote:
    """The bytes as text with the values marked, seen through base64 if need be."""
    kept, marked = data[:MOST_BYTES], values[:MOST_VALUES]
    text = readable(kept)
    said = quote(text, spans_of(text, marked) or _through_base64(kept, text, marked), limit)
    return said._replace(left_out=said.left_out + len(data) - len(kept))


def readable(data: bytes) -> str:
    """As UTF-8; a byte that isn't stands as an escape."""
    return data.decode("utf-8", "backslashreplace")


def _through_base64(data: bytes, text: str, values: Values) -> list[tuple[int, int, str]]:
    """Where the characters are that carry the values, if all of the text is base64."""
    if len(text) < 16:
        return []
    try:
        inner = _base64(data).decode("ascii")
    except ValueError:
        return []
    return base64_spans(text, spans_of(inner, values))
