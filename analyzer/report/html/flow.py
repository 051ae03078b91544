"""Destinations → a flow picture: device → destination → country, bytes as widths, readable share apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.model import Destination, Report
from analyzer.report.countries import country
from analyzer.report.groups import grouped, traffic
from analyzer.report.html.timeline import clip_label
from analyzer.report.language import _, mark, plural
from analyzer.report.units import byte_size, percent
from analyzer.report.wording import first_name

WIDTH, BAR, TOP = 1000, 10, 34
COLUMNS = (196, 520, 794)  # x of the bars
ROOM = 330  # height that all bytes together take
GAP, LEAST = 7, 15  # between nodes; the height a label needs
MOST_DEVICES, MOST_DESTINATIONS, MOST_OF_SCOPE, MOST_COUNTRIES = 6, 14, 8, 10
LOCAL, UNKNOWN = mark("local and special addresses"), mark("no location known")
OTHERS = mark("others")


@dataclass(frozen=True)
class FlowShare:
    """Bytes from one device by one destination to one country."""

    device: str
    destination: str
    country: str
    size: int
    readable: int
    in_scope: bool


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


@dataclass(frozen=True)
class Band:
    """A ribbon between two nodes; `thin` where it is drawn wider than it is."""

    path: str
    kind: str  # "readable", "unread"
    in_scope: bool
    title: str


@dataclass(frozen=True)
class Flow:
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    total: str
    readable: str
    height: int
    width: int = WIDTH
    bar: int = BAR


def flow_picture(report: Report) -> Flow | None:
    """None where nothing was counted."""
    parts = bounded([_part(row) for row in report.destinations if traffic(row)])
    if not parts:
        return None
    columns = _levelled([_column(index, parts) for index in range(3)])
    total, readable = sum(p.size for p in parts), sum(p.readable for p in parts)
    nodes = [node for column in columns for node in column.values()]
    bands = [
        *_bands(parts, columns[0], columns[1], "device", "destination"),
        *_bands(parts, columns[1], columns[2], "destination", "country"),
    ]
    return Flow(
        nodes=tuple(nodes),
        bands=tuple(sorted(bands, key=lambda b: (b.kind == "readable", b.in_scope))),
        total=byte_size(total),
        readable=percent(readable, total),
        height=int(max(n.y + max(n.height, LEAST) for n in nodes)) + 12,
    )


# ── what is drawn ───────────────────────────────────────────────────────────


def _part(row: Destination) -> FlowShare:
    payload = row.payload_up + row.payload_down
    share = min(row.payload_readable / payload, 1) if payload else 0
    return FlowShare(
        device=row.device,
        destination=_(LOCAL) if _is_local(row) else first_name(row.names) if row.names else row.address,
        country=_country(row),
        size=traffic(row),
        readable=round(traffic(row) * share),
        in_scope=bool(row.scope_claims),
    )


def _is_local(row: Destination) -> bool:
    return row.place is not None and row.place.special is not None


def _country(row: Destination) -> str:
    if _is_local(row):
        return ""
    code = row.place.code("located") if row.place else None
    return code or "?"


def bounded(parts: list[FlowShare]) -> list[FlowShare]:
    """The destinations with the most bytes, with room for those of the scope; a country's others as one."""
    devices = _first(_by_bytes(parts, "device"), "device", MOST_DEVICES)
    countries = _first(_scope_first(_by_bytes(parts, "country")), "country", MOST_COUNTRIES)
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
    for group in grouped(rest, lambda p: (p.country, p.in_scope)):
        label = _together(group)
        alone += [replace(part, destination=label) for part in group]
    return [_sum(group) for group in grouped(alone, lambda p: (p.device, p.destination, p.country))]


def _named(ranked: list[FlowShare]) -> frozenset[str]:
    """Those that stand alone: of the scope, the local ones, then by bytes."""
    scope = [part for part in ranked if part.in_scope][:MOST_OF_SCOPE]
    local = [part for part in ranked if part.destination == _(LOCAL)]
    return _first(list(dict.fromkeys([*scope, *local, *ranked])), "destination", MOST_DESTINATIONS)


def _together(group: list[FlowShare]) -> str:
    """What several destinations of one country are called; one alone keeps its name."""
    names = {part.destination for part in group}
    if len(names) == 1:
        return names.pop()
    label = plural(len(names), "{n} other", "{n} others")
    code = group[0].country
    return f"{label} · {code}" if code not in ("", "?", _(OTHERS)) else label


