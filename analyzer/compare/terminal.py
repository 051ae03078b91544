"""Comparison → lines for a terminal or a pipe: the answer first, then row by row, then what limits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import RenderableType
from rich.text import Text

from analyzer.compare.comparison import (
    Comparison,
    Contact,
    CountryClaim,
    IdentifierUse,
    MovedAddress,
    Peer,
    PhoneFact,
    Rate,
    ReportSide,
    Sender,
    Sends,
    Sent,
    Traffic,
    Value,
    state,
)
from analyzer.compare.comparison_limits import absence, apart_of, blind_spots, cautions, lasting
from analyzer.compare.difference import QUOTED, SAID, answer, became, few, identifier, share, times_of
from analyzer.report.layout import bullets, facts, indented, lines, notice, printed, say, section, table
from analyzer.report.text import clip
from analyzer.report.units import byte_size, clock, counted, percent
from analyzer.report.wording import kind_name

T = TypeVar("T")
_LISTED = 12  # rows of a table unless all are asked for
_SIDES = ("A", "B")
_NONE = "–"
_CLAIMS = ("located", "second", "registered", "operated", "given", "named")


def render(
    diff: Comparison, version: str, *, width: int = 80, colour: bool = False, verbose: bool = False
) -> str:
    """The comparison as text of at most `width` columns (40 or more); `verbose` leaves nothing out."""
    return printed(_blocks(_Page(diff, verbose), version), width, colour)


class _Page:
    """A comparison being shown, and how much of each list."""

    def __init__(self, diff: Comparison, verbose: bool) -> None:
        self.diff, self.verbose = diff, verbose

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[T],
        cells: Callable[[T], Sequence[str | Text]],
        what: str,
        most: int = _LISTED,
    ) -> Iterator[RenderableType]:
        """Rows with their state before them: only in B, not seen in B, in both."""
        order = list(SAID)
        ranked = sorted(rows, key=lambda row: order.index(state(row)))
        shown = ranked if self.verbose else ranked[:most]
        yield table(("", *headers), [(SAID[state(row)], *cells(row)) for row in shown])
        if left := len(ranked) - len(shown):
            counts = [f"{sum(state(row) == s for row in ranked[most:]):,} {SAID[s]}" for s in order]
            yield say(f"… and {left:,} more {what} ({', '.join(counts)}); -v shows all", "dim")

    def quote(self, value: str) -> str:
        return value if self.verbose else clip(value, QUOTED)


def _blocks(page: _Page, version: str) -> Iterator[RenderableType]:
    diff = page.diff
    a, b = (", ".join(side.captures) for side in (diff.a, diff.b))
    yield say(f"phonehome {version} · A: {a} · B: {b}", "bold")
    warnings = list(_warnings(diff))
    yield from warnings
    for build in _SECTIONS:
        yield from build(page)
    yield Text()
    yield from warnings


def _warnings(diff: Comparison) -> Iterator[RenderableType]:
    made = [name for name, side in _named(diff) if side.reconstruction]
    told = dict.fromkeys(side.reconstruction for _, side in _named(diff) if side.reconstruction)
    if made:
        title = f"RECONSTRUCTION — {' and '.join(made)}: not traffic of a real phone"
        yield notice(title, "\n".join(text[:1].upper() + text[1:] for text in told))
    if hidden := [name for name, side in _named(diff) if side.redaction]:
        yield notice(
            f"REDACTED — {' and '.join(hidden)}: identifiers are pseudonyms",
            "Identifiers were replaced by others of the same form; none is the real one.",
        )


# ── the answer, and the two sides ───────────────────────────────────────────


def _answer(page: _Page) -> Iterator[RenderableType]:
    yield section("The answer", bullets(answer(page.diff)))


def _what(page: _Page) -> Iterator[RenderableType]:
    blocks = [block for name, side in _named(page.diff) for block in _side(name, side)]
    yield section("What is compared", *blocks)


def _side(name: str, side: ReportSide) -> tuple[RenderableType, ...]:
    return say(f"{name}  {', '.join(side.captures)}", "bold"), indented(facts(_side_facts(side)))


def _side_facts(side: ReportSide) -> Iterator[tuple[str, str]]:
    yield "device", f"{side.device or 'all'} ({side.chosen})"
    yield "time", f"{clock(side.first_ns)} to {clock(side.last_ns)} ({lasting(side)})"
    yield "frames", f"{side.frames:,}"
    absent = "left out, since the report is redacted" if side.redaction else "not made"
    yield "SHA-256", ", ".join(each or absent for each in side.hashes)
    yield "readable", f"{share(side)} of payload"


# ── rows ────────────────────────────────────────────────────────────────────


def _senders(page: _Page) -> Iterator[RenderableType]:
    diff = page.diff
    if diff.senders:
        rows = page.table(("activation ping, to", *_SIDES), diff.senders, _sender, "senders")
        keys = [line for row in diff.senders for line in _keys(row)]
        yield section("Activation pings", *rows, *([bullets(keys)] if keys else []))


def _sender(row: Sender) -> tuple[Text, Text, Text]:
    return lines(row.title, clip(row.recipient, QUOTED)), _sends(row.a), _sends(row.b)


def _sends(sends: Sends | None) -> Text:
    return lines(times_of(sends), *_apart(sends.rate)) if sends else say(_NONE)


def _apart(rate: Rate) -> Iterator[str]:
    if apart := apart_of(rate):
        yield f"{apart} apart"


def _keys(row: Sender) -> Iterator[str]:
    """The keys of the payload that only one side sent."""
    if row.a and row.b and row.a.keys and row.b.keys:
        for said, keys, other in (
            ("only in B", row.b.keys, row.a.keys),
            ("not seen in B", row.a.keys, row.b.keys),
        ):
            if found := [key for key in keys if key not in other]:
                yield f"{row.title}: keys of the payload {said}: {few(found)}"


def _contacts(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.contacts
    if rows:
        note = say("What is known of the names, not what was sent.", "dim")
        headers = ("name", "known for", *_SIDES)
        yield section("Documented names", note, *page.table(headers, rows, _contact, "names"))


def _contact(row: Contact) -> tuple[str, str, str, str]:
    counts = (counted(n, "address", "addresses") if n is not None else _NONE for n in (row.a, row.b))
    return (row.name, f"{row.title} ({row.kind})", *counts)  # type: ignore[return-value]


def _identifiers(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.identifiers
    if not rows:
        return
    blocks = [*page.table(("identifier, to", *_SIDES), rows, _carried, "rows")]
    values = [(row, value) for row in rows for value in row.values or ()]
    if values:
        blocks += [Text(), say("Their values:"), indented(*_values(page, values))]
    if alone := _alone(page.diff):
        blocks += [Text(), bullets(alone if page.verbose else alone[:_LISTED])]
    yield section("Identifiers that left readable, by recipient", *blocks)


def _carried(row: IdentifierUse) -> tuple[Text, Text, Text]:
    return lines(clip(identifier(row), QUOTED), clip(row.recipient, QUOTED)), _sent(row.a), _sent(row.b)


def _sent(sent: Sent | None) -> Text:
    if sent is None:
        return say(_NONE)
    known = ["one the owner gave"] if sent.known else []
    return lines(f"{counted(sent.rate.times, 'time')}, {counted(sent.values, 'value')}", *known)


def _alone(diff: Comparison) -> list[str]:
    """What the length of the other capture says of those seen in one only, alike ones together."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in diff.identifiers:
        seen = row.a or row.b
        if seen and state(row) != "unchanged":
            sentence = absence(seen.rate, diff, "A" if row.a else "B")
            said.setdefault((row.recipient, sentence), []).append(identifier(row))
    return [f"{few(kinds)} to {clip(to, QUOTED)}: {sentence}" for (to, sentence), kinds in said.items()]


