"""A summary → one HTML page that needs nothing else: no script, no font, nothing from a network."""

from __future__ import annotations

from html import escape

from analyzer.corpus.summary import Cell, Sheet, Summary
from analyzer.corpus.summary_words import HEADING, NOTE, cells, headings, nothing, said, title
from analyzer.report.language import _, code
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
<html lang="{code()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>phonehome: {_text(_(HEADING).lower())}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{_text(_(HEADING))}</h1>
<ul>
{points}
</ul>
{sheets}
</main>
<footer><p>phonehome {_text(VERSION)}. {_text(_(NOTE))}</p>
</footer>
</body>
</html>
"""


def _sheet(sheet: Sheet, without: str) -> str:
    name = _text(title(sheet))
    if not sheet.rows:
        return f'<section id="{sheet.name}"><h2>{name}</h2><p>{_text(without)}</p></section>'
    head = "".join(f'<th scope="col">{_text(heading)}</th>' for heading in headings(sheet))
    rows = "\n".join(f"<tr>{''.join(map(_cell, row, cells(sheet, row)))}</tr>" for row in sheet.rows)
    return (
        f'<section id="{sheet.name}"><h2>{name}</h2>\n'
        f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _cell(cell: Cell, said: str) -> str:
    kind = ""
    if isinstance(cell, int) and not isinstance(cell, bool):
        kind = ' class="number"'
    elif hasattr(cell, "isoformat"):
        kind = ' class="time"'
    return f"<td{kind}>{_text(said)}</td>"


def _text(text: str) -> str:
    return escape(visible(text))
