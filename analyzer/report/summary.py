"""Report → the first screen: what left readable, from whom, to whom, how sure, and what could not be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.model import Finding, KnownKind, Ping, Report
from analyzer.report.countries import country
from analyzer.report.coverage import amount, encrypted, is_recorded, limits, rows_of, searched
from analyzer.report.groups import (
    RegionTotal,
    finding_groups,
    grouped,
    messages_by_number,
    ping_groups,
    status_counts,
)
from analyzer.report.headline import few, headline, how_often, kinds_of, named_device, senders
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.sendings import Sending, counts, sendings
from analyzer.report.whereabouts import Whereabouts, region_traffic
from analyzer.report.wording import CONFIDENCES, STATUSES, is_established, kind_name, place_line

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
_MORE = 2  # sendings beside the one of the headline
_KINDS = 8
_REGIONS = 6


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What a reader needs first: a headline, at most five points, and what could not be seen."""

    headline: str
    points: tuple[str, ...]
    unseen: tuple[str, ...] = ()


def answer(report: Report) -> list[str]:
    """The sentences of the first screen in their order; never empty."""
    screen = first_screen(report)
    return [screen.headline, *screen.points, *screen.unseen]


def first_screen(report: Report) -> FirstScreen:
    """The answer, the most important first.

    What was found comes first, and what could not be searched last; where nothing was found, that is first.
    """
    where = Whereabouts(report)
    found = sendings(report, where)
    absent = list(_absent_device(report))
    if not found:
        unread = [*absent, *_failed(report), *limits(report)]
        unread[1:] = [" ".join(unread[1:])]
        every = (*unread, _nothing_found(report), _tried(report), _known(report), _regions(report, where))
        first, *rest = filter(None, every)
        return FirstScreen(first, tuple(rest))
    groups = [group for group in finding_groups(report) if counts(group[0])]
    sure = [group for group in groups if is_established(group[0])]
    unsure = [group for group in groups if not is_established(group[0])]
    points = (
        _sure(report, sure, bool(unsure)), _more_senders(report, found[1:]), _payloads(report, where),
        _regions(report, where), _unsure(report, unsure, bool(sure)),
    )  # fmt: skip
    unseen = (*_encrypted(report), *_failed(report), *limits(report))
    said = " ".join((*absent, headline(report, found[0], where)))
    return FirstScreen(said, tuple(filter(None, points)), unseen)


def has_found(report: Report) -> bool:
    """Whether an identifier, a value that looks like one, or an activation payload was found."""
    return has_payload(report) or any(map(counts, report.findings))


def has_payload(report: Report) -> bool:
    """Whether a readable message was recognised as an activation payload."""
    return any(ping.message is not None for ping in report.pings)


def _absent_device(report: Report) -> Iterator[str]:
    asked = report.scope.device
    if asked and not any(asked in (d.id, d.mac, *d.addresses) for d in report.devices):
        yield _("No device {device} appears in the capture.").format(device=asked)


def _failed(report: Report) -> Iterator[str]:
    """What was not read because a part of the program failed; first where nothing was found."""
    met: Counter[str] = Counter()
    for problem in report.problems:
        met[problem.code] += problem.count
    said = [say(met[code]) for code, say in FAILED.items() if met[code]]
    if said:
        yield _("Not read, because a part of phonehome failed: {what}. The problems met name each.").format(
            what=", ".join(said)
        )


# ── what left ───────────────────────────────────────────────────────────────


def _sure(report: Report, groups: list[list[Finding]], has_unsure: bool) -> str:
    """All established identifiers and log-ins, and which of the owner's were seen."""
    said = []
    if groups:
        kinds = _("Identifiers and log-ins that were sent readable: {kinds}.")
        said = [kinds.format(kinds=_by_kind(groups)), _recipients(report)]
    elif not has_unsure:
        said = [_("No identifier of the phone or its SIM was found in what was searched.")]
    return " ".join(filter(None, (*said, _known(report))))


def _unsure(report: Report, groups: list[list[Finding]], has_sure: bool) -> str:
    """The probable identifiers; to whom they went, where that was not said of surer ones."""
    if not groups:
        return ""
    kinds = _("Less sure, but probably identifiers too: {kinds}.")
    to = "" if has_sure else _recipients(report)
    return f"{kinds.format(kinds=_by_kind(groups))} {to}".rstrip()


