"""Outcomes of many captures → what a terminal shows of them: the sums, what recurs, and each problem."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType

from analyzer.corpus.summary_row import SeenPing
from analyzer.corpus.task import TaskResult
from analyzer.report.layout import bullets, say, section, table
from analyzer.report.text import visible
from analyzer.report.units import byte_size, counted, percent
from analyzer.report.wording import FACTS, STATUSES, kind_name
from analyzer.version import VERSION

# Rows of each list that are shown unless everything is asked for; how many more there are is always said.
MOST_ROWS = 25


def render(
    outcomes: Sequence[TaskResult], *, width: int = 80, colour: bool = False, verbose: bool = False
) -> str:
    """The overview as text of at most `width` columns (40 or more)."""
    console = Console(
        file=io.StringIO(), width=max(width, 40), force_terminal=colour,
        color_system="standard" if colour else None, legacy_windows=False, markup=False, emoji=False,
        highlight=False, _environ={},
    )  # fmt: skip
    most = None if verbose else MOST_ROWS
    with console.capture() as captured:
        for block in _blocks(outcomes, most):
            console.print(block)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])


def _blocks(outcomes: Sequence[TaskResult], most: int | None) -> Iterator[RenderableType]:
    briefs = [outcome.brief for outcome in outcomes]
    yield say(f"phonehome {VERSION} · {counted(sum(len(o.paths) for o in outcomes), 'capture')}", "bold")
    yield section("In sum", bullets(_sums(outcomes)))
    if pings := [ping for brief in briefs for ping in brief.pings]:
        rows = _ping_rows(pings, outcomes)
        yield section("Known messages", _table(("what", "to", "messages", "devices", "sessions"), rows, most))
    if not any(brief.identifiers for brief in briefs):
        yield section("Identifiers", bullets(["None was found in what was searched."]))
    else:
        headers = ("kind", "different", "times", "sessions")
        yield section("Identifiers and facts that left readable", _table(headers, _kind_rows(outcomes), most))
    if any(brief.regions for brief in briefs):
        headers = ("address", "packets", "bytes", "sessions")
        yield section("Sent to the regions of the scope", _table(headers, _region_rows(outcomes), most))
    if said := _problems(outcomes):
        shown = said if most is None else said[: 4 * most]
        rest = [f"{len(said) - len(shown):,} more: -v lists all"] if len(said) > len(shown) else []
        yield section("Problems", bullets([*shown, *rest]))


def _sums(outcomes: Sequence[TaskResult]) -> Iterator[str]:
    briefs = [outcome.brief for outcome in outcomes]
    unread = sum(outcome.error is not None for outcome in outcomes)
    done, read = sum(outcome.was_done for outcome in outcomes), [o for o in outcomes if o.error is None]
    frames, size = sum(b.frames for b in briefs), sum(b.size for b in briefs)
    yield f"{counted(len(read), 'session')} read: {counted(frames, 'frame')}, {byte_size(size)}"
    if done:
        yield f"{done:,} of them had been read by an earlier run and were not read again"
    if unread:
        yield f"{counted(unread, 'capture')} can't be read at all; each is told below"
    if cut := sum(not o.brief.complete for o in read):
        yield f"{cut:,} are damaged: the results are complete up to the damage"
    if made := sum(brief.reconstruction for brief in briefs):
        yield f"{made:,} are RECONSTRUCTIONS, not recordings of a real phone; they are counted here too"
    if sessions := sum(brief.unread_packets > 0 for brief in briefs):
        packets, unread = sum(b.packets for b in briefs), sum(b.unread_packets for b in briefs)
        share = percent(sum(b.unread_bytes for b in briefs), sum(b.bytes for b in briefs))
        yield (
            f"{unread:,} of {counted(packets, 'packet')} ({share} of the bytes), in "
            f"{counted(sessions, 'session')}, were not searched for identifiers or not opened"
        )
    devices = {device for brief in briefs for device in brief.devices}
    yield f"{counted(len(devices), 'different device')}, by MAC or local address"
    messages = sum(brief.messages for brief in briefs)
    yield f"{counted(messages, 'message')} were readable; what could not be seen stands in each report"


def _ping_rows(pings: Sequence[SeenPing], outcomes: Sequence[TaskResult]) -> Iterator[list[str]]:
    groups: dict[tuple[str, str], list[SeenPing]] = defaultdict(list)
    sessions: Counter[tuple[str, str]] = Counter()
    for ping in pings:
        groups[ping.title, ping.to].append(ping)
    for outcome in outcomes:
        sessions.update({(ping.title, ping.to) for ping in outcome.brief.pings})
    for key, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        states = Counter(ping.status for ping in group)
        said = ", ".join(f"{state} {states[state]:,}" for state in STATUSES if states[state])
        devices = len({ping.device for ping in group})
        yield [key[0], key[1], said, f"{devices:,}", f"{sessions[key]:,}"]


def _kind_rows(outcomes: Sequence[TaskResult]) -> Iterator[list[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    sessions: Counter[str] = Counter()
    for outcome in outcomes:
        for kind, value, n in outcome.brief.identifiers:
            values[kind].add(value)
            times[kind] += n
        sessions.update({kind for kind, _, _ in outcome.brief.identifiers})
    for kind in sorted(values, key=lambda kind: (kind in FACTS, -times[kind], kind)):
        yield [kind_name(kind), f"{len(values[kind]):,}", f"{times[kind]:,}", f"{sessions[kind]:,}"]


def _region_rows(outcomes: Sequence[TaskResult]) -> Iterator[list[str]]:
    packets: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    sessions: Counter[str] = Counter()
    for outcome in outcomes:
        for address, n, size in outcome.brief.regions:
            packets[address] += n
            sent[address] += size
        sessions.update({row.address for row in outcome.brief.regions})
    for address, n in sorted(packets.items(), key=lambda item: (-item[1], item[0])):
        yield [address, f"{n:,}", byte_size(sent[address]), f"{sessions[address]:,}"]


def _problems(outcomes: Sequence[TaskResult]) -> list[str]:
    """What can't be read first, then what is damaged or was left out, a line each capture and problem."""
    unread = [outcome.error for outcome in outcomes if outcome.error is not None]
    in_order = sorted(outcomes, key=lambda outcome: outcome.paths)
    met = [
        f"{_where(outcome, problem.capture)}: {problem.what}"
        for outcome in in_order
        if outcome.error is None
        for problem in outcome.brief.problems
    ]
    more = [
        f"{outcome.paths[0]}: {counted(outcome.brief.more_problems, 'more problem')}, listed in its report"
        for outcome in in_order
        if outcome.brief.more_problems
    ]
    return [*unread, *met, *more]


def _where(outcome: TaskResult, capture: int) -> str:
    return outcome.paths[capture] if capture < len(outcome.paths) else outcome.paths[0]


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]], most: int | None) -> RenderableType:
    listed = [list(row) for row in rows]
    shown = listed if most is None else listed[:most]
    if len(listed) > len(shown):
        shown.append([f"… {len(listed) - len(shown):,} more: -v lists all", *[""] * (len(headers) - 1)])
    return table(
        headers, shown, right=[h for h in headers if h not in ("what", "to", "messages", "kind", "address")]
    )


def progress_line(done: int, captures: int, read: int, size: int, elapsed: float, now: Sequence[str]) -> str:
    """`412 of 1,480 captures, 38 %, 120 MB/s, 12 s left · a.pcap 40 %`."""
    parts = [f"{done:,} of {counted(captures, 'capture')}"]
    if size:
        parts.append(f"{100 * read // size} %")
    if elapsed > 1 and read:
        parts.append(f"{byte_size(int(read / elapsed))}/s")
        parts.append(f"{elapsed * (size - read) / read:.0f} s left")
    reading = f" · {', '.join(map(visible, now))}" if now else ""
    return f"{', '.join(parts)}{reading}"
