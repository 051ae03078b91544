"""A running session → a picture for a terminal, through rich; drawn a few times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from analyzer.live.events import Event
from analyzer.live.flow_view import BoardRow
from analyzer.live.watch_session import WatchSession, WatchView
from analyzer.report.layout import say
from analyzer.report.units import byte_size, clock, counted, span
from analyzer.report.wording import STATUSES, kind_name

NS = 1_000_000_000
PAUSE = 0.25  # seconds between two pictures
# Lines and columns from which on tables are shown, and columns from which on two of them side by side.
TALL, WIDE, TWO = 18, 60, 100
MOST_ROWS = 12
MOST_KINDS = 6
LONGEST_ALERT = 4  # lines
# Lines under which alerts of some kinds make room for those on what was sent.
FEW, LESS = 8, frozenset({"destination", "name", "device", "summary"})
NOTICE = "RECONSTRUCTION — not traffic of a real phone"


class Screen(WatchView):
    """Call `draw` as often as you like; inside its context the terminal is its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False, transient=True)
        self._drawn = 0.0
        self._frames, self._since, self._rate = 0, time.monotonic(), 0.0

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a terminal that was closed
            self._live.stop()

    def draw(self, session: WatchSession) -> None:
        now = time.monotonic()
        if now - self._drawn < PAUSE:
            return
        if now - self._since >= 2:
            self._rate = (session.counts.frames - self._frames) / (now - self._since)
            self._frames, self._since = session.counts.frames, now
        self._drawn = now
        width, height = self._console.size
        with suppress(OSError):
            self._live.update(picture(session, width, height, self._rate), refresh=True)


def picture(session: WatchSession, width: int, height: int, rate: float) -> RenderableType:
    """Everything at a glance, in at most `height` lines of `width` columns; alerts have room before tables.

    No line is cut: what is longer than the terminal is wide goes on in the next one.
    """
    head = [line for text in _head(session, rate) for line in _wrapped(text, width)]
    room = height - len(head) - 1
    tables, lines = _tables(session, width, room // 2) if height >= TALL and width >= WIDE else (None, 0)
    alerts = _alerts(session, width, max(room - lines, 1))
    parts: list[RenderableType] = [*head[: height - 2], *([tables] if tables is not None else [])]
    return Group(*parts, Text("─" * width, style="dim", no_wrap=True), *alerts)


def _head(session: WatchSession, rate: float) -> Iterator[Text]:
    """What is watched, how it goes, what was found."""
    counts, losses = session.counts, session.losses
    if session.notice is not None:
        yield say(NOTICE, "bold reverse")
    elapsed = span(int((time.monotonic() - counts.started) * NS))
    yield say(f"phonehome · {session.source} · {elapsed} · Ctrl-C ends it and prints the report", "bold")
    yield Text(", ").join(_state(session, rate))
    failing = [box for box in session.queues if box.is_failing]
    for box in failing:
        waits = counted(box.waiting, "event")
        yield say(f"{box.name} fails ({box.last_failure}): {waits} wait", "bold red")
    told = [f"{status} {counts.pings[status]:,}" for status in STATUSES if counts.pings[status]]
    found = ", ".join(f"{kind_name(kind)} × {n:,}" for kind, n in counts.identifiers.most_common(MOST_KINDS))
    pings = f"pings: {counts.pings['all']:,}{f' ({chr(44).join(told)})' if told else ''}"
    yield say(f"{pings} · readable values: {found or 'none so far'}", "yellow" if told else "")
    if not counts.frames:
        yield say("no packet yet: is this the right interface?", "bold yellow")
    if losses.lost:
        yield say(f"{losses.lost:,} packets were lost: what was in them is missing", "bold red")


def _state(session: WatchSession, rate: float) -> Iterator[Text]:
    counts, losses = session.counts, session.losses
    yield say(counted(counts.frames, "packet"))
    yield say(f"{rate:,.0f} a second")
    if session.board.encrypted is not None:
        yield say(f"{100 * session.board.encrypted:.0f} % of the bytes encrypted (TLS, QUIC)")
    yield say(f"lost: {losses.lost:,}", "bold red" if losses.lost else "")
    if losses.behind_ns >= NS:
        yield say(f"behind: {span(losses.behind_ns)}", "bold red" if losses.behind_ns >= 5 * NS else "")
    if counts.connections > 1:
        yield say(counted(counts.connections, "connection"))


def _tables(session: WatchSession, width: int, room: int) -> tuple[RenderableType, int]:
    """Devices and destinations, and how many lines they take: side by side, or one above the other."""
    board = session.board
    is_wide = width >= TWO
    most = min(MOST_ROWS, max(room - 2, 1) if is_wide else max(room // 2 - 2, 1))
    devices = _rows("Devices", board.devices[:most], board.more_devices)
    destinations = _rows("Servers", board.destinations[:most], board.more_destinations)
    heights = devices.row_count + 1, destinations.row_count + 1
    if not is_wide:
        return Group(devices, destinations), sum(heights)
    both = Table.grid(expand=True, padding=(0, 2, 0, 0))
    both.add_column(ratio=2)
    both.add_column(ratio=3)
    both.add_row(devices, destinations)
    return both, max(heights)


def _rows(title: str, rows: Sequence[BoardRow], more: int) -> Table:
    left = f" ({more:,} more)" if more else ""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0))
    table.add_column(f"{title}{left}", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("packets", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for row in rows:
        beside = f" {row.further}" if row.further and row.further not in row.what else ""
        table.add_row(say(row.what + beside), f"{row.packets:,}", byte_size(row.size))
    return table


def _alerts(session: WatchSession, width: int, room: int) -> list[Text]:
    """The newest alerts, whole, as many as there is room for; the newest last."""
    if not session.shown:
        return [say("nothing to report so far", "dim")]
    shown: list[Text] = []
    events = [event for event in session.shown if room >= FEW or event.kind not in LESS] or session.shown
    for event in reversed(events):
        lines = _wrapped(_alert(event), width)
        # One that is longer than all the room shows its beginning, which has device and server.
        most = max(room, 1) if not shown else LONGEST_ALERT
        if len(shown) + min(len(lines), most) > room and shown:
            break
        shown[:0] = lines[:most]
    return shown


def _alert(event: Event) -> Text:
    kind = "answer" if event.is_further else event.kind
    return Text.assemble(
        (f"{clock(event.time_ns)[11:19]} ", "dim"),
        (f"{kind} ", "bold red" if event.kind in ("ping", "loss") else "bold"),
        say(event.says),
    )


def _wrapped(text: Text, width: int) -> list[Text]:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    return list(text.wrap(console, width, overflow="fold"))
