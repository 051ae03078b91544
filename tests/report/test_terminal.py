"""The terminal report: the answer first, careful words, nothing hostile, nothing too wide."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from analyzer.geo.domains import naming
from analyzer.model import Finding, Name, PingField, Problem, Report, Scope
from analyzer.report import json, terminal
from analyzer.report.layout import printed, table
from tests.examples import examples
from tests.report.builders import IMEI, destination, imei, maybe_mac, ping, quiet_report, sample_report
from tests.report.strategies import reports

SLOW = settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
SGR = re.compile(r"\x1b\[[\d;]*m")  # what rich writes to colour text, and nothing else


def render(report: Report, **choices: Any) -> str:
    """Every section of the report, where none is named."""
    return terminal.render(report, **{"sections": ("all",), **choices})


def flat(text: str) -> str:
    """The text with its line breaks and indents undone."""
    return " ".join(text.split())


def part(text: str, title: str) -> str:
    """The lines under a title, up to the next title."""
    after = text.split(f"\n{title}\n", 1)[1]
    return re.split(r"^\S", after, maxsplit=1, flags=re.MULTILINE)[0]


@SLOW
@given(reports(), st.sampled_from((40, 80, 200)), st.booleans())
def test_no_control_character_but_the_newline_is_ever_printed(
    report: Report, width: int, verbose: bool
) -> None:
    assert render(report, width=width, verbose=verbose).replace("\n", "").isprintable()


@SLOW
@given(reports())
def test_colour_adds_nothing_but_colour(report: Report) -> None:
    coloured = SGR.sub("", render(report, colour=True))
    assert flat(coloured) == flat(render(report))


@SLOW
@given(reports())
def test_a_saved_report_renders_to_the_same_bytes(report: Report) -> None:
    assert render(json.read(json.write(report)), verbose=True) == render(report, verbose=True)


@pytest.mark.parametrize("width", [40, 60, 80, 132, 200])
@pytest.mark.parametrize("report", [sample_report(), quiet_report()], ids=["sample", "quiet"])
def test_every_line_fits_the_width(report: Report, width: int) -> None:
    assert max(map(cell_len, render(report, width=width, verbose=True).splitlines())) <= width


def test_a_wide_terminal_is_used() -> None:
    wide, narrow = (render(sample_report(), width=width) for width in (160, 80))
    assert len(wide.splitlines()) < len(narrow.splitlines())


def test_the_answer_comes_first_and_says_what_left_to_where_and_how_sure() -> None:
    answer = flat(part(render(sample_report()), "THE ANSWER"))
    assert (
        "calls itself Phone-7 (MAC address 02:00:5e:10:00:01) sent numbers that identify a phone (IMEI)"
        in answer
    )
    assert (
        "a server that one database places in China (network: Example Network), 3 times within 33 min"
        in answer
    )
    assert "3 activation payloads (messages by which a phone registers itself)" in answer
    assert "encoded, not encrypted" in answer
    assert "located: CN (GeoLite2 2019-12-24)" in answer
    assert "confidence high" in answer
    assert (
        "Of these 3, the server confirmed receipt of 3, answered 3 and said of none that it accepted"
        in answer
    )
    assert "China (CN): 12 packets went to 1 address that databases place there." in answer
    assert "connected with China (CN) by a registry, the network's operator or a second database" in answer
    assert "IMEI seen 3 times, ICCID not seen" in answer


def test_nothing_found_is_said_with_what_could_not_be_seen() -> None:
    text = flat(render(quiet_report()))
    assert (
        "Nothing in this capture was searched, so it shows nothing of identifiers. That is no proof" in text
    )
    assert "900 of 920 packets (> 99 % of the bytes) were encrypted (tls)." in text
    assert "none went to an address that databases agree to place there." in text
    assert "All flows were encrypted: their content can't be seen." in text


def test_alike_pings_are_one_group_with_count_and_intervals() -> None:
    text = flat(render(sample_report()))
    assert text.count("Example self-registration (confidence high)") == 1
    assert "3 times, 2019-02-14 06:01:00 UTC to 2019-02-14 06:34:00 UTC" in text
    assert "13 min to 20 min" in text
    assert "frame.number in {41, 43, 45}" in text


def test_a_ping_without_a_request_stands_apart_as_an_attempt() -> None:
    text = flat(render(sample_report()))
    assert (
        "1 attempt of Phone-7 (02:00:5e:10:00:01) to reach register.example (192.0.2.15:80) carried" in text
    )
    assert "attempted 1 · delivered 0 · answered 0 · accepted 0 (of 1)" in text


def test_keys_of_the_payload_stand_with_their_values_and_meaning() -> None:
    assert re.search(rf"IMEI1 +{IMEI} +IMEI of the first SIM slot", render(sample_report()))


def test_a_value_that_changes_from_ping_to_ping_says_so() -> None:
    pings = (ping(1, 1), ping(3, 21))
    later = replace(
        pings[1], fields=(*pings[1].fields[:2], replace(pings[1].fields[2], value="02:00:5e:10:00:09"))
    )
    text = flat(render(replace(sample_report(), pings=(pings[0], later)), width=132))
    assert "(2 different values)" in text


def test_what_holds_for_every_ping_is_said_once_and_the_rest_beside_its_ping() -> None:
    later = replace(ping(3, 21), status_reasons=(*ping(3, 21).status_reasons, "it came twice"))
    text = render(replace(sample_report(), pings=(ping(1, 1), later)), width=132)
    assert text.count("HTTP 200; resultCode 1 (Check error)") == 1
    assert text.count("it came twice") == 1


def test_keys_that_were_sent_empty_stand_together() -> None:
    fields = (
        PingField("SID", "", "a network"),
        PingField("REGVER", "5.0", "a version"),
        PingField("NID", "", ""),
    )
    text = render(replace(sample_report(), pings=(replace(ping(1, 1), fields=fields),)))
    assert re.search(r"sent empty +SID, NID\n", text)


def test_what_a_capture_cannot_show_stands_beside_every_ping() -> None:
    text = flat(render(sample_report()))
    assert "That data was never processed cannot be tested from a capture." in text
    assert "A capture names no app" in text


def identifiers(*findings: Finding) -> str:
    return flat(part(render(replace(sample_report(), findings=findings)), "IDENTIFIERS THAT LEFT READABLE"))


def test_an_identifier_of_the_owner_is_named_outright() -> None:
    text = identifiers(imei(1, 1), imei(3, 21))
    assert text.startswith(f"IMEI {IMEI} — confidence high; equal to one the owner gave")
    assert "2 × IMEI1 (body › base64 › json › IMEI1)" in text
    assert "2 × register.example (192.0.2.15:80)" in text


def test_an_identifier_without_proof_only_looks_like_one() -> None:
    probable = replace(maybe_mac(), confidence="medium")
    assert identifiers(probable).startswith("looks like a MAC address: 02:00:5e:10:00:01 — confidence medium")
    assert "; not one the owner gave" in identifiers(replace(probable, known=False))


def test_a_number_worth_checking_has_a_section_of_its_own_and_is_in_no_headline() -> None:
    text = render(replace(sample_report(), findings=(maybe_mac(),)))
    assert "02:00:5e:10:00:01" in part(text, "NUMBERS WORTH CHECKING")
    answered = flat(part(text, "THE ANSWER"))
    assert "No identifier of the phone or its SIM was found in what was searched." in answered
    assert "IDENTIFIERS THAT LEFT READABLE" not in text


def test_each_region_has_its_own_rows_and_no_sum() -> None:
    claims = ("located HK (GeoLite2 2019-12-24)",)
    rows = (
        *sample_report().destinations,
        destination("198.51.100.77", "HK", "HK", scope=claims, size=5),
    )
    report = replace(sample_report(), destinations=rows, scope=Scope(("CN", "HK")))
    text = render(report)
    assert re.search(r"CN located there +1 +12 +9 +4\.0 kB +2\.0 kB", text)
    assert re.search(r"CN linked otherwise +1 +24 +18", text)
    assert re.search(r"HK located there +1 +60 +45", text)
    assert "96" not in part(text, "PACKETS TO SERVERS OF CN, HK")


def test_a_destination_of_the_region_has_its_claims_sources_dates_and_end() -> None:
    text = flat(render(sample_report()))
    assert "192.0.2.15 located, registered: CN names" in text
    assert "sources located: CN (GeoLite2 2019-12-24)" in text
    assert "today located: CN (DB-IP 2026-10)" in text
    assert "ended: 2 closed, 1 unanswered" in text
    assert "ip.addr in {192.0.2.15, 192.0.2.99}" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.example.cn", True),
        ("A.EXAMPLE.CN.", True),
        ("example.xn--fiqs8s", True),
        ("cn.example", False),
        ("acn", False),
    ],
)
def test_a_name_under_the_domain_of_the_region_is_a_claim_of_its_own(name: str, shown: bool) -> None:
    elsewhere = replace(
        destination("198.51.100.4", "SG", "SG"), names=(Name(name, "sni", 5, region=naming(name).region),)
    )
    text = render(replace(quiet_report(), destinations=(elsewhere,)))
    assert ("Names under a domain of the region" in text) == shown
    assert "none went to an address that databases agree to place there." in flat(text)


def many() -> Report:
    rows = tuple(destination(f"198.51.100.{n}", "SG", "SG", size=n + 1) for n in range(25))
    problems = tuple(Problem("gap", f"gap {n}", n) for n in range(30))
    return replace(sample_report(), destinations=rows, problems=problems)


def test_long_tables_are_cut_with_a_count_and_shown_whole_when_asked() -> None:
    text = render(many())
    assert "… and 15 more rows; -v shows all, --json holds all" in text
    assert "… and 10 more; -v shows all, --json holds all" in text
    assert "198.51.100.24 tcp/443" in text  # the most bytes
    whole = render(many(), verbose=True)
    assert "more rows" not in whole
    assert all(f"198.51.100.{n} tcp/443" in flat(whole) for n in range(25))
    assert all(f"gap {n} (frame {n})" in whole for n in range(30))


def test_the_notice_of_a_reconstruction_stands_at_the_top_and_at_the_bottom() -> None:
    lines = render(sample_report()).splitlines()
    places = [number for number, line in enumerate(lines) if "RECONSTRUCTION" in line]
    assert places == [1, len(lines) - 4]
    assert "RECONSTRUCTION" not in render(quiet_report())


def test_databases_stand_with_date_licence_and_credit() -> None:
    text = flat(render(sample_report()))
    assert "DB-IP Country Lite 2026-10" in text
    assert "IP Geolocation by DB-IP https://db-ip.com" in text
    assert "CC BY 4.0" in text


def test_the_capture_stands_with_its_hash_and_what_was_not_decoded() -> None:
    text = render(sample_report())
    assert re.search(r"SHA-256 +(ab){32}\n", text)
    assert "12 ARP" in text
    damaged = replace(sample_report().captures[0], complete=False, snapped=3, undecoded={"link type 105": 40})
    text = flat(render(replace(sample_report(), captures=(damaged,))))
    assert "no: the capture is damaged" in text
    assert "3 frames cut by the snapshot length" in text
    assert "40 link type 105" in text


def test_a_device_that_does_not_appear_is_said_first() -> None:
    report = replace(quiet_report(), scope=Scope(("CN",), "10.9.9.9"))
    assert flat(part(render(report), "THE ANSWER")).startswith("No device 10.9.9.9 appears in the capture.")


def test_markup_in_a_host_name_is_text() -> None:
    hostile = replace(ping(1, 1), host="[red]evil[/red]\x1b]0;title\x07")
    text = flat(render(replace(sample_report(), pings=(hostile,)), width=200))
    assert r"[red]evil[/red]\x1b]0;title\x07 (192.0.2.15:80)" in text


def test_a_table_whose_columns_would_break_words_is_a_paragraph_a_row() -> None:
    headers = ("kind", "value", "first", "last")
    row = ("iccid", "89470012345678901236", "2019-02-20", "2019-02-21")
    wide, narrow = (printed([table(headers, [row])], width, False) for width in (80, 45))
    assert wide.splitlines()[1].split() == list(row)
    assert flat(narrow) == "iccid value 89470012345678901236 · first 2019-02-20 · last 2019-02-21"
    assert max(map(cell_len, narrow.splitlines())) <= 45


@pytest.mark.parametrize("width", [60, 80])
def test_no_date_and_no_identifier_is_broken_in_a_narrow_terminal(width: int) -> None:
    text, wide = (render(sample_report(), width=w, sections=("pings", "identifiers")) for w in (width, 200))
    assert text.count(IMEI) == wide.count(IMEI) > 1
    assert not re.search(r"^\s*\d\d?-\d\d\b", text, re.MULTILINE)
