"""The ledger's packets per address and pair of addresses beside tshark's figures, capture by capture.

`-z endpoints` and `-z conv` of tshark count each IP header of a frame. The report does too: the packets
inside in its flows, those around them in its tunnels. Where they differ, the cause is found by counting
once more in another way, and named only where that count agrees to the packet.

    python -m tests.differential.ledger CORPUS [EVERY_NTH]   # prints the tables of `ledger.md`
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from analyzer import analyze
from analyzer.capture import Capture
from analyzer.flows.address_text import address_text
from analyzer.model import CaptureError
from analyzer.packets.encapsulation import offsets_of
from analyzer.session.packet_reader import PacketReader, Step
from tests.differential.corpus import Entry, entries

UNEXPLAINED = "unexplained"
Pairs = Counter[tuple[str, str]]  # (source, destination) → packets
Pair = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """What one capture's figures differ in."""

    entry: Entry
    cause: str
    ours: int
    theirs: int

    def __str__(self) -> str:
        return f"- {self.entry.id}: {self.ours:,} here, {self.theirs:,} in tshark"


# ── the two counts ──────────────────────────────────────────────────────────


def reported(path: Path) -> Pairs:
    """IP headers by source and destination as the report tells them, none where it refuses the capture."""
    pairs: Pairs = Counter()
    try:
        report = analyze(path)
    except CaptureError:
        return pairs
    for row in report.flows.rows():
        pairs[row["source"], row["destination"]] += row["packets_up"]
        pairs[row["destination"], row["source"]] += row["packets_down"]
    for tunnel in report.tunnels:
        for ends in tunnel.ends:
            if ends is not None:
                pairs[ends] += tunnel.packets
                pairs[ends[::-1]] += tunnel.packets_back
    return +pairs


CONVERSATION = re.compile(r"^(\S+)\s+<->\s+(\S+)\s+(\d+)\s+\d+ \S+\s+(\d+)\s+\d+ \S+\s+\d+\s")
ENDPOINT = re.compile(r"^(\S+)\s+\d+\s+\d+\s+(\d+)\s+\d+\s+(\d+)\s+\d+\s*$")


def shown(path: Path, *options: str, only: str = "") -> tuple[Pairs, dict[str, tuple[int, int]]]:
    """tshark's conversations, and of each endpoint the packets sent and received, both families.

    `only` is a display filter on frames.
    """
    tables = [f"{table},{family}" for table in ("conv", "endpoints") for family in ("ip", "ipv6")]
    wanted = [word for table in tables for word in ("-z", f"{table},{only}" if only else table)]
    text = _tshark(path, "-q", *options, *wanted)
    pairs: Pairs = Counter()
    ends: Counter[tuple[str, int]] = Counter()
    for line in text.splitlines():
        if found := CONVERSATION.match(line):
            one, other = _address(found[1]), _address(found[2])
            pairs[other, one] += int(found[3])
            pairs[one, other] += int(found[4])
        elif found := ENDPOINT.match(line):
            for way in (0, 1):
                ends[_address(found[1]), way] += int(found[2 + way])
    return +pairs, {address: (ends[address, 0], ends[address, 1]) for address, _ in ends}


def totals(pairs: Pairs) -> dict[str, tuple[int, int]]:
    """Of each address the packets sent and received."""
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for (source, destination), packets in pairs.items():
        sent[source] += packets
        received[destination] += packets
    return {address: (sent[address], received[address]) for address in sent | received}


def difference(entry: Entry) -> Difference | None:
    """How the two differ in conversations or in endpoints, None where they don't."""
    ours, (theirs, ends) = reported(entry.path), shown(entry.path)
    if ours == theirs and totals(ours) == ends:
        return None
    return Difference(entry, cause(entry, ours, theirs), ours.total(), theirs.total())


def _address(text: str) -> str:
    return text.removeprefix("::ffff:") if "." in text else text  # IPv4-mapped


