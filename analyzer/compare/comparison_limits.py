"""Comparison → what the two captures can't show, with the numbers that a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.compare.comparison import Comparison, Rate, ReportSide, state
from analyzer.report.units import counted, percent, span
from analyzer.report.wording import kind_name

NO_PROOF = "Not seen is no proof that it was not sent, nor that it stopped."


def lasting(side: ReportSide) -> str:
    """ "56 min", or that no time is known."""
    return "an unknown length of time" if side.watched_us is None else span(side.watched_us * 1_000)


def are(count: int) -> str:
    return "is" if count == 1 else "are"


# ── what is not seen ────────────────────────────────────────────────────────


def absence(rate: Rate, diff: Comparison, seen_in: str) -> str:
    """What the other side's length says about something seen on one side only: `seen_in` is "A" or "B"."""
    other, name = (diff.b, "B") if seen_in == "A" else (diff.a, "A")
    if other.watched_us is None:
        return f"How long {name} lasts isn't known."
    lasts = f"{name} lasts {lasting(other)}"
    if rate.least_us is None or rate.most_us is None:
        return f"It was seen once in {seen_in}, so how often it comes isn't known; {lasts}."
    apart = apart_of(rate)
    if other.watched_us < rate.least_us:
        return f"In {seen_in} they were {apart} apart; {lasts}: one so short need not show any."
    if other.watched_us <= rate.most_us:
        return f"In {seen_in} they were {apart} apart; {lasts}, which may lie between two of them."
    times = other.watched_us / rate.most_us if rate.most_us else 0
    how_much = f", {times:.1f} times the longest of these" if 0 < times < 1_000 else ""
    return f"In {seen_in} they were {apart} apart; {lasts}{how_much}. {NO_PROOF}"


def apart_of(rate: Rate) -> str:
    """ "7.8 min to 12 min"; empty where it was seen once."""
    if rate.least_us is None or rate.most_us is None:
        return ""
    least, most = span(rate.least_us * 1_000), span(rate.most_us * 1_000)
    return least if least == most else f"{least} to {most}"


# ── what the two can't show ─────────────────────────────────────────────────


def why_not_comparable(diff: Comparison) -> str:
    """Why identifiers look different even where they are the same."""
    if diff.a.redaction and diff.b.redaction:
        return "A and B are redacted with different keys, so the same identifier has two pseudonyms"
    which = "A" if diff.a.redaction else "B"
    other = "B" if diff.a.redaction else "A"
    return f"{which} is redacted and shows pseudonyms, {other} shows identifiers as they are"


def cautions(diff: Comparison) -> list[str]:
    """What makes differences uncertain, the most weighty first."""
    return [sentence for caution in _CAUTIONS for sentence in caution(diff)]


def _same_capture(diff: Comparison) -> Iterator[str]:
    shared = {each for each in diff.a.hashes if each} & {each for each in diff.b.hashes if each}
    if shared:
        yield (
            f"{counted(len(shared), 'capture')} of A and B {are(len(shared))} the same by SHA-256: what is "
            "in both there was sent once."
        )


def _reconstructions(diff: Comparison) -> Iterator[str]:
    names = [name for name, side in _sides(diff) if side.reconstruction]
    if names:
        what = "is a reconstruction" if len(names) == 1 else "are reconstructions"
        yield f"{' and '.join(names)} {what}, no recording of a real phone: a program made the differences."


