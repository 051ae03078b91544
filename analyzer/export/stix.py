"""Report → a STIX 2.1 bundle: where packets went, what was observed, and notes on what was readable.

Nothing here is an indicator: that a phone spoke to an address doesn't make the address malicious. Each
destination becomes an address, its names and its traffic; pings and identifiers become notes on what was
observed. Identifiers of objects depend on the report alone, so the same report gives the same bundle.
<https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html>
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid5

from analyzer.export.places import frames_of
from analyzer.export.plain import clean, dumps, time
from analyzer.model import Destination, Report
from analyzer.report.groups import finding_groups, ping_groups
from analyzer.report.text import visible
from analyzer.report.wording import looks_like, place_line

_OURS = UUID("6f0a9f3e-5d0b-5c57-9d0a-3d2f1c0e7b11")  # names all identifiers that are made here
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_PROTOCOLS = {"ipv6-icmp": "ipv6-icmp", "tcp": "tcp", "udp": "udp", "icmp": "icmp"}


def write(report: Report) -> str:
    """The bundle as JSON."""
    import stix2

    objects = {made["id"]: made for made in StixBuilder(report).objects()}
    content = "".join(sorted(objects))
    bundle = stix2.Bundle(list(objects.values()), id=_id("bundle", content), allow_custom=False)
    return dumps(json.loads(bundle.serialize()), indent=1) + "\n"


class StixBuilder:
    def __init__(self, report: Report) -> None:
        import stix2

        self.stix, self.report = stix2, report
        self.at = _instant(report.created_ns)
        self.seed = "".join(info.sha256 or visible(info.path) for info in report.captures)
        self.observed: dict[tuple[str, int], str] = {}  # address and port → the observation

    def objects(self) -> Iterator[Any]:
        self.author = self._own("identity", "phonehome", name="phonehome", identity_class="system")
        yield self.author
        for row in self.report.destinations:
            if not (row.place and row.place.special) and _is_address(row.address):
                yield from self._destination(row)
        yield from self._notes()

    def _destination(self, row: Destination) -> Iterator[Any]:
        address = _address_object(self.stix, row.address)
        names = [self.stix.DomainName(value=name, resolves_to_refs=[address.id]) for name in _hosts(row)]
        family = "ipv6" if ":" in row.address else "ipv4"
        protocols = [family, _PROTOCOLS.get(row.protocol, f"ip-proto-{row.protocol}")]
        first, last = _instant(row.first_ns), _instant(row.last_ns)
        traffic = self.stix.NetworkTraffic(
            start=first, end=last, is_active=False, dst_ref=address.id, protocols=protocols,
            **({"dst_port": row.port} if row.protocol in ("tcp", "udp") and 0 <= row.port < 65536 else {}),
            src_byte_count=row.bytes_up, dst_byte_count=row.bytes_down, src_packets=row.packets_up,
            dst_packets=row.packets_down,
        )  # fmt: skip
        key = f"{row.device} {row.address} {row.protocol} {row.port}"
        seen = self._own(
            "observed-data", key, first_observed=first, last_observed=last,
            number_observed=max(min(row.flows, 999_999_999), 1),
            object_refs=[traffic.id, address.id, *(name.id for name in names)],
        )  # fmt: skip
        self.observed.setdefault((row.address, row.port), seen.id)
        yield from (address, *names, traffic, seen)
        if row.place:
            yield self._note(f"place {key}", f"Where {row.address} is", place_line(row.place), [seen.id])

    def _notes(self) -> Iterator[Any]:
        if self.report.redaction:
            yield self._note("redaction", "Redacted", self.report.redaction.says, [self.author.id])
        messages = {message.number: message for message in self.report.messages}
        for pings in ping_groups(self.report):
            first = pings[0]
            frames = frames_of(ping.evidence for ping in pings)
            says = f"{first.title}: {len(pings)} seen, first {first.status}; {frames}. {first.encoding}"
            end = (first.destination.address, first.destination.port)
            yield from self._about(f"ping {first.dossier} {frames} {end}", first.title, says, [end])
        for found in finding_groups(self.report):
            one = found[0]
            sent = [messages[f.message].destination for f in found if f.message in messages]
            frames = frames_of(each.evidence for each in found)
            says = f"{looks_like(one.kind)}, sent readable as {one.name}: {one.value}"
            ends = [(end.address, end.port) for end in sent]
            key = f"finding {one.kind} {one.value}"
            yield from self._about(key, looks_like(one.kind), f"{says}; {frames}", ends)

    def _about(self, key: str, title: str, says: str, ends: Sequence[tuple[str, int]]) -> Iterator[Any]:
        refs = list(dict.fromkeys(self.observed[end] for end in ends if end in self.observed))
        yield self._note(key, title, says, refs or [self.author.id])

    def _note(self, key: str, title: str, says: str, refs: list[str]) -> Any:
        return self._own("note", key, abstract=visible(title), content=visible(says), object_refs=refs)

    def _own(self, kind: str, key: str, **content: Any) -> Any:
        """An object of ours; what a synthetic capture shows is labelled as a reconstruction."""
        making = {
            "identity": self.stix.Identity,
            "note": self.stix.Note,
            "observed-data": self.stix.ObservedData,
        }
        label = {"labels": ["synthetic-reconstruction"]} if self.report.reconstruction else {}
        by = {} if kind == "identity" else {"created_by_ref": self.author.id}
        name = _id(kind, key if kind == "identity" else f"{self.seed} {key}")
        return making[kind](id=name, created=self.at, modified=self.at, **by, **label, **content)


def _id(kind: str, key: str) -> str:
    return f"{kind}--{uuid5(_OURS, clean(f'{kind} {key}'))}"


def _instant(time_ns: int) -> datetime:
    return datetime.fromisoformat(time(time_ns)[:26]).replace(tzinfo=UTC)


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _address_object(stix: Any, address: str) -> Any:
    return (stix.IPv6Address if ":" in address else stix.IPv4Address)(value=address)


def _hosts(row: Destination) -> list[str]:
    """Names that are host names; others are in the JSON report."""
    return list(dict.fromkeys(n.name for n in row.names if n.how != "file" and _HOST.fullmatch(n.name)))
