"""What one scan found to a Report: ledger, devices, messages, findings, pings, problems."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from analyzer import blindspots
from analyzer.capture import Capture
from analyzer.detect.known import Known
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
from analyzer.flows.table import FIRST_FRAME, FIRST_NS, LAST_NS, OCTETS, PACKETS, PROTOCOL
from analyzer.locate import Locator, located_in, scope_claims
from analyzer.model import (
    CaptureInfo,
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
from analyzer.names import NameBook
from analyzer.packets.names import ethertype_name, link_name
from analyzer.region import RegionWatch
from analyzer.scanning import Scan
from analyzer.version import VERSION


@dataclass
class Parts:
    """Everything that one scan has gathered."""

    capture: Capture
    path: str
    scan: Scan
    extractor: Extractor
    region: RegionWatch
    locator: Locator
    known: Known
    dossiers: Sequence[Dossier]
    regions: tuple[str, ...]


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
        return book

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
        return tuple(self._destination(row) for row in rows)

    def _destination(self, row: LedgerRow) -> Destination:
        first = int(row.members[0])
        address = self.remote[first]
        place = self.places[address]
        return Destination(
            device=self.sides.devices[row.device].id,
            address=address,
            protocol=PROTOCOL_NAMES.get(row.protocol, str(row.protocol)),
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
            names=self.names.of_row(address, row.members.tolist()),
            place=place,
            in_scope=located_in(place, self.parts.regions),
            scope_claims=scope_claims(place, self.parts.regions),
        )

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
        flow = flow[keep]
        numbers = flow.tolist()
        claims = {f: "; ".join(self._claims(f)) for f in set(numbers)}
        return Table(
            {
                "capture": [0] * len(numbers),
                "frame": frame[keep].tolist(),
                "time_ns": time_ns[keep].tolist(),
                "device": [self.device_id(f) for f in numbers],
                "source": [self.own[f] for f in numbers],
                "destination": [self.remote[f] for f in numbers],
                "protocol": [PROTOCOL_NAMES.get(p, str(p)) for p in self.flows.one(PROTOCOL)[flow].tolist()],
                "destination_port": self.seen.remote_port[flow].tolist(),
                "length": length[keep].tolist(),
                "claim": [claims[f] for f in numbers],
            }
        )

    def _claims(self, flow: int) -> tuple[str, ...]:
        return scope_claims(self.places[self.remote[flow]], self.parts.regions)

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

    def reconstruction(self) -> str | None:
        notice = self.parts.scan.tally.notice
        if notice is None and "reconstruction" in os.path.basename(self.parts.path).lower():
            return "The capture's file name says that it is a reconstruction, not a recording of a real phone."
        return notice

    def report(self) -> Report:
        parts = self.parts
        findings: tuple[Finding, ...] = tuple(f for entry in self.entries for f in entry.findings)
        destinations = self.destinations()
        info = self.capture_info()
        return Report(
            version=VERSION,
            created_ns=time.time_ns(),
            captures=(info,),
            scope=Scope(parts.regions),
            devices=self.devices(),
            destinations=destinations,
            flows=self.flow_table(),
            messages=self.messages,
            findings=findings,
            pings=self.pings(),
            region_packets=self.region_packets(),
            known=parts.known.summary(parts.extractor.hits),
            geo_sources=parts.locator.sources,
            geo_note=parts.locator.note,
            blind_spots=blindspots.spots(info, parts.scan, destinations),
            problems=(
                *parts.capture.account.problems,
                *blindspots.problems(parts.scan, parts.region),
                *parts.extractor.problems(),
            ),
            reconstruction=self.reconstruction(),
        )
