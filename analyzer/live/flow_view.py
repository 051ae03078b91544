"""The flows of a running scan → rows for a live view: devices, destinations, what they sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.flows.address_text import address_text
from analyzer.flows.devices import sides_of
from analyzer.flows.flow_table import DTLS, KIND, LAST_NS, QUIC, TLS, Column, Flows
from analyzer.flows.ledger import orient


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of a table: what it is, and what was counted."""

    what: str
    packets: int
    size: int
    last_ns: int
    further: str = ""


@dataclass(frozen=True, slots=True)
class FlowView:
    """What a live view shows of flows; the most recent first."""

    devices: tuple[BoardRow, ...] = ()
    destinations: tuple[BoardRow, ...] = ()
    more_devices: int = 0
    more_destinations: int = 0
    encrypted: float | None = None  # of the bytes; TLS, DTLS and QUIC


def board(flows: Flows, named: Callable[[str], str | None], most: int) -> FlowView:
    """At most `most` devices and destinations; `named` gives the name that an address goes by."""
    if not len(flows):
        return FlowView()
    sides = sides_of(flows)
    seen = orient(flows, sides)
    remote = np.stack([seen.remote_hi, seen.remote_lo], axis=1)
    words, index = np.unique(remote, axis=0, return_inverse=True)
    last = flows.one(LAST_NS)
    packets, data = seen.up + seen.down, seen.bytes_up + seen.bytes_down
    by_remote = _sums(index.reshape(-1), len(words), packets, data, last)
    by_device = _sums(sides.device, len(sides.devices), packets, data, last)
    recent = np.argsort(-by_remote[2], kind="stable")[:most].tolist()
    destinations = []
    for row in recent:
        address = address_text(*words[row].tolist())
        name = named(address)
        what = f"{name} ({address})" if name else address
        destinations.append(_row(what, row, by_remote, address))
    devices = []
    for row in np.argsort(-by_device[2], kind="stable")[:most].tolist():
        device = sides.devices[row]
        addresses = [a for a, _ in device.addresses.most_common(2) if a != device.id]
        devices.append(_row(device.id, row, by_device, ", ".join(addresses)))
    is_encrypted = np.isin(flows.numbers[: len(flows), KIND], (TLS, DTLS, QUIC))
    share = float(data[is_encrypted].sum() / max(int(data.sum()), 1))
    more = len(sides.devices) - len(devices), len(words) - len(recent)
    return FlowView(tuple(devices), tuple(destinations), *more, share)


def _sums(index: Column, count: int, *columns: Column) -> list[Column]:
    """Packets and bytes added up, and the latest time, by index."""
    packets, data, last = columns
    latest = np.zeros(count, np.int64)
    np.maximum.at(latest, index, last)
    sums = [np.bincount(index, weights=c, minlength=count).astype(np.int64) for c in (packets, data)]
    return [*sums, latest]


def _row(what: str, row: int, sums: list[Column], further: str) -> BoardRow:
    packets, data, last_ns = (int(column[row]) for column in sums)
    return BoardRow(what, packets, data, last_ns, further)
