"""A capture to what was seen in it: batches through decode, flows and observer, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from analyzer.capture import Capture
from analyzer.capture.batch import Batch
from analyzer.capture.prefetch import ahead
from analyzer.capture.rotated_files import Look, follows
from analyzer.capture.synthetic_batch import packed, placed
from analyzer.dissectors.byte_forms import ByteForms
from analyzer.dissectors.dispatcher import Dispatcher
from analyzer.flows.checksum_stats import ChecksumStats
from analyzer.flows.first_ttl import FirstPackets
from analyzer.flows.flow_ids import New
from analyzer.flows.fragments import Datagram, Reassembler, as_batch
from analyzer.flows.reassembled_rows import inserted
from analyzer.flows.tracker import FlowIds, FlowTracker
from analyzer.flows.tunnels import Tunnels
from analyzer.layouts import Layouts
from analyzer.model.frame_numbers import in_session
from analyzer.packets import BatchSummary, Packets, decode, outline
from analyzer.packets.batch_summary import BACKWARDS, FIRST_NS, LAST_NS, OTHER
from analyzer.packets.coalescing import joined
from analyzer.packets.layers import WIFI_RETRY
from analyzer.packets.packet_table import AGGREGATE, DAMAGED, FRAGMENT, NOT_IP, OTHER_IP, UNKNOWN_LINK
from analyzer.packets.wifi import WIFI_LINKS, WifiKey, WifiSession
from analyzer.packets.wifi.decapsulation import inside_frames
from analyzer.packets.wifi.gre_frames import GRE_PROTOCOL, packets_in
from analyzer.session.flow_eviction import EvictedRows
from analyzer.system.containment import Failed, contained, problem_of

# EtherType IEEE 802 local experimental 1: reconstructions announce themselves in such a frame.
NOTICE_ETHERTYPE = 0x88B5
ETHERNET = 1  # LINKTYPE_ETHERNET
MOST_ASKED = 200_000  # requests of Wi-Fi stations that are kept
NOTICE_MARK = b"PHONEHOME-RECONSTRUCTION:"


Outside = dict[tuple[int, int], list[int]]
"""(kind of row, EtherType or link type) → [packets, bytes on the wire]."""


@dataclass
class Tally:
    """What was counted of frames that are in no flow, and of the capture's time span."""

    ip_packets: int = 0
    fragments: int = 0
    damaged: int = 0
    first_damaged: int | None = None
    not_ip: Counter[int] = field(default_factory=Counter)  # by EtherType
    unknown_links: Counter[int] = field(default_factory=Counter)
    outside: Outside = field(default_factory=dict)  # packets and bytes of what is in no flow
    first_ns: int | None = None
    last_ns: int | None = None
    backwards: int = 0  # frames stamped earlier than the one before them
    newest_ns: int | None = None  # the stamp of the frame that was counted last
    notice: str | None = None
    retries: int = 0  # Wi-Fi frames that repeat one already seen


class InnerFrames(NamedTuple):
    """Ethernet frames from inside others, and the frame numbers of those."""

    batch: Batch
    frames: list[int]


class WifiRequest(NamedTuple):
    """A station that looked for a Wi-Fi network or wanted to join one: its request, MAC address and time."""

    what: str
    station: bytes
    time_ns: int


@dataclass(frozen=True, slots=True)
class Step:
    """One batch, decoded and assigned, for whoever wants to look at its packets."""

    batch: Batch
    packets: Packets
    outline: BatchSummary
    ids: FlowIds
    frames: list[int] | None  # of rebuilt datagrams
    # The batch as it was read, where datagrams that its fragments completed stand among the rows.
    read: Batch | None = None

    @property
    def captured(self) -> Batch | None:
        """The batch as the file has it; None of packets that were made."""
        return self.batch if self.frames is None else self.read

    @property
    def first_frame(self) -> int:
        """The number of its first frame."""
        return self.frames[0] if self.frames else self.batch.first_frame


