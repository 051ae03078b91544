"""Types of the model → how each is written, read back and described: one codec a type.

The codecs follow the type hints of the model, so a field added there is written, read and in
the schema at once. Reading trusts nothing: whatever does not fit raises ValueError with the
place in the document, in one sentence.
"""

from __future__ import annotations

import base64
import binascii
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from analyzer.model import Body, Table
from analyzer.report.names import COLUMNS, DERIVED, PATHS
from analyzer.report.units import iso, parse_iso

Json = Any
_ROLES = ("request", "response")
_COLUMNS_BACK = {written: name for name, written in COLUMNS.items()}
_TYPE_NAMES = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "an object"}
_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are written (`dump`), read (`load`) and described (`schema`)."""

    dump: Callable[[Any], Json]
    load: Callable[[Json, str], Any]
    schema: Json


@dataclass(frozen=True, slots=True)
class _Entry:
    """One field of a dataclass: its name here, its path in the document, its codec."""

    name: str
    path: tuple[str, ...]
    codec: Codec
    required: bool
    omitted: bool  # left out when None, as a default that says nothing


@cache
def codec(hint: Any) -> Codec:
    """The codec of a type hint of the model."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if is_dataclass(hint):
        return _dataclass(hint)  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional(codec(next(a for a in args if a is not type(None))))
    return _GENERIC[origin](args)


