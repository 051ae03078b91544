"""The page in a real browser: quiet, alone, usable with and without its script, for everyone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model import Report
from analyzer.report.html import write
from analyzer.report.language import language
from tests.report.builders import SERVER, destination, quiet_report, sample_report
from tests.report.first_screens import many_senders
from tests.report.html.conftest import Opened
from tests.report.html.hostile import hostile_report

CAPTURE = Path(__file__).parents[3] / "captures" / "nokia7plus-reconstruction.pcap"


@pytest.mark.parametrize(
    "report", [sample_report(), quiet_report(), hostile_report()], ids=["pings", "quiet", "hostile"]
)
def test_the_page_says_nothing_to_the_console_and_asks_for_nothing(visit: Opened, report: Report) -> None:
    opened = visit(report)
    opened.page.wait_for_timeout(200)
    assert opened.complaints == []
    assert opened.asked == []
    assert opened.page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_the_policy_stops_a_script_that_was_not_in_the_page(visit: Opened) -> None:
    opened = visit(sample_report())
    opened.page.evaluate(
        """const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);"""
    )
    assert opened.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in opened.complaints)


def test_a_click_on_a_header_sorts_by_number_and_again_the_other_way(visit: Opened) -> None:
    page = visit(sample_report()).page
    column = page.locator("#table-destinations th", has_text="Bytes ↓")
    column.locator("button").click()
    assert first_destination(page).startswith("host-4.example")
    assert column.get_attribute("aria-sort") == "descending"
    column.locator("button").click()
    assert column.get_attribute("aria-sort") == "ascending"
    sizes = page.eval_on_selector_all(
        "#table-destinations tbody tr", "rows => rows.map(row => Number(row.cells[6].dataset.sort))"
    )
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 1


def first_destination(page: object) -> str:
    return str(page.locator("#table-destinations tbody tr").first.inner_text())  # type: ignore[attr-defined]


def many_destinations(count: int) -> Report:
    """`count` rows at documentation addresses of IPv6, one of them in the region."""
    rows = [destination(f"2001:db8::{i:x}", "NO", "NO", size=i) for i in range(1, count)]
    scope = destination(SERVER.address, "CN", "CN", scope=("located CN",))
    return replace(sample_report(), destinations=(*rows, scope))


def test_ten_thousand_destinations_stay_usable_and_what_is_left_out_is_said(visit: Opened) -> None:
    page = visit(many_destinations(10_000)).page
    rows = page.locator("#table-destinations tbody tr")
    assert rows.count() == 1_500
    assert SERVER.address in first_destination(page)
    assert "8,500 more are left out here" in page.locator("#destinations").inner_text()
    page.locator("#destinations input").fill("192.0.2.15 cn")
    assert page.locator("#table-destinations tbody tr:not([hidden])").count() == 1
    assert "1 / 1500" in page.locator("#destinations output").inner_text()
    page.locator("#destinations input").fill("")
    assert page.locator("#table-destinations tbody tr:not([hidden])").count() == 1_500


def test_a_filter_for_a_filter_puts_it_on_the_clipboard(visit: Opened) -> None:
    page = visit(sample_report(), permissions=["clipboard-read", "clipboard-write"]).page
    code = page.locator("code.copy", has_text="frame.number").first
    page.locator("button.copying").first.click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code.inner_text()


def test_without_script_everything_is_there_and_no_control_is_dead(visit: Opened) -> None:
    page = visit(sample_report(), java_script_enabled=False).page
    text = page.locator("body").inner_text()
    for said in ("3 activation payloads", "192.0.2.99", "frame.number in {41}", "What would refute this"):
        assert said in text
    assert page.locator("button, input").count() == 0
    page.locator("#pings summary").nth(1).click()
    assert page.locator("#pings details").nth(1).get_attribute("open") is not None


@cache
def reconstruction() -> Report:
    """The sample capture, whose payload has line breaks and whose page has every part."""
    return analyze(str(CAPTURE))


REPORTS = {"pings": sample_report, "hostile": hostile_report, "reconstruction": reconstruction}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_serious(visit: Opened, scheme: str, name: str) -> None:
    report = REPORTS[name]()
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    opened = visit(report, color_scheme=scheme)
    opened.page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    found = axe.Axe().run(opened.page).response["violations"]
    said = {v["id"]: (v["impact"], [n["html"][:120] for n in v["nodes"]]) for v in found}
    assert {rule: nodes for rule, (impact, nodes) in said.items() if impact in ("serious", "critical")} == {}
    assert "landmark-unique" not in said


def test_both_schemes_differ_and_a_narrow_page_does_not_scroll_sideways(visit: Opened) -> None:
    colours = {
        scheme: visit(sample_report(), color_scheme=scheme).page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert colours["light"] != colours["dark"]
    page = visit(hostile_report(), viewport={"width": 360, "height": 700}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("with_script", [True, False])
def test_on_paper_the_first_of_alike_cards_is_open_and_the_others_are_said_to_be_left_out(
    visit: Opened, with_script: bool
) -> None:
    page = visit(sample_report(), java_script_enabled=with_script).page
    first, others = page.locator("#pings details:not(.more)"), page.locator("#pings details.more")
    page.evaluate("document.querySelectorAll('#pings details').forEach(card => card.open = false)")
    assert first.count() == 2  # sent, and only attempted
    assert others.count() == 2
    page.emulate_media(media="print")
    assert all(each.is_visible() for each in first.locator(".inside").all())
    assert not any(each.is_visible() for each in others.all())
    assert "On paper only the first of these is shown in full" in page.locator("#pings").inner_text()


def test_where_the_style_cannot_open_what_is_closed_the_script_does_for_the_printer(visit: Opened) -> None:
    page = visit(sample_report()).page
    left = "details.card:not([open]):not(.more)"
    page.evaluate("document.querySelector('#pings details').open = false")
    closed = page.locator(left).count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(left).count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(left).count() == closed > 0


def pages(pdf: bytes) -> int:
    """The pages of a PDF file, by the objects that describe them."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("code", ["en", "nb"])
