"""Report → one line for a terminal, and a card for a notebook: the answer, key figures, a timeline."""

from __future__ import annotations

from html import escape

from analyzer.model import Report
from analyzer.report.html.figures import timeline_figure
from analyzer.report.html.geography import geography
from analyzer.report.html.head import Figure, PageHead, head
from analyzer.report.text import clip, visible

_LONGEST = 60  # characters of a file's name
_STYLE = "font:14px/1.5 sans-serif;max-width:60rem;border-left:3px solid #b3261e;padding:.2rem 1rem"
_LOUD = "color:#b3261e;font-weight:700;text-transform:uppercase;font-size:12px"


def line(report: Report) -> str:
    """Return what a prompt shows: which captures, and how much was found."""
    names = [clip(visible(info.path), _LONGEST) for info in report.captures]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    packets = sum(info.frames for info in report.captures)
    said = (
        f"{packets:,} packets, {len(report.devices):,} devices, {len(report.pings):,} pings, "
        f"{len(report.identifiers):,} identifiers and candidates, {len(report.problems):,} problems"
    )
    kinds = [
        k for k, is_so in (("reconstruction", report.reconstruction), ("redacted", report.redaction)) if is_so
    ]
    return f"<Report of {names[0] if names else 'no capture'}{more}: {'; '.join([said, *kinds])}>"


def card(report: Report) -> str:
    """Return HTML without a style sheet or a script, so that nothing else in a notebook changes."""
    told = head(report, geography(report))
    parts = [_notices(report, told), f"<p><strong>{_text(told.lead)}</strong></p>" if told.lead else ""]
    parts += [_list(told.answer), _figures(told.figures), _picture(report), _list(told.unseen)]
    return f'<div style="{_STYLE}">{"".join(parts)}</div>'


def _notices(report: Report, told: PageHead) -> str:
    notices = [
        ("Reconstruction — not traffic of a real phone", told.notice),
        ("Redacted — identifiers are pseudonyms", report.redaction.says if report.redaction else ""),
    ]
    shown = [(loud, said) for loud, said in notices if said]
    return "".join(f'<p><span style="{_LOUD}">{loud}</span><br>{_text(said)}</p>' for loud, said in shown)


def _list(sentences: tuple[str, ...]) -> str:
    rows = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f"<ul>{rows}</ul>" if rows else ""


def _figures(figures: tuple[Figure, ...]) -> str:
    cells = "".join(
        f'<td style="text-align:left;vertical-align:top"><b style="font-size:24px">{_text(figure.value)}</b>'
        f"<br>{_text(figure.of)}</td>"
        for figure in figures
    )
    return f"<table><tbody><tr>{cells}</tr></tbody></table>" if cells else ""


def _picture(report: Report) -> str:
    """The timeline as an image: its style can't reach the rest of the notebook."""
    try:
        uri = timeline_figure(report).data_uri()
    except ValueError:
        return ""
    said = "Timeline of the capture: pings, events and bytes over time"
    return f'<img style="max-width:100%" alt="{said}" src="{uri}">'


def _text(text: str) -> str:
    return escape(visible(text))
