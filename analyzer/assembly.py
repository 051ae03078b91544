"""What one scan found to a Report: ledger, devices, messages, findings, pings, problems."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from analyzer import blindspots
from analyzer.capture import Capture
from analyzer.context import hiding
from analyzer.context.clues import ClueBook
from analyzer.context.names import NameBook
from analyzer.context.vantage import look, vantage
from analyzer.dossiers import Dossier, attempt_hosts, attempted
from analyzer.extraction import Extracted, Extractor
from analyzer.flows.addresses import texts
from analyzer.flows.devices import Sides, sides_of
from analyzer.flows.ledger import (
    PROTOCOL_NAMES,
    LedgerRow,
    counted,
    endings,
    kinds,
    ledger_rows,
    orient,
)
from analyzer.flows.measures import DELIVERIES, ROUND_TRIPS, Measures, measure
from analyzer.flows.table import FIRST_FRAME, FIRST_NS, LAST_NS, OCTETS, PACKETS, PROTOCOL, Column
from analyzer.locate import Locator, located_in, scope_claims
from analyzer.locate.distance import Timed, contradicted_by_others, contradicted_from
from analyzer.model import (
    CaptureInfo,
    Clue,
    Destination,
    Device,
    Endpoint,
    Evidence,
    Finding,
    Message,
    Ping,
    Place,
    Report,
    Scope,
    Table,
)
from analyzer.packets.names import ethertype_name, link_name
from analyzer.packets.wifi.clients import clients
from analyzer.region import RegionWatch
from analyzer.scanning import Scan
from analyzer.settings import Settings
from analyzer.version import VERSION

# Kinds of flow whose octets are readable to anyone on the way.
READABLE_KINDS = frozenset({"http", "other text", "dns", "mdns", "dhcp", "ssdp", "ntp"})


@dataclass
class Parts:
    """Everything that one scan has gathered."""

    capture: Capture
    path: str
    scan: Scan
    extractor: Extractor
    region: RegionWatch
    locator: Locator
    dossiers: Sequence[Dossier]
    settings: Settings


class Assembly:
    """Builds the pieces of a Report, each once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.flows = parts.scan.tracker.seen()
        self.count = len(self.flows)

    @cached_property
    def sides(self) -> Sides:
        return sides_of(self.flows)

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
    def kinds(self) -> list[str]:
        found = kinds(self.flows, self.seen.service_port)
        for flow in self.parts.scan.observer.http_flows:
            found[flow] = "http"
        # A flow that began like text and held no HTTP message is some other text.
        return ["other text" if kind == "text" else kind for kind in found]

    @cached_property
    def entries(self) -> list[Extracted]:
        return list(self.parts.extractor.numbered())

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        return tuple(m for e in self.entries for m in (e.request, e.response) if m is not None)

    @cached_property
    def names(self) -> NameBook:
        book = NameBook()
        book.add(self.parts.scan.observer.names)
        for message in self.messages:
            if message.role == "request" and message.host and message.evidence.frames:
                book.add_host(message.flow, message.host, message.evidence.frames[0])
        book.add_redirects(self.messages)
        return book

    @cached_property
    def measures(self) -> Measures:
        return measure(self.flows, self.sides, self.parts.scan.observer.datagrams.round_trips)

    @cached_property
    def hiding(self) -> hiding.Hiding:
        return hiding.Hiding(self.parts.scan.openings.tunnels, self.messages)

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
        book.add_fingerprints((self.device_id(f), ja4, n) for f, (ja4, n) in observer.fingerprints.items())
        book.add_times_to_live(self._times_to_live())
        return book

    def _times_to_live(self) -> dict[str, Counter[int]]:
        """Of the first packets of each device's own flows."""
        found: dict[str, Counter[int]] = defaultdict(Counter)
        hops = self.parts.scan.openings.hops()
        for flow in (self.sides.own == 0).nonzero()[0].tolist():
            if hops[flow] > 1:  # multicast that must stay in the network has 1
                found[self.device_id(flow)][int(hops[flow])] += 1
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
        packets, octets = (
            np.bincount(self.sides.device, weights=self.flows.pair(column).sum(axis=1), minlength=count)
            for column in (PACKETS, OCTETS)
        )
        made = [
            Device(
                id=entry.id,
                mac=entry.id if entry.mac is not None else None,
                addresses=tuple(address for address, _ in entry.addresses.most_common(20)),
                names=self._device_names(entry.id, list(entry.addresses)),
                clues=self.clues.of(entry.id, *list(entry.addresses)[:20]),
                packets=int(packets[index]),
                bytes=int(octets[index]),
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
        rows = ledger_rows(self.flows, self.seen)
        return self._contradicted([self._destination(row) for row in rows])

    def _contradicted(self, rows: list[Destination]) -> tuple[Destination, ...]:
        """The rows with what their round trips rule out."""
        timed = {
            at: Timed(row.address, row.place, row.min_rtt_us)
            for at, row in enumerate(rows)
            if row.place is not None and row.place.special is None and row.min_rtt_us is not None
        }
        origin = self.parts.settings.origin
        by_others = {} if origin else contradicted_by_others(timed.values())
        for at, entry in timed.items():
            said = contradicted_from(origin, entry) if origin else by_others.get(entry.address, ())
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
        found, quickest = self.measures, self._quickest(row)
        return Destination(
            device=device.id,
            address=address,
            protocol=protocol,
            port=row.port,
            flows=row.flows,
            packets_up=row.packets_up,
            packets_down=row.packets_down,
            bytes_up=row.octets_up,
            bytes_down=row.octets_down,
            first_ns=row.first_ns,
            last_ns=row.last_ns,
            kinds=counted(self.kinds, row.members),
            ended=counted(self.endings, row.members),
            names=names,
            place=place,
            in_scope=located_in(place, self.parts.settings.regions),
            scope_claims=scope_claims(place, self.parts.settings.regions),
            payload_up=int(found.payload_up[row.members].sum()),
            payload_down=int(found.payload_down[row.members].sum()),
            payload_readable=int(self.readable[row.members].sum()),
            resent_up=int(found.resent_up[row.members].sum()),
            resent_down=int(found.resent_down[row.members].sum()),
            min_rtt_us=None if quickest is None else int(found.round_trip_ns[quickest]) // 1000,
            rtt_of="" if quickest is None else ROUND_TRIPS[found.round_trip_of[quickest]],
            delivered=self._delivered(row),
            hides=self.hiding.of_row(protocol, row.port, names, row.members),
        )

    def _quickest(self, row: LedgerRow) -> int | None:
        """The flow with the least round trip."""
        timed = row.members[self.measures.round_trip_of[row.members] > 0]
        return int(timed[self.measures.round_trip_ns[timed].argmin()]) if len(timed) else None

    @cached_property
    def readable(self) -> Column:
        """Payload octets of each flow that anyone on the way can read."""
        is_readable = np.fromiter((kind in READABLE_KINDS for kind in self.kinds), np.bool_, self.count)
        return np.where(is_readable, self.measures.payload_up + self.measures.payload_down, 0)

    def _delivered(self, row: LedgerRow) -> dict[str, int]:
        codes = self.measures.delivery[row.members]
        return dict(Counter(DELIVERIES[code] for code in codes.tolist() if code >= 0).most_common())

    def flow_table(self) -> Table:
        seen, flows, count = self.seen, self.flows, self.count
        protocols = [PROTOCOL_NAMES.get(p, str(p)) for p in flows.one(PROTOCOL).tolist()]
        names = [self.names.of_flow(flow) for flow in range(count)]
        return Table(
            {
                "capture": [0] * count,
                "flow": list(range(count)),
                "device": [self.device_id(flow) for flow in range(count)],
                "source": self.own,
                "source_port": seen.own_port.tolist(),
                "destination": self.remote,
                "destination_port": seen.remote_port.tolist(),
                "protocol": protocols,
                "kind": self.kinds,
                "name": [name.name if name else None for name in names],
                "packets_up": seen.up.tolist(),
                "packets_down": seen.down.tolist(),
                "bytes_up": seen.octets_up.tolist(),
                "bytes_down": seen.octets_down.tolist(),
                "first_ns": flows.one(FIRST_NS).tolist(),
                "last_ns": flows.one(LAST_NS).tolist(),
                "ended": self.endings,
            }
        )

    def region_packets(self) -> Table:
        """Packets that a device sent to an address for which a claim names a region of the scope."""
        frame, time_ns, flow, direction, length = self.parts.region.columns()
        keep = direction == self.sides.own[flow] if len(flow) else np.zeros(0, np.bool_)
        kept = (column[keep] for column in (frame, time_ns, flow, length))
        frame, time_ns, flow, length = self._each_fragment(*kept)
        numbers = flow.tolist()
        claims = {f: "; ".join(self._claims(f)) for f in set(numbers)}
        return Table(
            {
                "capture": [0] * len(numbers),
                "frame": frame.tolist(),
                "time_ns": time_ns.tolist(),
                "device": [self.device_id(f) for f in numbers],
                "source": [self.own[f] for f in numbers],
                "destination": [self.remote[f] for f in numbers],
                "protocol": [PROTOCOL_NAMES.get(p, str(p)) for p in self.flows.one(PROTOCOL)[flow].tolist()],
                "destination_port": self.seen.remote_port[flow].tolist(),
                "length": length.tolist(),
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
            [part.frame, part.time_ns, number, part.octets]
            for last, number in zip(frame[~came_whole].tolist(), flow[~came_whole].tolist(), strict=True)
            for part in parts[last]
        ]
        return list(np.array(sorted([*single, *several]), np.int64).T)

    def _claims(self, flow: int) -> tuple[str, ...]:
        return scope_claims(self.places[self.remote[flow]], self.parts.settings.regions)

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

    # ── the rest ────────────────────────────────────────────────────────

    def capture_info(self) -> CaptureInfo:
        account, tally = self.parts.capture.account, self.parts.scan.tally
        return CaptureInfo(
            path=self.parts.path,
            size=self.parts.capture.source.size,
            sha256=self.parts.capture.source.sha256(),
            format=account.format,
            link_types={link_name(link): n for link, n in account.links.most_common()},
            frames=account.frames,
            first_ns=tally.first_ns,
            last_ns=tally.last_ns,
            ip_packets=tally.ip_packets,
            not_ip={ethertype_name(e): n for e, n in tally.not_ip.most_common()},
            undecoded={link_name(link): n for link, n in tally.unknown_links.most_common()},
            snapped=account.snapped,
            complete=account.complete,
            comment="\n".join(account.comments),
        )

    def vantage(self) -> tuple[Clue, ...]:
        openings, links = self.parts.scan.openings, self.parts.capture.account.links
        return vantage(look(links, self.seen, self.sides, openings.hops(), openings.oversized))

    def reconstruction(self) -> str | None:
        notice = self.parts.scan.tally.notice
        if notice is None and "reconstruction" in os.path.basename(self.parts.path).lower():
            return "the capture's file name calls it a reconstruction, not a recording of a real phone"
        return notice

    def report(self) -> Report:
        parts = self.parts
        findings: tuple[Finding, ...] = tuple(f for entry in self.entries for f in entry.findings) + tuple(
            parts.extractor.further
        )
        destinations = self.destinations()
        info = self.capture_info()
        return Report(
            version=VERSION,
            created_ns=time.time_ns(),
            captures=(info,),
            scope=Scope(parts.settings.regions),
            devices=self.devices(),
            destinations=destinations,
            flows=self.flow_table(),
            messages=self.messages,
            findings=findings,
            pings=self.pings(),
            region_packets=self.region_packets(),
            known=parts.settings.known.summary(parts.extractor.hits),
            geo_sources=parts.locator.sources,
            geo_note=parts.locator.note,
            blind_spots=blindspots.spots(info, parts.scan, destinations),
            problems=(
                *parts.capture.account.problems,
                *blindspots.problems(parts.scan, parts.region),
                *parts.extractor.problems(),
            ),
            reconstruction=self.reconstruction(),
            vantage=self.vantage(),
            wifi=clients(parts.scan.wifi, bool(parts.settings.wifi)) if parts.scan.wifi else (),
        )
