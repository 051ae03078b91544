"""Names seen in a capture to the names of addresses, flows and devices."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, Protocol, cast
from urllib.parse import urlsplit

from analyzer.dissectors.datagrams import LearnedName
from analyzer.flows.address_text import mac_text
from analyzer.geo.domains import NO_PARTS, naming
from analyzer.model import Message, Name

# Names kept of one address at most: a content network may serve thousands.
MOST_NAMES = 50
# Answers kept of one name of one address at most.
MOST_ANSWERS = 1000

How = Literal["dns", "mdns", "sni", "host", "dhcp", "file"]


MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class CaptureName(Protocol):
    """A name in a capture file, with its IP or MAC address and the name server it is said to be from."""

    @property
    def address(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...


@dataclass(slots=True)
class _Seen:
    """A name of an address: as it was first told, and every DNS answer that told it."""

    name: Name
    answers: list[tuple[int, int, LearnedName]] = field(
        default_factory=list
    )  # (time, number, answer), in order


class NameBook:
    """Who went by which name; the first frame that told it is kept, and every DNS answer's time."""

    def __init__(self) -> None:
        self._of_address: dict[str, dict[tuple[str, str], _Seen]] = defaultdict(dict)
        self._of_mac: dict[str, dict[tuple[str, str], Name]] = defaultdict(dict)
        self._of_flow: dict[int, Name] = {}
        self._redirects: dict[str, str] = {}

    def add(self, seen: Iterable[LearnedName]) -> None:
        """Names as the observer saw them."""
        for number, named in enumerate(seen):
            if named.address is not None:
                self._add_answer(number, named)
            elif named.mac is not None:
                _keep(self._of_mac[mac_text(named.mac)], _named(named))
            elif named.flow is not None:
                self._of_flow.setdefault(named.flow, _named(named))

    def add_host(self, flow: int, host: str, frame: int, via: str = "") -> None:
        """The host that a plaintext request in this flow was for; `via` says where that is behind a proxy."""
        name = without_port(host)
        self._of_flow.setdefault(flow, _with_domain(Name(name, "host", frame, via=via)))

    def add_redirects(self, messages: Iterable[Message]) -> None:
        """Hosts that HTTP responses sent their clients to (RFC 9110 §10.2.2)."""
        messages = tuple(messages)
        asked = {message.number: message for message in messages if message.role == "request"}
        for message in messages:
            target = message.header("location") if message.status and 300 <= message.status < 400 else None
            host = _host_of(target or "")
            request = asked.get(message.peer or 0)
            if host and not (request and request.host and without_port(request.host) == host):
                come_from = without_port(request.host) if request and request.host else message.source.address
                frame = message.evidence.frames[0] if message.evidence.frames else 0
                self._redirects.setdefault(host, f"HTTP redirect from {come_from} (frame {frame})")

    def add_written(self, written: Iterable[CaptureName], frame: int = 0) -> None:
        """Names that the capture file itself gives addresses: said by whoever made it, seen by nobody.

        `frame` is 0, with the capture's position where several are read as one session.
        """
        for entry in written:
            via = f"name server {entry.source}, as the file says" if entry.source else ""
            # Without the region of its domain: nobody was seen to use the name.
            name = Name(entry.name, "file", frame, via=via)
            if MAC.fullmatch(entry.address):
                _keep(self._of_mac[entry.address], name)
            elif len(names := self._of_address[entry.address]) < MOST_NAMES:
                names.setdefault((name.name, name.how), _Seen(name))

    def of_address(self, address: str) -> tuple[Name, ...]:
        return tuple(seen.name for seen in self._of_address.get(address, {}).values())

    def of_mac(self, mac: str) -> tuple[Name, ...]:
        return tuple(self._of_mac.get(mac, {}).values())

    def of_flow(self, flow: int) -> Name | None:
        return self._of_flow.get(flow)

    def of_row(
        self,
        address: str,
        flows: Iterable[int],
        first_ns: int | None = None,
        askers: frozenset[str] = frozenset(),
    ) -> tuple[Name, ...]:
        """Names of a ledger row: of its address, and of its flows.

        A DNS name tells the last answer before `first_ns`, the row's first packet, that went to one of
        `askers`, the device's own addresses; where there is none, the last that went to anyone.
        """
        names: dict[tuple[str, str], Name] = {}
        for key, seen in self._of_address.get(address, {}).items():
            names[key] = self._led_to(_latest(seen, first_ns, askers))
        for flow in flows:
            name = self._of_flow.get(flow)
            if name is not None:
                _keep(names, self._led_to(name))
        return tuple(sorted(names.values(), key=lambda name: name.how == "file"))

    def addresses_named(self, hosts: frozenset[str]) -> dict[str, Name]:
        """Addresses that DNS answers gave for one of these host names."""
        return {
            address: seen.name
            for address, names in self._of_address.items()
            for seen in names.values()
            if seen.name.how == "dns" and seen.name.name in hosts
        }

    def _add_answer(self, number: int, named: LearnedName) -> None:
        names = self._of_address[named.address or ""]
        key = (named.name, named.how)
        seen = names.get(key)
        if seen is None:
            if len(names) >= MOST_NAMES:
                return
            seen = names[key] = _Seen(_named(named))
        if named.time_ns is not None and len(seen.answers) < MOST_ANSWERS:
            insort(seen.answers, (named.time_ns, number, named))

    def _led_to(self, name: Name) -> Name:
        via = self._redirects.get(name.name)
        return replace(name, via=via) if via else name


def _latest(seen: _Seen, first_ns: int | None, askers: frozenset[str]) -> Name:
    """The name with the answer that most likely led to the row's first packet."""
    if first_ns is None or not seen.answers:
        return seen.name
    before = bisect_right(seen.answers, first_ns, key=lambda answer: answer[0])
    if not before:
        return seen.name
    newest_first = (seen.answers[at] for at in range(before - 1, -1, -1))
    own = (answer for answer in newest_first if answer[2].asked_by in askers)
    time_ns, _, named = next(own, seen.answers[before - 1])
    return _named(named, (first_ns - time_ns) // 1000)


@lru_cache(maxsize=65_536)
def _named(named: LearnedName, before_us: int | None = None) -> Name:
    how = cast(How, named.how)
    parts = naming(named.name) if how in ("dns", "sni") else NO_PARTS
    return Name(
        named.name, how, named.frame, named.chain, named.ttl, named.asked_by, before_us, named.via,
        unicode=parts.unicode, domain=parts.domain, region=parts.region,
    )  # fmt: skip


def _with_domain(name: Name) -> Name:
    domain, region, text = naming(name.name)
    return replace(name, domain=domain, region=region, unicode=text)


def _keep(names: dict[tuple[str, str], Name], name: Name) -> None:
    if len(names) < MOST_NAMES:
        names.setdefault((name.name, name.how), name)


def _host_of(target: str) -> str | None:
    try:
        return urlsplit(target).hostname
    except ValueError:  # "//[": no address inside the brackets
        return None


def without_port(host: str) -> str:
    """A Host header's host, lower case, without its port (RFC 9110 §7.2)."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")