def expect(value: Json, kind: type, where: str) -> Any:
    """`value` if it is of this JSON type, else ValueError."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{where}: expected {_TYPE_NAMES[kind]}, found {_found(value)}")


# ── scalars ─────────────────────────────────────────────────────────────────


def _scalar(kind: type, name: str) -> Codec:
    return Codec(lambda value: value, lambda value, where: expect(value, kind, where), {"type": name})


def _dump_time(value: int) -> str | int:
    try:
        return iso(value)
    except OverflowError:  # a calendar has the years 1 to 9999; a capture file may claim others
        return int(value)


def _load_time(value: Json, where: str) -> int:
    if isinstance(value, str):
        try:
            return parse_iso(value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    return int(expect(value, int, where))


_TIME = Codec(
    _dump_time,
    _load_time,
    {
        "type": ["string", "integer"],
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$",
        "description": "UTC with nanoseconds; an integer of nanoseconds outside the years 1 to 9999",
    },
)

_SIMPLE: dict[Any, Codec] = {
    str: _scalar(str, "string"),
    int: _scalar(int, "integer"),
    bool: _scalar(bool, "boolean"),
    bytes: Codec(lambda value: value, lambda value, _: value, {"type": "string"}),  # see _body_out
}


def _literal(args: tuple[Any, ...]) -> Codec:
    def load(value: Json, where: str) -> Any:
        if isinstance(value, str) and value in args:
            return value
        raise ValueError(f"{where}: expected one of {', '.join(args)}; found {_found(value)}")

    return Codec(lambda value: value, load, {"enum": list(args)})


def _optional(inner: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else inner.dump(value),
        lambda value, where: None if value is None else inner.load(value, where),
        {"anyOf": [inner.schema, {"type": "null"}]},
    )


# ── containers ──────────────────────────────────────────────────────────────


def _tuple(args: tuple[Any, ...]) -> Codec:
    if args[-1] is not Ellipsis:
        return _pair(tuple(codec(a) for a in args))
    inner = codec(args[0])

    def load(value: Json, where: str) -> tuple[Any, ...]:
        items = expect(value, list, where)
        return tuple(inner.load(item, f"{where}[{n}]") for n, item in enumerate(items))

    schema = {"type": "array", "items": inner.schema}
    return Codec(lambda value: [inner.dump(item) for item in value], load, schema)


def _pair(inners: tuple[Codec, ...]) -> Codec:
    def load(value: Json, where: str) -> tuple[Any, ...]:
        items = expect(value, list, where)
        if len(items) != len(inners):
            raise ValueError(f"{where}: expected {len(inners)} items, found {len(items)}")
        return tuple(
            c.load(item, f"{where}[{n}]") for n, (c, item) in enumerate(zip(inners, items, strict=True))
        )

    schema = {"type": "array", "prefixItems": [c.schema for c in inners], "minItems": len(inners)}
    return Codec(lambda value: [c.dump(v) for c, v in zip(inners, value, strict=True)], load, schema)


def _mapping(args: tuple[Any, ...]) -> Codec:
    inner = codec(args[1])

    def load(value: Json, where: str) -> dict[str, Any]:
        return {key: inner.load(item, f"{where}.{key}") for key, item in expect(value, dict, where).items()}

    schema = {"type": "object", "additionalProperties": inner.schema}
    return Codec(lambda value: {key: inner.dump(item) for key, item in value.items()}, load, schema)


_GENERIC: dict[Any, Callable[[tuple[Any, ...]], Codec]] = {
    tuple: _tuple,
    Mapping: _mapping,
    Literal: _literal,
}


# ── tables ──────────────────────────────────────────────────────────────────


def _dump_table(table: Table) -> Json:
    times = [name for name in table.columns if name.endswith("_ns")]
    return {
        "rows": len(table),
        "times": [COLUMNS.get(name, name) for name in times],
        "columns": {COLUMNS.get(name, name): _column(name, v) for name, v in table.columns.items()},
    }


def _column(name: str, values: Sequence[Any]) -> list[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not name.endswith("_ns"):
        return list(plain)
    return [None if value is None else _dump_time(value) for value in plain]


def _load_table(value: Json, where: str) -> Table:
    document = expect(value, dict, where)
    columns = expect(_at(document, ("columns",), where), dict, f"{where}.columns")
    times = codec(tuple[str, ...]).load(_at(document, ("times",), where), f"{where}.times")
    rows = expect(_at(document, ("rows",), where), int, f"{where}.rows")
    return Table(dict(_load_columns(columns, times, rows, f"{where}.columns")))


def _load_columns(
    columns: Json, times: tuple[str, ...], rows: int, where: str
) -> Iterator[tuple[str, list[Any]]]:
    for name, column in columns.items():
        values = expect(column, list, f"{where}.{name}")
        if len(values) != rows:
            raise ValueError(f"{where}.{name}: expected {rows} values, found {len(values)}")
        if name in times:
            values = [None if v is None else _load_time(v, f"{where}.{name}") for v in values]
        elif not all(isinstance(v, _SCALARS) for v in values):
            raise ValueError(f"{where}.{name}: expected numbers, texts or nulls alone")
        yield _COLUMNS_BACK.get(name, name), values


_SIMPLE[Table] = Codec(
    _dump_table,
    _load_table,
    {
        "type": "object",
        "description": "columns of equal length; `times` names those that hold times",
        "properties": {
            "rows": {"type": "integer", "minimum": 0},
            "times": {"type": "array", "items": {"type": "string"}},
            "columns": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean", "null"]},
                },
            },
        },
        "required": ["rows", "times", "columns"],
    },
)


# ── dataclasses ─────────────────────────────────────────────────────────────


@cache
def _entries(cls: type, role: str) -> tuple[_Entry, ...]:
    hints, paths = get_type_hints(cls), PATHS.get(cls, {})
    return tuple(
        _Entry(
            name=f.name,
            path=_path(paths.get(f.name) or f.name.removesuffix("_ns"), role),
            codec=_field_codec(f.name, hints[f.name]),
            required=f.default is MISSING and f.default_factory is MISSING,
            omitted=f.default is None,
        )
        for f in fields(cls)
    )


def _path(dotted: str, role: str) -> tuple[str, ...]:
    return tuple(dotted.replace("{role}", role).split("."))


def _field_codec(name: str, hint: Any) -> Codec:
    if not name.endswith("_ns"):
        return codec(hint)
    return _optional(_TIME) if type(None) in get_args(hint) else _TIME


def _dataclass(cls: type) -> Codec:
    return Codec(
        lambda value: _dump(cls, value), lambda value, where: _load(cls, value, where), _describe(cls)
    )


def _dump(cls: type, value: Any) -> Json:
    role = getattr(value, "role", "")
    document: dict[str, Any] = {}
    for entry in _entries(cls, role):
        item = getattr(value, entry.name)
        if item is not None or not entry.omitted:
            _put(document, entry.path, entry.codec.dump(item))
    for dotted, derive in DERIVED.get(cls, {}).items():
        if (said := derive(value)) is not None:
            _put(document, _path(dotted, role), said)
    return _body_out(document) if cls is Body else document


def _load(cls: type, value: Json, where: str) -> Any:
    document = expect(value, dict, where)
    role = document.get("role", "")
    if role and role not in _ROLES:
        raise ValueError(f"{where}.role: expected one of {', '.join(_ROLES)}; found {_found(role)}")
    if cls is Body:
        document = _body_in(document, where)
    given = {}
    for entry in _entries(cls, role):
        item = _at(document, entry.path, where, entry.required)
        if item is not MISSING:
            given[entry.name] = entry.codec.load(item, ".".join((where, *entry.path)))
    return cls(**given)


def _put(document: dict[str, Any], path: tuple[str, ...], value: Json) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = value


def _at(document: Json, path: tuple[str, ...], where: str, required: bool = True) -> Json:
    for step in path:
        if not isinstance(document, dict) or step not in document:
            if required:
                raise ValueError(f"{where}: the key {'.'.join(path)} is missing")
            return MISSING
        document = document[step]
    return document


# ── bodies ──────────────────────────────────────────────────────────────────


def _body_out(document: dict[str, Any]) -> dict[str, Any]:
    content = document["content"]
    text = _as_text(content)
    if text is not None:
        return {**document, "content": text, "content_as": "text"}
    return {**document, "content": base64.b64encode(content).decode("ascii"), "content_as": "base64"}


def _as_text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.translate(_LAYOUT).isprintable() else None


_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"), " ")


def _body_in(document: dict[str, Any], where: str) -> dict[str, Any]:
    content = expect(_at(document, ("content",), where), str, f"{where}.content")
    kind = _CONTENT_AS.load(_at(document, ("content_as",), where), f"{where}.content_as")
    try:
        octets = content.encode("utf-8") if kind == "text" else base64.b64decode(content, validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise ValueError(f"{where}.content: not {kind} as content_as says") from None
    return {**document, "content": octets}


_CONTENT_AS = _literal(("text", "base64"))


# ── the schema ──────────────────────────────────────────────────────────────


def _describe(cls: type) -> Json:
    if cls in PATHS and any("{role}" in path for path in PATHS[cls].values()):
        return {"oneOf": [_describe_as(cls, role) for role in _ROLES]}
    return _describe_as(cls, "")


def _describe_as(cls: type, role: str) -> Json:
    schema: dict[str, Any] = {"type": "object", "description": _first_sentence(cls), "properties": {}}
    for entry in _entries(cls, role):
        _describe_at(schema, entry.path, entry.codec.schema, entry.required)
    if role:
        schema["properties"]["role"] = {"const": role}
    if cls is Body:
        _describe_at(schema, ("content_as",), _CONTENT_AS.schema, required=True)
    for dotted in DERIVED.get(cls, {}):
        _describe_at(schema, _path(dotted, role), {}, required=False)
    return schema


def _describe_at(schema: dict[str, Any], path: tuple[str, ...], leaf: Json, required: bool) -> None:
    for step in path[:-1]:
        _require(schema, step, required)
        schema = schema["properties"].setdefault(step, {"type": "object", "properties": {}})
    _require(schema, path[-1], required)
    schema["properties"][path[-1]] = leaf


def _require(schema: dict[str, Any], key: str, required: bool) -> None:
    if required and key not in schema.setdefault("required", []):
        schema["required"].append(key)


def _first_sentence(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def _found(value: Json) -> str:
    text = repr(value) if isinstance(value, _SCALARS) else _TYPE_NAMES.get(type(value), "something else")
    return text if len(text) <= 40 else text[:40] + "…"
