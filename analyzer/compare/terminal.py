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
from analyzer.compare.comparison_limits import absence, apart_of, blind_spots, both, cautions, lasting
from analyzer.compare.difference import QUOTED, SAID, answer, became, few, identifier, share, times_of
from analyzer.report.language import _, mark, number, plural
from analyzer.report.layout import bullets, facts, indented, lines, notice, printed, say, section, table
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import byte_size, clock, percent
from analyzer.report.wording import kind_name

T = TypeVar("T")
_LISTED = 12  # rows of a table unless all are asked for
_SIDES = ("A", "B")
_NONE = "–"
_CLAIMS = ("located", "second", "registered", "operated", "given", mark("named"))
_KINDS = {
    "activation-ping": mark("activation ping"),
    "telemetry": mark("telemetry"),
    "benign": mark("benign"),
}


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
        yield table(("", *headers), [(_(SAID[state(row)]), *cells(row)) for row in shown])
        if left := len(ranked) - len(shown):
            counts = [f"{number(sum(state(row) == s for row in ranked[most:]))} {_(SAID[s])}" for s in order]
            said = _("… and {n} more {what} ({counts}); -v shows all")
            yield say(said.format(n=number(left), what=what, counts=", ".join(counts)), "dim")

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
    told = dict.fromkeys(side.reconstruction for side in (diff.a, diff.b) if side.reconstruction)
    if made:
        title = _("RECONSTRUCTION — {sides}: not traffic of a real phone").format(sides=both(made))
        yield notice(title, "\n".join(spoken(text[:1].upper() + text[1:]) for text in told))
    if hidden := [name for name, side in _named(diff) if side.redaction]:
        yield notice(
            _("REDACTED — {sides}: identifiers are pseudonyms").format(sides=both(hidden)),
            _("Identifiers were replaced by others of the same form; none is the real one."),
        )


# ── the answer, and the two sides ───────────────────────────────────────────


def _answer(page: _Page) -> Iterator[RenderableType]:
    yield section(_("The answer"), bullets(answer(page.diff)))


def _what(page: _Page) -> Iterator[RenderableType]:
    blocks = [block for name, side in _named(page.diff) for block in _side(name, side)]
    yield section(_("What is compared"), *blocks)


def _side(name: str, side: ReportSide) -> tuple[RenderableType, ...]:
    return say(f"{name}  {', '.join(side.captures)}", "bold"), indented(facts(_side_facts(side)))


def _side_facts(side: ReportSide) -> Iterator[tuple[str, str]]:
    yield _("device"), f"{side.device or _('all')} ({spoken(side.chosen)})"
    time = _("{first} to {last} ({length})")
    yield _("time"), time.format(first=clock(side.first_ns), last=clock(side.last_ns), length=lasting(side))
    yield _("frames"), number(side.frames)
    absent = _("left out, since the report is redacted") if side.redaction else _("not made")
    yield "SHA-256", ", ".join(each or absent for each in side.hashes)
    yield _("readable"), _("{share} of payload").format(share=share(side))


# ── rows ────────────────────────────────────────────────────────────────────


def _senders(page: _Page) -> Iterator[RenderableType]:
    diff = page.diff
    if diff.senders:
        rows = page.table((_("activation ping, to"), *_SIDES), diff.senders, _sender, _("senders"))
        keys = [line for row in diff.senders for line in _keys(row)]
        yield section(_("Activation pings"), *rows, *([bullets(keys)] if keys else []))


def _sender(row: Sender) -> tuple[Text, Text, Text]:
    return lines(spoken(row.title), clip(row.recipient, QUOTED)), _sends(row.a), _sends(row.b)


def _sends(sends: Sends | None) -> Text:
    return lines(times_of(sends), *_apart(sends.rate)) if sends else say(_NONE)


def _apart(rate: Rate) -> Iterator[str]:
    if apart := apart_of(rate):
        yield _("{time} apart").format(time=apart)


