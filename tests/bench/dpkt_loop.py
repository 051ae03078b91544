"""Parse Ethernet, IP and TCP or UDP of each record with dpkt, and count: the usual Python loop."""

from __future__ import annotations

import sys
from collections import Counter

import dpkt


def count(path: str) -> Counter[str]:
    """Packets by the name of their innermost parsed layer."""
    kinds: Counter[str] = Counter()
    with open(path, "rb") as capture:
        for _, data in dpkt.pcap.Reader(capture):
            ip = dpkt.ethernet.Ethernet(data).data
            inner = getattr(ip, "data", None)
            kinds[type(inner).__name__] += 1
    return kinds


if __name__ == "__main__":
    print(dict(count(sys.argv[1])))
