"""Comparison → sentences: what is only in B, not seen in B, in both, and what that can't prove.

"Gone" is never said: what B does not show may have been out of its sight. The numbers that a reader needs to
judge that stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.compare.comparison import (
    Comparison,
    CountryReach,
    IdentifierUse,
    Peer,
    ReportSide,
    Sender,
    Sends,
    State,
    state,
)
from analyzer.compare.comparison_limits import NO_PROOF, absence, lasting, why_not_comparable
from analyzer.report.language import _, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import clip
from analyzer.report.units import byte_size, percent
from analyzer.report.wording import STATUSES, kind_name, looks_like, reached

QUOTED = 160  # characters of a name or value
MANY = 24  # words of a list in a sentence
_NAMED = 6  # senders and recipients that the answer names
SAID: dict[State, str] = {
    "new": mark("only in B"),
    "gone": mark("not seen in B"),
    "unchanged": mark("in both"),
}
_IDENTIFIERS: dict[State, str] = {
    "new": mark("Readable identifiers only in B: {what}."),
    "gone": mark("Readable identifiers not seen in B: {what}."),
    "unchanged": mark("Readable identifiers in both: {what}."),
}


# ── the answer ──────────────────────────────────────────────────────────────


def answer(diff: Comparison) -> list[str]:
    """Sentences, the most important first; never empty."""
    return [
        *_lengths(diff),
        *_senders(diff),
        *_identifiers(diff),
        *_regions(diff),
        *_destinations(diff),
        _readable(diff),
    ]


def _lengths(diff: Comparison) -> Iterator[str]:
    lasts = _("A lasts {a}, B {b}.").format(a=lasting(diff.a), b=lasting(diff.b))
    yield f"{lasts} {_(NO_PROOF)}"


def _senders(diff: Comparison) -> Iterator[str]:
    if not diff.senders:
        yield _("No activation ping was seen in either.")
    ranked = sorted(diff.senders, key=lambda row: list(SAID).index(state(row)))
    for row in ranked[:_NAMED]:
        said = _("{title} to {recipient}: {state}.").format(
            title=spoken(row.title), recipient=clip(row.recipient, QUOTED), state=_(SAID[state(row)])
        )
        yield f"{said} {_either(row, diff)}"
    if more := ranked[_NAMED:]:
        yield plural(
            len(more),
            "{n} more sender and recipient of pings stand in the table below.",
            "{n} more senders and recipients of pings stand in the table below.",
        )


def _either(row: Sender, diff: Comparison) -> str:
    if row.a is not None and row.b is not None:
        return f"A {times_of(row.a)}; B {times_of(row.b)}."
    only, name = (row.b, "B") if row.a is None else (row.a, "A")
    assert only is not None
    return f"{name} {times_of(only)}. {absence(only.rate, diff, name)}"


def times_of(sends: Sends) -> str:
    """ "7 times (delivered 7, answered 7, accepted 0)"; those that got further count as delivered too."""
    passed = [
        s for status, count in sends.statuses.items() if status in STATUSES for s in reached(status) * count
    ]
    how_far = ", ".join(f"{_(status)} {number(passed.count(status))}" for status in STATUSES[1:])
    silent = (
        _("; {n} carried no request that was seen").format(n=number(sends.silent)) if sends.silent else ""
    )
    return f"{plural(sends.rate.times, '{n} time', '{n} times')} ({how_far}{silent})"


def _identifiers(diff: Comparison) -> Iterator[str]:
    if not diff.identifiers:
        yield _("No identifier of the phone or its SIM was found in what was searched of either.")
        return
    for each in SAID:
        rows = [row for row in diff.identifiers if state(row) == each]
        if rows:
            yield _(_IDENTIFIERS[each]).format(what=_by_recipient(rows))
    yield from _values(diff)


def _by_recipient(rows: Sequence[IdentifierUse]) -> str:
    to: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: not is_sure(row)):
        to.setdefault(row.recipient, []).append(identifier(row))
    named = [
        _("{kinds} to {recipient}").format(kinds=few(kinds), recipient=clip(recipient, QUOTED))
        for recipient, kinds in to.items()
    ]
    left = len(named) - _NAMED
    more = [_("and to {n} more").format(n=number(left))] if left > 0 else []
    return "; ".join([*named[:_NAMED], *more])


def few(words: Sequence[str]) -> str:
    """The first of a list, and how many more."""
    left = len(words) - MANY
    said = ", ".join(clip(word, QUOTED) for word in words[:MANY])
    return _("{some} and {n} more").format(some=said, n=number(left)) if left > 0 else said


def identifier(row: IdentifierUse) -> str:
    """ "IMEI", or "looks like an IMEI" where neither side makes it sure."""
    return kind_name(row.kind) if is_sure(row) else looks_like(row.kind)


def is_sure(row: IdentifierUse) -> bool:
    """By the same measure as in a report: of the class `identifier`."""
    sides = [side for side in (row.a, row.b) if side]
    return any(side.known or side.confidence == "high" for side in sides)


def _values(diff: Comparison) -> Iterator[str]:
    if not diff.values_comparable:
        yield _("Whether the values are the same can't be said: {why}.").format(why=why_not_comparable(diff))
        return
    rows = [row for row in diff.identifiers if state(row) == "unchanged"]
    values = [value for row in rows for value in row.values or ()]
    if values:
        same = sum(state(value) == "unchanged" for value in values)
        of_them = plural(len(values), "Of {n} value of those in both", "Of {n} values of those in both")
        alike = plural(same, "{n} is the same in A and B.", "{n} are the same in A and B.")
        yield f"{of_them}, {alike}"
    if masked := sum(row.values is None for row in rows):
        yield plural(
            masked,
            "{n} kind of identifier can't be compared by value: the owner's are masked.",
            "{n} kinds of identifiers can't be compared by value: the owner's are masked.",
        )


def _regions(diff: Comparison) -> Iterator[str]:
    """Each region of the scope by itself: packets to addresses located there."""
    reach = {row.code: row for row in diff.countries if row.claim == "located"}
    for code in dict.fromkeys((*diff.a.regions, *diff.b.regions)):
        row = reach.get(code)
        a, b = (row.a, row.b) if row else (None, None)
        yield _("To addresses located in {code}: A {a}, B {b}.").format(code=code, a=_sent(a), b=_sent(b))


def _sent(reach: CountryReach | None) -> str:
    if reach is None:
        return _("no packet seen")
    return _("{packets} to {addresses}").format(
        packets=plural(reach.packets_up, "{n} packet", "{n} packets"),
        addresses=plural(reach.addresses, "{n} address", "{n} addresses"),
    )


def _destinations(diff: Comparison) -> Iterator[str]:
    outside = [row for row in diff.peers if not row.is_local]
    counts = [f"{number(sum(state(row) == each for row in outside))} {_(SAID[each])}" for each in SAID]
    yield _("Destinations outside, by name, or by address where none was seen: {counts}.").format(
        counts=", ".join(counts)
    )
    located = [row for row in diff.countries if row.claim == "located"]
    codes = [(", ".join(row.code for row in located if state(row) == each), SAID[each]) for each in SAID]
    if located:
        said = "; ".join(f"{listed} {_(where)}" for listed, where in codes if listed)
        yield _("Located in: {said}.").format(said=said)


def _readable(diff: Comparison) -> str:
    return _("Readable of the payload: A {a}, B {b}.").format(a=share(diff.a), b=share(diff.b))


def share(side: ReportSide) -> str:
    """ "5 % (25.3 kB of 531.8 kB)"."""
    if not side.payload:
        return _("no payload was seen")
    return _("{share} ({part} of {whole})").format(
        share=percent(side.readable, side.payload),
        part=byte_size(side.readable),
        whole=byte_size(side.payload),
    )


def became(row: Peer) -> str:
    """What changed in a destination's readable payload, in words; empty where nothing did."""
    if row.a is None or row.b is None or not (row.a.payload and row.b.payload):
        return ""
    if row.a.readable and not row.b.readable:
        return _("readable in A, nothing readable in B")
    if row.b.readable and not row.a.readable:
        return _("nothing readable in A, readable in B")
    return ""
