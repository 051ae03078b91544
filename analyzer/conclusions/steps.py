"""Reports of several captures → one, with what follows from all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from analyzer.conclusions.device_filter import only_device
from analyzer.conclusions.identifiers import identifiers
from analyzer.conclusions.merge import merge
from analyzer.conclusions.phone_models import with_phones
from analyzer.model import Report


def concluded(
    reports: Sequence[Report], device: str | None = None, tac: str | os.PathLike[str] | None = None
) -> Report:
    """The reports as one, of `device` alone where it is given; `tac` as in `pipeline.analyze`."""
    report = merge(reports)
    report = report if device is None else only_device(report, device)
    report = with_phones(report, tac)
    return replace(report, identifiers=identifiers(report))
