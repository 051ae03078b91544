"""A browser for the pages, and pages for the browser; skipped with a reason where either is absent."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.model import Report
from analyzer.report.html import write

Opened = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium is installed")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page that was opened, with everything it said and asked for."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page, self.complaints, self.asked = page, [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())
        self.asked.remove(path.as_uri())


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """Opens the HTML of a report: `visit(report, color_scheme="dark")`."""
    contexts = []

    def opened(report: Report | str, **options: Any) -> Visit:
        path = tmp_path / "report.html"
        path.write_text(report if isinstance(report, str) else write(report), "utf-8")
        contexts.append(browser.new_context(**options))
        return Visit(contexts[-1].new_page(), path)

    yield opened
    for context in contexts:
        context.close()
