"""A capture to what was seen in it: batches through decode, flows and observer, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.capture import Capture
from analyzer.capture.ahead import ahead
from analyzer.capture.batch import Batch
from analyzer.capture.memory import packed
from analyzer.flows.fragments import Datagram, Reassembler, as_batch
from analyzer.flows.openings import Openings
from analyzer.flows.tracker import FlowIds, FlowTracker
from analyzer.packets import Packets, decode
from analyzer.packets.kernel import WIFI_RETRY
from analyzer.packets.table import DAMAGED, FRAGMENT, NOT_IP, OTHER_IP, UNKNOWN_LINK
from analyzer.packets.wifi import WIFI_LINKS, WifiKey, WifiSession
from analyzer.protocols.observer import Observer, SeenExchange

# EtherType IEEE 802 local experimental 1: reconstructions announce themselves in such a frame.
NOTICE_ETHERTYPE = 0x88B5
ETHERNET = 1  # LINKTYPE_ETHERNET
NOTICE_MARK = b"PHONEHOME-RECONSTRUCTION:"


@dataclass
class Tally:
    """What was counted of frames that are in no flow, and of the capture's time span."""

    ip_packets: int = 0
    fragments: int = 0
    damaged: int = 0
    first_damaged: int | None = None
    not_ip: Counter[int] = field(default_factory=Counter)  # by EtherType
    unknown_links: Counter[int] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None
    backwards: int = 0  # frames stamped earlier than the one before them
    notice: str | None = None
    retries: int = 0  # Wi-Fi frames that repeat one already seen


class Inside(NamedTuple):
    """An Ethernet frame from inside another, and the frame number of that."""

    octets: bytes
    frame: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Step:
    """One batch, decoded and assigned, for whoever wants to look at its packets."""

    batch: Batch
    packets: Packets
    ids: FlowIds
    frames: list[int] | None  # of rebuilt datagrams