def _devices(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if not diff.values_comparable:
        yield f"Identifiers and devices can't be compared by value: {why_not_comparable(diff)}."
    elif a.mac and b.mac and a.mac != b.mac:
        yield (
            "The devices have different MAC addresses: two phones, or one that changes its address. Nothing "
            "here shows which."
        )
    elif a.device and a.device == b.device and not a.mac:
        yield "The device is known by its local address only; another can have had it in the other capture."


def _others(diff: Comparison) -> Iterator[str]:
    for name, side in _sides(diff):
        if side.others:
            few = ", ".join(side.others[:3]) + (
                f" and {len(side.others) - 3} more" if len(side.others) > 3 else ""
            )
            yield f"{name} has findings of further devices that are not compared here: {few}."


def _time(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.watched_us is None or b.watched_us is None:
        yield "Not both captures tell their times: how long they last can't be compared."
    elif min(a.watched_us, b.watched_us) * 10 < max(a.watched_us, b.watched_us) * 9:
        shorter, longer = ("B", "A") if b.watched_us < a.watched_us else ("A", "B")
        lengths = {"A": lasting(a), "B": lasting(b)}
        yield (
            f"{shorter} lasts {lengths[shorter]}, {longer} {lengths[longer]}: what comes rarely has less "
            f"chance to be in {shorter}."
        )
    for name, side in _sides(diff):
        if side.stretches > 1:
            yield f"{name} has {side.stretches} stretches of time; what lies between them isn't known."
    if a.first_ns is not None and b.first_ns is not None and b.first_ns < a.first_ns:
        yield "B begins before A: what is only in B is not later for that."


def _events(diff: Comparison) -> Iterator[str]:
    if any(state(row) != "unchanged" for row in diff.senders):
        yield (
            "A registration may wait for an event, such as switching on or a new SIM card; whether the other "
            "capture held one is not known from what was not sent."
        )


def _place(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.link_types != b.link_types:
        yield f"They were recorded on different links: A {_list(a.link_types)}, B {_list(b.link_types)}."
    if a.vantage != b.vantage:
        yield f"They may have been made at different places: A {_list(a.vantage)}; B {_list(b.vantage)}."
    if a.filters != b.filters:
        yield f"Different filters were in force while recording: A {_list(a.filters)}; B {_list(b.filters)}."
    for name, side in _sides(diff):
        if side.undecrypted:
            yield f"{counted(side.undecrypted, 'Wi-Fi frame')} of {name} stayed encrypted and were not read."


def _damage(diff: Comparison) -> Iterator[str]:
    for name, side in _sides(diff):
        lost = [
            "it is damaged, and read up to the damage" if not side.complete else "",
            f"{counted(side.gaps, 'gap')} in readable streams" if side.gaps else "",
            f"{counted(side.snapped, 'frame')} cut by the snapshot length" if side.snapped else "",
            f"{counted(side.dropped, 'packet')} dropped while recording" if side.dropped else "",
        ]
        if found := [text for text in lost if text]:
            yield f"Of {name} something is missing: {', '.join(found)}."
        if side.problems:
            few = "; ".join(side.problems[:3])
            more = f"; and {len(side.problems) - 3:,} more" if len(side.problems) > 3 else ""
            yield f"Problems met in {name}: {few}{more}."


def _scope(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.regions != b.regions:
        yield f"The scopes differ: A {_list(a.regions)}, B {_list(b.regions)}."
    if a.known != b.known:
        given = [f"{name} {', '.join(map(kind_name, side.known)) or 'none'}" for name, side in _sides(diff)]
        yield f"Different identifiers of the owner were looked for: {'; '.join(given)}."


def _databases(diff: Comparison) -> Iterator[str]:
    a, b = (dict.fromkeys(f"{each.name} {each.date}" for each in side.sources) for _, side in _sides(diff))
    only = [("A", [each for each in a if each not in b]), ("B", [each for each in b if each not in a])]
    if any(sources for _, sources in only):
        said = "; ".join(f"{name} {', '.join(sources)}" for name, sources in only if sources)
        yield (
            "Places come from different databases or dates, so a country may be new without a new server: "
            f"{said}."
        )
    if diff.moved:
        count = len({row.address for row in diff.moved})
        yield (
            f"{counted(count, 'address', 'addresses')} in both {are(count)} placed differently; no packet "
            "need have gone elsewhere for that."
        )


def _versions(diff: Comparison) -> Iterator[str]:
    if diff.a.version != diff.b.version:
        yield (
            f"Made by different versions of phonehome ({diff.a.version}, {diff.b.version}): what one of them "
            "can't read yet looks like a difference. Scan both anew where the captures are at hand."
        )


def _encrypted(diff: Comparison) -> Iterator[str]:
    if any(side.readable < side.payload for _, side in _sides(diff)):
        hidden = [
            f"{percent(s.payload - s.readable, s.payload)} of {name}" for name, s in _sides(diff) if s.payload
        ]
        yield (
            f"Of the payload {' and '.join(hidden)} could not be read: the same identifiers may be in it. "
            "What is readable in one only may have been sent encrypted in the other."
        )


_CAUTIONS = (
    _same_capture, _reconstructions, _devices, _others, _time, _events, _place, _damage, _scope, _databases,
    _versions, _encrypted,
)  # fmt: skip


def _sides(diff: Comparison) -> tuple[tuple[str, ReportSide], tuple[str, ReportSide]]:
    return ("A", diff.a), ("B", diff.b)


def _list(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "nothing known"


def blind_spots(diff: Comparison) -> list[str]:
    """What each of the captures can't show, once where both say the same."""
    a, b = diff.a.blind_spots, diff.b.blind_spots
    return [
        *(f"A and B: {spot}" for spot in a if spot in b),
        *(f"A: {spot}" for spot in a if spot not in b),
        *(f"B: {spot}" for spot in b if spot not in a),
    ]
