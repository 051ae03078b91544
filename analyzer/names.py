"""Names seen in a capture to the names of addresses, flows and devices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, cast

from analyzer.flows.addresses import mac_text
from analyzer.model import Name
from analyzer.protocols.observer import Named

# Names kept of one address at most: a content network may serve thousands.
MOST_NAMES = 50

How = Literal["dns", "mdns", "sni", "host", "dhcp"]


class NameBook:
    """Who went by which name; the first frame that told it is kept."""

    def __init__(self) -> None:
        self._of_address: dict[str, dict[tuple[str, str], Name]] = defaultdict(dict)
        self._of_mac: dict[str, dict[tuple[str, str], Name]] = defaultdict(dict)
        self._of_flow: dict[int, Name] = {}

    def add(self, seen: Iterable[Named]) -> None:
        """Names as the observer saw them."""
        for named in seen:
            name = Name(named.name, cast(How, named.how), named.frame)
            if named.address is not None:
                _keep(self._of_address[named.address], name)
            elif named.mac is not None:
                _keep(self._of_mac[mac_text(named.mac)], name)
            elif named.flow is not None:
                self._of_flow.setdefault(named.flow, name)

    def add_host(self, flow: int, host: str, frame: int) -> None:
        """The host that a plaintext request in this flow was for."""
        self._of_flow.setdefault(flow, Name(without_port(host), "host", frame))

    def of_address(self, address: str) -> tuple[Name, ...]:
        return tuple(self._of_address.get(address, {}).values())

    def of_mac(self, mac: str) -> tuple[Name, ...]:
        return tuple(self._of_mac.get(mac, {}).values())

    def of_flow(self, flow: int) -> Name | None:
        return self._of_flow.get(flow)

    def of_row(self, address: str, flows: Iterable[int]) -> tuple[Name, ...]:
        """Names of a ledger row: of its address, and of its flows."""
        names = {(n.name, n.how): n for n in self.of_address(address)}
        for flow in flows:
            name = self._of_flow.get(flow)
            if name is not None:
                _keep(names, name)
        return tuple(names.values())

    def addresses_named(self, hosts: frozenset[str]) -> dict[str, Name]:
        """Addresses that DNS answers gave for one of these host names."""
        return {
            address: name
            for address, names in self._of_address.items()
            for name in names.values()
            if name.how == "dns" and name.name in hosts
        }


def _keep(names: dict[tuple[str, str], Name], name: Name) -> None:
    if len(names) < MOST_NAMES:
        names.setdefault((name.name, name.how), name)


def without_port(host: str) -> str:
    """A Host header's host, lower case, without its port (RFC 9110 §7.2)."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")
