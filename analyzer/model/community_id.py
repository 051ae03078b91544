"""Flows → Community IDs, which join them to the records of Zeek, Suricata and Arkime.

<https://github.com/corelight/community-id-spec>, version 1 with seed 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}
# The identifier of ICMP is made of message types, which a report doesn't hold.
_NO_ID = frozenset((1, 58))


def protocol_number(protocol: str) -> int | None:
    """The IANA number of a protocol as the ledger names it; None for a text that is neither."""
    known = _NUMBERS.get(protocol)
    return int(protocol) if known is None and protocol.isascii() and protocol.isdigit() else known


def community_id(row: Mapping[str, Any]) -> str | None:
    """The identifier of one row of `Report.flows`.

    None for ICMP, and where a row stands for several flows or an address or port is no such.
    """
    from communityid import CommunityID, FlowTuple, FlowTupleError

    number = protocol_number(str(row.get("protocol")))
    if number is None or number in _NO_ID or row.get("flows", 1) != 1:
        return None
    ports = (row.get("source_port"), row.get("destination_port"))
    try:
        ends = FlowTuple(number, row.get("source"), row.get("destination"), *(ports if any(ports) else ()))
        made: str | None = CommunityID().calc(ends)
        return made
    except (FlowTupleError, ValueError, TypeError):
        return None


def community_ids(rows: Iterable[Mapping[str, Any]]) -> list[str | None]:
    """One for each row of `Report.flows`."""
    return [community_id(row) for row in rows]