def _scope_first(ranked: list[FlowShare]) -> list[FlowShare]:
    return sorted(ranked, key=lambda part: not part.in_scope)


def _by_bytes(parts: Sequence[FlowShare], key: str) -> list[FlowShare]:
    """One part for each value of the key, the most bytes first."""
    return sorted((_sum(g) for g in grouped(parts, lambda p: getattr(p, key))), key=lambda p: -p.size)


def _sum(parts: Sequence[FlowShare]) -> FlowShare:
    return replace(
        parts[0],
        size=sum(p.size for p in parts),
        readable=sum(p.readable for p in parts),
        in_scope=any(p.in_scope for p in parts),
    )


def _first(parts: Sequence[FlowShare], key: str, most: int) -> frozenset[str]:
    return frozenset(getattr(part, key) for part in parts[:most])


# ── where it is drawn ───────────────────────────────────────────────────────


def _column(index: int, parts: list[FlowShare]) -> dict[str, Node]:
    """The nodes of a column from top to bottom, the most bytes first."""
    key = ("device", "destination", "country")[index]
    total = sum(part.size for part in parts)
    nodes, y = {}, float(TOP)
    for part in _order(parts, key):
        name = getattr(part, key)
        height = round(max(part.size / total * ROOM, 1.0), 2)
        label = name if index < 2 else _country_label(name)
        shown = clip_label(label, 25 if index == 0 else 32 if index == 1 else 22)
        said = f"{byte_size(part.size)}, {percent(part.readable, part.size)}"
        in_scope = part.in_scope and index > 0 and name != _(OTHERS)
        nodes[name] = Node(index, shown, said, label, COLUMNS[index], y, height, in_scope)
        y = round(y + max(height, LEAST) + GAP, 2)
    return nodes


def _levelled(columns: list[dict[str, Node]]) -> list[dict[str, Node]]:
    """The columns with their middles at one height."""
    ends = [max(node.y + max(node.height, LEAST) for node in column.values()) for column in columns]
    lower = [round((max(ends) - end) / 2, 2) for end in ends]
    return [
        {name: replace(node, y=round(node.y + down, 2)) for name, node in column.items()}
        for column, down in zip(columns, lower, strict=True)
    ]


def _order(parts: list[FlowShare], key: str) -> list[FlowShare]:
    """Destinations stand with their country, so that fewer bands cross."""
    ranked = _by_bytes(parts, key)
    if key != "destination":
        return ranked
    countries = [p.country for p in _by_bytes(parts, "country")]
    return sorted(ranked, key=lambda p: (countries.index(p.country), -p.size))


def _country_label(code: str) -> str:
    if code in ("", "?"):
        return _(UNKNOWN) if code else _(LOCAL)
    return code if code == _(OTHERS) else f"{country(code)} ({code})"


def _bands(
    parts: list[FlowShare], left: dict[str, Node], right: dict[str, Node], start: str, end: str
) -> list[Band]:
    """Two ribbons a pair of nodes, the readable above the rest."""
    total = sum(part.size for part in parts)
    out, into, found = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0), []
    pairs = grouped(parts, lambda p: (getattr(p, start), getattr(p, end)))
    order = {name: place for place, name in enumerate((*left, *right))}
    pairs.sort(key=lambda g: (order[getattr(g[0], start)], order[getattr(g[0], end)]))
    for group in pairs:
        a, b, whole = getattr(group[0], start), getattr(group[0], end), _sum(group)
        for kind, size in (("readable", whole.readable), ("unread", whole.size - whole.readable)):
            if size:
                wide = size / total * ROOM
                path = _ribbon(left[a], right[b], out[a], into[b], max(wide, 0.8))
                title = f"{left[a].title} → {right[b].title}: {byte_size(size)}"
                found.append(Band(path, kind, whole.in_scope, title))
                out[a], into[b] = out[a] + wide, into[b] + wide
    return found


def _ribbon(a: Node, b: Node, down_a: float, down_b: float, wide: float) -> str:
    x1, x2 = a.x + BAR, b.x
    y1, y2, mid = round(a.y + down_a, 1), round(b.y + down_b, 1), (a.x + BAR + b.x) // 2
    low1, low2 = round(y1 + wide, 1), round(y2 + wide, 1)
    return f"M{x1} {y1}C{mid} {y1} {mid} {y2} {x2} {y2}V{low2}C{mid} {low2} {mid} {low1} {x1} {low1}Z"