class Scan:
    """One capture session being read; `tracker`, `observer` and `tally` hold the running state."""

    def __init__(self, wifi_keys: Sequence[WifiKey] = ()) -> None:
        self.wifi: WifiSession | None = None  # once a Wi-Fi frame is seen
        self._wifi_keys = tuple(wifi_keys)
        self.tracker = FlowTracker()
        self.observer = Observer()
        self.tally = Tally()
        self.reassembler = Reassembler()
        self.openings = Openings()

    def steps(self, capture: Capture) -> Iterator[Step]:
        """Each batch once it is assigned; reassembled and decrypted packets as batches of their own."""
        decoded: Iterator[tuple[Batch, Packets]] = ((batch, decode(batch)) for batch in capture)
        for batch, packets in ahead(decoded) if capture.is_long() else decoded:
            inside = self._inside_wifi(batch, packets)
            self._count(batch, packets)
            yield Step(batch, packets, self.tracker.assign(batch, packets), None)
            yield from self._fragments(batch, packets, None)
            yield from self._decrypted(inside)
        yield from self._rebuilt(self.reassembler.close())

    def exchanges(self, step: Step) -> Iterator[SeenExchange]:
        """HTTP exchanges that a step finishes."""
        self.openings.watch(step.batch, step.packets, step.ids, self.tracker.count)
        return self.observer.observe(step.batch, step.packets, step.ids, self.tracker.flows, step.frames)

    def _fragments(self, batch: Batch, packets: Packets, frames: list[int] | None) -> Iterator[Step]:
        if (packets.kind == FRAGMENT).any():
            yield from self._rebuilt(self.reassembler.add(batch, packets, frames))

    def _rebuilt(self, datagrams: list[Datagram]) -> Iterator[Step]:
        if not datagrams:
            return
        batch, frames = as_batch(datagrams)
        packets = decode(batch)
        packets.weight[:] = [d.packets for d in datagrams]
        packets.source_mac[:] = [d.macs[0] for d in datagrams]
        packets.destination_mac[:] = [d.macs[1] for d in datagrams]
        batch.records.wire[:] = [d.octets for d in datagrams]
        # A fragment inside a datagram that came in fragments is not put together again, and counts as it is.
        packets.kind[packets.kind == FRAGMENT] = OTHER_IP
        self.tally.damaged += int(packets.weight[packets.kind == DAMAGED].sum())
        yield Step(batch, packets, self.tracker.assign(batch, packets, frames), frames)

    # ── Wi-Fi ───────────────────────────────────────────────────────────

    def _inside_wifi(self, batch: Batch, packets: Packets) -> list[Inside]:
        """Packets inside Wi-Fi frames that aren't readable in place; repeated frames are set aside."""
        links = batch.records.link
        if WIFI_LINKS.isdisjoint(np.unique(links).tolist()):
            return []
        rows = np.isin(links, list(WIFI_LINKS)).nonzero()[0]
        if self.wifi is None:
            self.wifi = WifiSession(self._wifi_keys)
        found: list[Inside] = []
        times = batch.records.time_ns
        for row in rows.tolist():
            start = int(batch.records.offset[row])
            octets = bytes(batch.data[start : start + int(batch.records.captured[row])])
            frames, is_retry = self.wifi.take(octets, int(links[row]))
            if is_retry:
                packets.kind[row], packets.ethertype[row] = NOT_IP, WIFI_RETRY
                self.tally.retries += 1
            found += [Inside(frame, batch.first_frame + row, int(times[row])) for frame in frames]
        return found

    def _decrypted(self, inside: list[Inside]) -> Iterator[Step]:
        if not inside:
            return
        batch = packed([i.octets for i in inside], [i.time_ns for i in inside], ETHERNET)
        frames, packets = [i.frame for i in inside], decode(batch)
        self.tally.ip_packets += int((packets.kind >= OTHER_IP).sum() - (packets.kind == DAMAGED).sum())
        self.tally.fragments += int((packets.kind == FRAGMENT).sum())
        yield Step(batch, packets, self.tracker.assign(batch, packets, frames), frames)
        yield from self._fragments(batch, packets, frames)

    # ── counts ──────────────────────────────────────────────────────────

    def _count(self, batch: Batch, packets: Packets) -> None:
        tally, times, kind = self.tally, batch.records.time_ns, packets.kind
        first, last = int(times.min()), int(times.max())
        tally.first_ns = first if tally.first_ns is None else min(first, tally.first_ns)
        tally.last_ns = last if tally.last_ns is None else max(last, tally.last_ns)
        tally.backwards += int(np.count_nonzero(np.diff(times) < 0))
        of_kind = np.bincount(kind, minlength=7)
        tally.fragments += int(of_kind[FRAGMENT])
        tally.ip_packets += int(of_kind.sum() - of_kind[[UNKNOWN_LINK, NOT_IP, DAMAGED]].sum())
        if of_kind[DAMAGED]:
            tally.damaged += int(of_kind[DAMAGED])
            row = int((kind == DAMAGED).argmax())
            tally.first_damaged = tally.first_damaged or batch.first_frame + row
        if of_kind[NOT_IP]:
            tally.not_ip.update(packets.ethertype[kind == NOT_IP].tolist())
            self._look_for_notice(batch, packets)
        if of_kind[UNKNOWN_LINK]:
            tally.unknown_links.update(batch.records.link[kind == UNKNOWN_LINK].tolist())

    def _look_for_notice(self, batch: Batch, packets: Packets) -> None:
        if self.tally.notice is not None:
            return
        for row in ((packets.kind == NOT_IP) & (packets.ethertype == NOTICE_ETHERTYPE)).nonzero()[0].tolist():
            start = int(batch.records.offset[row])
            frame = bytes(batch.data[start : start + int(batch.records.captured[row])])
            _, mark, text = frame.partition(NOTICE_MARK)
            if mark:
                self.tally.notice = text.rstrip(b"\0").decode("utf-8", "replace").strip()[:500]
                return
