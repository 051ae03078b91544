"""What the documentation shows is what the program prints."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import subprocess
import sys
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


@pytest.mark.parametrize("path", ["README.md", "docs/example-report.md", "docs/nrk.md", "docs/diff.md"])
def test_a_page_shows_what_the_command_prints_today(path: str, update_docs: ModuleType) -> None:
    page = (ROOT / path).read_text("utf-8")
    assert ROOT / path in update_docs.PAGES
    assert page.count("<!-- output: ") == page.count("<!-- end -->") >= 1
    assert update_docs.renewed(page) == page


def test_the_reference_pages_are_made_of_the_code_of_today(update_docs: ModuleType) -> None:
    for path, text in update_docs.references().items():
        assert path.read_text("utf-8") == text


def test_every_command_and_every_class_of_the_report_has_a_place_in_the_reference() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for command in ("scan", "report", "diff", "geo", "dossiers", "watch"):
        assert f"## phonehome {command}\n" in commands
    page = (ROOT / "docs" / "report-json.md").read_text("utf-8")
    for name in ("Report", "Message", "Finding", "Destination", "Opinion", "Evidence", "Tunnel"):
        assert f"## {name}\n" in page
    assert "| `url.domain` | text or nothing |" in page


NEEDS_SPHINX = pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None, reason="Sphinx is not installed: pip install '.[docs]'"
)
FROM_ELSEWHERE = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["'](?:https?:)?//""")


@NEEDS_SPHINX
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    out = ["-d", str(tmp_path / "trees"), "docs", str(tmp_path / "site")]
    command = [sys.executable, "-m", "sphinx", "-W", "-q", *out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").glob("*.html"))
    assert len(pages) > 10
    assert [page.name for page in pages if FROM_ELSEWHERE.search(page.read_text("utf-8"))] == []


def test_the_schema_file_is_the_one_the_code_describes(update_docs: ModuleType) -> None:
    assert update_docs.SCHEMA.read_text("utf-8") == update_docs.schema()
    assert update_docs.DIFF_SCHEMA.read_text("utf-8") == update_docs.diff_schema()


def test_both_set_up_commands_stand_in_the_readme() -> None:
    page = (ROOT / "README.md").read_text("utf-8")
    assert "pip install . && phonehome scan captures/nokia7plus-reconstruction.pcap" in page
    assert "pip install '.[test]' && python -m pytest -n auto --dist loadfile" in page


def test_the_tutorial_s_body_decodes_by_hand_as_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "nrk.md").read_text("utf-8")
    name = re.search(r"base64 -d bodies/(\S+)", page)
    assert name is not None
    scan = [
        *["-m", "analyzer", "scan", "-q", "captures/nokia7plus-reconstruction.pcap", "--bodies"],
        str(tmp_path / "b"),
    ]
    subprocess.run([sys.executable, *scan], cwd=ROOT, capture_output=True, check=True)
    body = json.loads(base64.b64decode((tmp_path / "b" / name[1]).read_bytes()))
    assert body["IMEI1"] == "490154203237518"
