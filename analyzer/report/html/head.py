"""Report → the head of the page: title, the answer, the notice of a reconstruction, key figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model import Ping, Report
from analyzer.report.countries import country
from analyzer.report.coverage import UNREAD, amount, rows_of
from analyzer.report.glossary import GlossaryEntry, words_in
from analyzer.report.groups import finding_groups, ping_groups, status_counts
from analyzer.report.html.geography import Geography
from analyzer.report.language import _, mark, number, plural
from analyzer.report.sendings import counts
from analyzer.report.summary import first_screen, has_found
from analyzer.report.units import clock, percent
from analyzer.report.whereabouts import Whereabouts, region_traffic
from analyzer.report.wording import STATUSES

_MONTHS = (
    mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June"),
    mark("July"), mark("August"), mark("September"), mark("October"), mark("November"), mark("December"),
)  # fmt: skip
_NAMED = 3  # captures by name
FOUND = mark("What left the phone readable")
NOTHING_FOUND = mark("What this capture can show, and what it cannot")


@dataclass(frozen=True)
class Figure:
    """A number with what it counts; `loud` where it is what the report is about."""

    value: str
    of: str
    loud: bool = False


@dataclass(frozen=True)
class PageHead:
    title: str
    captures: str
    subject: str  # what tells the page from others, in the title of its window
    date: str
    lead: str
    answer: tuple[str, ...]
    unseen: tuple[str, ...]
    figures: tuple[Figure, ...]
    notice: str
    words: tuple[GlossaryEntry, ...]  # of the answer, explained at the end


def head(report: Report, places: Geography) -> PageHead:
    screen = first_screen(report)
    names = [info.path for info in report.captures]
    more = len(names) - _NAMED
    notice, date = report.reconstruction or "", _date(report)
    captures = ", ".join(names[:_NAMED]) + (f" … +{more}" if more > 0 else "")
    return PageHead(
        title=_(FOUND) if has_found(report) else _(NOTHING_FOUND),
        captures=captures,
        subject=date if report.redaction and date else captures,
        date=date,
        lead=screen.headline,
        answer=screen.points,
        unseen=screen.unseen,
        figures=tuple(_figures(report, places)),
        notice=notice[:1].upper() + notice[1:],
        words=tuple(words_in((screen.headline, *screen.points, *screen.unseen))),
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
    """Key figures: what was found, or, where nothing was, how much was searched at all."""
    yield from _found(report) if has_found(report) else _searched(report)
    said = plural(places.addresses, "destination address in all", "destination addresses in all")
    yield Figure(number(places.addresses), said)


def _searched(report: Report) -> Iterator[Figure]:
    """Shares of the bytes; no row of zeros that reads as an all-clear."""
    whole = amount(report.coverage).bytes
    if not whole:
        return
    shares = (
        (_("of the bytes searched for identifiers"), amount(rows_of(report, "searched")).bytes),
        (
            _("of the bytes encrypted, readable by nobody on the way"),
            amount(rows_of(report, "encrypted")).bytes,
        ),
        (_("of the bytes not searched, for reasons given here"), amount(rows_of(report, *UNREAD)).bytes),
    )
    for said, size in shares:
        yield Figure(percent(size, whole), said, bool(size) and said == shares[2][0])


def _found(report: Report) -> Iterator[Figure]:
    pings = [ping for group in ping_groups(report) for ping in group if ping.message is not None]
    if pings:
        yield from _payloads(pings)
    kinds = [group for group in finding_groups(report) if counts(group[0])]
    said = plural(
        len(kinds),
        "identifier sent readable, probable ones included",
        "different identifiers sent readable, probable ones included",
    )
    yield Figure(number(len(kinds)), said, bool(kinds))
    where = Whereabouts(report)
    for code in report.scope.regions:
        total = region_traffic(report, code, where)[0]
        said = plural(
            total.packets_up,
            "packet sent to an address that databases place in {country}",
            "packets sent to addresses that databases place in {country}",
        )
        said = said.replace("{country}", country(code))
        yield Figure(number(total.packets_up), said, bool(total.packets_up))


def _payloads(pings: list[Ping]) -> Iterator[Figure]:
    found = status_counts(pings)
    said = plural(len(pings), "activation payload readable", "activation payloads readable")
    yield Figure(number(len(pings)), said, True)
    passed = ", ".join(f"{_(name)} {number(found[name])}" for name in STATUSES[:-1])
    yield Figure(
        number(found["accepted"]),
        _("of them accepted by the server, as far as its answers show ({said})").format(said=passed),
    )
