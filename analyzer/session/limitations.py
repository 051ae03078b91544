"""What a scan could not see, in sentences for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from analyzer.dissectors.clear_message import CLEAR_KINDS
from analyzer.flows.flow_table import PAYLOAD
from analyzer.flows.ledger import MAYBE_QUIC
from analyzer.model import CaptureInfo, Destination, Problem
from analyzer.session import capture_limits, concealment
from analyzer.session.coverage_table import ENCRYPTED_KINDS
from analyzer.session.packet_reader import PacketReader, Tally
from analyzer.session.region_packets import RegionWatch
from analyzer.system.containment import UNITS

READ_KINDS = frozenset({"http"}) | CLEAR_KINDS
SPECIAL = "special-purpose"
# What can be done about frames of a link type that is not read, by a word of its name.
WAYS_OUT = {
    "USB": " Traffic of a phone shared by USB is readable on the network interface of it (usb0, RNDIS).",
    "Bluetooth": " Wi-Fi traffic is captured on a network interface, not in the log of Bluetooth.",
    "private use": " Whoever wrote the capture knows what it holds: “editcap -T ether IN OUT” says it anew.",
}


def problems(scan: PacketReader, region: RegionWatch) -> Iterator[Problem]:
    """Damage and limits that were met inside the capture."""
    for position, tally in enumerate(scan.tallies):
        yield from _of_frames(tally, position)
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
    observer = scan.observer
    for protocol, left_out in (observer.clear_streams.left_out + observer.clear_datagrams.left_out).items():
        yield Problem(
            "messages-left-out",
            f"{left_out:,} more messages by {protocol} are counted and not listed",
            count=left_out,
        )
    if observer.clear_datagrams.local.left_out:
        left_out = observer.clear_datagrams.local.left_out
        yield Problem(
            "announcements-left-out",
            f"{left_out:,} more announcements within the local network are not listed",
            count=left_out,
        )
    if left_out := scan.classes.samples.left_out:
        yield Problem(
            "samples-left-out",
            f"of {left_out:,} more flows of no known form the entropy was not measured",
            count=left_out,
        )
    yield from scan.crowd.problems()
    yield from _of_readers(scan)
    if region.left_out:
        yield Problem(
            "region-packets",
            f"{region.left_out:,} more packets to the regions of the scope are counted in the ledger and not "
            "listed one by one",
            count=region.left_out,
        )


def _of_readers(scan: PacketReader) -> Iterator[Problem]:
    """What was given up of readable connections and of names, so that memory stays bounded."""
    observer = scan.observer
    if observer.closed_early:
        yield Problem(
            "connections-closed-early",
            f"{observer.closed_early:,} readable connections were closed early to keep memory bounded: what "
            "was under way in them is cut, what came later was read from the next message on",
            count=observer.closed_early,
        )
    if observer.names_left_out:
        yield Problem(
            "names-left-out",
            f"{observer.names_left_out:,} of the names that were seen first are not kept, so that memory "
            "stays bounded",
            count=observer.names_left_out,
        )
    if scan.wifi is not None and (forgotten := scan.wifi.counts["clients forgotten"]):
        yield Problem(
            "wifi-clients",
            f"{forgotten:,} Wi-Fi clients are not listed, because too many were seen: the ones seen first",
            count=forgotten,
        )


def _of_frames(tally: Tally, position: int) -> Iterator[Problem]:
    """What is wrong with frames of one of the session's captures."""
    if tally.damaged:
        yield Problem(
            "damaged-frames",
            f"the headers of {tally.damaged:,} frames are cut or contradict themselves; they are in no flow",
            tally.first_damaged,
            tally.damaged,
            position,
        )
    if tally.backwards:
        yield Problem(
            "time-backwards",
            f"{tally.backwards:,} frames are stamped earlier than the frame before them",
            count=tally.backwards,
            capture=position,
        )


def spots(
    infos: Sequence[CaptureInfo],
    scan: PacketReader,
    destinations: Sequence[Destination],
    unlisted: int = 0,
) -> tuple[str, ...]:
    """What must be kept in mind when something is absent from the report; `infos` are of one session.

    `unlisted` bytes of no known protocol were searched and are not listed.
    """
    return (
        "The capture shows what was sent while it ran, and nothing before or after.",
        *_cut(infos, scan),
        *_unlisted(unlisted),
        *dict.fromkeys(spot for info in infos for spot in capture_limits.spots(info)),
        *_unread(destinations),
        *_outer_names(destinations),
        *_one_sided(destinations),
        *_unnamed(destinations),
        *concealment.spots(destinations),
        *_other_links(infos),
    )


def _cut(infos: Sequence[CaptureInfo], scan: PacketReader) -> Iterator[str]:
    if snapped := sum(info.snapped for info in infos):
        yield (
            f"{snapped:,} of {sum(info.frames for info in infos):,} frames were cut by the snapshot length: "
            "their ends are unknown."
        )
    if scan.observer.gaps:
        yield (
            f"Readable streams have {scan.observer.gaps:,} gaps, together {scan.observer.gap_bytes:,} "
            "bytes that were sent and not captured."
        )
    if scan.observer.skipped_bytes:
        yield (
            f"In connections that carried HTTP, {scan.observer.skipped_bytes:,} readable bytes belong to "
            "messages whose beginning was not captured; they were not interpreted."
        )
    for position, info in enumerate(infos):
        if position not in scan.cut and not info.complete:
            which = info.path if len(infos) > 1 else "The file"
            yield f"{which} is damaged: what followed the damage is unknown."


