"""What a report lists → rows of tables, bounded, the most telling first, with what was left out counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.model import UNANSWERED, Destination, Device, DocumentedName, Finding, Message, Report, Session
from analyzer.report.countries import country
from analyzer.report.groups import finding_groups, grouped, messages_by_number, traffic
from analyzer.report.headline import device_name, own_name
from analyzer.report.html.where import Frames, frames_of
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import byte_size, clock, percent, tally
from analyzer.report.wording import (
    FACTS,
    called,
    clue_line,
    first_name,
    is_worth_checking,
    kind_name,
    network,
    place_line,
    suggestions,
    today_line,
    where,
)

MOST = {"identifiers": 300, "destinations": 1_500, "devices": 300, "messages": 500, "others": 200}
_VALUE = 300  # characters
_LISTED = 4


@dataclass(frozen=True)
class TableCell:
    """What a cell shows, and what it is sorted by where that isn't its text."""

    lines: tuple[str, ...]
    sort: int | str | None = None
    code: bool = False
    tag: str = ""


@dataclass(frozen=True)
class Listing:
    """A table; `in_scope` says of each row whether it is set off."""

    id: str
    headers: tuple[tuple[str, bool], ...]  # text, and whether it is of numbers
    rows: tuple[tuple[TableCell, ...], ...]
    in_scope: tuple[bool, ...]
    left_out: int
    total: int


def listing(
    name: str,
    headers: Sequence[tuple[str, bool]],
    entries: Iterable[tuple[tuple[TableCell, ...], bool]],
    total: int,
) -> Listing:
    shown = list(entries)
    return Listing(
        id=name,
        headers=tuple((_(text), numbers) for text, numbers in headers),
        rows=tuple(row for row, _scope in shown),
        in_scope=tuple(scope for _row, scope in shown),
        left_out=total - len(shown),
        total=total,
    )


def text(*lines: str, code: bool = False, tag: str = "") -> TableCell:
    return TableCell(tuple(clip(line, _VALUE) for line in lines if line), code=code, tag=tag)


def count(value: int, shown: str = "") -> TableCell:
    return TableCell((shown or number(value),), value)


# ── identifiers ─────────────────────────────────────────────────────────────

_IDENTIFIERS = (
    (mark("What it is"), False),
    (mark("Value"), False),
    (mark("Confidence"), False),
    (mark("Seen"), True),
    (mark("Sent to"), False),
    (mark("Where it stood"), False),
    (mark("Why it is called that"), False),
    (mark("Frames"), False),
)
_RANK = {"high": 0, "medium": 1, "low": 2}


def identifiers(report: Report) -> Listing:
    """Each value once: identifiers, then what else was told about the phone."""
    groups = [group for group in finding_groups(report) if not is_worth_checking(group[0])]
    groups.sort(key=lambda group: group[0].kind in FACTS)
    return _listed("identifiers", groups, report)


def numbers(report: Report) -> Listing:
    """Values of the class `number worth checking`, each once."""
    groups = [group for group in finding_groups(report) if is_worth_checking(group[0])]
    return _listed("numbers", groups, report)


def _listed(name: str, groups: Sequence[list[Finding]], report: Report) -> Listing:
    messages = messages_by_number(report)
    entries = ((_identifier(group, messages, report), False) for group in groups[: MOST["identifiers"]])
    return listing(name, _IDENTIFIERS, entries, len(groups))


def _identifier(group: list[Finding], messages: dict[int, Message], report: Report) -> tuple[TableCell, ...]:
    first = group[0]
    to = _times(_recipient(messages.get(f.message)) for f in group)
    at = _times(str(f.evidence) or f.name for f in group)
    frames: Frames = frames_of((f.evidence for f in group), report)
    said = kind_name(first.kind) if first.kind in FACTS else called(first)
    about = [f"{key}: {value}" for key, value in first.details.items()][:_LISTED]
    return (
        text(said, _owner(first)),
        text(first.value, code=True),
        TableCell((_(first.confidence),), _RANK.get(first.confidence, 3), tag=first.confidence),
        count(len(group)),
        text(*to),
        text(*at),
        text(*map(spoken, first.reasons[:6]), *about),
        text(frames.text),
    )


def _owner(finding: Finding) -> str:
    if finding.known is None:
        return ""
    return _("equal to one the owner gave") if finding.known else _("not one the owner gave")


def _recipient(message: Message | None) -> str:
    if message is None:
        return _("unknown")
    return f"{message.host} ({message.destination})" if message.host else str(message.destination)


