"""Arbitrary reports for hypothesis: whatever the types of the model allow, hostile text above all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from analyzer.model import SCHEMA, Report, Table

HOSTILE = (
    "\x1b[2J",
    "\x9b31m",
    "\u202e",
    "\u200b",
    "\r\n",
    "[bold]",
    ":smile:",
    "\\x1b",
    "\ud800",
    "\x7f",
    "\u0301",
)
TEXT = st.one_of(st.text(max_size=8), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join))
COUNT = st.integers(0, 2**48)
# What readers ask of tables of flows and of packets: a value in each row. Names may be absent.
COLUMNS = {
    **dict.fromkeys(("device", "source", "destination", "protocol", "kind", "ended"), TEXT),
    **dict.fromkeys(("flow", "frame", "length", "source_port", "destination_port"), COUNT),
    **dict.fromkeys(("packets_up", "packets_down", "bytes_up", "bytes_down"), COUNT),
    "first_ns": st.integers(-(2**70), 2**70),
    **dict.fromkeys(("last_ns", "time_ns"), st.integers(0, 2**62)),
}


def _table(rows: int) -> st.SearchStrategy[Table]:
    columns = {name: st.lists(values, min_size=rows, max_size=rows) for name, values in COLUMNS.items()}
    names = st.lists(st.none() | TEXT, min_size=rows, max_size=rows)
    return st.fixed_dictionaries(columns, optional={"name": names}).map(
        lambda chosen: Table(chosen) if rows else Table({})
    )


def reports() -> st.SearchStrategy[Report]:
    """Reports built from the model's own type hints, small but of any content."""
    return _of(Report).map(lambda report: replace(report, schema=SCHEMA))


def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _of(hint: Any) -> st.SearchStrategy[Any]:
    """The strategy of one type hint; sequences and mappings stay short."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is str:
        return TEXT
    if hint is int:
        return st.integers(-(2**70), 2**70)
    if hint is float:  # JSON has no others (RFC 8259 §6)
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is Table:
        return st.integers(0, 3).flatmap(_table)
    if is_dataclass(hint):
        return st.builds(hint, **{name: _of(inner) for name, inner in _hints(hint).items()})  # type: ignore[arg-type]
    if origin is Literal:
        return st.sampled_from(args)
    if origin is UnionType:
        return st.one_of(*map(_of, args))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(_of(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_of, args))
    if origin is Mapping:
        return st.dictionaries(_of(args[0]), _of(args[1]), max_size=2)
    return st.from_type(hint)
