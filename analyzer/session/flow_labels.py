"""What a scan knows of its flows → the word for what each carried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analyzer.flows.entropy import ByteSpread
from analyzer.flows.flow_table import Column, Flows
from analyzer.flows.ledger import kinds

if TYPE_CHECKING:
    from analyzer.session.packet_reader import PacketReader


def kinds_of(
    scan: PacketReader,
    flows: Flows,
    service_port: Column,
    forms: Sequence[str | None],
    spreads: dict[int, ByteSpread],
) -> list[str]:
    """One word a flow: what was read of it, else the form of its first bytes, else its port."""
    observer = scan.observer
    found = kinds(flows, service_port, forms, {flow for flow, spread in spreads.items() if spread.is_text})
    said = dict.fromkeys(observer.dns.seen, "dns")
    said |= observer.clear_streams.kinds | observer.clear_datagrams.kinds
    said |= dict.fromkeys(observer.http_flows, "http")
    said |= dict.fromkeys(observer.unreadable_inside, "tunnel, not readable")
    said |= scan.crowd.kinds
    for flow, kind in said.items():
        found[flow] = kind
    # A flow that began like text and held no HTTP message is some other text.
    return ["other text" if kind == "text" else kind for kind in found]