def test_the_reconstruction_prints_on_eight_pages_at_most(visit: Opened, code: str) -> None:
    with language(code):
        page = visit(write(reconstruction())).page
    assert 4 <= pages(page.pdf(prefer_css_page_size=True, print_background=True)) <= 8


def test_a_large_capture_prints_on_few_pages_and_says_what_was_left_out(visit: Opened) -> None:
    page = visit(many_senders()).page
    assert pages(page.pdf(prefer_css_page_size=True, print_background=True)) <= 10
    page.emulate_media(media="print")
    assert "On paper 290 more rows are left out" in page.locator("#identifiers").inner_text()


def test_a_narrow_screen_has_cards_in_place_of_columns(visit: Opened) -> None:
    page = visit(sample_report(), viewport={"width": 390, "height": 800}).page
    row = page.locator("#table-destinations tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    cell = row.locator("td").nth(1)
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Located: "'
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    outside = page.eval_on_selector_all(
        "#table-destinations td",
        "cells => cells.filter(cell => cell.getBoundingClientRect().right > 390).length",
    )
    assert outside == 0


def test_the_way_to_the_sections_stays_in_sight(visit: Opened) -> None:
    page = visit(sample_report()).page
    page.locator("#method").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert page.locator("nav").bounding_box()["y"] <= 1


def test_it_prints_on_a4(visit: Opened) -> None:
    pdf = visit(sample_report()).page.pdf(prefer_css_page_size=True, print_background=True)
    assert pdf.startswith(b"%PDF-")
    boxes = set(pdf.split(b"/MediaBox [")[1:])
    sizes = {tuple(round(float(n)) for n in box.split(b"]")[0].split()) for box in boxes}
    assert sizes == {(0, 0, 595, 842)}  # 210 × 297 mm in points
