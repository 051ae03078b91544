"""RIR delegation files ("extended") → blocks of addresses and AS numbers with their country.

Format: https://www.apnic.net/about-apnic/corporate-documents/documents/resource-guidelines/rir-statistics-exchange-format/
`registry|cc|type|start|value|date|status|…`; value counts addresses or AS numbers, or is a prefix length.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Block = tuple[int, int, str]
HELD = ("allocated", "assigned")


def read_delegated(lines: Iterable[str]) -> dict[str, list[Block]]:
    """Blocks held by somebody, by type: "ipv4", "ipv6", "asn"."""
    blocks: dict[str, list[Block]] = {"ipv4": [], "ipv6": [], "asn": []}
    for line in lines:
        cells = line.strip().split("|")
        if not line.startswith("#") and len(cells) >= 7 and cells[6] in HELD:
            _, code, kind, start, value = cells[:5]
            blocks[kind].append((*_span(kind, start, int(value)), code))
    return blocks


def _span(kind: str, start: str, value: int) -> tuple[int, int]:
    if kind == "asn":
        return int(start), int(start) + value - 1
    first = int(ipaddress.ip_address(start))
    return first, first + (value if kind == "ipv4" else 1 << (128 - value)) - 1
