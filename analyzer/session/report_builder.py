"""What one scan found to a Report: ledger, devices, messages, findings, pings, problems."""

from __future__ import annotations

import os
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.capture import Capture
from analyzer.dissectors.clear_message import CLEAR_KINDS
from analyzer.dissectors.payload_forms import READABLE_FORMS
from analyzer.dossiers import Dossier, attempt_hosts, attempted
from analyzer.flows.address_text import address_text, is_group, texts
from analyzer.flows.devices import Sides, sides_of
from analyzer.flows.entropy import ByteSpread
from analyzer.flows.flow_table import (
    A_HI,
    A_LO,
    A_PORT,
    BYTES,
    FIRST_FRAME,
    FIRST_NS,
    LAST_NS,
    PACKETS,
    PROTOCOL,
    Column,
)
from analyzer.flows.ledger import (
    PROTOCOL_NAMES,
    LedgerRow,
    counted,
    endings,
    ledger_rows,
    orient,
)
from analyzer.flows.metrics import DELIVERIES, ROUND_TRIPS, Metrics, measure
from analyzer.geo import Locator, located_in, scope_claims
from analyzer.geo.round_trips import Timed, contradicted_by_others, contradicted_from
from analyzer.model import (
    Announcement,
    CaptureInfo,
    Clue,
    Coverage,
    Destination,
    Device,
    Endpoint,
    Evidence,
    Finding,
    Message,
    Ping,
    Place,
    Problem,
    Report,
    Scope,
    Table,
    Tunnel,
)
from analyzer.model.frame_numbers import capture_of, in_session
from analyzer.packets.protocol_names import ethertype_name, link_name
from analyzer.packets.wifi.clients import clients
from analyzer.session import concealment, limitations, packet_anomalies, stream_anomalies
from analyzer.session.coverage_table import Seen, coverage
from analyzer.session.device_clues import ClueBook
from analyzer.session.extraction import ExchangeFindings, Extractor
from analyzer.session.flow_labels import kinds_of
from analyzer.session.host_names import NameBook
from analyzer.session.options import Options
from analyzer.session.packet_reader import PacketReader, Tally
from analyzer.session.region_packets import RegionWatch
from analyzer.session.tls_summary import TlsSummary
from analyzer.session.vantage import look, vantage
from analyzer.version import VERSION

# Kinds of flow whose bytes are readable to anyone on the way.
READABLE_KINDS = frozenset({"http", "other text"}) | CLEAR_KINDS | READABLE_FORMS

# TCP and UDP, without protocols that set a time to live of their own: DHCP (dhclient sends 128), mDNS (255,
# RFC 6762 §11), LLMNR and SSDP.
USUAL_PROTOCOLS, PORTS_OF_OWN_HOPS = (6, 17), (67, 68, 546, 547, 5353, 5355, 1900)


@dataclass
class SessionParts:
    """Everything that one scan has gathered."""

    captures: Sequence[tuple[str, Capture]]  # of one session, with their paths as given
    scan: PacketReader
    extractor: Extractor
    region: RegionWatch
    locator: Locator
    dossiers: Sequence[Dossier]
    options: Options


