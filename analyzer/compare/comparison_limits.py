"""Comparison → what the two captures can't show, with the numbers that a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.compare.comparison import Comparison, Rate, ReportSide, state
from analyzer.report.language import _, decimal, mark, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import percent, span
from analyzer.report.wording import kind_name

NO_PROOF = mark("Not seen is no proof that it was not sent, nor that it stopped.")


def lasting(side: ReportSide) -> str:
    """ "56 min", or that no time is known."""
    return _("an unknown length of time") if side.watched_us is None else span(side.watched_us * 1_000)


# ── what is not seen ────────────────────────────────────────────────────────


def absence(rate: Rate, diff: Comparison, seen_in: str) -> str:
    """What the other side's length says about something seen on one side only: `seen_in` is "A" or "B"."""
    other, name = (diff.b, "B") if seen_in == "A" else (diff.a, "A")
    if other.watched_us is None:
        return _("How long {side} lasts isn't known.").format(side=name)
    if rate.least_us is None or rate.most_us is None:
        said = _("It was seen once in {seen}, so how often it comes isn't known; {side} lasts {time}.")
    elif other.watched_us < rate.least_us:
        said = _("In {seen} they were {apart} apart; {side} lasts {time}: one so short need not show any.")
    elif other.watched_us <= rate.most_us:
        said = _("In {seen} they were {apart} apart; {side} lasts {time}, which may lie between two of them.")
    else:
        said = f"{_longer(other.watched_us, rate.most_us)} {_(NO_PROOF)}"
    times = decimal(f"{other.watched_us / rate.most_us if rate.most_us else 0:.1f}")
    return said.format(seen=seen_in, apart=apart_of(rate), side=name, time=lasting(other), times=times)


def _longer(watched_us: int, most_us: int) -> str:
    """A template on a side longer than the gaps, with how much longer where that tells something."""
    if most_us and watched_us / most_us < 1_000:
        return _(
            "In {seen} they were {apart} apart; {side} lasts {time}, {times} times the longest of these."
        )
    return _("In {seen} they were {apart} apart; {side} lasts {time}.")


def apart_of(rate: Rate) -> str:
    """ "7.8 min to 12 min"; empty where it was seen once."""
    if rate.least_us is None or rate.most_us is None:
        return ""
    least, most = span(rate.least_us * 1_000), span(rate.most_us * 1_000)
    return least if least == most else _("{least} to {most}").format(least=least, most=most)


# ── what the two can't show ─────────────────────────────────────────────────


def why_not_comparable(diff: Comparison) -> str:
    """Why identifiers look different even where they are the same."""
    if diff.a.redaction and diff.b.redaction:
        return _("A and B are redacted with different keys, so the same identifier has two pseudonyms")
    which = "A" if diff.a.redaction else "B"
    other = "B" if diff.a.redaction else "A"
    return _("{side} is redacted and shows pseudonyms, {other} shows identifiers as they are").format(
        side=which, other=other
    )


def cautions(diff: Comparison) -> list[str]:
    """What makes differences uncertain, the most weighty first."""
    return [sentence for caution in _CAUTIONS for sentence in caution(diff)]


def _same_capture(diff: Comparison) -> Iterator[str]:
    shared = {each for each in diff.a.hashes if each} & {each for each in diff.b.hashes if each}
    if shared:
        yield plural(
            len(shared),
            "{n} capture of A and B is the same by SHA-256: what is in both there was sent once.",
            "{n} captures of A and B are the same by SHA-256: what is in both there was sent once.",
        )


def _reconstructions(diff: Comparison) -> Iterator[str]:
    names = [name for name, side in _sides(diff) if side.reconstruction]
    if names:
        yield plural(
            len(names),
            "{sides} is a reconstruction, no recording of a real phone: a program made the differences.",
            "{sides} are reconstructions, no recording of a real phone: a program made the differences.",
        ).format(sides=both(names))


