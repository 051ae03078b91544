"""Numbers → words: times, spans, bytes and counts, the same in every writer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from analyzer.report.language import _, decimal, mark, number, plural

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 1_000_000_000
_SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_SPANS = ((86_400, mark("d")), (3_600, mark("h")), (60, "min"))


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def iso(time_ns: int) -> str:
    """ISO 8601 in UTC with nanoseconds: "2019-02-14T06:00:01.000000001Z".

    Raises OverflowError for a time outside the years 1 to 9999.
    """
    seconds, rest = divmod(time_ns, _NS)
    return f"{_second(seconds)}.{rest:09d}Z"


def parse_iso(text: str) -> int:
    """Nanoseconds since the epoch of a text that `iso` wrote; ValueError for any other."""
    if len(text) != 30 or text[19] != "." or text[29] != "Z" or not text[20:29].isdecimal():
        raise ValueError(f"not a time in UTC with nanoseconds: {text[:40]!r}")
    seconds = datetime.fromisoformat(text[:19] + "+00:00") - _EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * _NS + int(text[20:29])


def clock(time_ns: int | None) -> str:
    """For people: "2019-02-14 06:00:01 UTC", the fraction cut off."""
    if time_ns is None:
        return _("unknown")
    try:
        return _second(time_ns // _NS).replace("T", " ") + " UTC"
    except OverflowError:
        return _("a time outside the years 1 to 9999 ({ns} ns)").format(ns=time_ns)


def span(ns: int) -> str:
    """A length of time with two digits or more: "0.4 s", "21 min", "3.5 h"."""
    seconds = ns / _NS
    unit, name = next(((u, n) for u, n in _SPANS if seconds >= u), (1, "s"))
    value = seconds / unit
    return f"{value:.0f} {_(name)}" if value >= 10 else f"{decimal(f'{value:.1f}')} {_(name)}"


def byte_size(count: int) -> str:
    """Decimal units: "812 B", "4.1 kB", "1.3 GB"."""
    unit, name = next(((u, n) for u, n in _SIZES if count >= u), (1, "B"))
    return f"{count} B" if unit == 1 else f"{decimal(f'{count / unit:.1f}')} {name}"


def percent(part: int, whole: int) -> str:
    """A share that is never rounded to 0 or 100 when it is neither: "38 %", "< 1 %", "> 99 %"."""
    share = 100 * part / whole if whole else 0
    if part and share < 1:
        return "< 1 %"
    if part < whole and share > 99:
        return "> 99 %"
    return f"{share:.0f} %"


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 packet", "1,204 packets"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def counted_bytes(count: int) -> str:
    """ "1 byte", "1,204 bytes"."""
    return plural(count, "{n} byte", "{n} bytes")


def tally(counts: Mapping[str, int]) -> str:
    """ "3 closed, 1 unanswered", the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number(times)} {name}" for name, times in ranked)
