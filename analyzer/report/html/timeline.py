"""Report → a timeline: lanes of what happened when, and bytes over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.model import Report, Table
from analyzer.report.groups import ping_groups
from analyzer.report.language import _, mark
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import byte_size, clock
from analyzer.report.wording import reached

WIDTH, LEFT, RIGHT = 1000, 282, 14
TOP, LANE, CHART = 12, 26, 92
BINS = 190
MOST_LANES = 6  # of each kind
_LABEL = 35  # characters
_SECOND = 1_000_000_000
_STEPS = (
    *(s * _SECOND // 1000 for s in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(s * _SECOND for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)),
    *(s * 86_400 * _SECOND for s in (0.5, 1, 2, 7, 14, 30, 91, 182, 365, 1826, 3652, 18262)),
)
_MOST_TICKS = 8
_DAY = 86_400 * _SECOND


@dataclass(frozen=True)
class Lane:
    """A row of marks: their x, and how many times stand behind them."""

    label: str
    kind: str  # "ping", "log", "event", "message"
    marks: tuple[tuple[float, bool], ...]  # x, and whether the mark is filled
    times: int
    y: int
    title: str


@dataclass(frozen=True)
class Timeline:
    """All that the picture draws, in its own units."""

    start: str
    end: str
    lanes: tuple[Lane, ...]
    left_out: int  # lanes
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[tuple[float, float, float, float], ...]  # x, width, height of the readable, of the rest
    bar_top: str  # what the highest bar stands for
    chart_y: int
    height: int
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT


def timeline(report: Report) -> Timeline | None:
    """None where no frame carries a time."""
    times = [t for info in report.captures for t in (info.first_ns, info.last_ns) if t is not None]
    if not times:
        return None
    start, end = min(times), max(times)
    scale = Scale(start, max(end, start + 1))
    rows = list(_rows(report))
    lanes = tuple(_lane(row, index, scale) for index, row in enumerate(rows[:14]))
    chart_y = TOP + LANE * len(lanes) + CHART + 14
    bars, top = _bars(report.flows, scale)
    return Timeline(
        start=clock(start),
        end=clock(end),
        lanes=lanes,
        left_out=len(rows) - len(lanes),
        ticks=tuple(scale.ticks()),
        bars=bars,
        bar_top=byte_size(top),
        chart_y=chart_y,
        height=chart_y + 26,
    )


@dataclass(frozen=True)
class Scale:
    """Nanoseconds → x."""

    start: int
    end: int

    def x(self, time_ns: int) -> float:
        share = (time_ns - self.start) / (self.end - self.start)
        return round(LEFT + min(max(share, 0), 1) * (WIDTH - RIGHT - LEFT), 1)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """At round times of UTC."""
        span = self.end - self.start
        step = int(next((s for s in _STEPS if span / s <= _MOST_TICKS), span))
        first = -(-self.start // step) * step
        for time in range(first, self.end + 1, step):
            yield self.x(time), _tick(time, step, span)


def _tick(time_ns: int, step: int, span: int) -> str:
    said = clock(time_ns)
    if not said[:4].isdecimal():
        return "?"  # no calendar has it
    if step < _SECOND:
        return f"{said[11:19]}.{time_ns % _SECOND // 1_000_000:03d}"
    if step >= _DAY:
        return said[:10]
    shown = said[11:19] if step < 60 * _SECOND else said[11:16]
    return f"{said[5:10]} {shown}" if span > _DAY else shown


# ── lanes ───────────────────────────────────────────────────────────────────

_Row = tuple[str, str, Sequence[tuple[int, bool]]]  # label, kind, (time, filled)
MESSAGES, DHCP = mark("readable requests"), mark("DHCP exchanges begin")


def _rows(report: Report) -> Iterator[_Row]:
    for group in ping_groups(report)[:MOST_LANES]:
        yield spoken(group[0].title), "ping", [(p.time_ns, "delivered" in reached(p.status)) for p in group]
    yield from _events(report) if report.associations else _dhcp(report.flows)
    if requests := [(m.time_ns, True) for m in report.messages if m.role == "request"]:
        yield _(MESSAGES), "message", requests


def _dhcp(flows: Table) -> Iterator[_Row]:
    """Where no sends were set against events: what the ledger itself knows of a phone joining a network."""
    pairs = zip(flows.columns.get("kind", ()), flows.columns.get("first_ns", ()), strict=False)
    if times := [(int(first), True) for kind, first in pairs if kind == "dhcp" and first is not None]:
        yield _(DHCP), "event", times


def _events(report: Report) -> Iterator[_Row]:
    """What was held against the sends, the operator's own events first."""
    seen: set[tuple[str, str]] = set()
    for entry in sorted(report.associations, key=lambda a: a.origin != "log"):
        place = (entry.event, "" if entry.origin == "log" else entry.device)
        if entry.times_ns and place not in seen:
            seen.add(place)
            kind = "log" if entry.origin == "log" else "event"
            yield _(entry.event), kind, [(time, True) for time in entry.times_ns]


