"""The terminal's part on names: destinations whose servers are documented, benign ones included."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import DocumentedName
from analyzer.report.layout import bullets, facts, indented, say, section
from analyzer.report.units import counted
from analyzer.report.view import ReportView

_LISTED = 12
_KINDS = {
    "activation-ping": "documented for activation or registration",
    "telemetry": "documented for telemetry",
    "benign": "documented as benign",
}
_NAME_ALONE = "A name tells whose server it is, not what was sent."


def documented_section(view: ReportView) -> Iterator[RenderableType]:
    told = {ping.dossier for ping in view.report.pings}
    entries = [entry for entry in view.report.documented if entry.dossier not in told]
    if not entries:
        return
    blocks = [block for entry in view.some(entries, _LISTED) for block in _entry(entry)]
    blocks += [*view.rest(entries, _LISTED), bullets([_NAME_ALONE])]
    yield section("Names that dossiers document", *blocks)


def _entry(entry: DocumentedName) -> tuple[RenderableType, ...]:
    devices = ", ".join(entry.devices)
    return (
        say(f"{entry.name} — {_KINDS.get(entry.kind, entry.kind)}: {entry.title}", "bold"),
        indented(facts([("by", f"{counted(len(entry.devices), 'device')}: {devices}"), ("", entry.says)])),
    )
