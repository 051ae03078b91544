"""Shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of captures that others made, with its `truth/` and `manifest.json`."""
    place = Path(os.environ.get("PHONEHOME_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (place / "manifest.json").exists():
        pytest.skip("no corpus: set PHONEHOME_CORPUS to a directory with captures/ and truth/")
    return place
