"""The owner's identifiers in whatever else is readable: datagrams, and TCP that is neither TLS nor HTTP."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np

from analyzer.flows.flow_ids import New
from analyzer.flows.flow_table import KIND, QUIC, TLS, Flows
from analyzer.identifiers.base import KIND_TITLES
from analyzer.identifiers.owner_values import Hit, KnownValues
from analyzer.model import Evidence, Finding, Problem
from analyzer.packets.packet_table import PAYLOAD_WIRE, TCP, UDP
from analyzer.session.known_value_tails import (
    NO_TAIL,
    SEQUENCES,
    StreamTail,
    StreamTails,
    frames_of,
    in_order,
)
from analyzer.session.owner_masking import MASK
from analyzer.session.packet_reader import Step

# DHCP, whose work it is to carry MAC addresses in the local network (RFC 2131, RFC 8415).
ADDRESSING = frozenset((67, 68, 546, 547))
MOST_FINDINGS = 2_000
# Hits that are remembered at most.
MOST_SEEN = 50_000
BETWEEN = b"\0\xff\0"  # in no encoding that is looked for, so nothing is found across two payloads


class KnownHit(NamedTuple):
    """A hit, and the packets it was in."""

    hit: Hit
    flow: int
    frames: tuple[int, ...]
    time_ns: int
    protocol: str


class SearchPiece(NamedTuple):
    """The payload of a row with what stood before it in the stream."""

    row: int
    frame: int
    before: StreamTail
    payload: bytes


class KnownValueSearch:
    """Searches payload, across TCP segments too; costs nothing where the owner gave nothing."""

    def __init__(self, known: KnownValues) -> None:
        self._known = known
        self._tails = StreamTails(known.longest - 1 if known else 0)
        # By flow, direction, kind and where in the stream it begins: repeated segments count once.
        self._seen: dict[tuple[int, int, str, int], KnownHit] = {}
        self.data = 0  # searched
        self.left_out = 0  # hits beyond the limit

    def look(self, step: Step, flows: Flows) -> None:
        """All payloads of one batch in one pass."""
        if not self._known:
            return
        pieces = list(self._pieces(step, flows))
        sizes = (len(piece.before.data) + len(piece.payload) + len(BETWEEN) for piece in pieces)
        starts = [0, *accumulate(sizes)]
        joined = BETWEEN.join([piece.before.data + piece.payload for piece in pieces])
        self.data += len(joined)
        for hit in self._known.search(joined):
            at = bisect_right(starts, hit.start) - 1
            found = hit._replace(start=hit.start - starts[at], end=hit.end - starts[at])
            self._note(step, pieces[at], found)

    def hits(self, http_flows: Collection[int], found: Collection[tuple[int, str]] = ()) -> list[Hit]:
        """Return the hits outside flows that were read as HTTP, which are searched whole.

        `found` has flow and kind of what is counted already.
        """
        return [seen.hit for seen in self._left(http_flows, found)]

    def findings(self, http_flows: Collection[int], found: Collection[tuple[int, str]] = ()) -> list[Finding]:
        """Return one finding a hit; the value itself is not in it."""
        return [_finding(each) for each in islice(self._left(http_flows, found), MOST_FINDINGS)]

    def _left(self, http_flows: Collection[int], found: Collection[tuple[int, str]]) -> Iterator[KnownHit]:
        for seen in self._seen.values():
            if seen.flow not in http_flows and (seen.flow, seen.hit.kind) not in found:
                yield seen

    def problems(self) -> Iterator[Problem]:
        """That there were more hits than are remembered."""
        if self.left_out:
            what = f"{self.left_out:,} more hits of the owner's identifiers in payload are not counted"
            yield Problem("hits-left-out", what, count=self.left_out)

    def renumber(self, row: New) -> None:
        """Go on with new numbers of flows; `row` has one for each."""
        self._tails.renumber(row)
        self._seen = {
            (int(row[key[0]]), *key[1:]): seen._replace(flow=int(row[seen.flow]))
            for key, seen in self._seen.items()
        }

    def _pieces(self, step: Step, flows: Flows) -> Iterator[SearchPiece]:
        """Datagrams as they came, then the segments of each direction in their order."""
        packets, ids = step.packets, step.ids
        carried = np.isin(packets.kind, (TCP, UDP)) & (packets.payload_captured > 0)
        rows = np.flatnonzero(carried & (ids.flow >= 0))
        rows = rows[~np.isin(flows.numbers[ids.flow[rows], KIND], (TLS, QUIC))]
        datagrams, segments = rows[packets.kind[rows] == UDP], rows[packets.kind[rows] == TCP]
        for row in datagrams.tolist():
            yield SearchPiece(row, _frame(step, row), NO_TAIL, _payload(step, row))
        if not len(segments):
            return
        sequences = packets.sequence[segments]
        order = in_order(ids.flow[segments] * 2 + ids.direction[segments], sequences)
        for row, sequence in zip(segments[order].tolist(), sequences[order].tolist(), strict=True):
            frame, payload = _frame(step, row), _payload(step, row)
            direction = int(ids.flow[row]), int(ids.direction[row])
            before = self._tails.before(direction, sequence)
            if len(payload) == int(packets.numbers[row, PAYLOAD_WIRE]):
                self._tails.keep(direction, sequence, payload, frame, before)
            yield SearchPiece(row, frame, before, payload)

    def _note(self, step: Step, piece: SearchPiece, hit: Hit) -> None:
        row, before = piece.row, len(piece.before.data)
        packets, is_datagram = step.packets, step.packets.kind[piece.row] == UDP
        if hit.end <= before or (hit.kind == "mac" and int(packets.destination_port[row]) in ADDRESSING):
            return
        frames = {*frames_of(piece.before, before - hit.start), piece.frame}
        flow, time_ns = int(step.ids.flow[row]), int(step.batch.records.time_ns[row])
        seen = KnownHit(hit, flow, tuple(sorted(frames)), time_ns, "udp" if is_datagram else "tcp")
        sequence = int(packets.sequence[row]) - before
        position = (-piece.frame << 32) - hit.start if is_datagram else (sequence + hit.start) % SEQUENCES
        key = flow, int(step.ids.direction[row]), hit.kind, position
        earlier = self._seen.get(key)
        if earlier is None and len(self._seen) >= MOST_SEEN:
            self.left_out += 1
        elif earlier is None or hit.end - hit.start > earlier.hit.end - earlier.hit.start:
            self._seen[key] = seen


def _frame(step: Step, row: int) -> int:
    return int(step.frames[row] if step.frames else step.batch.first_frame + row)


def _payload(step: Step, row: int) -> bytes:
    start = int(step.packets.payload[row])
    return bytes(step.batch.data[start : start + int(step.packets.payload_captured[row])])


def _finding(seen: KnownHit) -> Finding:
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
        evidence=Evidence(seen.frames, seen.flow, path=(f"{seen.protocol} payload",)),
        message=0,
        time_ns=seen.time_ns,
        known=True,
        details={"encoding": encoding},
    )
