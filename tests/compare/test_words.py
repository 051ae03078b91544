"""A comparison in words: no proof is claimed, the numbers stand beside it, hostile text stays harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given, settings

from analyzer.compare import document as difference_json
from analyzer.compare.compare import compare
from analyzer.compare.comparison import Comparison, Rate
from analyzer.compare.comparison_limits import absence, cautions
from analyzer.compare.difference import answer
from analyzer.compare.terminal import render
from analyzer.model import Interface, KnownKind, Opinion, Problem, Report, Scope
from analyzer.redaction.redaction import redact
from analyzer.version import VERSION
from tests.compare.reports import PHONE, answered, between_two_sends, reports, unanswered
from tests.examples import examples

SECOND = 1_000_000  # µs
MINUTE = 60 * SECOND
FEW = settings(max_examples=examples(40), deadline=None)


def lasting(minutes: float | None) -> Comparison:
    diff = compare(answered(), unanswered())
    watched = None if minutes is None else int(minutes * MINUTE)
    return replace(diff, b=replace(diff.b, watched_us=watched))


SENDS = Rate(7, 0, 0, 8 * MINUTE, 9 * MINUTE, 12 * MINUTE)


@pytest.mark.parametrize(
    ("rate", "minutes", "said"),
    [
        (
            SENDS,
            3,
            "In A they were 8.0 min to 12 min apart; B lasts 3.0 min: one so short need not show any.",
        ),
        (SENDS, 10, "B lasts 10 min, which may lie between two of them."),
        (SENDS, 60, "B lasts 1.0 h, 5.0 times the longest of these. Not seen is no proof"),
        (Rate(1, 0, 0), 60, "It was seen once in A, so how often it comes isn't known; B lasts 1.0 h."),
        (Rate(2, 0, 0, 0, 0, 0), 60, "In A they were 0.0 s apart; B lasts 1.0 h. Not seen is no proof"),
        (SENDS, None, "How long B lasts isn't known."),
    ],
)
def test_what_is_not_seen_stands_beside_how_long_was_looked(
    rate: Rate, minutes: float | None, said: str
) -> None:
    assert said in absence(rate, lasting(minutes), "A")


def test_a_send_that_a_short_b_does_not_show_is_no_end_of_sending() -> None:
    text = " ".join(answer(compare(answered(), between_two_sends())))
    assert "China Telecom self-registration to zzhc.vnet.cn: not seen in B." in text
    assert "In A they were 7.8 min to 12 min apart; B lasts 5.7 min: one so short need not show any." in text


@pytest.mark.parametrize(
    "pair", [(answered, unanswered), (answered, between_two_sends), (between_two_sends, answered)]
)
def test_nothing_is_said_to_have_stopped_or_gone(pair: tuple[object, object]) -> None:
    a, b = pair
    assert callable(a)
    assert callable(b)
    text = render(compare(a(), b()), "0.1.0", verbose=True)
    assert re.search(r"\b(gone|stopped sending|no longer|removed|fixed)\b", text) is None
    assert "no proof" in text


def test_each_region_of_the_scope_is_answered_by_itself() -> None:
    scoped = replace(between_two_sends(), scope=Scope(("CN", "HK")))
    text = " ".join(answer(compare(answered(), scoped)))
    assert "To addresses located in CN: A 38 packets to 1 address, B no packet seen." in text
    assert "To addresses located in HK: A no packet seen, B no packet seen." in text


def capture(**fields: object) -> dict[str, object]:
    return {"captures": (replace(unanswered().captures[0], **fields),)}  # type: ignore[arg-type]


CHANGES: dict[str, tuple[Callable[[], dict[str, object]], str]] = {
    "version": (lambda: {"version": "0.2.0"}, f"different versions of phonehome ({VERSION}, 0.2.0)"),
    "scope": (lambda: {"scope": Scope(("CN", "HK"))}, "The scopes differ: A CN, B CN, HK."),
    "databases": (lambda: {"geo_sources": ()}, "Places come from different databases or dates"),
    "problems": (
        lambda: {"problems": (Problem("gap", "612 bytes are missing"),)},
        "Problems met in B: 612 bytes are missing.",
    ),
    "vantage": (lambda: {"vantage": ()}, "They may have been made at different places"),
    "damage": (
        lambda: capture(complete=False, snapped=3),
        "Of B something is missing: it is damaged, and read up to the damage, 3 frames cut by the snapsh",
    ),
    "drops": (lambda: capture(interfaces=(Interface(dropped=9),)), "9 packets dropped while recording"),
    "links": (
        lambda: capture(link_types={"Linux cooked": 1}),
        "recorded on different links: A Ethernet, B Linux cooked.",
    ),
    "filter": (
        lambda: capture(interfaces=(Interface(filter="port 80"),)),
        "Different filters were in force while recording: A nothing known; B port 80.",
    ),
    "known": (
        lambda: {"known": (KnownKind("imei", True, 1),)},
        "Different identifiers of the owner were looked for: A none; B IMEI.",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_difference_of_the_captures_is_said(what: str) -> None:
    fields, said = CHANGES[what]
    with_it = cautions(compare(answered(), replace(unanswered(), **fields())))  # type: ignore[arg-type]
    assert said in " ".join(with_it)
    assert said not in " ".join(cautions(compare(answered(), unanswered())))


def test_the_same_capture_twice_is_said() -> None:
    assert any(
        "1 capture of A and B is the same by SHA-256" in s for s in cautions(compare(answered(), answered()))
    )
    assert not any("SHA-256" in s for s in cautions(compare(answered(), unanswered())))


def test_redacted_reports_of_different_keys_say_that_values_can_not_be_compared() -> None:
    diff = compare(redact(answered(), b"1" * 32), redact(unanswered(), b"2" * 32))
    assert "Whether the values are the same can't be said" in " ".join(answer(diff))
    text = " ".join(render(diff, "0.1.0").split())
    assert "REDACTED — A and B" in text
    assert "490154203237518" not in text


def test_reconstructions_are_loud_at_both_ends() -> None:
    text = render(compare(answered(), unanswered()), "0.1.0")
    assert text.count("RECONSTRUCTION — A and B: not traffic of a real phone") == 2


@pytest.mark.parametrize("width", [40, 80, 160])
def test_every_line_fits(width: int) -> None:
    for verbose in (False, True):
        text = render(compare(answered(), between_two_sends()), "0.1.0", width=width, verbose=verbose)
        assert max(map(len, text.splitlines())) <= width


def test_long_lists_are_cut_and_counted_unless_all_is_asked_for() -> None:
    rows = tuple(
        replace(row, names=(), address=f"198.51.100.{n}", place=None)
        for n in range(40)
        for row in answered().destinations[:1]
    )
    diff = compare(replace(answered(), destinations=rows), unanswered(), PHONE)
    text = " ".join(render(diff, "0.1.0").split())
    assert re.search(r"… and \d+ more destinations \(\d+ only in B, \d+ not seen in B, \d+ in both\)", text)
    assert "198.51.100.39" in render(diff, "0.1.0", verbose=True)


def test_a_region_of_the_scope_is_never_among_the_rows_left_out() -> None:
    codes = [f"A{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
    row = next(row for row in unanswered().destinations if row.place and row.device == PHONE)
    assert row.place is not None
    rows = tuple(
        replace(
            row, place=replace(row.place, special=None, opinions=(Opinion("located", code, "X", "2020"),))
        )
        for code in (*codes, "CN")
    )
    text = " ".join(render(compare(answered(), replace(unanswered(), destinations=rows)), "0.1.0").split())
    countries = text[text.index("COUNTRIES") : text.index("WHAT THE TWO")]
    assert "in both located CN" in countries
    assert countries.index("located CN") < countries.index("only in B located AA")
    assert "… and" in countries


def test_thousands_of_recipients_with_endless_names_leave_the_answer_short() -> None:
    report = answered()
    first = report.findings[0]
    message = next(m for m in report.messages if m.number == first.message)
    hosts = [f"{n}." + "a" * 5_000 for n in range(2_000)]
    messages = tuple(replace(message, number=n, host=host) for n, host in enumerate(hosts, 1))
    findings = tuple(replace(first, message=n) for n in range(1, 2_001))
    ping = report.pings[0]
    pings = tuple(replace(ping, host=host, message=n) for n, host in enumerate(hosts, 1))
    many = replace(report, messages=messages, findings=findings, pings=pings)
    diff = compare(many, unanswered(), PHONE, PHONE)
    assert len(diff.identifiers) > 2_000
    assert sum(map(len, answer(diff))) < 6_000
    assert "more characters)" in " ".join(answer(diff))
    assert len(render(diff, "0.1.0").splitlines()) < 500


# ── any reports ─────────────────────────────────────────────────────────────


@FEW
@given(reports(), reports())
def test_hostile_text_reaches_neither_terminal_nor_json_unescaped(a: Report, b: Report) -> None:
    diff = compare(a, b, "all", "all")
    for verbose in (False, True):
        text = render(diff, "0.1.0", verbose=verbose)
        assert all(char.isprintable() for char in text.replace("\n", ""))
        assert max(map(len, text.splitlines())) <= 80
    document = difference_json.write(diff, "0.1.0")
    assert document.isascii()
    assert all(char.isprintable() for char in document.replace("\n", ""))


@FEW
@given(reports(), reports())
def test_the_json_is_valid_against_its_schema(a: Report, b: Report) -> None:
    document = json.loads(difference_json.write(compare(a, b, "all", "all"), "0.1.0"))
    validator = jsonschema.Draft202012Validator(difference_json.schema())
    validator.check_schema(difference_json.schema())
    assert list(validator.iter_errors(document)) == []


def test_the_json_holds_the_state_of_each_row_and_the_sentences() -> None:
    diff = compare(answered(), between_two_sends())
    document = json.loads(difference_json.write(diff, "0.1.0"))
    assert document["schema"] == "phonehome-diff/1"
    assert {row["state"] for row in document["identifiers"]} == {"gone"}
    assert document["answer"] == answer(diff)
    assert document["cannot_show"] == cautions(diff)
    assert document["senders"][0]["b"] is None
