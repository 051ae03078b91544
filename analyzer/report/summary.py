"""Report → the answer in a few sentences: what left readable, to which region, how sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from analyzer.model import Finding, KnownKind, Ping, Place, Report
from analyzer.report.coverage import amount, encrypted, is_recorded, limits, rows_of, searched
from analyzer.report.groups import (
    RegionTotal,
    finding_groups,
    grouped,
    messages_by_number,
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

# Codes of problems that report a failure (`analyzer.system.containment`), with what was not read.
FAILED: dict[str, Callable[[int], str]] = {
    "file-unread": lambda n: plural(n, "the rest of {n} file", "the rest of {n} files"),
    "flow-unread": lambda n: plural(n, "{n} flow", "{n} flows"),
    "datagram-unread": lambda n: plural(n, "{n} datagram", "{n} datagrams"),
    "message-unread": lambda n: plural(n, "{n} message", "{n} messages"),
    "message-unsearched": lambda n: plural(n, "a part of {n} message", "a part of {n} messages"),
    "packets-unread": lambda n: plural(
        n, "a part of {n} batch of packets", "a part of {n} batches of packets"
    ),
    "conclusion-missing": lambda n: plural(n, "{n} conclusion", "{n} conclusions"),
}
NOT_PROOF = mark("That is no proof that none was sent: the blind spots below say what could not be seen.")
NOTHING_SEARCHED = mark("Nothing in this capture was searched, so it shows nothing of identifiers.")
NO_PAYLOAD = mark("None of these messages was recognised as an activation payload.")
_NAMED = 3  # recipients of identifiers


def answer(report: Report) -> list[str]:
    """Sentences, the most important first; never empty.

    What was found comes first, and what could not be searched last; where nothing was found, that is first.
    """
    unread = list(_failed(report))
    first: tuple[str, ...]
    last: tuple[str, ...] = (*limits(report), *unread)
    if not has_found(report):
        first, last = (*unread, *limits(report), *_nothing_found(report), *_tried(report)), ()
    elif has_payload(report):
        first = (*_payloads(report), *_tried(report), *_identifiers(report))
    else:
        first = (*_identifiers(report), *_tried(report))
    return [*_absent_device(report), *first, *_known(report), *_regions(report), *last]


def has_found(report: Report) -> bool:
    """Whether an identifier, a value that looks like one, or an activation payload was found."""
    return has_payload(report) or any(map(_counts, report.findings))


def _counts(finding: Finding) -> bool:
    """Return whether a headline counts a finding: no fact about the phone, no number worth checking."""
    return finding.kind not in FACTS and not is_worth_checking(finding)


def has_payload(report: Report) -> bool:
    """Whether a readable message was recognised as an activation payload."""
    return any(ping.message is not None for ping in report.pings)


def places(report: Report) -> dict[str, Place]:
    """What is known of each destination address."""
    return {row.address: row.place for row in report.destinations if row.place}


def _absent_device(report: Report) -> Iterator[str]:
    asked = report.scope.device
    if asked and not any(asked in (d.id, d.mac, *d.addresses) for d in report.devices):
        yield _("No device {device} appears in the capture.").format(device=asked)


def _failed(report: Report) -> Iterator[str]:
    """What was not read because a part of the program failed; first where nothing was found."""
    counts: Counter[str] = Counter()
    for problem in report.problems:
        counts[problem.code] += problem.count
    said = [say(counts[code]) for code, say in FAILED.items() if counts[code]]
    if said:
        yield _("Not read, because a part of phonehome failed: {what}. The problems met name each.").format(
            what=", ".join(said)
        )


def _payloads(report: Report) -> Iterator[str]:
    located = places(report)
    for group in ping_groups(report):
        if group[0].message is not None:
            yield from _sent(group, located.get(group[0].destination.address))


def _tried(report: Report) -> Iterator[str]:
    """Attempts that carried no request."""
    for group in ping_groups(report):
        if group[0].message is None:
            yield _attempts(group)


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


def _attempts(group: list[Ping]) -> str:
    first = group[0]
    return _("{attempts} of device {device} to reach {whither} carried no request that was seen.").format(
        attempts=plural(len(group), "{n} attempt", "{n} attempts"),
        device=first.device,
        whither=_whither(first),
    )


def _whither(ping: Ping) -> str:
    return f"{ping.host} ({ping.destination})" if ping.host else str(ping.destination)


def _nothing_found(report: Report) -> Iterator[str]:
    """That nothing was found, within what was searched, and that this proves nothing."""
    if is_recorded(report) and not amount(rows_of(report, "searched")).packets:
        yield f"{_(NOTHING_SEARCHED)} {_(NOT_PROOF)}"
    elif is_recorded(report):
        said = _(
            "In what was searched, {searched}, no identifier of the phone or its SIM was found and no "
            "activation payload was recognised."
        ).format(searched=searched(report))
        yield f"{said} {_(NOT_PROOF)}"
    else:
        said = _(
            "In what was searched, no identifier of the phone or its SIM was found and no activation payload "
            "was recognised."
        )
        yield f"{said} {_(NOT_PROOF)}"
    if said := encrypted(report):
        yield said


def _identifiers(report: Report) -> Iterator[str]:
    groups = [group for group in finding_groups(report) if _counts(group[0])]
    sure = [group for group in groups if is_established(group[0])]
    unsure = [group for group in groups if group not in sure]
    if not groups:
        yield _("No identifier of the phone or its SIM was found in what was searched.")
    # Where no payload was recognised, this is the finding: to whom, and how often.
    to = "" if has_payload(report) else _recipients(report)
    if sure:
        yield _("Identifiers that left readable: {kinds}.").format(kinds=_by_kind(sure, kind_name)) + to
    if unsure:
        said = _("Readable values that only look like identifiers: {kinds}.").format(
            kinds=_by_kind(unsure, looks_like)
        )
        yield said if sure else said + to


def _recipients(report: Report) -> str:
    """To whom the messages with such values went, most frequent first, and that none is a known payload."""
    messages = messages_by_number(report)
    numbers = {finding.message for finding in report.findings if _counts(finding)}
    to: dict[str, int] = {}
    for message in (messages[number] for number in sorted(numbers) if number in messages):
        name = f"{message.host} ({message.destination})" if message.host else str(message.destination)
        to[name] = to.get(name, 0) + 1
    if not to:
        return f" {_('No activation payload was recognised.')}"
    ranked = sorted(to, key=lambda name: -to[name])
    named = [f"{name} ({plural(to[name], '{n} message', '{n} messages')})" for name in ranked[:_NAMED]]
    if left := ranked[_NAMED:]:
        more = plural(len(left), "{n} more recipient", "{n} more recipients")
        times = plural(sum(to[name] for name in left), "{n} message", "{n} messages")
        named.append(f"{more} ({times})")
    sent = _("They were sent to {recipients}.").format(recipients=", ".join(named))
    return f" {sent} {_(NO_PAYLOAD)}"


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
