"""Evidence → the frames that it stands in, in words."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.model import Evidence
from analyzer.report.wireshark import frame_list, frames_by_capture


def frames_of(evidence: Iterable[Evidence]) -> str:
    """ "frame 268", and where there are several captures, "frame 268 of capture 1": they count from 0."""
    found = frames_by_capture(evidence)
    if set(found) <= {0}:
        return frame_list(found.get(0, ()))
    return "; ".join(f"{frame_list(frames)} of capture {capture}" for capture, frames in found.items())
