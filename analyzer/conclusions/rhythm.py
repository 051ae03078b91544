"""Times of sends → their intervals, how regular they are, and how they fit the documented retries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from analyzer.dossiers import Dossier
from analyzer.model import Ping, Rhythm

TOLERANCE = 0.1  # of an interval, or REACTION_NS if that is more
REACTION_NS = 5_000_000_000
FEWEST = 3  # intervals, before anything is called regular


def rhythms(pings: Sequence[Ping], dossiers: Mapping[str, Dossier]) -> tuple[Rhythm, ...]:
    """One entry for each sender with two sends or more."""
    groups: dict[tuple[str, str], list[int]] = {}
    for ping in pings:
        groups.setdefault((ping.dossier, ping.device), []).append(ping.time_ns)
    return tuple(
        _rhythm(dossier, device, sorted(times), dossiers.get(dossier))
        for (dossier, device), times in groups.items()
        if len(times) > 1
    )


def _rhythm(name: str, device: str, times: Sequence[int], dossier: Dossier | None) -> Rhythm:
    gaps = [after - before for before, after in pairwise(times)]
    middle = int(median(gaps))
    return Rhythm(
        dossier=name,
        device=device,
        sends=len(times),
        least_ns=min(gaps),
        median_ns=middle,
        most_ns=max(gaps),
        regularity=_regularity(gaps, middle),
        retry=_retry(gaps, dossier),
    )


def _regularity(gaps: Sequence[int], middle: int) -> str:
    near = sum(_is_near(gap, middle) for gap in gaps)
    if len(gaps) < FEWEST:
        return "too few sends to tell"
    word = "regular" if near == len(gaps) else "partly regular" if near * 2 > len(gaps) else "irregular"
    return f"{word}: {near} of {len(gaps)} intervals lie within 10 % of the median"


def _retry(gaps: Sequence[int], dossier: Dossier | None) -> str:
    if dossier is None or not dossier.retry.interval_s:
        return ""
    documented = dossier.retry
    near = sum(_is_near(gap, documented.interval_s * 10**9) for gap in gaps)
    said = f"documented: every {documented.interval_s:,} s"
    if documented.most:
        said += f", at most {documented.most} times after a failure"
    seen = f"seen: {near} of {len(gaps)} intervals fit this"
    shorter = sum(gap < documented.interval_s * 10**9 * (1 - TOLERANCE) for gap in gaps)
    more = f"; {shorter} are shorter, so something else than this timer went before them" if shorter else ""
    return f"{said}; {seen}{more}"


def _is_near(gap: int, wanted: int) -> bool:
    return abs(gap - wanted) <= max(TOLERANCE * wanted, REACTION_NS if wanted > 20 * REACTION_NS else 0)
