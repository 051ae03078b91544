"""Batches with their flow numbers to what was readable in them: HTTP exchanges and names.

Exchanges come as `SeenExchange`; those of flows that are read elsewhere (`http_flows`) in the form of whoever
reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from analyzer.capture.batch import Batch
from analyzer.dissectors.clear_datagrams import ClearDatagrams
from analyzer.dissectors.clear_streams import ClearStreams
from analyzer.dissectors.datagrams import Datagrams, LearnedName
from analyzer.dissectors.dns_tcp import DnsFlows
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.handshakes import HELLO_KINDS, Handshakes
from analyzer.dissectors.http_flows import BoundMetError, HttpFlows, SeenExchange
from analyzer.dissectors.name_cache import shortened
from analyzer.dissectors.payload_rows import PayloadRow, taken_before
from analyzer.dissectors.rejected_segments import doubtful
from analyzer.dissectors.stream_log import StreamLog
from analyzer.dissectors.unclassified_datagrams import UnclassifiedDatagrams
from analyzer.flows.flow_ids import New, moved_set
from analyzer.flows.flow_table import FINISHED, KIND, LAST_NS, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.layouts import Layouts
from analyzer.packets.batch_summary import LAST_NS as LAST_TIME
from analyzer.packets.batch_summary import BatchSummary
from analyzer.packets.packet_table import FRAGMENT, Packets
from analyzer.system.containment import Failed, Failures, contained

# Connections read at once; bytes that their readers may hold together; bytes fed to them after which they
# are weighed, a segment counting for some more than its data.
MOST_READ, MOST_HELD, WEIGHED_EVERY, SEGMENT_COST = 8192, 96 << 20, 32 << 20, 200
NO_FLOW = -1
# Names kept.
MOST_NAMES = 30_000


class Dispatcher:
    """Follows flows over the batches of a capture. `names` grows as names are seen."""

    def __init__(self, share: float = 1.0, layouts: Layouts | None = None) -> None:
        """`share` is the part of the usual bounds that holds here; `layouts` are grammars of the dossiers."""
        self._share = share
        layouts = layouts or Layouts()
        self.names: list[LearnedName] = []
        self.failures = Failures()
        self.datagrams = Datagrams(self.names, self.failures)
        self.clear_datagrams = ClearDatagrams(share, self.failures, layouts)
        self.other_datagrams = UnclassifiedDatagrams()
        self.notes = StreamLog(share)
        self.clear_streams = ClearStreams(self.notes, self.failures, layouts)
        self.hellos = Handshakes(self.names)
        self.dns = DnsFlows(self.datagrams)
        self.http_flows: set[int] = set()  # flows that carried HTTP
        self.unreadable_inside: set[int] = set()  # … as a tunnel for what can't be read
        self.gaps = 0  # stretches of readable streams that were never captured
        self.gap_bytes = 0
        self.skipped_bytes = 0  # of HTTP messages whose beginning was not captured
        self.closed_early = 0  # connections whose reader held too much
        self.repeats_left_out = self.names_left_out = 0
        self._in_order = True
        self._abandoned: set[int] = set()  # flows whose hellos or DNS messages are not read any further
        self._fed = 0  # bytes handed to readers since they were weighed
        self.http = HttpFlows(self.notes.recent)

    def observe(
        self,
        batch: Batch,
        packets: Packets,
        outline: BatchSummary,
        ids: FlowIds,
        flows: Flows,
        frames: list[int] | None = None,
    ) -> Iterator[Any]:
        """Exchanges that this batch finishes; `frames` gives the frame numbers of rebuilt datagrams."""
        contain, first = self.failures, frames[0] if frames else batch.first_frame
        contain.attempt("batch", "names", first, self.datagrams.read, batch, packets, outline, ids, frames)
        datagrams = self.clear_datagrams.read(batch, packets, outline, ids, flows, frames)
        for clear in contain.guarded(datagrams, "batch", "datagrams", first):
            yield SeenExchange(*clear)
        known = self.clear_datagrams.rows
        others = self.other_datagrams.read(batch, packets, outline, ids, flows, frames, known)
        for clear in contain.guarded(others, "batch", "unclassified datagrams", first):
            yield SeenExchange(*clear)
        # Fragmented segments come after the rest of their batch, so there nothing is lost yet.
        self._in_order = frames is None and not outline.has(FRAGMENT)
        for group in groups(batch, packets, ids, flows, frames):
            flow = group[0].flow
            if self.http.elsewhere is not None:
                self.http.elsewhere.meet(flow, flows)
            if flows.numbers[flow, KIND] in HELLO_KINDS and flow not in self.http.open:
                self._read_briefly("hellos", self.hellos.read, batch, group, flows)
                for of, side, made in self.hellos.messages:
                    yield SeenExchange(of, Exchange(made, None, side), None)
                self.hellos.messages.clear()
            elif self.dns.takes(batch, group, flows):
                self._read_briefly("DNS", self.dns.read, batch, group, flows)
            else:
                clear_text = self.clear_streams.read(
                    batch, packets, ids, group, flows, frames, self._in_order
                )
                yield from (SeenExchange(*clear) for clear in clear_text)
                if flow in self.clear_streams.kinds:
                    self.http.open.pop(flow, None)
                else:
                    yield from self._read_http(batch, group, flows)
            if self.http.elsewhere is not None:
                self.http.elsewhere.passed(flow, False)
        if len(batch.records):
            now_ns = int(outline.sums[LAST_TIME])
            for clear in self.clear_streams.retire(flows, now_ns):
                yield SeenExchange(*clear)
            yield from self._retire(flows, now_ns)
            if self.http.elsewhere is not None:
                self.http.elsewhere.passed(NO_FLOW, True)
        lengths = packets.payload_captured[ids.handed > 0]
        self._fed += int(lengths.sum()) + SEGMENT_COST * len(lengths)
        yield from self._lighten(flows)

    def close(self, flows: Flows) -> Iterator[Any]:
        """What the end of the capture leaves: cut messages and unanswered requests."""
        for clear in self.clear_streams.close(flows):
            yield SeenExchange(*clear)
        for flow in list(self.http.open):
            yield from self._close(flow, flows)
        for clear in self.clear_datagrams.close(flows):
            yield SeenExchange(*clear)
        self.gaps += self.clear_streams.gaps
        self.gap_bytes += self.clear_streams.gap_bytes

    def unanswered(self, asked: Iterable[int], flows: Flows) -> Iterator[Any]:
        """Requests of these flows that were read and wait for an answer, as they stand now."""
        for flow in asked:
            yield from self.http.unanswered(flow, flows)
            for clear in (*self.clear_streams.waiting(flow, flows), *self.clear_datagrams.waiting(flow)):
                yield SeenExchange(*clear)

    def reading(self) -> set[int]:
        """The flows that are being read as text."""
        return self.http.open.keys() | set(self.clear_streams.reading())

    def let_go(self, gone: Iterable[int], flows: Flows) -> Iterator[Any]:
        """What the early end of these flows leaves; what comes later is read from a message on."""
        gone = list(gone)
        for clear in self.clear_streams.let_go(gone, flows):
            yield SeenExchange(*clear)
        for flow in gone:
            if flow in self.http.open:
                self.http.let_go(flow)
                yield from self._close(flow, flows)
        for clear in self.clear_datagrams.let_go(gone, flows):
            yield SeenExchange(*clear)

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self.names[:] = [
            named if named.flow is None else named._replace(flow=int(new[named.flow]))
            for named in self.names
            if named.flow is None or new[named.flow] >= 0
        ]
        self.http_flows = moved_set(self.http_flows, new)
        self.unreadable_inside = moved_set(self.unreadable_inside, new)
        self._abandoned = moved_set(self._abandoned, new)
        self.failures.renumber(lambda flow: int(new[flow]))
        self.http.renumber(new)
        self.clear_datagrams.renumber(new, count)
        self.other_datagrams.renumber(new, count)
        for part in (self.datagrams, self.clear_streams, self.hellos, self.dns, self.notes):
            part.renumber(new)

    def _lighten(self, flows: Flows) -> Iterator[Any]:
        """Close the connections silent longest, where readers hold more than memory is for; so with names.

        Readers can't hold more than they are fed, so they are weighed after a certain number of bytes.
        """
        most_names, most_read, most_held = (int(m * self._share) for m in (MOST_NAMES, MOST_READ, MOST_HELD))
        if len(self.names) > most_names:
            self.names[:], repeats, lost = shortened(self.names, most_names // 2)
            self.repeats_left_out += repeats
            self.names_left_out += lost
        is_due = self._fed > WEIGHED_EVERY * self._share or len(self.http.open) > most_read
        reading = self.reading() if is_due else ()
        if not reading:
            return
        self._fed = 0
        oldest = sorted(reading, key=lambda flow: int(flows.numbers[flow, LAST_NS]))
        of_http = self.http.weights(oldest)
        weights = [one + self.clear_streams.held(f) for one, f in zip(of_http, oldest, strict=True)]
        left, total = len(oldest), sum(weights)
        elsewhere = self.http.elsewhere
        if total + (elsewhere.held() if elsewhere else 0) <= most_held and left <= most_read:
            return
        if elsewhere is not None and elsewhere.begun:
            raise BoundMetError("its readers together hold more than memory is meant for")
        gone = []
        for flow, taken in zip(oldest, weights, strict=True):
            if total <= most_held // 2 and left <= most_read // 2:
                break
            gone.append(flow)
            left, total = left - 1, total - taken
        self.closed_early += len(gone)
        yield from self.let_go(gone, flows)

    def _read_briefly(
        self, name: str, read: Callable[[Batch, list[PayloadRow], Flows], None], batch: Batch, group:
        list[PayloadRow],
        flows: Flows,
    ) -> None:  # fmt: skip
        """Have hellos or DNS messages of one flow read."""
        flow = group[0].flow
        if flow in self._abandoned:
            return
        try:
            read(batch, group, flows)
        except Exception as error:
            self._abandoned.add(flow)
            self._note(contained(error, "flow", name, flow, group[0].frame), group, flows)

    def _note(self, failed: Failed, group: Sequence[PayloadRow], flows: Flows) -> None:
        """Count a flow that is not read any further."""
        self.failures.add(failed, taken_before(group, flows))

    # ── HTTP ────────────────────────────────────────────────────────────

    def _read_http(self, batch: Batch, group: list[PayloadRow], flows: Flows) -> Iterator[Any]:
        flow = group[0].flow
        told = self.http.read(batch, group, flows, self._in_order, self.clear_streams.may_take(flow))
        yield from told.exchanges
        if told.failed is not None:
            self._note(told.failed, group, flows)
        for hello, tunnel in told.hellos:  # what TLS inside a tunnel told
            self.hellos.of.setdefault(flow, hello)
            if hello.name:
                via = f"inside {', '.join(tunnel)}"
                self.names.append(LearnedName("sni", hello.name, hello.frame, flow=flow, via=via))
        if told.found or told.sure:
            self.clear_streams.dismiss(flow)
        if told.found:
            self.http_flows.add(flow)
        if told.finished:
            self.unreadable_inside.add(flow)

    def _retire(self, flows: Flows, now_ns: int) -> Iterator[Any]:
        """Close connections that ended some time ago."""
        for flow in self.http.ended(flows, now_ns):
            yield from self._close(flow, flows)
            flows.numbers[flow, KIND] = FINISHED

    def _close(self, flow: int, flows: Flows) -> Iterator[Any]:
        """The end of a flow's HTTP, unless another reader has taken the flow by now."""
        if flow in self.clear_streams.kinds:
            del self.http.open[flow]
            return
        closed = self.http.close(flow, flows)
        yield from closed.exchanges
        if closed.failed is not None:
            self.failures.add(closed.failed)
        self.notes.take(flow, closed)
        self.gaps += closed.gaps
        self.gap_bytes += closed.gap_bytes
        self.skipped_bytes += closed.skipped
        if closed.found:
            self.http_flows.add(flow)
        if self.http.elsewhere is not None:
            self.http.elsewhere.passed(flow, True)


