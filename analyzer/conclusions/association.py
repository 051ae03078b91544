"""Times of sends and of events → how often one stood before the other, and how often chance would do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from analyzer.conclusions.event_timeline import Events
from analyzer.model import Association, Ping, Report

WINDOW_NS = 10_000_000_000
SHIFTS = 9_999
FEWEST_SENDS = 4
FEWEST_EVENTS = 2  # of a single one any probability says nothing
MOST_SENDS = 1_000  # in the test
MOST_KEPT = 1_000  # times of events that the report holds
SEED = 1  # the same numbers at every run

NOT_CAUSE = "An association in time; it does not show that one caused the other."


class Counted(NamedTuple):
    """How many sends had an event at most the window before them, and after how long."""

    preceded: int
    median_lag_ns: int | None


def associations(report: Report, events: Sequence[Events]) -> tuple[Association, ...]:
    """One entry for each sender and kind of event that was seen at all, in the order of the events."""
    start, end = _span(report)
    return tuple(
        _association(dossier, device, sorted(ping.time_ns for ping in pings), entry, start, end)
        for (dossier, device), pings in _groups(report.pings).items()
        for entry in events
        if entry.times and entry.device in ("", device)
    )


def counted(sends: Sequence[int], events: Sequence[int], window_ns: int = WINDOW_NS) -> Counted:
    """How many sends were preceded; an event at the very time of a send counts as before it."""
    lags = _lags(np.asarray(sends, np.int64), np.asarray(events, np.int64))
    near = lags[(lags >= 0) & (lags <= window_ns)]
    return Counted(len(near), int(np.median(near)) if len(near) else None)


def as_often_by_chance(
    sends: Sequence[int], events: Sequence[int], start: int, end: int, window_ns: int = WINDOW_NS
) -> tuple[int, int]:
    """(shifts made, shifts with at least as many preceded sends): a permutation test on a circle.

    All sends are shifted together by a random time within the capture and wrap around at its end,
    so that their own rhythm is kept. No shift is made where sends, events or capture are too few or short.
    """
    span = end - start
    if len(sends) < FEWEST_SENDS or len(events) < FEWEST_EVENTS or span < 4 * window_ns:
        return 0, 0
    ordered = np.sort(np.asarray(events, np.int64)) - start
    times = np.asarray(sends[:MOST_SENDS], np.int64) - start
    seen = counted(times.tolist(), ordered.tolist(), window_ns).preceded
    offsets = np.random.default_rng(SEED).integers(0, span, SHIFTS)
    # The events before the start of the circle are those at its end.
    circle = np.concatenate([ordered - span, ordered])
    as_often = 0
    for chunk in np.array_split(offsets, 1 + len(times) * SHIFTS // 1_000_000):
        lags = _lags((times[None, :] + chunk[:, None]) % span, circle)
        preceded = ((lags >= 0) & (lags <= window_ns)).sum(axis=1)
        as_often += int((preceded >= seen).sum())
    return SHIFTS, as_often


def _lags(sends: Any, events: Any) -> Any:
    """The time since the last event before each send; -1 where there is none."""
    at = np.searchsorted(events, sends, side="right") - 1
    return np.where(at >= 0, sends - events[np.maximum(at, 0)], -1)


def _association(
    dossier: str, device: str, sends: Sequence[int], events: Events, start: int, end: int
) -> Association:
    inside = [t for t in events.times if start <= t <= end]
    found = counted(sends, events.times)
    shifts, as_often = as_often_by_chance(sends, inside, start, end) if found.preceded else (0, 0)
    return Association(
        dossier=dossier,
        device=device,
        event=events.name,
        origin=events.origin,
        sends=len(sends),
        events=len(events.times),
        preceded=found.preceded,
        window_ns=WINDOW_NS,
        median_lag_ns=found.median_lag_ns,
        shifts=shifts,
        as_often=as_often,
        statement=_statement(len(sends), events, found, shifts, as_often),
        times_ns=tuple(sorted(events.times)[:MOST_KEPT]),
    )


def _statement(sends: int, events: Events, found: Counted, shifts: int, as_often: int) -> str:
    source = f"{_article(events.name)} {events.name}"
    if events.origin == "log":
        source = f"the log's “{events.name}”"
    said = f"{found.preceded} of {sends} sends came within {WINDOW_NS // 10**9} s after {source}"
    if found.median_lag_ns is not None:
        said += f", half of them within {found.median_lag_ns / 1e9:.1f} s"
    said += f" ({len(events.times):,} such events)."
    if not found.preceded:
        return said
    if not shifts:
        return f"{said} Too little was seen for a test against chance. {NOT_CAUSE}"
    chance = (as_often + 1) / (shifts + 1)
    test = f"Shifted in time at random {shifts:,} times, at least as many of them did {as_often:,} times"
    return f"{said} {test} (p = {chance:.4f}). {NOT_CAUSE}"


def _article(name: str) -> str:
    if name.startswith("first"):
        return "the"
    return "an" if name[:1] in "AEIOUaeiou" else "a"


def _span(report: Report) -> tuple[int, int]:
    times = [ping.time_ns for ping in report.pings]
    starts = [info.first_ns for info in report.captures if info.first_ns is not None]
    ends = [info.last_ns for info in report.captures if info.last_ns is not None]
    first = min(starts or times)
    return first, max(max(ends), first + 1) if ends else max(times)


def _groups(pings: Sequence[Ping]) -> dict[tuple[str, str], list[Ping]]:
    groups: dict[tuple[str, str], list[Ping]] = {}
    for ping in pings:
        groups.setdefault((ping.dossier, ping.device), []).append(ping)
    return groups
