"""A session's report → the same with each frame number as it stands in the frame's own capture.

Within a session a number holds its capture too (`model.frame_numbers`). Whatever of the model has a `capture`
beside a `frame` or `frames` gets both set here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analyzer.conclusions.transform import names_of, rebuilt
from analyzer.model import Evidence, Message, Report, Table
from analyzer.model.frame_numbers import capture_of, number_of

# Fields with a frame number, and those that tell its capture.
FIRST = ("frame", "frame_before")
FURTHER = {"other_frame": "other_capture", "frame_after": "capture_after"}
# Fields whose sentences are our own and may name a frame.
SENTENCES = ("via", "hides", "reasons", "status_reasons")
CHANGED = frozenset({*FIRST, *FURTHER, *SENTENCES, "frames", "spans"})
NAMED_FRAME = re.compile(r"\bframe (\d{13,})\b")


def placed(report: Report) -> Report:
    """The report of a session; `report.captures` are in the order in which they were read."""
    if len(report.captures) < 2:
        return report
    paths = [info.path for info in report.captures]
    moved: Report = rebuilt(report, CHANGED, lambda part: _changes(part, paths))
    return replace(moved, region_packets=_table(report.region_packets))


def _changes(part: Any, paths: Sequence[str]) -> dict[str, Any]:
    if isinstance(part, Evidence):
        return _evidence(part)
    names = names_of(part)
    changed = _numbers(part, names) if "capture" in names else {}
    if isinstance(part, Message):
        changed |= _spans(part)
    for name in SENTENCES:
        if name in names and (new := _sentence(old := getattr(part, name), paths)) != old:
            changed[name] = new
    return changed


def _evidence(part: Evidence) -> dict[str, Any]:
    """Frames of the first capture that has some; the others are continued."""
    by_capture: dict[int, list[int]] = {}
    for frame in part.frames:
        by_capture.setdefault(capture_of(frame), []).append(number_of(frame))
    if not any(by_capture):
        return {}
    (capture, frames), *rest = sorted(by_capture.items())
    continued = tuple((position, tuple(numbers)) for position, numbers in rest)
    return {"frames": tuple(frames), "capture": capture, "continued": continued}


def _numbers(part: Any, names: frozenset[str]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in FIRST:
        frame = getattr(part, name) if name in names else None
        if frame is not None and capture_of(frame):
            changed |= {name: number_of(frame), "capture": capture_of(frame)}
    for name, beside in FURTHER.items():
        frame = getattr(part, name) if name in names else None
        if frame is not None and capture_of(frame):
            changed[name] = number_of(frame)
            if capture_of(frame) != changed.get("capture", part.capture):
                changed[beside] = capture_of(frame)
    return changed


def _spans(message: Message) -> dict[str, Any]:
    captures = tuple(capture_of(frame) for _, frame in message.spans)
    if not any(captures):
        return {}
    spans = tuple((at, number_of(frame)) for at, frame in message.spans)
    return {"spans": spans, "span_captures": captures if len(set(captures)) > 1 else ()}


def _sentence(said: str | tuple[str, ...], paths: Sequence[str]) -> str | tuple[str, ...]:
    def words(found: re.Match[str]) -> str:
        capture = capture_of(int(found[1]))
        return f"frame {number_of(int(found[1]))} of {paths[capture]}" if capture < len(paths) else found[0]

    if isinstance(said, str):
        return NAMED_FRAME.sub(words, said)
    return tuple(NAMED_FRAME.sub(words, sentence) for sentence in said)


def _table(table: Table) -> Table:
    if "frame" not in table.columns:
        return table
    frames = table.columns["frame"]
    captures = [capture_of(frame) for frame in frames]
    return Table({**table.columns, "capture": captures, "frame": [number_of(frame) for frame in frames]})