def groups(
    batch: Batch, packets: Packets, ids: FlowIds, flows: Flows, frames: Sequence[int] | None
) -> Iterable[list[PayloadRow]]:
    """The payloads that were handed on, flow by flow, each in the order of capture.

    What its receiver would not have taken stands behind the rest of its flow.
    """
    rows = ids.handed.nonzero()[0]
    if not len(rows):
        return
    order = ids.flow[rows] * 2 + doubtful(batch, packets, ids, flows, rows)
    rows = rows[np.argsort(order, kind="stable")]
    # A SYN takes up one sequence number, so data with it (RFC 7413) begins one later.
    sequence = packets.sequence[rows] + ((packets.flags[rows] & 2) != 0)
    frame = np.asarray(frames, np.int64)[rows] if frames else rows + batch.first_frame
    columns = zip(
        ids.flow[rows].tolist(), ids.direction[rows].tolist(), (sequence & 0xFFFFFFFF).tolist(),
        packets.payload[rows].tolist(), packets.payload_captured[rows].tolist(),
        frame.tolist(), batch.records.time_ns[rows].tolist(), strict=True,
    )  # fmt: skip
    group: list[PayloadRow] = []
    for values in columns:
        row = PayloadRow(*values)
        if group and group[0].flow != row.flow:
            yield group
            group = []
        group.append(row)
    yield group
