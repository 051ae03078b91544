"""Avro's object container files (Avro specification 1.12) → records by the schema in them."""

from __future__ import annotations

import json
import zlib
from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text
from analyzer.codecs.document_walk import Members

MAGIC = b"Obj\x01"
DEEPEST = 32
MOST_RECORDS = 1000
MOST_INFLATED = 4 << 20
LONGEST = 1 << 20
PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))


def read_avro(data: bytes) -> Any:
    """Return the metadata and records; None where there are none."""
    if not data.startswith(MAGIC) or len(data) > LONGEST:
        return None
    cursor = FieldCursor(data, 4, "little")
    try:
        given = dict(_map(cursor))
        schema = json.loads(given.get("avro.schema", b""))
        named: dict[str, Any] = {}
        _collect(schema, named, 0)
        marker = cursor.take(16)
    except (ValueError, RecursionError):
        return None
    records: list[Any] = []
    try:
        while cursor.left() and len(records) < MOST_RECORDS:
            count, block = cursor.zigzag(), cursor.take(cursor.zigzag())
            records += _records(block, given.get("avro.codec", b"null"), count, schema, named)
            if cursor.take(16) != marker:
                break
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, zlib.error):
        pass  # what was read until then counts
    return records or None


def _records(block: bytes, codec: bytes, count: int, schema: Any, named: dict[str, Any]) -> list[Any]:
    if codec == b"deflate":
        block = zlib.decompressobj(-zlib.MAX_WBITS).decompress(block, MOST_INFLATED)
    elif codec != b"null":
        raise EndOfBytesError("another codec")
    cursor = FieldCursor(block, 0, "little")
    return [_value(cursor, schema, named, 0) for _ in range(min(cursor.count(count), MOST_RECORDS))]


def _map(cursor: FieldCursor) -> list[tuple[str, bytes]]:
    found = []
    while count := cursor.zigzag():
        if count < 0:
            cursor.zigzag()
        for _ in range(cursor.count(abs(count))):
            name = cursor.take(cursor.zigzag()).decode("utf-8")
            found.append((name, cursor.take(cursor.zigzag())))
    return found


def _collect(schema: Any, named: dict[str, Any], depth: int) -> None:
    """Note each named type of a schema."""
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    if isinstance(schema, list):
        for inner in schema:
            _collect(inner, named, depth + 1)
    elif isinstance(schema, dict):
        if "name" in schema:
            named[str(schema["name"])] = schema
            if schema.get("namespace"):
                named[f"{schema['namespace']}.{schema['name']}"] = schema
        for name in ("type", "items", "values"):
            if isinstance(schema.get(name), dict | list):
                _collect(schema[name], named, depth + 1)
        for field in schema.get("fields") or ():
            _collect(field.get("type"), named, depth + 1)


def _value(cursor: FieldCursor, schema: Any, named: dict[str, Any], depth: int) -> Any:
    if depth > DEEPEST:
        raise EndOfBytesError("nested too deeply")
    cursor.count(1)
    if isinstance(schema, list):
        return _value(cursor, schema[cursor.zigzag()], named, depth + 1)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if not isinstance(kind, str):
        return _value(cursor, kind, named, depth + 1)
    if kind in PRIMITIVES:
        return _primitive(cursor, kind)
    if kind == "record":
        return Members(
            (str(f["name"]), _value(cursor, f["type"], named, depth + 1)) for f in schema["fields"]
        )
    if kind == "enum":
        return str(schema["symbols"][cursor.zigzag()])
    if kind == "fixed":
        return cursor.take(int(schema["size"]))
    if kind in ("array", "map"):
        return _blocks(cursor, schema, kind, named, depth)
    return _value(cursor, named[kind], named, depth + 1)


def _blocks(cursor: FieldCursor, schema: Any, kind: str, named: dict[str, Any], depth: int) -> Any:
    values: list[Any] = []
    while count := cursor.zigzag():
        if count < 0:
            cursor.zigzag()
        for _ in range(cursor.count(abs(count))):
            if kind == "map":
                name = cursor.take(cursor.zigzag()).decode("utf-8")
                values.append((name, _value(cursor, schema["values"], named, depth + 1)))
            else:
                values.append(_value(cursor, schema["items"], named, depth + 1))
    return Members(values) if kind == "map" else values


def _primitive(cursor: FieldCursor, kind: str) -> Any:
    if kind in ("int", "long"):
        return cursor.zigzag()
    if kind in ("float", "double"):
        return cursor.real(4 if kind == "float" else 8)
    if kind == "boolean":
        return bool(cursor.u(1))
    if kind == "null":
        return None
    data = cursor.take(cursor.zigzag())
    return as_text(data) if kind == "string" else data