def _more_senders(report: Report, rest: Sequence[Sending]) -> str:
    """Who else sent something that is in no headline, and what; few of many."""
    if not rest:
        return ""
    named = [
        _("{who} to {whom} ({kinds}, {often})").format(
            who=senders(report, s.devices), whom=few(s.recipients, 1),
            kinds=kinds_of(s.told) if s.told else spoken(s.pings[0].title), often=how_often(s),
        )
        for s in rest[:_MORE]
    ]  # fmt: skip
    if left := rest[_MORE:]:
        more = len({device for s in left for device in s.devices})
        named.append(
            plural(more, "{n} more sender, in the table below", "{n} more senders, in the table below")
        )
    return _("Also sent readable: {what}.").format(what="; ".join(named))


# ── activation payloads ─────────────────────────────────────────────────────


def _payloads(report: Report, where: Whereabouts) -> str:
    """The first group of activation payloads, how many more there are, and attempts without a request."""
    groups = [group for group in ping_groups(report) if group[0].message is not None]
    if not groups:
        return _tried(report)
    said = [_sent(groups[0], where)]
    if more := sum(map(len, groups[1:])):
        said.append(
            plural(
                more,
                "And {n} more activation payload from or to others, in the table below.",
                "And {n} more activation payloads from or to others, in the table below.",
            )
        )
    return " ".join(filter(None, (*said, _tried(report))))


def _sent(group: list[Ping], places: Whereabouts) -> str:
    first, found = group[0], status_counts(group)
    payloads = plural(len(group), "{n} activation payload", "{n} activation payloads")
    said = _(
        "{payloads} (messages by which a phone registers itself), recognised as {title}; {sure}."
    ).format(payloads=payloads, title=spoken(first.title), sure=_(CONFIDENCES[first.confidence]))
    form = [_("Sent as {form}.").format(form=_(first.encoding))] if first.encoding else []
    of = {name: number(found[name]) if found[name] else _("none") for name in STATUSES[1:]}
    steps = _(
        "Of these {n}, the server confirmed receipt of {delivered}, answered {answered} and said of "
        "{accepted} that it accepted it."
    ).format(n=number(len(group)), **of)
    return " ".join((said, *form, _databases_say(first, places), steps))


def _databases_say(ping: Ping, places: Whereabouts) -> str:
    """Each claim with its source; where they contradict each other, that they do and no place."""
    address, whither = ping.destination.address, _whither(ping)
    place = places.place(address)
    if place is None:
        return _("Where {whither} is was not looked up.").format(whither=whither)
    if places.is_disputed(address):
        return _(
            "What databases say of {whither} is contradicted; the table of destinations shows what each says."
        ).format(whither=whither)
    return _("What databases say of {whither}: {where}.").format(whither=whither, where=place_line(place))


def _tried(report: Report) -> str:
    """Attempts that carried no request: the first group, and how many more."""
    groups = [group for group in ping_groups(report) if group[0].message is None]
    if not groups:
        return ""
    first = groups[0][0]
    said = _("{attempts} of {device} to reach {whither} carried no request that was seen.").format(
        attempts=plural(len(groups[0]), "{n} attempt", "{n} attempts"),
        device=named_device(report, first.device),
        whither=_whither(first),
    )
    if more := sum(map(len, groups[1:])):
        left = plural(
            more,
            "And {n} more attempt from or to others, in the table below.",
            "And {n} more attempts from or to others, in the table below.",
        )
        return f"{said} {left}"
    return said


def _whither(ping: Ping) -> str:
    return f"{ping.host} ({ping.destination})" if ping.host else str(ping.destination)


def _nothing_found(report: Report) -> str:
    """That nothing was found, within what was searched, and that this proves nothing."""
    if is_recorded(report) and not amount(rows_of(report, "searched")).packets:
        said = _(NOTHING_SEARCHED)
    elif is_recorded(report):
        said = _(
            "In what was searched, {searched}, no identifier of the phone or its SIM was found and no "
            "activation payload was recognised."
        ).format(searched=searched(report))
    else:
        said = _(
            "In what was searched, no identifier of the phone or its SIM was found and no activation payload "
            "was recognised."
        )
    return " ".join(filter(None, (said, _(NOT_PROOF), encrypted(report))))


