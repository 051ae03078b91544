"""A redacted bundle → the same, with every claim shown by its packets or said to be withheld.

Not every encoding can be written anew so that a scan finds the pseudonyms again. A connection of which a
claim would be lost shows no payload: its claims are then withheld, and the manifest says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from analyzer.bundle.bundle import Bundle, BundleRequest, bundle, write
from analyzer.bundle.document_check import said
from analyzer.bundle.file_check import listed
from analyzer.bundle.packet_check import At, shown
from analyzer.bundle.rescan import rescanned
from analyzer.bundle.selection import SelectionError
from analyzer.conclusions.identifiers import identifiers
from analyzer.model import Report, Scope
from analyzer.pipeline import analyze

MOST_ROUNDS = 3  # a connection that shows nothing may leave another without what it repeats


def checked_bundle(report: Report, asked: BundleRequest) -> Bundle:
    """Return the bundle; of a redacted one each claim is found again or withheld. Raises as `bundle` does."""
    made = bundle(report, asked)
    if not asked.redact or report.scope.inputs:
        return made
    for _ in range(MOST_ROUNDS):
        lost = _lost(made)
        if not lost:
            return made
        if lost <= asked.withhold:
            break
        asked = replace(asked, withhold=asked.withhold | lost)
        made = bundle(report, asked)
    raise SelectionError(
        "what the report says of a connection can't be shown by packets with pseudonyms, nor withheld; make "
        "the bundle without --redact"
    )


def _lost(made: Bundle) -> frozenset[At]:
    """Return the connections of which a claim is not found again in the packets."""
    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        write(made, folder)
        files, _ = listed(Path(folder))
        told = said(files)
        packets = shown(files, list(told.shown), told.report, told.version, told.redacted)
        return frozenset(rescanned(files, told, packets, _scan, identifiers).lost)


def _scan(paths: Sequence[str], scope: Scope) -> Report:
    day = date.fromisoformat(scope.geo_date) if scope.geo_date else None
    return analyze(*paths, regions=scope.regions, device=scope.device, origin=scope.origin, geo_date=day)