def _keys(row: Sender) -> Iterator[str]:
    """The keys of the payload that only one side sent."""
    if row.a and row.b and row.a.keys and row.b.keys:
        for said, keys, other in (
            (_("{title}: keys of the payload only in B: {keys}"), row.b.keys, row.a.keys),
            (_("{title}: keys of the payload not seen in B: {keys}"), row.a.keys, row.b.keys),
        ):
            if found := [key for key in keys if key not in other]:
                yield said.format(title=spoken(row.title), keys=few(found))


def _contacts(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.contacts
    if rows:
        note = say(_("What is known of the names, not what was sent."), "dim")
        headers = (_("name"), _("known for"), *_SIDES)
        yield section(_("Documented names"), note, *page.table(headers, rows, _contact, _("names")))


def _contact(row: Contact) -> tuple[str, str, str, str]:
    counts = (plural(n, "{n} address", "{n} addresses") if n is not None else _NONE for n in (row.a, row.b))
    return (row.name, f"{spoken(row.title)} ({_(_KINDS.get(row.kind, row.kind))})", *counts)  # type: ignore[return-value]


def _identifiers(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.identifiers
    if not rows:
        return
    blocks = [*page.table((_("identifier, to"), *_SIDES), rows, _carried, _("rows"))]
    values = [(row, value) for row in rows for value in row.values or ()]
    if values:
        blocks += [Text(), say(_("Their values:")), indented(*_values(page, values))]
    if alone := _alone(page.diff):
        blocks += [Text(), bullets(alone if page.verbose else alone[:_LISTED])]
    yield section(_("Identifiers that left readable, by recipient"), *blocks)


def _carried(row: IdentifierUse) -> tuple[Text, Text, Text]:
    return lines(clip(identifier(row), QUOTED), clip(row.recipient, QUOTED)), _sent(row.a), _sent(row.b)


def _sent(sent: Sent | None) -> Text:
    if sent is None:
        return say(_NONE)
    known = [_("one the owner gave")] if sent.known else []
    times, values = _times(sent.rate.times), plural(sent.values, "{n} value", "{n} values")
    return lines(f"{times}, {values}", *known)


def _alone(diff: Comparison) -> list[str]:
    """What the length of the other capture says of those seen in one only, alike ones together."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in diff.identifiers:
        seen = row.a or row.b
        if seen and state(row) != "unchanged":
            sentence = absence(seen.rate, diff, "A" if row.a else "B")
            said.setdefault((row.recipient, sentence), []).append(identifier(row))
    form = _("{kinds} to {recipient}: {sentence}")
    return [
        form.format(kinds=few(kinds), recipient=clip(to, QUOTED), sentence=sentence)
        for (to, sentence), kinds in said.items()
    ]


def _values(page: _Page, values: Sequence[tuple[IdentifierUse, Value]]) -> Iterator[RenderableType]:
    kinds = {id(value): kind_name(row.kind) for row, value in values}

    def cells(value: Value) -> tuple[str, str, str, str]:
        return (kinds[id(value)], page.quote(value.value), _times(value.a), _times(value.b))

    yield from page.table(
        (_("kind"), _("value"), *_SIDES), [value for _row, value in values], cells, _("values")
    )


def _times(count: int | None) -> str:
    return _NONE if count is None else plural(count, "{n} time", "{n} times")


def _facts(page: _Page) -> Iterator[RenderableType]:
    rows = page.diff.facts

    def cells(row: PhoneFact) -> tuple[str, str, str, str]:
        seen = (_times(rate.times if rate else None) for rate in (row.a, row.b))
        return (kind_name(row.kind), page.quote(row.value), *seen)  # type: ignore[return-value]

    if rows:
        yield section(
            _("About the phone"), *page.table((_("what"), _("value"), *_SIDES), rows, cells, _("values"))
        )


def _peers(page: _Page) -> Iterator[RenderableType]:
    rows = [row for row in page.diff.peers if page.verbose or not row.is_local]
    rows.sort(key=lambda row: -sum(side.bytes_up + side.bytes_down for side in (row.a, row.b) if side))
    local = len(page.diff.peers) - len(rows)
    if not rows and not local:
        return
    note = say(_("By name, or by address where none was seen. ↑ sent by the device, ↓ received"), "dim")
    blocks = [note, *page.table((_("destination"), *_SIDES), rows, _peer, _("destinations"))]
    if local:
        many = plural(
            local,
            "{n} local or special address not shown; -v shows all",
            "{n} local or special addresses not shown; -v shows all",
        )
        blocks.append(say(many, "dim"))
    yield section(_("Destinations and their readable share"), *blocks)


def _peer(row: Peer) -> tuple[Text, Text, Text]:
    changed = [became(row)] if became(row) else []
    return lines(clip(row.name, QUOTED), *changed), _traffic(row.a), _traffic(row.b)


def _traffic(side: Traffic | None) -> Text:
    if side is None:
        return say(_NONE)
    said = _("readable {share}").format(share=percent(side.readable, side.payload))
    share = said if side.payload else _("no payload")
    sizes = f"{byte_size(side.bytes_up)} ↑ {byte_size(side.bytes_down)} ↓"
    return lines(f"{number(side.packets_up)} ↑ {number(side.packets_down)} ↓", sizes, share)


def _countries(page: _Page) -> Iterator[RenderableType]:
    rows = sorted(page.diff.countries, key=lambda row: (_CLAIMS.index(row.claim), row.code))
    if not rows:
        return
    scope = {*page.diff.a.regions, *page.diff.b.regions}
    asked, others = ([row for row in rows if (row.code in scope) == wanted] for wanted in (True, False))
    note = _("Claims are kept apart and codes never summed (ISO 3166-1).")
    blocks: list[RenderableType] = [say(note, "dim")]
    headers = (_("claim"), _("code"), *_SIDES)
    # What was asked for is never cut: a row for each claim and region at most.
    if asked:
        blocks += page.table(headers, asked, _country, _("rows"), most=len(asked))
    if others:
        blocks += [
            say(_("Regions outside the scope:")),
            *page.table(headers, others, _country, _("rows")),
        ]
    moved = page.diff.moved
    if moved:
        shown = moved if page.verbose else moved[:_LISTED]
        left = len(moved) - len(shown)
        rest = [_("and {n} more; -v shows all").format(n=number(left))] if left else []
        blocks += [
            Text(),
            say(_("In both, placed differently:")),
            indented(bullets([*map(_moved, shown), *rest])),
        ]
    yield section(_("Countries, claim by claim"), *blocks)


def _country(row: CountryClaim) -> tuple[str | Text, ...]:
    sides = (
        lines(
            plural(s.addresses, "{n} address", "{n} addresses"),
            f"{plural(s.packets_up, '{n} packet', '{n} packets')} ↑",
        )
        if s
        else _NONE
        for s in (row.a, row.b)
    )
    return (_(row.claim), row.code, *sides)


def _moved(row: MovedAddress) -> str:
    a, b = (", ".join(codes) or _("no data") for codes in (row.a, row.b))
    return f"{row.address} {_(row.claim)}: A {a}, B {b}"


# ── limits ──────────────────────────────────────────────────────────────────


def _limits(page: _Page) -> Iterator[RenderableType]:
    yield section(_("What the two captures cannot show"), bullets(cautions(page.diff)))
    yield section(_("Blind spots of either"), bullets(blind_spots(page.diff) or [_("None was noted.")]))


def _named(diff: Comparison) -> tuple[tuple[str, ReportSide], tuple[str, ReportSide]]:
    return ("A", diff.a), ("B", diff.b)


_SECTIONS = (
    _answer, _what, _senders, _identifiers, _facts, _peers, _countries, _contacts, _limits,
)  # fmt: skip
