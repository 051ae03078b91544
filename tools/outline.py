"""An HTML report → what a reader meets on it, a line each: what a golden file of it holds.

Headings, notices, key figures, texts of the pictures, heads of tables with the number of rows and their first
cells. Everything else is counted, so that a change of it shows too.
"""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

_TOLD = {
    "h1": "# ",
    "h2": "## ",
    "h3": "### ",
    "h4": "#### ",
    "h5": "##### ",
    "th": "head: ",
    "text": "drawn: ",
}
_BOXES = {"lead": "lead: ", "loud": "loud: ", "stamp": "stamp: "}
_EMPTY = frozenset(("meta", "br", "input", "path", "rect", "circle"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self._open: list[tuple[str, str | None]] = []  # tag, how its text begins a line
        self._text: list[str] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1
        if tag in _EMPTY:
            return
        self._cells = 0 if tag == "tr" else self._cells + (tag == "td")
        classes = (dict(attrs).get("class") or "").split()
        told = _TOLD.get(tag) or next((_BOXES[c] for c in classes if c in _BOXES), None)
        if tag == "td" and self._cells == 1:
            told = "row: "
        self._open.append((tag, told))
        if told:
            self._text = []

    def handle_startendtag(self, tag: str, *_attrs: object) -> None:
        self.counts[tag] += 1

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, told = self._open.pop()
            if told:
                self.lines.append(told + " ".join(" ".join(self._text).split()))
                self._text = []
            if opened == tag:
                break


def outline(page: str) -> str:
    """The page in lines."""
    reader = _Reader()
    reader.feed(page)
    counted = ", ".join(f"{tag} {count}" for tag, count in sorted(reader.counts.items()))
    return "\n".join([*reader.lines, f"elements: {counted}", ""])