def _times(texts: Iterable[str]) -> list[str]:
    """Each text with how often, where there are several."""
    counts = _counts(texts)
    return [said if len(counts) == 1 else f"{number(times)} × {said}" for said, times in counts.items()]


def _counts(texts: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for said in texts:
        counts[said] = counts.get(said, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:_LISTED])


# ── destinations ────────────────────────────────────────────────────────────

_DESTINATIONS = (
    (mark("Destination"), False),
    (mark("Located"), False),
    (mark("What each source says"), False),
    (mark("Packets ↑"), True),
    (mark("Packets ↓"), True),
    (mark("Bytes ↑"), True),
    (mark("Bytes ↓"), True),
    (mark("Readable"), True),
    (mark("What was carried"), False),
)


def destinations(report: Report) -> Listing:
    """Those of the scope first, then by bytes."""
    rows = sorted(report.destinations, key=lambda row: (not row.scope_claims, -traffic(row)))
    many = len(report.devices) > 1
    named = {device.id: device for device in report.devices}
    entries = (
        (_destination(row, many, named.get(row.device)), bool(row.scope_claims))
        for row in rows[: MOST["destinations"]]
    )
    return listing("destinations", _DESTINATIONS, entries, len(rows))


def _destination(row: Destination, many: bool, known: Device | None) -> tuple[TableCell, ...]:
    port = f"{row.protocol}/{row.port}" if row.port else row.protocol
    name = first_name(row.names) if row.names else ""
    device = _("from {device}").format(device=device_name(row.device, known)) if many else ""
    payload = row.payload_up + row.payload_down
    share = percent(row.payload_readable, payload) if payload else ""
    return (
        text(name, f"{row.address} {port}", device),
        _located(row),
        text(*_said(row)),
        count(row.packets_up),
        count(row.packets_down),
        count(row.bytes_up, byte_size(row.bytes_up)),
        count(row.bytes_down, byte_size(row.bytes_down)),
        TableCell((share,), round(1000 * row.payload_readable / payload) if payload else -1),
        text(*_carried(row)),
    )


def _located(row: Destination) -> TableCell:
    code = row.place.code("located") if row.place else None
    return TableCell((f"{country(code)} ({code})",)) if code else text(spoken(where(row.place)))


def _said(row: Destination) -> Iterator[str]:
    if row.place is None or row.place.special:
        return
    if row.scope_claims:
        yield place_line(row.place)
        today = today_line(row.place)
        yield _("today: {said}").format(said=today) if today else ""
    else:
        yield network(row.place)
        if not row.place.verdict.startswith("agree"):
            yield place_line(row.place)
    yield from row.contradictions[:_LISTED]


def _carried(row: Destination) -> Iterator[str]:
    yield tally(_spoken(row.kinds))
    yield tally(row.versions)
    yield _("ended: {said}").format(said=tally(_spoken(row.ended))) if row.ended else ""
    yield from map(spoken, (*row.guesses[:_LISTED], *row.hides[:_LISTED], *row.inside[:_LISTED]))


def _spoken(counts: Mapping[str, int]) -> dict[str, int]:
    return {spoken(name): times for name, times in counts.items()}


# ── devices, messages, what else was seen ───────────────────────────────────

_DEVICES = (
    (mark("Device"), False),
    (mark("Addresses"), False),
    (mark("Names and maker"), False),
    (mark("Packets"), True),
    (mark("Bytes"), True),
    (mark("Readable"), True),
    (mark("What speaks for what it is (clues, no proof)"), False),
)


def devices(report: Report) -> Listing:
    rows = sorted(report.devices, key=lambda device: -device.bytes)
    entries = []
    for device in rows[: MOST["devices"]]:
        known = dict.fromkeys([*(name.name for name in device.names), device.vendor or ""])
        told = [*suggestions(device.clues), *map(clue_line, device.clues)]
        share = percent(device.payload_readable, device.payload) if device.payload else ""
        cells = (
            text(own_name(device), device.id, code=True),
            text(*device.addresses[:8]),
            text(*list(known)[:8]),
            count(device.packets),
            count(device.bytes, byte_size(device.bytes)),
            TableCell(
                (share,), round(1000 * device.payload_readable / device.payload) if device.payload else -1
            ),
            text(*told[:12]),
        )
        entries.append((cells, False))
    return listing("devices", _DEVICES, entries, len(rows))


_MESSAGES = (
    (mark("To"), False),
    (mark("Sent as"), False),
    (mark("Requests"), True),
    (mark("Answered"), False),
    (mark("Bytes of bodies"), True),
    (mark("First seen"), False),
    (mark("Frames"), False),
)