def of_failures(scan: PacketReader) -> Iterator[str]:
    """What could not be read because parts of this program failed."""
    failures, flows = scan.failures, scan.tracker.flows
    left = {
        flow: max(int(flows.pair(PAYLOAD)[flow].sum()) - before, 0)
        for (flow, reader), before in failures.flows.items()
        if not _read_otherwise(scan, flow, reader)
    }
    kinds = [(unit, failures.count(name)) for name, unit in UNITS.items()]
    said = [f"{n:,} {unit.one if n == 1 else unit.several} {unit.lost}" for unit, n in kinds if n]
    data = f"; {sum(left.values()):,} bytes of payload are counted and not read" if any(left.values()) else ""
    yield f"Parts of phonehome failed: {', '.join(said)}{data}. What they held is unknown."


def _read_otherwise(scan: PacketReader, flow: int, reader: str) -> bool:
    """Whether another reader than the one that failed has read a flow."""
    observer = scan.observer
    return flow in (observer.clear_streams.kinds if reader == "HTTP" else observer.http_flows)


def _unlisted(size: int) -> Iterator[str]:
    if size:
        yield (
            f"{size:,} bytes of readable data that no reader takes were searched. Nothing was found in "
            "them; they are not listed."
        )


def _unread(destinations: Sequence[Destination]) -> Iterator[str]:
    data: Counter[str] = Counter()
    for row in destinations:
        if row.place is not None and row.place.verdict == SPECIAL:
            continue
        for kind, flows in row.kinds.items():
            data[kind] += (row.bytes_up + row.bytes_down) * flows // row.flows
    total = data.total()
    if not total:
        return
    hidden = sum(n for kind, n in data.items() if kind in ENCRYPTED_KINDS or kind == MAYBE_QUIC)
    if hidden:
        yield (
            f"{share(hidden, total)} of the bytes exchanged with outside addresses were encrypted (TLS, "
            "QUIC, VPN) and were not read: what they held is unknown."
        )
    other = total - hidden - sum(n for kind, n in data.items() if kind in READ_KINDS)
    if other:
        yield (
            f"{share(other, total)} of the bytes exchanged with outside addresses were of kinds that are "
            "counted and not read."
        )


def _outer_names(destinations: Sequence[Destination]) -> Iterator[str]:
    """Names in hellos that may stand for others (draft-ietf-tls-esni)."""
    rows = [row for row in destinations if row.ech]
    if rows:
        yield (
            f"{sum(row.ech for row in rows):,} connections to {len({r.address for r in rows}):,} addresses "
            "began with an encrypted ClientHello beside the readable one. Browsers send one as a decoy, too; "
            "where it is true, the name shown is not the server's own."
        )


def share(part: int, total: int) -> str:
    """A percentage that never rounds to 0 or 100 what is neither."""
    percent = 100 * part / total
    if part and percent < 0.1:
        return "Less than 0.1 %"
    if part < total and percent > 99.9:
        return "More than 99.9 %"
    return f"{percent:.1f} %"


def _one_sided(destinations: Sequence[Destination]) -> Iterator[str]:
    """What is missing of connections; data over TCP shows that the other side spoke, captured or not."""
    rows = [row for row in destinations if row.protocol == "tcp"]
    up = [row for row in rows if row.packets_up and not row.packets_down]
    down = [row for row in rows if row.packets_down and not row.packets_up]
    unheard = [row for row in (*up, *down) if row.payload_up or row.payload_down]
    if unheard and len(unheard) == len(rows):
        way = "sent" if not down else "received" if not up else "sent or received"
        yield (
            f"Of every TCP connection only what the devices {way} is in the capture, though data went over "
            "it: it was made of one direction. Answers, acknowledgements and round trips can't be told "
            "from it."
        )
        return
    if up:
        yield (
            f"{len(up):,} of {len(rows):,} TCP destinations show packets in one direction only: whether "
            "they were answered outside the capture is unknown."
        )
    if unheard:
        yield (
            f"With {len(unheard):,} of {len(rows):,} TCP destinations data was exchanged of which only one "
            "direction was captured."
        )


def _unnamed(destinations: Sequence[Destination]) -> Iterator[str]:
    outside = {
        row.address: any(name.how != "file" for name in row.names)
        for row in destinations
        if row.place is not None and row.place.verdict != SPECIAL
    }
    unnamed = sum(1 for named in outside.values() if not named)
    if unnamed:
        yield f"{unnamed:,} of {len(outside):,} outside addresses went by no name that the capture shows."


def _other_links(infos: Sequence[CaptureInfo]) -> Iterator[str]:
    for link, count in sum((Counter(info.undecoded) for info in infos), Counter[str]()).items():
        way = next((said for word, said in WAYS_OUT.items() if word in link), "")
        said = f"{count:,} frames of {link} were counted and not decoded: this link type is not supported."
        yield said + way
