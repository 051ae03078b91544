"""phonehome: what a phone sends home in clear text, with evidence.

    report = analyzer.analyze("capture.pcap")
    report.to_pandas()["destinations"]

The way of the data, one package a stage:

    capture → packets → flows → protocols → decode → detect, dossiers → locate → report

`pipeline.analyze` tells the whole story on one screen; `model` holds the words all layers share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.model import CaptureError as CaptureError
    from analyzer.model import Report as Report
    from analyzer.pipeline import analyze as analyze

__all__ = ["CaptureError", "Report", "analyze"]


def __getattr__(name: str) -> object:
    # Imported on first use, so that `phonehome --help` needs neither numpy nor the pipeline.
    if name == "analyze":
        from analyzer.pipeline import analyze

        return analyze
    if name in ("Report", "CaptureError"):
        from analyzer import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
