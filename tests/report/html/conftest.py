"""Pages for the browser, with all they said and asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.model import Report
from analyzer.report.html import write

Opened = Callable[..., Any]


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