def _tshark(path: Path, *options: str) -> str:
    command = ["tshark", "-n", "-r", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


# ── causes, each with a count of its own ────────────────────────────────────


def cause(entry: Entry, ours: Pairs, theirs: Pairs) -> str:
    """The first cause whose own count agrees to the packet."""
    return next((said for said, holds in CAUSES if holds(entry.path, ours, theirs)), UNEXPLAINED)


def _left_out(path: Path, ours: Pairs, theirs: Pairs) -> bool:
    return ours != theirs and ours == by_fields(path)


def _fragments(path: Path, _: Pairs, theirs: Pairs) -> bool:
    return once_for_each_datagram(path) == theirs


def _quoted(path: Path, ours: Pairs, _: Pairs) -> bool:
    return shown(path, *(w for p in QUOTING for w in ("--disable-protocol", p)))[0] == ours


def _repeated(path: Path, ours: Pairs, _: Pairs) -> bool:
    repeats = repeated_frames(path)
    kept = " && ".join(f"frame.number != {number}" for number in repeats)
    return bool(repeats) and shown(path, only=kept)[0] == ours


def _source_routed(path: Path, ours: Pairs, _: Pairs) -> bool:
    return by_fields(path, current_route=True) == ours


def _without_length(path: Path, _: Pairs, theirs: Pairs) -> bool:
    """tshark stops where UDP or IPv6 state a length of 0, as they do for more than the field can tell."""
    lengths = [line.split("\t") for line in _fields(path, "udp.length", "ipv6.plen")]
    return all("0" in both for both in lengths) and by_headers(path, outermost=True) == theirs


def _refused(path: Path, _: Pairs, theirs: Pairs) -> bool:
    done = subprocess.run(["tshark", "-n", "-r", str(path)], capture_output=True, text=True, check=False)
    return not theirs and done.returncode != 0 and not done.stdout


def _other_version(path: Path, _: Pairs, theirs: Pairs) -> bool:
    """The link type says IPv6, the packet's first byte IPv4; the ledger believes the packet."""
    return not theirs and "Bogus IPv6 version" in _tshark(path, "-T", "fields", "-e", "_ws.expert.message")


# Dissectors that show packets which no frame carried as such: quoted in another protocol's messages, or
# decrypted with keys that lie in the file.
QUOTING = ("openflow_v1", "openflow_v4", "openflow_v5", "openflow_v6", "openflow", "wg")

CAUSES: tuple[tuple[str, Callable[[Path, Pairs, Pairs], bool]], ...] = (
    ("tshark shows the IP header in its fields and leaves the packet out of its conversations", _left_out),
    (
        "fragments: the ledger counts the frames that a datagram came in, tshark what is inside once",
        _fragments,
    ),
    (
        "tshark counts packets that an OpenFlow message quotes, or that it decrypts with keys in the file",
        _quoted,
    ),
    ("802.11: the same frame sent again, by its retry bit and sequence number, counts once", _repeated),
    ("source routes: tshark counts the last address of a route, the ledger the header's", _source_routed),
    ("a stated length of 0, for more than the field can tell: tshark looks no further", _without_length),
    ("tshark refuses the file", _refused),
    ("the link type says IPv6, the packet IPv4: tshark reads it as neither", _other_version),
)  # fmt: skip


def by_fields(path: Path, current_route: bool = False) -> Pairs:
    """IP headers as tshark's own fields tell them, frame by frame, what errors quote left out."""
    to = "ip.cur_rt" if current_route else "ip.dst"
    names = ("frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", to)
    wanted = [word for name in names for word in ("-e", name)]
    text = _tshark(path, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;", *wanted)
    pairs: Pairs = Counter()
    for line in text.splitlines():
        protocols, *columns = line.split("\t")
        lists = [column.split(";") if column else [] for column in columns]
        if current_route and lists[4]:
            lists[1] = lists[4]
        pairs.update(_headers(protocols, lists[:4]))
    return pairs


def _headers(protocols: str, columns: list[list[str]]) -> Iterator[Pair]:
    """The ends of the IP headers of a frame, outermost first, up to an ICMP message's quote."""
    for protocol in protocols.split(":"):
        if protocol in ("icmp", "icmpv6"):
            break
        at = {"ip": 0, "ipv6": 2}.get(protocol)
        if at is not None and columns[at] and columns[at + 1]:
            yield _address(columns[at].pop(0)), _address(columns[at + 1].pop(0))


def by_headers(path: Path, outermost: bool = False) -> Pairs:
    """The outermost IP headers of frames, or all of them, from the packet columns."""
    pairs: Pairs = Counter()
    for step in _steps(path):
        for row in range(len(step.packets)):
            if step.ids.flow[row] >= 0:
                pairs.update(ends_of(step, row)[: 1 if outermost else None])
    return pairs


def once_for_each_datagram(path: Path) -> Pairs:
    """IP headers, those inside a datagram that came in fragments once for all of them."""
    pairs: Pairs = Counter()
    for step in _steps(path):
        for row in range(len(step.packets)):
            if step.ids.flow[row] < 0:
                continue
            ends, weight = ends_of(step, row), int(step.packets.weight[row])
            was_outermost = step.frames is not None and int(step.batch.records.link[row]) == 101
            if was_outermost and is_short(
                step, row
            ):  # never whole: tshark looks no further than the fragment
                ends = ends[:1]
            for depth, pair in enumerate(ends):
                pairs[pair] += 1 if was_outermost and depth else weight
    return pairs


def _steps(path: Path) -> Iterator[Step]:
    scan = PacketReader()
    try:
        yield from scan.steps(Capture(str(path)))
        yield from scan.rest()
    except CaptureError:
        return


def ends_of(step: Step, row: int) -> list[Pair]:
    """Source and destination of every IP header of a row, outermost first, read from its bytes."""
    start, packets = int(step.batch.records.offset[row]), step.packets
    outer = [start + at for at in offsets_of(int(packets.outer[row])) if at is not None]
    return [_ends(step.batch.data, at) for at in (*outer, int(packets.network[row]))]


def is_short(step: Step, row: int) -> bool:
    """Whether the innermost packet ends before its header says so."""
    data, at = step.batch.data, int(step.packets.network[row])
    stated = data[at + 2 : at + 4] if data[at] >> 4 == 4 else data[at + 4 : at + 6]
    length = int.from_bytes(stated, "big") + (0 if data[at] >> 4 == 4 else 40)
    return at + length > int(step.batch.records.offset[row] + step.batch.records.captured[row])


def _ends(data: bytearray, at: int) -> Pair:
    if data[at] >> 4 == 4:
        words = (0xFFFF_0000_0000 | int.from_bytes(data[at + k : at + k + 4], "big") for k in (12, 16))
        source, destination = ((0, word) for word in words)
    else:
        halves = [int.from_bytes(data[at + k : at + k + 8], "big") for k in (8, 16, 24, 32)]
        source, destination = (halves[0], halves[1]), (halves[2], halves[3])
    return address_text(*source), address_text(*destination)


def repeated_frames(path: Path) -> list[str]:
    """Numbers of 802.11 data frames with the retry bit and the sequence number of their sender's last one."""
    last: dict[tuple[str, str], str] = {}
    found = []
    names = ("frame.number", "wlan.fc.type", "wlan.fc.retry", "wlan.ta", "wlan.qos.tid", "wlan.seq")
    for line in _fields(path, *names):
        number, kind, retry, sender, tid, sequence = line.split("\t")
        if kind != "2":
            continue
        if retry in ("1", "True") and last.get((sender, tid)) == sequence:
            found.append(number)
        last[sender, tid] = sequence
    return found


def _fields(path: Path, *names: str) -> list[str]:
    wanted = [word for name in names for word in ("-e", name)]
    return _tshark(path, "-T", "fields", "-E", "occurrence=f", *wanted).splitlines()


# ── the tables ──────────────────────────────────────────────────────────────


def main(corpus: Path, every: int) -> None:
    captures = entries(corpus)[::every]
    by_cause: dict[str, list[Difference]] = defaultdict(list)
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(difference, captures, chunksize=8):
            if found:
                by_cause[found.cause].append(found)
    differing = sum(map(len, by_cause.values()))
    print(f"{len(captures) - differing:,} of {len(captures):,} captures equal to the packet.\n")
    print("| cause | captures | IP headers here | in tshark |\n|---|---:|---:|---:|")
    for cause_of, group in sorted(by_cause.items(), key=lambda item: -len(item[1])):
        ours, theirs = sum(d.ours for d in group), sum(d.theirs for d in group)
        print(f"| {cause_of} | {len(group)} | {ours:,} | {theirs:,} |")
    for cause_of, group in sorted(by_cause.items()):
        print("\n".join((f"\n{cause_of}:\n", *map(str, group))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
