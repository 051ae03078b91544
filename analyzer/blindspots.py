"""What a scan could not see, in sentences for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from analyzer.context import hiding
from analyzer.model import CaptureInfo, Destination, Problem
from analyzer.region import RegionWatch
from analyzer.scanning import Scan

ENCRYPTED_KINDS = frozenset({"tls", "quic", "udp/443"})
READ_KINDS = frozenset({"http"})
SPECIAL = "special-purpose"


def problems(scan: Scan, region: RegionWatch) -> Iterator[Problem]:
    """Damage and limits that were met inside the capture."""
    tally = scan.tally
    if tally.damaged:
        yield Problem(
            "damaged-frames",
            f"the headers of {tally.damaged:,} frames are cut or contradict themselves; they are in no flow",
            tally.first_damaged,
            tally.damaged,
        )
    if tally.backwards:
        yield Problem(
            "time-backwards",
            f"{tally.backwards:,} frames are stamped earlier than the frame before them",
            count=tally.backwards,
        )
    if scan.reassembler.evicted:
        yield Problem(
            "fragments",
            f"{scan.reassembler.evicted:,} fragmented datagrams were given up before they were whole, "
            "because too many were under way at once",
            count=scan.reassembler.evicted,
        )
    if scan.reassembler.incomplete:
        yield Problem(
            "fragments-missing",
            f"{scan.reassembler.incomplete:,} fragmented datagrams never became whole: fragments of them "
            "were not captured",
            count=scan.reassembler.incomplete,
        )
    if scan.reassembler.overlaps:
        yield Problem(
            "fragment-overlap",
            f"{scan.reassembler.overlaps:,} IP fragments overlap others; the earlier copy was read",
            count=scan.reassembler.overlaps,
        )
    if scan.reassembler.unlisted:
        yield Problem(
            "fragments-unlisted",
            f"of {scan.reassembler.unlisted:,} datagrams that came in fragments only the last one is listed",
            count=scan.reassembler.unlisted,
        )
    if region.left_out:
        yield Problem(
            "region-packets",
            f"{region.left_out:,} more packets to the regions of the scope are counted in the ledger and not "
            "listed one by one",
            count=region.left_out,
        )


def spots(info: CaptureInfo, scan: Scan, destinations: Sequence[Destination]) -> tuple[str, ...]:
    """What must be kept in mind when something is absent from the report."""
    return (
        "The capture shows what was sent while it ran, and nothing before or after.",
        *_cut(info, scan),
        *_unread(destinations),
        *_one_sided(destinations),
        *_unnamed(destinations),
        *hiding.spots(destinations),
        *_other_links(info),
    )


def _cut(info: CaptureInfo, scan: Scan) -> Iterator[str]:
    if info.snapped:
        yield (
            f"{info.snapped:,} of {info.frames:,} frames were cut by the snapshot length: "
            "their ends are unknown."
        )
    if scan.observer.gaps:
        yield (
            f"Readable streams have {scan.observer.gaps:,} gaps, together {scan.observer.gap_octets:,} "
            "octets that were sent and not captured."
        )
    if scan.observer.skipped_octets:
        yield (
            f"In connections that carried HTTP, {scan.observer.skipped_octets:,} readable octets belong to "
            "messages whose beginning was not captured; they were not interpreted."
        )
    if not info.complete:
        yield "The file is damaged: what followed the damage is unknown."


def _unread(destinations: Sequence[Destination]) -> Iterator[str]:
    octets: Counter[str] = Counter()
    for row in destinations:
        if row.place is not None and row.place.verdict == SPECIAL:
            continue
        for kind, flows in row.kinds.items():
            octets[kind] += (row.bytes_up + row.bytes_down) * flows // row.flows
    total = octets.total()
    if not total:
        return
    hidden = sum(n for kind, n in octets.items() if kind in ENCRYPTED_KINDS)
    if hidden:
        yield (
            f"{share(hidden, total)} of the octets exchanged with outside addresses were encrypted (TLS, "
            "QUIC) and were not read: what they held is unknown."
        )
    other = total - hidden - sum(n for kind, n in octets.items() if kind in READ_KINDS)
    if other:
        yield f"{share(other, total)} were of other kinds that are counted and not read."


def share(part: int, total: int) -> str:
    """A percentage that never rounds to 0 or 100 what is neither."""
    percent = 100 * part / total
    if part and percent < 0.1:
        return "Less than 0.1 %"
    if part < total and percent > 99.9:
        return "More than 99.9 %"
    return f"{percent:.1f} %"


def _one_sided(destinations: Sequence[Destination]) -> Iterator[str]:
    sides = [(row.packets_up, row.packets_down) for row in destinations if row.protocol == "tcp"]
    only_up = sum(1 for up, down in sides if up and not down)
    if sides and only_up:
        yield (
            f"{only_up:,} of {len(sides):,} TCP destinations show packets in one direction only: whether "
            "they were answered outside the capture is unknown."
        )


def _unnamed(destinations: Sequence[Destination]) -> Iterator[str]:
    outside = {
        row.address: bool(row.names)
        for row in destinations
        if row.place is not None and row.place.verdict != SPECIAL
    }
    unnamed = sum(1 for named in outside.values() if not named)
    if unnamed:
        yield f"{unnamed:,} of {len(outside):,} outside addresses went by no name that the capture shows."


def _other_links(info: CaptureInfo) -> Iterator[str]:
    for link, count in info.undecoded.items():
        yield f"{count:,} frames of {link} were counted and not decoded: this link type is not supported."
