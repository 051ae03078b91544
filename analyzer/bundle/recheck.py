"""A published report and its captures → what still follows from them, and what a correction note needs.

The captures are scanned again with the options that the report states. Stable claims (bytes, times, hosts,
addresses, decoded values, counts) have to follow again; what another version or other databases word or judge
differently is listed with both wordings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.bundle.original_check import file_sha256
from analyzer.bundle.rebuild import derive, differing, obstacles
from analyzer.bundle.report_comparison import Judgment, ReportComparison, compared
from analyzer.bundle.rescan import Scan
from analyzer.bundle.selection import SelectionError
from analyzer.model import CaptureInfo, Report
from analyzer.redaction.commitment import commitment
from analyzer.redaction.redaction import Redactor
from analyzer.report import json as reports
from analyzer.report.units import iso
from analyzer.version import VERSION

MOST_LEAVES = 50


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a scan of the captures gives of a report today."""

    report: Report
    comparison: ReportComparison
    obstacles: tuple[str, ...]  # why some words need not be equal: version, databases, options

    @property
    def is_equal(self) -> bool:
        """Return whether nothing would be said otherwise today."""
        return not (self.comparison.lost or self.comparison.added or self.comparison.judged)


def recheck(report: Report, paths: Sequence[str], scan: Scan, key: bytes | None = None) -> Recheck:
    """Scan the captures of a report again and compare; `key` is that of a redacted report.

    Raises SelectionError where a capture is missing or another, CaptureError where one can't be read.
    """
    if report.redaction is not None and key is None:
        raise SelectionError("the report is redacted: only its key (--redact-key) lets it be compared")
    new = derive(report, in_order(report, paths, key), scan, key)
    if report.redaction is not None and key is not None:
        new = Redactor(new, key).report()
    result = compared(report, new)
    if not (result.lost or result.added or result.judged):
        result.judged += _other_leaves(report, new)
    return Recheck(report, result, tuple(obstacles(report, new)))


def in_order(report: Report, paths: Sequence[str], key: bytes | None) -> list[str]:
    """Return the path of each capture of the report, found by SHA-256. Raises SelectionError."""
    given = {file_sha256(path): path for path in paths}
    marks = {commitment(key, digest): path for digest, path in given.items()} if key else {}
    stated = report.redaction.commitments if report.redaction else ()
    found = []
    for at, info in enumerate(report.captures):
        mark = stated[at] if at < len(stated) else None
        path = given.get(info.sha256 or "") or marks.get(mark or "")
        found.append(path or _at_its_path(info))
    return found


def _at_its_path(info: CaptureInfo) -> str:
    """Return the path that the report states, if the capture still lies there. Raises SelectionError."""
    if info.sha256 is None:
        raise SelectionError(
            f"{info.path}: name the capture; the report holds no SHA-256 by which to find it"
        )
    if file_sha256(info.path) != info.sha256:
        raise SelectionError(f"{info.path}: is not the capture of the report: its SHA-256 is another")
    return info.path


def _other_leaves(report: Report, new: Report) -> Iterator[Judgment]:
    """Yield whatever else differs in the two documents."""
    before, now = (json.loads(reports.write(each)) for each in (report, new))
    for number, (path, said, found) in enumerate(differing(before, now)):
        if number == MOST_LEAVES:
            return
        if path != "tool.version":
            yield Judgment("report", path, json.dumps(said), json.dumps(found))


# ── the note ────────────────────────────────────────────────────────────────


def note(made: Recheck, sha256: str, now_ns: int) -> str:
    """Return a sheet for whoever writes a correction; `sha256` is of the report as it was published."""
    report, result = made.report, made.comparison
    lines = [
        "RECHECK OF A PUBLISHED REPORT",
        "",
        f"Report      made {iso(report.created_ns)} by phonehome {report.version}",
        f"SHA-256     {sha256}",
        f"Rechecked   {iso(now_ns)} by phonehome {VERSION}",
    ]
    for number, info in enumerate(report.captures, start=1):
        lines.append(f"Capture {number}   {info.path}, SHA-256 {info.sha256 or 'replaced by a commitment'}")
    lines += ["", verdict(made), ""]
    same = ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in result.equal.items() if count)
    lines += _section("Follows again from the captures", [same or "nothing"])
    lines += _section(
        "TO BE CORRECTED: stated in the report, and does not follow from the captures", result.lost
    )
    lines += _section(
        "TO BE ADDED: follows from the captures today, and the report does not state it", result.added
    )
    judged = [f"{each.name}\n    before  {each.before}\n    now     {each.now}" for each in result.judged]
    lines += _section("Worded or judged differently today", judged)
    lines += _section("Why words may differ", made.obstacles)
    return "\n".join(lines).rstrip() + "\n"


def verdict(made: Recheck) -> str:
    """Return in one or two sentences what follows for whoever published the report."""
    result = made.comparison
    if made.is_equal:
        return "Nothing to correct: the whole report follows again from its captures, in the same words."
    if result.lost:
        return (
            f"A correction is needed: {len(result.lost)} statements of bytes, times, hosts, addresses, "
            "decoded values or counts do not follow from the captures today."
        )
    return (
        f"No stable claim is lost. {len(result.added)} further ones follow today, and {len(result.judged)} "
        "statements would be worded or judged differently."
    )


def _section(title: str, entries: Sequence[str]) -> list[str]:
    return [title, *(f"  - {each}" for each in entries), ""] if entries else []
