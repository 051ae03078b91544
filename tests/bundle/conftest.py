"""What tests of bundles share; each module makes the bundle `made` of its own, of a capture `phone.pcap`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def original(made: Path) -> Path:
    """The capture that the bundle was made of."""
    return made.parent / "phone.pcap"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "copy"))