class ReportBuilder:
    """Builds the pieces of a Report, each once."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts
        self.flows = parts.scan.tracker.seen()
        self.count = len(self.flows)

    @cached_property
    def sides(self) -> Sides:
        return sides_of(self.flows, self._asked())

    def _asked(self) -> dict[int, int]:
        """The side that sent requests, of flows in which a request of HTTP was read."""
        found: dict[int, int] = {}
        for entry in self.parts.extractor.entries:
            request = entry.request
            if request is None or request.flow in found or not request.protocol.startswith("http"):
                continue
            words, ports = self.flows.addresses[request.flow].tolist(), self.flows.numbers[request.flow]
            a = Endpoint(address_text(words[A_HI], words[A_LO]), int(ports[A_PORT]))
            found[request.flow] = 0 if request.source == a else 1
        return found

    @cached_property
    def seen(self) -> Any:
        return orient(self.flows, self.sides)

    @cached_property
    def remote(self) -> list[str]:
        """The remote address of each flow in text."""
        return texts(self.seen.remote_hi, self.seen.remote_lo)

    @cached_property
    def own(self) -> list[str]:
        return texts(self.seen.own_hi, self.seen.own_lo)

    @cached_property
    def endings(self) -> list[str]:
        return endings(self.flows)

    @cached_property
    def forms(self) -> list[str | None]:
        """What the first bytes of each flow look like."""
        return self.parts.scan.classes.forms(self.count)

    @cached_property
    def spreads(self) -> dict[int, ByteSpread]:
        return self.parts.scan.classes.samples.spreads()

    @cached_property
    def carried(self) -> TlsSummary:
        return TlsSummary(self.parts.scan.observer.hellos.of, self.spreads, self.kinds, self.times)

    @cached_property
    def kinds(self) -> list[str]:
        return kinds_of(self.parts.scan, self.flows, self.seen.service_port, self.forms, self.spreads)

    @cached_property
    def entries(self) -> list[ExchangeFindings]:
        return list(self.parts.extractor.numbered())

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        return tuple(m for e in self.entries for m in e.messages)

    @cached_property
    def names(self) -> NameBook:
        book = NameBook()
        book.add(self.parts.scan.observer.names)
        for message in self.messages:
            if message.role == "request" and message.host and message.evidence.frames:
                via = concealment.behind_proxy(message)
                book.add_host(message.flow, message.host, message.evidence.frames[0], via)
        book.add_redirects(self.messages)
        for position, (_, capture) in enumerate(self.parts.captures):
            book.add_written(capture.account.names, in_session(0, position))
        return book

    @cached_property
    def measured(self) -> Metrics:
        return measure(self.flows, self.sides, self.parts.scan.observer.datagrams.round_trips)

    @cached_property
    def hiding(self) -> concealment.Hiding:
        hellos = self.parts.scan.observer.hellos.of
        esni = {flow for flow, hello in hellos.items() if hello.hides_name and not hello.name}
        return concealment.Hiding(self.forms, self.messages, esni)

    @cached_property
    def owners(self) -> dict[str, str]:
        """The device that each local address belongs to."""
        return {address: device.id for device in self.sides.devices for address in device.addresses}

    @cached_property
    def clues(self) -> ClueBook:
        book, observer = ClueBook(), self.parts.scan.observer
        for device in self.sides.devices:
            if device.mac is not None:
                book.add_mac(device.id)
        book.add_dhcp(observer.datagrams.clients)
        book.add_names(observer.names)
        book.add_messages(self.messages)
        book.add_fingerprints(
            (self.device_id(f), h.ja4, h.frame) for f, h in observer.hellos.of.items() if h.ja4
        )
        book.add_programs((self.device_id(f), said, n) for f, (said, n) in observer.hellos.agents.items())
        book.add_times_to_live(self._times_to_live())
        return book

    def _times_to_live(self) -> dict[str, Counter[int]]:
        """Of the first packets of each device's own flows."""
        found: dict[str, Counter[int]] = defaultdict(Counter)
        hops = self.parts.scan.openings.hops(len(self.sides.own))
        remote_port, protocol = self.seen.remote_port, self.flows.one(PROTOCOL)
        usual = ~is_group(self.seen.remote_hi, self.seen.remote_lo) & np.isin(protocol, USUAL_PROTOCOLS)
        usual &= ~np.isin(remote_port, PORTS_OF_OWN_HOPS)
        for flow in ((self.sides.own == 0) & usual).nonzero()[0].tolist():
            if hops[flow] > 1:  # multicast that must stay in the network has 1
                found[self.device_id(flow)][int(hops[flow])] += self.times[flow] if self.times else 1
        return found

    @cached_property
    def places(self) -> dict[str, Place]:
        wanted = list(dict.fromkeys(self.remote))
        return dict(zip(wanted, self.parts.locator.places(wanted), strict=True))

    # ── tables ──────────────────────────────────────────────────────────

    def device_id(self, flow: int) -> str:
        return self.sides.devices[int(self.sides.device[flow])].id

    def devices(self) -> tuple[Device, ...]:
        count = len(self.sides.devices)
        packets, data = (
            np.bincount(self.sides.device, weights=self.flows.pair(column).sum(axis=1), minlength=count)
            for column in (PACKETS, BYTES)
        )
        payload, readable = (
            np.bincount(self.sides.device, weights=column, minlength=count)
            for column in (self.payload, self.readable)
        )
        made = [
            Device(
                id=entry.id,
                mac=entry.id if entry.mac is not None else None,
                addresses=tuple(address for address, _ in entry.addresses.most_common(20)),
                names=self._device_names(entry.id, list(entry.addresses)),
                clues=self.clues.of(entry.id, *list(entry.addresses)[:20]),
                packets=int(packets[index]),
                bytes=int(data[index]),
                payload=int(payload[index]),
                payload_readable=int(readable[index]),
            )
            for index, entry in enumerate(self.sides.devices)
        ]
        return tuple(sorted(made, key=lambda device: (-device.bytes, device.id)))

    def _device_names(self, mac: str, addresses: list[str]) -> tuple[Any, ...]:
        names = list(self.names.of_mac(mac))
        for address in addresses[:20]:
            names += [name for name in self.names.of_address(address) if name not in names]
        return tuple(names)

    def destinations(self) -> tuple[Destination, ...]:
        rows = ledger_rows(self.flows, self.seen, self.parts.scan.crowd.stands_for(self.count))
        return self._contradicted([self._destination(row) for row in rows])

    def _contradicted(self, rows: list[Destination]) -> tuple[Destination, ...]:
        """The rows with what their round trips rule out."""
        timed = {
            at: Timed(row.address, row.place, row.min_rtt_us)
            for at, row in enumerate(rows)
            if row.place is not None and row.place.special is None and row.min_rtt_us is not None
        }
        origin = self.parts.options.origin
        by_others = {} if origin else contradicted_by_others(timed.values())
        for at, entry in timed.items():
            said = contradicted_from(origin, entry) if origin else by_others.get(entry.address, ())
            if said:
                rows[at] = replace(rows[at], contradictions=tuple(said))
        return tuple(rows)

    def _destination(self, row: LedgerRow) -> Destination:
        first = int(row.members[0])
        address = self.remote[first]
        place = self.places[address]
        device = self.sides.devices[row.device]
        protocol = PROTOCOL_NAMES.get(row.protocol, str(row.protocol))
        members = row.members.tolist()
        own_names = self.names.of_mac(self.owners.get(address, ""))
        names = (*self.names.of_row(address, members, row.first_ns, frozenset(device.addresses)), *own_names)
        found, quickest = self.measured, self._quickest(members)
        return Destination(
            device=device.id,
            address=address,
            protocol=protocol,
            port=row.port,
            flows=row.flows,
            packets_up=row.packets_up,
            packets_down=row.packets_down,
            bytes_up=row.bytes_up,
            bytes_down=row.bytes_down,
            first_ns=row.first_ns,
            last_ns=row.last_ns,
            kinds=counted(self.kinds, members, self.times),
            ended=counted(self.endings, members, self.times),
            names=names,
            place=place,
            in_scope=located_in(place, self.parts.options.regions),
            scope_claims=scope_claims(place, self.parts.options.regions),
            payload_up=sum(found.payload_up[m] for m in members),
            payload_down=sum(found.payload_down[m] for m in members),
            payload_readable=sum(self.readable[m] for m in members),
            resent_up=sum(found.resent_up[m] for m in members),
            resent_down=sum(found.resent_down[m] for m in members),
            min_rtt_us=None if quickest is None else found.round_trip_ns[quickest] // 1000,
            rtt_of="" if quickest is None else ROUND_TRIPS[found.round_trip_of[quickest]],
            delivered=counted(self.delivered, [m for m in members if found.delivery[m] >= 0], self.times),
            hides=self.hiding.of_row(protocol, row.port, names, row.members, address),
            inside=packet_anomalies.paths_of([self.inside[flow] for flow in members]),
            **self.carried.of_row(members),
        )

    def _quickest(self, members: list[int]) -> int | None:
        """The flow with the least round trip."""
        found = self.measured
        timed = [member for member in members if found.round_trip_of[member] > 0]
        return min(timed, key=found.round_trip_ns.__getitem__, default=None)

    @cached_property
    def delivered(self) -> list[str]:
        return [DELIVERIES[code] for code in self.measured.delivery]

    @cached_property
    def times(self) -> list[int]:
        """How many flows each row stands for; empty where each stands for itself."""
        stands_for = self.parts.scan.crowd.stands_for(self.count)
        return stands_for.tolist() if (stands_for > 1).any() else []

    @cached_property
    def payload(self) -> list[int]:
        """Bytes of each flow above TCP and UDP, both ways."""
        both = zip(self.measured.payload_up, self.measured.payload_down, strict=True)
        return [up + down for up, down in both]

    @cached_property
    def readable(self) -> list[int]:
        """Payload bytes of each flow that anyone on the way can read."""
        data = zip(self.kinds, self.payload, strict=True)
        return [n if kind in READABLE_KINDS else 0 for kind, n in data]

    def flow_table(self) -> Table:
        seen, flows, count = self.seen, self.flows, self.count
        several = self.parts.scan.crowd.stands_for(count) > 1
        # Of several flows only the port of the side that was asked is one and the same.
        asked_own = self.sides.client != self.sides.own
        own_port = np.where(several & ~asked_own, 0, seen.own_port)
        remote_port = np.where(several & asked_own, 0, seen.remote_port)
        protocols = [PROTOCOL_NAMES.get(p, str(p)) for p in flows.one(PROTOCOL).tolist()]
        names = [self.names.of_flow(flow) for flow in range(count)]
        return Table(
            {
                "capture": [capture_of(frame) for frame in flows.one(FIRST_FRAME).tolist()],
                "flow": list(range(count)),
                "device": [self.device_id(flow) for flow in range(count)],
                "source": self.own,
                "source_port": own_port.tolist(),
                "destination": self.remote,
                "destination_port": remote_port.tolist(),
                "protocol": protocols,
                "kind": self.kinds,
                "name": [name.name if name else None for name in names],
                "packets_up": seen.up.tolist(),
                "packets_down": seen.down.tolist(),
                "bytes_up": seen.bytes_up.tolist(),
                "bytes_down": seen.bytes_down.tolist(),
                "first_ns": flows.one(FIRST_NS).tolist(),
                "last_ns": flows.one(LAST_NS).tolist(),
                "ended": self.endings,
                "inside": self.inside,
                "payload": self.payload,
                "readable": self.readable,
                **self.carried.columns(),
                "flows": self.times or [1] * count,
            }
        )

    def region_packets(self) -> Table:
        """Packets that a device sent to an address for which a claim names a region of the scope."""
        frame, time_ns, flow, direction, length = self.parts.region.columns()
        keep = direction == self.sides.own[flow] if len(flow) else np.zeros(0, np.bool_)
        kept = (column[keep] for column in (frame, time_ns, flow, length))
        frame, time_ns, flow, length = self._each_fragment(*kept)
        numbers = _plain(flow)
        claims = {f: "; ".join(self._claims(f)) for f in set(numbers)}
        return Table(
            {
                "capture": [0] * len(frame),
                "frame": _plain(frame),
                "time_ns": _plain(time_ns),
                "device": [self.device_id(f) for f in numbers],
                "source": [self.own[f] for f in numbers],
                "destination": [self.remote[f] for f in numbers],
                "protocol": [PROTOCOL_NAMES.get(p, str(p)) for p in self.flows.one(PROTOCOL)[flow].tolist()],
                "destination_port": _plain(self.seen.remote_port[flow]),
                "length": _plain(length),
                "claim": [claims[f] for f in numbers],
            }
        )

    def _each_fragment(
        self, frame: Column, time_ns: Column, flow: Column, length: Column
    ) -> Sequence[Column]:
        """The rows, with a row for each fragment where a datagram came in several."""
        parts = self.parts.scan.reassembler.parts
        if not parts:
            return frame, time_ns, flow, length
        came_whole = np.array([f not in parts for f in frame.tolist()], np.bool_)
        if came_whole.all():
            return frame, time_ns, flow, length
        single = np.stack([frame, time_ns, flow, length], axis=1)[came_whole].tolist()
        several = [
            [part.frame, part.time_ns, number, part.size]
            for last, number in zip(frame[~came_whole].tolist(), flow[~came_whole].tolist(), strict=True)
            for part in parts[last]
        ]
        return list(np.array(sorted([*single, *several]), np.int64).T)

    def _claims(self, flow: int) -> tuple[str, ...]:
        return scope_claims(self.places[self.remote[flow]], self.parts.options.regions)

    # ── pings ───────────────────────────────────────────────────────────

    def pings(self) -> tuple[Ping, ...]:
        recognised = [
            replace(ping, device=self.device_id(ping.flow)) for entry in self.entries for ping in entry.pings
        ]
        attempts = self._attempts({ping.flow for ping in recognised})
        return tuple(sorted([*recognised, *attempts], key=lambda p: (p.time_ns, p.flow)))

    def _attempts(self, known: set[int]) -> list[Ping]:
        """Connections to a dossier's host that never carried a request."""
        named = self.names.addresses_named(attempt_hosts(self.parts.dossiers))
        if not named:
            return []
        return [
            self._attempt(flow, named[address].name)
            for flow, address in enumerate(self.remote)
            if address in named
            and flow not in known
            and flow not in self.parts.scan.observer.http_flows
            and self.flows.numbers[flow, PROTOCOL] == 6
            and self.kinds[flow] != "tls"
        ]

    def _attempt(self, flow: int, host: str) -> Ping:
        seen, dossiers = self.seen, self.parts.dossiers
        ping = attempted(
            dossiers,
            host,
            flow=flow,
            time_ns=int(self.flows.numbers[flow, FIRST_NS]),
            source=Endpoint(self.own[flow], int(seen.own_port[flow])),
            destination=Endpoint(self.remote[flow], int(seen.remote_port[flow])),
            evidence=Evidence((int(self.flows.numbers[flow, FIRST_FRAME]),), flow),
        )
        return replace(
            ping,
            device=self.device_id(flow),
            status_reasons=(*ping.status_reasons, f"the connection ended: {self.endings[flow]}"),
        )

    def _stream_ends(self, flow: int, direction: int) -> tuple[Endpoint, Endpoint]:
        """Source and destination of one direction of a flow: 0 from A, 1 from B."""
        own = Endpoint(self.own[flow], int(self.seen.own_port[flow]))
        remote = Endpoint(self.remote[flow], int(self.seen.remote_port[flow]))
        return (own, remote) if int(self.sides.own[flow]) == direction else (remote, own)

    # ── the rest ────────────────────────────────────────────────────────

    @cached_property
    def infos(self) -> tuple[CaptureInfo, ...]:
        """What was read of each capture."""
        tallied = zip(self.parts.captures, self.parts.scan.tallies, strict=True)
        return tuple(self._info(path, capture, tally) for (path, capture), tally in tallied)

    def _info(self, path: str, capture: Capture, tally: Tally) -> CaptureInfo:
        account = capture.account
        return CaptureInfo(
            path=path,
            size=capture.source.size,
            sha256=capture.source.sha256(),
            format=account.format,
            link_types=_by_name(account.links, link_name),
            frames=account.frames,
            first_ns=tally.first_ns,
            last_ns=tally.last_ns,
            ip_packets=tally.ip_packets,
            not_ip=_by_name(tally.not_ip, ethertype_name),
            undecoded=_by_name(tally.unknown_links, link_name),
            snapped=account.snapped,
            complete=account.complete,
            comment="\n".join(note.text for note in account.comments if note.of == "capture"),
            comments=tuple(account.comments),
            comments_met=account.comments_met,
            interfaces=tuple(account.interfaces),
            made_with=dict(account.made_with),
            secrets=dict(account.secrets),
            passed_over=dict(account.passed_over.most_common()),
        )

    def announcements(self) -> tuple[Announcement, ...]:
        """What devices said to their local network."""
        return tuple(
            Announcement(
                device=self.owners.get(heard.address) or self.device_id(heard.flow),
                protocol=heard.said.protocol,
                says=heard.said.says,
                what=heard.said.what,
                times=heard.times,
                first_ns=heard.time_ns,
                frame=heard.frame,
                details=dict(heard.said.details),
            )
            for heard in self.parts.scan.observer.clear_datagrams.local.heard()
        )

    def vantage(self) -> tuple[Clue, ...]:
        openings = self.parts.scan.openings
        links = sum((capture.account.links for _, capture in self.parts.captures), Counter[int]())
        stands_for = self.parts.scan.crowd.stands_for(self.count)
        hops = openings.hops(len(self.sides.own))
        seen = vantage(look(links, self.seen, self.sides, hops, openings.oversized, stands_for))
        return (*seen, *packet_anomalies.clues(self.parts.scan.soundness))

    @cached_property
    def inside(self) -> list[str | None]:
        """What the packets of each flow travelled in."""
        if not self.parts.scan.tunnels.paths:
            return [None] * self.count
        packets = (self.seen.up + self.seen.down).tolist()
        return [self.parts.scan.tunnels.of_flow(flow, packets[flow]) for flow in range(self.count)]

    @cached_property
    def tunnels(self) -> tuple[Tunnel, ...]:
        return packet_anomalies.tunnels(
            self.parts.scan.tunnels, self.parts.locator, self.parts.options.regions
        )

    def coverage(self) -> tuple[Coverage, ...]:
        """What became of each packet and byte."""
        scan, observer = self.parts.scan, self.parts.scan.observer
        hellos = observer.hellos.of.keys()
        seen = Seen(
            flows=self.flows,
            kinds=self.kinds,
            own=self.own,
            own_port=self.seen.own_port.tolist(),
            remote=self.remote,
            times=self.times,
            spreads=self.spreads,
            searched=self.parts.extractor.searched,
            inner_tls=frozenset(flow for flow in observer.unreadable_inside if flow in hellos),
            sealed=observer.clear_streams.sealed,
        )
        notices = any(tally.notice is not None for tally in scan.tallies)
        return coverage(seen, [tally.outside for tally in scan.tallies], notices)

    def reconstruction(self) -> str | None:
        """The first notice of a synthetic capture, or what a file's name says."""
        notices = (tally.notice for tally in self.parts.scan.tallies)
        notice = next(filter(None, notices), None)
        names = (os.path.basename(path).lower() for path, _ in self.parts.captures)
        if notice is None and any("reconstruction" in name for name in names):
            return "the capture's file name calls it a reconstruction, not a recording of a real phone"
        return notice

    def _written_problems(self) -> Iterator[Problem]:
        """What was met while the files themselves were read."""
        for position, (_, capture) in enumerate(self.parts.captures):
            for problem in capture.account.problems:
                yield replace(problem, capture=position) if position else problem

    def report(self) -> Report:
        parts = self.parts
        findings: tuple[Finding, ...] = tuple(f for entry in self.entries for f in entry.findings) + tuple(
            parts.extractor.further
        )
        destinations = self.destinations()
        notes = parts.scan.observer.notes
        return Report(
            version=VERSION,
            created_ns=time.time_ns(),
            captures=self.infos,
            scope=Scope(parts.options.regions, origin=parts.options.origin),
            devices=self.devices(),
            destinations=destinations,
            flows=self.flow_table(),
            messages=self.messages,
            findings=findings,
            pings=self.pings(),
            region_packets=self.region_packets(),
            known=parts.options.known.summary(parts.extractor.hits),
            geo_sources=parts.locator.sources,
            geo_note=parts.locator.note,
            blind_spots=(
                *limitations.spots(self.infos, parts.scan, destinations, parts.extractor.unlisted),
                *packet_anomalies.spots(parts.scan.soundness, parts.scan.reassembler, self.tunnels),
            ),
            problems=(
                *self._written_problems(),
                *limitations.problems(parts.scan, parts.region),
                *stream_anomalies.problems(notes),
                *packet_anomalies.problems(parts.scan.soundness, parts.scan.tunnels, parts.scan.reassembler),
                *parts.extractor.problems(),
            ),
            reconstruction=self.reconstruction(),
            vantage=self.vantage(),
            wifi=clients(parts.scan.wifi, bool(parts.options.wifi)) if parts.scan.wifi else (),
            conflicts=tuple(stream_anomalies.conflicts(notes, self._stream_ends, bool(parts.options.known))),
            gaps=tuple(stream_anomalies.gaps(notes, self._stream_ends)),
            announcements=self.announcements(),
            tunnels=self.tunnels,
            fragment_conflicts=tuple(
                packet_anomalies.fragment_conflicts(parts.scan.reassembler, bool(parts.options.known))
            ),
            coverage=self.coverage(),
        )


# A list of numbers takes five times what an array of them does.
MOST_LISTED = 50_000


def _plain(column: NDArray[Any]) -> Sequence[int]:
    """The numbers of a column as Python's own, in an array where they are many."""
    many = array("q", column.astype(np.int64).tobytes())
    return many if len(many) > MOST_LISTED else many.tolist()


def _by_name(counts: Counter[int], name: Callable[[int], str]) -> dict[str, int]:
    """Counts by name, those of numbers that share one added."""
    sums: Counter[str] = Counter()
    for number, count in counts.items():
        sums[name(number)] += count
    return dict(sums.most_common())
