"""Report → the page. All text goes through one door, `shown`, and nothing of it is ever markup.

The page may fetch nothing and run nothing but its own script: the Content-Security-Policy says so by the
hashes of the one style and the one script in it (CSP 3, section 2.3.1).
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analyzer.model import Report
from analyzer.report import language
from analyzer.report.coverage import limits
from analyzer.report.glossary import glossary
from analyzer.report.html import flow, geography, head, map, method, pings, request_cards, tables, timeline
from analyzer.report.reverse_translation import spoken
from analyzer.report.text import visible
from analyzer.report.wording import NAMES_NO_APP, NEVER_PROCESSED

HERE = Path(__file__).parent
PAPER_ROWS = 10  # of a table, as in style.css
_WORDS = re.compile("[A-Za-z]{2,} [A-Za-z]{2,}")


def write(report: Report) -> str:
    """One HTML document in the language in force (`analyzer.report.language`)."""
    places = geography.geography(report)
    return (
        environment()
        .get_template("page.html")
        .render(
            report=report,
            lang=language.code(),
            policy=policy(),
            style=Markup(_part("style.css")),
            script=Markup(_part("script.js")),
            head=head.head(report, places),
            timeline=timeline.timeline(report),
            places=places,
            map=map.world_map(places, report.scope.regions, report.scope.origin),
            flow=flow.flow_picture(report),
            pings=pings.groups(report),
            requests=request_cards.request_cards(report),
            ping_notes=(NEVER_PROCESSED, NAMES_NO_APP),
            tables=tables,
            limits=limits(report),
            method=method.method(report),
            words=glossary(),
        )
    )


def stylesheet() -> str:
    """The style of the page."""
    return _part("style.css")


def policy() -> str:
    """Nothing from anywhere; this style and this script alone; no form, no base address."""
    style, script = (_hash(_part(name)) for name in ("style.css", "script.js"))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; "
        "base-uri 'none'; form-action 'none'; img-src 'none'"
    )


def shown(value: Any) -> Markup:
    """What a `{{ }}` gives: our own markup as it is, all else visible and escaped."""
    if isinstance(value, Markup):
        return value
    return Markup("") if value is None else escape(visible(str(value)))


def translated(text: str, **values: Any) -> Markup:
    """A text of ours in the language in force, the values in it made harmless."""
    said = escape(visible(language._(text)))  # the text may be a word of the report
    return said.format(**{name: shown(value) for name, value in values.items()}) if values else said


def said(text: str) -> Markup:
    """A sentence of the report in the language in force, marked as English where it can't be."""
    made = spoken(text)
    if made != text or language.code() == "en" or not _WORDS.search(text):
        return shown(made)
    return Markup('<span lang="en">{}</span>').format(shown(text))


def _plural(count: int, one: str, many: str) -> Markup:
    return escape(language.plural(count, one, many))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _part(name: str) -> str:
    return (HERE / name).read_text("utf-8")


@cache
def environment() -> Environment:
    """Templates through whose door all text is made harmless."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "_": translated,
        "said": said,
        "plural": _plural,
        "paper_rows": PAPER_ROWS,
        "number": language.number,
    }
    return made
