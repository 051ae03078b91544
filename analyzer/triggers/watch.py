"""Packets that announce what a phone is doing: joining a Wi-Fi network, asking for an address or a name."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from analyzer.packets import Packets
from analyzer.packets.table import NOT_IP, UDP

EAPOL = 0x888E  # EtherType of IEEE 802.1X, the last step of joining a protected network
PORTS = {"DHCP request": 67, "DNS query": 53}
MOST = 200_000  # times kept of one kind; more would not change what is said of some pings


class Watch:
    """Keeps the times of such packets by kind and source MAC address (0 where frames carry none)."""

    def __init__(self) -> None:
        self._times: dict[str, list[Any]] = defaultdict(list)
        self._kept: dict[str, int] = defaultdict(int)

    def look(self, packets: Packets, time_ns: Any) -> None:
        """One batch of decoded packets with their times."""
        kind = packets.kind
        self._keep("EAPOL", (kind == NOT_IP) & (packets.ethertype == EAPOL), packets, time_ns)
        udp = kind == UDP
        if udp.any():
            for name, port in PORTS.items():
                self._keep(name, udp & (packets.destination_port == port), packets, time_ns)

    def times(self, name: str, mac: int | None) -> list[int]:
        """The times of one kind, in order; of all sources where `mac` is None."""
        found: list[int] = []
        for times, macs in self._times[name]:
            found += (times if mac is None else times[(macs == mac) | (macs == 0)]).tolist()
        return sorted(found)

    def _keep(self, name: str, mask: Any, packets: Packets, time_ns: Any) -> None:
        rows = np.flatnonzero(mask)[: max(0, MOST - self._kept[name])]
        if len(rows):
            self._kept[name] += len(rows)
            self._times[name].append((time_ns[rows].copy(), packets.source_mac[rows].copy()))
