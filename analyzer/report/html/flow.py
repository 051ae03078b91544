"""Destinations → a flow picture: device → destination → country, bytes as widths, readable share apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.model import Destination, Report
from analyzer.report.countries import country
from analyzer.report.groups import grouped, traffic
from analyzer.report.headline import own_name
from analyzer.report.html.timeline import clip_label
from analyzer.report.language import _, mark, plural
from analyzer.report.sendings import finding_ends
from analyzer.report.units import byte_size, percent
from analyzer.report.whereabouts import Whereabouts
from analyzer.report.wording import first_name

WIDTH, BAR, TOP = 1000, 8, 34
COLUMNS = (176, 404, 806)  # x of the bars
GUTTER = 244  # of a destination: its label is between the bar of incoming bytes and that of outgoing ones
ROOM = 330  # height that all bytes together take
GAP, LEAST = 7, 16  # between nodes; the height a label needs
FINDING = 10.0  # the least width of a band that is the finding
MOST_DEVICES, MOST_DESTINATIONS, MOST_OF_SCOPE, MOST_COUNTRIES = 6, 14, 8, 10
LOCAL, UNKNOWN = mark("local and special addresses"), mark("no location known")
OTHERS = mark("others")
DISPUTED, _DISPUTED = mark("location disputed"), "!"  # the latter among codes of countries


@dataclass(frozen=True)
class FlowShare:
    """Bytes from one device by one destination to one country."""

    device: str
    destination: str
    country: str
    size: int
    readable: int
    in_scope: bool
    is_finding: bool = False


@dataclass(frozen=True)
class Node:
    column: int
    label: str
    note: str
    title: str
    x: int
    y: float
    height: float
    in_scope: bool
    is_finding: bool = False
    address: str = ""  # of a device that has a name


@dataclass(frozen=True)
class Band:
    """A ribbon between two nodes."""

    path: str
    kind: str  # "finding", "readable", "unread"
    title: str


@dataclass(frozen=True)
class Flow:
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    total: str
    readable: str
    height: int
    has_finding: bool = False
    width: int = WIDTH
    bar: int = BAR
    columns: tuple[int, int, int] = COLUMNS
    gutter: int = GUTTER


def flow_picture(report: Report) -> Flow | None:
    """None where nothing was counted."""
    where = Whereabouts(report)
    found = finding_ends(report, where)
    parts = bounded([_part(row, found, where) for row in report.destinations if traffic(row)])
    if not parts:
        return None
    names = {device.id: own_name(device) for device in report.devices}
    columns = _levelled([_column(index, parts, names) for index in range(3)])
    total, readable = sum(p.size for p in parts), sum(p.readable for p in parts)
    nodes = [node for column in columns for node in column.values()]
    bands = [
        *_bands(parts, columns[0], columns[1], "device", "destination"),
        *_bands(parts, columns[1], columns[2], "destination", "country"),
    ]
    return Flow(
        nodes=tuple(nodes),
        bands=tuple(sorted(bands, key=lambda b: ("unread", "readable", "finding").index(b.kind))),
        total=byte_size(total),
        readable=percent(readable, total),
        height=int(max(n.y + _room(n) for n in nodes)) + 12,
        has_finding=any(part.is_finding for part in parts),
    )


# ── what is drawn ───────────────────────────────────────────────────────────


def _part(
    row: Destination, found: frozenset[tuple[str, str]] = frozenset(), where: Whereabouts | None = None
) -> FlowShare:
    payload = row.payload_up + row.payload_down
    share = min(row.payload_readable / payload, 1) if payload else 0
    return FlowShare(
        device=row.device,
        destination=_(LOCAL) if _is_local(row) else first_name(row.names) if row.names else row.address,
        country=_country(row, where),
        size=traffic(row),
        readable=round(traffic(row) * share),
        in_scope=bool(row.scope_claims),
        is_finding=(row.device, row.address) in found,
    )


def _is_local(row: Destination) -> bool:
    return row.place is not None and row.place.special is not None


def _country(row: Destination, where: Whereabouts | None) -> str:
    if _is_local(row):
        return ""
    if where and where.is_disputed(row.address):
        return _DISPUTED
    code = row.place.code("located") if row.place else None
    return code or "?"


def bounded(parts: list[FlowShare]) -> list[FlowShare]:
    """The destinations with the most bytes, with room for those of the scope; a country's others as one."""
    devices = _first(_finding_first(_by_bytes(parts, "device")), "device", MOST_DEVICES)
    countries = _first(_finding_first(_by_bytes(parts, "country")), "country", MOST_COUNTRIES)
    kept = [
        replace(
            part,
            device=part.device if part.device in devices else _(OTHERS),
            country=part.country if part.country in countries else _(OTHERS),
        )
        for part in parts
    ]
    named = _named(_by_bytes(kept, "destination"))
    alone = [part for part in kept if part.destination in named]
    rest = [part for part in kept if part.destination not in named]
    for group in grouped(rest, lambda p: (p.country, p.in_scope, p.is_finding)):
        label = _together(group)
        alone += [replace(part, destination=label) for part in group]
    return [_sum(group) for group in grouped(alone, lambda p: (p.device, p.destination, p.country))]


