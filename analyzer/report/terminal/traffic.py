"""The terminal's second part: region servers, all destinations, devices, readable messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.units import byte_size, clock, counted, percent, span, tally
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
_ARROWS = "↑ sent by the device, ↓ received"
_LINKED = (
    "linked otherwise: not located there; a registry, the network's operator or a second database says so"
)
_NUMBERS = ("addresses", "packets ↑", "packets ↓", "bytes ↑", "bytes ↓", "messages", "packets", "bytes")


# ── servers of the region ───────────────────────────────────────────────────


def regions_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    title = f"Packets to servers of {', '.join(report.scope.regions)}"
    legend = lines(_ARROWS, _LINKED, style="dim")
    headers = ("region", "addresses", "packets ↑", "packets ↓", "bytes ↑", "bytes ↓")
    totals = table(headers, [_total_row(total) for total in region_totals(report)], _NUMBERS)
    yield section(title, legend, totals, *_region_blocks(view))


def _total_row(total: RegionTotal) -> tuple[str, ...]:
    claim = "located there" if total.located else "linked otherwise"
    counts = (total.addresses, total.packets_up, total.packets_down)
    sizes = (byte_size(total.bytes_up), byte_size(total.bytes_down))
    return (f"{total.code} {claim}", *(f"{count:,}" for count in counts), *sizes)


def _region_blocks(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    groups = region_addresses(report)
    for group in view.some(groups, _LISTED):
        yield Text()
        yield _address(group, report.scope.regions)
    yield from view.rest(groups, _LISTED, "addresses")
    if groups:
        yield Text()
        yield facts([("Wireshark", address_filter(group[0].address for group in groups))])
    if named := [f"{name} ({address})" for name, address in named_only(report)]:
        yield Text()
        yield say("Names under a domain of the region, at addresses that no claim links to it:")
        yield indented(*map(say, view.some(named, _LISTED)), *view.rest(named, _LISTED, "names"))


def _address(group: Sequence[Destination], regions: Sequence[str]) -> RenderableType:
    head = say(f"{group[0].address}  {_claims(group, regions)}", "bold")
    return Group(head, indented(facts(_address_facts(group))))


def _claims(group: Sequence[Destination], regions: Sequence[str]) -> str:
    """The claims that link the address to the scope: "located, registered, named: CN"."""
    opinions = group[0].place.opinions if group[0].place else ()
    names = [name for row in group for name in row.names]
    named = [(code, "named") for code in regions if any(named_under(name, code) for name in names)]
    claims = [*((o.code, o.claim) for o in opinions if o.code in regions), *named]
    by_code = grouped(claims, lambda claim: claim[0])
    return "; ".join(f"{', '.join(claim for _, claim in same)}: {same[0][0]}" for same in by_code)


def _address_facts(group: Sequence[Destination]) -> Iterator[tuple[str, str]]:
    place = group[0].place
    yield "names", _names([name for row in group for name in row.names])
    if place:
        yield "verdict", place.verdict
        yield "sources", place_line(place)
        yield "today", today_line(place)
    for row in group:
        yield f"{row.protocol}/{row.port}" if row.port else row.protocol, _way(row)
    yield from _cautions(group)


def _cautions(group: Sequence[Destination]) -> Iterator[tuple[str, str]]:
    """What speaks against taking the address for the destination, or for where databases put it."""
    yield "may hide", "; ".join(dict.fromkeys(said for row in group for said in row.hides))
    yield "inside", "; ".join(dict.fromkeys(said for row in group for said in row.inside))
    yield "guess", "; ".join(dict.fromkeys(said for row in group for said in row.guesses))
    yield "against", "; ".join(dict.fromkeys(said for row in group for said in row.contradictions))


def _way(row: Destination) -> str:
    return (
        f"device {row.device}: {counted(row.packets_up, 'packet')} ↑ {row.packets_down:,} ↓, "
        f"{byte_size(row.bytes_up)} ↑ {byte_size(row.bytes_down)} ↓ in {counted(row.flows, 'flow')} "
        f"({tally(row.kinds)}); {clock(row.first_ns)} to {clock(row.last_ns)}; ended: {tally(row.ended)}"
        f"{''.join(f'; {said}' for said in _measured(row))}"
    )


def _measured(row: Destination) -> Iterator[str]:
    payload = row.payload_up + row.payload_down
    if payload:
        yield f"readable {percent(row.payload_readable, payload)} of {byte_size(payload)} of payload"
    yield from hello_facts(row)
    if row.delivered:
        yield f"data sent: {tally(row.delivered)}"
    if row.resent_up or row.resent_down:
        yield f"repeated or out of order {row.resent_up:,} ↑ {row.resent_down:,} ↓"
    if row.min_rtt_us is not None:
        yield f"least round trip {_short(row.min_rtt_us)} ({row.rtt_of})"


def _names(names: Sequence[Name]) -> str:
    unique = {(name.name, name.how): name for name in reversed(names)}
    found = [f"{name_text(name)} ({', '.join(_known_by(name))})" for name in reversed(unique.values())]
    return ", ".join(found) or "none seen in the capture"


def _short(microseconds: int) -> str:
    """Below a second in milliseconds."""
    return span(microseconds * 1000) if microseconds >= 1_000_000 else f"{microseconds / 1000:,.3g} ms"


def _known_by(name: Name) -> Iterator[str]:
    """How a name is known: "dns, frame 12, by way of …, valid 60 s, asked by …, 5 ms before"."""
    yield WRITTEN if name.how == "file" else f"{name.how}, frame {name.frame}"
    if name.chain:
        yield f"by way of {' › '.join(name.chain)}"
    if name.ttl is not None:
        yield f"valid {name.ttl:,} s"
    if name.asked_by:
        yield f"asked by {name.asked_by}"
    if name.before_us is not None:
        yield f"answered {_short(name.before_us)} before"
    if name.via:
        yield name.via


# ── all destinations ────────────────────────────────────────────────────────


def destinations_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    rows = sorted(report.destinations, key=traffic, reverse=True)
    if not rows:
        return
    many = len(report.devices) > 1
    headers = ("destination", "located, network", "packets", "bytes", "carried")
    cells = [_destination_row(row, many) for row in view.some(rows, _LISTED)]
    title = f"All destinations, by bytes ({len(rows):,})"
    yield section(title, table(headers, cells, _NUMBERS), *view.rest(rows, _LISTED, "rows"))


def _destination_row(row: Destination, many: bool) -> tuple[str | Text, ...]:
    port = f"{row.protocol}/{row.port}" if row.port else row.protocol
    name = [first_name(row.names)] if row.names else []
    device = [f"from {row.device}"] if many else []
    packets = lines(f"{row.packets_up:,} ↑", f"{row.packets_down:,} ↓")
    sizes = lines(f"{byte_size(row.bytes_up)} ↑", f"{byte_size(row.bytes_down)} ↓")
    return (
        lines(*name, f"{row.address} {port}", *device),
        _whereabouts(row),
        packets,
        sizes,
        lines(*_carried(row), *(f"inside {said}" for said in row.inside), *row.hides, *row.contradictions),
    )


def _carried(row: Destination) -> Iterator[str]:
    """What kinds of flow, in which versions, and how much of it anyone on the way can read."""
    yield tally(row.kinds)
    if row.versions:
        yield tally(row.versions)
    if payload := row.payload_up + row.payload_down:
        yield f"readable {percent(row.payload_readable, payload)}"
    if row.entropy is not None and not row.guesses:
        yield f"{row.entropy:.1f} bits a byte"
    yield from row.guesses


def _whereabouts(row: Destination) -> Text:
    told = row.place is not None and row.place.special is None
    return lines(where(row.place), *([network(row.place)] if told and row.place else []))


# ── devices ─────────────────────────────────────────────────────────────────


def devices_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.devices:
        return
    rows = sorted(report.devices, key=lambda device: -device.bytes)
    headers = ("device", "addresses", "names and vendor", "packets", "bytes", "readable")
    cells = [_device_row(device) for device in view.some(rows, _LISTED)]
    clues = [block for device in view.some(rows, _LISTED) for block in _clues(device)]
    yield section(
        "Devices",
        table(headers, cells, ("packets", "bytes", "readable")),
        *view.rest(rows, _LISTED, "devices"),
        *clues,
    )


def _clues(device: Device) -> Iterator[RenderableType]:
    """What speaks for what a device is."""
    if device.clues:
        yield Text()
        yield say(f"{device.id}: what speaks for what it is (clues, no proof)")
        yield indented(bullets([*suggestions(device.clues), *map(clue_line, device.clues)]))


def _device_row(device: Device) -> tuple[str, ...]:
    names = dict.fromkeys(f"{name.name} ({known_by(name)})" for name in device.names)
    known_as = ", ".join((*names, *([device.vendor] if device.vendor else [])))
    readable = percent(device.payload_readable, device.payload) if device.payload else ""
    sizes = (f"{device.packets:,}", byte_size(device.bytes), readable)
    return (device.id, ", ".join(device.addresses), known_as, *sizes)


# ── readable messages ───────────────────────────────────────────────────────


def messages_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.messages:
        return
    build = _each_message if view.verbose else _message_groups
    requests = sum(message.role == "request" for message in report.messages)
    responses = len(report.messages) - requests
    said = f"{counted(requests, 'request')}, {counted(responses, 'response')}"
    yield section(f"Readable messages: {said}", *build(view))


def _message_groups(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    requests = [message for message in report.messages if message.role == "request"]
    statuses = {m.number: m.status for m in report.messages if m.role == "response"}
    groups = grouped(requests, lambda m: (m.host, m.destination, m.method, m.tunnel))
    groups.sort(key=len, reverse=True)
    headers = ("destination", "sent", "messages", "answered", "bytes")
    cells = [_message_row(group, statuses) for group in view.some(groups, _LISTED)]
    yield table(headers, cells, ("messages", "bytes"))
    yield from view.rest(groups, _LISTED, "groups")


def _message_row(group: list[Message], statuses: dict[int, int | None]) -> tuple[str | Text, ...]:
    first = group[0]
    through = f"through {', '.join(first.tunnel)}" if first.tunnel else ""
    target = lines(*(text for text in (first.host, str(first.destination), through) if text))
    answers = tally(_answers(group, statuses))
    return (
        target,
        f"{first.protocol} {first.method or ''}".strip(),
        f"{len(group):,}",
        answers,
        byte_size(sum(message.body.length for message in group)),
    )


def _answers(group: list[Message], statuses: dict[int, int | None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for message in group:
        status = statuses.get(message.peer or 0)
        word = f"× {'a reply' if status is None else status}"
        if message.peer not in statuses:
            word = "without answer" if UNANSWERED in message.missing else "no answer is due"
        counts[word] = counts.get(word, 0) + 1
    return counts


def _each_message(view: ReportView) -> Iterator[RenderableType]:
    headers = ("no.", "time", "message", "frames")
    yield table(headers, [_full_row(message, view) for message in view.report.messages])


def _full_row(message: Message, view: ReportView) -> tuple[str | Text, ...]:
    if message.role == "request" or message.method:  # an MQTT broker publishes, too
        said = f"{message.method or '?'} {message.host or message.destination} {message.target or ''}"
    else:
        status = "" if message.status is None else f"{message.status} "
        said = f"{status or '? '}{message.reason or ''} to {message.destination}"
    missing = [f"missing: {text}" for text in message.missing]
    return (
        str(message.number),
        clock(message.time_ns),
        lines(said, *missing),
        view.frames([message.evidence]),
    )