def _devices(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if not diff.values_comparable:
        yield _("Identifiers and devices can't be compared by value: {why}.").format(
            why=why_not_comparable(diff)
        )
    elif a.mac and b.mac and a.mac != b.mac:
        yield _(
            "The devices have different MAC addresses: two phones, or one that changes its address. Nothing "
            "here shows which."
        )
    elif a.device and a.device == b.device and not a.mac:
        yield _(
            "The device is known by its local address only; another can have had it in the other capture."
        )


def _others(diff: Comparison) -> Iterator[str]:
    for name, side in _sides(diff):
        if side.others:
            few = ", ".join(side.others[:3])
            if (left := len(side.others) - 3) > 0:
                few = _("{some} and {n} more").format(some=few, n=number(left))
            yield _("{side} has findings of further devices that are not compared here: {devices}.").format(
                side=name, devices=few
            )


def _time(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.watched_us is None or b.watched_us is None:
        yield _("Not both captures tell their times: how long they last can't be compared.")
    elif min(a.watched_us, b.watched_us) * 10 < max(a.watched_us, b.watched_us) * 9:
        shorter, longer = ("B", "A") if b.watched_us < a.watched_us else ("A", "B")
        lengths = {"A": lasting(a), "B": lasting(b)}
        yield _(
            "{shorter} lasts {time}, {longer} {more}: what comes rarely has less chance to be in {shorter}."
        ).format(shorter=shorter, time=lengths[shorter], longer=longer, more=lengths[longer])
    for name, side in _sides(diff):
        if side.stretches > 1:
            yield _("{side} has {n} stretches of time; what lies between them isn't known.").format(
                side=name, n=number(side.stretches)
            )
    if a.first_ns is not None and b.first_ns is not None and b.first_ns < a.first_ns:
        yield _("B begins before A: what is only in B is not later for that.")


def _events(diff: Comparison) -> Iterator[str]:
    if any(state(row) != "unchanged" for row in diff.senders):
        yield _(
            "A registration may wait for an event, such as switching on or a new SIM card; whether the other "
            "capture held one is not known from what was not sent."
        )


def _place(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.link_types != b.link_types:
        said = _("They were recorded on different links: A {a}, B {b}.")
        yield said.format(a=_list(a.link_types), b=_list(b.link_types))
    if a.vantage != b.vantage:
        said = _("They may have been made at different places: A {a}; B {b}.")
        yield said.format(a=_list([*map(spoken, a.vantage)]), b=_list([*map(spoken, b.vantage)]))
    if a.filters != b.filters:
        said = _("Different filters were in force while recording: A {a}; B {b}.")
        yield said.format(a=_list(a.filters), b=_list(b.filters))
    for name, side in _sides(diff):
        if side.undecrypted:
            yield plural(
                side.undecrypted,
                "{n} Wi-Fi frame of {side} stayed encrypted and was not read.",
                "{n} Wi-Fi frames of {side} stayed encrypted and were not read.",
            ).format(side=name)


def _damage(diff: Comparison) -> Iterator[str]:
    for name, side in _sides(diff):
        if found := [*_lost(side)]:
            said = _("Of {side} something is missing: {what}.")
            yield said.format(side=name, what=", ".join(found))
        if side.problems:
            few = "; ".join(map(spoken, side.problems[:3]))
            if (left := len(side.problems) - 3) > 0:
                few = _("{some}; and {n} more").format(some=few, n=number(left))
            yield _("Problems met in {side}: {problems}.").format(side=name, problems=few)


def _lost(side: ReportSide) -> Iterator[str]:
    if not side.complete:
        yield _("it is damaged, and read up to the damage")
    if side.gaps:
        yield plural(side.gaps, "{n} gap in readable streams", "{n} gaps in readable streams")
    if side.snapped:
        yield plural(
            side.snapped, "{n} frame cut by the snapshot length", "{n} frames cut by the snapshot length"
        )
    if side.dropped:
        yield plural(
            side.dropped, "{n} packet dropped while recording", "{n} packets dropped while recording"
        )


def _scope(diff: Comparison) -> Iterator[str]:
    a, b = diff.a, diff.b
    if a.regions != b.regions:
        yield _("The scopes differ: A {a}, B {b}.").format(a=_list(a.regions), b=_list(b.regions))
    if a.known != b.known:
        known = (", ".join(map(kind_name, side.known)) or _("none") for side in (a, b))
        said = _("Different identifiers of the owner were looked for: A {a}; B {b}.")
        yield said.format(**dict(zip("ab", known, strict=True)))


def _databases(diff: Comparison) -> Iterator[str]:
    a, b = (dict.fromkeys(f"{each.name} {each.date}" for each in side.sources) for side in (diff.a, diff.b))
    only = [("A", [each for each in a if each not in b]), ("B", [each for each in b if each not in a])]
    if any(sources for _name, sources in only):
        said = "; ".join(f"{name} {', '.join(sources)}" for name, sources in only if sources)
        yield _(
            "Places come from different databases or dates, so a country may be new without a new server: "
            "{databases}."
        ).format(databases=said)
    if diff.moved:
        count = len({row.address for row in diff.moved})
        yield plural(
            count,
            "{n} address in both is placed differently; no packet need have gone elsewhere for that.",
            "{n} addresses in both are placed differently; no packet need have gone elsewhere for that.",
        )


def _versions(diff: Comparison) -> Iterator[str]:
    if diff.a.version != diff.b.version:
        yield _(
            "Made by different versions of phonehome ({a}, {b}): what one of them can't read yet looks like "
            "a difference. Scan both anew where the captures are at hand."
        ).format(a=diff.a.version, b=diff.b.version)


def _encrypted(diff: Comparison) -> Iterator[str]:
    if any(side.readable < side.payload for _, side in _sides(diff)):
        hidden = [
            _("{share} of {side}").format(share=percent(s.payload - s.readable, s.payload), side=name)
            for name, s in _sides(diff)
            if s.payload
        ]
        yield _(
            "Of the payload {shares} could not be read: the same identifiers may be in it. What is readable "
            "in one only may have been sent encrypted in the other."
        ).format(shares=both(hidden))


_CAUTIONS = (
    _same_capture, _reconstructions, _devices, _others, _time, _events, _place, _damage, _scope, _databases,
    _versions, _encrypted,
)  # fmt: skip


def _sides(diff: Comparison) -> tuple[tuple[str, ReportSide], tuple[str, ReportSide]]:
    return ("A", diff.a), ("B", diff.b)


def _list(texts: Sequence[str]) -> str:
    return ", ".join(texts) or _("nothing known")


def both(texts: Sequence[str]) -> str:
    """One or two texts: "A", "A and B"."""
    return _("{one} and {other}").format(one=texts[0], other=texts[1]) if len(texts) == 2 else "".join(texts)


def blind_spots(diff: Comparison) -> list[str]:
    """What each of the captures can't show, once where both say the same."""
    a, b = diff.a.blind_spots, diff.b.blind_spots
    return [
        *(f"{both('AB')}: {spoken(spot)}" for spot in a if spot in b),
        *(f"A: {spoken(spot)}" for spot in a if spot not in b),
        *(f"B: {spoken(spot)}" for spot in b if spot not in a),
    ]