def _named(ranked: list[FlowShare]) -> frozenset[str]:
    """Return those with a node of their own: of the finding, of the scope, the local ones, then by bytes."""
    scope = [part for part in _finding_first(ranked) if part.is_finding or part.in_scope][:MOST_OF_SCOPE]
    local = [part for part in ranked if part.destination == _(LOCAL)]
    return _first(list(dict.fromkeys([*scope, *local, *ranked])), "destination", MOST_DESTINATIONS)


def _together(group: list[FlowShare]) -> str:
    """What several destinations of one country are called; one alone keeps its name."""
    names = {part.destination for part in group}
    if len(names) == 1:
        return names.pop()
    label = plural(len(names), "{n} other", "{n} others")
    code = group[0].country
    return f"{label} · {code}" if code not in ("", "?", _DISPUTED, _(OTHERS)) else label


def _finding_first(ranked: list[FlowShare]) -> list[FlowShare]:
    """Where the finding went first, then what is of the scope."""
    return sorted(ranked, key=lambda part: (not part.is_finding, not part.in_scope))


def _by_bytes(parts: Sequence[FlowShare], key: str) -> list[FlowShare]:
    """One part for each value of the key, the most bytes first."""
    return sorted((_sum(g) for g in grouped(parts, lambda p: getattr(p, key))), key=lambda p: -p.size)


def _sum(parts: Sequence[FlowShare]) -> FlowShare:
    return replace(
        parts[0],
        size=sum(p.size for p in parts),
        readable=sum(p.readable for p in parts),
        in_scope=any(p.in_scope for p in parts),
        is_finding=any(p.is_finding for p in parts),
    )


def _first(parts: Sequence[FlowShare], key: str, most: int) -> frozenset[str]:
    return frozenset(getattr(part, key) for part in parts[:most])


# ── where it is drawn ───────────────────────────────────────────────────────


def _wide(part: FlowShare, total: int) -> float:
    """The width of a band; what was found is never a hair."""
    return max(part.size / total * ROOM, FINDING if part.is_finding else 1.0)


def _column(index: int, parts: list[FlowShare], names: Mapping[str, str]) -> dict[str, Node]:
    """The nodes of a column from top to bottom: of the finding first, then by bytes."""
    key = ("device", "destination", "country")[index]
    total = sum(part.size for part in parts)
    nodes, y = {}, float(TOP)
    for part in _order(parts, key):
        name = getattr(part, key)
        height = round(sum(_wide(p, total) for p in parts if getattr(p, key) == name), 2)
        own = names.get(name, "") if index == 0 else ""
        label = own or (name if index < 2 else _country_label(name))
        shown = clip_label(label, (22, 31, 24)[index])
        said = f"{byte_size(part.size)}, {percent(part.readable, part.size)}"
        title = f"{label} ({name})" if own else label
        in_scope = part.in_scope and index > 0 and name != _(OTHERS)
        nodes[name] = Node(
            index,
            shown,
            said,
            title,
            COLUMNS[index],
            y,
            height,
            in_scope,
            part.is_finding,
            name if own else "",
        )  # fmt: skip
        y = round(y + _room(nodes[name]) + GAP, 2)
    return nodes


