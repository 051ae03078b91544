"""Report → the head of the page: title, the answer, the notice of a reconstruction, key figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model import Report
from analyzer.report.groups import finding_groups, ping_groups, status_counts
from analyzer.report.html.geography import Geography
from analyzer.report.language import _, mark, number, plural
from analyzer.report.summary import first_screen
from analyzer.report.units import clock
from analyzer.report.whereabouts import region_traffic
from analyzer.report.wording import FACTS, STATUSES

_MONTHS = (
    mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June"),
    mark("July"), mark("August"), mark("September"), mark("October"), mark("November"), mark("December"),
)  # fmt: skip
_NAMED = 3  # captures by name


@dataclass(frozen=True)
class Figure:
    """A number with what it counts; `loud` where it is what the report is about."""

    value: str
    of: str
    loud: bool = False


@dataclass(frozen=True)
class PageHead:
    captures: str
    date: str
    lead: str
    answer: tuple[str, ...]
    unseen: tuple[str, ...]
    figures: tuple[Figure, ...]
    notice: str


def head(report: Report, places: Geography) -> PageHead:
    screen = first_screen(report)
    names = [info.path for info in report.captures]
    more = len(names) - _NAMED
    notice = report.reconstruction or ""
    return PageHead(
        captures=", ".join(names[:_NAMED]) + (f" … +{more}" if more > 0 else ""),
        date=_date(report),
        lead=screen.headline,
        answer=screen.points,
        unseen=screen.unseen,
        figures=tuple(_figures(report, places)),
        notice=notice[:1].upper() + notice[1:],
    )


def _date(report: Report) -> str:
    """The first and the last day: "20 February 2019"."""
    times = [t for info in report.captures for t in (info.first_ns, info.last_ns) if t is not None]
    days = dict.fromkeys(_day(time) for time in (min(times), max(times))) if times else ()
    return " – ".join(days)


def _day(time_ns: int) -> str:
    said = clock(time_ns)
    if not said[:4].isdecimal():
        return said
    year, month, day = said[:10].split("-")
    return _("{day} {month} {year}").format(day=int(day), month=_(_MONTHS[int(month) - 1]), year=year)


def _figures(report: Report, places: Geography) -> Iterator[Figure]:
    pings = [ping for group in ping_groups(report) for ping in group if ping.message is not None]
    count = len(pings)
    yield Figure(
        number(count),
        plural(count, "activation payload readable", "activation payloads readable"),
        bool(count),
    )
    if pings:
        counts = status_counts(pings)
        yield Figure(
            number(counts["accepted"]),
            _("of them accepted by the server, as far as its answers show ({said})").format(
                said=", ".join(f"{_(name)} {number(counts[name])}" for name in STATUSES[:-1])
            ),
        )
    kinds = [group for group in finding_groups(report) if group[0].kind not in FACTS]
    yield Figure(
        number(len(kinds)),
        plural(
            len(kinds),
            "readable identifier or value that looks like one",
            "readable identifiers or values that look like one",
        ),
        bool(kinds),
    )
    for code in report.scope.regions:
        total = region_traffic(report, code)[0]
        said = plural(
            total.packets_up,
            "packet sent to an address located in {country}",
            "packets sent to addresses located in {country}",
        )
        said = said.replace("{country}", total.code)
        yield Figure(number(total.packets_up), said, bool(total.packets_up))
    said = plural(places.addresses, "destination address in all", "destination addresses in all")
    yield Figure(number(places.addresses), said)
