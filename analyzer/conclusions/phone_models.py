"""TACs of found IMEIs against a user's table → maker and model of the phone, told with each finding."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from analyzer.identifiers.tac import PhoneModel, phones_in
from analyzer.model import Finding, Problem, Report


def with_phones(report: Report, table: str | os.PathLike[str] | None) -> Report:
    """The report with `details["phone"]` where the table knows the TAC; as it is without a table.

    A table that can't be read is a Problem: the scan has been done by now.
    """
    tacs = {found.details["tac"] for found in report.findings if "tac" in found.details}
    if table is None or not tacs:
        return report
    try:
        phones = phones_in(table, tacs)
    except (OSError, ValueError) as problem:
        said = Problem("tac-table", f"the table of TACs can't be used ({problem})")
        return replace(report, problems=(*report.problems, said))
    return replace(report, findings=tuple(_named(f, phones, table) for f in report.findings))


def _named(found: Finding, phones: Mapping[str, PhoneModel], table: str | os.PathLike[str]) -> Finding:
    phone = phones.get(found.details.get("tac", ""))
    if phone is None:
        return found
    source = os.path.basename(os.fspath(table))
    words = f"{phone.maker} {phone.model}".strip()
    return replace(found, details={**found.details, "phone": f"{words} (by its TAC, {source})"})
