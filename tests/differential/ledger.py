"""The ledger's packets per address beside tshark's `-z endpoints` figures, capture by capture.

python -m tests.differential.ledger CORPUS [EVERY_NTH]   # prints the table of `ledger.md`
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from analyzer import analyze
from analyzer.model import CaptureError
from tests.differential.corpus import Entry, entries

UNEXPLAINED = "unexplained"
Totals = Counter[tuple[str, str]]  # (address, "sent" or "received") → packets


@dataclass(frozen=True)
class Difference:
    """What one capture's totals differ in."""

    entry: Entry
    cause: str
    ours: int  # sent and received: two for each packet
    theirs: int

    def __str__(self) -> str:
        return f"- {self.entry.id}: {self.ours // 2} here, {self.theirs // 2} in tshark"


def reported(path: Path) -> tuple[Totals, Counter[str], Counter[str]]:
    """Packets sent and received of each address, frames not decoded, codes of problems."""
    report = analyze(path)
    totals: Totals = Counter()
    for row in report.flows.rows():
        for way, end, other in (
            ("packets_up", "source", "destination"),
            ("packets_down", "destination", "source"),
        ):
            totals[row[end], "sent"] += row[way]
            totals[row[other], "received"] += row[way]
    info = report.captures[0]
    return (
        +totals,
        Counter({**info.undecoded, **info.not_ip}),
        Counter({p.code: p.count for p in report.problems}),
    )


def shown(path: Path) -> Totals:
    """The same as tshark counts it, both families."""
    done = subprocess.run(
        ["tshark", "-n", "-q", "-r", str(path), "-z", "endpoints,ip", "-z", "endpoints,ipv6"],
        capture_output=True,
        text=True,
        check=False,
    )
    totals: Totals = Counter()
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) == 7 and words[1].isdecimal():
            address = words[0].removeprefix("::ffff:") if "." in words[0] else words[0]  # IPv4-mapped
            totals[address, "sent"] += int(words[3])
            totals[address, "received"] += int(words[5])
    return +totals


def layers(path: Path) -> dict[str, Totals]:
    """Counts by outermost and by innermost IP header of each frame, what errors quote left out."""
    fields = ("frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst")
    wanted = [word for field in fields for word in ("-e", field)]
    command = [
        "tshark",
        "-n",
        "-r",
        str(path),
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=;",
        *wanted,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Totals] = defaultdict(Counter)
    for line in done.stdout.splitlines():
        protocols, *columns = line.split("\t")
        headers = _headers(protocols, [column.split(";") if column else [] for column in columns])
        if headers:
            for name, (source, destination) in (("outermost", headers[0]), ("innermost", headers[-1])):
                found[name][source, "sent"] += 1
                found[name][destination, "received"] += 1
    return found


def _headers(protocols: str, columns: list[list[str]]) -> list[tuple[str, str]]:
    """(source, destination) of the IP headers of a frame, outermost first, up to an ICMP message's quote."""
    columns = [list(column) for column in columns]
    headers = []
    for protocol in protocols.split(":"):
        if protocol in ("icmp", "icmpv6"):
            break
        at = {"ip": 0, "ipv6": 2}.get(protocol)
        if at is not None and columns[at] and columns[at + 1]:
            headers.append((columns[at].pop(0), columns[at + 1].pop(0)))
    return headers


def difference(entry: Entry) -> Difference | None:
    """How the two differ, None where they don't."""
    try:
        ours, undecoded, problems = reported(entry.path)
    except CaptureError:
        ours, undecoded, problems = Counter(), Counter(), Counter({"unreadable": 1})
    theirs = shown(entry.path)
    if ours == theirs:
        return None
    return Difference(entry, cause(entry, ours, theirs, undecoded, problems), ours.total(), theirs.total())


# Protocols that carry IP packets or frames inside, as Wireshark names them.
TUNNELS = frozenset(
    ("gre", "erspan", "geneve", "gtp", "vxlan", "ipip", "mpls", "nsh", "teredo", "ayiya", "capwap", "l2tp")
)


def cause(entry: Entry, ours: Totals, theirs: Totals, undecoded: Counter[str], problems: Counter[str]) -> str:
    """Why: found by counting in other ways, never guessed where none fits."""
    by_layer = layers(entry.path)
    innermost = ours == by_layer["innermost"]
    if innermost and theirs.total() > ours.total():
        return "IP inside IP: tshark counts a packet once for each IP header, the ledger the innermost"
    if innermost:
        return "tshark dissects the IP header and leaves the packet out of its endpoints"
    if ours == by_layer["outermost"]:
        return "IP inside IP that the ledger does not unwrap: it counts the outer packet, tshark both"
    if "unreadable" in problems:
        return "the capture is refused"
    if any("link type" in name for name in undecoded):
        return "a link type that is counted and not decoded"
    if any("802.11" in name for name in undecoded):
        return "802.11: repeated frames count once, or frames stay encrypted"
    if undecoded.total() - undecoded["ARP"] > 0 and theirs.total() > ours.total():
        return "a protocol between link and IP that is counted and not decoded"
    if protocols(entry.path) & TUNNELS:
        return "IP inside IP, read to another depth: by other ports, other heuristics, or inside fragments"
    if not theirs:
        return "tshark reads no IP here"
    if "damaged-frames" in problems:
        return "headers that are cut or contradict themselves: in no flow, counted as damaged"
    if source_routed(entry.path):
        return "source routes: tshark counts the final destination of a source route, the ledger the header's"
    if theirs.total() == ours.total() and theirs == by_layer["outermost"]:
        return "IP inside IP that only the ledger unwraps"
    return UNEXPLAINED


def protocols(path: Path) -> set[str]:
    """Every protocol that tshark sees in the capture."""
    return set(":".join(_column(path, "frame.protocols")).split(":"))


def source_routed(path: Path) -> bool:
    """Whether a packet carries a source route option (RFC 791 §3.1)."""
    return any({"131", "137"} & set(line.split(",")) for line in _column(path, "ip.opt.type"))


def _column(path: Path, field: str) -> list[str]:
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", field]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def main(corpus: Path, every: int) -> None:
    captures = entries(corpus)[::every]
    by_cause: dict[str, list[Difference]] = defaultdict(list)
    for entry in captures:
        if found := difference(entry):
            by_cause[found.cause].append(found)
    differing = sum(map(len, by_cause.values()))
    print(f"{len(captures) - differing:,} of {len(captures):,} captures equal to the packet.\n")
    print("| cause | captures | packets here | packets in tshark |\n|---|---:|---:|---:|")
    for cause_of, group in sorted(by_cause.items(), key=lambda item: -len(item[1])):
        ours, theirs = sum(d.ours for d in group) // 2, sum(d.theirs for d in group) // 2
        print(f"| {cause_of} | {len(group)} | {ours:,} | {theirs:,} |")
    for cause_of, group in sorted(by_cause.items()):
        print("\n".join((f"\n{cause_of}:\n", *map(str, group))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
