"""A summary → one HTML page that needs nothing else: no script, no font, nothing from a network."""

from __future__ import annotations

from html import escape

from analyzer.corpus.summary import Sheet, Summary
from analyzer.corpus.summary_text import headings, nothing, said, words
from analyzer.report.text import visible
from analyzer.version import VERSION

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8885;
} td { overflow-wrap: anywhere; min-width: 4ch; } td.number { text-align: right; white-space: nowrap; }
td.time { white-space: nowrap; } caption { text-align: left; } @media print { body { max-width: none; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(summary: Summary) -> str:
    """The whole page; all text passes `visible` and is escaped."""
    sheets = "\n".join(_sheet(sheet, nothing(summary)) for sheet in summary.sheets)
    points = "\n".join(f"<li>{_text(sentence)}</li>" for sentence in said(summary))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>phonehome: across captures</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Across captures</h1>
<ul>
{points}
</ul>
{sheets}
</main>
<footer><p>phonehome {_text(VERSION)}. Times are UTC, codes ISO 3166-1; no region is summed with another.</p>
</footer>
</body>
</html>
"""


def _sheet(sheet: Sheet, nothing: str) -> str:
    if not sheet.rows:
        return f'<section id="{sheet.name}"><h2>{_text(sheet.title)}</h2><p>{nothing}</p></section>'
    head = "".join(f'<th scope="col">{_text(heading)}</th>' for heading in headings(sheet))
    rows = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in sheet.rows)
    return (
        f'<section id="{sheet.name}"><h2>{_text(sheet.title)}</h2>\n'
        f'<div class="wide" tabindex="0" role="region" aria-label="{_text(sheet.title)}"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _cell(cell: object) -> str:
    kind = ""
    if isinstance(cell, int) and not isinstance(cell, bool):
        kind = ' class="number"'
    elif hasattr(cell, "isoformat"):
        kind = ' class="time"'
    return f"<td{kind}>{_text(words(cell))}</td>"  # type: ignore[arg-type]


def _text(text: str) -> str:
    return escape(visible(text))
