"""What reassembly met in readable streams → conflicts, gaps and problems of the report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from analyzer.dissectors.stream_log import StreamLog
from analyzer.flows.reassembly import Gap
from analyzer.flows.reassembly import StreamConflict as Differing
from analyzer.model import Conflict, Endpoint, Missing, Problem

# Bytes of each copy that a report shows.
EXCERPT = 32

Ends = Callable[[int, int], tuple[Endpoint, Endpoint]]
"""Source and destination of a flow's stream in a direction."""


def conflicts(notes: StreamLog, ends: Ends, masked: bool) -> Iterator[Conflict]:
    """Both copies of bytes that came twice; `masked` leaves the excerpts out, the digests stay."""
    for flow, direction, met in notes.conflicts:
        if not isinstance(met, Differing):
            continue
        source, destination = ends(flow, direction)
        yield Conflict(
            flow=flow,
            source=source,
            destination=destination,
            start=met.offset,
            end=met.offset + len(met.first),
            frame=met.first_frame,
            other_frame=met.second_frame,
            sha256=hashlib.sha256(met.first).hexdigest(),
            other_sha256=hashlib.sha256(met.second).hexdigest(),
            excerpt="" if masked else met.first[:EXCERPT].hex(),
            other_excerpt="" if masked else met.second[:EXCERPT].hex(),
        )


def gaps(notes: StreamLog, ends: Ends) -> Iterator[Missing]:
    """Where bytes of a stream are missing, and between which frames."""
    for flow, direction, met in notes.gaps:
        if isinstance(met, Gap):
            source, destination = ends(flow, direction)
            yield Missing(
                flow=flow,
                source=source,
                destination=destination,
                start=met.offset,
                end=met.offset + met.length,
                frame_before=met.before or None,
                frame_after=met.after or None,
            )


def problems(notes: StreamLog) -> Iterator[Problem]:
    """That copies differ, and that some could not be compared."""
    if notes.conflicting:
        first = min(
            (met.second_frame for _, _, met in notes.conflicts if isinstance(met, Differing)), default=0
        )
        yield Problem(
            "conflict",
            f"in {notes.conflicting_flows:,} readable connections {notes.conflicting:,} bytes came twice "
            "with different content; the copy that came first is read, since a receiver that had room "
            "kept it, unless a receiver would not have taken it; both are listed as conflicts, and "
            "identifiers were looked for in both",
            first or None,
            notes.conflicting_flows,
        )
    if notes.jumps:
        yield Problem(
            "sequence-jump",
            "in readable connections sequence numbers jump by more than 16 MiB: whether bytes between were "
            "sent is unknown, and what follows is read on",
            count=notes.jumps,
        )
    if notes.unchecked:
        yield Problem(
            "repeat-unchecked",
            f"{notes.unchecked:,} bytes of readable connections came again when their first copy was no "
            "longer at hand; whether they differ is unknown",
        )
