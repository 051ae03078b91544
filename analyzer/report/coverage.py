"""How much of what was captured was searched, and what was not: shares, and the sentences about them.

What a protocol encrypts on purpose (TLS, QUIC) is no limit of the search: nobody on the way can read it. All
else that was not searched is, and no report may read as if nothing had been there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analyzer.model import Coverage, CoverageState, Report
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import percent

# What tables call each state, in their order.
STATES: dict[CoverageState, str] = {
    "searched": mark("searched for identifiers"),
    "answers": mark("answers to a device, read and not searched"),
    "encrypted": mark("encrypted, readable by nobody on the way"),
    "not-searched": mark("not searched: readable, or not shown to be encrypted"),
    "unrecognised": mark("not searched: of no known form, perhaps encrypted or compressed"),
    "wifi-not-opened": mark("Wi-Fi frames that no key opened"),
    "tunnel-not-opened": mark("tunnels that were not read"),
    "not-decoded": mark("not decoded"),
    "not-captured": mark("cut off by the snapshot length of the capture"),
    "no-content": mark("nothing to search: handshakes, ARP, ICMP"),
}
# Why something was not searched that could have been, in the words of a sentence.
UNREAD: dict[CoverageState, str] = {
    "wifi-not-opened": mark("Wi-Fi frames that no key opened"),
    "tunnel-not-opened": mark("tunnels that were not read ({kinds})"),
    "not-searched": mark("readable, or not shown to be encrypted ({kinds})"),
    "unrecognised": mark("of no known form, perhaps encrypted or compressed ({kinds})"),
    "not-decoded": mark("frames that were not decoded ({kinds})"),
    "not-captured": mark("cut off by the snapshot length of the capture ({kinds})"),
}
LOST_LIVE = "lost-live"  # the code of packets that a live capture lost
NOT_READ = "not read"  # the format of a capture that could not be read at all
_NAMED = 4  # kinds that a sentence names
_LONGEST = 60  # characters of such a name


class Amount(NamedTuple):
    """Packets and bytes of a capture."""

    packets: int
    bytes: int


def amount(rows: Iterable[Coverage]) -> Amount:
    """The sum of these rows."""
    listed = list(rows)
    return Amount(sum(row.packets for row in listed), sum(row.bytes for row in listed))


def rows_of(report: Report, *states: CoverageState) -> list[Coverage]:
    """The rows in one of these states."""
    return [row for row in report.coverage if row.state in states]


def is_recorded(report: Report) -> bool:
    """Whether the report knows how much was searched; those of older versions don't."""
    return bool(report.coverage) or not any(info.frames for info in report.captures)


def searched_rows(report: Report, most: int | None) -> list[tuple[str, str, str, str, str]]:
    """State, packets, bytes, share of the bytes, at most so many kinds: a row a state, then all together."""
    total = amount(report.coverage)
    rows = []
    for state, words in STATES.items():
        those = rows_of(report, state)
        if those:
            packets, size = amount(those)
            much = number(packets), number(size), percent(size, total.bytes)
            rows.append((_(words), *much, _few(kinds_of(those), most)))
    if rows:
        all_of_it = number(total.packets), number(total.bytes), percent(total.bytes, total.bytes)
        rows.append((_("together"), *all_of_it, ""))
    return rows


# ── sentences ───────────────────────────────────────────────────────────────


def limits(report: Report) -> list[str]:
    """What could have been read and was not, the larger part first; empty where there is nothing of it."""
    return [*_files(report), *_lost(report), *_unrecorded(report), *_unread(report)]


def searched(report: Report) -> str:
    """How much was searched and how much is encrypted: "4 of 14 packets (12 % of the bytes)"."""
    return _share(report, amount(rows_of(report, "searched")))


def encrypted(report: Report) -> str:
    """What is encrypted, in a sentence; empty where nothing is."""
    rows = rows_of(report, "encrypted")
    if not rows:
        return ""
    return _("{share} were encrypted ({kinds}).").format(
        share=_share(report, amount(rows)), kinds=_kinds(rows)
    )


def kinds_of(rows: Sequence[Coverage]) -> list[str]:
    """What these rows are, those with the most bytes first, in the language in force."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.what] = sums.get(row.what, 0) + row.bytes
    return [clip(spoken(what), _LONGEST) for what in sorted(sums, key=lambda what: (-sums[what], what))]


def _files(report: Report) -> Iterator[str]:
    unread = sum(info.format == NOT_READ for info in report.captures)
    if unread:
        yield plural(
            len(report.captures),
            "{unread} of {n} capture could not be read at all.",
            "{unread} of {n} captures could not be read at all.",
        ).replace("{unread}", number(unread))
    cut = sum(not info.complete and info.format != NOT_READ for info in report.captures)
    if cut:
        yield plural(
            len(report.captures),
            "{cut} of {n} capture is damaged: what followed the damage was not read.",
            "{cut} of {n} captures are damaged: what followed the damage was not read.",
        ).replace("{cut}", number(cut))


def _lost(report: Report) -> Iterator[str]:
    """What was lost before it could be read, as a live capture or the file itself counts it."""
    live = sum(problem.count for problem in report.problems if problem.code == LOST_LIVE)
    interfaces = [one for info in report.captures for one in info.interfaces]
    in_files = sum((one.dropped or 0) + (one.dropped_by_system or 0) for one in interfaces)
    if lost := max(live, in_files):
        yield plural(
            lost,
            "{n} packet was lost before it was captured: what was in it is missing.",
            "{n} packets were lost before they were captured: what was in them is missing.",
        )


def _unrecorded(report: Report) -> Iterator[str]:
    if not is_recorded(report):
        yield _("How much of the capture was searched is not recorded in this report.")


def _unread(report: Report) -> Iterator[str]:
    rows = rows_of(report, *UNREAD)
    if rows:
        yield _("{share} were not searched for identifiers: {parts}.").format(
            share=_share(report, amount(rows)), parts="; ".join(_parts(report, rows))
        )


def _parts(report: Report, rows: Sequence[Coverage]) -> Iterator[str]:
    """A clause for each reason, the one with the most bytes first."""
    of: dict[CoverageState, list[Coverage]] = {}
    for row in rows:
        of.setdefault(row.state, []).append(row)
    total = amount(report.coverage)
    for state, those in sorted(of.items(), key=lambda item: -amount(item[1]).bytes):
        packets, size = amount(those)
        said = _(UNREAD[state]).format(kinds=_kinds(those))
        much = f"{plural(packets, '{n} packet', '{n} packets')} ({percent(size, total.bytes)})"
        yield said if len(of) == 1 else f"{said}: {much}"


def _kinds(rows: Sequence[Coverage]) -> str:
    return _few(kinds_of(rows), _NAMED)


def _few(names: Sequence[str], most: int | None) -> str:
    left = 0 if most is None else len(names) - most
    more = [_("{n} more").format(n=number(left))] if left > 0 else []
    return ", ".join([*names[:most], *more])


def _share(report: Report, part: Amount) -> str:
    total = amount(report.coverage)
    return _("{part} of {all} packets ({share} of the bytes)").format(
        part=number(part.packets), all=number(total.packets), share=percent(part.bytes, total.bytes)
    )