class PacketReader:
    """One capture session being read; `tracker`, `observer` and `tally` hold the running state.

    Of a session of several files `tallies` has one each, the last is `tally`; frame numbers hold the file's
    position (`model.frame_numbers`).
    """

    def __init__(
        self,
        wifi_keys: Sequence[WifiKey] = (),
        idle: Callable[[], None] | None = None,
        share: float = 1.0,
        layouts: Layouts | None = None,
    ) -> None:
        """`idle` is called from time to time while a live capture is silent; `share` as in `Options`.

        `layouts` are the grammars of messages that the dossiers hold.
        """
        self._idle, self.share = idle, share
        self.wifi: WifiSession | None = None  # once a Wi-Fi frame is seen
        self.asked: list[WifiRequest] = []
        self._wifi_keys = tuple(wifi_keys)
        self.tracker = FlowTracker()
        self.observer = Dispatcher(share, layouts)
        self.tally = Tally()
        self.tallies: list[Tally] = []
        self.reassembler = Reassembler(share)
        self.openings = FirstPackets()
        self.classes = ByteForms()
        self.tunnels = Tunnels(share)
        self.soundness = ChecksumStats()
        self.crowd = EvictedRows()
        self.failures = self.observer.failures
        self.cut: set[int] = set()  # positions of files that could not be read to their ends

    def session(
        self, chain: Sequence[Look], captures: list[tuple[str, Capture]], hashed: bool = True
    ) -> Iterator[Step]:
        """Each batch of the first file of a chain and of all that follow it without a break.

        `captures` gets each file as it is opened. Raises CaptureError where one can't be read.
        """
        for position, entry in enumerate(chain):
            if position and not follows(chain[position - 1], self.tally.last_ns, entry):
                return
            capture = Capture(entry.path, hashed=hashed)
            captures.append((entry.path, capture))
            yield from self.steps(capture)

    def steps(self, capture: Capture) -> Iterator[Step]:
        """Each batch of the session's next file once it is assigned, to be followed by `rest` after the last.

        Reassembled and decrypted packets are batches of their own.
        """
        self.tally = Tally()
        self.tallies.append(self.tally)
        try:
            yield from self._steps(capture, len(self.tallies) - 1)
        except Exception as error:
            self._cut(capture, contained(error, "file", "packets", frame=capture.account.frames or None))

    def _steps(self, capture: Capture, position: int) -> Iterator[Step]:
        batches = (_numbered(batch, position) for batch in capture)
        decoded: Iterator[tuple[Batch, Packets]] = ((batch, decode(batch)) for batch in batches)
        if capture.is_long():
            capture.source.hash_behind()
            decoded = ahead(decoded if capture.source.is_live() else joined(decoded), self._idle)
        for batch, packets in decoded:
            attempt, frame = self.failures.attempt, batch.first_frame
            inside = attempt("batch", "Wi-Fi", frame, self._inside_wifi, batch, packets)
            step = self._whole_step(batch, packets, None)
            self._count(batch, packets, step, inside.frames if inside else [])
            self._count_outside(step, inside.frames if inside else [])
            yield step
            yield from self._decrypted(inside or attempt("batch", "GRE", frame, self._in_gre, batch, packets))

    def rest(self) -> Iterator[Step]:
        """What was waiting for more at the session's end."""
        datagrams = self.reassembler.close()
        if datagrams:
            batch, packets, frames = self._rebuilt(datagrams)
            step = self._step(batch, packets, frames)
            self._count_outside(step)
            self._take_back(datagrams)
            yield step

    def exchanges(self, step: Step) -> Iterator[Any]:
        """HTTP exchanges that a step finishes, as the observer gives them."""
        batch, packets, outlined, ids = step.batch, step.packets, step.outline, step.ids
        flows, count = self.tracker.flows, self.tracker.count
        attempt, frame = self.failures.attempt, step.first_frame
        attempt("batch", "openings", frame, self.openings.watch, batch, packets, outlined, ids, count)
        attempt("batch", "forms", frame, self.classes.watch, batch, packets, outlined, ids, flows, count)
        return self.observer.observe(
            step.batch, step.packets, step.outline, step.ids, self.tracker.flows, step.frames
        )

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        for part in (self.openings, self.classes, self.observer, self.tunnels):
            part.renumber(new, count)

    def _step(self, batch: Batch, packets: Packets, frames: list[int] | None) -> Step:
        ids = self.tracker.assign(batch, packets, frames)  # which takes the payload from copies of packets
        step = Step(batch, packets, outline(batch, packets), ids, frames)
        attempt, outlined, count = self.failures.attempt, step.outline, self.tracker.count
        given = (batch, packets, outlined, ids, frames)
        attempt("batch", "tunnels", step.first_frame, self.tunnels.watch, *given, count)
        attempt("batch", "soundness", step.first_frame, self.soundness.watch, *given)
        return step

    def _cut(self, capture: Capture, failed: Failed) -> None:
        """Note that a file could not be read to its end."""
        self.cut.add(len(self.tallies) - 1)
        problem = problem_of(failed)
        capture.account.damage(problem.code, problem.what, problem.frame)

    def _whole_step(self, batch: Batch, packets: Packets, frames: list[int] | None) -> Step:
        """A batch, with the datagrams that its fragments complete among its rows."""
        if not (packets.kind == FRAGMENT).any():
            return self._step(batch, packets, frames)
        given, first = (batch, packets, frames), frames[0] if frames else batch.first_frame
        done = self.failures.attempt("batch", "fragments", first, self.reassembler.completed, *given)
        if not done:
            return self._step(batch, packets, frames)
        datagrams = [datagram for _, datagram in done]
        made, columns, of_made = self._rebuilt(datagrams)
        whole = inserted((batch, packets), (made, columns), [row for row, _ in done], frames, of_made)
        step = replace(self._step(*whole), read=batch if frames is None else None)
        self._take_back(datagrams)
        return step

    def _rebuilt(self, datagrams: list[Datagram]) -> tuple[Batch, Packets, list[int]]:
        """Datagrams as a batch, with their columns and the frame of each."""
        batch, frames = as_batch(datagrams)
        packets = decode(batch)
        packets.notes[:] = 0  # their headers were made here
        packets.weight[:] = [d.packets for d in datagrams]
        packets.source_mac[:] = [d.macs[0] for d in datagrams]
        packets.destination_mac[:] = [d.macs[1] for d in datagrams]
        batch.records.wire[:] = [d.size for d in datagrams]
        # A fragment inside a datagram that came in fragments is not put together again, and counts as it is.
        packets.kind[packets.kind == FRAGMENT] = OTHER_IP
        self.tally.damaged += int(packets.weight[packets.kind == DAMAGED].sum())
        return batch, packets, frames

    def _take_back(self, datagrams: list[Datagram]) -> None:
        """Leave the fragments of these datagrams out of the counts, which counted each as it came."""
        whole = [sum(d.packets for d in datagrams), sum(d.size for d in datagrams)]
        before = self.tally.outside.setdefault((FRAGMENT, 0), [0, 0])
        before[:] = [count - n for count, n in zip(before, whole, strict=True)]

    # ── Wi-Fi ───────────────────────────────────────────────────────────

    def _inside_wifi(self, batch: Batch, packets: Packets) -> InnerFrames | None:
        """Packets inside Wi-Fi frames that aren't readable in place; repeated frames are set aside."""
        records = batch.records
        if WIFI_LINKS.isdisjoint(records.links()):
            return None
        rows = np.isin(records.link, list(WIFI_LINKS)).nonzero()[0]
        if self.wifi is None:
            self.wifi = WifiSession(self._wifi_keys)
        start = records.offset[rows]
        end, link = start + records.captured[rows], records.link[rows]
        inside = inside_frames(self.wifi, batch.array, start, end, link)
        again = rows[inside.repeated]
        packets.kind[again], packets.ethertype[again] = NOT_IP, WIFI_RETRY
        self.tally.retries += len(again)
        for row, what, station in inside.asked[: max(int(MOST_ASKED * self.share) - len(self.asked), 0)]:
            self.asked.append(WifiRequest(what, station, int(records.time_ns[rows[row]])))
        brought = rows[inside.row]
        times = records.time_ns[brought]
        found = placed(inside.data, inside.at, inside.length, times, ETHERNET)
        return InnerFrames(found, (batch.first_frame + brought).tolist()) if len(brought) else None

    def _in_gre(self, batch: Batch, packets: Packets) -> InnerFrames | None:
        """Packets inside 802.11 frames inside GRE, which count beside the GRE packet that brought them."""
        found: list[tuple[bytes, int]] = []
        for row in np.flatnonzero(packets.notes & AGGREGATE).tolist():
            if packets.protocol[row] == GRE_PROTOCOL:
                start = int(packets.payload[row])
                data = bytes(batch.data[start : start + int(packets.payload_captured[row])])
                found += [(one, row) for one in packets_in(data)]
        if not found:
            return None
        times = [int(batch.records.time_ns[row]) for _, row in found]
        inside = packed([data for data, _ in found], times, ETHERNET)
        return InnerFrames(inside, [batch.first_frame + row for _, row in found])

    def _decrypted(self, found: InnerFrames | None) -> Iterator[Step]:
        if found is None:
            return
        packets = decode(found.batch)
        self.tally.ip_packets += int(((packets.kind >= OTHER_IP) & (packets.kind < DAMAGED)).sum())
        self.tally.fragments += int((packets.kind == FRAGMENT).sum())
        self.tally.not_ip.update(packets.ethertype[packets.kind == NOT_IP].tolist())
        self.tally.damaged += int((packets.kind == DAMAGED).sum())
        step = self._whole_step(found.batch, packets, found.frames)
        self._count_outside(step)
        yield step

    # ── counts ──────────────────────────────────────────────────────────

    def _count(self, batch: Batch, packets: Packets, step: Step, opened: Sequence[int]) -> None:
        """Count the rows of a batch as it was read; `step` is what became of it.

        Frames that were `opened` count as what was inside.
        """
        outlined = step.outline if step.batch is batch else outline(batch, packets)
        tally, sums = self.tally, outlined.sums.tolist()
        tally.first_ns = min(sums[FIRST_NS], tally.first_ns if tally.first_ns is not None else sums[FIRST_NS])
        tally.last_ns = max(sums[LAST_NS], tally.last_ns if tally.last_ns is not None else sums[LAST_NS])
        times = batch.records.time_ns
        tally.backwards += sums[BACKWARDS] + (tally.newest_ns is not None and int(times[0]) < tally.newest_ns)
        tally.newest_ns = int(times[-1])
        tally.fragments += sums[FRAGMENT]
        tally.ip_packets += sum(sums[OTHER_IP:DAMAGED])
        if sums[DAMAGED]:
            tally.damaged += sums[DAMAGED]
            row = int((packets.kind == DAMAGED).argmax())
            tally.first_damaged = tally.first_damaged or batch.first_frame + row
        if sums[NOT_IP]:
            rows = outlined.rows(OTHER)
            closed = np.setdiff1d(rows, np.asarray(opened, np.int64) - batch.first_frame)
            kinds, counts = np.unique(packets.ethertype[closed], return_counts=True)
            tally.not_ip.update(dict(zip(kinds.tolist(), counts.tolist(), strict=True)))
            if NOTICE_ETHERTYPE in kinds:
                self._look_for_notice(batch, packets, rows)
        if sums[UNKNOWN_LINK]:
            tally.unknown_links.update(batch.records.link[packets.kind == UNKNOWN_LINK].tolist())

    def _count_outside(self, step: Step, opened: Sequence[int] = ()) -> None:
        """Packets and bytes of rows in no flow; frames in which packets were found count with these."""
        apart = step.ids.flow < 0
        if len(opened):
            numbers = np.asarray(step.frames or step.batch.first_frame + np.arange(len(apart)))
            apart &= ~np.isin(numbers, np.asarray(opened))
        rows = apart.nonzero()[0]
        if not len(rows):
            return
        packets, records = step.packets, step.batch.records
        kind = packets.kind[rows]
        of = np.where(kind == NOT_IP, packets.ethertype[rows], 0)
        of = np.where(kind == UNKNOWN_LINK, records.link[rows], of)
        keys, which = np.unique(kind << 40 | of, return_inverse=True)
        counts = np.bincount(which, weights=packets.weight[rows]).astype(np.int64).tolist()
        data = np.bincount(which, weights=records.wire[rows]).astype(np.int64).tolist()
        for key, count, size in zip(keys.tolist(), counts, data, strict=True):
            sums = self.tally.outside.setdefault((key >> 40, key & (1 << 40) - 1), [0, 0])
            sums[0] += count
            sums[1] += size

    def _look_for_notice(self, batch: Batch, packets: Packets, rows: list[int]) -> None:
        if self.tally.notice is not None:
            return
        for row in rows:
            if packets.ethertype[row] != NOTICE_ETHERTYPE:
                continue
            start = int(batch.records.offset[row])
            frame = bytes(batch.data[start : start + int(batch.records.captured[row])])
            _, mark, text = frame.partition(NOTICE_MARK)
            if mark:
                self.tally.notice = text.rstrip(b"\0").decode("utf-8", "replace").strip()[:500]
                return


def _numbered(batch: Batch, position: int) -> Batch:
    """The batch with frame numbers of the session."""
    return replace(batch, first_frame=in_session(batch.first_frame, position)) if position else batch
