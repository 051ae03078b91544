"""phonehome: what a phone sends home in clear text, with evidence.

    report = analyzer.analyze("capture.pcap")
    report.frames.destinations

`docs/python.md` is the guide. The way of the data, one package a stage:

    capture → packets → flows → protocols → decode → detect, dossiers → locate → report

`pipeline.analyze` tells the whole story on one screen; `model` holds the words all layers share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.api.public_report import PublicReport as Report
    from analyzer.api.public_report import analyze as analyze
    from analyzer.api.scapy_packets import bundle_packets as bundle_packets
    from analyzer.model import CaptureError as CaptureError
    from analyzer.version import VERSION as __version__  # noqa: N811

__all__ = ["CaptureError", "Report", "__version__", "analyze", "bundle_packets"]

# Name → module and name there. Imported on first use, so that `phonehome --help` needs neither numpy nor the
# pipeline.
_FROM = {
    "CaptureError": ("analyzer.model", "CaptureError"),
    "Report": ("analyzer.api.public_report", "PublicReport"),
    "__version__": ("analyzer.version", "VERSION"),
    "analyze": ("analyzer.api.public_report", "analyze"),
    "bundle_packets": ("analyzer.api.scapy_packets", "bundle_packets"),
}


def __getattr__(name: str) -> object:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _FROM[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
