"""Report ⇄ a versioned JSON document, losing nothing: `read(write(report)) == report`.

The document is pure ASCII, one entry a line, so that it can be printed, searched and compared
with the oldest tools and no text of a capture reaches a terminal unescaped. Its names are in
`names.py`, its JSON Schema in `schema.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

from analyzer.model import SCHEMA, Report
from analyzer.report.codecs import expect
from analyzer.report.type_codecs import codec, dump_in_parts

_BOUND, _MOST_DIGITS = 1 << 80, 26
_FIRST = ("schema", "tool", "created", "reconstruction", "scope")


def write(report: Report) -> str:
    """The report as a JSON document that ends in a newline."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the document of `write` in pieces, so that it is never held whole."""
    document = dump_in_parts(Report, report)
    keys = [key for key in _FIRST if key in document] + [key for key in document if key not in _FIRST]
    before = "{\n"
    for key in keys:
        yield f"{before}{_plain(key)}: "
        yield from _lines(document.pop(key))
        before = ",\n"
    yield "\n}\n"


def read(text: str) -> Report:
    """The report of a document that `write` made.

    ValueError, one sentence, for whatever is no such document: not JSON, another version, a
    missing key, a value of the wrong type. Keys that are not known are passed over.
    """
    document = _parse(text)
    if not isinstance(document, dict) or not isinstance(document.get("schema"), str):
        raise ValueError("not a saved report: the key schema is missing; scan CAPTURE --json FILE makes one")
    if document["schema"] != SCHEMA:
        raise ValueError(
            f"the saved report is of schema {document['schema'][:40]!r}, this version reads {SCHEMA}"
        )
    report: Report = codec(Report).load(expect(document, dict, "report"), "report")
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the documents that `write` makes."""
    described = codec(Report).schema
    described = {**described, "properties": {**described["properties"], "schema": {"const": SCHEMA}}}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA}
    return {**head, **described, "required": ["schema", *described["required"]]}


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise ValueError("not a saved report: nested too deeply") from None
    except ValueError as error:
        raise ValueError(
            f"not a saved report, or not all of it ({error}); scan CAPTURE --json FILE makes one"
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _whole(digits: str) -> int:
    """Numbers of a report are far below 80 bits; much larger ones can't be reckoned with as floats."""
    number = int(digits) if len(digits) <= _MOST_DIGITS else _BOUND
    if not -_BOUND <= number < _BOUND:
        raise ValueError(f"a number of {len(digits)} digits is too large")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Iterator) or (isinstance(value, list) and value):
        before = "[\n"
        for item in value:
            yield before + _plain(item)
            before = ",\n"
        yield "\n]"
    elif isinstance(value, dict) and "columns" in value:
        rest = ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items() if key != "columns")
        yield "{" + rest + ', "columns": {\n'
        before = ""
        for name, column in value["columns"].items():
            yield f"{before}{_plain(name)}: {_plain(column)}"
            before = ",\n"
        yield "\n}}"
    else:
        yield _plain(value)


def _plain(value: Any) -> str:
    # JSON leaves DEL as it is (RFC 8259 §7), a terminal may not.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("\x7f", "\\u007f")
