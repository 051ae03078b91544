"""A running session → a picture for a terminal, through rich; drawn a few times a second."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analyzer.live.flow_view import BoardRow
from analyzer.live.watch_session import WatchSession, WatchView
from analyzer.report.layout import say
from analyzer.report.units import byte_size, clock, counted, span
from analyzer.report.wording import STATUSES, kind_name

NS = 1_000_000_000
PAUSE = 0.25  # seconds between two pictures


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
        with suppress(OSError):
            self._live.update(picture(session, self._console.height, self._rate), refresh=True)


def picture(session: WatchSession, height: int, rate: float) -> RenderableType:
    """Everything at a glance, in `height` lines."""
    tables = max(4, min(12, (height - 6) // 2 - 3))
    layout = Layout()
    layout.split_column(
        Layout(_head(session, rate), size=4, name="head"),
        Layout(name="tables", size=tables + 3),
        Layout(name="alerts"),
    )
    board = session.board
    layout["tables"].split_row(
        Layout(_rows("Destinations", board.destinations[:tables], board.more_destinations), ratio=3),
        Layout(_rows("Devices", board.devices[:tables], board.more_devices), ratio=2),
    )
    layout["alerts"].update(_alerts(session, max(height - tables - 9, 1)))
    return layout


def _head(session: WatchSession, rate: float) -> RenderableType:
    counts, losses = session.counts, session.losses
    elapsed = span(int((time.monotonic() - counts.started) * NS))
    first = say(f"phonehome · {session.source} · {elapsed}", "bold")
    second = Text(", ").join(
        [
            say(counted(counts.frames, "packet")),
            say(f"{rate:,.0f} a second"),
            say(f"lost: {losses.lost:,}", "bold red" if losses.lost else ""),
            say(f"behind: {span(losses.behind_ns)}", "bold red" if losses.behind_ns >= 5 * NS else ""),
            say(counted(counts.connections, "connection")),
        ]
    )
    told = [f"{status} {counts.pings[status]:,}" for status in STATUSES if counts.pings[status]]
    pings = f"pings: {counts.pings['all']:,}{f' ({chr(44).join(told)})' if told else ''}"
    found = ", ".join(f"{kind_name(kind)} × {n:,}" for kind, n in counts.identifiers.most_common(6))
    third = say(f"{pings} · readable values: {found or 'none so far'}", "yellow" if told else "")
    fourth = say("Ctrl-C ends the watch and prints the report", "dim")
    if session.notice is not None:
        fourth = say("RECONSTRUCTION — not traffic of a real phone", "bold reverse")
    return Group(first, second, third, fourth)


def _rows(title: str, rows: tuple[BoardRow, ...], more: int) -> RenderableType:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0))
    table.add_column(title, ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("packets", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for row in rows:
        beside = f" {row.further}" if row.further and row.further not in row.what else ""
        table.add_row(say(row.what + beside), f"{row.packets:,}", byte_size(row.size))
    if more:
        table.add_row(say(f"… and {more:,} more", "dim"), "", "")
    return table


def _alerts(session: WatchSession, lines: int) -> RenderableType:
    shown = list(session.shown)[-lines:]
    texts = [
        Text.assemble(
            (f"{clock(event.time_ns)[11:19]} ", "dim"),
            (f"{event.kind} ", "bold red" if event.kind in ("ping", "loss") else "bold"),
            say(event.says),
            no_wrap=True,
            overflow="ellipsis",
        )
        for event in shown
    ]
    return Panel(Group(*texts) if texts else say("nothing to report so far", "dim"), title="Alerts")
