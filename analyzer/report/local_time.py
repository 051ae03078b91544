"""Times in the reader's zone, next to UTC; without a zone in force UTC alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo

from analyzer.report.units import clock

SYSTEM = "system"  # the zone of this computer
_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_zone: ContextVar[tzinfo | str | None] = ContextVar("zone", default=None)


@contextmanager
def local_time(zone: tzinfo | str | None) -> Iterator[None]:
    """Set the zone of the times written inside: a tzinfo, SYSTEM, or None for UTC alone."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def moment(time_ns: int) -> str:
    """Return "2019-02-20 16:02:00 UTC (17:02:00 CET)": UTC, and the zone in force where it differs."""
    said = clock(time_ns)
    zone = _zone.get()
    if zone is None or not said.endswith("UTC"):
        return said
    try:
        time = _EPOCH + timedelta(seconds=time_ns // _NS)
        local = time.astimezone(zone if isinstance(zone, tzinfo) else None)
    except (OverflowError, ValueError, OSError):
        return said
    if not local.utcoffset():
        return said
    day = "" if local.date() == time.date() else f"{local:%Y-%m-%d} "
    return f"{said} ({day}{local:%H:%M:%S} {_name(local)})"


def _name(time: datetime) -> str:
    """The zone's short name, or where it has none but a number, that after "UTC": "CET", "UTC+03:00"."""
    name = time.tzname() or ""
    offset = f"{time:%z}"
    return name if name.isalpha() and name.isascii() else f"UTC{offset[:3]}:{offset[3:5]}"
