"""The reports of the captures in captures/, in every format, as they were when somebody last looked at them.

    PHONEHOME_GOLDEN=write python -m pytest tests/export/test_golden.py   # then look at the difference

Binary formats stand as what another library reads from them. HTML has outlines beside its own tests, and the
kit has tests of its own.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from analyzer.cli.documents import DOCUMENTS, Document
from analyzer.model import Report

GOLDEN = Path(__file__).parent / "golden"
CREATED = 1_795_000_000 * 10**9
TEXTS = [d for d in DOCUMENTS if d.option not in ("--html", "--kit", "--parquet", "--sqlite", "--misp")]


@pytest.fixture(params=["reconstruction", "unanswered"])
def report(request: pytest.FixtureRequest) -> Report:
    """A scan without what differs from run to run and from machine to machine."""
    scanned: Report = request.getfixturevalue(
        "scanned" if request.param == "reconstruction" else "unanswered"
    )
    captures = tuple(replace(info, path=f"captures/{Path(info.path).name}") for info in scanned.captures)
    return replace(scanned, created_ns=CREATED, version="0.0.0", captures=captures)


def compare(path: Path, made: bytes) -> None:
    if os.environ.get("PHONEHOME_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)
    assert path.read_bytes() == made, f"{path.name} differs: see how to write it anew at the top of this file"


def folder_of(report: Report) -> Path:
    return GOLDEN / ("unanswered" if "unanswered" in report.captures[0].path else "reconstruction")


@pytest.mark.parametrize("document", TEXTS, ids=lambda document: document.name)
def test_a_document_is_what_it_was(document: Document, report: Report) -> None:
    if document.needs:
        pytest.importorskip(document.needs, reason=f"{document.needs} is not installed")
    made = getattr(import_module(document.module), document.writer)(report)
    if not document.folder:
        content = made if isinstance(made, bytes) else "".join(made).encode()
        compare(folder_of(report) / f"report.{document.name}", content)
        return
    for name, content in made.items():
        compare(folder_of(report) / document.name / name, content)
    assert {path.name for path in (folder_of(report) / document.name).iterdir()} == set(made)


def test_parquet_tables_hold_what_they_held(report: Report) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet as parquet

    from analyzer.export.parquet import write

    lines = []
    for name, content in sorted(write(report).items()):
        table = parquet.read_table(io.BytesIO(content))
        columns = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        lines.append(f"{name}: {table.num_rows} rows; {columns}\n")
    compare(folder_of(report) / "parquet.txt", "".join(lines).encode())


def test_a_misp_event_holds_what_it_held(report: Report) -> None:
    pytest.importorskip("pymisp", reason="pymisp is not installed")
    from analyzer.export.misp import write

    event = json.loads(write(report))
    event = event.get("Event", event)
    attributes = [*event.get("Attribute", ()), *(a for o in event.get("Object", ()) for a in o["Attribute"])]
    lines = [f"{a['type']}\t{a['value']}\t{a.get('comment', '')}\n" for a in attributes]
    assert lines
    compare(folder_of(report) / "misp.txt", "".join(lines).encode())


def test_the_terminal_prints_what_it_printed(report: Report) -> None:
    from analyzer.report.terminal import render

    for width in (80, 120):
        compare(
            folder_of(report) / f"terminal-{width}.txt",
            render(report, width=width, sections=("all",)).encode(),
        )


def test_the_json_of_each_capture_validates_against_the_schema_that_is_shipped(report: Report) -> None:
    from jsonschema import Draft202012Validator

    from analyzer.report import json as writer

    schema = json.loads(files("analyzer.report").joinpath("schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(writer.write(report)))
