"""Evidence → what finds it in Wireshark: frame numbers for people, a display filter to paste."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analyzer.model import Evidence, Report
from analyzer.report.language import _
from analyzer.report.wireshark import frame_filter, frames_by_capture, runs

_LISTED = 8
_LONGEST = 400  # runs of frames in one filter


class Frames(NamedTuple):
    text: str  # "41, 44–47"
    filters: tuple[tuple[str, str], ...]  # the capture where there are several, and a filter for it


def frames_of(evidence: Iterable[Evidence], report: Report) -> Frames:
    """Frame numbers mean nothing across captures, so each has its own filter."""
    many = len(report.captures) > 1
    texts, filters = [], []
    for capture, numbers in frames_by_capture(evidence).items():
        kept = numbers[:_LONGEST]
        of = _("capture {number}").format(number=capture + 1) if many else ""
        texts.append(f"{_listed(numbers)}{f' ({of})' if of else ''}")
        if kept:
            filters.append((of, frame_filter(kept)))
    return Frames("; ".join(texts), tuple(filters))


def _listed(numbers: Iterable[int]) -> str:
    parts = [str(first) if first == last else f"{first}–{last}" for first, last in runs(numbers)]
    more = f" … +{len(parts) - _LISTED}" if len(parts) > _LISTED else ""
    return ", ".join(parts[:_LISTED]) + more
