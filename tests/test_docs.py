"""What the documentation shows is what the program prints."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def update_docs() -> ModuleType:
    found = importlib.util.spec_from_file_location("update_docs", ROOT / "tools" / "update_docs.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", ["README.md", "docs/example-report.md"])
def test_a_page_shows_what_the_command_prints_today(path: str, update_docs: ModuleType) -> None:
    page = (ROOT / path).read_text("utf-8")
    assert ROOT / path in update_docs.PAGES
    assert page.count("<!-- output: ") == page.count("<!-- end -->") >= 1
    assert update_docs.renewed(page) == page


def test_the_schema_file_is_the_one_the_code_describes(update_docs: ModuleType) -> None:
    assert update_docs.SCHEMA.read_text("utf-8") == update_docs.schema()


def test_both_set_up_commands_stand_in_the_readme() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    assert "pip install . && phonehome scan captures/nokia7plus-reconstruction.pcap" in page
    assert "pip install '.[test]' && python -m pytest" in page
