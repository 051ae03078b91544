"""Reports that every format is tried with: a real scan, one made by hand, one full of hostile text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.model import Body, Report, Table
from analyzer.pipeline import analyze
from tests.cli.conftest import run
from tests.report.builders import sample_report

__all__ = ["run"]

CAPTURES = Path(__file__).parents[2] / "captures"
# What a spreadsheet, a terminal, a line reader or a strict decoder could stumble over.
HOSTILE = '=HYPERLINK("http://192.0.2.1")\t\x1b[2J\x00\r\n\u202e\u200b,;"\ud800\\x09<script>'


@pytest.fixture(scope="session")
def scanned() -> Report:
    """The reconstruction, scanned."""
    return analyze(CAPTURES / "nokia7plus-reconstruction.pcap")


@pytest.fixture(scope="session")
def unanswered() -> Report:
    """The reconstruction in which no server answers."""
    return analyze(CAPTURES / "nokia7plus-reconstruction-unanswered.pcap")


@pytest.fixture
def hostile() -> Report:
    """A report in which whatever a capture can decide is hostile."""
    plain = sample_report()
    said = HOSTILE
    messages = [
        replace(
            m,
            host=said,
            target=said,
            method=said,
            reason=said,
            headers=((said, said), ("Content-Type", said), ("Cookie", said), ("User-Agent", said)),
            body=Body(3, "0" * 64, b"\xff\x00=", charset=None),
        )
        for m in plain.messages
    ]
    columns = {**plain.flows.columns}
    if len(plain.flows):
        columns["name"] = [said] * len(plain.flows)
    return replace(
        plain,
        captures=tuple(replace(info, path=said, comment=said) for info in plain.captures),
        messages=tuple(messages),
        findings=tuple(replace(f, value=said, raw=said, name=said) for f in plain.findings),
        pings=tuple(replace(p, host=said, encoding=said) for p in plain.pings),
        destinations=tuple(
            replace(d, names=tuple(replace(n, name=said) for n in d.names)) for d in plain.destinations
        ),
        flows=Table(columns),
        reconstruction=said,
    )
