"""Changing some fields all over a report: held against a walk that looks at every object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.conclusions.merge import CAPTURES, merge
from analyzer.conclusions.transform import rebuilt
from analyzer.model import Message, Report
from analyzer.session.worker_transfer import packed, unpacked
from tests.conftest import ROOT

CAPTURED = sorted((ROOT / "captures").glob("*.pcap*"))


@dataclass(frozen=True)
class Leaf:
    flow: int | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Only:
    leaf: Leaf | None


@dataclass(frozen=True)
class Tree:
    pairs: tuple[tuple[str, Only], ...]
    same: tuple[int, ...] = (1, 2)
    by_name: Mapping[str, int] | None = None


def raised(part: Any) -> dict[str, Any]:
    return {} if part.flow is None else {"flow": part.flow + 1}


def test_what_is_deep_inside_is_changed_and_the_rest_stays_the_same_object() -> None:
    changed, unchanged = Only(Leaf(4, ("a",))), Only(Leaf(None))
    tree = Tree((("x", changed), ("y", unchanged), ("z", Only(None))))
    found = rebuilt(tree, frozenset({"flow"}), raised)
    assert found == Tree((("x", Only(Leaf(5, ("a",)))), ("y", unchanged), ("z", Only(None))))
    assert found.pairs[1][1] is unchanged
    assert found.same is tree.same


def test_nothing_to_change_gives_the_same_object() -> None:
    tree = Tree((("y", Only(Leaf(None))),))
    assert rebuilt(tree, frozenset({"flow"}), raised) is tree
    assert rebuilt(tree, frozenset({"other"}), raised) is tree


@pytest.fixture(scope="module", params=CAPTURED, ids=[path.name for path in CAPTURED])
def report(request: pytest.FixtureRequest) -> Report:
    path: Path = request.param
    return analyze(path)


def test_a_report_behind_another_has_all_its_numbers_raised(report: Report) -> None:
    by = {"flow": len(report.flows), **dict.fromkeys(CAPTURES, len(report.captures))}
    both = merge([report, report])
    for name in ("messages", "findings", "pings", "conflicts", "gaps", "announcements", "tunnels"):
        parts = getattr(report, name)
        moved = [part for part in getattr(both, name) if part not in parts]
        assert sorted(map(repr, moved)) == sorted(
            repr(_moved(part, by, len(report.messages))) for part in parts
        )


def _moved(value: Any, by: Mapping[str, int], messages: int) -> Any:
    """Every field of every object, whatever types say."""
    if isinstance(value, tuple):
        return tuple(_moved(item, by, messages) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    new: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name in by and old is not None:
            new[field.name] = old + by[field.name]
        elif field.name == "message" or (isinstance(value, Message) and field.name in ("number", "peer")):
            new[field.name] = old + messages if old else old
        else:
            new[field.name] = _moved(old, by, messages)
    return replace(value, **new)


def test_what_another_process_is_handed_is_what_was_packed(report: Report) -> None:
    again = unpacked(packed(report))
    assert again == report
    assert repr(again) == repr(report)
