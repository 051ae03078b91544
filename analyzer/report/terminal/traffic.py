"""The terminal's second part: region servers, all destinations, devices, readable messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from analyzer.model import UNANSWERED, Destination, Device, Message, Name
from analyzer.report.groups import (
    RegionTotal,
    grouped,
    named_only,
    named_under,
    region_addresses,
    region_totals,
    traffic,
)
from analyzer.report.language import _, decimal, mark, number, plural
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.local_time import moment
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import byte_size, clock, percent, span, tally
from analyzer.report.view import ReportView
from analyzer.report.wireshark import address_filter
from analyzer.report.wording import (
    WRITTEN,
    clue_line,
    first_name,
    hello_facts,
    known_by,
    name_text,
    network,
    place_line,
    suggestions,
    today_line,
    where,
)

_LISTED = 10  # rows of a table unless all are asked for
_ARROWS = mark("↑ sent by the device, ↓ received")
_LINKED = mark(
    "linked otherwise: not located there; a registry, the network's operator or a second database says so"
)
_REGION = (
    mark("region"), mark("addresses"), mark("packets ↑"), mark("packets ↓"), mark("bytes ↑"), mark("bytes ↓"),
)  # fmt: skip


# ── servers of the region ───────────────────────────────────────────────────


def regions_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    title = _("Packets to servers of {regions}").format(regions=", ".join(report.scope.regions))
    legend = lines(_(_ARROWS), _(_LINKED), style="dim")
    headers = [_(heading) for heading in _REGION]
    totals = table(headers, [_total_row(total) for total in region_totals(report)], headers[1:])
    yield section(title, legend, totals, *_region_blocks(view))


def _total_row(total: RegionTotal) -> tuple[str, ...]:
    claim = _("located there") if total.located else _("linked otherwise")
    counts = (total.addresses, total.packets_up, total.packets_down)
    sizes = (byte_size(total.bytes_up), byte_size(total.bytes_down))
    return (f"{total.code} {claim}", *map(number, counts), *sizes)


def _region_blocks(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    groups = region_addresses(report)
    for group in view.some(groups, _LISTED):
        yield Text()
        yield _address(group, view)
    yield from view.rest(groups, _LISTED, mark("addresses"))
    if groups:
        yield Text()
        yield facts([("Wireshark", address_filter(group[0].address for group in groups))])
    if named := [f"{name} ({address})" for name, address in named_only(report)]:
        yield Text()
        yield say(_("Names under a domain of the region, at addresses that no source links to it:"))
        yield indented(*map(say, view.some(named, _LISTED)), *view.rest(named, _LISTED, mark("names")))


def _address(group: Sequence[Destination], view: ReportView) -> RenderableType:
    head = say(f"{group[0].address}  {_claims(group, view.report.scope.regions)}", "bold")
    return Group(head, indented(facts(_address_facts(group, view))))


def _claims(group: Sequence[Destination], regions: Sequence[str]) -> str:
    """The claims that link the address to the scope: "located, registered, named: CN"."""
    opinions = group[0].place.opinions if group[0].place else ()
    names = [name for row in group for name in row.names]
    named = [(code, "named") for code in regions if any(named_under(name, code) for name in names)]
    claims = [*((o.code, o.claim) for o in opinions if o.code and o.code in regions), *named]
    by_code = grouped(claims, lambda claim: claim[0])
    return "; ".join(f"{', '.join(_(claim) for _code, claim in same)}: {same[0][0]}" for same in by_code)


def _address_facts(group: Sequence[Destination], view: ReportView) -> Iterator[tuple[str, str]]:
    place = group[0].place
    yield _("names"), _names([name for row in group for name in row.names])
    if place:
        yield _("verdict"), spoken(place.verdict)
        yield _("sources"), place_line(place)
        yield _("today"), today_line(place)
    for row in group:
        yield f"{row.protocol}/{row.port}" if row.port else row.protocol, _way(row, view)
    yield from _cautions(group)


def _cautions(group: Sequence[Destination]) -> Iterator[tuple[str, str]]:
    """What speaks against taking the address for the destination, or for where databases put it."""
    yield _("may hide"), "; ".join(dict.fromkeys(spoken(said) for row in group for said in row.hides))
    yield _("inside"), "; ".join(dict.fromkeys(spoken(said) for row in group for said in row.inside))
    yield _("guess"), "; ".join(dict.fromkeys(spoken(said) for row in group for said in row.guesses))
    yield _("against"), "; ".join(dict.fromkeys(spoken(said) for row in group for said in row.contradictions))


def _way(row: Destination, view: ReportView) -> str:
    packets = plural(row.packets_up, "{n} packet", "{n} packets")
    flows = plural(row.flows, "{n} flow", "{n} flows")
    said = _(
        "{device}: {packets} ↑ {packets_down} ↓, {up} ↑ {down} ↓ in {flows} ({kinds}); {first} to {last}; "
        "ended: {ended}"
    ).format(
        device=view.device(row.device), packets=packets, packets_down=number(row.packets_down),
        up=byte_size(row.bytes_up), down=byte_size(row.bytes_down), flows=flows, kinds=tally(row.kinds),
        first=moment(row.first_ns), last=moment(row.last_ns), ended=_tallied(row.ended),
    )  # fmt: skip
    return "; ".join((said, *_measured(row)))


def _tallied(counts: Mapping[str, int]) -> str:
    return tally({spoken(name): times for name, times in counts.items()})


def _measured(row: Destination) -> Iterator[str]:
    payload = row.payload_up + row.payload_down
    if payload:
        yield _("readable {share} of {size} of payload").format(
            share=percent(row.payload_readable, payload), size=byte_size(payload)
        )
    yield from hello_facts(row)
    if row.delivered:
        yield _("data sent: {counts}").format(counts=_tallied(row.delivered))
    if row.resent_up or row.resent_down:
        yield _("repeated or out of order {up} ↑ {down} ↓").format(
            up=number(row.resent_up), down=number(row.resent_down)
        )
    if row.min_rtt_us is not None:
        yield _("least round trip {time} ({of})").format(time=_short(row.min_rtt_us), of=row.rtt_of)


def _names(names: Sequence[Name]) -> str:
    unique = {(name.name, name.how): name for name in reversed(names)}
    found = [f"{name_text(name)} ({', '.join(_known_by(name))})" for name in reversed(unique.values())]
    return ", ".join(found) or _("none seen in the capture")


def _short(microseconds: int) -> str:
    """Below a second in milliseconds."""
    return span(microseconds * 1000) if microseconds >= 1_000_000 else f"{microseconds / 1000:,.3g} ms"


def _known_by(name: Name) -> Iterator[str]:
    """How a name is known: "dns, frame 12, by way of …, valid 60 s, asked by …, 5 ms before"."""
    yield (
        _(WRITTEN)
        if name.how == "file"
        else _("{how}, frame {number}").format(how=name.how, number=name.frame)
    )
    if name.chain:
        yield _("by way of {names}").format(names=" › ".join(name.chain))
    if name.ttl is not None:
        yield _("valid {n} s").format(n=number(name.ttl))
    if name.asked_by:
        yield _("asked by {address}").format(address=name.asked_by)
    if name.before_us is not None:
        yield _("answered {time} before").format(time=_short(name.before_us))
    if name.via:
        yield name.via


# ── all destinations ────────────────────────────────────────────────────────


def destinations_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    rows = sorted(report.destinations, key=traffic, reverse=True)
    if not rows:
        return
    many = len(report.devices) > 1
    headers = (_("destination"), _("located, network"), _("packets"), _("bytes"), _("carried"))
    cells = [_destination_row(row, many, view) for row in view.some(rows, _LISTED)]
    title = _("All destinations, by bytes ({n})").format(n=number(len(rows)))
    yield section(title, table(headers, cells, headers[2:4]), *view.rest(rows, _LISTED, mark("rows")))


def _destination_row(row: Destination, many: bool, view: ReportView) -> tuple[str | Text, ...]:
    port = f"{row.protocol}/{row.port}" if row.port else row.protocol
    name = [first_name(row.names)] if row.names else []
    device = [_("from {device}").format(device=view.device(row.device))] if many else []
    packets = lines(f"{number(row.packets_up)} ↑", f"{number(row.packets_down)} ↓")
    sizes = lines(f"{byte_size(row.bytes_up)} ↑", f"{byte_size(row.bytes_down)} ↓")
    return (
        lines(*name, f"{row.address} {port}", *device),
        _whereabouts(row),
        packets,
        sizes,
        lines(
            *_carried(row),
            *(_("inside {what}").format(what=spoken(said)) for said in row.inside),
            *map(spoken, (*row.hides, *row.contradictions)),
        ),
    )


def _carried(row: Destination) -> Iterator[str]:
    """What kinds of flow, in which versions, and how much of it anyone on the way can read."""
    yield _tallied(row.kinds)
    if row.versions:
        yield tally(row.versions)
    if payload := row.payload_up + row.payload_down:
        yield _("readable {share}").format(share=percent(row.payload_readable, payload))
    if row.entropy is not None and not row.guesses:
        yield _("{n} bits a byte").format(n=decimal(f"{row.entropy:.1f}"))
    yield from map(spoken, row.guesses)


def _whereabouts(row: Destination) -> Text:
    told = row.place is not None and row.place.special is None
    return lines(spoken(where(row.place)), *([network(row.place)] if told and row.place else []))


# ── devices ─────────────────────────────────────────────────────────────────


def devices_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.devices:
        return
    rows = sorted(report.devices, key=lambda device: -device.bytes)
    headers = (
        _("device"), _("addresses"), _("names and vendor"), _("packets"), _("bytes"), _("readable"),
    )  # fmt: skip
    cells = [_device_row(device) for device in view.some(rows, _LISTED)]
    clues = [block for device in view.some(rows, _LISTED) for block in _clues(device, view)]
    yield section(
        _("Devices"),
        table(headers, cells, headers[3:]),
        *view.rest(rows, _LISTED, mark("devices")),
        *clues,
    )


def _clues(device: Device, view: ReportView) -> Iterator[RenderableType]:
    """What speaks for what a device is."""
    if device.clues:
        yield Text()
        yield say(
            _("{device}: what speaks for what it is (clues, no proof)").format(device=view.device(device.id))
        )
        yield indented(bullets([*suggestions(device.clues), *map(clue_line, device.clues)]))


def _device_row(device: Device) -> tuple[str, ...]:
    names = dict.fromkeys(f"{name.name} ({known_by(name)})" for name in device.names)
    known_as = ", ".join((*names, *([device.vendor] if device.vendor else [])))
    readable = percent(device.payload_readable, device.payload) if device.payload else ""
    sizes = (number(device.packets), byte_size(device.bytes), readable)
    return (device.id, ", ".join(device.addresses), known_as, *sizes)


# ── readable messages ───────────────────────────────────────────────────────


def messages_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.messages:
        return
    build = _each_message if view.verbose else _message_groups
    requests = sum(message.role == "request" for message in report.messages)
    responses = len(report.messages) - requests
    said = (
        plural(requests, "{n} request", "{n} requests"), plural(responses, "{n} response", "{n} responses"),
    )  # fmt: skip
    yield section(_("Readable messages: {said}").format(said=", ".join(said)), *build(view))


def _message_groups(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    requests = [message for message in report.messages if message.role == "request"]
    statuses = {m.number: m.status for m in report.messages if m.role == "response"}
    groups = grouped(requests, lambda m: (m.host, m.destination, m.method, m.tunnel))
    groups.sort(key=len, reverse=True)
    headers = (_("destination"), _("sent"), _("messages"), _("answered"), _("bytes"))
    cells = [_message_row(group, statuses) for group in view.some(groups, _LISTED)]
    yield table(headers, cells, (headers[2], headers[4]))
    yield from view.rest(groups, _LISTED, mark("groups"))


def _message_row(group: list[Message], statuses: dict[int, int | None]) -> tuple[str | Text, ...]:
    first = group[0]
    through = _("through {said}").format(said=", ".join(first.tunnel)) if first.tunnel else ""
    target = lines(*(text for text in (first.host, str(first.destination), through) if text))
    answers = tally(_answers(group, statuses))
    return (
        target,
        f"{first.protocol} {first.method or ''}".strip(),
        number(len(group)),
        answers,
        byte_size(sum(message.body.length for message in group)),
    )


def _answers(group: list[Message], statuses: dict[int, int | None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for message in group:
        status = statuses.get(message.peer or 0)
        word = f"× {_('a reply') if status is None else status}"
        if message.peer not in statuses:
            word = _("without answer") if UNANSWERED in message.missing else _("no answer is due")
        counts[word] = counts.get(word, 0) + 1
    return counts


def _each_message(view: ReportView) -> Iterator[RenderableType]:
    headers = (_("no."), _("time"), _("message"), _("frames"))
    yield table(headers, [_full_row(message, view) for message in view.report.messages])


def _full_row(message: Message, view: ReportView) -> tuple[str | Text, ...]:
    if message.role == "request" or message.method:  # an MQTT broker publishes, too
        said = f"{message.method or '?'} {message.host or message.destination} {message.target or ''}"
    else:
        status = "" if message.status is None else f"{message.status} "
        said = _("{answer} to {destination}").format(
            answer=f"{status or '? '}{message.reason or ''}", destination=message.destination
        )
    missing = [_("missing: {what}").format(what=spoken(text)) for text in message.missing]
    return (
        str(message.number),
        clock(message.time_ns),
        lines(said, *missing),
        view.frames([message.evidence]),
    )
