"""Types of the model → how each is written, read back and described: one codec a type.

The codecs follow the type hints of the model, so a field added there is written, read and in
the schema at once. Reading trusts nothing: whatever does not fit raises ValueError with the
place in the document, in one sentence.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from analyzer.model import Body, Table, values_of
from analyzer.report.bodies import CONTENT_AS, body_in, body_out
from analyzer.report.codecs import TIME, Codec, Json, expect, found, literal, optional, scalar, value_at
from analyzer.report.columns import TABLE
from analyzer.report.field_names import DERIVED, PATHS, is_time, written

_ROLES = ("request", "response")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One field of a dataclass: its name here, its path in the document, its codec."""

    name: str
    path: tuple[str, ...]
    codec: Codec
    required: bool
    omitted: bool  # left out when None, as a default that says nothing
    key: str | None  # the path, where it is of one step
    plain: frozenset[type]  # of the codec


@cache
def codec(hint: Any) -> Codec:
    """The codec of a type hint of the model."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if is_dataclass(hint):
        return _dataclass(hint)  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return optional(codec(next(a for a in args if a is not type(None))))
    return _GENERIC[origin](args)


def _load_float(value: Json, where: str) -> float:
    return float(value) if type(value) is int else float(expect(value, float, where))


_SIMPLE: dict[Any, Codec] = {
    str: scalar(str, "string"),
    int: scalar(int, "integer"),
    bool: scalar(bool, "boolean"),
    float: Codec(lambda value: value, _load_float, {"type": "number"}),
    bytes: Codec(lambda value: value, lambda value, _: value, {"type": "string"}),  # see bodies.py
    Table: TABLE,
}


# ── containers ──────────────────────────────────────────────────────────────


def _tuple(args: tuple[Any, ...]) -> Codec:
    if args[-1] is not Ellipsis:
        return _pair(tuple(codec(a) for a in args))
    return _many(codec(args[0]))


def _many(inner: Codec) -> Codec:
    """A list of any length."""

    def load(value: Json, where: str) -> tuple[Any, ...]:
        items = expect(value, list, where)
        if inner.plain.issuperset(map(type, items)):
            return tuple(items)
        return tuple([inner.load(item, f"{where}[{n}]") for n, item in enumerate(items)])

    def dump(value: Any) -> Json:
        if inner.plain.issuperset(map(type, value)):
            return list(value)
        return [inner.dump(item) for item in value]

    return Codec(dump, load, {"type": "array", "items": inner.schema})


def _pair(inners: tuple[Codec, ...]) -> Codec:
    plain = frozenset.intersection(*(c.plain for c in inners))

    def load(value: Json, where: str) -> tuple[Any, ...]:
        items = expect(value, list, where)
        if len(items) != len(inners):
            raise ValueError(f"{where}: expected {len(inners)} items, found {len(items)}")
        if plain.issuperset(map(type, items)):
            return tuple(items)
        return tuple(
            c.load(item, f"{where}[{n}]") for n, (c, item) in enumerate(zip(inners, items, strict=True))
        )

    def dump(value: Any) -> Json:
        if plain.issuperset(map(type, value)):
            return list(value)
        return [c.dump(v) for c, v in zip(inners, value, strict=True)]

    schema = {"type": "array", "prefixItems": [c.schema for c in inners], "minItems": len(inners)}
    return Codec(dump, load, schema)


def _mapping(args: tuple[Any, ...]) -> Codec:
    inner = codec(args[1])

    def load(value: Json, where: str) -> dict[str, Any]:
        return {key: inner.load(item, f"{where}.{key}") for key, item in expect(value, dict, where).items()}

    schema = {"type": "object", "additionalProperties": inner.schema}
    return Codec(lambda value: {key: inner.dump(item) for key, item in value.items()}, load, schema)


_GENERIC: dict[Any, Callable[[tuple[Any, ...]], Codec]] = {
    tuple: _tuple,
    Mapping: _mapping,
    Literal: literal,
}


# ── dataclasses ─────────────────────────────────────────────────────────────


@cache
def _entries(cls: type, role: str) -> tuple[_Entry, ...]:
    hints, paths = get_type_hints(cls), PATHS.get(cls, {})
    return tuple(
        _entry(f, _field_codec(f.name, hints[f.name]), _path(paths.get(f.name) or written(f.name), role))
        for f in fields(cls)
    )


def _entry(field: Field[Any], its: Codec, path: tuple[str, ...]) -> _Entry:
    return _Entry(
        name=field.name,
        path=path,
        codec=its,
        required=field.default is MISSING and field.default_factory is MISSING,
        omitted=field.default is None,
        key=path[0] if len(path) == 1 else None,
        plain=its.plain,
    )


def _path(dotted: str, role: str) -> tuple[str, ...]:
    return tuple(dotted.replace("{role}", role).split("."))


def _field_codec(name: str, hint: Any) -> Codec:
    if not is_time(name):
        return codec(hint)
    if get_origin(hint) is tuple:
        return _many(TIME)
    return optional(TIME) if type(None) in get_args(hint) else TIME


def _dataclass(cls: type) -> Codec:
    return Codec(
        lambda value: _dump(cls, value), lambda value, where: _load(cls, value, where), _describe(cls)
    )


def _dump(cls: type, value: Any) -> Json:
    role = getattr(value, "role", "")
    document: dict[str, Any] = {}
    for entry, item in zip(_entries(cls, role), values_of(cls)(value), strict=True):
        if item is None and entry.omitted:
            continue
        said = item if type(item) in entry.plain else entry.codec.dump(item)
        if entry.key:
            document[entry.key] = said
        else:
            _put(document, entry.path, said)
    for dotted, derive in DERIVED.get(cls, {}).items():
        if (said := derive(value)) is not None:
            _put(document, _path(dotted, role), said)
    return body_out(document) if cls is Body else document


def dump_in_parts(cls: Any, value: Any) -> dict[str, Any]:
    """Return what `codec(cls).dump(value)` does, its lists of dataclasses as iterators.

    The items of such a list are written as they are asked for, so that one is held at a time.
    """
    lists = {
        entry.name: (entry.path[0], item)
        for entry, item in zip(_entries(cls, ""), values_of(cls)(value), strict=True)
        if isinstance(item, tuple) and item and is_dataclass(item[0]) and entry.key
    }
    document: dict[str, Any] = _dump(cls, replace(value, **dict.fromkeys(lists, ())))
    for key, items in lists.values():
        kind: Any = type(items[0])
        document[key] = map(codec(kind).dump, items)
    return document


def _load(cls: type, value: Json, where: str) -> Any:
    document = expect(value, dict, where)
    role = document.get("role", "")
    if role != "" and role not in _ROLES:
        raise ValueError(f"{where}.role: expected one of {', '.join(_ROLES)}; found {found(role)}")
    if cls is Body:
        document = body_in(document, where)
    given = {}
    for entry in _entries(cls, role):
        if entry.key in document:
            item = document[entry.key]
        elif entry.key and not entry.required:
            continue
        else:
            item = value_at(document, entry.path, where, entry.required)
        if type(item) in entry.plain:
            given[entry.name] = item
        elif item is not MISSING:
            given[entry.name] = entry.codec.load(item, ".".join((where, *entry.path)))
    return cls(**given)


def _put(document: dict[str, Any], path: tuple[str, ...], value: Json) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    document[path[-1]] = value


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
        _describe_at(schema, ("content_as",), CONTENT_AS.schema, required=True)
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
