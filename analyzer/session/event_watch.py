"""Packets that announce what a phone is doing: joining a Wi-Fi network, asking for an address or a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from analyzer.model import Problem
from analyzer.packets import BatchSummary, Packets
from analyzer.packets.batch_summary import ANNOUNCING, DHCP_SERVER, DNS
from analyzer.packets.packet_table import NOT_IP

PORTS = {"DHCP request": DHCP_SERVER, "DNS query": DNS}
MOST_PARTS = 1024  # arrays of one kind before they are joined
MOST = 200_000  # times kept of one kind


class EventWatch:
    """Keeps the times of such packets by kind and source MAC address (0 where frames carry none)."""

    def __init__(self) -> None:
        self._times: dict[str, list[Any]] = defaultdict(list)
        self._kept: dict[str, int] = defaultdict(int)
        self._left_out: dict[str, int] = defaultdict(int)

    def look(self, packets: Packets, outline: BatchSummary, time_ns: Any) -> None:
        """One batch of decoded packets with their times."""
        rows = np.flatnonzero(outline.marks & ANNOUNCING)
        if not len(rows):
            return
        other, port = packets.kind[rows] == NOT_IP, packets.destination_port[rows]
        self._keep("EAPOL", rows[other], packets, time_ns)
        for name, number in PORTS.items():
            self._keep(name, rows[~other & (port == number)], packets, time_ns)

    def add_requests(self, requests: Iterable[tuple[str, bytes, int]]) -> None:
        """Wi-Fi management frames by which stations ask: what for, MAC address, time (`scanning.Asked`)."""
        by_name: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for what, station, time_ns in requests:
            by_name[what].append((time_ns, int.from_bytes(station, "big")))
        for what, rows in by_name.items():
            self._times[what].append(tuple(np.array(column, np.int64) for column in zip(*rows, strict=True)))

    def times(self, name: str, mac: int | None) -> list[int]:
        """The times of one kind, in order; of all sources where `mac` is None."""
        found: list[int] = []
        for times, macs in self._times[name]:
            found += (times if mac is None else times[(macs == mac) | (macs == 0)]).tolist()
        return sorted(found)

    def problems(self) -> Iterator[Problem]:
        """Of which kinds more came than are kept."""
        for name, times in self._left_out.items():
            if times:
                yield Problem(
                    "events-left-out",
                    f"{name}: {times:,} more came than are kept; what stood before sends is said of the "
                    f"first {MOST:,} alone, so that later sends seem to have none before them",
                    count=times,
                )

    def _keep(self, name: str, rows: Any, packets: Packets, time_ns: Any) -> None:
        room = max(0, MOST - self._kept[name])
        self._left_out[name] += max(len(rows) - room, 0)
        rows = rows[:room]
        if len(rows):
            self._kept[name] += len(rows)
            parts = self._times[name]
            parts.append((time_ns[rows].copy(), packets.source_mac[rows].copy()))
            if len(parts) > MOST_PARTS:
                parts[:] = [tuple(np.concatenate(column) for column in zip(*parts, strict=True))]