def _lane(row: _Row, index: int, scale: Scale) -> Lane:
    label, kind, times = row
    marks = dict.fromkeys((scale.x(time), filled) for time, filled in times)
    return Lane(clip_label(label), kind, tuple(marks), len(times), TOP + LANE * index + LANE // 2, label)


def clip_label(text: str, limit: int = _LABEL) -> str:
    """A label that fits; the whole of it stands in the title of the mark."""
    return text if len(text) <= limit else f"{clip(text, limit - 1).split('… (')[0]}…"


# ── bytes over time ────────────────────────────────────────────────────────


def _bars(flows: Table, scale: Scale) -> tuple[tuple[tuple[float, float, float, float], ...], int]:
    """Bars of readable and other bytes, and the bytes of the highest."""
    readable, rest = binned(flows, scale.start, scale.end)
    top = max((a + b for a, b in zip(readable, rest, strict=True)), default=0)
    if not top:
        return (), 0
    wide = (WIDTH - RIGHT - LEFT) / BINS
    shown = (
        (round(LEFT + i * wide, 2), round(wide - 0.6, 2), _tall(a, top), _tall(b, top))
        for i, (a, b) in enumerate(zip(readable, rest, strict=True))
        if a or b
    )
    return tuple(shown), round(top)


def _tall(data_: float, top: float) -> float:
    """Height; what was there at all stays visible."""
    return round(max(data_ / top * CHART, 0.8), 2) if data_ else 0.0


def binned(flows: Table, start: int, end: int, bins: int = BINS) -> tuple[list[float], list[float]]:
    """Bytes in each part of the time, readable and other; those of a flow are spread evenly over it."""
    readable, rest = TimeBins(start, end, bins), TimeBins(start, end, bins)
    for first, last, total, share in _sizes(flows):
        readable.add(first, last, total * share)
        rest.add(first, last, total * (1 - share))
    return readable.sums(), rest.sums()


def _sizes(flows: Table) -> Iterable[tuple[int, int, int, float]]:
    """First and last time, bytes, and the readable share of its payload, of each flow."""
    columns, none = flows.columns, [0] * len(flows)
    names = ("first_ns", "last_ns", "bytes_up", "bytes_down", "payload", "readable")
    for first, last, up, down, payload, plain in zip(*(columns.get(n, none) for n in names), strict=True):
        if first is not None and last is not None:
            yield first, last, (up or 0) + (down or 0), min((plain or 0) / payload, 1) if payload else 0.0


class TimeBins:
    """Sums over equal parts of a time, of amounts that lie evenly between two times."""

    def __init__(self, start: int, end: int, bins: int) -> None:
        self._start, self._wide, self._bins = start, (end - start) / bins, bins
        self._edges = [0.0] * bins  # partly covered parts
        self._steps = [0.0] * (bins + 1)  # changes of what every wholly covered part gets

    def add(self, first: int, last: int, amount: float) -> None:
        a, b = self._at(first), self._at(last)
        i, j = min(int(a), self._bins - 1), min(int(b), self._bins - 1)
        if i >= j:
            self._edges[i] += amount
            return
        rate = amount / (b - a)
        self._edges[i] += rate * (i + 1 - a)
        self._edges[j] += rate * (b - j)
        self._steps[i + 1] += rate
        self._steps[j] -= rate

    def _at(self, time_ns: int) -> float:
        return min(max((time_ns - self._start) / self._wide, 0.0), float(self._bins))

    def sums(self) -> list[float]:
        level, found = 0.0, []
        for edge, step in zip(self._edges, self._steps, strict=False):
            level += step
            found.append(max(edge + level, 0.0))
        return found