def messages(report: Report) -> Listing:
    """Requests by where they went and how, the most frequent first."""
    requests = [message for message in report.messages if message.role == "request"]
    statuses = {m.number: m.status for m in report.messages if m.role == "response"}
    groups = grouped(requests, lambda m: (m.host, m.destination, m.method, m.tunnel))
    groups.sort(key=len, reverse=True)
    entries = ((_message(group, statuses, report), False) for group in groups[: MOST["messages"]])
    return listing("messages", _MESSAGES, entries, len(groups))


def _message(group: list[Message], statuses: dict[int, int | None], report: Report) -> tuple[TableCell, ...]:
    first = group[0]
    size = sum(message.body.length for message in group)
    through = _("through {said}").format(said=", ".join(first.tunnel)) if first.tunnel else ""
    return (
        text(first.host or "", str(first.destination), through),
        text(f"{first.protocol} {first.method or ''}".strip()),
        count(len(group)),
        text(tally(_counts(_answer(message, statuses) for message in group))),
        count(size, byte_size(size)),
        text(clock(min(message.time_ns for message in group))),
        text(frames_of((message.evidence for message in group[:200]), report).text),
    )


def _answer(message: Message, statuses: dict[int, int | None]) -> str:
    if message.peer not in statuses:
        return _("without answer") if UNANSWERED in message.missing else _("no answer is due")
    status = statuses[message.peer]
    return f"× {_('a reply') if status is None else status}"


@dataclass(frozen=True)
class Notes:
    """A short list with its heading."""

    title: str
    about: str
    lines: tuple[str, ...]
    left_out: int


def notes(report: Report) -> Iterator[Notes]:
    """What else a report holds, a line each."""
    for title, about, lines in _notes(report):
        if lines:
            most = MOST["others"]
            yield Notes(_(title), _(about), tuple(lines[:most]), max(len(lines) - most, 0))


def _documented(entry: DocumentedName) -> str:
    said = f"{entry.name} — {spoken(entry.title)}: {spoken(entry.says)}"
    if not entry.messages:
        return said
    form = plural(
        entry.messages, "{n} message has the documented form.", "{n} messages have the documented form."
    )
    return f"{said} {form}"


def _notes(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    told = {ping.dossier for ping in report.pings}
    yield (
        mark("Documented names"),
        mark("A name tells whose server it is, not what was sent."),
        [_documented(d) for d in report.documented if d.dossier not in told],
    )
    yield mark("Captures read as one session"), "", [_session(s, report) for s in report.sessions]
    yield mark("Wi-Fi clients in the air"), "", [_wifi(client) for client in report.wifi]
    yield (
        mark("Packets inside other packets"),
        mark("Elsewhere what was inside is counted; here the outside counts."),
        [f"{t.says}: {number(t.packets)} ↑ {number(t.packets_back)} ↓" for t in report.tunnels],
    )
    yield (
        mark("Said inside the local network"),
        mark("Searches and announcements to everyone nearby (SSDP, mDNS). They stay in the local network."),
        [f"{a.device}: {a.protocol} {a.says} {a.what} ({number(a.times)} ×)" for a in report.announcements],
    )
    yield (
        mark("Bytes that came twice with different content"),
        mark("The copy that came first is read."),
        [*map(_conflict, (*report.conflicts, *report.fragment_conflicts))],
    )
    yield (
        mark("Bytes of readable streams that were not captured"),
        "",
        [f"{g.source} → {g.destination}: {number(g.end - g.start)} B" for g in report.gaps],
    )


def _session(session: Session, report: Report) -> str:
    named = [report.captures[index].path for index in session.captures if 0 <= index < len(report.captures)]
    return f"{' → '.join(named[:_LISTED])}{' …' if len(named) > _LISTED else ''}: {session.why}"


def _wifi(client: Any) -> str:
    network_name = client.ssid or _("a network that was not named")
    counts = _("decrypted {yes}, still encrypted {no}").format(
        yes=number(client.decrypted), no=number(client.protected)
    )
    handshake = _("handshake: {said}").format(said=client.handshake)
    rest = f"; {client.note}" if client.note else ""
    return f"{client.station} → {client.bssid}, {network_name}; {handshake}; {counts}{rest}"


def _conflict(entry: Any) -> str:
    frames = _("frames {first} and {second}").format(first=entry.frame, second=entry.other_frame)
    size = plural(entry.end - entry.start, "{n} byte", "{n} bytes")
    return f"{entry.source} → {entry.destination}: {size}, {frames}"
