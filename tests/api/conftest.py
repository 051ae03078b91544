"""The reconstruction as a program gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

import analyzer

CAPTURES = Path(__file__).parents[2] / "captures"
CAPTURE = CAPTURES / "nokia7plus-reconstruction.pcap"


@pytest.fixture(scope="session")
def report() -> analyzer.Report:
    """The report of the reconstruction; tests of other folders scan it too, each once."""
    return analyzer.analyze(CAPTURE)
