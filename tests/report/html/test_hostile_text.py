"""Text of a capture is shown, visibly, and is never anything else."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from analyzer.model import Report
from analyzer.report.html import write
from analyzer.report.language import LANGUAGES, language
from analyzer.report.text import visible
from tests.examples import examples
from tests.report.builders import sample_report
from tests.report.html.conftest import Opened
from tests.report.html.hostile import ATTACKS, hostile_report
from tests.report.strategies import reports


class Elements(HTMLParser):
    """All tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.values += [(name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def page() -> str:
    return write(hostile_report())


def test_it_brings_no_tag_and_no_attribute_that_a_harmless_page_lacks(page: str) -> None:
    hostile, harmless = Elements(page), Elements(write(sample_report()))
    assert hostile.tags - harmless.tags == set()
    assert hostile.attributes - harmless.attributes == set()
    assert page.count("<script") == page.count("<style") == 1


def test_no_link_leads_out_of_the_page_and_nothing_is_loaded(page: str) -> None:
    elements = Elements(page)
    assert elements.attributes & {"src", "srcset", "style", "action", "formaction", "xlink:href"} == set()
    assert [value for name, value in elements.values if name == "href" and not value.startswith("#")] == []
    assert [name for name in elements.attributes if name.startswith("on")] == []
    fills = {value for name, value in elements.values if "url(" in value and name != "title"}
    assert {value for value in fills if value.startswith("url(")} <= {"url(#hatch)"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_can_be_read(page: str, attack: str) -> None:
    assert visible(attack) in html.unescape(page)


def test_no_invisible_character_is_in_the_page(page: str) -> None:
    assert re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x1b]", page) is None


def test_nothing_of_it_runs(visit: Opened) -> None:
    opened = visit(hostile_report())
    opened.page.hover("h1")
    opened.page.locator("summary").nth(1).click()
    opened.page.wait_for_timeout(300)
    assert opened.complaints == []
    assert opened.asked == []
    assert "<script>alert(1)</script>" in opened.page.locator("body").inner_text()


# Without shrinking, which takes minutes for reports.
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(report=reports())
def test_any_report_becomes_one_well_formed_page(report: Report) -> None:
    for code in LANGUAGES:
        with language(code):
            page = write(report)
        assert page.encode("utf-8").endswith(b"</html>")
        assert page.count("<script") == page.count("<style") == page.count("<body") == 1