def _values(page: _Page, values: Sequence[tuple[IdentifierUse, Value]]) -> Iterator[RenderableType]:
    kinds = {id(value): kind_name(row.kind) for row, value in values}

    def cells(value: Value) -> tuple[str, str, str, str]:
        return (kinds[id(value)], page.quote(value.value), _times(value.a), _times(value.b))

    yield from page.table(("kind", "value", *_SIDES), [value for _, value in values], cells, "values")


def _times(count: int | None) -> str:
    return _NONE if count is None else counted(count, "time")


def _facts(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.facts

    def cells(row: PhoneFact) -> tuple[str, str, str, str]:
        seen = (_times(rate.times if rate else None) for rate in (row.a, row.b))
        return (kind_name(row.kind), page.quote(row.value), *seen)  # type: ignore[return-value]

    if rows:
        yield section("About the phone", *page.table(("what", "value", *_SIDES), rows, cells, "values"))


def _peers(page: _Page) -> Iterator[RenderableType]:
    rows = [row for row in page.diff.peers if page.verbose or not row.is_local]
    rows.sort(key=lambda row: -sum(side.bytes_up + side.bytes_down for side in (row.a, row.b) if side))
    local = len(page.diff.peers) - len(rows)
    if not rows and not local:
        return
    note = say("By name, or by address where none was seen. ↑ sent by the device, ↓ received", "dim")
    blocks = [note, *page.table(("destination", *_SIDES), rows, _peer, "destinations")]
    if local:
        many = counted(local, "local or special address", "local or special addresses")
        blocks.append(say(f"{many} not shown; -v shows all", "dim"))
    yield section("Destinations and their readable share", *blocks)


def _peer(row: Peer) -> tuple[Text, Text, Text]:
    changed = [became(row)] if became(row) else []
    return lines(clip(row.name, QUOTED), *changed), _traffic(row.a), _traffic(row.b)


def _traffic(side: Traffic | None) -> Text:
    if side is None:
        return say(_NONE)
    share = [f"readable {percent(side.readable, side.payload)}"] if side.payload else ["no payload"]
    sizes = f"{byte_size(side.bytes_up)} ↑ {byte_size(side.bytes_down)} ↓"
    return lines(f"{side.packets_up:,} ↑ {side.packets_down:,} ↓", sizes, *share)


def _countries(page: _Page) -> Iterator[RenderableType]:
    rows = sorted(page.diff.countries, key=lambda row: (_CLAIMS.index(row.claim), row.code))
    if not rows:
        return
    scope = {*page.diff.a.regions, *page.diff.b.regions}
    asked, others = ([row for row in rows if (row.code in scope) == wanted] for wanted in (True, False))
    blocks: list[RenderableType] = [say("Claims are kept apart and codes never summed (ISO 3166-1).", "dim")]
    # What was asked for is never cut: a row for each claim and region at most.
    if asked:
        blocks += page.table(("claim", "code", *_SIDES), asked, _country, "rows", most=len(asked))
    if others:
        blocks += [
            say("Regions outside the scope:"),
            *page.table(("claim", "code", *_SIDES), others, _country, "rows"),
        ]
    moved = page.diff.moved
    if moved:
        shown = moved if page.verbose else moved[:_LISTED]
        rest = [f"and {len(moved) - len(shown):,} more; -v shows all"] if len(moved) > len(shown) else []
        blocks += [
            Text(),
            say("In both, placed differently:"),
            indented(bullets([*map(_moved, shown), *rest])),
        ]
    yield section("Countries, claim by claim", *blocks)


def _country(row: CountryClaim) -> tuple[str | Text, ...]:
    sides = (
        lines(counted(s.addresses, "address", "addresses"), f"{counted(s.packets_up, 'packet')} ↑")
        if s
        else _NONE
        for s in (row.a, row.b)
    )
    return (row.claim, row.code, *sides)


def _moved(row: MovedAddress) -> str:
    return f"{row.address} {row.claim}: A {', '.join(row.a) or 'no data'}, B {', '.join(row.b) or 'no data'}"


# ── limits ──────────────────────────────────────────────────────────────────


def _limits(page: _Page) -> Iterator[RenderableType]:
    yield section("What the two captures cannot show", bullets(cautions(page.diff)))
    yield section("Blind spots of either", bullets(blind_spots(page.diff) or ["None was noted."]))


def _named(diff: Comparison) -> tuple[tuple[str, ReportSide], tuple[str, ReportSide]]:
    return ("A", diff.a), ("B", diff.b)


_SECTIONS = (
    _answer, _what, _senders, _identifiers, _facts, _peers, _countries, _contacts, _limits,
)  # fmt: skip