def _room(node: Node) -> float:
    """The height that a node takes with its label."""
    return max(node.height, 2 * LEAST if node.address else LEAST)


def _levelled(columns: list[dict[str, Node]]) -> list[dict[str, Node]]:
    """The columns with their middles at one height."""
    ends = [max(node.y + _room(node) for node in column.values()) for column in columns]
    lower = [round((max(ends) - end) / 2, 2) for end in ends]
    return [
        {name: replace(node, y=round(node.y + down, 2)) for name, node in column.items()}
        for column, down in zip(columns, lower, strict=True)
    ]


def _order(parts: list[FlowShare], key: str) -> list[FlowShare]:
    """The finding comes first; destinations are grouped by country, so that fewer bands cross."""
    ranked = sorted(_by_bytes(parts, key), key=lambda p: not p.is_finding)
    if key != "destination":
        return ranked
    countries = [p.country for p in sorted(_by_bytes(parts, "country"), key=lambda p: not p.is_finding)]
    return sorted(ranked, key=lambda p: (not p.is_finding, countries.index(p.country), -p.size))


def _country_label(code: str) -> str:
    if code in ("", "?"):
        return _(UNKNOWN) if code else _(LOCAL)
    if code == _DISPUTED:
        return _(DISPUTED)
    return code if code == _(OTHERS) else f"{country(code)} ({code})"


def _bands(
    parts: list[FlowShare], left: dict[str, Node], right: dict[str, Node], start: str, end: str
) -> list[Band]:
    """The ribbons of each pair of nodes: the finding, or the readable above the rest."""
    total = sum(part.size for part in parts)
    out, into, found = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0), []
    pairs = grouped(parts, lambda p: (getattr(p, start), getattr(p, end), p.is_finding))
    order = {name: place for place, name in enumerate((*left, *right))}
    pairs.sort(key=lambda g: (not g[0].is_finding, order[getattr(g[0], start)], order[getattr(g[0], end)]))
    for group in pairs:
        a, b, whole = getattr(group[0], start), getattr(group[0], end), _sum(group)
        wide = sum(_wide(part, total) for part in group)
        for kind, size in _kinds(whole):
            share = wide * size / whole.size
            path = _ribbon(left[a], right[b], out[a], into[b], max(share, 0.8))
            found.append(Band(path, kind, f"{left[a].title} → {right[b].title}: {byte_size(size)}"))
            out[a], into[b] = out[a] + share, into[b] + share
    return found


def _kinds(whole: FlowShare) -> list[tuple[str, int]]:
    """A band is the finding where something was found in its flows, else in part readable."""
    if whole.is_finding:
        return [("finding", whole.size)]
    shares = (("readable", whole.readable), ("unread", whole.size - whole.readable))
    return [(kind, size) for kind, size in shares if size]


def _ribbon(a: Node, b: Node, down_a: float, down_b: float, wide: float) -> str:
    x1 = a.x + BAR + (GUTTER if a.column == 1 else 0)
    x2 = b.x
    y1, y2, mid = round(a.y + down_a, 1), round(b.y + down_b, 1), (x1 + x2) // 2
    low1, low2 = round(y1 + wide, 1), round(y2 + wide, 1)
    return f"M{x1} {y1}C{mid} {y1} {mid} {y2} {x2} {y2}V{low2}C{mid} {low2} {mid} {low1} {x1} {low1}Z"
