#!/usr/bin/env python3
"""Server names in the hellos of QUIC, DTLS and TLS, and addresses in DNS over TCP, beside tshark's.

python -m tests.differential.hellos CORPUS [EVERY]
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analyzer import analyze
from analyzer.model import CaptureError
from tests.differential.corpus import entries

Ends = frozenset[tuple[str, str]]  # (address, port) of both
Names = dict[Ends, set[str]]

ADDRESSES = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst")
SERVER_NAMES = ("tls.handshake.extensions_server_name", "gquic.tag.sni")
# Our kinds of flow by tshark's protocols that carry hellos.
KINDS = {
    "quic": {"quic", "dns over quic", "udp/443"},
    "dtls": {"dtls", "dns over dtls"},
    "tls": {"tls", "dns over tls"},
}


@dataclass
class Comparison:
    """Flows with names, by how the two agree."""

    equal: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)  # tshark has a name
    extra: list[str] = field(default_factory=list)  # only we have
    other: list[str] = field(default_factory=list)


def shown(path: Path, carrier: str) -> Names:
    """Names that tshark reads in flows of this carrier."""
    port = "tcp" if carrier == "tls" else "udp"
    wanted = "quic or gquic" if carrier == "quic" else carrier
    query = f"({wanted}) and ({' or '.join(SERVER_NAMES)})"
    found: Names = defaultdict(set)
    for row in fields(path, query, *ADDRESSES, f"{port}.srcport", f"{port}.dstport", *SERVER_NAMES):
        v4, v6, ports, names = row[:2], row[2:4], row[4:6], row[6:]
        addresses = [(six or four).split(",")[-1] for four, six in zip(v4, v6, strict=True)]
        ends = frozenset((address, p.split(",")[-1]) for address, p in zip(addresses, ports, strict=True))
        found[ends] |= {name.rstrip(".").lower() for text in names for name in text.split(",") if name}
    return found


def reported(path: Path, carrier: str) -> Names:
    """The same by this program."""
    found: Names = defaultdict(set)
    for flow in analyze(path).flows.rows():
        if flow["name"] and flow["kind"] in KINDS[carrier]:
            ends = (("source", "source_port"), ("destination", "destination_port"))
            found[frozenset((flow[address], str(flow[port])) for address, port in ends)].add(flow["name"])
    return found


def fields(path: Path, query: str, *names: str) -> Iterator[list[str]]:
    """A list of values a frame; several of one field are parted by commas."""
    command = ["tshark", "-n", "-r", str(path), "-Y", query, "-T", "fields", "-E", "separator=/t"]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
    )
    return (line.split("\t") for line in done.stdout.splitlines())


def compare(path: Path, carrier: str, result: Comparison) -> None:
    """Add what one capture shows."""
    ours, theirs = reported(path, carrier), shown(path, carrier)
    for ends in ours.keys() | theirs.keys():
        said = f"{path.name}: {' '.join(':'.join(end) for end in sorted(ends))}"
        if ends not in ours:
            result.missed.append(said)
        elif ends not in theirs:
            result.extra.append(said)
        else:
            (result.equal if ours[ends] & theirs[ends] else result.other).append(said)


def main(corpus: Path, every: int) -> None:
    for carrier in KINDS:
        result = Comparison()
        for entry in entries(corpus)[::every]:
            try:
                compare(entry.path, carrier, result)
            except CaptureError:
                continue
        counts = {name: len(getattr(result, name)) for name in ("equal", "missed", "extra", "other")}
        print(f"{carrier}: {counts}")
        print("\n".join((*result.missed, *result.extra, *result.other)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
