"""Report → the answer in a few sentences: what left readable, to which region, how sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzer.model import Finding, KnownKind, Ping, Place, Report
from analyzer.report.groups import (
    RegionTotal,
    finding_groups,
    grouped,
    ping_groups,
    region_totals,
    status_counts,
)
from analyzer.report.language import _, mark, plural
from analyzer.report.wording import (
    FACTS,
    STATUSES,
    is_established,
    is_worth_checking,
    kind_name,
    looks_like,
    place_line,
)

NONE_SEEN = mark("No plaintext activation payload was seen.")
NOT_PROOF = mark("That is no proof that none was sent: the blind spots below say what could not be seen.")


def answer(report: Report) -> list[str]:
    """Sentences, the most important first; never empty."""
    return [
        *_absent_device(report),
        *_pings(report),
        *_identifiers(report),
        *_known(report),
        *_regions(report),
    ]


def places(report: Report) -> dict[str, Place]:
    """What is known of each destination address."""
    return {row.address: row.place for row in report.destinations if row.place}


def _absent_device(report: Report) -> Iterator[str]:
    asked = report.scope.device
    if asked and not any(asked in (d.id, d.mac, *d.addresses) for d in report.devices):
        yield _("No device {device} appears in the capture.").format(device=asked)


def _pings(report: Report) -> Iterator[str]:
    readable = [group for group in ping_groups(report) if group[0].message is not None]
    silent = [group for group in ping_groups(report) if group[0].message is None]
    located = places(report)
    if not readable:
        yield f"{_(NONE_SEEN)} {_(NOT_PROOF)}"
    for group in readable:
        yield from _sent(group, located.get(group[0].destination.address))
    for group in silent:
        yield _tried(group)


def _sent(group: list[Ping], place: Place | None) -> Iterator[str]:
    first, counts = group[0], status_counts(group)
    how = f" ({_(first.encoding)})" if first.encoding else ""
    status = ", ".join(f"{_(status)} {counts[status]}" for status in STATUSES[1:])
    payloads = plural(len(group), "{n} activation payload", "{n} activation payloads")
    yield _("{payloads} left device {device} readable{how}.").format(
        payloads=payloads, device=first.device, how=how
    )
    where = place_line(place) if place else _("the address was not looked up")
    yield _("Sent to {whither}; {where}.").format(whither=_whither(first), where=where)
    yield _("Recognised as: {title}, confidence {confidence}. Of {count}: {status}.").format(
        title=first.title, confidence=_(first.confidence), count=len(group), status=status
    )


def _tried(group: list[Ping]) -> str:
    first = group[0]
    return _("{attempts} of device {device} to reach {whither} carried no request that was seen.").format(
        attempts=plural(len(group), "{n} attempt", "{n} attempts"),
        device=first.device,
        whither=_whither(first),
    )


def _whither(ping: Ping) -> str:
    return f"{ping.host} ({ping.destination})" if ping.host else str(ping.destination)


def _identifiers(report: Report) -> Iterator[str]:
    groups = [group for group in finding_groups(report) if not is_worth_checking(group[0])]
    if not groups:
        yield _("No identifier of the phone or its SIM was seen readable.")
        return
    groups = [group for group in groups if group[0].kind not in FACTS]
    sure = [group for group in groups if is_established(group[0])]
    if sure:
        yield _("Identifiers that left readable: {kinds}.").format(kinds=_by_kind(sure, kind_name))
    if unsure := [group for group in groups if group not in sure]:
        yield _("Readable values that only look like identifiers: {kinds}.").format(
            kinds=_by_kind(unsure, looks_like)
        )


def _by_kind(groups: list[list[Finding]], name: Callable[[str], str]) -> str:
    kinds = grouped(groups, lambda group: group[0].kind)
    return ", ".join(f"{len(values)} × {name(values[0][0].kind)}{_times(values)}" for values in kinds)


def _times(values: list[list[Finding]]) -> str:
    return f" ({plural(sum(map(len, values)), '{n} time', '{n} times')})"


def _known(report: Report) -> Iterator[str]:
    if report.known:
        said = [f"{kind_name(kind.kind)} {_seen(kind)}" for kind in report.known]
        yield _("Of the identifiers the owner gave: {said}.").format(said=", ".join(said))


def _seen(kind: KnownKind) -> str:
    return plural(kind.times, "seen {n} time", "seen {n} times") if kind.seen else _("not seen")


def _regions(report: Report) -> Iterator[str]:
    totals = region_totals(report)
    for located, other in zip(totals[::2], totals[1::2], strict=True):
        yield _region(located, other)


def _region(located: RegionTotal, other: RegionTotal) -> str:
    if located.addresses:
        said = _("{code}: {packets} went to {addresses} located there.").format(
            code=located.code, packets=_packets(located), addresses=_addresses(located)
        )
    else:
        said = _("{code}: no packet went to an address located there.").format(code=located.code)
    if not other.addresses:
        return said
    more = _("{packets} went to {addresses} that another claim alone links to {code}.").format(
        packets=_packets(other), addresses=_addresses(other), code=other.code
    )
    return f"{said} {more}"


def _packets(total: RegionTotal) -> str:
    return plural(total.packets_up, "{n} packet", "{n} packets")


def _addresses(total: RegionTotal) -> str:
    return plural(total.addresses, "{n} address", "{n} addresses")
