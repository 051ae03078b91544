"""Which database answers for a date: the nearest at or before the capture, else the nearest.

The gap is always said, and a warning stands where it exceeds 180 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar

WARN_ABOVE_DAYS = 180
_NS_A_DAY = 86_400_000_000_000


class Dated(Protocol):
    """Anything with a date and the way it is said."""

    @property
    def date(self) -> date: ...

    @property
    def said(self) -> str: ...


D = TypeVar("D", bound=Dated)


def capture_date(capture_ns: int) -> date:
    """The UTC day of a time in nanoseconds since the epoch."""
    return datetime.fromtimestamp(capture_ns // _NS_A_DAY * 86_400, UTC).date()


def nearest(snapshots: Sequence[D], day: date | None) -> D:
    """The snapshot for that day; the newest where no day is known. `snapshots` is not empty."""
    if day is None:
        return max(snapshots, key=lambda s: s.date)
    before = [s for s in snapshots if s.date <= day]
    if before:
        return max(before, key=lambda s: s.date)
    return min(snapshots, key=lambda s: s.date)


def gap_text(claim: str, snapshot: Dated, day: date) -> str:
    """How far a snapshot is from the capture: "located by GeoLite2 2019-12-24 (277 days after)"."""
    days = (snapshot.date - day).days
    gap = f"{abs(days):,} days {'after' if days > 0 else 'before'}" if days else "the same day"
    return f"{claim} by {snapshot.said} ({gap})"


def warning(claims: Sequence[tuple[str, Dated]], day: date) -> str:
    """One sentence naming the claims whose snapshot is more than 180 days away; "" for none."""
    far = [claim for claim, snapshot in claims if abs((snapshot.date - day).days) > WARN_ABOVE_DAYS]
    if not far:
        return ""
    return (
        f" Warning: more than {WARN_ABOVE_DAYS} days lie between the capture and the database"
        f" for {', '.join(far)}; addresses may have moved in between."
    )
