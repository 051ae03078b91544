"""The Python guide and the notebook do what they show."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scapy", reason="scapy is not installed: pip install '.[captures]'")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_guide_prints_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testfile(str(DOCS / "python.md"), module_relative=False, encoding="utf-8")
    assert done.attempted > 15
    assert done.failed == 0


def test_the_notebook_runs_from_capture_to_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    notebook = json.loads((DOCS / "nrk-notebook.ipynb").read_text("utf-8"))
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), names)
    assert names["by_hand"]["IMEI1"] == "490154203237518"
    assert len(names["pings"]) == 7
    assert names["figure"].startswith("<svg")
    assert "reconstruction" in "".join(notebook["cells"][0]["source"])


def test_the_guide_names_every_view_and_every_table_with_an_attribute() -> None:
    from analyzer.api.data_frames import DataFrames
    from analyzer.export.sqlite_views import VIEWS

    page = (DOCS / "python.md").read_text("utf-8")
    attributes = [name for name, member in vars(DataFrames).items() if isinstance(member, property)]
    named = set(re.findall(r"`(\w+)`", page))
    assert {*VIEWS, *attributes} <= named
