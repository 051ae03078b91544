"""The public names as they were last decided on (docs/python.md, Stability).

PHONEHOME_GOLDEN=write python -m pytest tests/api/test_signatures.py   # then look at the difference
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import analyzer
from analyzer.api.data_frames import DataFrames
from analyzer.export.tidy_schema import tidy_tables
from analyzer.session.options import OptionFields
from tests.report.builders import sample_report

SNAPSHOT = Path(__file__).parent / "signatures.txt"


def test_the_signatures_are_what_they_were() -> None:
    made = "".join(f"{line}\n" for line in described())
    if os.environ.get("PHONEHOME_GOLDEN") == "write":
        SNAPSHOT.write_text(made, "utf-8")
    assert SNAPSHOT.read_text("utf-8") == made, "a public name changed: see how to write this anew above"


def described() -> Iterator[str]:
    """Yield a line for each name that the stability policy covers."""
    for name in sorted(analyzer.__all__):
        public = getattr(analyzer, name)
        if not inspect.isclass(public):
            yield f"analyzer.{name}{signature(public)}"
    yield from (f"analyze(…, {name}: {kind})" for name, kind in OptionFields.__annotations__.items())
    for shown, of in (("Report", analyzer.Report), ("Report.frames", DataFrames)):
        for name, member in sorted(vars(of).items()):
            if not name.startswith("_") or name == "_repr_html_":
                yield f"{shown}.{name}{signature(getattr(of, name, member))}"
    for table in tidy_tables(sample_report()).values():
        yield f"table {table.name}: {', '.join(f'{c.name} {c.type}' for c in table.columns)}"


def signature(public: object) -> str:
    return str(inspect.signature(public)) if callable(public) else ""
