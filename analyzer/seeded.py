"""The owner's identifiers in whatever else is readable: datagrams, and TCP that is neither TLS nor HTTP."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from analyzer.detect.base import KIND_TITLES
from analyzer.detect.known import Hit, Known
from analyzer.flows.table import KIND, QUIC, TLS, Flows
from analyzer.masking import MASK
from analyzer.model import Evidence, Finding
from analyzer.packets.table import TCP, UDP
from analyzer.scanning import Step

# DHCP, whose work it is to carry MAC addresses in the local network (RFC 2131, RFC 8415).
ADDRESSING = frozenset((67, 68, 546, 547))
MOST_FINDINGS = 2_000
BETWEEN = b"\0\xff\0"  # in no encoding that is looked for, so nothing is found across two payloads


class Seen(NamedTuple):
    """A hit, and the packet it was in."""

    hit: Hit
    flow: int
    frame: int
    time_ns: int
    protocol: str


class SeededSearch:
    """Searches the payload of single packets; costs nothing where the owner gave nothing."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._seen: list[Seen] = []
        self.octets = 0  # searched

    def look(self, step: Step, flows: Flows) -> None:
        """All payloads of one batch in one pass."""
        if not self._known:
            return
        packets, ids = step.packets, step.ids
        carried = np.isin(packets.kind, (TCP, UDP)) & (packets.payload_captured > 0)
        rows = np.flatnonzero(carried & (ids.flow >= 0))
        rows = rows[~np.isin(flows.numbers[ids.flow[rows], KIND], (TLS, QUIC))]
        pieces = [_payload(step, row) for row in rows.tolist()]
        starts = np.cumsum([0, *(len(piece) + len(BETWEEN) for piece in pieces)]).tolist()
        joined = BETWEEN.join(pieces)
        self.octets += len(joined)
        for hit in self._known.search(joined):
            row = int(rows[bisect_right(starts, hit.start) - 1])
            if hit.kind != "mac" or int(packets.destination_port[row]) not in ADDRESSING:
                self._note(step, row, hit)

    def hits(self, http_flows: Collection[int]) -> list[Hit]:
        """The hits outside flows that were read as HTTP, which are searched whole."""
        return [seen.hit for seen in self._seen if seen.flow not in http_flows]

    def findings(self, http_flows: Collection[int]) -> list[Finding]:
        """One finding a hit; the value itself is not told."""
        return [_finding(seen) for seen in self._seen if seen.flow not in http_flows][:MOST_FINDINGS]

    def _note(self, step: Step, row: int, hit: Hit) -> None:
        frame = step.frames[row] if step.frames else step.batch.first_frame + row
        protocol = "udp" if step.packets.kind[row] == UDP else "tcp"
        time_ns = int(step.batch.records.time_ns[row])
        self._seen.append(Seen(hit, int(step.ids.flow[row]), int(frame), time_ns, protocol))


def _payload(step: Step, row: int) -> bytes:
    start = int(step.packets.payload[row])
    return bytes(step.batch.data[start : start + int(step.packets.payload_captured[row])])


def _finding(seen: Seen) -> Finding:
    kind, encoding, start, end = seen.hit
    hidden = MASK * (end - start)
    reason = f"the {KIND_TITLES[kind]} that the owner gave ({encoding}), in readable {seen.protocol} payload"
    return Finding(
        kind=kind,
        value=hidden,
        raw=hidden,
        name="payload",
        confidence="high",
        reasons=(reason,),
        evidence=Evidence((seen.frame,), seen.flow, path=(f"{seen.protocol} payload",)),
        message=0,
        time_ns=seen.time_ns,
        known=True,
        details={"encoding": encoding},
    )
