"""How each flow begins: the time to live of its first packet, and tunnels known by their first octets."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.packets.table import TCP, Packets

from .tracker import FlowIds

# Octets of a first payload that are looked at.
LOOKED_AT = 64
T = TypeVar("T", bound=np.generic)
LARGEST_FRAME = 1600  # octets on the wire; more are segments that a network card would still have cut


class Openings:
    """Looks at the first packet and the first payload of each flow; `tunnels` grows as they are seen."""

    def __init__(self) -> None:
        self.tunnels: dict[int, str] = {}  # flow → what its first octets look like
        self.oversized: dict[int, int] = {}  # source MAC → packets larger than a network card sends
        self._hops: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._opened: NDArray[np.bool_] = np.zeros(0, np.bool_)  # flows whose first payload was seen

    def watch(self, batch: Batch, packets: Packets, ids: FlowIds, count: int) -> None:
        """Rows of a batch once they are assigned; `count` is the number of flows now."""
        known = len(self._hops)
        new = (ids.flow >= known).nonzero()[0]
        self._hops = _grown(self._hops, count)
        self._opened = _grown(self._opened, count)
        if len(new):
            self._first_packets(batch, packets, ids, new)
        payload = packets.payload_captured > 0
        rows = (payload & (ids.flow >= 0)).nonzero()[0]
        rows = rows[~self._opened[ids.flow[rows]]]
        if len(rows):
            self._first_payloads(batch, packets, ids, rows)
        large = ((batch.records.wire > LARGEST_FRAME) & (packets.kind == TCP)).nonzero()[0]
        if len(large):
            for mac, times in zip(*np.unique(packets.source_mac[large], return_counts=True), strict=True):
                self.oversized[int(mac)] = self.oversized.get(int(mac), 0) + int(times)

    def hops(self) -> NDArray[np.uint8]:
        """The time to live, or hop limit, of each flow's first packet; 0 where it was not captured."""
        return self._hops

    def _first_packets(self, batch: Batch, packets: Packets, ids: FlowIds, rows: NDArray[np.intp]) -> None:
        flows, first = np.unique(ids.flow[rows], return_index=True)
        at = packets.network[rows[first]]
        ends = (batch.records.offset + batch.records.captured)[rows[first]]
        whole = at + 9 <= ends
        at, flows = at[whole], flows[whole]
        version = batch.array[at] >> 4
        self._hops[flows] = np.where(version == 6, batch.array[at + 7], batch.array[at + 8])

    def _first_payloads(self, batch: Batch, packets: Packets, ids: FlowIds, rows: NDArray[np.intp]) -> None:
        flows, first = np.unique(ids.flow[rows], return_index=True)
        self._opened[flows] = True
        for flow, row in zip(flows.tolist(), rows[first].tolist(), strict=True):
            start, length = int(packets.payload[row]), int(packets.payload_captured[row])
            octets = bytes(batch.data[start : start + min(length, LOOKED_AT)])
            found = tunnel_in(octets, length, int(packets.kind[row]) == TCP)
            if found:
                self.tunnels[flow] = found


def tunnel_in(octets: bytes, length: int, is_tcp: bool) -> str:
    """What the first payload of a flow opens, by its form alone; "" for all else.

    `octets` is the beginning of the payload, `length` its whole length.
    """
    for name, found in _TCP_TUNNELS if is_tcp else _UDP_TUNNELS:
        if found(octets, length):
            return name
    return ""


def _is_socks5(octets: bytes, length: int) -> bool:
    """RFC 1928 §3: version, number of methods, methods; only methods that are assigned or private."""
    return (
        length >= 3 and octets[0] == 5 and 0 < octets[1] == length - 2
        and all(method <= 9 or method >= 0x80 for method in octets[2:length])
    )  # fmt: skip


def _is_socks4(octets: bytes, length: int) -> bool:
    is_whole = 9 <= length <= LOOKED_AT and octets[length - 1] == 0
    return is_whole and octets[0] == 4 and octets[1] in (1, 2)


def _is_pptp(octets: bytes, length: int) -> bool:
    return length >= 12 and octets[4:8] == b"\x1a\x2b\x3c\x4d"  # RFC 2637 §1.4


def _is_ssh(octets: bytes, _: int) -> bool:
    return octets.startswith(b"SSH-")  # RFC 4253 §4.2


def _is_wireguard(octets: bytes, length: int) -> bool:
    """Handshake messages have fixed lengths (<https://www.wireguard.com/protocol/>)."""
    return (length == 148 and octets[:4] == b"\x01\0\0\0") or (length == 92 and octets[:4] == b"\x02\0\0\0")


def _is_openvpn(octets: bytes, length: int) -> bool:
    """A hard reset of the client, version 2 or 3, with the first packet id, plain or with tls-auth."""
    if length not in (14, 42, 54, 86) or octets[0] not in (0x38, 0x50):
        return False
    return length > 14 or octets[9:14] == bytes(5)


def _is_isakmp(octets: bytes, length: int) -> bool:
    """IKE (RFC 7296 §3.1): a responder SPI of zero, version 1.0 or 2.0, the length repeated."""
    if octets[:4] == bytes(4) and length >= 32:  # the non-ESP marker of port 4500 (RFC 3948 §2.2)
        octets, length = octets[4:], length - 4
    return (
        length >= 28 and octets[8:16] == bytes(8) and octets[17] in (0x10, 0x20)
        and int.from_bytes(octets[24:28], "big") == length
    )  # fmt: skip


_TCP_TUNNELS = (("SOCKS 5", _is_socks5), ("SOCKS 4", _is_socks4), ("PPTP", _is_pptp), ("SSH", _is_ssh))
_UDP_TUNNELS = (("WireGuard", _is_wireguard), ("OpenVPN", _is_openvpn), ("IPsec key exchange", _is_isakmp))


def _grown(array: NDArray[T], count: int) -> NDArray[T]:
    if count <= len(array):
        return array
    return np.concatenate([array, np.zeros(count - len(array), array.dtype)])
