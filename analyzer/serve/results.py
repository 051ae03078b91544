"""What a worker makes beside documents: evidence bundles as one file, and comparisons of two reports."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from analyzer.bundle.bundle import BundleRequest
from analyzer.bundle.environment import environment
from analyzer.bundle.manifest import Making
from analyzer.bundle.selection import SelectionError
from analyzer.bundle.self_check import checked_bundle
from analyzer.compare import document, terminal
from analyzer.compare.compare import compare
from analyzer.compare.device_choice import ChoiceError
from analyzer.model import Report
from analyzer.report.json import read
from analyzer.version import VERSION

__all__ = ["SelectionError", "comparison", "evidence"]

COMMAND = "phonehome serve"
WIDTH = 96
ALL = "Which device is meant isn't clear in both, so all of them are compared.\n\n"


def evidence(original: Report, report: Report, is_redacted: bool) -> bytes:
    """The bundle of a report in a ZIP archive; `original` names the captures as they lie here.

    RefusedError where there is nothing to show, CaptureError where a capture can't be read again.
    """
    paths = [info.path for info in original.captures]
    made = checked_bundle(report, BundleRequest(paths, Making(COMMAND, environment()), redact=is_redacted))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.files.items():
            archive.writestr(name, content)
    return data.getvalue()


def comparison(first: str, second: str) -> str:
    """Two saved reports compared, as text; it is written beside it, as text and as JSON."""
    a, b = (read(Path(path).read_text("utf-8")) for path in (first, second))
    said = ""
    try:
        found = compare(a, b, None, None)
    except ChoiceError:
        found, said = compare(a, b, "all", "all"), ALL
    text = said + terminal.render(found, VERSION, width=WIDTH, colour=False, verbose=True)
    Path("comparison.txt").write_text(text, "utf-8")
    Path("comparison.json").write_text(document.write(found, VERSION), "utf-8")
    return text[:MOST_SHOWN]


# Characters of a comparison that the page shows; all of it can be downloaded.
MOST_SHOWN = 200_000