def _encrypted(report: Report) -> Iterator[str]:
    if said := encrypted(report):
        unknown = _("What these held is not known.")
        yield f"{said} {unknown}"


def _recipients(report: Report) -> str:
    """To whom the messages with such values went, most frequent first, and that none is a known payload.

    Empty where a payload was recognised: then that is what is told.
    """
    if has_payload(report):
        return ""
    messages = messages_by_number(report)
    numbers = {finding.message for finding in report.findings if counts(finding)}
    to: dict[str, int] = {}
    for message in (messages[key] for key in sorted(numbers) if key in messages):
        name = f"{message.host} ({message.destination})" if message.host else str(message.destination)
        to[name] = to.get(name, 0) + 1
    if not to:
        return _("No activation payload was recognised.")
    ranked = sorted(to, key=lambda name: -to[name])
    named = [f"{name} ({plural(to[name], '{n} message', '{n} messages')})" for name in ranked[:_NAMED]]
    if left := ranked[_NAMED:]:
        more = plural(len(left), "{n} more recipient", "{n} more recipients")
        times = plural(sum(to[name] for name in left), "{n} message", "{n} messages")
        named.append(f"{more} ({times})")
    sent = _("They were sent to {recipients}.").format(recipients=", ".join(named))
    return f"{sent} {_(NO_PAYLOAD)}"


def _by_kind(groups: list[list[Finding]]) -> str:
    """ "IMEI (2 different values, 14 times), ICCID (7 times)"."""
    kinds = grouped(groups, lambda group: group[0].kind)
    return few([f"{kind_name(values[0][0].kind)} ({_times(values)})" for values in kinds], _KINDS)


def _times(values: list[list[Finding]]) -> str:
    times = plural(sum(map(len, values)), "{n} time", "{n} times")
    if len(values) == 1:
        return times
    return _("{values}, {times}").format(
        values=plural(len(values), "{n} value", "{n} different values"), times=times
    )


def _known(report: Report) -> str:
    said = [f"{kind_name(kind.kind)} {_seen(kind)}" for kind in report.known]
    return _("Of the identifiers the owner gave: {said}.").format(said=", ".join(said)) if said else ""


def _seen(kind: KnownKind) -> str:
    return plural(kind.times, "seen {n} time", "seen {n} times") if kind.seen else _("not seen")


# ── regions ─────────────────────────────────────────────────────────────────


def _regions(report: Report, where: Whereabouts) -> str:
    """What went to the regions of the scope, each for itself and never summed."""
    codes = report.scope.regions
    said = [_region(report, code, where) for code in codes[:_REGIONS]]
    if (left := len(codes) - _REGIONS) > 0:
        said.append(
            plural(left, "{n} more region is in the table below.", "{n} more regions are in the table below.")
        )
    return " ".join(said)


def _region(report: Report, code: str, where: Whereabouts) -> str:
    located, disputed, other = region_traffic(report, code, where)
    name = f"{country(code)} ({code})" if country(code) != code else code
    if located.addresses:
        said = [_("{region}: {packets} went to {addresses} that databases place there.")]
    else:
        said = [
            _(
                "{region}: of the packets whose receiver could be read, none went to an address that "
                "databases agree to place there."
            )
        ]
    totals = [located]
    if disputed.addresses:
        said.append(_("{packets} went to {addresses} whose place is disputed."))
        totals.append(disputed)
    if other.addresses:
        said.append(
            _(
                "Not located there, but connected with {region} by a registry, the network's operator or a "
                "second database: {packets} to {addresses}."
            )
        )
        totals.append(other)
    return " ".join(
        text.format(region=name, packets=_packets(total), addresses=_addresses(total))
        for text, total in zip(said, totals, strict=True)
    )


def _packets(total: RegionTotal) -> str:
    return plural(total.packets_up, "{n} packet", "{n} packets")


def _addresses(total: RegionTotal) -> str:
    return plural(total.addresses, "{n} address", "{n} addresses")
