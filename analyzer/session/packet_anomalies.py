"""What was around packets, and what is odd about them → tunnels, conflicts, clues, problems of a report."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Sequence

from analyzer.flows.checksum_stats import ChecksumStats
from analyzer.flows.fragments import Reassembler
from analyzer.flows.tunnels import Path, Tunnels
from analyzer.geo import Locator, scope_claims
from analyzer.model import Clue, FragmentConflict, Problem, Tunnel
from analyzer.packets.checksums import ABSENT, LEFT_TO_CARD, WRONG
from analyzer.packets.packet_table import COPY, HEADER_SUM_ABSENT, HEADER_SUM_WRONG, LENGTH_ABSENT

# Bytes of each copy that a report shows.
EXCERPT = 32
# Outer paths that a row of the ledger names.
NAMED_PATHS = 3
ON_SENDER = "captured on the sender, before its network card finished the packet"


# ── tunnels ─────────────────────────────────────────────────────────────────


def tunnels(followed: Tunnels, locator: Locator, regions: Sequence[str]) -> tuple[Tunnel, ...]:
    """The ways that packets went inside others, those with the most bytes first."""
    paths = followed.close()
    outer = sorted({address for path in paths for ends in path.ends if ends for address in ends})
    places = dict(zip(outer, locator.places(outer), strict=True))
    claims = {address: scope_claims(place, regions) for address, place in places.items()}
    made = [_tunnel(path, claims) for path in paths]
    return tuple(sorted(made, key=lambda t: (-(t.bytes + t.bytes_back), t.frame, t.says)))


def _tunnel(path: Path, claims: dict[str, tuple[str, ...]]) -> Tunnel:
    ends = path.ends
    addresses = dict.fromkeys(address for pair in ends if pair for address in pair)
    return Tunnel(
        says=str(path),
        kinds=path.kinds,
        ends=ends,
        packets=path.packets[0],
        packets_back=path.packets[1],
        bytes=path.size[0],
        bytes_back=path.size[1],
        flows=path.flows,
        first_ns=path.first_ns,
        last_ns=path.last_ns,
        frame=path.frame,
        scope_claims=tuple(f"{a}: {'; '.join(claims[a])}" for a in addresses if claims[a]),
    )


def paths_of(said: Sequence[str | None]) -> tuple[str, ...]:
    """The different outer paths of a row's flows: the first few, then how many more."""
    different = list(dict.fromkeys(path for path in said if path))
    more = len(different) - NAMED_PATHS
    return (*different[:NAMED_PATHS], *([f"{more:,} more"] if more > 0 else []))


# ── fragments ───────────────────────────────────────────────────────────────


def fragment_conflicts(reassembler: Reassembler, masked: bool) -> Iterator[FragmentConflict]:
    """Both copies of bytes that came twice; `masked` leaves the excerpts out, the digests stay."""
    for met in reassembler.conflicts:
        yield FragmentConflict(
            source=_text(met.source),
            destination=_text(met.destination),
            start=met.offset,
            end=met.offset + len(met.first),
            frame=met.first_frame,
            other_frame=met.second_frame,
            sha256=hashlib.sha256(met.first).hexdigest(),
            other_sha256=hashlib.sha256(met.second).hexdigest(),
            excerpt="" if masked else met.first[:EXCERPT].hex(),
            other_excerpt="" if masked else met.second[:EXCERPT].hex(),
        )


def _text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


# ── sentences ───────────────────────────────────────────────────────────────


def problems(soundness: ChecksumStats, followed: Tunnels, reassembler: Reassembler) -> Iterator[Problem]:
    """Checksums that are wrong, fragments that contradict each other, and a limit that was met."""
    headers, sums = soundness.notes[HEADER_SUM_WRONG], soundness.sums[WRONG]
    if headers.times:
        yield Problem(
            "header-checksum",
            f"the header checksum of {headers.times:,} IPv4 packets is wrong: changed on the way, or by who "
            "made the capture; they were read as they are",
            headers.frame,
            headers.times,
        )
    if sums.times:
        judged = sum(count.times for count in soundness.sums.values())
        yield Problem(
            "checksum",
            f"of {judged:,} packets whose payload was looked at, {sums.times:,} have a TCP or UDP checksum "
            "that their bytes do not give; they were read as they are",
            sums.frame,
            sums.times,
        )
    if reassembler.conflicting:
        first = reassembler.conflicts[0].second_frame if reassembler.conflicts else None
        yield Problem(
            "fragment-conflict",
            f"{reassembler.conflicting:,} IP fragments bring bytes that an earlier fragment brought with "
            "other content; the earlier copy was read, both are listed",
            first,
            reassembler.conflicting,
        )
    if followed.left_out:
        yield Problem(
            "tunnels-left-out",
            f"{followed.left_out:,} packets travelled inside others on so many different ways that these "
            "ways are not listed",
            count=followed.left_out,
        )


def clues(soundness: ChecksumStats) -> Iterator[Clue]:
    """What packets that a network card had yet to finish tell of the place where they were captured."""
    card, absent = soundness.sums[LEFT_TO_CARD], soundness.sums[ABSENT]
    if card.times:
        value = f"{card.times:,} TCP or UDP checksums were left to the network card; that is no damage"
        yield Clue("checksums", value, ON_SENDER, card.frame)
    if absent.times:
        value = f"{absent.times:,} packets that were looked at have no TCP or UDP checksum; that is no damage"
        yield Clue("checksums", value, "", absent.frame)
    headers, lengths = soundness.notes[HEADER_SUM_ABSENT], soundness.notes[LENGTH_ABSENT]
    if headers.times:
        value = f"{headers.times:,} IPv4 headers have no checksum yet; that is no damage"
        yield Clue("checksums", value, ON_SENDER, headers.frame)
    if lengths.times:
        value = f"{lengths.times:,} packets state a length of 0 and were read to their captured end"
        yield Clue("packet lengths", value, ON_SENDER, lengths.frame)


def spots(soundness: ChecksumStats, reassembler: Reassembler, made: Sequence[Tunnel]) -> Iterator[str]:
    """How counts are to be read where packets were captured twice, or travelled inside others."""
    copies = soundness.notes[COPY].times + reassembler.repeats
    if copies:
        yield (
            f"{copies:,} packets are copies of packets captured a moment before, as on several interfaces or "
            "a mirrored port: packets and bytes count each copy, payload and messages count once."
        )
    claimed = [tunnel for tunnel in made if tunnel.scope_claims]
    if claimed:
        packets = sum(tunnel.packets + tunnel.packets_back for tunnel in claimed)
        ends = "; ".join(dict.fromkeys(said for tunnel in claimed for said in tunnel.scope_claims))
        yield (
            f"{packets:,} packets travelled inside others between ends of which claims name a region of the "
            f"scope ({_short(ends)}). The destinations listed are those of the packets inside."
        )


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
